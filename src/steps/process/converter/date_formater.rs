//! `dateFormater`: reads a date strictly and writes it in another pattern.

use compact_str::CompactString;
use jiff::Zoned;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::PluginDef;
use crate::model::date::{Alternatives, DateError, DatePattern};
use crate::plugin::About;
use crate::steps::Build;

use super::{Converter, Entry, Named, reference};

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
    let made = Alternatives::compile(&settings.in_pattern).and_then(|input| {
        let output = DatePattern::compile(&settings.out_pattern)?;
        Ok::<_, DateError>(DateFormater { input, output, reference: reference(build) })
    });
    match made {
        Ok(formater) => Some((settings.item, Box::new(formater))),
        Err(error) => {
            build.problem(&plugin.kind.place, format!("converter `{}`: {error}", plugin.name), "");
            None
        }
    }
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
