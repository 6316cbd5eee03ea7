//! Leaving a run, ending it on all nodes, and going on with it.

use std::time::Duration;

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::held::Held;
use crate::support::rows;
use crate::support::site::Site;

/// 101 pages and more.
const SITE: Site = Site { lists: 2, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 6;

/// Three nodes with as many pages in flight as may be.
fn in_flight(server: &Held) -> Cluster {
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let definitions = SITE.definitions(&server.start_url());
    let mut cluster = Cluster::new(3, &definitions).with(&["loader.fetch.delay=0", &at_once]);
    cluster.start(&["-v"]);
    cluster.nodes.iter().for_each(|node| node.running().says("work begins"));
    server.wait_for_items(AT_ONCE);
    cluster
}

/// The same, cancelled from outside.
fn cancelled(server: &Held) -> Cluster {
    let mut cluster = in_flight(server);
    let ended = cluster.nodes[0].ask(&["cancel"]);
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(
        ended.stdout,
        "the run is cancelled: jobs in progress finish first, `--resume` continues with the rest\n"
    );
    let told = "the run is cancelled: jobs in progress finish first";
    cluster.nodes.iter().for_each(|node| node.running().says(told));
    server.open();
    let ended = cluster.ends(130);
    for ended in &ended {
        let status = ended.summary("status");
        let words = ("cancelled, ", " jobs left; `--resume` continues with them");
        assert!(status.starts_with(words.0) && status.ends_with(words.1), "{status}");
    }
    // A node with nothing in work goes first, and does not see what the others bring to its end.
    let most = ended.iter().map(|ended| ended.summary("rows").parse().unwrap()).max().unwrap();
    // On a busy machine a node begins a few pages more before it stops: the places of a node that has gone are free.
    assert!((2 * AT_ONCE..=4 * AT_ONCE).contains(&most), "{ended:#?}");
    cluster
}

#[test]
fn ctrl_c_on_one_node_lets_it_leave_and_the_others_go_on() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server);
    cluster.nodes[1].running().signal("INT");
    cluster.nodes[1].running().says("cancel requested");
    // What it has in work ends with these answers. As many more as it takes, for whatever it took in the last moment.
    let ended = (0..SITE.items() / 2).find_map(|_| {
        server.answer_one();
        cluster.nodes[1].ended_within(Duration::from_millis(100))
    });
    let ended = ended.expect("it does not leave");
    assert_eq!(ended.code(), Some(130), "{ended:#?}");
    let status = ended.summary("status");
    let left = status.strip_prefix("this node has left, ").expect(status);
    let (left, others) = left.split_once(' ').unwrap();
    assert!(left.parse::<usize>().unwrap() > 0);
    assert_eq!(others, "jobs left; the other nodes continue with them");
    let rows = rows::written(&cluster.nodes[1].folder.path("output"));
    assert!(rows.iter().all(|row| SITE.rows().contains(row)), "{rows:?}");
    assert!(rows.len() < SITE.rows().len());
    server.open();
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[2]], &SITE.rows());
    assert_eq!(server.items().len(), SITE.items(), "a page was asked for twice");
}

#[test]
fn a_node_that_has_left_may_come_back_and_completes_its_output() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server);
    cluster.nodes[1].running().signal("TERM");
    let ended = (0..SITE.items() / 2).find_map(|_| {
        server.answer_one();
        cluster.nodes[1].ended_within(Duration::from_millis(100))
    });
    assert_eq!(ended.expect("it does not leave").code(), Some(130));
    cluster.wait_for_members(2);
    cluster.nodes[1].start(&[]);
    cluster.wait_for_members(3);
    server.open();
    cluster.ends(0);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_cancelled_run_is_refused_unless_somebody_says_what_to_do_with_it_and_goes_on_on_all_nodes() {
    let server = Held::start(SITE);
    let mut cluster = cancelled(&server);
    for ended in cluster.exits(2, &[]) {
        ended.said(&[
            "an unfinished run of cluster ",
            " lies in data/run, and no other node is at work on it; `--resume` on a quorum of its nodes continues it, \
             `--fresh` discards what is here",
        ]);
        assert_eq!(ended.stdout, "");
    }
    cluster.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
    assert_eq!(server.items().len(), SITE.items(), "a page was asked for twice");
    assert!(cluster.nodes.iter().all(|node| !node.folder.path("data/run").exists()));
}

#[test]
fn two_of_three_nodes_go_on_with_a_cancelled_run() {
    let server = Held::start(SITE);
    let mut cluster = cancelled(&server);
    let before = cluster.nodes[1].output();
    cluster.nodes[0].start(&["--resume"]);
    cluster.nodes[2].start(&["--resume"]);
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[2]], &SITE.rows());
    assert_eq!(cluster.nodes[1].output(), before);
    assert_eq!(server.items().len(), SITE.items(), "a page was asked for twice");
}

#[test]
fn all_nodes_begin_anew_where_all_are_told_to() {
    let server = Held::start(SITE);
    let mut cluster = cancelled(&server);
    let before = server.items().len();
    cluster.exits(0, &["--fresh"]);
    cluster.assert_rows(&SITE.rows());
    assert_eq!(server.items().len(), before + SITE.items());
}

#[test]
fn ctrl_c_on_all_nodes_at_once_ends_all_and_the_run_goes_on_later() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server);
    cluster.nodes.iter().for_each(|node| node.running().signal("INT"));
    cluster.nodes.iter().for_each(|node| node.running().says("cancel requested"));
    server.open();
    for ended in cluster.ended() {
        // Where the answers are faster than the word of all nodes that they leave, the last one may end the run.
        assert!(matches!(ended.code(), Some(130 | 0)), "{ended:#?}");
    }
    cluster.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn nodes_that_were_all_killed_go_on_where_they_were() {
    let server = Held::start(SITE);
    let mut cluster = in_flight(&server);
    (0..AT_ONCE).for_each(|_| server.answer_one());
    server.wait_for_items(2 * AT_ONCE);
    cluster.nodes.iter_mut().for_each(|node| node.kill());
    server.open();
    cluster.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
}
