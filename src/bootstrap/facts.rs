//! What settings mean: dates, limits and services made of them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::conf::Settings;
use crate::date::{DatePattern, RunTimes, high_date};
use crate::fetch::{FetchSettings, Fetcher};
use crate::model::nearest;
use crate::persist::Keeper;
use crate::query::Limits;
use crate::script::{Configs, Sandbox, ScriptLimits};
use crate::steps::{Facts, Replacements, ScriptTexts, Services};

use super::run::RunError;

/// The zone that settings name, or that of the machine.
pub(super) fn zone(settings: &Settings) -> Result<TimeZone, RunError> {
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
    DatePattern::compile(&settings.date_time_pattern.0)
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
        configs: Arc::new(RunConfigs::new(settings, run_date_time)?),
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

/// The configuration as scripts see it.
struct RunConfigs {
    values: BTreeMap<String, String>,
    pattern: DatePattern,
    run_date_time: Zoned,
    run_date: i64,
    high_date: i64,
    is_cluster: bool,
    user_agent: String,
}

impl RunConfigs {
    fn new(settings: &Settings, run_date_time: &Zoned) -> Result<Self, RunError> {
        let high = high_date(&settings.high_date.0, run_date_time.time_zone())
            .map_err(|error| RunError::Settings(format!("scoopi.highDate: {error}")))?;
        let start = run_date_time.start_of_day().map_err(|error| RunError::Settings(error.to_string()))?;
        let mut values = BTreeMap::new();
        flatten("scoopi", &serde_json::to_value(settings.without_secrets()).unwrap_or_default(), &mut values);
        Ok(Self {
            values,
            pattern: pattern(settings)?,
            run_date_time: run_date_time.clone(),
            run_date: start.timestamp().as_millisecond(),
            high_date: high.timestamp().as_millisecond(),
            is_cluster: settings.cluster.enable,
            user_agent: fetch_settings(settings)?.user_agent,
        })
    }
}

impl Configs for RunConfigs {
    fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).or_else(|| self.values.get(&format!("scoopi.{key}"))).cloned()
    }

    fn nearest(&self, key: &str) -> Option<String> {
        nearest(key, self.values.keys().map(String::as_str)).map(str::to_owned)
    }

    fn run_date(&self) -> i64 {
        self.run_date
    }

    fn run_date_time(&self) -> i64 {
        self.run_date_time.timestamp().as_millisecond()
    }

    fn high_date(&self) -> i64 {
        self.high_date
    }

    fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    fn user_agent(&self) -> String {
        self.user_agent.clone()
    }

    fn format_date(&self, millis: i64) -> Option<String> {
        let time = Timestamp::from_millisecond(millis).ok()?;
        Some(self.pattern.format(&time.to_zoned(self.run_date_time.time_zone().clone())))
    }
}

/// Adds every value below `key` under its full key.
pub(super) fn flatten(key: &str, value: &serde_json::Value, values: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, values));
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => {
            values.insert(key.to_owned(), text.clone());
        }
        other => {
            values.insert(key.to_owned(), other.to_string());
        }
    }
}
