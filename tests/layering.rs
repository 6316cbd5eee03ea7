//! The shape of the crate, as a test: who may import whom, and how big a file may be.
//!
//! Cargo keeps crates from importing in a circle; inside one crate only we can.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test, also in its own functions"
)]

#[path = "layering/circles.rs"]
mod circles;
#[path = "layering/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;

use circles::{circles, folders};
use source::{Source, sources, src};

/// A module may import those named here, and itself. Order is from the bottom up, so
/// a line may only name modules on lines above it.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("date", &["model"]),
    ("observe", &[]),
    ("durable", &[]),
    ("conf", &["model", "durable"]),
    ("query", &[]),
    ("script", &["model"]),
    ("defs", &["model", "durable"]),
    ("fetch", &["model", "conf"]),
    ("persist", &["model", "durable"]),
    ("plugin", &["model", "defs"]),
    ("store", &["model", "durable"]),
    ("sinks", &["model", "durable", "plugin", "store"]),
    (
        "steps",
        &["model", "date", "durable", "query", "script", "defs", "fetch", "persist", "plugin", "sinks"],
    ),
    ("engine", &["model", "observe", "query", "defs", "store", "sinks", "steps"]),
    ("cluster", &["model", "observe", "durable", "store"]),
    ("api", &["conf", "defs", "store", "sinks", "engine", "cluster"]),
    (
        "compose",
        &[
            "model", "date", "conf", "query", "script", "defs", "fetch", "persist", "store", "sinks",
            "steps", "engine", "cluster", "api",
        ],
    ),
    (
        "node",
        &[
            "model", "observe", "durable", "conf", "defs", "store", "sinks", "engine", "cluster", "api",
            "compose",
        ],
    ),
    (
        "cli",
        &[
            "model", "observe", "durable", "conf", "query", "fetch", "plugin", "store", "steps", "api",
            "compose", "node",
        ],
    ),
];

/// Folders of `steps`. A station hands values on; it does not call another.
const STATIONS: &[&str] = &["seed", "load", "parse", "process", "append"];

/// A module that is there for tests only.
const SHARED_BY_TESTS: &str = "needs";

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
    for source in &sources() {
        let Some((place, (module, allowed))) = layer_of(source) else { continue };
        let path = source.path.display();
        for import in crate_imports(&source.named) {
            if import != module && !allowed.contains(&import) {
                wrong.push(format!("{path}: `{module}` may not import `{import}`"));
            }
        }
        // Tests may look at everything below.
        for import in crate_imports(&source.named_by_tests) {
            if import != SHARED_BY_TESTS && !LAYERS[..=place].iter().any(|(below, _)| *below == import) {
                wrong.push(format!("{path}: a test of `{module}` may not import `{import}`"));
            }
        }
        if source.text.contains("crate::{") {
            wrong.push(format!("{path}: write one `use crate::module` line per module"));
        }
        if source.named.iter().any(|path| path[..2] == ["super", "super"]) {
            wrong.push(format!("{path}: say `crate::` rather than climb with `super::super`"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_grant_is_used() {
    let sources = sources();
    let mut unused = vec![];
    for (module, allowed) in LAYERS {
        let own: Vec<&Source> = sources
            .iter()
            .filter(|source| source.module.first().is_some_and(|first| first == module))
            .collect();
        for grant in *allowed {
            if !own.iter().any(|source| crate_imports(&source.named).contains(grant)) {
                unused.push(format!("`{module}` does not import `{grant}`: take it out of the table"));
            }
        }
    }
    assert!(unused.is_empty(), "\n{}\n", unused.join("\n"));
}

#[test]
fn no_files_of_a_folder_name_each_other_in_a_circle() {
    let folders = folders(&sources());
    let found: BTreeSet<(String, String)> = folders
        .iter()
        .flat_map(|(folder, modules)| circles(modules).into_iter().map(move |circle| (folder, circle)))
        .map(|(folder, circle)| (folder.clone(), circle.into_iter().collect::<Vec<_>>().join(" ")))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_station_calls_no_other() {
    let mut wrong = vec![];
    for source in sources() {
        let ["steps", own, ..] = &source.module.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
            continue;
        };
        for path in source.named.iter().filter(|path| path.len() > 2 && path[..2] == ["crate", "steps"]) {
            if STATIONS.contains(own) && path[2] != *own && STATIONS.contains(&path[2].as_str()) {
                wrong.push(format!("{}: `{own}` may not call `{}`", source.path.display(), path[2]));
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
        // The last one is a door to all of them.
        .filter(|name| !["lib", "main", "internals"].contains(&&**name))
        .collect();
    let table: BTreeSet<String> = LAYERS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(modules, table);
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for Source { path, text, .. } in sources() {
        assert!(text.starts_with("//!"), "{} has no module docs", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines, split it", path.display());
    }
}

/// The layer of a file, and its place in the table.
fn layer_of(source: &Source) -> Option<(usize, (&'static str, &'static [&'static str]))> {
    let first = source.module.first()?;
    let place = LAYERS.iter().position(|(module, _)| module == first)?;
    Some((place, LAYERS[place]))
}

/// Modules that are named with `crate::` in front.
fn crate_imports(named: &BTreeSet<Vec<String>>) -> BTreeSet<&str> {
    named.iter().filter(|path| path[0] == "crate").map(|path| path[1].as_str()).collect()
}

#[test]
fn every_dependency_is_used() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let texts = |folders: &[&str]| -> String {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        folders.iter().flat_map(|folder| rust_files(&root.join(folder))).collect()
    };
    for (section, folders) in
        [("dependencies", &["src"][..]), ("dev-dependencies", &["src", "tests", "benches", "examples"][..])]
    {
        let text = texts(folders);
        let names: BTreeSet<&str> =
            text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        let unused: Vec<_> = manifest[section].as_table().unwrap().keys().collect();
        let unused: Vec<_> =
            unused.into_iter().filter(|name| !names.contains(name.replace('-', "_").as_str())).collect();
        assert!(unused.is_empty(), "nothing uses these {section} of Cargo.toml: {unused:?}");
    }
}

/// The text of every file of Rust below a folder.
fn rust_files(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => rust_files(&path),
            Some(extension) if extension == "rs" => vec![fs::read_to_string(path).unwrap()],
            _ => vec![],
        })
        .collect()
}
