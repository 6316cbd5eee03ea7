//! Location paths: steps, predicates and document order.
//!
//! A step is taken for all nodes at once where its predicates ask for no position, so that nodes reached
//! from several places are visited once and the work stays linear in the page; and node by node where
//! positions count. Results leave in document order; they are sorted only if they came out of order.

use std::ops::ControlFlow;

use crate::query::tree::NodeId;
use crate::query::xpath::Context;
use crate::query::xpath::XNode;
use crate::query::xpath::eval::Eval;
use crate::query::xpath::eval::Evaluator;
use crate::query::xpath::eval::Flow;
use crate::query::xpath::eval::Nodes;
use crate::query::xpath::eval::Want;
use crate::query::xpath::expr::Axis;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::expr::Path;
use crate::query::xpath::expr::Predicate;
use crate::query::xpath::expr::Role;
use crate::query::xpath::expr::Start;
use crate::query::xpath::expr::Step;
use crate::query::xpath::function::Function;
use crate::query::xpath::value_type::Type;

/// Duplicates are taken out when this many nodes were gathered, so that memory stays linear in the page.
pub(super) const GATHERED: usize = 1 << 14;

/// Decides about nodes that have passed all predicates.
pub(super) type Accept<'a> = &'a mut dyn FnMut(XNode) -> Eval<bool>;

impl<'e> Evaluator<'e> {
    /// The nodes of a path that `accept` agrees to; in document order unless [`Want::Any`] will do.
    pub(super) fn select(
        &self,
        path: &'e Path,
        context: Context,
        want: Want,
        accept: Accept<'_>,
    ) -> Eval<Nodes> {
        let mut from = match &path.start {
            Start::Context => Nodes::from_slice(&[context.node]),
            Start::Document => Nodes::from_slice(&[XNode::DOCUMENT]),
            Start::Nodes(expr) => self.nodes(expr, context)?,
        };
        let Some((last, before)) = path.steps.split_last() else {
            let mut kept = Nodes::new();
            for node in from {
                if accept(node)? {
                    kept.push(node);
                }
            }
            return Ok(kept);
        };
        for step in before {
            if from.is_empty() {
                return Ok(from);
            }
            from = self.step(step, &from, Want::All, &mut |_| Ok(true))?;
        }
        self.step(last, &from, want, accept)
    }

    /// Takes a step from nodes that are in document order.
    fn step(&self, step: &'e Step, from: &[XNode], want: Want, accept: Accept<'_>) -> Eval<Nodes> {
        for predicate in &step.predicates {
            if predicate.role == Role::Gate && !self.boolean(&predicate.expr, Context::document())? {
                return Ok(Nodes::new());
            }
        }
        match from {
            [] => Ok(Nodes::new()),
            _ if step.predicates.iter().any(Predicate::is_positional) => {
                self.step_by_position(step, from, want, accept)
            }
            [from] => {
                let limit = match want {
                    Want::Any => 1,
                    Want::First(count) if !step.axis.is_reverse() => count,
                    Want::First(_) | Want::All => usize::MAX,
                };
                let mut found = Nodes::new();
                // Stopping early is not a failure.
                let _flow =
                    self.walk(*from, step, &mut |node| self.offer(step, node, limit, accept, &mut found))?;
                if step.axis.is_reverse() {
                    found.reverse();
                }
                Ok(found)
            }
            _ => self.step_at_once(step, from, want, accept),
        }
    }

    /// Keeps a node that passes the tests of a step; stops when `limit` nodes were found.
    fn offer(
        &self,
        step: &'e Step,
        node: XNode,
        limit: usize,
        accept: Accept<'_>,
        found: &mut Nodes,
    ) -> Eval<Flow> {
        for predicate in &step.predicates {
            if predicate.role == Role::Test && !self.test(predicate, node)? {
                return Ok(ControlFlow::Continue(()));
            }
        }
        if accept(node)? {
            found.push(node);
            if found.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn test(&self, predicate: &'e Predicate, node: XNode) -> Eval<bool> {
        self.pay(predicate.weight)?;
        self.boolean(&predicate.expr, Context::from(node))
    }

    /// A step without positions from several nodes: every node is visited once.
    fn step_at_once(&self, step: &'e Step, from: &[XNode], want: Want, accept: Accept<'_>) -> Eval<Nodes> {
        let in_order = matches!(
            step.axis,
            Axis::Myself | Axis::Attribute | Axis::Descendant | Axis::DescendantAttribute | Axis::Following
        );
        let limit = match want {
            Want::Any => 1,
            Want::First(count) if in_order => count,
            Want::First(_) | Want::All => usize::MAX,
        };
        let mut found = Nodes::new();
        let _flow = self.sweep(from, step, &mut |node| self.offer(step, node, limit, accept, &mut found))?;
        self.normalise(&mut found)?;
        Ok(found)
    }

    fn step_by_position(
        &self,
        step: &'e Step,
        from: &[XNode],
        want: Want,
        accept: Accept<'_>,
    ) -> Eval<Nodes> {
        let mut found = Nodes::new();
        let mut bound = GATHERED;
        for node in from {
            let mut ranked = self.ranked(step, *node)?;
            if step.axis.is_reverse() {
                ranked.reverse();
            }
            for node in ranked {
                if accept(node)? {
                    found.push(node);
                    if matches!(want, Want::Any) {
                        return Ok(found);
                    }
                }
            }
            if found.len() > bound {
                self.normalise(&mut found)?;
                bound = found.len() * 2 + GATHERED;
            }
        }
        self.normalise(&mut found)?;
        Ok(found)
    }

    /// What a step with positions finds from one node, nearest first.
    fn ranked(&self, step: &'e Step, from: XNode) -> Eval<Nodes> {
        let first = step.predicates.iter().position(Predicate::is_positional).unwrap_or_default();
        let (tests, rest) = step.predicates.split_at(first);
        let passes = |node: XNode| -> Eval<bool> {
            for predicate in tests {
                if predicate.role == Role::Test && !self.test(predicate, node)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let mut found = Nodes::new();
        let Some((positional, rest)) = rest.split_first() else { return Ok(found) };
        match positional.role {
            Role::Select { by_size: false } => {
                self.pay(positional.weight)?;
                if let Some(index) = rank(self.number(&positional.expr, Context::document())?) {
                    found.extend(self.nth(step, from, index, &passes)?);
                }
            }
            _ if is_last(positional) && self.can_walk_back(step.axis) => {
                let _flow = self.walk_back(from, step, &mut |node| {
                    if !passes(node)? {
                        return Ok(ControlFlow::Continue(()));
                    }
                    found.push(node);
                    Ok(ControlFlow::Break(()))
                })?;
            }
            _ => {
                let _flow = self.walk(from, step, &mut |node| {
                    if passes(node)? {
                        found.push(node);
                    }
                    Ok(ControlFlow::Continue(()))
                })?;
                self.keep(&mut found, positional)?;
            }
        }
        for predicate in rest {
            self.keep(&mut found, predicate)?;
        }
        Ok(found)
    }

    /// The node at this rank, from 1, among those that pass.
    fn nth(
        &self,
        step: &'e Step,
        from: XNode,
        index: usize,
        passes: &dyn Fn(XNode) -> Eval<bool>,
    ) -> Eval<Option<XNode>> {
        let (mut seen, mut found) = (0, None);
        let _flow = self.walk(from, step, &mut |node| {
            if passes(node)? {
                seen += 1;
                if seen == index {
                    found = Some(node);
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Filters nodes by a predicate; their order gives the positions.
    fn keep(&self, nodes: &mut Nodes, predicate: &'e Predicate) -> Eval<()> {
        let size = nodes.len();
        match predicate.role {
            Role::Gate => {
                if size > 0 && !self.boolean(&predicate.expr, Context::document())? {
                    nodes.clear();
                }
            }
            Role::Select { .. } => {
                self.pay(predicate.weight)?;
                let context = Context { size: size as u32, ..Context::document() };
                let index = rank(self.number(&predicate.expr, context)?);
                let kept = index.and_then(|index| nodes.get(index - 1)).copied();
                nodes.clear();
                nodes.extend(kept);
            }
            Role::Test | Role::Ranked => {
                let mut kept = 0;
                for index in 0..size {
                    let Some(node) = nodes.get(index).copied() else { break };
                    self.pay(predicate.weight)?;
                    if self.decide(predicate, node, index + 1, size)? {
                        nodes.swap(kept, index);
                        kept += 1;
                    }
                }
                nodes.truncate(kept);
            }
        }
        Ok(())
    }

    fn decide(&self, predicate: &'e Predicate, node: XNode, position: usize, size: usize) -> Eval<bool> {
        let context = Context { node, position: position as u32, size: size as u32 };
        if predicate.expr.kind() == Type::Number {
            return Ok(self.number(&predicate.expr, context)? == position as f64);
        }
        self.boolean(&predicate.expr, context)
    }

    /// A node-set filtered as a whole: `(//p)[1]`.
    pub(super) fn filter(
        &self,
        inner: &'e Expr,
        predicates: &'e [Predicate],
        context: Context,
    ) -> Eval<Nodes> {
        let mut nodes = match (inner, predicates.first()) {
            (Expr::Path(path), Some(Predicate { role: Role::Select { by_size: false }, expr, .. })) => {
                match rank(self.number(expr, context)?) {
                    Some(index) => self.select(path, context, Want::First(index), &mut |_| Ok(true))?,
                    None => return Ok(Nodes::new()),
                }
            }
            _ => self.nodes(inner, context)?,
        };
        for predicate in predicates {
            self.keep(&mut nodes, predicate)?;
        }
        Ok(nodes)
    }

    /// Puts nodes in document order and takes duplicates out.
    pub(super) fn normalise(&self, nodes: &mut Nodes) -> Eval<()> {
        let ordered = |pair: &[XNode]| match pair {
            [XNode::Node(before), XNode::Node(after)] => before < after,
            [before, after] => before.order(self.tree) < after.order(self.tree),
            _ => true,
        };
        if nodes.windows(2).all(ordered) {
            return Ok(());
        }
        self.pay(nodes.len() as u64)?;
        nodes.sort_unstable_by_key(|node| node.order(self.tree));
        nodes.dedup();
        Ok(())
    }

    /// The element or document that a node is, or that an attribute belongs to.
    pub(super) fn home(&self, node: XNode) -> NodeId {
        match node {
            XNode::Node(node) => node,
            XNode::Attr(attr) => self.tree.attr_owner(attr),
        }
    }
}

/// A number as a position: only whole numbers from 1 are.
fn rank(number: f64) -> Option<usize> {
    // A number above usize::MAX becomes usize::MAX, a position that no node has.
    (number >= 1.0 && number.fract() == 0.0).then_some(number as usize)
}

fn is_last(predicate: &Predicate) -> bool {
    matches!(predicate.expr, Expr::Call(Function::Last, _))
}
