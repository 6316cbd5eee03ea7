//! From definitions and settings to a plan.
//!
//! Knows what is checked before a run. Does not know whether a run follows.

use std::path::Path;
use std::sync::Arc;

use jiff::Zoned;

use crate::api::{Definitions, RunError, RunRequest};
use crate::conf::Settings;
use crate::defs::{self, Problems, read_folder};
use crate::engine::Plan;
use crate::steps::ScriptTexts;

use super::pool_names::unused_pools;
use super::settings_check::check_settings;
use super::wiring;

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
    let run_date_time = wiring::run_date_time(&request.settings)?;
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
    let services = wiring::services(settings, run_date_time, root, scripts)?;
    let facts = wiring::facts(settings, run_date_time)?;
    Ok(Plan::compile(definitions, &services, &Arc::clone(&facts)))
}
