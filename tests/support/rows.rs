//! Rows that runs wrote, beside those that they should have written.
//!
//! Knows lines and files. Order does not count, numbers do: which page is ready first differs from run to run,
//! what is written does not.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The lines of a text; the last one may have no line end.
pub(crate) fn lines(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![];
    }
    // Not `lines()`, which would hide a carriage return in front of a line end.
    text.strip_suffix('\n').unwrap_or(text).split('\n').map(str::to_owned).collect()
}

/// The lines of all files in `folder` and its sub folders; none if there is no such folder.
pub(crate) fn written(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of = |path: &Path| {
        if path.is_dir() { written(path) } else { lines(&fs::read_to_string(path).unwrap()) }
    };
    paths.iter().flat_map(|path| of(path)).collect()
}

/// What is missing and what is too much, a line each; empty if there is no difference.
pub(crate) fn differences(expected: &[String], found: &[String]) -> String {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    expected.iter().for_each(|line| *balance.entry(line).or_default() -= 1);
    found.iter().for_each(|line| *balance.entry(line).or_default() += 1);
    let mut text = String::new();
    for (line, number) in balance {
        let what = match number {
            0 => continue,
            ..0 => "missing",
            1.. => "too much",
        };
        writeln!(text, "  {what:8} {}x {line:?}", number.abs()).unwrap();
    }
    text
}
