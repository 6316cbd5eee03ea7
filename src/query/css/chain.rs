//! Selectors that go from an element to children of children, `tr:nth-child(3) > td:nth-child(2)`: from the top
//! down, without a look at what does not lie on the way.
//!
//! Most selectors of definitions are such chains. What `scan` finds for them is the same; it has to carry along
//! which steps everything has passed, which these do not need. A child is asked once for each step that its
//! ancestors lead to, so the work is bounded by elements times steps here, too.

use crate::query::limits::QueryError;
use crate::query::tree::NodeId;

use super::distinct::sort_from;
use super::matcher::Matcher;
use super::plan::Plan;
use super::plan::Step;

/// Where results go, and whether they come in document order.
pub(super) struct Found<'o> {
    out: &'o mut Vec<NodeId>,
    /// Where those of this evaluation begin.
    from: usize,
    /// The end of the elements followed so far.
    reach: NodeId,
    in_order: bool,
}

impl<'o> Found<'o> {
    pub(super) fn new(out: &'o mut Vec<NodeId>) -> Self {
        Self { from: out.len(), out, reach: 0, in_order: true }
    }

    /// Puts all that was found in document order.
    pub(super) fn sort(self) {
        if !self.in_order {
            sort_from(self.out, self.from);
        }
    }
}

impl<'a> Matcher<'a> {
    /// Appends the elements at or below the root that a chain selects to `out`.
    pub(super) fn chain(&mut self, plan: &'a Plan, out: &mut Vec<NodeId>) -> Result<(), QueryError> {
        let (root, mut found) = (self.root, Found::new(out));
        let Some((first, below)) = plan.steps.split_first() else { return Ok(()) };
        self.meter.pay(1)?;
        if self.tree.is_element(root) && self.passes(first, root)? {
            self.begin(below, root, &mut found)?;
        }
        self.chain_below(plan, root, &mut found)?;
        found.sort();
        Ok(())
    }

    /// Finds what a chain leads to from elements below `base`.
    pub(super) fn chain_below(
        &mut self,
        plan: &'a Plan,
        base: NodeId,
        found: &mut Found<'_>,
    ) -> Result<(), QueryError> {
        let Some((first, below)) = plan.steps.split_first() else { return Ok(()) };
        if !self.chain_by_index(first, below, base, found)? {
            let mut node = base + 1;
            while let Some((hit, _)) = self.next_first(plan, node, self.tree.end(base))? {
                node = hit + 1;
                self.begin(below, hit, found)?;
            }
        }
        Ok(())
    }

    /// Looks up the elements that pass the first step; whether they can be.
    fn chain_by_index(
        &mut self,
        first: &'a Step,
        below: &'a [Step],
        base: NodeId,
        found: &mut Found<'_>,
    ) -> Result<bool, QueryError> {
        let (Some(tag), Some(position)) = (self.tag_of(first), self.position_of(first)) else {
            return Ok(false);
        };
        let Some(indexes) = self.indexes.take() else { return Ok(false) };
        for &(_, hit) in indexes.find((self.tree, self.meter), base, tag, position)? {
            self.meter.pay(1)?;
            if self.passes(first, hit)? {
                self.begin(below, hit, found)?;
            }
        }
        self.indexes = Some(indexes);
        Ok(true)
    }

    /// Follows the steps `below` from an element that passed the first.
    fn begin(&mut self, below: &'a [Step], hit: NodeId, found: &mut Found<'_>) -> Result<(), QueryError> {
        // What an element within another leads to may stand before what the outer one led to.
        found.in_order &= hit >= found.reach || below.is_empty();
        found.reach = found.reach.max(self.tree.end(hit));
        self.follow(below, hit, found)
    }

    fn follow(&mut self, below: &'a [Step], node: NodeId, found: &mut Found<'_>) -> Result<(), QueryError> {
        let tree = self.tree;
        let Some((step, below)) = below.split_first() else {
            found.out.push(node);
            return Ok(());
        };
        let only = self.position_of(step);
        let mut next = tree.first_child(node);
        while let Some(child) = next {
            self.meter.pay(1)?;
            next = tree.next_sibling(child);
            if !tree.is_element(child) || only.is_some_and(|only| tree.position(child) < only) {
                continue;
            }
            if self.passes(step, child)? {
                self.follow(below, child, found)?;
            }
            if only.is_some() {
                break;
            }
        }
        Ok(())
    }
}
