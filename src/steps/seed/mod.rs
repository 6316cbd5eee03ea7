//! Where a run begins: locator groups become locators of jobs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::{LocatorDef, LocatorGroup, Problem, Problems};
use crate::fetch::{FetchError, Target};
use crate::model::Locator;
use crate::plugin::About;

use super::{Build, Entry, Made, Station};

/// The step `seeder` has no settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "seeder",
        &["org.codetab.scoopi.step.extract.LocatorSeeder"],
        "makes a job of every locator; stands in front of every chain and need not be written",
    ),
    station: Station::Load,
    variants: &[],
    make: |build: &mut Build<'_>| build.settings::<Settings>().map(|_| Made::Seeder),
};

/// How to write a URL, where the message does not say it.
const HELP: &str =
    "write a URL such as https://example.org/page.html, or the path of a file below the resource root";

/// The locators of a group, each with its canonical URL. A URL that no run can fetch is a problem.
pub fn locators(group: &LocatorGroup, problems: &mut Problems) -> Vec<Locator> {
    group
        .locators
        .iter()
        .filter_map(|locator| read(group, locator).map_err(|problem| problems.push(problem)).ok())
        .collect()
}

fn read(group: &LocatorGroup, locator: &LocatorDef) -> Result<Locator, Problem> {
    let target = Target::parse(&locator.url.value).map_err(|error| {
        let help = if matches!(error, FetchError::Url { .. }) { HELP } else { "" };
        Problem::error(&locator.url.place, error.to_string(), help)
    })?;
    Ok(Locator {
        group: group.name.value.as_str().into(),
        name: locator.name.value.as_str().into(),
        url: target.canonical(),
    })
}
