//! Expressions, resolved: names are atoms, functions are known, every expression has one type.
//!
//! Knows the shape of a query, not how to read it (`parse`) nor how to answer it (`eval`). Chains such as
//! `a + b - c` are lists, so that the depth of the tree is the depth of the nesting and nothing else.

use html5ever::LocalName;

use crate::query::xpath::function::Function;
use crate::query::xpath::value_type::Type;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Compare(Box<Compare>),
    /// `first`, then operators with their right sides.
    Arithmetic(Box<Expr>, Vec<(Arithmetic, Expr)>),
    Negate(Box<Expr>),
    Union(Vec<Expr>),
    Text(Box<str>),
    Number(f64),
    Boolean(bool),
    /// A literal with placeholders in it; index into `Program::joined`.
    Joined(usize),
    /// A placeholder that is a number; index into `Program::bare`.
    Bound(usize),
    Call(Function, Vec<Expr>),
    Path(Box<Path>),
    /// A node-set filtered as a whole.
    Filter(Box<Expr>, Vec<Predicate>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compare {
    pub(super) op: Comparison,
    pub(super) left: Expr,
    pub(super) right: Expr,
    /// What the truth value is compared with in turn: `a = b = c`.
    pub(super) more: Vec<(Comparison, Expr)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    /// The comparison with its sides exchanged.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    pub(super) fn numbers(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Start {
    Context,
    Document,
    Nodes(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: NodeTest,
    pub(super) predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Myself,
    /// `descendant-or-self::node()/attribute::`, which is one range of the tree's attributes.
    DescendantAttribute,
}

impl Axis {
    /// The axes that a query may name.
    pub(super) const NAMES: [(&'static str, Self); 13] = [
        ("ancestor", Self::Ancestor),
        ("ancestor-or-self", Self::AncestorOrSelf),
        ("attribute", Self::Attribute),
        ("child", Self::Child),
        ("descendant", Self::Descendant),
        ("descendant-or-self", Self::DescendantOrSelf),
        ("following", Self::Following),
        ("following-sibling", Self::FollowingSibling),
        ("namespace", Self::Namespace),
        ("parent", Self::Parent),
        ("preceding", Self::Preceding),
        ("preceding-sibling", Self::PrecedingSibling),
        ("self", Self::Myself),
    ];

    /// Whether positions are counted against document order.
    pub(super) fn is_reverse(self) -> bool {
        matches!(self, Self::Ancestor | Self::AncestorOrSelf | Self::Preceding | Self::PrecedingSibling)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeTest {
    Name(LocalName),
    /// `prefix:*`; the colon is part of it.
    Prefix(Box<str>),
    /// `*`
    Any,
    Node,
    Text,
    Comment,
    /// A node that has children: all that a `//` can continue from.
    Branch,
    /// Processing instructions: a page has none, HTML reads them as comments.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Predicate {
    pub(super) expr: Expr,
    pub(super) role: Role,
    /// What one evaluation costs apart from the nodes it visits.
    pub(super) weight: u64,
}

/// How a predicate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// By the node alone.
    Test,
    /// The same for all nodes: it keeps all or none.
    Gate,
    /// By a position that is the same for all nodes; one that needs `last()`, or not.
    Select {
        /// Whether it must know how many nodes there are.
        by_size: bool,
    },
    /// By node and position together.
    Ranked,
}

impl Predicate {
    /// A predicate that nothing is known about yet.
    pub(super) fn new(expr: Expr) -> Self {
        Self { expr, role: Role::Ranked, weight: 1 }
    }

    /// Whether the answer depends on which other nodes there are.
    pub(super) fn is_positional(&self) -> bool {
        matches!(self.role, Role::Select { .. } | Role::Ranked)
    }
}

impl Expr {
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Or(_) | Self::And(_) | Self::Compare(_) | Self::Boolean(_) => Type::Boolean,
            Self::Arithmetic(..) | Self::Negate(_) | Self::Number(_) | Self::Bound(_) => Type::Number,
            Self::Text(_) | Self::Joined(_) => Type::Text,
            Self::Union(_) | Self::Path(_) | Self::Filter(..) => Type::Nodes,
            Self::Call(function, _) => function.kind(),
        }
    }

    /// Whether the value was known before the query was asked.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Number(_) | Self::Boolean(_))
    }

    /// The step of a path such as `.` or `@name`, which begins at the context and has no predicate.
    pub(super) fn single_step(&self) -> Option<&Step> {
        match self {
            Self::Path(path) if path.start == Start::Context => match path.steps.as_slice() {
                [step] if step.predicates.is_empty() => Some(step),
                _ => None,
            },
            _ => None,
        }
    }
}
