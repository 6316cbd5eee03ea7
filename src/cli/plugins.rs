//! `scoopi plugins`: every step and plugin, its settings with defaults, its aliases.

use crate::steps;

use super::exit::{Exit, Failure};

pub(super) fn plugins() -> Result<Exit, Failure> {
    for (kind, entries) in steps::reference() {
        for about in entries {
            println!("{kind} `{}`: {}", about.name, about.summary);
            for setting in about.settings() {
                let default =
                    setting.default.map_or_else(|| "required".to_owned(), |text| format!("default {text}"));
                println!("    {} ({default}): {}", setting.key, setting.text);
            }
            if !about.aliases.is_empty() {
                println!("    also written: {}", about.aliases.join(", "));
            }
            println!();
        }
    }
    Ok(Exit::Complete)
}
