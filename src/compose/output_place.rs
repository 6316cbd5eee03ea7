//! Where the rows of a run go, by its settings and its date-time.

use std::path::PathBuf;

use jiff::Zoned;

use crate::api::RunError;
use crate::conf::Settings;
use crate::date::RunTimes;
use crate::sinks::OutputPlace;

/// Where output goes.
pub(crate) fn output_place(settings: &Settings, run_date_time: &Zoned) -> Result<OutputPlace, RunError> {
    let times =
        RunTimes::from_millis(run_date_time.timestamp().as_millisecond(), run_date_time.time_zone().clone());
    let stamp = times.map_err(|error| RunError::Settings(error.to_string()))?.output_dir();
    let base = PathBuf::from(&settings.appender.file.base_dir);
    let folder = if base.as_os_str().is_empty() { PathBuf::from("output") } else { base.clone() };
    Ok(OutputPlace { base, stamp, failed: folder.join("failed.ndjson") })
}
