//! Several nodes press a host no harder than one. The server is the witness.

use std::time::Duration;

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::scoopi::LIMIT;
use crate::support::server::Server;
use crate::support::site::Shop;
use crate::support::site::Site;

use super::numbers;

const DELAY: Duration = Duration::from_millis(300);

/// A request that left in time may be read late by a busy machine, and the next one at once.
const TOLERANCE: Duration = Duration::from_millis(60);

fn assert_gaps(server: &Server) {
    let requests = server.requests();
    for pair in requests.windows(2) {
        let gap = pair[1].at.duration_since(pair[0].at);
        assert!(gap + TOLERANCE >= DELAY, "{gap:?} between {} and {}", pair[0].path, pair[1].path);
    }
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn without_a_delay_no_more_requests_run_at_a_time_than_one_node_would_make() {
    let site = Site { lists: 2, text: 5 };
    let late = |_: &str, page: crate::support::response::Response| page.delayed(Duration::from_millis(20));
    let shop = Shop::open_at("127.0.0.1".parse().unwrap(), site, late);
    let definitions = site.definitions(&shop.start());
    let mut cluster =
        Cluster::new(3, &definitions).with(&["loader.fetch.delay=0", "loader.fetch.parallelism=2"]);
    cluster.exits(0, &[]);
    cluster.assert_rows(&site.rows());
    assert_eq!((shop.server.hits(), shop.server.most_at_once()), (site.pages(), 2));
}

#[test]
fn a_delay_is_kept_also_when_the_node_that_had_the_host_is_killed() {
    const PAGES: usize = 9;
    let server = Server::start(numbers::page);
    let mut cluster = Cluster::new(3, &numbers::definitions(&server.url, PAGES)).with(&[
        "loader.fetch.delay=300",
        "loader.fetch.parallelism=1",
        "cluster.session=1500",
        "cluster.keepAlive=300",
    ]);
    cluster.start(&["-vv"]);
    // Only the one that has the host loads pages.
    let holds =
        |cluster: &Cluster| (0..3).find(|&node| cluster.nodes[node].running().has_said("done locator="));
    let until = std::time::Instant::now() + LIMIT;
    let holder = loop {
        if let Some(holder) = holds(&cluster) {
            break holder;
        }
        assert!(std::time::Instant::now() < until, "nobody has loaded a page");
        std::thread::sleep(Duration::from_millis(5));
    };
    cluster.nodes[holder].kill();
    let met = server.hits();
    assert!(met < PAGES, "the kill came too late");
    cluster.ends(0);
    let survivors: Vec<_> = (0..3).filter(|node| *node != holder).map(|node| &cluster.nodes[node]).collect();
    assert_rows(&survivors, &numbers::rows(PAGES));
    assert_gaps(&server);
}

#[test]
fn a_delay_is_kept_by_three_nodes_together() {
    let server = Server::start(numbers::page);
    let mut cluster = Cluster::new(3, &numbers::definitions(&server.url, 6))
        .with(&["loader.fetch.delay=300", "loader.fetch.parallelism=1"]);
    cluster.exits(0, &[]);
    cluster.assert_rows(&numbers::rows(6));
    assert_eq!(server.hits(), 6);
    assert_gaps(&server);
}
