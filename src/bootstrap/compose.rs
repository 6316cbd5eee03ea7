//! From definitions and settings to a plan.

use std::path::Path;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::Zoned;

use crate::conf::Settings;
use crate::defs::{self, Place, Problem, Problems, read_folder};
use crate::engine::Plan;
use crate::model::Fingerprint;
use crate::steps::ScriptTexts;

use super::facts;
use super::pool_names::unused_pools;
use super::request::{Definitions, RunRequest};
use super::run::RunError;
use super::settings_check::check_settings;

/// What the composer hands to every node, as it stands in the store.
#[derive(Debug, Clone)]
pub struct Composed {
    /// Effective definitions as JSON.
    pub definitions: Vec<u8>,
    /// Settings as JSON.
    pub settings: Vec<u8>,
    /// The scripts that definitions name, as JSON.
    pub scripts: Vec<u8>,
    /// Fingerprint of all.
    pub fingerprint: Fingerprint,
}

/// Checks settings, reads and checks definitions. Returns the problems found, which may be warnings only.
///
/// # Errors
/// Settings that cannot be; definitions with errors, all of them.
pub fn check(request: &RunRequest) -> Result<(defs::Definitions, Problems), RunError> {
    let request = &request.clone().with_mode_in_settings();
    check_settings(&request.settings, &request.origins)?;
    let sources = match &request.definitions {
        Definitions::Folder(folder) => read_folder(folder).map_err(RunError::Definitions)?,
        Definitions::Texts(texts) => texts.clone(),
    };
    let (definitions, mut problems) = defs::check(sources, &request.settings.defs.default_steps);
    let Some(definitions) = definitions else { return Err(RunError::Definitions(problems)) };
    let run_date_time = facts::run_date_time(&request.settings)?;
    let scripts = Arc::new(ScriptTexts::from_disk());
    let (made, found) = plan(&definitions, &request.settings, &run_date_time, &request.root, &scripts)?;
    problems.extend(found.sorted().into_iter().cloned());
    if let Some(made) = &made {
        problems.extend(unused_pools(&request.settings, &request.origins, made));
    }
    if problems.has_errors() { Err(RunError::Definitions(problems)) } else { Ok((definitions, problems)) }
}

/// Makes a plan of definitions.
pub(super) fn plan(
    definitions: &defs::Definitions,
    settings: &Settings,
    run_date_time: &Zoned,
    root: &Path,
    scripts: &Arc<ScriptTexts>,
) -> Result<(Option<Plan>, Problems), RunError> {
    let services = facts::services(settings, run_date_time, root, scripts)?;
    let facts = facts::facts(settings, run_date_time)?;
    Ok(Plan::compile(definitions, &services, &Arc::clone(&facts)))
}

/// Keys of the values that a run is made of.
const DEFINITIONS: &str = "definitions";
const SETTINGS: &str = "settings";
const SCRIPTS: &str = "scripts";

/// What was composed, as it was read back.
pub(super) struct Stored {
    pub(super) definitions: defs::Definitions,
    pub(super) settings: Settings,
    pub(super) scripts: Arc<ScriptTexts>,
}

impl Composed {
    /// Writes definitions, settings and scripts down.
    pub(super) fn new(
        definitions: &defs::Definitions,
        settings: &Settings,
        scripts: &ScriptTexts,
    ) -> Result<Self, RunError> {
        let json = |error: serde_json::Error| RunError::Internal(error.to_string());
        let definitions = serde_json::to_vec(definitions).map_err(json)?;
        // Each node, and each resumed run, takes secrets from its own configuration.
        let settings = serde_json::to_vec(&settings.without_secrets()).map_err(json)?;
        let scripts = serde_json::to_vec(&scripts.all()).map_err(json)?;
        let fingerprint = Fingerprint::of([&definitions[..], &settings[..], &scripts[..]]);
        Ok(Self { definitions, settings, scripts, fingerprint })
    }

    /// The values, by the keys that they have in the store.
    pub(super) fn entries(self) -> Vec<(CompactString, Vec<u8>)> {
        vec![
            (DEFINITIONS.into(), self.definitions),
            (SETTINGS.into(), self.settings),
            (SCRIPTS.into(), self.scripts),
        ]
    }

    /// Reads what a store holds.
    pub(super) fn read(value: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Stored, RunError> {
        let read = || -> Result<Stored, serde_json::Error> {
            let definitions = serde_json::from_slice(&value(DEFINITIONS).unwrap_or_default())?;
            let settings = serde_json::from_slice(&value(SETTINGS).unwrap_or_default())?;
            let scripts = match value(SCRIPTS) {
                Some(scripts) => ScriptTexts::given(serde_json::from_slice(&scripts)?),
                None => ScriptTexts::from_disk(),
            };
            Ok(Stored { definitions, settings, scripts: Arc::new(scripts) })
        };
        read().map_err(|error| {
            let place = Place::nowhere("the unfinished run");
            let help = "it was written by another version of scoopi: start anew with --fresh";
            let mut problems = Problems::default();
            problems.push(Problem::error(&place, format!("its definitions cannot be read: {error}"), help));
            RunError::Definitions(problems)
        })
    }
}
