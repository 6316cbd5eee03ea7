//! `scoopi status`: how a cluster stands, for people and their programs.

use crate::support::cluster::Cluster;
use crate::support::cluster::free_address;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::scoopi::Scoopi;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };
const AT_ONCE: usize = 4;

/// How many jobs are ready and in work, as people are told; three are done. How many nodes have ahead of those that are
/// asked for depends on how long the host does not answer.
fn to_do(told: &str) -> usize {
    let numbers = told.strip_suffix(" in progress, 3 done").and_then(|told| told.split_once(" ready, "));
    let (ready, in_work) = numbers.expect(told);
    ready.parse::<usize>().unwrap() + in_work.parse::<usize>().unwrap()
}

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
            live(status) == 3 && status["rows"] == 4 && status["leader"].is_string()
        });
        assert_eq!(status["phase"], "running");
        assert_eq!(status["failure"], serde_json::Value::Null);
        let jobs = &status["jobs"];
        assert_eq!((&jobs["done"], &jobs["failed"], &jobs["quarantined"]), (&3.into(), &0.into(), &0.into()));
        let (ready, leased) = (jobs["ready"].as_u64().unwrap(), jobs["leased"].as_u64().unwrap());
        assert_eq!(ready + leased, SITE.pages() as u64 - 3);
        let members = status["members"].as_array().unwrap();
        let mut known: Vec<_> = members.iter().map(|member| (&member["name"], &member["address"])).collect();
        known.sort_by_key(|(name, _)| name.as_str());
        for ((name, address), node) in known.into_iter().zip(&cluster.nodes) {
            assert_eq!((name, address), (&node.name.clone().into(), &node.address.to_string().into()));
        }
        let quorum = &status["quorum"];
        assert_eq!(
            (&quorum["state"], &quorum["voters"], &quorum["needed"]),
            (&"there".into(), &3.into(), &2.into())
        );
        let heard: Vec<_> = members.iter().filter_map(|member| member["lastContact"].as_f64()).collect();
        assert!(heard.len() == 3 && heard.contains(&0.0), "{status:#?}");
        let leader: Vec<_> = members.iter().filter(|member| member["role"] == "leader").collect();
        assert_eq!(leader.len(), 1, "{status:#?}");
        assert_eq!(leader[0]["name"], status["leader"]);
        let workers = status["workers"].as_array().unwrap();
        for name in ["server", "heartbeat", "elections", "expiry", "members", "quorum", "snapshots"] {
            assert!(
                workers.iter().any(|worker| worker["name"] == name && worker["state"] == "working"),
                "{name}"
            );
        }

        let ended = node.ask(&["status"]);
        assert_eq!(ended.code(), Some(0), "{ended:#?}");
        assert_eq!(ended.summary("cluster"), status["cluster"]);
        assert_eq!(ended.summary("run"), status["run"]);
        assert_eq!(ended.summary("phase"), "running");
        assert_eq!(ended.summary("quorum"), "there, 3 of 3 voters in touch, 2 needed");
        assert_eq!(to_do(ended.summary("jobs")), SITE.pages() - 3);
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

/// Which node leads, once all three take part.
fn leader_of_three(cluster: &Cluster) -> usize {
    let led = cluster.nodes[0].wait_for_status(|status| live(status) == 3 && status["leader"].is_string());
    cluster.nodes.iter().position(|node| led["leader"] == *node.name).unwrap()
}

#[test]
fn a_node_whose_others_are_gone_says_that_nothing_is_decided_and_cancels_later() {
    let server = Held::start(SITE);
    let definitions = SITE.definitions(&server.start_url());
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let quick = ["loader.fetch.delay=0", &at_once, "cluster.keepAlive=500"];
    let mut cluster = Cluster::new(3, &definitions).with(&quick);
    cluster.start(&[]);
    server.wait_for_items(AT_ONCE);
    let leader = leader_of_three(&cluster);
    // Once a follower is left, and once the leader.
    let follower = (leader + 1) % 3;
    (0..3).filter(|node| *node != leader).for_each(|node| cluster.nodes[node].kill());
    let lost =
        |status: &serde_json::Value| status["quorum"]["state"] == "lost" && status["quorum"]["inTouch"] == 1;
    let status = cluster.nodes[leader].wait_for_status(lost);
    assert!(status["leader"].is_null(), "{status:#?}");
    assert_eq!((&status["quorum"]["voters"], &status["quorum"]["needed"]), (&3.into(), &2.into()));
    for member in status["members"].as_array().unwrap() {
        let is_it = member["name"] == *cluster.nodes[leader].name;
        assert_eq!(member["state"], if is_it { "live" } else { "silent" }, "{status:#?}");
        assert_ne!(member["role"], "leader", "{status:#?}");
        assert_eq!(member["rate"].is_null(), !is_it, "{status:#?}");
        assert_eq!(member["lastContact"] == 0.0, is_it, "{status:#?}");
    }
    let ended = cluster.nodes[leader].ask(&["status"]);
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(
        ended.summary("quorum"),
        "lost, 1 of 3 voters in touch, 2 needed; nothing is decided until they are in touch"
    );
    assert_eq!(ended.summary("leader"), "none");
    assert!(ended.stdout.contains("silent, voter") && ended.stdout.contains("not heard for"), "{ended:#?}");

    let at = cluster.nodes[leader].address;
    let ended = cluster.nodes[leader].ask(&["cancel"]);
    assert_eq!(ended.code(), Some(1), "{ended:#?}");
    let told = format!(
        "scoopi: the run is not cancelled yet (quorum lost, 1 of 3 voters in touch, 2 needed; nothing is decided until \
         they are in touch): the node at {at} cancels it as soon as it can, for as long as it runs; Ctrl-C ends one node\n"
    );
    assert_eq!(ended.stderr, told);

    // It does as it has said.
    cluster.nodes[follower].start(&["--resume"]);
    cluster.nodes[leader].running().says("the run is cancelled: jobs in progress finish first");
}

#[test]
fn a_follower_that_is_left_alone_has_no_leader() {
    let server = Held::start(SITE);
    let definitions = SITE.definitions(&server.start_url());
    let mut cluster = Cluster::new(3, &definitions).with(&["loader.fetch.delay=0"]);
    cluster.start(&[]);
    server.wait_for_items(1);
    let leader = leader_of_three(&cluster);
    let follower = (leader + 1) % 3;
    (0..3).filter(|node| *node != follower).for_each(|node| cluster.nodes[node].kill());
    let status = cluster.nodes[follower].wait_for_status(|status| status["quorum"]["state"] == "lost");
    assert!(status["leader"].is_null() && status["rate"].is_null(), "{status:#?}");
    assert!(status["quorum"]["inTouch"].is_null(), "{status:#?}");
    let roles = status["members"].as_array().unwrap().iter().map(|member| member["role"].clone());
    assert!(roles.into_iter().all(|role| role == "voter"), "{status:#?}");
}

#[test]
fn where_nobody_answers_it_says_so() {
    let folder = Scoopi::new("");
    let at = free_address().to_string();
    for what in ["status", "cancel"] {
        let ended = folder.exits(1, &[what, "--at", &at]);
        let rest = ended.stderr.strip_prefix(&format!("scoopi: no answer from {at}: ")).expect(&ended.stderr);
        assert!(rest.ends_with("; is a node running there?\n"), "{rest}");
        assert!(rest.contains("refused") && !rest.contains("key"), "{rest}");
        assert_eq!(ended.stdout, "");
        folder.exits(2, &[what, "--at", "nowhere"]).said(&["`nowhere` is not an address"]);
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
