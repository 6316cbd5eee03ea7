//! The thirteen axes, on a tree that is an array in document order.
//!
//! Knows where each axis leads from one node (`walk`), from many nodes without visiting any place twice
//! (`sweep`), and from the far end (`walk_back`). Does not know predicates.

use std::ops::ControlFlow;

use crate::query::tree::Kind;
use crate::query::tree::NodeId;
use crate::query::xpath::XNode;
use crate::query::xpath::eval::Eval;
use crate::query::xpath::eval::Evaluator;
use crate::query::xpath::eval::Flow;
use crate::query::xpath::expr::Axis;
use crate::query::xpath::expr::NodeTest;
use crate::query::xpath::expr::Step;

/// Is given the nodes that pass the node test.
pub(super) type Visit<'a> = &'a mut dyn FnMut(XNode) -> Eval<Flow>;

impl Evaluator<'_> {
    /// Visits what lies on the axis of one node, nearest first.
    pub(super) fn walk(&self, from: XNode, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let tree = self.tree;
        let home = self.home(from);
        let node = match from {
            XNode::Node(node) => Some(node),
            XNode::Attr(_) => None,
        };
        match (step.axis, node) {
            (Axis::Myself, _) => self.visit_self(from, step, visit),
            (Axis::Child, Some(node)) => self.visit_all(tree.children(node), step, visit),
            (Axis::Attribute, Some(node)) => self.visit_attrs(tree.attrs(node), step, visit),
            (Axis::Descendant, Some(node)) => self.visit_range(node + 1..tree.end(node), step, visit),
            (Axis::DescendantOrSelf, Some(node)) => self.visit_range(node..tree.end(node), step, visit),
            (Axis::DescendantOrSelf, None) => self.visit_self(from, step, visit),
            (Axis::DescendantAttribute, Some(node)) => self.visit_attrs(self.attrs_below(node), step, visit),
            (Axis::Parent, _) => self.visit_all(from.parent(tree).into_iter(), step, visit),
            (Axis::Ancestor, _) => self.visit_all(self.upwards(from.parent(tree)), step, visit),
            (Axis::AncestorOrSelf, _) => match self.visit_self(from, step, visit)? {
                ControlFlow::Continue(()) => self.visit_all(self.upwards(from.parent(tree)), step, visit),
                stop => Ok(stop),
            },
            (Axis::FollowingSibling, Some(node)) => self.visit_all(self.rightwards(node), step, visit),
            (Axis::PrecedingSibling, Some(node)) => self.visit_all(self.leftwards(node), step, visit),
            (Axis::Following, _) => self.visit_range(self.after(from)..tree.len(), step, visit),
            (Axis::Preceding, _) => {
                let before = (0..home).rev().filter(|node| tree.end(*node) <= home);
                self.pay(u64::from(home))?;
                self.visit_all(before, step, visit)
            }
            (Axis::Namespace, _) | (_, None) => Ok(ControlFlow::Continue(())),
        }
    }

    /// Visits what lies on the axis of any of these nodes, which are in document order. No place is gone
    /// over twice, so the work is linear in the page; the order is that of no axis in particular.
    pub(super) fn sweep(&self, from: &[XNode], step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        match step.axis {
            Axis::Following => {
                let nearest = from.iter().min_by_key(|node| self.after(**node));
                nearest.map_or(Ok(ControlFlow::Continue(())), |node| self.walk(*node, step, visit))
            }
            // What precedes an earlier node precedes the last one too.
            Axis::Preceding => {
                from.last().map_or(Ok(ControlFlow::Continue(())), |node| self.walk(*node, step, visit))
            }
            Axis::Descendant | Axis::DescendantOrSelf | Axis::DescendantAttribute => {
                self.sweep_down(from, step, visit)
            }
            Axis::Ancestor | Axis::AncestorOrSelf => self.sweep_up(from, step, visit),
            Axis::FollowingSibling | Axis::PrecedingSibling => self.sweep_siblings(from, step, visit),
            Axis::Parent => {
                let mut last = None;
                let parents = from.iter().filter_map(|node| node.parent(self.tree));
                // Siblings follow each other, so this leaves out nearly all that were there before.
                let new = parents.filter(|parent| last.replace(*parent) != Some(*parent));
                self.visit_all(new, step, visit)
            }
            Axis::Myself | Axis::Child | Axis::Attribute | Axis::Namespace => {
                for node in from {
                    if self.walk(*node, step, visit)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    /// Leaves out nodes that lie below one already gone through.
    fn sweep_down(&self, from: &[XNode], step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let mut covered = 0;
        for node in from {
            if let XNode::Node(node) = node {
                if *node < covered {
                    continue;
                }
                covered = self.tree.end(*node);
            }
            if self.walk(*node, step, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Stops climbing where the climb from the node before came by.
    fn sweep_up(&self, from: &[XNode], step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let mut lowest: Option<NodeId> = None;
        for node in from {
            let myself = step.axis == Axis::AncestorOrSelf;
            let start = match node {
                XNode::Node(node) if myself => Some(*node),
                node => node.parent(self.tree),
            };
            if myself && matches!(node, XNode::Attr(_)) && self.visit_self(*node, step, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let passed = lowest;
            let new = self
                .upwards(start)
                .take_while(|node| passed.is_none_or(|lowest| !self.tree.is_within(lowest, *node)));
            if self.visit_all(new, step, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            lowest = start.or(lowest);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Stops at a sibling that is a start itself: the rest is visited from there.
    fn sweep_siblings(&self, from: &[XNode], step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        for node in from {
            let XNode::Node(start) = node else { continue };
            let mut done = false;
            let mut until = |node: &NodeId| {
                let go_on = !done;
                done = from.binary_search_by_key(&(*node, 0), |start| start.order(self.tree)).is_ok();
                go_on
            };
            let flow = if step.axis == Axis::FollowingSibling {
                self.visit_all(self.rightwards(*start).take_while(&mut until), step, visit)?
            } else {
                self.visit_all(self.leftwards(*start).take_while(&mut until), step, visit)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether [`Self::walk_back`] knows the axis.
    pub(super) fn can_walk_back(&self, axis: Axis) -> bool {
        matches!(
            axis,
            Axis::Child
                | Axis::Attribute
                | Axis::Descendant
                | Axis::DescendantOrSelf
                | Axis::DescendantAttribute
        )
    }

    /// Visits what lies on a forward axis of one node, farthest first.
    pub(super) fn walk_back(&self, from: XNode, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let tree = self.tree;
        let XNode::Node(node) = from else { return self.walk(from, step, visit) };
        match step.axis {
            Axis::Child => {
                let last = self.last_child(node)?;
                let before =
                    last.into_iter().flat_map(|last| std::iter::once(last).chain(self.leftwards(last)));
                self.visit_all(before, step, visit)
            }
            Axis::Descendant => self.visit_all((node + 1..tree.end(node)).rev(), step, visit),
            Axis::DescendantOrSelf => self.visit_all((node..tree.end(node)).rev(), step, visit),
            Axis::Attribute => self.visit_attrs(tree.attrs(node).rev(), step, visit),
            Axis::DescendantAttribute => self.visit_attrs(self.attrs_below(node).rev(), step, visit),
            _ => self.walk(from, step, visit),
        }
    }

    fn last_child(&self, parent: NodeId) -> Eval<Option<NodeId>> {
        let end = self.tree.end(parent);
        if end == parent + 1 {
            return Ok(None);
        }
        let mut node = end - 1;
        while let Some(above) = self.tree.parent(node).filter(|above| *above != parent) {
            self.pay(1)?;
            node = above;
        }
        Ok(Some(node))
    }

    fn visit_self(&self, node: XNode, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        self.pay(1)?;
        let passes = match node {
            XNode::Node(node) => self.matches(node, &step.test),
            XNode::Attr(_) => step.test == NodeTest::Node,
        };
        if passes { visit(node) } else { Ok(ControlFlow::Continue(())) }
    }

    fn visit_range(&self, range: std::ops::Range<NodeId>, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let NodeTest::Name(name) = &step.test else { return self.visit_all(range, step, visit) };
        let mut visited = 1;
        for node in range {
            visited += 1;
            if self.tree.name(node) == name && visit(XNode::Node(node))?.is_break() {
                self.pay(visited)?;
                return Ok(ControlFlow::Break(()));
            }
        }
        self.pay(visited)?;
        Ok(ControlFlow::Continue(()))
    }

    fn visit_all(&self, nodes: impl Iterator<Item = NodeId>, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let mut visited = 1;
        for node in nodes {
            visited += 1;
            if self.matches(node, &step.test) && visit(XNode::Node(node))?.is_break() {
                self.pay(visited)?;
                return Ok(ControlFlow::Break(()));
            }
        }
        self.pay(visited)?;
        Ok(ControlFlow::Continue(()))
    }

    fn visit_attrs(&self, attrs: impl Iterator<Item = u32>, step: &Step, visit: Visit<'_>) -> Eval<Flow> {
        let mut visited = 1;
        for attr in attrs {
            visited += 1;
            let passes = match &step.test {
                NodeTest::Name(name) => self.tree.attr_name(attr) == name,
                NodeTest::Prefix(prefix) => self.tree.attr_name(attr).starts_with(&**prefix),
                NodeTest::Any | NodeTest::Node => true,
                NodeTest::Text | NodeTest::Comment | NodeTest::Branch | NodeTest::Nothing => false,
            };
            if passes && visit(XNode::Attr(attr))?.is_break() {
                self.pay(visited)?;
                return Ok(ControlFlow::Break(()));
            }
        }
        self.pay(visited)?;
        Ok(ControlFlow::Continue(()))
    }

    fn matches(&self, node: NodeId, test: &NodeTest) -> bool {
        match test {
            NodeTest::Name(name) => self.tree.name(node) == name,
            NodeTest::Prefix(prefix) => self.tree.name(node).starts_with(&**prefix),
            NodeTest::Any => self.tree.is_element(node),
            NodeTest::Node => true,
            NodeTest::Text => self.tree.kind(node) == Kind::Text,
            NodeTest::Comment => self.tree.kind(node) == Kind::Comment,
            NodeTest::Branch => self.tree.first_child(node).is_some(),
            NodeTest::Nothing => false,
        }
    }

    /// Where the following axis begins: after the content of a node, but with that of an attribute's element.
    fn after(&self, node: XNode) -> NodeId {
        match node {
            XNode::Node(node) => self.tree.end(node),
            XNode::Attr(attr) => self.tree.attr_owner(attr) + 1,
        }
    }

    /// The attributes of an element and of all below it: one range, since both are in document order.
    fn attrs_below(&self, node: NodeId) -> std::ops::Range<u32> {
        let end = self.tree.end(node);
        self.tree.attrs(node).start..self.tree.attrs(end - 1).end
    }

    fn upwards(&self, start: Option<NodeId>) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(start, |node| self.tree.parent(*node))
    }

    fn rightwards(&self, start: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.tree.next_sibling(start), |node| self.tree.next_sibling(*node))
    }

    fn leftwards(&self, start: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.tree.prev_sibling(start), |node| self.tree.prev_sibling(*node))
    }
}
