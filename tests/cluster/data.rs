//! Data folders of other runs, other clusters and other processes.

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::cluster::free_address;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };

fn cluster(size: usize, server: &Held) -> Cluster {
    Cluster::new(size, &SITE.definitions(&server.start_url()))
        .with(&["loader.fetch.delay=0", "loader.fetch.parallelism=4"])
}

#[test]
fn a_node_with_a_run_of_another_cluster_is_refused_until_that_is_discarded() {
    let server = Held::start(SITE);
    // A cluster of one node, killed in mid-run.
    let mut other = cluster(1, &server);
    other.nodes[0].start(&[]);
    server.wait_for_items(4);
    let old =
        other.nodes[0].wait_for_status(|status| live(status) == 1)["cluster"].as_str().unwrap().to_owned();
    other.nodes[0].kill();

    let mut cluster = cluster(3, &server);
    cluster.nodes[0].start(&[]);
    cluster.nodes[1].start(&[]);
    let status = cluster.nodes[0].wait_for_status(|status| live(status) == 2);
    let new = status["cluster"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let late = &mut cluster.nodes[2];
    late.folder = other.nodes.remove(0).folder;
    let ended = late.exits(2, &[]);
    let told = format!("the data folder holds the run of cluster {old}, but ");
    ended.said(&[
        &told,
        &format!("runs cluster {new}; --fresh discards the run that is here and joins the other"),
    ]);
    late.start(&["--fresh"]);
    cluster.wait_for_members(3);
    server.open();
    cluster.ends(0);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_run_of_one_mode_is_refused_by_the_other_one() {
    let server = Held::start(SITE);
    let mut cluster = cluster(1, &server);
    let refused = |holds: &str| {
        format!(
            "scoopi: data/run holds a run of `--mode {holds}`: continue it in that mode, discard it with `--fresh`, or name \
             another folder with `--data`\n"
        )
    };
    let node = &mut cluster.nodes[0];
    let solo = ["--mode", "solo", "--output", "output"];
    let resumed = [&solo[..], &["--resume"]].concat();
    let running = node.folder.start(&solo);
    server.wait_for_items(4);
    running.kill();
    for arguments in [&[][..], &["--resume"]] {
        assert_eq!(node.exits(2, arguments).stderr, refused("solo"));
    }
    node.start(&["--fresh"]);
    server.wait_for_items(8);
    node.kill();
    for arguments in [&solo[..], &resumed] {
        assert_eq!(node.folder.exits(2, arguments).stderr, refused("cluster"));
    }
    // Neither was harmed by being refused.
    server.open();
    node.exits(0, &["--resume"]);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_second_process_on_the_same_data_says_so_and_does_no_harm() {
    let server = Held::start(SITE);
    let mut cluster = cluster(3, &server);
    cluster.start(&[]);
    server.wait_for_items(4);
    let first = &cluster.nodes[0];
    for arguments in [
        &["--mode", "cluster"][..],
        &["--mode", "cluster", "--resume"],
        &["--mode", "cluster", "--fresh"],
        &[],
    ] {
        let ended = first.folder.exits(1, arguments);
        assert_eq!(
            ended.stderr,
            "scoopi: another scoopi uses the data folder data; wait for its end, or name another folder with `--data`\n"
        );
    }
    server.open();
    cluster.ends(0);
    cluster.assert_rows(&SITE.rows());
}

#[test]
fn a_node_that_comes_back_at_another_address_is_found_there() {
    let server = Held::start(SITE);
    let mut cluster = cluster(3, &server);
    cluster.start(&[]);
    server.wait_for_items(4);
    cluster.wait_for_members(3);
    // Twice, and then it is needed for the quorum.
    for _ in 0..2 {
        cluster.nodes[2].kill();
        let address = free_address();
        cluster.nodes[2].address = address;
        cluster.nodes[2].start(&[]);
        cluster.nodes[0].wait_for_status(|status| {
            let members = status["members"].as_array().unwrap();
            members.len() == 3
                && members
                    .iter()
                    .any(|member| member["address"] == address.to_string() && member["state"] == "live")
        });
    }
    cluster.nodes[1].kill();
    server.open();
    cluster.ends(0);
    assert_rows(&[&cluster.nodes[0], &cluster.nodes[2]], &SITE.rows());
}
