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

/// Finds what is wrong with an appender that will not be made.
pub(super) fn check(entry: &Entry, build: &mut Build<'_>, plugin: &PluginDef) {
    let _not_made = (entry.make)(build, plugin);
}

/// The number of the sink that an appender writes to.
pub(super) fn sink(
    entry: &Entry,
    build: &mut Build<'_>,
    plugin: &PluginDef,
    encoder: &dyn Encoder,
) -> Option<u32> {
    let target = (entry.make)(build, plugin)?;
    let data_def = build.data_def?;
    let number = build.sinks.number(SinkSpec { target, header: encoder.header(data_def) });
    if number.is_none() {
        let help = "give tasks with other columns a file of their own, name the same `columns` for all, or leave the header out";
        let message = format!(
            "appender `{}`: dataDef `{}` has other columns than the header that another task gives the same file",
            plugin.name, data_def.name.value
        );
        build.problem(&plugin.kind.place, message, help);
    }
    number
}
