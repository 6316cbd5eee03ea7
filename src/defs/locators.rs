//! Locator groups: named URLs to begin with.

use std::collections::HashSet;

use super::fields::{At, key_path};
use super::node::Entry;
use super::wording::shown;
use super::{LocatorDef, LocatorGroup, Place, Problem, Problems, Spanned};

/// How to write locators.
const HELP: &str = "write locators: [ { name: acme, url: \"https://example.org/acme.html\" } ]";

/// Reads the locator group `entry`. What is wrong in it is left out.
pub(super) fn read(entry: &Entry, problems: &mut Problems) -> LocatorGroup {
    let at = At::new(&entry.value, key_path("locatorGroups", &entry.key));
    let name = Spanned::new(entry.key.to_string(), entry.mark.place(&at.path));
    let list =
        at.fields(&["locators"], problems).and_then(|fields| fields.require("locators", HELP, problems));
    let mut locators: Vec<LocatorDef> = vec![];
    let mut known = HashSet::new();
    for at in list.map(|list| list.elements(HELP, problems)).unwrap_or_default() {
        let Some(locator) = locator(&at, problems) else { continue };
        if known.insert((locator.name.value.clone(), locator.url.value.clone())) {
            locators.push(locator);
        } else {
            let message = format!("the locator {} stands in the list twice", shown(&locator.name.value));
            problems.push(at.error(message, "remove one of them"));
        }
    }
    LocatorGroup { name, locators }
}

fn locator(at: &At<'_>, problems: &mut Problems) -> Option<LocatorDef> {
    let fields = at.fields(&["name", "url"], problems)?;
    let name = fields.require("name", HELP, problems).and_then(|at| at.text(problems));
    let url = fields.require("url", HELP, problems).and_then(|at| at.text(problems));
    Some(LocatorDef { name: name?, url: url? })
}

/// There is nothing to begin with.
pub(super) fn no_locator_groups() -> Problem {
    let help =
        "write where to begin: locatorGroups: { group: { locators: [ { name: acme, url: \"...\" } ] } }";
    Problem::error(&Place::nowhere("locatorGroups"), "no locator groups found", help)
}
