//! The step `script`: hands the data to functions written in JavaScript.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::PluginDef;
use crate::model::Data;
use crate::plugin::About;
use crate::script::{DataScript, SourceText};
use crate::steps::{Build, DataStep, Entry, Made, Station, StepError};

/// The one plugin that the step has.
pub const CATALOG: &[About] = &[About::new::<Settings>(
    "script",
    &["org.codetab.scoopi.plugin.script.BasicScript", "org.codetab.scoopi.plugin.script.DomScript"],
    "calls a function of a script file with the data",
)];

/// Settings of a script.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    /// The file with the script, below the working directory.
    #[serde(default)]
    file: Option<String>,
    /// In old definitions, the same as `file`.
    #[serde(default)]
    script: Option<String>,
    /// More files, evaluated after it.
    #[serde(default)]
    scripts: Vec<String>,
    /// The function that is called with the data and returns it.
    #[serde(default = "execute")]
    entry_point: String,
}

fn execute() -> String {
    "execute".to_owned()
}

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<NoSettings>(
        "script",
        &["scripter", "org.codetab.scoopi.step.script.Scripter"],
        "hands the data to functions written in JavaScript",
    ),
    station: Station::Process,
    variants: &[],
    make,
};

/// The step `script` has no settings but its plugins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

fn make(build: &mut Build<'_>) -> Option<Made> {
    let NoSettings {} = build.settings()?;
    let step = build.step;
    if step.plugins.is_empty() {
        let help = "name a script file: `script: { file: clean.js }`";
        build.problem(&step.kind.place, format!("step `{}` has no script", step.name), help);
    }
    // All are made before it is asked whether all could be made: each tells its own problems.
    let scripts: Vec<Option<DataScript>> = step.plugins.iter().map(|plugin| script(build, plugin)).collect();
    let scripts: Option<Vec<DataScript>> = scripts.into_iter().collect();
    Some(Made::Step(Box::new(ScriptStep { scripts: scripts? })))
}

fn script(build: &mut Build<'_>, plugin: &PluginDef) -> Option<DataScript> {
    build.find_plugin("script plugin", CATALOG, |about| about, &plugin.kind)?;
    let settings: Settings = build.plugin_settings("script", plugin)?;
    let Some(file) = settings.file.or(settings.script) else {
        build.problem(
            &plugin.kind.place,
            format!("script `{}` names no file", plugin.name),
            "add `file: clean.js`",
        );
        return None;
    };
    let mut problems = vec![];
    let mut texts: Vec<SourceText> = std::iter::once(&file)
        .chain(&settings.scripts)
        .filter_map(|name| {
            let text = build
                .services
                .scripts
                .text(&build.services.root, name)
                .map_err(|error| problems.push(format!("script file `{name}`: {error}")));
            Some(SourceText { name: name.clone(), text: text.ok()? })
        })
        .collect();
    if !problems.is_empty() {
        for problem in problems {
            build.problem(
                &plugin.kind.place,
                problem,
                "paths of script files begin at the working directory",
            );
        }
        return None;
    }
    let more = texts.split_off(1);
    let main = texts.pop()?;
    let configs = Arc::clone(&build.facts.configs);
    DataScript::load(&build.facts.sandbox, configs, main, more, &settings.entry_point)
        .map_err(|error| build.problem(&plugin.kind.place, error.to_string(), ""))
        .ok()
}

/// The step `script`.
struct ScriptStep {
    scripts: Vec<DataScript>,
}

impl DataStep for ScriptStep {
    fn process(&self, mut data: Data) -> Result<Data, StepError> {
        for script in &self.scripts {
            script.call(&mut data).map_err(|error| StepError::fatal(error.to_string()))?;
        }
        Ok(data)
    }

    fn may_wait(&self) -> bool {
        true
    }
}
