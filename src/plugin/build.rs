//! A plugin of a definition while it is made: its settings, and where problems with them are reported.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::defs::{Place, PluginDef, Problem, Problems, Setting};

use super::settings::read_settings;

/// The settings of a plugin while it is made, and where problems with them are reported.
#[derive(Debug)]
pub struct PluginBuild<'a> {
    kind: &'static str,
    plugin: &'a PluginDef,
    problems: &'a mut Problems,
}

impl<'a> PluginBuild<'a> {
    /// Makes `plugin`, which messages call a `kind`.
    pub fn new(kind: &'static str, plugin: &'a PluginDef, problems: &'a mut Problems) -> Self {
        Self { kind, plugin, problems }
    }

    /// The name that the definition gives it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.plugin.name
    }

    /// Its settings; `None` if they are wrong, which is reported.
    pub fn settings<S: DeserializeOwned + JsonSchema>(&mut self) -> Option<S> {
        let kind = format!("{} `{}`", self.kind, self.plugin.name);
        read_defined(&kind, &self.plugin.settings, &self.plugin.kind.place, self.problems)
    }

    /// Reports a problem with the setting `key`, at the place of the setting.
    pub fn problem(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let setting = self.plugin.settings.iter().find(|setting| setting.key == key);
        let place = setting.map_or(&self.plugin.kind.place, |setting| &setting.place);
        self.problems.push(Problem::error(place, message, help));
    }
}

/// Reads settings that a definition gives to `kind`, such as "step `load`"; `None` if they are wrong, which is reported
/// at their place, or at `place`.
pub fn read_defined<S: DeserializeOwned + JsonSchema>(
    kind: &str,
    settings: &[Setting],
    place: &Place,
    problems: &mut Problems,
) -> Option<S> {
    let values: Map<String, Value> =
        settings.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect();
    read_settings(values)
        .map_err(|error| {
            let wrong = settings.iter().find(|setting| Some(&setting.key) == error.key.as_ref());
            let place = wrong.map_or(place, |setting| &setting.place);
            problems.push(Problem::error(place, format!("{kind}: {}", error.message), error.help));
        })
        .ok()
}
