//! A value that a setting cannot have, and where it was written.
//!
//! The code that reads a setting knows its valid values; this module formats the message for the user.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{shown_proxy, shown_within};

/// Longest value that a message repeats, in bytes.
const LONGEST: usize = 200;

/// The setting whose value may hold a password.
const PROXY: &str = "fetch.proxy";

/// A setting whose value is not valid, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongSetting {
    key: String,
    value: String,
    reason: String,
    origin: Option<String>,
}

impl WrongSetting {
    /// The setting `key`, without `scoopi.`, is `value`; `reason` says in a few words what is wrong or expected.
    #[must_use]
    pub fn new(key: &str, value: impl fmt::Display, reason: impl Into<String>) -> Self {
        let value = value.to_string();
        let value = if key == PROXY { shown_proxy(&value) } else { value };
        let value = shown_within(&value, LONGEST);
        Self { key: key.to_owned(), value: format!("\"{value}\""), reason: reason.into(), origin: None }
    }

    /// Adds where the value was written.
    #[must_use]
    pub fn with_origin(self, origins: &Origins) -> Self {
        let origin = self.origin.or_else(|| origins.get(&self.key).map(str::to_owned));
        Self { origin, ..self }
    }

    /// Converts an error of the library that reads layers.
    pub(super) fn of_layers(error: &config::ConfigError) -> Self {
        let bare = |key: &Option<String>| key.clone().unwrap_or_default();
        match error {
            config::ConfigError::Type { origin, unexpected, expected, key } => {
                let value = shown_within(&unexpected.to_string(), LONGEST).into_owned();
                let (reason, origin) = (format!("expected {expected}"), origin.clone());
                Self { key: bare(key), value, reason, origin }
            }
            config::ConfigError::At { error, origin, key } => {
                let inner = Self::of_layers(error);
                let key = if inner.key.is_empty() { bare(key) } else { inner.key };
                Self { key, origin: inner.origin.or_else(|| origin.clone()), ..inner }
            }
            other => {
                let said = other.to_string();
                let found =
                    said.strip_prefix("invalid value: ").or_else(|| said.strip_prefix("invalid type: "));
                let told = found.and_then(|found| found.split_once(", expected "));
                let (value, reason) = match told {
                    Some((value, expected)) => (value, format!("expected {expected}")),
                    None => ("not valid", said.clone()),
                };
                let shown = |text: &str| shown_within(text, LONGEST).into_owned();
                Self { key: String::new(), value: shown(value), reason: shown(&reason), origin: None }
            }
        }
    }
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, reason, origin } = self;
        let space = if key.is_empty() { "" } else { " " };
        match origin {
            Some(origin) => write!(f, "the setting{space}{key} is {value} ({origin}): {reason}"),
            None => write!(f, "the setting{space}{key} is {value}: {reason}"),
        }
    }
}

/// Where values were written, by key. Defaults do not have an origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Returns where the value of `key` was written.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Notes where the value of `key` was written last.
    pub fn note(&mut self, key: impl Into<String>, origin: impl Into<String>) {
        self.0.insert(key.into(), origin.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_key_value_place_and_what_is_expected() {
        let mut origins = Origins::default();
        origins.note("store.kind", "--set");
        let wrong = WrongSetting::new("store.kind", "foo", "expected one of redb, sled");
        assert_eq!(wrong.to_string(), "the setting store.kind is \"foo\": expected one of redb, sled");
        let told = "the setting store.kind is \"foo\" (--set): expected one of redb, sled";
        assert_eq!(wrong.with_origin(&origins).to_string(), told);
    }

    #[test]
    fn a_value_is_short_harmless_and_without_password() {
        let check = |key: &str, value: &str, expected: &str| {
            let text = WrongSetting::new(key, value, "").to_string();
            assert!(text.contains(expected) && text.len() < 400, "{text}");
        };
        check("fetch.proxy", "ftp://u:p@h", "\"ftp://***@h\"");
        check("fetch.proxy", "u:p@h", "\"***@h\"");
        check("log.dir", "a\u{1b}\n", "\"a\\u{1b}\\n\"");
        check("log.dir", &"x".repeat(10_000), "(9800 bytes more)");
    }
}
