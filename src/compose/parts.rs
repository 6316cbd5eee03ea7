//! What a run is made of: settings, a plan, and when it begins.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{Span, Timestamp, Zoned};

use crate::api::{Mode, RunError, RunRequest};
use crate::conf::Settings;
use crate::defs::{Definitions, Problems};
use crate::engine::Plan;
use crate::model::{Fingerprint, RunId};
use crate::steps::ScriptTexts;
use crate::store::machine::Run;

use super::check::{check, plan};
use super::output_place::output_place;
use super::published::Composed;
use super::rules::rules;
use super::wiring;

/// The values that a run is started with.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) plan: Plan,
    pub(crate) warnings: Problems,
    pub(crate) run_date_time: Zoned,
    /// What a new run publishes.
    pub(crate) composed: Option<Composed>,
}

impl Parts {
    /// A new run.
    pub(crate) fn of_request(request: &RunRequest) -> Result<Self, RunError> {
        let settings = request.settings.clone();
        let (definitions, warnings) = check(request)?;
        let scripts = Arc::new(ScriptTexts::from_disk());
        let mut run_date_time = wiring::run_date_time(&settings)?;
        let plan = loop {
            let (plan, problems) = plan(&definitions, &settings, &run_date_time, &request.root, &scripts)?;
            let plan = plan.ok_or(RunError::Definitions(problems))?;
            if settings.run_date_time_text.is_some()
                || !plan.sinks().are_taken(&output_place(&settings, &run_date_time)?)
            {
                break plan;
            }
            // Another run began in the same second: its output stays as it is.
            run_date_time = run_date_time
                .checked_add(Span::new().seconds(1))
                .map_err(|error| RunError::Internal(error.to_string()))?;
        };
        let composed = Composed::new(&definitions, &settings, &scripts)?;
        Ok(Self { settings, plan, warnings, run_date_time, composed: Some(composed) })
    }

    /// A run that was composed before, or by another node. `date_time` in milliseconds since 1970.
    pub(crate) fn of_stored(
        definitions: &Definitions,
        settings: Settings,
        scripts: &Arc<ScriptTexts>,
        date_time: i64,
        warnings: Problems,
        root: &Path,
    ) -> Result<Self, RunError> {
        let run_date_time = Timestamp::from_millisecond(date_time)
            .map_err(|error| RunError::Internal(error.to_string()))?
            .to_zoned(wiring::zone(&settings)?);
        let (plan, problems) = plan(definitions, &settings, &run_date_time, root, scripts)?;
        let plan = plan.ok_or(RunError::Definitions(problems))?;
        Ok(Self { settings, plan, warnings, run_date_time, composed: None })
    }
}

/// The first command of a run.
pub(crate) fn new_run(settings: &Settings, run_date_time: &Zoned, fingerprint: Fingerprint) -> Run {
    let date_time = run_date_time.timestamp().as_millisecond();
    let mode = if settings.cluster.enable { Mode::Cluster } else { Mode::Solo };
    Run { id: run_id(fingerprint, date_time), date_time, fingerprint, rules: rules(settings, mode) }
}

/// An id that no other run has: what it does, when it begins by its own clock and by that of the machine.
fn run_id(fingerprint: Fingerprint, date_time: i64) -> RunId {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let process = std::process::id();
    RunId(
        Fingerprint::of([
            &fingerprint.0[..],
            &date_time.to_le_bytes(),
            &since.as_nanos().to_le_bytes(),
            &process.to_le_bytes(),
        ])
        .0,
    )
}
