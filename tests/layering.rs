//! The shape of the crate, as a test: who may import whom, and how big a file may be.
//!
//! Cargo keeps crates from importing in a circle; inside one crate only we can.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module may import those named here, and itself. Order is from the bottom up, so
/// a line may only name modules on lines above it.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("metrics", &[]),
    ("durable", &[]),
    ("conf", &["model", "durable"]),
    ("query", &[]),
    ("script", &["model"]),
    ("defs", &["model", "durable"]),
    ("fetch", &["model", "metrics", "conf"]),
    ("persist", &["model", "conf", "durable"]),
    ("plugin", &["model"]),
    ("steps", &["model", "metrics", "durable", "defs", "fetch", "persist", "plugin", "query", "script"]),
    ("store", &["model", "metrics", "durable"]),
    ("engine", &["model", "metrics", "durable", "conf", "defs", "plugin", "query", "steps", "store"]),
    ("cluster", &["model", "metrics", "durable", "conf", "store"]),
    (
        "bootstrap",
        &[
            "model", "metrics", "durable", "conf", "defs", "fetch", "persist", "plugin", "query", "script",
            "steps", "store", "engine", "cluster",
        ],
    ),
    ("cli", &["model", "durable", "conf", "defs", "fetch", "plugin", "query", "steps", "store", "bootstrap"]),
];

/// Folders of `steps`. A station hands values on; it does not call another.
const STATIONS: &[&str] = &["seed", "load", "parse", "process", "append"];

const LONGEST_FILE: usize = 500;

#[test]
fn the_table_itself_has_no_circle() {
    for (line, (module, allowed)) in LAYERS.iter().enumerate() {
        for import in *allowed {
            let above = LAYERS[..line].iter().any(|(name, _)| name == import);
            assert!(above, "`{module}` may not list `{import}`, which is not above it");
        }
    }
}

#[test]
fn imports_follow_the_table() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        let Some((module, allowed)) = layer_of(&path) else { continue };
        for import in crate_imports(&text) {
            if import.is_empty() {
                wrong.push(format!("{}: write one `use crate::module` line per module", path.display()));
            } else if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{import}`", path.display()));
            }
        }
        if code(&text).contains("super::super") {
            wrong.push(format!("{}: say `crate::` rather than climb with `super::super`", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_station_calls_no_other() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        for own in STATIONS.iter().filter(|own| path.starts_with(src().join("steps").join(own))) {
            for other in STATIONS.iter().filter(|other| *other != own) {
                if code(&text).contains(&format!("steps::{other}")) {
                    wrong.push(format!("{}: `{own}` may not call `{other}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    let modules: BTreeSet<String> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect();
    let table: BTreeSet<String> = LAYERS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(modules, table);
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} has no module docs", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines, split it", path.display());
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn layer_of(path: &Path) -> Option<(&'static str, &'static [&'static str])> {
    let first = path.strip_prefix(src()).ok()?.iter().next()?.to_string_lossy().into_owned();
    let name = first.trim_end_matches(".rs");
    LAYERS.iter().find(|(module, _)| *module == name).copied()
}

/// The text without comment lines and test modules.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Names that follow `crate::`; empty for a grouped `crate::{…}`.
fn crate_imports(text: &str) -> BTreeSet<String> {
    code(text)
        .split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
