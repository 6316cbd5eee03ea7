//! What a resumed run does not do as it is asked today.
//!
//! A resumed run continues with the definitions and settings that it began with; if those of today differ, their author
//! should learn it. Only warns: nothing here decides what a run does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::RunRequest;
use crate::conf::Settings;
use crate::defs::{Definitions, Place, Problem, Problems};

use super::check::check;
use super::configs::flatten;

/// What to do about it.
const HELP: &str = "`--fresh` discards the run and begins one with what is there now";

/// A warning for definitions, and one for settings, if those of `request` are not those of the run.
pub(crate) fn changes(definitions: &Definitions, settings: &Settings, request: &RunRequest) -> Problems {
    let place = Place::nowhere("--resume");
    let mut problems = Problems::default();
    if differ(definitions, request) {
        let message = "the definitions are not those that the run began with; the run continues with its own";
        problems.push(Problem::warning(&place, message, HELP));
    }
    let keys = differing(settings, &request.settings);
    if !keys.is_empty() {
        let message = format!(
            "the settings are not those that the run began with; the run continues with its own values of {}",
            keys.join(", ")
        );
        problems.push(Problem::warning(&place, message, HELP));
    }
    problems
}

/// Whether the definitions of `request` differ from these, or cannot be used.
pub(crate) fn differ(definitions: &Definitions, request: &RunRequest) -> bool {
    let now = check(request).map(|(definitions, _)| bare(&definitions));
    !now.is_ok_and(|now| now == bare(definitions))
}

/// The definitions without where each thing was written.
fn bare(definitions: &Definitions) -> Value {
    let mut value = serde_json::to_value(definitions).unwrap_or_default();
    forget_places(&mut value);
    value
}

fn forget_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("place");
            members.values_mut().for_each(forget_places);
        }
        Value::Array(elements) => elements.iter_mut().for_each(forget_places),
        _ => {}
    }
}

/// The keys whose values differ.
fn differing(run: &Settings, today: &Settings) -> Vec<String> {
    let (run, today) = (values(run), values(today));
    let mut keys: Vec<String> =
        run.keys().chain(today.keys()).filter(|key| run.get(*key) != today.get(*key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

fn values(settings: &Settings) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    flatten("scoopi", &serde_json::to_value(settings).unwrap_or_default(), &mut values);
    values
}
