//! `list`: rows for the program that runs scoopi as a library.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::PluginDef;
use crate::plugin::About;
use crate::steps::{Build, SinkTarget};

use super::Entry;

/// Settings of the appender `list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Name that the rows carry; that of the plugin if it is not given.
    #[serde(default)]
    list: Option<String>,
    /// Accepted for old definitions, without effect: rows are committed with their job.
    #[serde(default, rename = "queueSize")]
    #[schemars(rename = "queueSize")]
    _queue_size: Option<serde_json::Value>,
}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "list",
        &["org.codetab.scoopi.plugin.appender.ListAppender"],
        "hands rows to the program that runs scoopi as a library",
    ),
    make,
};

fn make(build: &mut Build<'_>, plugin: &PluginDef) -> Option<SinkTarget> {
    let settings: Settings = build.plugin_settings("appender", plugin)?;
    Some(SinkTarget::List(settings.list.unwrap_or_else(|| plugin.name.clone())))
}
