//! Making steps of definitions: names become values here, and nowhere else.
//!
//! Everything that can be wrong with a step is found while it is made, and all of it is collected, so that
//! a run cannot meet an unknown name.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Zoned;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::defs::{DataDef, Place, PluginDef, Problem, Problems, Setting, Spanned, StepDef, TaskGroup};
use crate::fetch::Fetcher;
use crate::persist::Keeper;
use crate::plugin::{About, PluginBuild, find, read_defined};
use crate::query::Limits;
use crate::sinks::Sinks;

use super::loader::Loader;
use super::{Facts, ScriptTexts, Station, Step};

/// A kind of step.
pub struct Entry {
    /// Its name, its settings.
    pub about: About,
    /// Where in the flow it belongs.
    pub station: Station,
    /// Old names that also give a setting its value: (name, key, value).
    pub variants: Variants,
    /// Makes one; `None` when it cannot be made, with the reason in `build.problems`.
    pub make: fn(&mut Build<'_>) -> Option<Made>,
}

/// Old names of a step that also give a setting its value: (name, key, value).
pub type Variants = &'static [(&'static str, &'static str, &'static str)];

/// A step, ready to work.
pub enum Made {
    /// It gets the page.
    Loader(Arc<dyn Loader>),
    /// It works on it.
    Step(Box<dyn Step>),
    /// It stands for what happens before there is a page.
    Seeder,
}

/// What steps work with.
pub struct Services {
    /// Gets bytes.
    pub fetcher: Fetcher,
    /// Keeps pages and parsed data, if that is switched on.
    pub keeper: Option<Arc<Keeper>>,
    /// Whether parsed data may be kept.
    pub keep_data: bool,
    /// What a page may cost.
    pub limits: Limits,
    /// Most rows of one task on one page.
    pub max_rows: usize,
    /// Most bytes of the value of an item, dim or fact.
    pub max_cell_bytes: usize,
    /// Most bytes of rows of one task on one page; for their texts, and for the encoded rows.
    pub max_row_bytes: usize,
    /// Where resource paths begin.
    pub root: PathBuf,
    /// Scripts that definitions name.
    pub scripts: Arc<ScriptTexts>,
    /// The date-time of the run.
    pub run_date_time: Zoned,
}

/// Everything at hand while a step is made.
pub struct Build<'a> {
    /// The step as it was defined.
    pub step: &'a StepDef,
    /// Names of the step that also give a setting its value: see [`Entry::variants`].
    pub variants: Variants,
    /// The group whose pages it works on.
    pub group: &'a TaskGroup,
    /// Whether the task wants its parsed data kept.
    pub persist_data: bool,
    /// The step of the task that turns values into links, if it has one.
    pub links: Option<&'a StepDef>,
    /// What to take from the page.
    pub data_def: Option<&'a DataDef>,
    /// What is taken from any page.
    pub data_defs: &'a [DataDef],
    /// What steps work with.
    pub services: &'a Services,
    /// What is the same for all pages.
    pub facts: &'a Arc<Facts>,
    /// Where rows go.
    pub sinks: &'a mut Sinks,
    /// What is wrong.
    pub problems: &'a mut Problems,
}

impl Build<'_> {
    /// The settings of the step; `None` if they are wrong.
    pub fn settings<S: DeserializeOwned + JsonSchema>(&mut self) -> Option<S> {
        let name = self.step.kind.value.as_str();
        let preset = self.variants.iter().find(|(known, ..)| *known == name);
        let mut settings = self.step.settings.clone();
        if let Some((_, key, value)) =
            preset.filter(|(_, key, _)| settings.iter().all(|setting| setting.key != *key))
        {
            let place = self.step.kind.place.clone();
            settings.push(Setting { key: (*key).to_owned(), value: Value::from(*value), place });
        }
        let kind = format!("step `{}`", self.step.name);
        read_defined(&kind, &settings, &self.step.kind.place, self.problems)
    }

    /// The settings of one of the step's plugins; `None` if they are wrong.
    pub fn plugin_settings<S: DeserializeOwned + JsonSchema>(
        &mut self,
        kind: &'static str,
        plugin: &PluginDef,
    ) -> Option<S> {
        PluginBuild::new(kind, plugin, self.problems).settings()
    }

    /// Finds a plugin in a catalogue; `None` if there is none of that name.
    pub fn find_plugin<'c, E>(
        &mut self,
        kind: &'static str,
        catalog: &'c [E],
        about: impl Fn(&E) -> &About,
        name: &Spanned<String>,
    ) -> Option<&'c E> {
        find(kind, catalog, about, &name.value)
            .map_err(|unknown| {
                self.problems.push(Problem::error(&name.place, unknown.to_string(), unknown.help))
            })
            .ok()
    }

    /// Reports something wrong with a setting of a plugin, at the place of the setting.
    pub fn setting_problem(
        &mut self,
        plugin: &PluginDef,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        PluginBuild::new("plugin", plugin, self.problems).problem(key, message, help);
    }

    /// Reports something wrong with the step.
    pub fn problem(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::error(place, message, help));
    }

    /// What keeps parsed data of this task, if anything does.
    pub(super) fn keeper(&self) -> Option<Arc<Keeper>> {
        let wanted = self.services.keep_data && self.persist_data && self.group.live.is_some();
        self.services.keeper.clone().filter(|_| wanted)
    }
}
