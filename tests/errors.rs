//! Wrong definitions and what is said about them.
//!
//! Every folder of `tests/errors/` has definition files and `expected.txt`, the exact text that the author of
//! the definitions gets to read. A new folder is a new test, without an edit here. After a change of wording,
//! `SCOOPI_BLESS=1 cargo test --test errors` writes the files anew: read the difference before keeping it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use scoopi::Definitions;
use scoopi::RunError;
use scoopi::RunRequest;
use scoopi::Settings;
use scoopi::internals::compose;

/// Everything that is wrong with the definitions in `folder`, as `scoopi check` shows it to their author. Script
/// files are looked for in the folder.
fn problems_of(folder: &Path) -> String {
    let definitions = Definitions::Folder(folder.to_owned());
    let request = RunRequest::new(Settings::default()).definitions(definitions).root(folder);
    let problems = match compose::check(&request) {
        Ok((_, warnings)) => warnings,
        Err(RunError::Definitions(problems)) => problems,
        Err(other) => panic!("{}: {other}", folder.display()),
    };
    problems.to_string().replace(&*folder.to_string_lossy(), "<folder>")
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_wrong_definition_gets_its_message() {
    let bless = std::env::var_os("SCOOPI_BLESS").is_some();
    let mut wrong = String::new();
    for folder in folders() {
        let found = format!("{}\n", problems_of(&folder));
        let path = folder.join("expected.txt");
        if bless {
            fs::write(&path, &found).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            wrong.push_str(&format!("\n{}\n--- expected\n{expected}--- found\n{found}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_wrong_definition_is_said_to_be_wrong() {
    let folders = folders();
    assert!(folders.len() >= 40, "{}", folders.len());
    for folder in folders {
        let problems = problems_of(&folder);
        assert!(problems.starts_with("error: ") || problems.starts_with("warning: "), "{}", folder.display());
    }
}

#[test]
fn every_message_has_a_place() {
    for folder in folders() {
        for line in problems_of(&folder).lines().filter(|line| !line.starts_with("    help: ")) {
            let (_, place) = line.split_once(": ").unwrap();
            assert!(place.contains(": ") || place.contains("<folder>"), "{}: {line}", folder.display());
        }
    }
}
