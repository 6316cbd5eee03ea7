//! Comparisons, whose rules depend on the types of both sides.
//!
//! A node-set compares true when one of its nodes does. Against anything but another node-set this stops at
//! the first such node; between two node-sets it takes time linear in both.

use std::collections::HashSet;

use crate::query::xpath::Context;
use crate::query::xpath::XNode;
use crate::query::xpath::eval::Eval;
use crate::query::xpath::eval::Evaluator;
use crate::query::xpath::eval::Nodes;
use crate::query::xpath::eval::Want;
use crate::query::xpath::expr::Compare;
use crate::query::xpath::expr::Comparison;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::number;
use crate::query::xpath::value_type::Type;

/// Up to this many pairs of nodes are compared one by one.
const FEW_PAIRS: usize = 32;

impl<'e> Evaluator<'e> {
    pub(super) fn compare(&self, compare: &'e Compare, context: Context) -> Eval<bool> {
        let mut truth = self.compare_two(compare.op, &compare.left, &compare.right, context)?;
        for (op, part) in &compare.more {
            let left = f64::from(u8::from(truth));
            let as_truth = op.is_equality() || part.kind() == Type::Nodes;
            let right = if as_truth {
                f64::from(u8::from(self.boolean(part, context)?))
            } else {
                self.number(part, context)?
            };
            truth = op.numbers(left, right);
        }
        Ok(truth)
    }

    fn compare_two(&self, op: Comparison, left: &'e Expr, right: &'e Expr, context: Context) -> Eval<bool> {
        let kinds = (left.kind(), right.kind());
        match kinds {
            (Type::Nodes, Type::Nodes) => {
                let (left, right) = (self.nodes(left, context)?, self.nodes(right, context)?);
                self.compare_sets(op, &left, &right)
            }
            (Type::Nodes, _) => self.compare_set(op, left, right, context),
            (_, Type::Nodes) => self.compare_set(op.mirrored(), right, left, context),
            (Type::Boolean, _) | (_, Type::Boolean) if op.is_equality() => {
                let equal = self.boolean(left, context)? == self.boolean(right, context)?;
                Ok(equal == (op == Comparison::Equal))
            }
            (Type::Text, Type::Text) if op.is_equality() => {
                let equal = self.same(&self.text(left, context)?, &self.text(right, context)?)?;
                Ok(equal == (op == Comparison::Equal))
            }
            _ => Ok(op.numbers(self.number(left, context)?, self.number(right, context)?)),
        }
    }

    /// A node-set on the left, something else on the right.
    fn compare_set(&self, op: Comparison, set: &'e Expr, other: &'e Expr, context: Context) -> Eval<bool> {
        if other.kind() == Type::Boolean {
            let (left, right) = (self.boolean(set, context)?, self.boolean(other, context)?);
            return Ok(op.numbers(f64::from(u8::from(left)), f64::from(u8::from(right))));
        }
        if other.kind() == Type::Text && op.is_equality() {
            let wanted = self.text(other, context)?;
            return self.any_text(set, context, &mut |text| {
                Ok(self.same(text, &wanted)? == (op == Comparison::Equal))
            });
        }
        let wanted = self.number(other, context)?;
        self.any_text(set, context, &mut |text| Ok(op.numbers(self.parse(text)?, wanted)))
    }

    /// Whether the string value of any node of the set is agreed to.
    fn any_text(
        &self,
        set: &'e Expr,
        context: Context,
        agree: &mut dyn FnMut(&'e str) -> Eval<bool>,
    ) -> Eval<bool> {
        if let Some(node) = self.near(set, context)? {
            return node.map_or(Ok(false), |node| agree(node.text(self.tree)));
        }
        if let Expr::Path(path) = set {
            let accept = &mut |node: XNode| agree(node.text(self.tree));
            return Ok(!self.select(path, context, Want::Any, accept)?.is_empty());
        }
        for node in self.nodes(set, context)? {
            if agree(node.text(self.tree))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare_sets(&self, op: Comparison, left: &Nodes, right: &Nodes) -> Eval<bool> {
        self.pay((left.len() + right.len()) as u64)?;
        match op {
            Comparison::Equal => self.share_a_text(left, right),
            Comparison::NotEqual => self.differ(left, right),
            Comparison::Less | Comparison::LessOrEqual => {
                Ok(op.numbers(self.extreme(left, f64::min)?, self.extreme(right, f64::max)?))
            }
            Comparison::Greater | Comparison::GreaterOrEqual => {
                Ok(op.numbers(self.extreme(left, f64::max)?, self.extreme(right, f64::min)?))
            }
        }
    }

    fn share_a_text(&self, left: &Nodes, right: &Nodes) -> Eval<bool> {
        let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
        if few.len() * many.len() <= FEW_PAIRS {
            for one in few {
                for other in many {
                    if self.same(one.text(self.tree), other.text(self.tree))? {
                        return Ok(true);
                    }
                }
            }
            return Ok(false);
        }
        let mut texts = HashSet::with_capacity(few.len());
        for node in few {
            let text = node.text(self.tree);
            self.pay_text(text.len())?;
            texts.insert(text);
        }
        for node in many {
            let text = node.text(self.tree);
            self.pay_text(text.len())?;
            if texts.contains(text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether some node of one set has another text than some node of the other.
    fn differ(&self, left: &Nodes, right: &Nodes) -> Eval<bool> {
        let (Some(first), false) = (left.first(), right.is_empty()) else { return Ok(false) };
        let first = first.text(self.tree);
        // If all on the right are equal to the first on the left, only another on the left can differ.
        for node in right.iter().chain(left) {
            if !self.same(first, node.text(self.tree))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The smallest or greatest number in a set; NaN where there is none.
    fn extreme(&self, nodes: &Nodes, choose: fn(f64, f64) -> f64) -> Eval<f64> {
        let mut extreme = f64::NAN;
        for node in nodes {
            let text = node.text(self.tree);
            self.pay_text(text.len())?;
            extreme = choose(extreme, number::parse(text));
        }
        Ok(extreme)
    }

    fn same(&self, one: &str, other: &str) -> Eval<bool> {
        if one.len() != other.len() {
            return Ok(false);
        }
        self.pay_text(one.len())?;
        Ok(one == other)
    }
}
