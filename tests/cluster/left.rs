//! Nodes that were not there when the others ended, and nodes without a quorum.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Scoopi;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 6;

/// Three nodes with as many pages in flight as may be, which wait so long for each other at the end.
fn in_flight(server: &Held, linger: u32) -> Cluster {
    nodes_in_flight(3, server, linger)
}

fn nodes_in_flight(size: usize, server: &Held, linger: u32) -> Cluster {
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let linger = format!("cluster.linger={linger}");
    let mut cluster = Cluster::new(size, &SITE.definitions(&server.start_url())).with(&[
        "loader.fetch.delay=0",
        "cluster.session=2000",
        "cluster.keepAlive=400",
        &at_once,
        &linger,
    ]);
    cluster.start(&["-v"]);
    cluster.nodes.iter().for_each(|node| node.running().says("work begins"));
    server.wait_for_items(AT_ONCE);
    cluster
}

#[test]
fn a_node_that_was_paused_while_the_others_ended_gets_the_rest_of_them() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 60_000);
    cluster.nodes[2].running().signal("STOP");
    server.open();
    for node in &cluster.nodes[..2] {
        node.running().says("it stays for 60 s at most to give the rest to n3, which was not there");
    }
    cluster.nodes[2].running().signal("CONT");
    for ended in cluster.ends(0) {
        assert_eq!(ended.summary("status"), "complete");
    }
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_node_that_stays_for_another_one_ends_with_its_result_when_it_is_asked_to() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 600_000);
    cluster.nodes[2].kill();
    server.open();
    for node in &cluster.nodes[..2] {
        node.running().says("to give the rest to n3");
        node.running().signal("INT");
    }
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[1]], &SITE.rows());
}

#[test]
fn a_node_that_comes_back_when_the_others_have_gone_says_so_and_does_not_keep_them_from_another_run() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 0);
    cluster.nodes[2].running().signal("STOP");
    server.open();
    for node in &mut cluster.nodes[..2] {
        node.ends(0);
    }
    cluster.nodes[2].running().signal("CONT");
    // The others begin another run beside it.
    for node in &mut cluster.nodes[..2] {
        node.start(&[]);
    }
    for node in &mut cluster.nodes[..2] {
        node.ends(0);
    }
    let ended = cluster.nodes[2].ends(4);
    ended.said(&["left behind: 2 of the 3 voters are gone ("]);
    let status = ended.summary("status");
    assert!(status.starts_with("left behind by the other nodes, "), "{status}");
    assert!(cluster.nodes[2].folder.path("data/run").exists());
}

#[test]
fn the_first_ctrl_c_ends_a_node_without_a_quorum() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 0);
    // Its host is silent, so that the last one would wait for it.
    cluster.nodes[0].running().signal("STOP");
    cluster.nodes[1].kill();
    cluster.nodes[2].running().says("quorum lost");
    cluster.nodes[2].running().signal("INT");
    let ended = cluster.nodes[2].ends(130);
    ended.said(&["no quorum: this node leaves without handing its jobs back"]);
    cluster.nodes[0].kill();
}

/// Which node leads.
fn leader(cluster: &Cluster) -> usize {
    let status = cluster.nodes[0].wait_for_status(|status| !status["leader"].is_null());
    cluster.nodes.iter().position(|node| status["leader"] == *node.name).unwrap()
}

/// How many nodes vote.
fn voters(status: &Value) -> usize {
    let members = status["members"].as_array().unwrap();
    members.iter().filter(|member| member["role"] != "learner").count()
}

/// Asks a node to leave, and answers what it has in work.
fn leaves(cluster: &mut Cluster, node: usize, server: &Held) {
    cluster.nodes[node].running().signal("INT");
    cluster.nodes[node].running().says("cancel requested");
    let ended = (0..SITE.items() / 2).find_map(|_| {
        server.answer_one();
        cluster.nodes[node].ended_within(Duration::from_millis(100))
    });
    // A busy machine takes its time.
    let ended = ended.unwrap_or_else(|| cluster.nodes[node].ended());
    assert_eq!(ended.code(), Some(130));
}

#[test]
fn a_node_that_left_in_good_order_is_not_waited_for_whoever_leads_then() {
    let server = Held::start(SITE);
    // Longer than a test may take.
    let mut cluster = nodes_in_flight(4, &server, 600_000);
    // One that never votes, and the one whose memory holds that it left.
    let mut learner = cluster.newcomer(Scoopi::new("").with(&[RUN_DATE])).with(&["loader.fetch.delay=0"]);
    learner.start(&[]);
    cluster.nodes.push(learner);
    cluster.wait_for_members(5);
    leaves(&mut cluster, 4, &server);
    let leader = leader(&cluster);
    leaves(&mut cluster, leader, &server);
    server.open();
    for ended in cluster.ends(0) {
        assert_eq!(ended.summary("status"), "complete");
        assert!(!ended.stderr.contains("it stays for"), "{ended:#?}");
    }
}

#[test]
fn the_votes_of_two_that_left_are_taken_whoever_leads_then() {
    let server = Held::start(SITE);
    let mut cluster = nodes_in_flight(5, &server, 0);
    // The leader that was asked to take the first vote is the first to leave.
    let first = leader(&cluster);
    let rest = [(first + 3) % 5, (first + 4) % 5];
    leaves(&mut cluster, first, &server);
    // Without a quorum a node leaves at once, and keeps its vote.
    cluster.nodes[rest[0]].wait_for_status(|status| !status["leader"].is_null());
    leaves(&mut cluster, (first + 1) % 5, &server);
    // On a busy machine a node goes before its vote is taken, and the leader takes it afterwards.
    cluster.nodes[rest[0]].wait_for_status(|status| voters(status) == 3);
    cluster.nodes[(first + 2) % 5].kill();
    server.open();
    for node in rest {
        assert_eq!(cluster.nodes[node].ends(0).summary("status"), "complete");
    }
    assert_rows(&rest.map(|node| &cluster.nodes[node]), &SITE.rows());
}

#[test]
fn a_leader_without_a_quorum_and_those_that_hear_it_say_so_and_end_when_they_are_asked_to() {
    let server = Held::start(SITE);
    let mut cluster = nodes_in_flight(5, &server, 0);
    let leader = leader(&cluster);
    let follower = (leader + 1) % 5;
    let others: Vec<_> = (0..5).filter(|node| ![leader, follower].contains(node)).collect();
    others.iter().for_each(|other| cluster.nodes[*other].running().signal("STOP"));
    for node in [leader, follower] {
        cluster.nodes[node].running().says("quorum lost");
        cluster.nodes[node].running().signal("INT");
        cluster.nodes[node].ends(130).said(&["no quorum: this node leaves without handing its jobs back"]);
    }
    others.iter().for_each(|other| cluster.nodes[*other].kill());
}

#[test]
fn a_learner_that_hears_a_leader_without_a_quorum_says_so_and_ends_when_it_is_asked_to() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 0);
    let mut learner = cluster.newcomer(Scoopi::new("").with(&[RUN_DATE])).with(&["cluster.session=2000"]);
    learner.start(&["-v"]);
    cluster.nodes.push(learner);
    cluster.wait_for_members(4);
    let leader = leader(&cluster);
    for node in (0..3).filter(|node| *node != leader) {
        cluster.nodes[node].kill();
    }
    let learner = &mut cluster.nodes[3];
    learner.running().says("quorum lost");
    learner.running().signal("INT");
    learner.ends(130);
}

#[test]
fn nodes_that_end_with_a_cancelled_run_keep_their_votes() {
    let server = Held::start(SITE);
    let mut cluster = nodes_in_flight(5, &server, 0);
    assert_eq!(cluster.nodes[0].ask(&["cancel"]).code(), Some(0));
    server.open();
    cluster.ends(130);
    // Two of the five are not needed, whichever ended first.
    for away in [[0, 1], [2, 3]] {
        let here: Vec<_> = (0..5).filter(|node| !away.contains(node)).collect();
        here.iter().for_each(|node| cluster.nodes[*node].start(&["--resume", "-v"]));
        cluster.nodes[4].running().says("a quorum is there");
        here.iter().for_each(|node| cluster.nodes[*node].kill());
    }
    cluster.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_node_whose_machine_was_started_again_takes_part_as_a_new_one() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 0);
    cluster.nodes[2].kill();
    let boot = cluster.nodes[2].folder.path("data/run/boot");
    let mut noted = fs::read(&boot).unwrap();
    *noted.last_mut().unwrap() ^= 1;
    fs::write(boot, noted).unwrap();
    cluster.nodes[2].start(&["-v"]);
    cluster.nodes[2].running().says("it takes part as a new node");
    cluster.nodes[2].running().says("work begins");
    cluster.nodes[0].wait_for_status(|status| live(status) == 3);
    server.open();
    cluster.ends(0);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn one_node_of_three_does_not_go_on_alone_and_says_how_many_answer() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server, 0);
    cluster.nodes.iter_mut().for_each(|node| node.kill());
    for node in 0..3 {
        let ended = cluster.nodes[node].exits(1, &["-v", "--resume", "--set", "cluster.quorum.timeout=6000"]);
        ended.said(&[
            "1 of 3 members answer, more than half are needed, 1 s left",
            "1 of 3 members of cluster ",
        ]);
        assert!(!ended.stderr.contains("a quorum is there"), "{ended:#?}");
    }
    server.open();
    cluster.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
}
