//! From definitions and settings to a plan.

use std::path::Path;
use std::sync::Arc;

use jiff::Zoned;

use crate::conf::Settings;
use crate::defs::{self, Place, Problem, Problems, read_folder};
use crate::engine::Plan;
use crate::model::Fingerprint;

use super::facts;
use super::request::{Definitions, RunRequest};
use super::run::RunError;

/// What the composer hands to every node, as it stands in the store.
#[derive(Debug, Clone)]
pub struct Composed {
    /// Effective definitions as JSON.
    pub definitions: Vec<u8>,
    /// Settings as JSON.
    pub settings: Vec<u8>,
    /// Fingerprint of both.
    pub fingerprint: Fingerprint,
}

/// Reads and checks definitions. Gives what was found wrong, which may be warnings only.
///
/// # Errors
/// Settings that cannot be; definitions with errors, all of them.
pub fn check(request: &RunRequest) -> Result<(defs::Definitions, Problems), RunError> {
    let sources = match &request.definitions {
        Definitions::Folder(folder) => read_folder(folder).map_err(RunError::Definitions)?,
        Definitions::Texts(texts) => texts.clone(),
    };
    let (definitions, mut problems) = defs::check(sources, &request.settings.defs.default_steps);
    let Some(definitions) = definitions else { return Err(RunError::Definitions(problems)) };
    let run_date_time = facts::run_date_time(&request.settings)?;
    let (_, found) = plan(&definitions, &request.settings, &run_date_time, &request.root)?;
    problems.extend(found.sorted().into_iter().cloned());
    if problems.has_errors() { Err(RunError::Definitions(problems)) } else { Ok((definitions, problems)) }
}

/// Makes a plan of definitions.
pub(super) fn plan(
    definitions: &defs::Definitions,
    settings: &Settings,
    run_date_time: &Zoned,
    root: &Path,
) -> Result<(Option<Plan>, Problems), RunError> {
    let services = facts::services(settings, run_date_time, root)?;
    let facts = facts::facts(settings, run_date_time)?;
    Ok(Plan::compile(definitions, &services, &Arc::clone(&facts)))
}

impl Composed {
    /// Writes definitions and settings down.
    pub(super) fn new(definitions: &defs::Definitions, settings: &Settings) -> Result<Self, RunError> {
        let json = |error: serde_json::Error| RunError::Internal(error.to_string());
        let definitions = serde_json::to_vec(definitions).map_err(json)?;
        let settings = serde_json::to_vec(settings).map_err(json)?;
        let fingerprint = Fingerprint::of([&definitions[..], &settings[..]]);
        Ok(Self { definitions, settings, fingerprint })
    }

    /// Reads what a run's own log holds. `folder` is named in errors.
    pub(super) fn read(
        definitions: &[u8],
        settings: &[u8],
    ) -> Result<(defs::Definitions, Settings), RunError> {
        let definitions = serde_json::from_slice(definitions);
        let settings = serde_json::from_slice(settings);
        definitions.and_then(|definitions| Ok((definitions, settings?))).map_err(|error| {
            let place = Place::nowhere("the unfinished run");
            let help = "it was written by another version of scoopi: start anew with --fresh";
            let mut problems = Problems::default();
            problems.push(Problem::error(&place, format!("its definitions cannot be read: {error}"), help));
            RunError::Definitions(problems)
        })
    }
}
