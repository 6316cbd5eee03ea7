//! Appenders: what a step asks the sinks for.

use crate::defs::PluginDef;
use crate::plugin::PluginBuild;
use crate::sinks::{Entry, SinkSpec};
use crate::steps::Build;

use super::encoder::Encoder;

/// What messages call it.
const KIND: &str = "appender";

/// Finds what is wrong with an appender that will not be made.
pub(super) fn check(entry: &Entry, build: &mut Build<'_>, plugin: &PluginDef) {
    let _not_made = (entry.make)(&mut PluginBuild::new(KIND, plugin, build.problems));
}

/// The number of the sink that an appender writes to.
pub(super) fn sink(
    entry: &Entry,
    build: &mut Build<'_>,
    plugin: &PluginDef,
    encoder: &dyn Encoder,
) -> Option<u32> {
    let target = (entry.make)(&mut PluginBuild::new(KIND, plugin, build.problems))?;
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
