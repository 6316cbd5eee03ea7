//! Answers compiled expressions.
//!
//! Knows the types, their conversions and operators; `path` knows steps, `axis` the directions, `compare`
//! node-set comparisons, `call` and `text` the functions. Each type has its own way in, so that a question
//! for a truth value never collects the nodes that a question for nodes would. Texts are borrowed from the
//! tree and the query wherever they are not made again.

mod axis;
mod call;
mod compare;
mod path;
mod text;

use std::borrow::Cow;
use std::ops::ControlFlow;

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::query::Limits;
use crate::query::Meter;
use crate::query::QueryError;
use crate::query::Tree;
use crate::query::tree::TreeBuilder;
use crate::query::xpath::Context;
use crate::query::xpath::Value;
use crate::query::xpath::XNode;
use crate::query::xpath::expr::Arithmetic;
use crate::query::xpath::expr::Axis;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::expr::NodeTest;
use crate::query::xpath::function::Function;
use crate::query::xpath::number;
use crate::query::xpath::program::Bound;
use crate::query::xpath::program::Program;
use crate::query::xpath::value_type::Type;

/// Boxed, because every step of an evaluation returns one and none of them is an error.
type Eval<T> = Result<T, Box<QueryError>>;

type Flow = ControlFlow<()>;

type Nodes = SmallVec<[XNode; 4]>;

/// Bytes of text that may be searched or compared for the price of one node.
const BYTES_PER_VISIT: usize = 64;

/// Bytes of text that may be read character by character for the price of one node.
const READ_BYTES_PER_VISIT: usize = 16;

/// A value whose text is borrowed.
enum Val<'e> {
    Nodes(Nodes),
    Text(Cow<'e, str>),
    Number(f64),
    Boolean(bool),
}

/// How much of a node-set is wanted.
#[derive(Clone, Copy)]
enum Want {
    All,
    /// Any node at all.
    Any,
    /// At least this many nodes from the start of document order.
    First(usize),
}

/// Answers the expressions of one program on one tree.
pub(super) struct Evaluator<'e> {
    tree: &'e Tree,
    program: &'e Program,
    bound: &'e Bound,
    meter: &'e Meter<'e>,
}

/// The value of an expression that needs neither tree nor context.
pub(super) fn constant(expr: &Expr) -> Option<Expr> {
    let tree = TreeBuilder::with_capacity(1, 0).finish();
    let (bound, meter) = (Bound::default(), Meter::new(&Limits::default()));
    let program = Program {
        root: Expr::Boolean(false),
        written: String::new(),
        joined: vec![],
        bare: vec![],
        weight: 1,
    };
    let evaluator = Evaluator { tree: &tree, program: &program, bound: &bound, meter: &meter };
    match evaluator.val(expr, Context::document()).ok()? {
        Val::Nodes(_) => None,
        Val::Text(text) => Some(Expr::Text(text.into())),
        Val::Number(number) => Some(Expr::Number(number)),
        Val::Boolean(truth) => Some(Expr::Boolean(truth)),
    }
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(tree: &'e Tree, program: &'e Program, bound: &'e Bound, meter: &'e Meter<'e>) -> Self {
        Self { tree, program, bound, meter }
    }

    /// The value of the whole expression.
    pub(super) fn value(&self, context: Context) -> Result<Value, QueryError> {
        self.meter.pay(self.program.weight)?;
        Ok(match self.val(&self.program.root, context).map_err(|error| *error)? {
            Val::Nodes(nodes) => Value::Nodes(nodes.into_vec()),
            Val::Text(text) => Value::Text(CompactString::from(text)),
            Val::Number(number) => Value::Number(number),
            Val::Boolean(truth) => Value::Boolean(truth),
        })
    }

    fn val(&self, expr: &'e Expr, context: Context) -> Eval<Val<'e>> {
        Ok(match (expr.kind(), expr) {
            (_, Expr::Call(function, arguments)) => return self.call(*function, arguments, context),
            (Type::Nodes, _) => Val::Nodes(self.nodes(expr, context)?),
            (Type::Text, _) => Val::Text(self.text(expr, context)?),
            (Type::Number, _) => Val::Number(self.number(expr, context)?),
            (Type::Boolean, _) => Val::Boolean(self.boolean(expr, context)?),
        })
    }

    fn boolean(&self, expr: &'e Expr, context: Context) -> Eval<bool> {
        match expr {
            Expr::Or(list) => self.any(list, context),
            Expr::And(list) => {
                for part in list {
                    if !self.boolean(part, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expr::Compare(compare) => self.compare(compare, context),
            Expr::Boolean(truth) => Ok(*truth),
            Expr::Path(path) => match self.near(expr, context)? {
                Some(node) => Ok(node.is_some()),
                None => Ok(!self.select(path, context, Want::Any, &mut |_| Ok(true))?.is_empty()),
            },
            Expr::Union(list) => self.any(list, context),
            Expr::Filter(..) => Ok(!self.nodes(expr, context)?.is_empty()),
            Expr::Call(Function::Not, arguments) => match arguments.as_slice() {
                [argument] => Ok(!self.boolean(argument, context)?),
                _ => Ok(false),
            },
            Expr::Call(function, arguments) => Ok(match self.call(*function, arguments, context)? {
                Val::Nodes(nodes) => !nodes.is_empty(),
                Val::Text(text) => !text.is_empty(),
                Val::Number(number) => is_true(number),
                Val::Boolean(truth) => truth,
            }),
            Expr::Text(_) | Expr::Joined(_) => Ok(!self.text(expr, context)?.is_empty()),
            Expr::Number(_) | Expr::Bound(_) | Expr::Arithmetic(..) | Expr::Negate(_) => {
                Ok(is_true(self.number(expr, context)?))
            }
        }
    }

    fn any(&self, list: &'e [Expr], context: Context) -> Eval<bool> {
        for part in list {
            if self.boolean(part, context)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn number(&self, expr: &'e Expr, context: Context) -> Eval<f64> {
        match expr {
            Expr::Number(number) => Ok(*number),
            Expr::Bound(index) => Ok(self.bound.number(*index)),
            Expr::Negate(part) => Ok(-self.number(part, context)?),
            Expr::Arithmetic(first, rest) => {
                let mut left = self.number(first, context)?;
                for (op, part) in rest {
                    left = calculate(*op, left, self.number(part, context)?);
                }
                Ok(left)
            }
            Expr::Call(function, arguments) => match self.call(*function, arguments, context)? {
                Val::Number(number) => Ok(number),
                Val::Boolean(truth) => Ok(f64::from(u8::from(truth))),
                Val::Text(text) => self.parse(&text),
                Val::Nodes(nodes) => self.parse(nodes.first().map_or("", |node| node.text(self.tree))),
            },
            Expr::Or(_) | Expr::And(_) | Expr::Compare(_) | Expr::Boolean(_) => {
                Ok(f64::from(u8::from(self.boolean(expr, context)?)))
            }
            Expr::Text(_) | Expr::Joined(_) | Expr::Union(_) | Expr::Path(_) | Expr::Filter(..) => {
                self.parse(&self.text(expr, context)?)
            }
        }
    }

    fn text(&self, expr: &'e Expr, context: Context) -> Eval<Cow<'e, str>> {
        match expr {
            Expr::Text(text) => Ok(Cow::Borrowed(text)),
            Expr::Joined(index) => Ok(Cow::Borrowed(self.bound.text(*index))),
            Expr::Path(_) | Expr::Union(_) | Expr::Filter(..) => {
                Ok(Cow::Borrowed(self.first(expr, context)?.map_or("", |node| node.text(self.tree))))
            }
            Expr::Call(function, arguments) => Ok(match self.call(*function, arguments, context)? {
                Val::Text(text) => text,
                Val::Nodes(nodes) => Cow::Borrowed(nodes.first().map_or("", |node| node.text(self.tree))),
                Val::Number(number) => number_text(number),
                Val::Boolean(truth) => Cow::Borrowed(truth_text(truth)),
            }),
            Expr::Number(_) | Expr::Bound(_) | Expr::Arithmetic(..) | Expr::Negate(_) => {
                Ok(number_text(self.number(expr, context)?))
            }
            Expr::Or(_) | Expr::And(_) | Expr::Compare(_) | Expr::Boolean(_) => {
                Ok(Cow::Borrowed(truth_text(self.boolean(expr, context)?)))
            }
        }
    }

    /// The nodes of an expression that gives nodes, in document order.
    fn nodes(&self, expr: &'e Expr, context: Context) -> Eval<Nodes> {
        match expr {
            Expr::Path(path) => self.select(path, context, Want::All, &mut |_| Ok(true)),
            Expr::Filter(inner, predicates) => self.filter(inner, predicates, context),
            Expr::Union(list) => {
                let mut all = Nodes::new();
                let mut bound = path::GATHERED;
                for part in list {
                    all.extend(self.nodes(part, context)?);
                    if all.len() > bound {
                        self.normalise(&mut all)?;
                        bound = all.len() * 2 + path::GATHERED;
                    }
                }
                self.normalise(&mut all)?;
                Ok(all)
            }
            Expr::Call(function, arguments) => match self.call(*function, arguments, context)? {
                Val::Nodes(nodes) => Ok(nodes),
                _ => Ok(Nodes::new()),
            },
            // The parser lets nothing else stand where nodes are needed.
            _ => Ok(Nodes::new()),
        }
    }

    /// The first node in document order.
    fn first(&self, expr: &'e Expr, context: Context) -> Eval<Option<XNode>> {
        if let Some(node) = self.near(expr, context)? {
            return Ok(node);
        }
        let nodes = match expr {
            Expr::Path(path) => self.select(path, context, Want::First(1), &mut |_| Ok(true))?,
            _ => self.nodes(expr, context)?,
        };
        Ok(nodes.first().copied())
    }

    /// The node of `.` or `@name`, which most predicates ask for, the shortest way. `None`: the expression
    /// is something else.
    fn near(&self, expr: &'e Expr, context: Context) -> Eval<Option<Option<XNode>>> {
        let (Some(step), XNode::Node(node)) = (expr.single_step(), context.node) else { return Ok(None) };
        match (step.axis, &step.test) {
            (Axis::Myself, NodeTest::Node) => {
                self.pay(1)?;
                Ok(Some(Some(context.node)))
            }
            (Axis::Attribute, NodeTest::Name(name)) => {
                let mut attrs = self.tree.attrs(node);
                self.pay(1 + attrs.len() as u64)?;
                Ok(Some(attrs.find(|attr| self.tree.attr_name(*attr) == name).map(XNode::Attr)))
            }
            _ => Ok(None),
        }
    }

    fn pay(&self, visits: u64) -> Eval<()> {
        self.meter.pay(visits).map_err(Box::new)
    }

    /// Pays for reading this many bytes of text character by character.
    fn pay_reading(&self, bytes: usize) -> Eval<()> {
        if bytes < READ_BYTES_PER_VISIT { Ok(()) } else { self.pay((bytes / READ_BYTES_PER_VISIT) as u64) }
    }

    /// Pays for searching or comparing this many bytes of text.
    fn pay_text(&self, bytes: usize) -> Eval<()> {
        if bytes < BYTES_PER_VISIT { Ok(()) } else { self.pay((bytes / BYTES_PER_VISIT) as u64) }
    }

    fn parse(&self, text: &str) -> Eval<f64> {
        self.pay_text(text.len())?;
        Ok(number::parse(text))
    }
}

fn is_true(number: f64) -> bool {
    number != 0.0 && !number.is_nan()
}

fn truth_text(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

fn number_text<'e>(number: f64) -> Cow<'e, str> {
    Cow::Owned(number::format(number).into())
}

fn calculate(op: Arithmetic, left: f64, right: f64) -> f64 {
    match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    }
}
