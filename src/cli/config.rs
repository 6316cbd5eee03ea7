//! `scoopi config`: the settings that are in effect, and where each comes from.
//!
//! The text is a configuration file again; passwords are hidden in it.

use clap::Args;
use serde_json::{Value, json};

use crate::conf::{Key, Origins, Settings, keys};
use crate::model::{shown, shown_json, shown_proxy};

use super::exit::{Exit, Failure};
use super::options::{Configured, SettingsOptions};
use super::speech::{print, warn};

/// The origin of what is not written anywhere.
const DEFAULT: &str = "default";

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// A JSON array of objects with key, value and origin
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsOptions,
}

/// A setting in effect.
struct Entry {
    key: String,
    value: Value,
    origin: String,
}

pub(super) fn config(arguments: &ConfigArguments) -> Result<Exit, Failure> {
    let Configured { settings, ignored, origins } = arguments.settings.read()?;
    for key in ignored {
        warn(&format!("setting {key} no longer has an effect"));
    }
    let entries = entries(settings, &origins)?;
    print(&if arguments.json { json_of(&entries) } else { entries.iter().map(line).collect() })?;
    Ok(Exit::Complete)
}

/// Returns all settings, in the order of the reference.
fn entries(settings: Settings, origins: &Origins) -> Result<Vec<Entry>, Failure> {
    let values = serde_json::to_value(without_password(settings))
        .map_err(|error| Failure::fatal(format!("unable to show the settings: {error}")))?;
    let mut entries = vec![];
    let mut add = |key: String, value: Value| {
        let origin = origins.get(&key).unwrap_or(DEFAULT).to_owned();
        entries.push(Entry { key, value, origin });
    };
    for Key { name, .. } in keys() {
        let path = name.trim_end_matches('.').split('.');
        let value = path.fold(&values, |value, part| &value[part]);
        match value {
            Value::Object(named) => {
                named.iter().for_each(|(part, value)| add(format!("{name}{part}"), value.clone()));
            }
            value => add(name, value.clone()),
        }
    }
    Ok(entries)
}

/// Puts `***` in the place of the user name and the password of the proxy.
fn without_password(mut settings: Settings) -> Settings {
    settings.fetch.proxy = settings.fetch.proxy.map(|proxy| shown_proxy(&proxy).into());
    settings
}

fn json_of(entries: &[Entry]) -> String {
    let objects: Vec<_> = entries
        .iter()
        .map(|Entry { key, value, origin }| {
            json!({ "key": key, "value": value, "origin": origin }).to_string()
        })
        .collect();
    shown_json(&format!("[\n  {}\n]\n", objects.join(",\n  "))).into_owned()
}

/// Returns a line of TOML; a comment if the setting does not have a value. Keys do not need quotes: layers accept only keys without them.
fn line(Entry { key, value, origin }: &Entry) -> String {
    let origin = shown(origin);
    match toml_value(value) {
        Some(value) => format!("{key} = {value}  # {origin}\n"),
        None => format!("# {key} is not set  # {origin}\n"),
    }
}

fn toml_value(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(toml_text(text)),
        // TOML has no larger integers; the text is read as a number, too.
        Value::Number(number) if !number.is_i64() => Some(toml_text(&number.to_string())),
        other => Some(other.to_string()),
    }
}

/// A basic string, with escapes for what TOML does not allow and for what a terminal obeys.
fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if shown(c.encode_utf8(&mut [0; 4])).len() != c.len_utf8() => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::conf::Layers;

    use super::*;

    #[test]
    fn the_text_of_any_settings_is_read_as_the_same_settings() {
        let mut settings = Settings::default();
        settings.defs.dir = "a\"b\\c\u{1b}\u{85}\u{7f}\n\té\u{e0001}#".to_owned();
        settings.time_zone = Some("Asia/Kolkata".to_owned());
        settings.store.snapshot_after = u64::MAX;
        settings.script.memory = i64::MAX as u64;
        settings.persist.data = false;
        settings.poolsize = [("loader".to_owned(), 3), ("to-file_2".to_owned(), 4)].into();
        settings.fetch.proxy = Some("http://proxy:3128".into());
        let mut origins = Origins::default();
        origins.note("defs.dir", "a\nb\u{1b}");
        let text: String = entries(settings.clone(), &origins).unwrap().iter().map(line).collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scoopi.toml");
        fs::write(&file, &text).unwrap();
        let mut layers = Layers::default();
        layers.file(&file).unwrap();
        assert_eq!(layers.build().unwrap(), settings, "{text}");
    }
}
