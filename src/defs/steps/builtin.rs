//! The chains that are there without being written.

use serde_json::{Value, json};

use crate::defs::{Place, PluginDef, Setting, Spanned, StepDef};

use super::chain::Chain;

/// Names of the built-in chains, with the parser of each.
pub(super) const NAMES: [(&str, &str); 4] =
    [("css", "css"), ("xpath", "xpath"), (OLD_CSS, "css"), (OLD_XPATH, "xpath")];

/// Names of old definitions. Their rows are written without quotes, as before.
const OLD_CSS: &str = "jsoupDefault";
const OLD_XPATH: &str = "htmlUnitDefault";

/// The built-in chain `name`, with the parser `parser`.
pub(super) fn chain(name: &str, parser: &str) -> Chain {
    let place = Place::nowhere(&format!("steps.{name}"));
    let mut appender = appender(&place);
    if [OLD_CSS, OLD_XPATH].contains(&name) {
        without_quotes(&mut appender);
    }
    let mut steps = vec![step("loader", &place), step("parser", &place), filter(&place), appender];
    if let Some(step) = steps.get_mut(1) {
        step.settings.push(setting("type", json!(parser), &step.kind.place));
    }
    Chain::line(steps, seeder(&place))
}

/// The step in front of every chain.
pub(super) fn seeder(place: &Place) -> StepDef {
    step("seeder", place)
}

/// The default loader.
pub(super) fn loader(place: &Place) -> StepDef {
    step("loader", place)
}

/// The default filter.
pub(super) fn filter(place: &Place) -> StepDef {
    step("filter", place)
}

/// The default appender: `output/data.txt`, values separated by `|`.
pub(super) fn appender(place: &Place) -> StepDef {
    let mut step = step("appender", place);
    let mut file = plugin("file", &step.kind.place);
    let mut csv = plugin("csv", &file.kind.place);
    csv.settings.push(setting("delimiter", json!("|"), &csv.kind.place));
    csv.settings.push(setting("includeTags", json!(false), &csv.kind.place));
    file.settings.push(setting("file", json!("output/data.txt"), &file.kind.place));
    file.plugins.push(csv);
    step.plugins.push(file);
    step
}

fn without_quotes(appender: &mut StepDef) {
    for csv in appender.plugins.iter_mut().flat_map(|file| &mut file.plugins) {
        csv.settings.push(setting("quote", json!(false), &csv.kind.place));
    }
}

fn step(kind: &str, place: &Place) -> StepDef {
    let kind = Spanned::new(kind.to_owned(), place.key(kind));
    StepDef { name: kind.value.clone(), kind, settings: vec![], plugins: vec![] }
}

fn plugin(kind: &str, place: &Place) -> PluginDef {
    let kind = Spanned::new(kind.to_owned(), place.key(kind));
    PluginDef { name: kind.value.clone(), kind, settings: vec![], plugins: vec![] }
}

fn setting(key: &str, value: Value, place: &Place) -> Setting {
    Setting { key: key.to_owned(), value, place: place.key(key) }
}
