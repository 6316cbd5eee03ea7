//! `dateRoller`: reads a date leniently, moves fields of it, writes it in another pattern.

use compact_str::CompactString;
use jiff::Zoned;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::date::{Alternatives, DatePattern, Roll};
use crate::defs::PluginDef;
use crate::plugin::About;
use crate::steps::Build;

use super::{Converter, Entry, Named, compiled, reference};

/// Settings of the converter `dateRoller`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    /// Name of the item or dim whose value is converted.
    item: String,
    /// Pattern of the value (Java's SimpleDateFormat letters); alternatives separated by `|`.
    in_pattern: String,
    /// Pattern of the result.
    out_pattern: String,
    /// Fields to move, such as `DAY_OF_MONTH=ceil`, separated by blanks; ceil, floor, round or a number.
    #[serde(default)]
    roll: Option<String>,
}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "dateRoller",
        &["org.codetab.scoopi.plugin.converter.DateRoller"],
        "reads a date, moves it (to the end of its month, say), writes it in another pattern",
    ),
    make,
};

fn make(build: &mut Build<'_>, plugin: &PluginDef) -> Option<Named> {
    let settings: Settings = build.plugin_settings("converter", plugin)?;
    let input = compiled(build, plugin, "inPattern", Alternatives::compile(&settings.in_pattern));
    let output = compiled(build, plugin, "outPattern", DatePattern::compile(&settings.out_pattern));
    let roll = settings.roll.as_deref().map(Roll::compile).transpose();
    let roll = compiled(build, plugin, "roll", roll);
    let roller = DateRoller { input: input?, output: output?, roll: roll?, reference: reference(build) };
    Some((settings.item, Box::new(roller)))
}

struct DateRoller {
    input: Alternatives,
    output: DatePattern,
    roll: Option<Roll>,
    reference: Zoned,
}

impl Converter for DateRoller {
    fn convert(&self, value: &str) -> Result<CompactString, String> {
        let zone = self.reference.time_zone();
        let date =
            self.input.parse_lenient(value, zone, &self.reference).map_err(|error| error.to_string())?;
        let date = match &self.roll {
            Some(roll) => roll.apply(&date).map_err(|error| error.to_string())?,
            None => date,
        };
        Ok(self.output.format(&date).into())
    }
}
