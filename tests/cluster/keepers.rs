//! Which nodes keep the rows of a run.

use crate::support::cluster::Cluster;
use crate::support::rows;
use crate::support::scoopi::{Ended, Scoopi};

/// Runs three nodes with these words, and gives which of them have rows at the end.
fn keepers(arguments: &[&str]) -> Vec<String> {
    keepers_and_ends(arguments).0
}

/// The same, and how all nodes ended.
fn keepers_and_ends(arguments: &[&str]) -> (Vec<String>, Vec<Ended>) {
    let mut cluster = Cluster::of((0..3).map(|_| Scoopi::of_project()).collect());
    let ended = cluster.exits(0, arguments);
    let kept = cluster.nodes.iter().zip(&ended).filter(|(node, ended)| {
        let rows = rows::written(&node.folder.path("output")).len();
        let line = ended.summary("output");
        assert_eq!(line.starts_with("kept by node "), rows == 0, "{}: {rows} rows, {line}", node.name);
        rows > 10
    });
    let kept = kept.map(|(node, _)| node.name.clone()).collect();
    (kept, ended)
}

#[test]
fn one_node_keeps_the_rows_where_that_is_asked_for() {
    let (kept, ended) = keepers_and_ends(&["--output-on", "n2"]);
    assert_eq!(kept, ["n2"]);
    assert!(ended.iter().all(|ended| !ended.stderr.contains("was there at the end")), "{ended:#?}");
    assert_eq!(keepers(&["--output-on", "leader"]).len(), 1);
}

#[test]
fn all_nodes_keep_the_rows_and_say_so_where_no_node_has_the_name() {
    let (kept, ended) = keepers_and_ends(&["--output-on", "n22\u{1b}"]);
    assert_eq!(kept.len(), 3);
    for ended in ended {
        ended.said(&[
            "no node is called `n22\\x1b` so far (cluster.outputOn)",
            "if none joins, all nodes keep the rows",
            "no node called `n22\\x1b` was there at the end: all nodes keep the rows (cluster.outputOn)",
        ]);
    }
}
