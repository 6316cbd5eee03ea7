//! Encoders: how data becomes rows of text.

mod csv;
mod json_lines;

use crate::defs::{DataDef, PluginDef};
use crate::model::Data;
use crate::plugin::About;
use crate::steps::Build;

/// Turns data into rows. Pure: the same data gives the same rows on every node.
pub trait Encoder: Send + Sync {
    /// Adds the rows of `data` to `out`, each with its line end, and says how many there are.
    fn encode(&self, data: &Data, out: &mut Vec<u8>) -> u32;

    /// The first line of a file with such rows, if it has one.
    fn header(&self, data_def: &DataDef) -> Option<Vec<u8>>;
}

/// A kind of encoder.
pub struct Entry {
    /// Its name, its settings.
    pub about: About,
    make: fn(&mut Build<'_>, &PluginDef) -> Option<Box<dyn Encoder>>,
}

/// Every encoder, by the name users write. Add yours here.
#[rustfmt::skip] // one per line, so that two additions do not conflict
pub const CATALOG: &[Entry] = &[
    csv::ENTRY,
    json_lines::ENTRY,
];

/// The encoder of an appender. Of several, the last one counts, as it always did.
pub(super) fn of_appender(build: &mut Build<'_>, appender: &PluginDef) -> Option<Box<dyn Encoder>> {
    let Some(plugin) = appender.plugins.last() else {
        let message = format!("appender `{}` has no encoder", appender.name);
        build.problem(&appender.kind.place, message, "give it one: csv or jsonLines");
        return None;
    };
    let entry = build.find_plugin("encoder", CATALOG, |entry| &entry.about, &plugin.kind)?;
    (entry.make)(build, plugin)
}

/// The names of the columns of a dataDef, as far as they are the same for all of its rows.
fn axis_names(data_def: &DataDef) -> Vec<&str> {
    let dims = data_def.dims.iter().map(|dim| dim.name.value.as_str());
    std::iter::once("item").chain(dims).chain(std::iter::once("fact")).collect()
}
