//! A node of XPath's data model: a node of the tree or an attribute.
//!
//! Knows string values and document order. Eight bytes, so that node-sets are copied freely.

use crate::query::Tree;
use crate::query::tree::AttrId;
use crate::query::tree::NodeId;

/// A node that a query found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum XNode {
    /// The document, an element, a text or a comment.
    Node(NodeId),
    /// An attribute.
    Attr(AttrId),
}

impl XNode {
    /// The document.
    pub const DOCUMENT: Self = Self::Node(0);

    /// The string value: all text below an element, the text of a text node or comment, the value of an
    /// attribute; raw.
    #[must_use]
    pub fn text(self, tree: &Tree) -> &str {
        match self {
            Self::Node(node) => tree.text(node),
            Self::Attr(attr) => tree.attr_value(attr),
        }
    }

    /// The name of an element or attribute; empty for others.
    #[must_use]
    pub fn name(self, tree: &Tree) -> &str {
        match self {
            Self::Node(node) => tree.name(node),
            Self::Attr(attr) => tree.attr_name(attr),
        }
    }

    /// The node above; the element, for an attribute.
    pub(super) fn parent(self, tree: &Tree) -> Option<NodeId> {
        match self {
            Self::Node(node) => tree.parent(node),
            Self::Attr(attr) => Some(tree.attr_owner(attr)),
        }
    }

    /// Sorts nodes in document order: attributes stand between their element and its content.
    pub(super) fn order(self, tree: &Tree) -> (NodeId, u64) {
        match self {
            Self::Node(node) => (node, 0),
            Self::Attr(attr) => (tree.attr_owner(attr), u64::from(attr) + 1),
        }
    }
}

impl From<NodeId> for XNode {
    fn from(node: NodeId) -> Self {
        Self::Node(node)
    }
}
