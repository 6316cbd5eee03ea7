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

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use scoopi::defs;

use support::rows;
use support::scoopi::Scoopi;

/// The date-time of all runs, in the pattern of [`SETTINGS`].
const RUN_DATE_TIME: &str = "01-07-2020 10:59:59";

/// What the expected rows were made with.
const SETTINGS: [&str; 5] = [
    "fact.notFound.replaceWith=-",
    "dateTimePattern=dd-MM-yyyy HH:mm:ss",
    "runDateTimeText=01-07-2020 10:59:59",
    "datastore.enable=false",
    "cluster.enable=false",
];

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

/// The folder of the data, if it is there.
fn conformance() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("SCOOPI_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("conformance");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder.canonicalize().unwrap())
}

/// Every folder below `folder` that has expected rows, as a path below `conformance`.
fn examples(conformance: &Path) -> Vec<String> {
    let folders = |path: PathBuf| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let kinds = ["fin", "book"].into_iter().flat_map(|subject| folders(conformance.join(subject)));
    let all = kinds.flat_map(folders).filter(|folder| folder.join("expected.txt").is_file());
    let mut names: Vec<String> =
        all.map(|folder| folder.strip_prefix(conformance).unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// A working directory in which `/defs/examples` is the data.
fn workplace(conformance: &Path, settings: &[&str]) -> Scoopi {
    let scoopi = Scoopi::new("").with(&SETTINGS).with(settings);
    symlink(conformance, scoopi.path("defs/examples")).unwrap();
    scoopi
}

/// What differs in the rows of an example; empty if nothing does.
fn differences(conformance: &Path, example: &str, settings: &[&str]) -> String {
    let default_steps = match example.contains("/htmlunit/") {
        true => "defs.defaultSteps=htmlUnitDefault",
        false => "defs.defaultSteps=jsoupDefault",
    };
    let scoopi = workplace(conformance, settings).with(&[default_steps]);
    let defs = format!("/defs/examples/{example}");
    let ended = scoopi.run(&["--defs", &defs, "--output", "out"]);
    let expected = fs::read_to_string(conformance.join(example).join("expected.txt")).unwrap();
    let expected =
        expected.replace("%{runDateTime}", RUN_DATE_TIME).replace("%{documentFromDate}", RUN_DATE_TIME);
    let mut text = rows::differences(&rows::lines(&expected), &rows::written(&scoopi.path("out")));
    if ended.code() != Some(0) {
        text.push_str(&format!("  exit code {:?}\n{}{}", ended.code(), ended.stdout, ended.stderr));
    }
    text
}

fn check(settings: &[&str]) {
    let Some(conformance) = conformance() else { return };
    let examples = examples(&conformance);
    assert_eq!(examples.len(), 25, "{examples:#?}");
    let wrong = examples.iter().map(|example| (example, differences(&conformance, example, settings)));
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
    let Some(conformance) = conformance() else { return };
    let sources = defs::read_folder(&conformance.join("defs-only/reference")).unwrap();
    let (definitions, problems) = defs::compose(sources, "jsoupDefault");
    assert!(!problems.has_errors(), "{problems}");
    let definitions = definitions.unwrap();
    let names: Vec<&str> = definitions.data_defs.iter().map(|def| def.name.value.as_str()).collect();
    assert_eq!(names, ["dataDef1", "dataDef2", "dataDef4"]);
    // The structure is right; that a task names a dataDef that is not there is found before the first fetch.
    let scoopi = workplace(&conformance, &[]);
    scoopi
        .exits(2, &["check", "--defs", "/defs/examples/defs-only/reference"])
        .said(&["`dataDef3` is not defined"]);
}
