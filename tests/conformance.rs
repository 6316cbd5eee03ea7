//! The examples of the engine that scoopi follows, with their pages and expected rows.
//!
//! They lie beside the project, not in it (`../shared/conformance`, or below the folder that the environment
//! variable `SCOOPI_SHARED` names in the place of `../shared`). Where they are absent these tests pass and say
//! that they were skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::path::Path;

use scoopi::internals::defs;

use support::conformance;
use support::rows;

/// One job at a time, and one in each step.
const ONE_BY_ONE: [&str; 8] = [
    "job.takeLimit=1",
    "poolsize.loader=1",
    "poolsize.parser=1",
    "poolsize.filter=1",
    "poolsize.converter=1",
    "poolsize.script=1",
    "poolsize.process=1",
    "poolsize.appender=1",
];

/// What differs in the rows of an example; empty if nothing does.
fn differences(folder: &Path, example: &str, settings: &[&str]) -> String {
    let scoopi = conformance::workplace(folder, example, settings);
    let defs = format!("/defs/examples/{example}");
    let ended = scoopi.run(&["--defs", &defs, "--output", "out"]);
    let expected = conformance::expected(folder, example);
    let mut text = rows::differences(&expected, &rows::written(&scoopi.path("out")));
    if ended.code() != Some(0) {
        text.push_str(&format!("  exit code {:?}\n{}{}", ended.code(), ended.stdout, ended.stderr));
    }
    text
}

fn check(settings: &[&str]) {
    let Some(folder) = conformance::folder() else { return };
    let examples = conformance::examples(&folder);
    assert_eq!(examples.len(), 25, "{examples:#?}");
    let wrong = examples.iter().map(|example| (example, differences(&folder, example, settings)));
    let wrong: Vec<String> = wrong
        .filter(|(_, differences)| !differences.is_empty())
        .map(|(example, differences)| format!("{example}\n{differences}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} examples:\n{}", wrong.len(), examples.len(), wrong.join("\n"));
}

#[test]
fn every_example_gives_its_rows() {
    check(&[]);
}

#[test]
fn every_example_gives_the_same_rows_when_jobs_run_one_by_one() {
    check(&ONE_BY_ONE);
}

#[test]
fn incomplete_definitions_are_valid_and_are_not_run() {
    let Some(folder) = conformance::folder() else { return };
    let sources = defs::read_folder(&folder.join("defs-only/reference")).unwrap();
    let (definitions, problems) = defs::compose(sources, "jsoupDefault");
    assert!(!problems.has_errors(), "{problems}");
    let definitions = definitions.unwrap();
    let names: Vec<&str> = definitions.data_defs.iter().map(|def| def.name.value.as_str()).collect();
    assert_eq!(names, ["dataDef1", "dataDef2", "dataDef4"]);
    // The structure is right; that a task names a dataDef that is not there is found before the first fetch.
    let scoopi = conformance::workplace(&folder, "", &[]);
    scoopi
        .exits(2, &["check", "--defs", "/defs/examples/defs-only/reference"])
        .said(&["`dataDef3` is not defined"]);
}
