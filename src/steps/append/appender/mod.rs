//! Appenders: where rows go. One file per distinct appender of a run.

mod file;
mod list;

use crate::defs::PluginDef;
use crate::plugin::About;
use crate::steps::{Build, SinkSpec, SinkTarget};

use super::encoder::Encoder;

pub use file::{FileSink, file_path};

/// A kind of appender.
pub struct Entry {
    /// Its name, its settings.
    pub about: About,
    make: fn(&mut Build<'_>, &PluginDef) -> Option<SinkTarget>,
}

/// Every appender, by the name users write. Add yours here.
#[rustfmt::skip] // one per line, so that two additions do not conflict
pub const CATALOG: &[Entry] = &[
    file::ENTRY,
    list::ENTRY,
];

/// The number of the sink that an appender writes to.
pub(super) fn sink(
    entry: &Entry,
    build: &mut Build<'_>,
    plugin: &PluginDef,
    encoder: &dyn Encoder,
) -> Option<u32> {
    let target = (entry.make)(build, plugin)?;
    let header = build.data_def.and_then(|data_def| encoder.header(data_def));
    let number = build.sinks.number(SinkSpec { target, header });
    if number.is_none() {
        let help = "give tasks with other columns a file of their own, or leave the header out";
        let message =
            format!("appender `{}`: another task writes another header to the same file", plugin.name);
        build.problem(&plugin.kind.place, message, help);
    }
    number
}
