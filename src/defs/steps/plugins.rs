//! Plugins of steps, in the short and in the old form.
//!
//! Knows how they are written, not which ones there are: every key that has no meaning here is a setting.

use crate::defs::fields::{At, key_path};
use crate::defs::items::unwrapped;
use crate::defs::node::{Entry, Kind};
use crate::defs::wording::did_you_mean;
use crate::defs::{PluginDef, Problems, Setting, Spanned};

/// How to write a plugin in the short form.
const SHORT: &str = "write `name`, or `name: { key: value }` with the settings indented below the name";

/// Settings from all entries of a mapping but those in `except`.
pub(super) fn settings(at: &At<'_>, entries: &[Entry], except: &[&str]) -> Vec<Setting> {
    let wanted = entries.iter().filter(|entry| !except.contains(&&*entry.key));
    wanted
        .map(|entry| {
            let key = entry.key.to_string();
            let place = entry.value.mark.place(&key_path(&at.path, &key));
            Setting { key, value: entry.value.to_json(), place }
        })
        .collect()
}

/// One plugin, or a list of them, in the short form: `dateRoller: { item: year }`.
pub(super) fn short_list(
    at: &At<'_>,
    one: impl Fn(&At<'_>, &mut Problems) -> Option<PluginDef>,
    problems: &mut Problems,
) -> Vec<PluginDef> {
    if !matches!(at.node.kind, Kind::List(_)) {
        return one(at, problems).into_iter().collect();
    }
    at.elements(SHORT, problems).iter().filter_map(|at| one(at, problems)).collect()
}

/// A plugin in the short form.
pub(super) fn short(at: &At<'_>, problems: &mut Problems) -> Option<PluginDef> {
    let (kind, inner) = named(at, "a plugin", SHORT, problems)?;
    let mut plugin = PluginDef { name: kind.value.clone(), kind, settings: vec![], plugins: vec![] };
    if let Some(inner) = inner
        && !matches!(inner.node.kind, Kind::Null)
    {
        plugin.settings = settings(&inner, inner.entries("a mapping of settings", problems)?, &[]);
    }
    Some(plugin)
}

/// An appender in the short form: its `encoder` is a plugin of its own, by default `csv`.
pub(super) fn short_appender(at: &At<'_>, problems: &mut Problems) -> Option<PluginDef> {
    let mut plugin = short(at, problems)?;
    plugin.settings.retain(|setting| setting.key != "encoder");
    let written = at.node.get(&plugin.kind.value).and_then(|inner| inner.get("encoder"));
    let encoder = match written {
        Some(node) => {
            let path = format!("{}.encoder", plugin.kind.place.path);
            short(&At::new(node, path), problems)?
        }
        None => {
            let kind = Spanned::new("csv".to_owned(), plugin.kind.place.key("encoder"));
            PluginDef { name: kind.value.clone(), kind, settings: vec![], plugins: vec![] }
        }
    };
    plugin.plugins.push(encoder);
    Some(plugin)
}

/// A script: its settings, or only the name of its file.
pub(super) fn short_script(at: &At<'_>, problems: &mut Problems) -> Option<PluginDef> {
    let kind = Spanned::new("script".to_owned(), at.place());
    let settings = match &at.node.kind {
        Kind::Text(file) => {
            vec![Setting { key: "file".to_owned(), value: file.to_string().into(), place: at.place() }]
        }
        Kind::Map(entries) => settings(at, entries, &[]),
        _ => {
            problems
                .push(at.unexpected("a script", "write `script: clean.js` or `script: { file: clean.js }`"));
            return None;
        }
    };
    Some(PluginDef { name: kind.value.clone(), kind, settings, plugins: vec![] })
}

/// `name`, or `name: something`.
pub(super) fn named<'a>(
    at: &At<'a>,
    what: &str,
    help: &str,
    problems: &mut Problems,
) -> Option<(Spanned<String>, Option<At<'a>>)> {
    match &at.node.kind {
        Kind::Text(_) => Some((at.text(problems)?, None)),
        Kind::Map(entries) => match entries.as_slice() {
            [entry] => Some((at.name(entry), Some(at.child(entry)))),
            _ => {
                let message =
                    format!("expected {what} with one name, found a mapping with {} keys", entries.len());
                problems.push(at.error(message, help));
                None
            }
        },
        _ => {
            problems.push(at.unexpected(what, help));
            None
        }
    }
}

/// A list of plugins in the old form: `plugins: [ plugin: { name: n, class: c, ... } ]`.
pub(super) fn written(list: &At<'_>, problems: &mut Problems) -> Vec<PluginDef> {
    let help = "write plugins: [ plugin: { name: \"...\", class: \"...\" } ]";
    let mut plugins: Vec<PluginDef> = vec![];
    for at in list.elements(help, problems) {
        let Some(inner) = unwrapped(at.clone(), "plugin", problems) else { continue };
        let Some(plugin) = written_one(&inner, problems) else {
            continue;
        };
        if plugins.iter().any(|known| same(known, &plugin)) {
            problems.push(at.error("the plugin stands in the list twice", "remove one of them"));
        } else {
            plugins.push(plugin);
        }
    }
    plugins
}

fn written_one(at: &At<'_>, problems: &mut Problems) -> Option<PluginDef> {
    let entries = at.entries("a plugin with `name` and `class`", problems)?;
    let mut required = |key: &'static str| {
        let Some(entry) = entries.iter().find(|entry| &*entry.key == key) else {
            let unknown =
                entries.iter().map(|entry| &*entry.key).filter(|key| !["name", "class"].contains(key));
            let guess = did_you_mean(key, unknown).replace(", did you mean", ", is it");
            let message = format!("the key `{key}` is missing{guess}");
            problems.push(at.error(message, "a plugin has a name and a class"));
            return None;
        };
        at.child(entry).text(problems)
    };
    let (name, kind) = (required("name"), required("class"));
    let nested = entries.iter().find(|entry| &*entry.key == "plugins");
    let plugins = nested.map(|entry| written(&at.child(entry), problems)).unwrap_or_default();
    let settings = settings(at, entries, &["name", "class", "plugins"]);
    Some(PluginDef { name: name?.value, kind: kind?, settings, plugins })
}

/// Whether two plugins say the same, wherever they stand.
fn same(a: &PluginDef, b: &PluginDef) -> bool {
    a.name == b.name
        && a.kind.value == b.kind.value
        && a.settings.len() == b.settings.len()
        && a.settings.iter().zip(&b.settings).all(|(a, b)| a.key == b.key && a.value == b.value)
        && a.plugins.len() == b.plugins.len()
        && a.plugins.iter().zip(&b.plugins).all(|(a, b)| same(a, b))
}
