//! Nodes that were not there when the others ended, and nodes without a quorum.

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::held::Held;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 6;

/// Three nodes with as many pages in flight as may be, which wait so long for each other at the end.
fn in_flight(server: &Held, linger: u32) -> Cluster {
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let linger = format!("cluster.linger={linger}");
    let mut cluster = Cluster::new(3, &SITE.definitions(&server.start_url())).with(&[
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
