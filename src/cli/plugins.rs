//! `scoopi plugins`: every step and plugin, its settings with defaults, its aliases.

use crate::plugin::About;
use crate::steps;

use super::exit::{Exit, Failure};
use super::speech::print;

pub(super) fn plugins() -> Result<Exit, Failure> {
    for (kind, entries) in steps::reference() {
        entries.into_iter().for_each(|about| print(&text(kind, about)));
    }
    Ok(Exit::Complete)
}

fn text(kind: &str, about: &About) -> String {
    let mut text = format!("{kind} `{}`: {}\n", about.name, about.summary);
    for setting in about.settings() {
        let default = setting.default.map_or_else(|| "required".to_owned(), |text| format!("default {text}"));
        text.push_str(&format!("    {} ({default}): {}\n", setting.key, setting.text));
    }
    let aliases: Vec<String> =
        about.aliases.iter().map(|alias| (*alias).to_owned()).chain(variants(about)).collect();
    if !aliases.is_empty() {
        text.push_str(&format!("    also written: {}\n", aliases.join(", ")));
    }
    text.push('\n');
    text
}

/// Old names of a step that say more than its name does, with what they say.
fn variants(about: &About) -> impl Iterator<Item = String> {
    let entry = steps::catalog().iter().find(|entry| std::ptr::eq(&entry.about, about));
    let variants = entry.into_iter().flat_map(|entry| entry.variants);
    variants.map(|(name, key, value)| format!("{name} ({key}: {value})"))
}
