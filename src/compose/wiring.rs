//! What settings mean: dates, limits and services made of them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::api::RunError;
use crate::conf::Settings;
use crate::date::{DatePattern, RunTimes};
use crate::fetch::{FetchSettings, Fetcher};
use crate::persist::Keeper;
use crate::query::Limits;
use crate::script::{Sandbox, ScriptLimits};
use crate::steps::{Facts, Replacements, ScriptTexts, Services};
use crate::store::log::{Durability, LogKind};

use super::configs::RunConfigs;

/// The zone that settings name, or that of the machine.
pub(crate) fn zone(settings: &Settings) -> Result<TimeZone, RunError> {
    match &settings.time_zone {
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|error| {
            RunError::Settings(format!("scoopi.timeZone `{name}`: {error}; write one such as Europe/Berlin"))
        }),
    }
}

/// The date-time of a run that begins now, or at the time that settings fix; whole seconds.
pub(super) fn run_date_time(settings: &Settings) -> Result<Zoned, RunError> {
    let (zone, pattern) = (zone(settings)?, pattern(settings)?);
    let now = Timestamp::now().to_zoned(zone.clone());
    let times = match &settings.run_date_time_text {
        None => RunTimes::from_millis(now.timestamp().as_millisecond(), zone),
        Some(text) => RunTimes::from_text(text, &pattern, &zone, &now),
    };
    let times = times.map_err(|error| RunError::Settings(format!("scoopi.runDateTimeText: {error}")))?;
    Ok(times.date_time().clone())
}

/// The pattern of date-times.
pub(super) fn pattern(settings: &Settings) -> Result<DatePattern, RunError> {
    DatePattern::compile(&settings.date_time_pattern)
        .map_err(|error| RunError::Settings(format!("scoopi.dateTimePattern: {error}")))
}

/// What is the same for all pages.
pub(super) fn facts(settings: &Settings, run_date_time: &Zoned) -> Result<Arc<Facts>, RunError> {
    let replacements = Replacements {
        not_found: settings.fact.not_found.replace_with.as_str().into(),
        blank: settings.fact.blank.replace.then(|| settings.fact.blank.replace_with.as_str().into()),
    };
    let limits = ScriptLimits {
        memory: bytes(settings.script.memory),
        stack: bytes(settings.script.stack),
        time: Duration::from_millis(settings.script.time),
    };
    Ok(Arc::new(Facts {
        date_time_pattern: pattern(settings)?,
        replacements,
        configs: Arc::new(RunConfigs::new(
            settings,
            run_date_time,
            pattern(settings)?,
            fetch_settings(settings)?.user_agent,
        )?),
        sandbox: Sandbox::new(limits),
    }))
}

/// What steps work with.
pub(super) fn services(
    settings: &Settings,
    run_date_time: &Zoned,
    root: &Path,
    scripts: &Arc<ScriptTexts>,
) -> Result<Services, RunError> {
    let fetcher = Fetcher::new(fetch_settings(settings)?, root.to_owned())
        .map_err(|error| RunError::Settings(error.to_string()))?;
    let keeper = (settings.datastore.enable && settings.persist.locator).then(|| {
        let default = || Path::new(&settings.store.dir).join("pages");
        Arc::new(Keeper::new(settings.datastore.path.as_ref().map_or_else(default, PathBuf::from)))
    });
    if settings.appender.max_row_bytes > 32 << 20 {
        return Err(RunError::Settings("scoopi.appender.maxRowBytes is more than 32 MiB".to_owned()));
    }
    Ok(Services {
        fetcher,
        keeper,
        keep_data: settings.datastore.enable && settings.persist.data,
        limits: limits(settings),
        max_rows: settings.parse.max_rows as usize,
        max_cell_bytes: bytes(settings.parse.max_cell_bytes),
        max_row_bytes: bytes(settings.appender.max_row_bytes),
        root: root.to_owned(),
        scripts: Arc::clone(scripts),
        run_date_time: run_date_time.clone(),
    })
}

/// What a page may cost.
#[must_use]
pub fn limits(settings: &Settings) -> Limits {
    Limits { depth: settings.page.depth, nodes: settings.page.nodes, visits: settings.query.visits }
}

/// How pages are fetched.
///
/// # Errors
/// A setting that leaves nothing to fetch with.
pub fn fetch_settings(settings: &Settings) -> Result<FetchSettings, RunError> {
    let parallelism = NonZeroUsize::new(settings.loader.fetch.parallelism as usize).ok_or_else(|| {
        RunError::Settings("scoopi.loader.fetch.parallelism is 0: nothing could be fetched".to_owned())
    })?;
    let (fetch, millis) = (&settings.fetch, Duration::from_millis);
    let defaults = FetchSettings::default();
    Ok(FetchSettings {
        connect_timeout: millis(fetch.timeout.connect),
        first_byte_timeout: millis(fetch.timeout.first_byte),
        idle_timeout: millis(fetch.timeout.idle),
        total_timeout: millis(fetch.timeout.total),
        max_redirects: fetch.max_redirects as usize,
        max_body: bytes(fetch.max_body),
        parallelism,
        delay: millis(settings.loader.fetch.delay),
        max_retry_after: Duration::from_secs(fetch.max_retry_after),
        user_agent: settings.web_client.user_agent.clone().unwrap_or(defaults.user_agent),
        cookies: fetch.cookies,
        proxy: fetch.proxy.clone(),
    })
}

fn bytes(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What the log lies on, and what it survives.
pub(crate) fn log_settings(settings: &Settings) -> Result<(LogKind, Durability), RunError> {
    let kind = settings
        .store
        .kind
        .parse::<LogKind>()
        .map_err(|error| RunError::Settings(format!("scoopi.store.kind: {error}")))?;
    let durability = match settings.store.durability.as_str() {
        "fsync" => Durability::Fsync,
        "process" => Durability::Process,
        other => {
            return Err(RunError::Settings(format!(
                "scoopi.store.durability is `{other}`: write fsync or process"
            )));
        }
    };
    Ok((kind, durability))
}
