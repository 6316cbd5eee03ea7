//! `list`: rows for the program that runs scoopi as a library.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::SinkRows;
use crate::plugin::{About, PluginBuild};
use crate::store::ProjectionError;

use super::delivery::{Deliveries, Delivery};
use super::entry::Entry;
use super::sink::{Cursor, Opening, Sink, Target};

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

fn make(build: &mut PluginBuild<'_>) -> Option<Arc<dyn Target>> {
    let settings: Settings = build.settings()?;
    Some(Arc::new(ListTarget(settings.list.unwrap_or_else(|| build.name().to_owned()))))
}

/// A list of this name.
#[derive(Debug)]
struct ListTarget(String);

impl Target for ListTarget {
    fn name(&self) -> String {
        format!("list {}", self.0)
    }

    fn open(&self, opening: &Opening<'_>) -> Result<Box<dyn Sink>, ProjectionError> {
        Ok(Box::new(ListSink { list: self.0.clone(), deliveries: opening.deliveries.cloned() }))
    }
}

struct ListSink {
    list: String,
    /// None if the program does not want rows.
    deliveries: Option<Deliveries>,
}

impl Sink for ListSink {
    fn place(&self) -> String {
        format!("list {}", self.list)
    }

    fn write(&mut self, rows: &SinkRows) -> Result<(), ProjectionError> {
        if let Some(deliveries) = &self.deliveries {
            let (list, bytes) = (self.list.clone(), rows.bytes.clone());
            deliveries.push(Delivery { list, count: rows.count, bytes });
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<Cursor, ProjectionError> {
        Ok(vec![])
    }
}

/// A target of this name.
#[cfg(test)]
pub(super) fn target(name: &str) -> Arc<dyn Target> {
    Arc::new(ListTarget(name.to_owned()))
}
