//! Selectors whose beginning is the same for every row, `#figures table tr:nth-child(%{row}) > td`: the beginning is
//! looked for once, and the rest from what it found.
//!
//! A definition that wants something from all over the page in each row has a wide block and long selectors. What
//! stands before the last blank of these mostly has no placeholder and leads to one element. So that is kept for the
//! page, and the rest is a chain below it. Knows where a plan is parted; how both parts are run is in `by_stem`.

use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use crate::query::tree::NodeId;

use super::plan::Plan;
use super::plan::Test;

/// Most elements that a stem may lead to: more of them share the indexes of a page badly.
pub(super) const MOST: usize = 4;

/// The elements that a stem leads to, without those within others; none if there are too many.
pub(super) type Feet = Option<SmallVec<[NodeId; MOST]>>;

/// A plan in two parts.
#[derive(Debug)]
pub(super) struct Stem {
    /// Distinguishes it from all others, which an address does not.
    pub(super) id: u64,
    pub(super) head: Plan,
    /// A chain, for elements below what the head finds.
    pub(super) tail: Plan,
}

impl Stem {
    /// Parts a plan at its last blank, if its beginning is always the same.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let at = plan.last_descendant()?;
        let (head, tail) = plan.steps.split_at_checked(at)?;
        if head.iter().flat_map(|step| &step.tests).any(Test::has_slot) {
            return None;
        }
        let (head, tail) = (Plan::alone(head.to_vec()), Plan::alone(tail.to_vec()));
        tail.is_chain().then(|| Self { id: LAST.fetch_add(1, Ordering::Relaxed), head, tail })
    }
}
