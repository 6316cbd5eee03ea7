//! `scoopi status`: how a cluster stands, for people and their programs.

use crate::support::cluster::Cluster;
use crate::support::cluster::free_address;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::scoopi::Scoopi;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };
const AT_ONCE: usize = 4;
/// As many again are ahead of those that are asked for.
const IN_WORK: usize = 2 * AT_ONCE;

#[test]
fn every_node_tells_how_the_run_stands() {
    let server = Held::start(SITE);
    let definitions = SITE.definitions(&server.start_url());
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let mut cluster = Cluster::new(3, &definitions).with(&["loader.fetch.delay=0", &at_once]);
    cluster.start(&[]);
    server.wait_for_items(AT_ONCE);
    (0..2).for_each(|_| server.answer_one());
    for node in &cluster.nodes {
        let status = node.wait_for_status(|status| {
            live(status) == 3
                && status["rows"] == 4
                && status["jobs"]["leased"] == IN_WORK
                && status["leader"].is_string()
        });
        assert_eq!(status["phase"], "running");
        assert_eq!(status["failure"], serde_json::Value::Null);
        let jobs = &status["jobs"];
        assert_eq!((&jobs["done"], &jobs["failed"], &jobs["quarantined"]), (&3.into(), &0.into(), &0.into()));
        assert_eq!(jobs["ready"], SITE.pages() - 3 - IN_WORK);
        let members = status["members"].as_array().unwrap();
        let mut known: Vec<_> = members.iter().map(|member| (&member["name"], &member["address"])).collect();
        known.sort_by_key(|(name, _)| name.as_str());
        for ((name, address), node) in known.into_iter().zip(&cluster.nodes) {
            assert_eq!((name, address), (&node.name.clone().into(), &node.address.to_string().into()));
        }
        let leader: Vec<_> = members.iter().filter(|member| member["role"] == "leader").collect();
        assert_eq!(leader.len(), 1, "{status:#?}");
        assert_eq!(leader[0]["name"], status["leader"]);

        let ended = node.ask(&["status"]);
        assert_eq!(ended.code(), Some(0), "{ended:#?}");
        assert_eq!(ended.summary("cluster"), status["cluster"]);
        assert_eq!(ended.summary("run"), status["run"]);
        assert_eq!(ended.summary("phase"), "running");
        assert_eq!(ended.summary("jobs"), format!("{} ready, {IN_WORK} in work, 3 done", jobs["ready"]));
        assert_eq!(ended.summary("failed"), "0 failed, 0 quarantined");
        assert_eq!(ended.summary("rows"), "4");
        assert_eq!(ended.stdout.lines().filter(|line| line.starts_with("member ")).count(), 3);
    }
    let mut watch = cluster.nodes[0].folder.command(&["status", "--watch", "--at"]);
    watch.arg(cluster.nodes[1].address.to_string());
    let watch = crate::support::scoopi::Running::start(&mut watch);
    server.open();
    cluster.ends(0);
    // It ends with the run.
    let ended = watch.ended();
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
}

#[test]
fn where_nobody_answers_it_says_so() {
    let folder = Scoopi::new("");
    let at = free_address().to_string();
    for what in ["status", "cancel"] {
        let ended = folder.exits(1, &[what, "--at", &at]);
        let rest = ended.stderr.strip_prefix(&format!("scoopi: no answer from {at}: ")).expect(&ended.stderr);
        let why = "; is a node running there, and is the key (`--key-file`) that of its cluster?\n";
        assert!(rest.ends_with(why), "{rest}");
        assert!(rest.contains("refused"), "{rest}");
        assert_eq!(ended.stdout, "");
        folder.exits(2, &[what, "--at", "nowhere"]).said(&["`nowhere` is no address"]);
    }
}

#[test]
fn a_node_that_waits_for_others_says_that() {
    let mut cluster = Cluster::new(3, "");
    cluster.nodes[0].start(&[]);
    cluster.nodes[0].running().says("1 of 3 nodes, waiting for 1");
    let at = cluster.nodes[0].address;
    for what in ["status", "cancel"] {
        let ended = cluster.nodes[0].ask(&[what]);
        let message =
            format!("scoopi: the node at {at} is not a member of a cluster yet: it waits for a quorum\n");
        assert_eq!((ended.code(), ended.stderr), (Some(1), message));
    }
    cluster.nodes[0].running().signal("INT");
    cluster.nodes[0].ends(130).said(&["leaving before the run has begun on this node"]);
}
