//! How a step or plugin is named, described and given its settings. The plugins themselves live next to the step that
//! uses them: encoders in `steps/append/encoder`, and so on.
//!
//! A plugin is one file, holding its settings, its behaviour and its tests, and two lines in the `mod.rs`
//! of its folder: `mod`, and an entry of the CATALOG. Nothing else in the crate changes.

mod build;
mod settings;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use thiserror::Error;

use crate::model::nearest;

pub use build::{PluginBuild, read_defined};
pub use settings::{SettingDoc, SettingsError, read_settings};

/// What every step and plugin says about itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The name that users write.
    pub name: &'static str,
    /// Other names that mean the same: class names of old definitions.
    pub aliases: &'static [&'static str],
    /// One line, for people.
    pub summary: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

/// An entry of a catalogue: what it says about itself, and the function that makes one.
pub struct Entry<Make> {
    /// Its name, its settings.
    pub about: About,
    /// Makes one of what a definition says.
    pub make: Make,
}

/// A name that nothing in a catalogue has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {kind} `{name}`")]
pub struct Unknown {
    /// step, encoder, converter, …
    pub kind: &'static str,
    /// What was written.
    pub name: String,
    /// What to write instead.
    pub help: String,
}

impl About {
    /// What is called `name` and takes settings of type `S`.
    #[must_use]
    pub const fn new<S: JsonSchema>(
        name: &'static str,
        aliases: &'static [&'static str],
        summary: &'static str,
    ) -> Self {
        Self { name, aliases, summary, schema: S::json_schema }
    }

    /// Its settings, in the order of their declaration.
    #[must_use]
    pub fn settings(&self) -> Vec<SettingDoc> {
        SettingDoc::all((self.schema)(&mut SchemaGenerator::default()).as_value())
    }

    /// Whether users may mean this by `name`.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// Finds the entry that `name` means.
///
/// # Errors
/// There is none; the error names the nearest one, or all of them.
pub fn find<'a, E>(
    kind: &'static str,
    catalog: &'a [E],
    about: impl Fn(&E) -> &About,
    name: &str,
) -> Result<&'a E, Unknown> {
    catalog.iter().find(|entry| about(entry).answers_to(name)).ok_or_else(|| {
        let known: Vec<&str> = catalog.iter().map(|entry| about(entry).name).collect();
        let aliases = catalog.iter().flat_map(|entry| about(entry).aliases.iter().copied());
        let all: Vec<&str> = known.iter().copied().chain(aliases).collect();
        let help = match nearest_name(name, &all) {
            Some(near) => format!("did you mean `{near}`? known are: {}", known.join(", ")),
            None => format!("known are: {}", known.join(", ")),
        };
        Unknown { kind, name: name.to_owned(), help }
    })
}

/// The name that a misspelt one probably means. Class names share most of their letters, so what counts first is
/// the part behind the last dot.
fn nearest_name<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let wanted = name.rsplit('.').next().unwrap_or(name);
    let is_near = |candidate: &&&'a str| nearest(wanted, [last(candidate)]).is_some();
    let near: Vec<&str> = known.iter().filter(is_near).copied().collect();
    // Of several the one whose whole name is nearest; if none is, the names differ in their packages only.
    nearest(name, near.iter().copied()).or_else(|| near.first().copied())
}
