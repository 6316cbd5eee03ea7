//! Where a run begins: locator groups become locators of jobs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::LocatorGroup;
use crate::fetch::canonical_url;
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

/// The locators of a group, each with its canonical URL.
pub fn locators(group: &LocatorGroup) -> impl Iterator<Item = Locator> + '_ {
    group.locators.iter().map(|locator| Locator {
        group: group.name.value.as_str().into(),
        name: locator.name.value.as_str().into(),
        url: canonical_url(&locator.url.value),
    })
}
