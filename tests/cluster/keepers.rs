//! Which nodes keep the rows of a run.

use crate::support::cluster::Cluster;
use crate::support::rows;
use crate::support::scoopi::Scoopi;

/// Runs three nodes with these words, and gives which of them have rows at the end.
fn keepers(arguments: &[&str]) -> Vec<String> {
    let mut cluster = Cluster::of((0..3).map(|_| Scoopi::of_project()).collect());
    let ended = cluster.exits(0, arguments);
    let kept = cluster.nodes.iter().zip(ended).filter(|(node, ended)| {
        let rows = rows::written(&node.folder.path("output")).len();
        let line = ended.summary("output");
        assert_eq!(line.starts_with("kept by node "), rows == 0, "{}: {rows} rows, {line}", node.name);
        rows > 10
    });
    kept.map(|(node, _)| node.name.clone()).collect()
}

#[test]
fn one_node_keeps_the_rows_where_that_is_asked_for() {
    assert_eq!(keepers(&["--output-on", "n2"]), ["n2"]);
    assert_eq!(keepers(&["--output-on", "leader"]).len(), 1);
    assert_eq!(keepers(&["--output-on", "nobody-is-called-so"]).len(), 3);
}
