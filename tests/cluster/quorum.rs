//! How many nodes there must be, and who may come later.

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::rows;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Scoopi;
use crate::support::server::Server;
use crate::support::site::Site;

use super::numbers;

const SITE: Site = Site { lists: 1, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 4;

fn cluster(size: usize, server: &Held) -> Cluster {
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    Cluster::new(size, &SITE.definitions(&server.start_url())).with(&["loader.fetch.delay=0", &at_once])
}

#[test]
fn a_quorum_that_two_clusters_could_have_is_refused() {
    let mut cluster = Cluster::new(3, "");
    let mut list: Vec<_> = cluster.nodes.iter().map(|node| node.address.to_string()).collect();
    list.sort();
    let list = list.join(", ");
    let table = [
        (
            "1",
            format!(
                "scoopi: a quorum of 1 is not more than half of 3 nodes ({list}): two clusters could form; say --quorum 2 or \
                 more, or, where one of these addresses is this node itself, cluster.size\n"
            ),
        ),
        (
            "4",
            format!(
                "scoopi: a quorum of 4 cannot be reached by 3 nodes ({list}): say --quorum 3 or less, or name more nodes with \
                 --join\n"
            ),
        ),
    ];
    for (quorum, message) in table {
        let ended = cluster.nodes[0].exits(2, &["--quorum", quorum]);
        assert_eq!((ended.stderr, &*ended.stdout), (message, ""));
    }
}

#[test]
fn one_node_of_three_waits_and_then_says_who_is_missing() {
    let mut cluster = Cluster::new(3, "").with(&["cluster.quorum.timeout=2000"]);
    let missing: Vec<_> = cluster.nodes[1..].iter().map(|node| node.address.to_string()).collect();
    let ended = cluster.nodes[0].exits(1, &[]);
    ended.said(&["1 of 3 nodes, waiting for 1, 2 s left"]);
    let last = ended.stderr.lines().last().unwrap();
    let rest = last.strip_prefix("scoopi: 1 of 3 nodes after 2 s, 2 would do; ").expect(last);
    let (whom, what) = rest.split_at(rest.find("; start").expect(last));
    assert_eq!(what, "; start the missing nodes, correct --join, or wait longer with cluster.quorum.timeout");
    let whom: Vec<_> = whom.split("; ").collect();
    assert_eq!(whom.len(), 2, "{last}");
    for address in missing {
        assert!(whom.contains(&&*format!("{address}: refused, no node listens there")), "{last}");
    }
    assert_eq!(ended.stdout, "");
    assert!(!cluster.nodes[0].folder.path("output").exists());
}

#[test]
fn two_of_three_begin_and_whoever_comes_later_has_the_whole_result() {
    let server = Held::start(SITE);
    let mut cluster = cluster(3, &server);
    cluster.nodes[0].start(&[]);
    cluster.nodes[1].start(&[]);
    server.wait_for_items(AT_ONCE);
    cluster.wait_for_members(2);
    // One that the others were told of, and one that they were not.
    cluster.nodes[2].start(&[]);
    cluster.wait_for_members(3);
    let mut fourth = cluster.newcomer(Scoopi::new("").with(&[RUN_DATE]));
    fourth.forget_definitions();
    fourth.start(&[]);
    let status = cluster.nodes[0].wait_for_status(|status| live(status) == 4);
    assert_eq!(status["phase"], "running");
    server.open();
    cluster.ends(0);
    fourth.ends(0);
    let nodes: Vec<_> = cluster.nodes.iter().chain([&fourth]).collect();
    assert_rows(&nodes, &SITE.rows());
    assert_eq!(server.items().len(), SITE.items(), "a page was asked for twice");
}

#[test]
fn two_of_three_are_enough_to_the_end() {
    let server = Server::start(numbers::page);
    let mut cluster = Cluster::new(3, &numbers::definitions(&server.url, 9)).with(&["loader.fetch.delay=0"]);
    cluster.nodes[0].start(&[]);
    cluster.nodes[2].start(&[]);
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[2]], &numbers::rows(9));
    assert_eq!(rows::written(&cluster.nodes[1].folder.path("output")), [""; 0]);
}
