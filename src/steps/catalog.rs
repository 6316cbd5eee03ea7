//! The catalogue of steps: which kinds there are, and by which names users write them.

use crate::plugin::{About, Unknown, find};
use crate::sinks;

use super::build::Entry;
use super::{append, load, parse, process, seed};

/// Every kind of step, by the name users write. Add yours here.
#[rustfmt::skip] // one per line, so that two additions do not conflict
#[must_use]
pub fn catalog() -> &'static [Entry] {
    const CATALOG: &[Entry] = &[
        seed::ENTRY,
        load::ENTRY,
        parse::ENTRY,
        process::filter::ENTRY,
        process::converter::ENTRY,
        process::script::ENTRY,
        process::links::ENTRY,
        append::ENTRY,
    ];
    CATALOG
}

/// Finds the kind of step that `name` means.
///
/// # Errors
/// No kind of step has this name.
pub fn find_step(name: &str) -> Result<&'static Entry, Unknown> {
    let is_variant = |entry: &&Entry| entry.variants.iter().any(|(known, ..)| *known == name);
    if let Some(entry) = catalog().iter().find(is_variant) {
        return Ok(entry);
    }
    find("step", catalog(), |entry| &entry.about, name).map_err(|unknown| {
        match NOT_HERE.iter().find(|(known, _)| *known == name) {
            Some((_, help)) => Unknown { help: (*help).to_owned(), ..unknown },
            None => unknown,
        }
    })
}

/// Steps of old definitions that there are not, and what to do instead.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "org.codetab.scoopi.step.extract.DomLoader",
        "pages that only a browser can build are not loaded yet; `loader` gets the page as the server sends it",
    ),
    ("org.codetab.scoopi.step.parse.jsoup.QueryAnalyzer", ANALYZER),
    ("org.codetab.scoopi.step.parse.htmlunit.QueryAnalyzer", ANALYZER),
];

const ANALYZER: &str = "queries are tried with `scoopi shell PAGE`, not in a run";

/// Every step and plugin, by kind, for reference pages.
#[must_use]
pub fn reference() -> Vec<(&'static str, Vec<&'static About>)> {
    vec![
        ("step", catalog().iter().map(|entry| &entry.about).collect()),
        ("script plugin", process::script::CATALOG.iter().collect()),
        ("converter", process::converter::CATALOG.iter().map(|entry| &entry.about).collect()),
        ("appender", sinks::CATALOG.iter().map(|entry| &entry.about).collect()),
        ("encoder", append::encoder::CATALOG.iter().map(|entry| &entry.about).collect()),
    ]
}
