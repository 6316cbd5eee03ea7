//! What a test needs of its machine and does not always find there.
//!
//! A test that goes without says so with a line that begins with `skipped`. `SCOOPI_REQUIRE` names, with commas between, what
//! must be there: then the test fails instead. The names are `shared` (the folder beside the project, or the one that
//! `SCOOPI_SHARED` names), `netns` (network namespaces), `advisories` and `script` (the
//! program that gives a process a terminal).

#![allow(dead_code, reason = "each test that takes this in uses its own part")]

use std::path::{Path, PathBuf};

/// Where what is shared between projects lies, whether it is there or not.
pub(crate) fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("SCOOPI_SHARED").map_or_else(beside, PathBuf::from)
}

/// A folder or file of it, if it is there; says so if it is not.
pub(crate) fn of_shared(path: &str) -> Option<PathBuf> {
    let found = shared().join(path);
    if !found.exists() {
        lacks("shared", &format!("there is no {}", found.display()));
        return None;
    }
    Some(found)
}

/// Says that a test does without `what`, and why; fails where it must not.
pub(crate) fn lacks(what: &str, why: &str) {
    let required = std::env::var("SCOOPI_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name.trim() == what);
    assert!(!is_required, "{why}, and SCOOPI_REQUIRE names `{what}`");
    println!("skipped: {why}");
}
