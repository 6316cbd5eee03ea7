//! Whether one element fits a selector: from its last step back to the first.
//!
//! This is what `:not` and `:is` need, where the element is given. Where a part to the left fails, the reason
//! decides how far back a new try makes sense, so that `a b c` does not try all ways to distribute ancestors
//! over steps.

use crate::query::limits::QueryError;
use crate::query::tree::NodeId;

use super::matcher::Matcher;
use super::plan::Combinator;
use super::plan::List;
use super::plan::Plan;
use super::plan::Steps;

/// How matching the steps up to one at an element went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fits,
    /// Not here; another sibling or ancestor may do.
    NotHere,
    /// Not with any sibling; another ancestor may do.
    NotWithSiblings,
    /// There are too few ancestors, and a try further up has fewer.
    Never,
}

impl<'a> Matcher<'a> {
    /// Whether an element fits any alternative.
    pub(super) fn fits(&mut self, list: &'a List, node: NodeId) -> Result<bool, QueryError> {
        for plan in &list.plans {
            let mut lasts: Steps = plan.lasts;
            while lasts != 0 {
                let last = lasts.trailing_zeros() as usize;
                lasts &= lasts - 1;
                if self.fit(plan, last, node)? == Fit::Fits {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn fit(&mut self, plan: &'a Plan, index: usize, node: NodeId) -> Result<Fit, QueryError> {
        self.meter.pay(1)?;
        if plan.scopes >> index & 1 == 1 {
            return Ok(if node == self.root { Fit::Fits } else { Fit::NotHere });
        }
        let Some(step) = plan.steps.get(index) else { return Ok(Fit::Never) };
        if !self.tree.is_element(node) || !self.passes(step, node)? {
            return Ok(Fit::NotHere);
        }
        let Some(combinator) = step.combinator else { return Ok(Fit::Fits) };
        let upwards = matches!(combinator, Combinator::Child | Combinator::Descendant);
        let mut at = node;
        loop {
            let next = if upwards { self.above(at) } else { self.before(at)? };
            let Some(next) = next else {
                return Ok(if upwards { Fit::Never } else { Fit::NotWithSiblings });
            };
            let fit = self.fit(plan, index - 1, next)?;
            match (fit, combinator) {
                (Fit::Fits | Fit::Never, _) | (_, Combinator::Next) => return Ok(fit),
                (_, Combinator::Child) => return Ok(Fit::NotWithSiblings),
                (Fit::NotWithSiblings, Combinator::Later) => return Ok(fit),
                _ => at = next,
            }
        }
    }

    /// The element above, or the document, as long as the root is not left.
    fn above(&self, node: NodeId) -> Option<NodeId> {
        self.tree.parent(node).filter(|parent| node != self.root && *parent >= self.root)
    }

    fn before(&self, node: NodeId) -> Result<Option<NodeId>, QueryError> {
        if node == self.root {
            return Ok(None);
        }
        let mut at = self.tree.prev_sibling(node);
        while let Some(sibling) = at {
            self.meter.pay(1)?;
            if self.tree.is_element(sibling) {
                return Ok(at);
            }
            at = self.tree.prev_sibling(sibling);
        }
        Ok(None)
    }
}
