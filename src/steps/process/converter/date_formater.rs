//! `dateFormater`: reads a date strictly and writes it in another pattern.

use compact_str::CompactString;
use jiff::Zoned;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::date::{Alternatives, DatePattern};
use crate::defs::PluginDef;
use crate::plugin::About;
use crate::steps::Build;

use super::{Converter, Entry, Named, compiled, reference};

/// Settings of the converter `dateFormater`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    /// Name of the item or dim whose value is converted.
    item: String,
    /// Pattern of the value (Java's date-time letters); alternatives separated by `|`, the first that fits counts.
    in_pattern: String,
    /// Pattern of the result.
    out_pattern: String,
}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "dateFormater",
        &["dateFormatter", "org.codetab.scoopi.plugin.converter.DateFormater"],
        "reads a date and writes it in another pattern",
    ),
    make,
};

fn make(build: &mut Build<'_>, plugin: &PluginDef) -> Option<Named> {
    let settings: Settings = build.plugin_settings("converter", plugin)?;
    let input = compiled(build, plugin, "inPattern", Alternatives::compile(&settings.in_pattern));
    let output = compiled(build, plugin, "outPattern", DatePattern::compile(&settings.out_pattern));
    let formater = DateFormater { input: input?, output: output?, reference: reference(build) };
    Some((settings.item, Box::new(formater)))
}

struct DateFormater {
    input: Alternatives,
    output: DatePattern,
    reference: Zoned,
}

impl Converter for DateFormater {
    fn convert(&self, value: &str) -> Result<CompactString, String> {
        let date =
            self.input.parse_strict(value, self.reference.time_zone()).map_err(|error| error.to_string())?;
        Ok(self.output.format(&date).into())
    }
}
