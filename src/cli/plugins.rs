//! `scoopi plugins`: every step and plugin, its settings with defaults, its aliases.

use crate::plugin::About;
use crate::steps;

use super::exit::{Exit, Failure};
use super::speech::print;

pub(super) fn plugins() -> Result<Exit, Failure> {
    for (kind, entries) in steps::reference() {
        entries.into_iter().try_for_each(|about| print(&text(kind, about)))?;
    }
    Ok(Exit::Complete)
}

fn text(kind: &str, about: &About) -> String {
    let mut text = format!("{kind} `{}`: {}\n", about.name, about.summary);
    for setting in about.settings() {
        let default = setting.default.map_or_else(|| "required".to_owned(), |text| format!("default {text}"));
        text.push_str(&format!("    {} ({default}): {}\n", setting.key, setting.text));
    }
    let aliases: Vec<String> = about.aliases.iter().map(|alias| explained(about, alias)).collect();
    if !aliases.is_empty() {
        text.push_str(&format!("    also written: {}\n", aliases.join(", ")));
    }
    text.push('\n');
    text
}

/// An alias; if it says more than the name of its step does, with what it says.
fn explained(about: &About, alias: &str) -> String {
    let entry = steps::catalog().iter().find(|entry| std::ptr::eq(&entry.about, about));
    let variant = entry.and_then(|entry| entry.variants.iter().find(|(name, ..)| *name == alias));
    match variant {
        Some((name, key, value)) => format!("{name} ({key}: {value})"),
        None => alias.to_owned(),
    }
}
