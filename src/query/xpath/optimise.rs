//! Makes an expression cheap to answer without changing its answer.
//!
//! Knows which parts of an expression depend on what: constants are computed once, `//name` becomes one
//! descendant step where no position is asked for, and every predicate learns how it decides.

use crate::query::xpath::eval;
use crate::query::xpath::expr::Axis;
use crate::query::xpath::expr::Compare;
use crate::query::xpath::expr::Comparison;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::expr::NodeTest;
use crate::query::xpath::expr::Path;
use crate::query::xpath::expr::Predicate;
use crate::query::xpath::expr::Role;
use crate::query::xpath::expr::Start;
use crate::query::xpath::expr::Step;
use crate::query::xpath::function::Function;
use crate::query::xpath::value_type::Type;

/// Rewrites the expression, inside out.
pub(super) fn optimise(expr: &mut Expr) {
    each_part(expr, &mut optimise);
    match expr {
        Expr::Path(path) => optimise_path(path),
        Expr::Filter(_, predicates) => optimise_predicates(predicates),
        _ => {}
    }
    if let Some(exists) = existence(expr) {
        *expr = exists;
    }
    if is_computable(expr)
        && let Some(constant) = eval::constant(expr)
    {
        *expr = constant;
    }
}

/// What one evaluation of the expression costs apart from the nodes it visits: long chains cost more.
pub(super) fn weight(expr: &Expr) -> u64 {
    fn parts(expr: &Expr) -> u64 {
        let mut count = 1;
        for_each_part(expr, &mut |part| count += parts(part));
        count
    }
    1 + parts(expr) / 8
}

/// The direct parts of an expression that are evaluated in the same context.
fn for_each_part<'x>(expr: &'x Expr, f: &mut dyn FnMut(&'x Expr)) {
    match expr {
        Expr::Or(list) | Expr::And(list) | Expr::Union(list) | Expr::Call(_, list) => list.iter().for_each(f),
        Expr::Compare(compare) => {
            f(&compare.left);
            f(&compare.right);
            compare.more.iter().for_each(|(_, part)| f(part));
        }
        Expr::Arithmetic(first, rest) => {
            f(first);
            rest.iter().for_each(|(_, part)| f(part));
        }
        Expr::Negate(part) | Expr::Filter(part, _) => f(part),
        Expr::Path(path) => {
            if let Start::Nodes(start) = &path.start {
                f(start);
            }
        }
        Expr::Text(_) | Expr::Number(_) | Expr::Boolean(_) | Expr::Joined(_) | Expr::Bound(_) => {}
    }
}

/// All direct parts, those in predicates too.
fn each_part(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    match expr {
        Expr::Or(list) | Expr::And(list) | Expr::Union(list) | Expr::Call(_, list) => {
            list.iter_mut().for_each(f);
        }
        Expr::Compare(compare) => {
            f(&mut compare.left);
            f(&mut compare.right);
            compare.more.iter_mut().for_each(|(_, part)| f(part));
        }
        Expr::Arithmetic(first, rest) => {
            f(first);
            rest.iter_mut().for_each(|(_, part)| f(part));
        }
        Expr::Negate(part) => f(part),
        Expr::Filter(part, predicates) => {
            f(part);
            predicates.iter_mut().for_each(|predicate| f(&mut predicate.expr));
        }
        Expr::Path(path) => {
            if let Start::Nodes(start) = &mut path.start {
                f(start);
            }
            let predicates = path.steps.iter_mut().flat_map(|step| step.predicates.iter_mut());
            predicates.for_each(|predicate| f(&mut predicate.expr));
        }
        Expr::Text(_) | Expr::Number(_) | Expr::Boolean(_) | Expr::Joined(_) | Expr::Bound(_) => {}
    }
}

/// Whether the value needs neither a tree nor a context.
fn is_computable(expr: &Expr) -> bool {
    if expr.is_constant() || expr.kind() == Type::Nodes || matches!(expr, Expr::Joined(_) | Expr::Bound(_)) {
        return false;
    }
    let mut constant = true;
    for_each_part(expr, &mut |part| constant &= part.is_constant());
    let uses = Uses::of(expr);
    constant && !uses.node && !uses.position && !uses.size
}

/// `count(x) = 0` and its like ask only whether there is a node.
fn existence(expr: &mut Expr) -> Option<Expr> {
    let Expr::Compare(compare) = expr else { return None };
    if !compare.more.is_empty() {
        return None;
    }
    let (op, counted, number) = match (&mut compare.left, &mut compare.right) {
        (Expr::Call(Function::Count, list), Expr::Number(number)) => (compare.op, list, *number),
        (Expr::Number(number), Expr::Call(Function::Count, list)) => (compare.op.mirrored(), list, *number),
        _ => return None,
    };
    let function = if number == 0.0 {
        match op {
            Comparison::Equal | Comparison::LessOrEqual => Function::Not,
            Comparison::NotEqual | Comparison::Greater => Function::Boolean,
            Comparison::Less | Comparison::GreaterOrEqual => return None,
        }
    } else if number == 1.0 {
        match op {
            Comparison::Less => Function::Not,
            Comparison::GreaterOrEqual => Function::Boolean,
            _ => return None,
        }
    } else {
        return None;
    };
    Some(Expr::Call(function, std::mem::take(counted)))
}

fn optimise_path(path: &mut Path) {
    for step in &mut path.steps {
        optimise_predicates(&mut step.predicates);
    }
    // `(a/b)/c` is `a/b/c`.
    if let Start::Nodes(Expr::Path(inner)) = &mut path.start {
        let start = std::mem::replace(&mut inner.start, Start::Context);
        let mut steps = std::mem::take(&mut inner.steps);
        steps.append(&mut path.steps);
        *path = Path { start, steps };
    }
    let mut steps: Vec<Step> = Vec::with_capacity(path.steps.len());
    for step in path.steps.drain(..) {
        append(&mut steps, step);
    }
    if path.start != Start::Context && steps.first().is_some_and(|step| is_bare(step, Axis::Myself)) {
        steps.remove(0);
    }
    path.steps = steps;
}

/// Whether the step is `axis::node()` and nothing more.
fn is_bare(step: &Step, axis: Axis) -> bool {
    step.axis == axis && step.test == NodeTest::Node && step.predicates.is_empty()
}

/// Adds a step, or makes it a part of the one before.
fn append(steps: &mut Vec<Step>, step: Step) {
    let Some(before) = steps.last_mut() else { return steps.push(step) };
    if is_bare(&step, Axis::Myself) {
        return;
    }
    if is_bare(before, Axis::Myself) {
        *before = step;
        return;
    }
    if !is_bare(before, Axis::DescendantOrSelf) {
        return steps.push(step);
    }
    if step.predicates.iter().any(Predicate::is_positional) {
        if step.axis == Axis::Child {
            parents_of(before, &step.test);
            if before.axis == Axis::Descendant {
                steps.push(Step { axis: Axis::Parent, test: NodeTest::Node, predicates: vec![] });
            }
        }
        return steps.push(step);
    }
    let axis = match step.axis {
        Axis::Child | Axis::Descendant => Axis::Descendant,
        Axis::Myself | Axis::DescendantOrSelf => Axis::DescendantOrSelf,
        Axis::Attribute => Axis::DescendantAttribute,
        _ => return steps.push(step),
    };
    *before = Step { axis, ..step };
}

/// `//p[1]` is every `p` that is the first below its parent, so all parents must be gone through. Where
/// there is a name, only the parents of what bears it: `descendant::p/parent::node()/child::p[1]`.
fn parents_of(all: &mut Step, test: &NodeTest) {
    if let NodeTest::Name(_) | NodeTest::Prefix(_) = test {
        *all = Step { axis: Axis::Descendant, test: test.clone(), predicates: vec![] };
    } else {
        all.test = NodeTest::Branch;
    }
}

fn optimise_predicates(predicates: &mut Vec<Predicate>) {
    for predicate in predicates.iter_mut() {
        if let Some(index) = compared_position(&mut predicate.expr) {
            predicate.expr = index;
        }
        predicate.weight = weight(&predicate.expr);
        predicate.role = role(&predicate.expr);
    }
    predicates.retain(|predicate| predicate.expr != Expr::Boolean(true));
}

/// The `x` of `position() = x`, where `x` is the same number for all nodes: `[x]` says the same.
fn compared_position(expr: &mut Expr) -> Option<Expr> {
    let Expr::Compare(compare) = expr else { return None };
    let Compare { op: Comparison::Equal, left, right, more } = &mut **compare else { return None };
    let index = match (left, right) {
        (Expr::Call(Function::Position, _), index) | (index, Expr::Call(Function::Position, _)) => index,
        _ => return None,
    };
    let uses = Uses::of(index);
    let same = more.is_empty() && index.kind() == Type::Number && !uses.node && !uses.position;
    same.then(|| std::mem::replace(index, Expr::Boolean(false)))
}

fn role(expr: &Expr) -> Role {
    let uses = Uses::of(expr);
    match (expr.kind(), uses) {
        (Type::Number, Uses { node: false, position: false, size }) => Role::Select { by_size: size },
        (Type::Number, _) | (_, Uses { position: true, .. } | Uses { size: true, .. }) => Role::Ranked,
        (_, Uses { node: true, .. }) => Role::Test,
        _ => Role::Gate,
    }
}

/// What of its context an expression looks at.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    node: bool,
    position: bool,
    size: bool,
}

impl Uses {
    fn of(expr: &Expr) -> Self {
        let mut uses = Self::default();
        match expr {
            Expr::Call(Function::Position, _) => uses.position = true,
            Expr::Call(Function::Last, _) => uses.size = true,
            Expr::Call(function, arguments) => uses.node = function.uses_node(arguments.len()),
            Expr::Path(path) => uses.node = path.start == Start::Context,
            _ => {}
        }
        for_each_part(expr, &mut |part| {
            let inner = Self::of(part);
            uses.node |= inner.node;
            uses.position |= inner.position;
            uses.size |= inner.size;
        });
        uses
    }
}
