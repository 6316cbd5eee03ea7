//! Sizes of pools that have no effect, because no step has the name.
//!
//! A size for a known step that no task uses is not reported: one configuration may serve many definitions.

use std::collections::BTreeSet;

use crate::conf::{Origins, Settings, WrongSetting};
use crate::defs::{Place, Problem};
use crate::engine::Plan;
use crate::model::nearest;
use crate::steps;

/// Names of pools in old configurations, whose sizes never had an effect on what a run gives.
const OLD: [&str; 2] = ["start", "process"];

/// Most names of steps in one message.
const MOST_NAMED: usize = 10;

/// A warning for each pool that no step of the plan uses.
pub(super) fn unused_pools<'a>(
    settings: &'a Settings,
    origins: &'a Origins,
    plan: &Plan,
) -> impl Iterator<Item = Problem> + 'a {
    let names: BTreeSet<String> = plan.step_names().map(ToString::to_string).collect();
    let is_known =
        |name: &str| OLD.contains(&name) || steps::catalog().iter().any(|entry| entry.about.name == name);
    let sizes = settings.poolsize.iter();
    let unused: Vec<_> = sizes.filter(|(name, _)| !is_known(name) && !names.contains(*name)).collect();
    unused.into_iter().map(move |(name, size)| warning(name, *size, origins, &names))
}

fn warning(name: &str, size: u32, origins: &Origins, steps: &BTreeSet<String>) -> Problem {
    let reason = "no step of the definitions is called so";
    let wrong = WrongSetting::new(&format!("poolsize.{name}"), size, reason).with_origin(origins);
    let help = nearest(name, steps.iter().map(String::as_str)).map_or_else(
        || {
            let named: Vec<&str> = steps.iter().take(MOST_NAMED).map(String::as_str).collect();
            let more = if steps.len() > MOST_NAMED { ", ..." } else { "" };
            format!("the steps are {}{more}", named.join(", "))
        },
        |near| format!("did you mean poolsize.{near}?"),
    );
    Problem::warning(&Place::nowhere(""), wrong.to_string(), help)
}
