//! What an expression is asked of, and what it gives.
//!
//! Values here are owned, so that an answer may outlive the query and its bindings; inside the evaluator
//! texts are borrowed.

use compact_str::CompactString;

use crate::query::tree::NodeId;
use crate::query::xpath::XNode;
use crate::query::xpath::number;

/// The context of an evaluation: a node, and where it stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The context node.
    pub node: XNode,
    /// `position()`, from 1.
    pub position: u32,
    /// `last()`.
    pub size: u32,
}

impl Context {
    /// The document, alone.
    #[must_use]
    pub fn document() -> Self {
        Self::from(XNode::DOCUMENT)
    }
}

impl From<XNode> for Context {
    fn from(node: XNode) -> Self {
        Self { node, position: 1, size: 1 }
    }
}

impl From<NodeId> for Context {
    fn from(node: NodeId) -> Self {
        Self::from(XNode::Node(node))
    }
}

/// The answer to an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A node-set, in document order, without duplicates.
    Nodes(Vec<XNode>),
    /// A text.
    Text(CompactString),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
}

impl Value {
    /// The text of a value that is not a node-set, as `string()` gives it.
    pub(super) fn into_text(self) -> Option<CompactString> {
        match self {
            Self::Nodes(_) => None,
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number::format(number)),
            Self::Boolean(truth) => Some(CompactString::const_new(if truth { "true" } else { "false" })),
        }
    }
}
