//! Makes rows of data: the end of a chain that gives output.
//!
//! Knows encoders and appenders. Writes nothing: rows travel inside the decision that ends their job, and the
//! projection of the log writes them down.

mod appender;
pub mod encoder;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Rows, SinkRows, Source};
use crate::plugin::About;
use crate::sinks::CATALOG;

use super::{Build, Entry, Made, Outcome, Payload, Station, Step, StepError};
use encoder::Encoder;

/// The step `appender` has no settings but its plugins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue of steps.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "appender",
        &["org.codetab.scoopi.step.load.DataAppender"],
        "makes rows of the data and commits them with the job",
    ),
    station: Station::Append,
    variants: &[],
    make,
};

fn make(build: &mut Build<'_>) -> Option<Made> {
    let Settings {} = build.settings()?;
    let step = build.step;
    if step.plugins.is_empty() {
        let help = "give it at least one, such as `file`";
        build.problem(&step.kind.place, format!("step `{}` has no plugins", step.name), help);
    }
    // All are made before it is asked whether all could be made: each tells its own problems.
    let outputs: Vec<Option<Output>> = step
        .plugins
        .iter()
        .map(|plugin| {
            let entry = build.find_plugin("appender", CATALOG, |entry| &entry.about, &plugin.kind)?;
            let Some(encoder) = encoder::of_appender(build, plugin) else {
                appender::check(entry, build, plugin);
                return None;
            };
            let sink = appender::sink(entry, build, plugin, &*encoder)?;
            Some(Output { sink, encoder })
        })
        .collect();
    let outputs: Option<Vec<Output>> = outputs.into_iter().collect();
    Some(Made::Step(Box::new(Appender { outputs: outputs?, max_bytes: build.services.max_row_bytes })))
}

struct Output {
    sink: u32,
    encoder: Box<dyn Encoder>,
}

/// The step `appender`.
struct Appender {
    outputs: Vec<Output>,
    max_bytes: usize,
}

impl Step for Appender {
    fn run(&self, _source: &Arc<Source>, payload: Payload) -> Result<Outcome, StepError> {
        let data = payload.data()?;
        let mut rows = Rows::default();
        for output in &self.outputs {
            let mut bytes = Vec::new();
            let count = output.encoder.encode(&data, self.max_bytes, &mut bytes).map_err(|_full| {
                StepError::fatal(format!(
                    "the rows of dataDef `{}` have more than {} bytes (limit `scoopi.appender.maxRowBytes`)",
                    data.shape.name, self.max_bytes
                ))
            })?;
            if count > 0 {
                rows.parts.push(SinkRows { sink: output.sink, count, bytes });
            }
        }
        Ok(Outcome::Rows(rows, data))
    }
}
