//! Finding the elements below a root that a plan selects, in one pass over the tree.
//!
//! Mostly nothing is going on: the first step is looked for, element by element, and that is all. From an
//! element that passes it on, as far as it has influence, the steps are followed:
//!
//! Going through the elements in document order, it is known for each which steps of the plan its parent, its
//! ancestors and its siblings have passed. So only the steps that can come next are asked, none of them
//! twice, and parts of the page where no step can follow are skipped. The work is bounded by elements times
//! steps, whatever the selector looks like.

use html5ever::LocalName;
use smallvec::SmallVec;

use crate::query::limits::QueryError;
use crate::query::tree::NodeId;

use super::matcher::Matcher;
use super::plan::Plan;
use super::plan::Steps;

/// Deepest nesting for which nothing is allocated.
const USUAL_DEPTH: usize = 24;

/// What is known while the children of an element are gone through.
#[derive(Debug)]
struct Frame {
    /// Where the element ends.
    end: NodeId,
    /// The steps passed by the element itself.
    own: Steps,
    /// The steps passed by it or any element above it.
    above: Steps,
    /// The steps passed by the child before.
    last: Steps,
    /// The steps passed by any child before.
    earlier: Steps,
}

type Frames = SmallVec<[Frame; USUAL_DEPTH]>;

impl Frame {
    fn below(end: NodeId, own: Steps, above: Steps) -> Self {
        Self { end, own, above, last: 0, earlier: 0 }
    }

    /// The steps that the next child may pass; `once` are those of [`Plan::once`].
    fn wanted(&self, plan: &Plan, firsts: Steps, once: Steps) -> Steps {
        let wanted = firsts
            | (plan.child & self.own << 1)
            | (plan.descendant & self.above << 1)
            | (plan.next & self.last << 1)
            | (plan.later & self.earlier << 1);
        wanted & !(once & self.above)
    }
}

impl<'a> Matcher<'a> {
    /// Appends the elements below the root that the plan selects to `out`, or stops at the first if there is
    /// no `out`. The root itself is taken with `with_root`. Returns whether there was any.
    pub(super) fn scan(
        &mut self,
        plan: &'a Plan,
        with_root: bool,
        mut out: Option<&mut Vec<NodeId>>,
    ) -> Result<bool, QueryError> {
        let (tree, root) = (self.tree, self.root);
        let mut passed = if tree.is_element(root) { self.pass(plan, plan.firsts, root)? } else { 0 };
        let mut found = with_root && passed & plan.lasts != 0;
        if found && take(root, &mut out) {
            return Ok(true);
        }
        passed |= plan.scopes;
        let mut frames = Frames::new();
        found |= if passed == 0 || plan.is_flat() {
            self.roam(plan, &mut frames, &mut out)?
        } else {
            frames.push(Frame::below(tree.end(root), passed, passed));
            self.walk(plan, plan.firsts, &mut frames, root + 1, &mut out)?
        };
        if found && out.is_none() {
            return Ok(true);
        }
        if plan.leaves_root
            && let Some(parent) = tree.parent(root)
        {
            // Siblings of the root, which only what is led by it can reach.
            frames.clear();
            let (last, earlier) = (plan.scopes, plan.scopes);
            frames.push(Frame { last, earlier, ..Frame::below(tree.end(parent), 0, 0) });
            found |= self.walk(plan, 0, &mut frames, tree.end(root), &mut out)?;
        }
        Ok(found)
    }

    /// Looks for elements that pass a first step, below a root that passes none, and follows from there.
    fn roam(
        &mut self,
        plan: &'a Plan,
        frames: &mut Frames,
        out: &mut Option<&mut Vec<NodeId>>,
    ) -> Result<bool, QueryError> {
        let (tree, end) = (self.tree, self.tree.end(self.root));
        let (mut found, mut node) = (false, self.root + 1);
        while let Some((hit, passed)) = self.next_first(plan, node, end)? {
            node = hit + 1;
            let is_last = passed & plan.lasts != 0;
            if plan.next | plan.later != 0 {
                // It matters for the siblings after it; those before it have passed nothing.
                let parent = tree.parent(hit).unwrap_or(self.root);
                frames.push(Frame::below(tree.end(parent), 0, 0));
                found |= self.walk(plan, plan.firsts, frames, hit, out)?;
                node = tree.end(parent);
            } else {
                found |= is_last;
                if is_last && take(hit, out) {
                    return Ok(true);
                }
                if !plan.is_flat() {
                    frames.push(Frame::below(tree.end(hit), passed, passed));
                    found |= self.walk(plan, plan.firsts, frames, node, out)?;
                    node = tree.end(hit);
                }
            }
            if found && out.is_none() {
                return Ok(true);
            }
        }
        Ok(found)
    }

    /// The first element from `node` on that passes a first step, and which.
    pub(super) fn next_first(
        &mut self,
        plan: &'a Plan,
        from: NodeId,
        end: NodeId,
    ) -> Result<Option<(NodeId, Steps)>, QueryError> {
        let tree = self.tree;
        let (tag, id) = match plan.firsts.count_ones() {
            1 => (self.only_tag(plan, plan.firsts), self.first_id(plan)),
            _ => (None, None),
        };
        let mut node = from;
        while node < end {
            if let Some(id) = id {
                node = self.next_with_id(id, node, end)?;
                if node >= end {
                    break;
                }
            }
            if let Some(tag) = tag {
                node = self.next_named(tag, node, end)?;
                if node >= end {
                    break;
                }
            }
            if !tree.is_element(node) {
                self.meter.pay(1)?;
            } else {
                let passed = self.pass(plan, plan.firsts, node)?;
                if passed != 0 {
                    return Ok(Some((node, passed)));
                }
            }
            node += 1;
        }
        Ok(None)
    }

    /// The first element from `from` up to `end` that has this tag, or `end`.
    fn next_named(&self, tag: &LocalName, from: NodeId, end: NodeId) -> Result<NodeId, QueryError> {
        // Other nodes than elements have an empty name, which no tag has.
        let found = (from..end).find(|node| self.tree.name(*node) == tag).unwrap_or(end.max(from));
        self.meter.pay(u64::from(found - from))?;
        Ok(found)
    }

    /// Goes through the elements from `node` to the end of the outermost frame.
    fn walk(
        &mut self,
        plan: &'a Plan,
        firsts: Steps,
        frames: &mut Frames,
        mut node: NodeId,
        out: &mut Option<&mut Vec<NodeId>>,
    ) -> Result<bool, QueryError> {
        let tree = self.tree;
        let mut found = false;
        let (once, is_by_descent) = (plan.once(), plan.child | plan.next | plan.later == 0);
        while let Some(frame) = frames.last_mut() {
            // If what comes next depends only on what is above, elements that cannot pass make no difference.
            if is_by_descent && let Some(tag) = self.only_tag(plan, frame.wanted(plan, firsts, once)) {
                node = self.next_named(tag, node, frame.end)?;
            }
            if node >= frame.end {
                frames.pop();
                continue;
            }
            let current = node;
            node += 1;
            if !tree.is_element(current) {
                self.meter.pay(1)?;
                continue;
            }
            let passed = self.pass(plan, frame.wanted(plan, firsts, once), current)?;
            frame.last = passed;
            frame.earlier |= passed;
            if passed & plan.lasts != 0 {
                found = true;
                if take(current, out) {
                    return Ok(true);
                }
            }
            let end = tree.end(current);
            if end == node {
                continue;
            }
            let above = frame.above | passed;
            if firsts == 0 && plan.child & passed << 1 == 0 && plan.descendant & above << 1 == 0 {
                node = end;
            } else {
                frames.push(Frame::below(end, passed, above));
            }
        }
        Ok(found)
    }

    /// Those of the `wanted` steps that the element passes.
    fn pass(&mut self, plan: &'a Plan, mut wanted: Steps, node: NodeId) -> Result<Steps, QueryError> {
        let mut passed = 0;
        self.meter.pay(1 + u64::from(wanted.count_ones()))?;
        while wanted != 0 {
            let bit = wanted & wanted.wrapping_neg();
            wanted ^= bit;
            if let Some(step) = plan.steps.get(bit.trailing_zeros() as usize)
                && self.passes(step, node)?
            {
                passed |= bit;
            }
        }
        Ok(passed)
    }
}

/// Takes an element; whether that was enough.
fn take(node: NodeId, out: &mut Option<&mut Vec<NodeId>>) -> bool {
    match out {
        Some(out) => {
            out.push(node);
            false
        }
        None => true,
    }
}
