//! What is known to be wrong with the crates that Cargo.lock names.
//!
//! Asks the databases in the folders of `SCOOPI_ADVISORIES`, with colons between them: RustSec's (a checkout of
//! `rustsec/advisory-db`), and any in the format of OSV (JSON files, at any depth). Nothing is fetched. What is known and accepted stands in
//! `deny.toml` with the reason, where cargo-deny reads it, too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its own functions")]

#[path = "support/needs.rs"]
mod needs;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rustsec::Database;
use rustsec::Lockfile;
use rustsec::Version;
use serde_json::Value;

/// Folders of databases.
const VARIABLE: &str = "SCOOPI_ADVISORIES";

/// Something known of a crate that we have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    id: String,
    /// Other ids of the same thing.
    aliases: Vec<String>,
    /// Name and version.
    package: String,
    title: String,
}

/// Crates by name and version.
type Packages = BTreeSet<(String, Version)>;

#[test]
fn every_known_fault_of_a_crate_is_accepted_with_a_reason() {
    let Some(folders) = env::var_os(VARIABLE).filter(|folders| !folders.is_empty()) else {
        let why = format!(
            "there is no advisory database at hand: name a checkout of rustsec/advisory-db, or a folder in the format of OSV, \
             in {VARIABLE}"
        );
        return needs::lacks("advisories", &why);
    };
    let packages = packages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"));
    let mut findings = BTreeSet::new();
    for folder in env::split_paths(&folders) {
        let (kind, count, found) = ask(&folder, &packages);
        println!(
            "{}: {count} advisories in the format of {kind}, {} of them about our crates",
            folder.display(),
            found.len()
        );
        assert!(count > 0, "{} holds no advisory: name another folder in {VARIABLE}", folder.display());
        findings.extend(found);
    }
    let accepted = accepted();
    let is_accepted =
        |finding: &Finding| accepted.iter().any(|id| *id == finding.id || finding.aliases.contains(id));
    for finding in &findings {
        let what = if is_accepted(finding) { "accepted" } else { "NEW" };
        println!("{what}: {} {}: {}", finding.id, finding.package, finding.title);
    }
    let new: Vec<_> = findings.iter().filter(|finding| !is_accepted(finding)).collect();
    assert!(
        new.is_empty(),
        "update these crates, or accept what is known with a reason in deny.toml: {new:#?}"
    );
}

/// The format of a database, how many advisories it has, and those about our crates.
fn ask(folder: &Path, packages: &Packages) -> (&'static str, usize, Vec<Finding>) {
    if folder.join("crates").is_dir() && !json_files(folder).iter().any(|path| is_advisory(path)) {
        let database = Database::open(folder).unwrap();
        return ("RustSec", database.iter().count(), of_rustsec(&database, packages));
    }
    let files = json_files(folder);
    let advisories: Vec<Value> =
        files.iter().filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect();
    let found = advisories.iter().flat_map(|advisory| of_osv(advisory, packages)).collect();
    ("OSV", advisories.iter().filter(|advisory| advisory["affected"].is_array()).count(), found)
}

fn is_advisory(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains("\"affected\""))
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![], vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn packages(lock: &Path) -> Packages {
    let lock = Lockfile::load(lock).unwrap();
    // What has no source is ours.
    let theirs = lock.packages.into_iter().filter(|package| package.source.is_some());
    theirs.map(|package| (package.name.to_string(), package.version)).collect()
}

fn of_rustsec(database: &Database, packages: &Packages) -> Vec<Finding> {
    let mut found = vec![];
    for advisory in database.iter().filter(|advisory| !advisory.withdrawn()) {
        let ours = packages.iter().filter(|(name, _)| *name == advisory.metadata.package.to_string());
        for (name, version) in ours.filter(|(_, version)| advisory.versions.is_vulnerable(version)) {
            found.push(Finding {
                id: advisory.id().to_string(),
                aliases: advisory.metadata.aliases.iter().map(ToString::to_string).collect(),
                package: format!("{name} {version}"),
                title: advisory.title().to_owned(),
            });
        }
    }
    found
}

fn of_osv(advisory: &Value, packages: &Packages) -> Vec<Finding> {
    if !advisory["withdrawn"].is_null() {
        return vec![];
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = vec![];
    for affected in advisory["affected"].as_array().into_iter().flatten() {
        if affected["package"]["ecosystem"] != "crates.io" {
            continue;
        }
        let ours = packages.iter().filter(|(name, _)| affected["package"]["name"] == name.as_str());
        for (name, version) in ours.filter(|(_, version)| is_affected(affected, version)) {
            found.push(Finding {
                id: text(&advisory["id"]),
                aliases: advisory["aliases"].as_array().into_iter().flatten().map(text).collect(),
                package: format!("{name} {version}"),
                title: text(&advisory["summary"]),
            });
        }
    }
    found
}

/// Whether a version is listed, or lies in one of the ranges.
fn is_affected(affected: &Value, version: &Version) -> bool {
    let listed = affected["versions"].as_array().into_iter().flatten();
    if listed.filter_map(Value::as_str).any(|listed| listed == version.to_string()) {
        return true;
    }
    let ranges = affected["ranges"].as_array().into_iter().flatten();
    ranges.filter(|range| range["type"] == "SEMVER").any(|range| {
        let at = |event: &Value, name: &str| match event[name].as_str() {
            Some("0") => Some(Version::new(0, 0, 0)),
            Some(text) => Version::parse(text).ok(),
            None => None,
        };
        let mut is_in = false;
        // Events stand in the order of versions.
        for event in range["events"].as_array().into_iter().flatten() {
            if at(event, "introduced").is_some_and(|from| *version >= from) {
                is_in = true;
            }
            if at(event, "fixed").is_some_and(|fixed| *version >= fixed)
                || at(event, "last_affected").is_some_and(|last| *version > last)
            {
                is_in = false;
            }
        }
        is_in
    })
}

/// The ids that `deny.toml` accepts, each with its reason.
fn accepted() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let lines = text.lines().filter(|line| line.trim_start().starts_with("{ id = \""));
    lines
        .map(|line| {
            assert!(line.contains("reason = \""), "no reason: {line}");
            line.split('"').nth(1).unwrap().to_owned()
        })
        .collect()
}

#[test]
fn advisories_of_both_formats_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let version = |text: &str| Version::parse(text).unwrap();
    let packages = |text: &str| {
        Packages::from([("sled".to_owned(), version(text)), ("redb".to_owned(), version("4.5.0"))])
    };
    write(
        "rustsec/crates/sled/RUSTSEC-2000-0001.md",
        "```toml\n[advisory]\nid = \"RUSTSEC-2000-0001\"\npackage = \"sled\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = [\">= 0.35.0\"]\n```\n\n# It sinks\n\nSnow.\n",
    );
    write(
        "osv/deep/x.json",
        r#"{ "id": "GHSA-x", "aliases": ["RUSTSEC-2000-0001"], "summary": "It sinks", "affected": [ {
            "package": { "ecosystem": "crates.io", "name": "sled" },
            "ranges": [ { "type": "SEMVER", "events": [ { "introduced": "0" }, { "fixed": "0.35.0" } ] } ] } ] }"#,
    );
    for (name, kind, id) in [("rustsec", "RustSec", "RUSTSEC-2000-0001"), ("osv", "OSV", "GHSA-x")] {
        let at = folder.path().join(name);
        let (format, count, found) = ask(&at, &packages("0.34.7"));
        assert_eq!((format, count, found.len()), (kind, 1, 1), "{found:?}");
        assert_eq!((&*found[0].id, &*found[0].package, &*found[0].title), (id, "sled 0.34.7", "It sinks"));
        assert!(ask(&at, &packages("0.35.0")).2.is_empty());
    }
}
