//! The key that keeps strangers out.

use std::fs;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::cluster::live;
use crate::support::scoopi::Scoopi;
use crate::support::server::Server;

use super::numbers;

#[test]
fn an_address_that_others_can_reach_needs_a_key() {
    let mut cluster = Cluster::new(1, "");
    // Whoever would listen or dial first would say that the address is taken.
    let _taken = TcpListener::bind(cluster.nodes[0].address).unwrap();
    let table = [
        (["--join", "192.0.2.7:4001"], "192.0.2.7:4001"),
        (["--join", "example.org:4001"], "example.org:4001"),
        (["--set", "cluster.advertise=192.0.2.8:4001"], "192.0.2.8:4001"),
    ];
    for (arguments, address) in table {
        let ended = cluster.nodes[0].exits(2, &arguments);
        assert_eq!(
            ended.stderr,
            format!(
                "scoopi: {address} can be reached from other machines, so the cluster needs a key: make one with `scoopi \
                 keygen FILE`, copy it to every host and name it with `--key-file FILE`\n"
            )
        );
    }
    let ended = cluster.nodes[0].exits(2, &["--listen", "0.0.0.0:4001"]);
    ended.said(&[
        "scoopi.cluster.listen is 0.0.0.0:4001, which others cannot dial",
        "cluster.advertise=HOST:PORT",
    ]);
}

#[test]
fn keygen_writes_a_key_for_its_owner_alone_and_never_over_another_one() {
    let folder = Scoopi::new("");
    for (arguments, file) in [(&["keygen"][..], "cluster.key"), (&["keygen", "other.key"], "other.key")] {
        let ended = folder.exits(0, arguments);
        assert!(ended.stdout.starts_with(&format!("a new cluster key is in {file}: ")), "{ended:?}");
        let key = folder.read(file);
        assert_eq!(key.lines().count(), 3, "{key}");
        assert_eq!(fs::metadata(folder.path(file)).unwrap().permissions().mode() & 0o7777, 0o600);
        let ended = folder.exits(2, arguments);
        ended.said(&[&format!("cluster key {file} exists already and is not overwritten")]);
        assert_eq!(folder.read(file), key);
    }
    assert_ne!(folder.read("cluster.key"), folder.read("other.key"));
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused() {
    let mut cluster = Cluster::new(1, "");
    let node = &mut cluster.nodes[0];
    node.folder.exits(0, &["keygen"]);
    let key = node.folder.path("cluster.key");
    for (mode, digits) in [(0o640, "0640"), (0o604, "0604"), (0o660, "0660")] {
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let message = format!(
            "others may read the cluster key cluster.key (mode {digits}): run `chmod 600 cluster.key`"
        );
        let run = node.exits(2, &["--key-file", "cluster.key"]);
        let status = node.ask(&["status", "--key-file", "cluster.key"]);
        for ended in [run, status] {
            assert_eq!((ended.code(), ended.stderr), (Some(2), format!("scoopi: {message}\n")));
        }
    }
    node.exits(2, &["--key-file", "none.key"]).said(&["cluster key none.key does not exist"]);
    node.folder.write("bad.key", "secret");
    fs::set_permissions(node.folder.path("bad.key"), Permissions::from_mode(0o600)).unwrap();
    node.exits(2, &["--key-file", "bad.key"]).said(&["bad.key is not a cluster key"]);
}

#[test]
fn a_node_with_another_key_or_none_is_alone_and_disturbs_nobody() {
    let (gate, is_open) = tokio::sync::watch::channel(false);
    let server = Server::start(move |request| numbers::page(request).behind(is_open.clone()));
    let mut cluster = Cluster::new(3, &numbers::definitions(&server.url, 9)).with(&["loader.fetch.delay=0"]);
    cluster.nodes[0].folder.exits(0, &["keygen"]);
    let key = cluster.nodes[0].folder.read("cluster.key");
    cluster.nodes[1].folder.write("cluster.key", key);
    fs::set_permissions(cluster.nodes[1].folder.path("cluster.key"), Permissions::from_mode(0o600)).unwrap();
    cluster.nodes[2].folder.exits(0, &["keygen"]);
    let with_key = ["--key-file", "cluster.key"];
    cluster.nodes[0].start(&with_key);
    cluster.nodes[1].start(&with_key);
    let [first, _, stranger] = &mut *cluster.nodes else { panic!() };
    for (arguments, seen) in [
        (&with_key[..], "what listens there did not prove that it has the cluster's key"),
        (&[], "what listens there does not talk to nodes without a key"),
    ] {
        let arguments = [arguments, &["--set", "cluster.quorum.timeout=7000"]].concat();
        let ended = stranger.exits(1, &arguments);
        let why = format!("{}: {seen}", first.address);
        ended.said(&["1 of 3 nodes after 7 s, 2 would do; ", &why]);
    }
    let question = ["status", "--json", "--at", &first.address.to_string()].map(str::to_owned);
    let ended = stranger.folder.exits(1, &question);
    ended.said(&["no answer from", "does not talk to nodes without a key"]);
    let question = [&question[..], &with_key.map(str::to_owned)].concat();
    let ended = stranger.folder.exits(1, &question);
    ended.said(&["no answer from", "did not prove", "is the key (`--key-file`) that of its cluster?"]);
    let ended = first.ask(&["status", "--json", "--key-file", "cluster.key"]);
    let status = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((live(&status), status["members"].as_array().unwrap().len()), (2, 2), "{status:#?}");
    gate.send_replace(true);
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[1]], &numbers::rows(9));
}
