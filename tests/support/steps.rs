//! What steps have of a run, without a run: for pages that tests and benches take through their tasks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use scoopi::internals::date::DatePattern;
use scoopi::internals::fetch::{FetchSettings, Fetcher};
use scoopi::internals::query::Limits;
use scoopi::internals::script::{Sandbox, ScriptLimits};
use scoopi::internals::steps::{Facts, Replacements, ScriptTexts, Services};

use super::no_configs::NoConfigs;

/// Facts of a run whose scripts may take so long, and whose blank facts are replaced by this.
pub(crate) fn facts(script_time: Duration, blank: Option<&str>) -> Arc<Facts> {
    let limits = ScriptLimits { memory: 8 << 20, stack: 256 << 10, time: script_time };
    Arc::new(Facts {
        date_time_pattern: DatePattern::compile("yyyy-MM-dd").unwrap(),
        replacements: Replacements { not_found: "not found".into(), blank: blank.map(Into::into) },
        configs: Arc::new(NoConfigs),
        sandbox: Sandbox::new(limits),
    })
}

/// Services that keep nothing, with room for large pages.
pub(crate) fn services() -> Services {
    let root = PathBuf::from(".");
    Services {
        fetcher: Fetcher::new(FetchSettings::default(), root.clone()).unwrap(),
        keeper: None,
        keep_data: false,
        limits: Limits::default(),
        max_rows: 1_000_000,
        max_cell_bytes: 1 << 20,
        max_row_bytes: 8 << 20,
        root,
        scripts: Arc::new(ScriptTexts::from_disk()),
        run_date_time: Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC),
    }
}
