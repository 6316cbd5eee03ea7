//! The configuration as scripts see it: every setting by its key, and the dates of the run.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};

use crate::api::RunError;
use crate::conf::Settings;
use crate::date::{DatePattern, high_date};
use crate::model::nearest;
use crate::script::Configs;

/// The configuration as scripts see it.
pub(super) struct RunConfigs {
    values: BTreeMap<String, String>,
    pattern: DatePattern,
    run_date_time: Zoned,
    run_date: i64,
    high_date: i64,
    is_cluster: bool,
    user_agent: String,
}

impl RunConfigs {
    pub(super) fn new(
        settings: &Settings,
        run_date_time: &Zoned,
        pattern: DatePattern,
        user_agent: String,
    ) -> Result<Self, RunError> {
        let high = high_date(&settings.high_date, run_date_time.time_zone())
            .map_err(|error| RunError::Settings(format!("scoopi.highDate: {error}")))?;
        let start = run_date_time.start_of_day().map_err(|error| RunError::Settings(error.to_string()))?;
        let mut values = BTreeMap::new();
        flatten("scoopi", &serde_json::to_value(settings.without_secrets()).unwrap_or_default(), &mut values);
        Ok(Self {
            values,
            pattern,
            run_date_time: run_date_time.clone(),
            run_date: start.timestamp().as_millisecond(),
            high_date: high.timestamp().as_millisecond(),
            is_cluster: settings.cluster.enable,
            user_agent,
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
