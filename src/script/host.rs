//! What the node tells scripts: the page, and the configuration.
//!
//! Knows the questions that scripts may ask and how the answers are handed over; does not know the settings nor how a
//! date-time is written, which is the business of the implementation of [`Configs`].

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::model::without_user_info;

/// The configuration as scripts see it. Date-times are milliseconds since 1970.
///
/// It is called on the thread of a script, within the time of the script: it must answer from memory.
pub trait Configs: Send + Sync {
    /// The value of a setting as text; `None` where there is no such setting, or it has no value.
    fn get(&self, key: &str) -> Option<String>;

    /// The setting that the author of `key` may have meant.
    fn nearest(&self, key: &str) -> Option<String>;

    /// The date of the run: its date-time at the beginning of its day.
    fn run_date(&self) -> i64;

    /// The date-time of the run.
    fn run_date_time(&self) -> i64;

    /// The date-time that stands for "no end".
    fn high_date(&self) -> i64;

    /// Whether this node runs in a cluster.
    fn is_cluster(&self) -> bool;

    /// The user agent of requests.
    fn user_agent(&self) -> String;

    /// A date-time in the pattern of `scoopi.dateTimePattern`; `None` for a date-time outside of what the
    /// pattern can show. Scripts can ask for any moment within 275,760 years of 1970.
    fn format_date(&self, millis: i64) -> Option<String>;
}

impl fmt::Debug for dyn Configs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configs")
    }
}

/// A page as item scripts see it.
#[derive(Debug, Clone, Copy)]
pub struct PageFacts<'a> {
    /// Name of its locator.
    pub name: &'a str,
    /// Group of its locator.
    pub group: &'a str,
    /// Its URL. Scripts see it without user name and password.
    pub url: &'a str,
    /// When it was fetched, in milliseconds since 1970.
    pub from_date: i64,
    /// Identity of its locator.
    pub locator_id: &'a str,
    /// Identity of the page.
    pub id: &'a str,
    /// Its content; copied into the engine only when a script asks for it.
    pub body: &'a Bytes,
}

/// [`PageFacts`] that may go to another thread.
pub(super) struct OwnedFacts {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) url: String,
    pub(super) from_date: i64,
    pub(super) locator_id: String,
    pub(super) id: String,
    pub(super) body: Bytes,
}

impl From<PageFacts<'_>> for OwnedFacts {
    fn from(facts: PageFacts<'_>) -> Self {
        Self {
            name: facts.name.to_owned(),
            group: facts.group.to_owned(),
            url: without_user_info(facts.url).into_owned(),
            from_date: facts.from_date,
            locator_id: facts.locator_id.to_owned(),
            id: facts.id.to_owned(),
            body: facts.body.clone(),
        }
    }
}

/// A date-time as text; the reason where it cannot be shown. One wording, with and without an engine.
pub(super) fn date_text(configs: &dyn Configs, millis: i64) -> Result<String, String> {
    configs.format_date(millis).ok_or_else(|| {
        format!("the date-time {millis} ms since 1970 cannot be written in scoopi.dateTimePattern")
    })
}

/// Why a setting has no value. One wording, with and without an engine.
pub(super) fn unknown_key(configs: &dyn Configs, key: &str) -> String {
    let key = key.chars().take(200).collect::<String>();
    match configs.nearest(&key) {
        Some(nearest) => {
            format!("there is no setting `{key}`; did you mean `{nearest}`? A default can follow the key")
        }
        None => format!("there is no setting `{key}`; a default can follow the key"),
    }
}

/// Everything that an engine is given when it is made.
pub(super) struct Host {
    /// The configuration.
    pub(super) configs: Arc<dyn Configs>,
    /// The page; none for data scripts.
    pub(super) page: Option<OwnedFacts>,
}
