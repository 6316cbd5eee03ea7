//! Selectors whose beginning is the same for every row, `#figures table tr:nth-child(%{row}) > td`: the beginning is
//! looked for once, and the rest from what it found.
//!
//! A definition that wants something from all over the page in each row has a wide block and long selectors. What
//! stands before the last blank of these mostly has no placeholder and leads to one element. So that is kept for the
//! page, and the rest is a chain below it.

use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use crate::query::limits::QueryError;
use crate::query::tree::NodeId;

use super::chain::Found;
use super::index::Indexes;
use super::matcher::Matcher;
use super::program::Plan;
use super::program::Test;

/// Most elements that a stem may lead to: more of them share the indexes of a page badly.
const MOST: usize = 4;

/// The elements that a stem leads to, without those within others; none if there are too many.
pub(super) type Feet = Option<SmallVec<[NodeId; MOST]>>;

/// A plan in two parts.
#[derive(Debug)]
pub(super) struct Stem {
    /// Tells it from all others, as no address does.
    id: u64,
    head: Plan,
    /// A chain, for elements below what the head finds.
    tail: Plan,
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

impl<'a> Matcher<'a> {
    /// Appends the elements below the root that a plan with this stem selects to `out`.
    pub(super) fn by_stem(
        &mut self,
        stem: &'a Stem,
        plan: &'a Plan,
        out: &mut Vec<NodeId>,
    ) -> Result<(), QueryError> {
        let Some(feet) = self.feet(stem)? else { return self.scan(plan, true, Some(out)).map(drop) };
        let mut found = Found::new(out);
        for foot in feet {
            self.chain_below(&stem.tail, foot, &mut found)?;
        }
        found.sort();
        Ok(())
    }

    fn feet(&mut self, stem: &'a Stem) -> Result<Feet, QueryError> {
        let Some(indexes) = self.indexes.take() else { return Ok(None) };
        let feet = self.known_feet(stem, indexes);
        self.indexes = Some(indexes);
        feet
    }

    fn known_feet(&mut self, stem: &'a Stem, indexes: &mut Indexes) -> Result<Feet, QueryError> {
        if let Some(feet) = indexes.feet(stem.id, self.root) {
            self.meter.pay(1)?;
            return Ok(feet.clone());
        }
        let mut found = vec![];
        self.scan(&stem.head, true, Some(&mut found))?;
        let mut end = 0;
        found.retain(|node| {
            let is_outermost = *node >= end;
            end = end.max(self.tree.end(*node));
            is_outermost
        });
        let feet = (found.len() <= MOST).then(|| found.into());
        indexes.keep_feet(stem.id, self.root, feet.clone());
        Ok(feet)
    }
}
