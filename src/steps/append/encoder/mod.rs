//! Encoders: how data becomes rows of text.

mod csv;
mod json_lines;
mod line_break;

use crate::defs::{DataDef, PluginDef};
use crate::model::Data;
use crate::plugin;
use crate::steps::Build;

/// Turns data into rows. Pure: the same data gives the same rows on every node.
pub trait Encoder: Send + Sync {
    /// Adds the rows of `data` to `out`, each with its line end, and returns their number.
    ///
    /// # Errors
    /// [`Full`] if they have more than `limit` bytes; `out` then has at most that and one row.
    fn encode(&self, data: &Data, limit: usize, out: &mut Vec<u8>) -> Result<u32, Full>;

    /// The first line of a file with such rows, if it has one.
    fn header(&self, data_def: &DataDef) -> Option<Vec<u8>>;
}

/// The rows exceed the limit of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A kind of encoder.
pub type Entry = plugin::Entry<fn(&mut Build<'_>, &PluginDef) -> Option<Box<dyn Encoder>>>;

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::model::{Axis, AxisKind, Cell, Data, Row, Shape, Source};

    /// One row with these values: an item, dims, and a fact.
    pub(super) fn data(values: &[Option<&str>]) -> Data {
        let axis = |(position, _): (usize, &Option<&str>)| {
            let (kind, name) = match position {
                0 => (AxisKind::Item, "item".into()),
                last if last + 1 == values.len() => (AxisKind::Fact, "fact".into()),
                dim => (AxisKind::Dim, format!("dim {dim}").into()),
            };
            Axis { kind, name, match_text: None, order: 1 }
        };
        let axes = values.iter().enumerate().map(axis).collect();
        let cells = values.iter().map(|value| Cell { value: value.map(Into::into), index: 1 }).collect();
        Data {
            base: None,
            source: Arc::new(Source {
                id: "".into(),
                locator: "l".into(),
                group: "g".into(),
                task: "t".into(),
                url: "u".into(),
                page_url: "u".into(),
                encoding: encoding_rs::UTF_8,
                fetched_at: 0,
                page: 3,
            }),
            shape: Arc::new(Shape { name: "def".into(), templates: vec![axes] }),
            rows: vec![Row { template: 0, cells }],
        }
    }
}
