//! The first thing that anybody does with a cluster.

use std::fs;
use std::path::Path;

use crate::support::cluster::Cluster;
use crate::support::rows;
use crate::support::scoopi::LIMIT;
use crate::support::scoopi::Running;
use crate::support::scoopi::Scoopi;
use crate::support::scoopi::bare;

/// The rows of the main job when nobody helps.
fn rows_of_solo() -> Vec<String> {
    let solo = Scoopi::of_project();
    solo.exits(0, &["--mode", "solo"]);
    let rows = rows::written(&solo.path("output"));
    assert!(rows.len() > 10, "{rows:?}");
    rows
}

#[test]
fn three_nodes_give_the_rows_of_solo_and_each_has_all_of_them() {
    let mut cluster = Cluster::of((0..3).map(|_| Scoopi::of_project()).collect());
    let ended = cluster.exits(0, &[]);
    let rows = rows_of_solo();
    cluster.assert_rows(&rows);
    for ended in ended {
        assert_eq!(ended.summary("status"), "complete");
        assert_eq!(ended.summary("rows"), rows.len().to_string());
        assert!(ended.summary("output").starts_with(&format!("{} rows in output/", rows.len())), "{ended:?}");
    }
}

#[test]
fn dev_cluster_runs_three_nodes_and_ends_with_them() {
    let folder = Scoopi::of_project();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/dev-cluster");
    let mut command = bare(script);
    command.args(["3", "--binary", env!("CARGO_BIN_EXE_scoopi")]).current_dir(folder.path(""));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let ended = Running::start(&mut command).ended_within(LIMIT).unwrap_or_else(|running| {
        // It passes these on to its nodes: the second one ends them at once.
        ["TERM", "TERM"].iter().for_each(|signal| running.signal(signal));
        panic!("it does not end: {:#?}", running.ended())
    });
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("all nodes have ended: 0 0 0"), "{ended:#?}");
    let expected = rows_of_solo();
    let outputs = ["n1", "n2", "n3"].map(|node| folder.path(format!("dev-cluster/{node}/output")));
    for output in outputs {
        let differ = rows::differences(&expected, &rows::written(&output));
        assert!(differ.is_empty(), "{}:\n{differ}", output.display());
        assert_eq!(fs::read_dir(&output).unwrap().count(), 1);
    }
}
