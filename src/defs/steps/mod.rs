//! Steps: what a page and its data go through, from all the ways in which they can be written.
//!
//! Knows the short form (a list), the old form (steps with `previous` and `next`, and steps derived from
//! others), and the built-in chains. All become the same: a list of steps in order. Which steps and plugins
//! exist is not known, except for those that the built-in chains are made of.
//!
//! ```text
//! list ──────────▶ short ──┐
//! mapping ─▶ written ──────┼─▶ Chain ─ walk ─▶ steps in order
//! name ─▶ Chains, builtin ─┘
//! ```

mod builtin;
mod chain;
mod chains;
mod plugins;
mod short;
mod written;

pub(super) use chains::Chains;

use super::StepDef;

/// Whether `step` makes links into jobs.
pub(super) fn makes_links(step: &StepDef) -> bool {
    ["links", "locatorCreator"].contains(&&*step.kind.value) || step.kind.value.ends_with(".LocatorCreator")
}

/// Whether `step` drops the rows that filters hit.
pub(super) fn filters_rows(step: &StepDef) -> bool {
    step.kind.value == "filter" || step.kind.value.ends_with(".DataFilter")
}
