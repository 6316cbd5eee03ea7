//! The step `converter`, and its plugins: each changes the values of one item or dim.

mod date_formater;
mod date_roller;

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Zoned;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::date::DateError;
use crate::defs::{DataDef, PluginDef};
use crate::model::{CellText, Data};
use crate::plugin::{self, About};
use crate::steps::{Build, DataStep, Entry as StepEntry, Made, Station, StepError};

/// Converts one value. Pure: the current time is passed in.
pub trait Converter: Send + Sync {
    /// Returns the new value.
    ///
    /// # Errors
    /// The value cannot be converted.
    fn convert(&self, value: &str) -> Result<CompactString, String>;
}

/// A kind of converter.
pub type Entry = plugin::Entry<fn(&mut Build<'_>, &PluginDef) -> Option<Named>>;

/// A converter, and the name of the item or dim that it is for.
type Named = (String, Box<dyn Converter>);

/// Every converter, by the name users write. Add yours here.
#[rustfmt::skip] // one per line, so that two additions do not conflict
pub const CATALOG: &[Entry] = &[
    date_roller::ENTRY,
    date_formater::ENTRY,
];

/// The step `converter` has no settings but its plugins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue of steps.
pub(in crate::steps) const ENTRY: StepEntry = StepEntry {
    about: About::new::<Settings>(
        "converter",
        &["org.codetab.scoopi.step.process.DataConverter"],
        "changes values of items or dims with its plugins, in the order in which they are written",
    ),
    station: Station::Process,
    variants: &[],
    make,
};

fn make(build: &mut Build<'_>) -> Option<Made> {
    let Settings {} = build.settings()?;
    let data_def = build.data_def?;
    let step = build.step;
    if step.plugins.is_empty() {
        let help = "give it at least one, such as `dateRoller`, or leave the step out";
        build.problem(&step.kind.place, format!("step `{}` has no plugins", step.name), help);
    }
    let made = step.plugins.iter().map(|plugin| {
        let entry = build.find_plugin("converter", CATALOG, |entry| &entry.about, &plugin.kind)?;
        let (item, converter) = (entry.make)(build, plugin)?;
        if !has_axis(data_def, &item) {
            let known: Vec<&str> =
                data_def.items.iter().chain(&data_def.dims).map(|item| item.name.value.as_str()).collect();
            let message = format!(
                "converter `{}`: dataDef `{}` has no item or dim `{item}`",
                plugin.name, data_def.name.value
            );
            build.setting_problem(plugin, "item", message, format!("known are: {}", known.join(", ")));
        }
        Some(Use { item: item.into(), name: plugin.name.clone(), converter })
    });
    // All are made before it is asked whether all could be made: each tells its own problems.
    let made: Vec<Option<Use>> = made.collect();
    let uses: Option<Vec<Use>> = made.into_iter().collect();
    Some(Made::Step(Box::new(DataConverter { uses: uses? })))
}

/// What was compiled of the setting `key`; `None` if it could not be, which is reported.
fn compiled<T>(
    build: &mut Build<'_>,
    plugin: &PluginDef,
    key: &str,
    result: Result<T, DateError>,
) -> Option<T> {
    let report = |error: DateError| {
        build.setting_problem(plugin, key, format!("converter `{}`: {error}", plugin.name), "");
    };
    result.map_err(report).ok()
}

fn has_axis(data_def: &DataDef, name: &str) -> bool {
    data_def.items.iter().chain(&data_def.dims).any(|item| item.name.value == name)
}

struct Use {
    item: CompactString,
    name: String,
    converter: Box<dyn Converter>,
}

/// The step `converter`.
struct DataConverter {
    uses: Vec<Use>,
}

impl DataStep for DataConverter {
    fn process(&self, mut data: Data) -> Result<Data, StepError> {
        let shape = Arc::clone(&data.shape);
        for user in &self.uses {
            // Values repeat from row to row far more often than not.
            let mut last: Option<(CellText, CellText)> = None;
            for row in &mut data.rows {
                let axes = shape.templates.get(row.template as usize).map_or(&[][..], Vec::as_slice);
                for (cell, _) in row.cells.iter_mut().zip(axes).filter(|(_, axis)| axis.name == user.item) {
                    let Some(value) = &cell.value else { continue };
                    if last.as_ref().is_none_or(|(from, _)| from != value) {
                        last = Some((value.clone(), user.convert(value)?));
                    }
                    cell.value = last.as_ref().map(|(_, to)| to.clone());
                }
            }
        }
        Ok(data)
    }
}

impl Use {
    fn convert(&self, value: &str) -> Result<CellText, StepError> {
        self.converter.convert(value).map(CellText::from).map_err(|error| {
            StepError::fatal(format!(
                "unable to apply converters: `{}` on `{}` value `{value}`: {error}",
                self.name, self.item
            ))
        })
    }
}

/// The date-time of the run: two-digit years are read near it, and its zone is the default one.
fn reference(build: &Build<'_>) -> Zoned {
    build.services.run_date_time.clone()
}
