//! The examples of the engine that scoopi follows, with their pages and expected rows.
//!
//! They lie beside the project, not in it: in `../shared/conformance`, or below the folder that the environment
//! variable `SCOOPI_SHARED` names in the place of `../shared`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::needs;
use super::rows;
use super::scoopi::Scoopi;

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

/// The folder of the data, if it is there; says so if it is not.
pub(crate) fn folder() -> Option<PathBuf> {
    needs::of_shared("conformance").map(|folder| folder.canonicalize().unwrap())
}

/// Every folder below `folder` that has expected rows, as a path below `conformance`.
pub(crate) fn examples(conformance: &Path) -> Vec<String> {
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

/// A working directory for an example, in which `/defs/examples` is the data.
pub(crate) fn workplace(conformance: &Path, example: &str, settings: &[&str]) -> Scoopi {
    let default_steps = match example.contains("/htmlunit/") {
        true => "defs.defaultSteps=htmlUnitDefault",
        false => "defs.defaultSteps=jsoupDefault",
    };
    let scoopi = Scoopi::new("").with(&SETTINGS).with(settings).with(&[default_steps]);
    symlink(conformance, scoopi.path("defs/examples")).unwrap();
    scoopi
}

/// The rows that an example has to give.
pub(crate) fn expected(conformance: &Path, example: &str) -> Vec<String> {
    let text = fs::read_to_string(conformance.join(example).join("expected.txt")).unwrap();
    rows::lines(&text.replace("%{runDateTime}", RUN_DATE_TIME).replace("%{documentFromDate}", RUN_DATE_TIME))
}
