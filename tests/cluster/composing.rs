//! One node has the definitions, all work on them.

use std::fs;

use crate::support::cluster::Cluster;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Scoopi;
use crate::support::server::Server;

use super::numbers;

/// The node that has definitions, of three.
const COMPOSER: usize = 1;

/// Three nodes of which one has definitions.
fn one_composer(definitions: &str) -> Cluster {
    let cluster = Cluster::new(3, definitions).with(&["loader.fetch.delay=0"]);
    let others = (0..3).filter(|node| *node != COMPOSER);
    others.for_each(|node| cluster.nodes[node].forget_definitions());
    cluster
}

#[test]
fn nodes_without_definitions_work_on_those_of_another_one() {
    let server = Server::start(numbers::page);
    let mut cluster = one_composer(&numbers::definitions(&server.url, 20));
    let ended = cluster.exits(0, &["-v"]);
    ended[COMPOSER].said(&["this node composes the definitions"]);
    ended[0].said(&["this node does not have definitions: it waits for those of another node"]);
    cluster.assert_rows(&numbers::rows(20));
    assert_eq!(server.hits(), 20);
}

#[test]
fn a_node_with_other_definitions_than_those_of_the_run_says_that_they_are_not_used() {
    let (gate, is_open) = tokio::sync::watch::channel(false);
    let server = Server::start(move |request| numbers::page(request).behind(is_open.clone()));
    let definitions = numbers::definitions(&server.url, 12);
    let mut cluster = Cluster::new(3, &definitions).with(&["loader.fetch.delay=0"]);
    // The same in other words, others, and wrong ones.
    cluster.nodes[1].folder.write("defs/job.yml", format!("# the same\n{definitions}"));
    cluster.nodes[2].folder.write("defs/job.yml", numbers::definitions(&server.url, 13));
    cluster.nodes[0].start(&[]);
    cluster.nodes[1].start(&[]);
    cluster.wait_for_members(2);
    cluster.nodes[2].start(&[]);
    let told = "defs are not used: the run uses those of another node, which differ";
    cluster.nodes[2].running().says(told);
    let mut fourth = cluster.newcomer(Scoopi::new("taskGroups: 7").with(&[RUN_DATE, "loader.fetch.delay=0"]));
    fourth.start(&[]);
    fourth.running().says(told);
    gate.send_replace(true);
    let ended = cluster.ends(0);
    fourth.ends(0);
    assert!(!ended[0].stderr.contains(told) && !ended[1].stderr.contains(told), "{ended:#?}");
    cluster.assert_rows(&numbers::rows(12));
}

#[test]
fn wrong_definitions_stop_every_node_with_the_reason_and_leave_no_run_behind() {
    let server = Server::start(numbers::page);
    let definitions = numbers::definitions(&server.url, 3);
    let wrong = definitions.replace("dataDef: d", "dataDef: e");
    for others_have_them in [false, true] {
        let mut cluster = match others_have_them {
            true => Cluster::new(3, &wrong),
            false => one_composer(&wrong),
        };
        let ended = cluster.exits(2, &[]);
        let all_told = |word: &str| ended.iter().filter(|ended| ended.stderr.contains(word)).count();
        assert_eq!(all_told("`e` is not defined"), 3, "{ended:#?}");
        assert_eq!(all_told("nothing was fetched"), 1, "{ended:#?}");
        assert_eq!(all_told("the definitions could not be composed, so the run has ended on all nodes"), 2);
        for node in &cluster.nodes {
            assert!(!node.folder.path("data/run").exists(), "{}", node.name);
            assert!(!node.folder.path("output").exists(), "{}", node.name);
        }
        // Nothing has to be discarded for the next attempt.
        let mended = cluster.nodes[COMPOSER].folder.path("defs/job.yml");
        fs::write(mended, &definitions).unwrap();
        let others = cluster.nodes.iter().filter(|node| node.folder.path("defs").exists());
        others.for_each(|node| node.folder.write("defs/job.yml", &definitions));
        cluster.exits(0, &[]);
        cluster.assert_rows(&numbers::rows(3));
    }
    assert_eq!(server.hits(), 6);
}

#[test]
fn scripts_travel_with_the_definitions() {
    let server = Server::start(numbers::page);
    let definitions = numbers::definitions(&server.url, 12);
    let scripted = definitions.replace(
        "    - parser: css\n",
        "    - parser: css\n    - script: { file: /defs/double.js, scripts: [ /defs/twice.js ] }\n",
    );
    assert_ne!(definitions, scripted);
    let mut cluster = one_composer(&scripted);
    let composer = &cluster.nodes[COMPOSER].folder;
    composer.write("defs/twice.js", "function twice(n) { return String(2 * n); }");
    composer.write(
        "defs/double.js",
        "function execute(data) { var rows = data.getItems(); for (var i = 0; i < rows.size(); i++) { var row = rows.get(i); \
         row.setValue('fact', twice(parseInt(row.getValue('fact')))); } return data; }",
    );
    cluster.exits(0, &[]);
    let rows: Vec<_> = (1..=12).map(|number| format!("l{number}|n|N|{}", 2 * number)).collect();
    cluster.assert_rows(&rows);
}

#[test]
fn where_nobody_has_definitions_all_nodes_say_so_and_end() {
    let mut cluster = Cluster::new(3, "").with(&["cluster.quorum.timeout=3000"]);
    cluster.nodes.iter().for_each(|node| node.forget_definitions());
    for ended in cluster.exits(2, &[]) {
        ended.said(&["unable to read the definitions folder"]);
    }
    assert!(cluster.nodes.iter().all(|node| !node.folder.path("data/run").exists()));
}
