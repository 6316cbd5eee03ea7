//! A page as flat arrays, in document order.
//!
//! Node `0` is the document. A node's descendants are the indexes from its own to its `end`, so "is below"
//! is two comparisons. All text lies in one string in document order, so the string value of an element is
//! a slice of it and costs nothing. The tree never changes once it is built; HTML's rules for repairing
//! pages work on a scratch tree in `html`, which is then laid out here.

mod builder;
mod doctype;
mod html;
mod written;

use html5ever::{LocalName, local_name};

pub use builder::TreeBuilder;
pub use doctype::Doctype;
pub use html::TreeError;
use written::Written;

/// Index of a node, in document order. `0` is the document.
pub type NodeId = u32;

/// Index of an attribute, in document order.
pub type AttrId = u32;

pub(super) const NONE: u32 = u32::MAX;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The root of everything.
    Document,
    /// An element with a name and attributes.
    Element,
    /// A run of text.
    Text,
    /// A comment.
    Comment,
}

/// The vocabulary an element belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// HTML, and anything unknown.
    Html,
    /// An `svg` element or below one.
    Svg,
    /// A `math` element or below one.
    MathMl,
}

#[derive(Debug)]
struct Node {
    name: LocalName,
    parent: u32,
    end: u32,
    prev: u32,
    next: u32,
    /// Range in `Tree::text`; for a comment, in `Tree::comments`.
    text: (u32, u32),
    attrs: (u32, u32),
    /// Among the elements below the same parent, from 1; 0 for other nodes.
    position: u32,
    kind: Kind,
    vocabulary: Vocabulary,
}

#[derive(Debug)]
struct Attr {
    name: LocalName,
    owner: NodeId,
    value: (u32, u32),
}

/// A parsed page, as flat arrays in document order.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    attrs: Vec<Attr>,
    text: String,
    values: String,
    comments: String,
    written: Written,
    doctype: Option<Box<Doctype>>,
}

impl Tree {
    /// How many nodes there are, the document included.
    #[must_use]
    pub fn len(&self) -> u32 {
        // Cannot truncate: building stops at `Limits::nodes`, which is a u32.
        self.nodes.len() as u32
    }

    /// Whether there is nothing but the document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// What the node is.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Kind {
        self.nodes[node as usize].kind
    }

    /// Whether the node is an element.
    #[must_use]
    pub fn is_element(&self, node: NodeId) -> bool {
        self.kind(node) == Kind::Element
    }

    /// The vocabulary of an element.
    #[must_use]
    pub fn vocabulary(&self, node: NodeId) -> Vocabulary {
        self.nodes[node as usize].vocabulary
    }

    /// The lower-case name of an element; empty for other nodes.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &LocalName {
        &self.nodes[node as usize].name
    }

    /// The node above; `None` for the document.
    #[must_use]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        some(self.nodes[node as usize].parent)
    }

    /// The node after this one under the same parent.
    #[must_use]
    pub fn next_sibling(&self, node: NodeId) -> Option<NodeId> {
        some(self.nodes[node as usize].next)
    }

    /// The node before this one under the same parent.
    #[must_use]
    pub fn prev_sibling(&self, node: NodeId) -> Option<NodeId> {
        some(self.nodes[node as usize].prev)
    }

    /// The 1-based position of an element among the elements under the same parent; 0 for other nodes.
    #[must_use]
    pub fn position(&self, node: NodeId) -> u32 {
        self.nodes[node as usize].position
    }

    /// The first node below.
    #[must_use]
    pub fn first_child(&self, node: NodeId) -> Option<NodeId> {
        (self.end(node) > node + 1).then_some(node + 1)
    }

    /// The index after the last descendant: descendants are `node + 1 .. end(node)`.
    #[must_use]
    pub fn end(&self, node: NodeId) -> NodeId {
        self.nodes[node as usize].end
    }

    /// Whether `node` is `ancestor` or lies below it.
    #[must_use]
    pub fn is_within(&self, node: NodeId, ancestor: NodeId) -> bool {
        node >= ancestor && node < self.end(ancestor)
    }

    /// The nodes directly below, in order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(node), |child| self.next_sibling(*child))
    }

    /// All text below (of a text node: its own), markup left out, as written. A comment's content.
    #[must_use]
    pub fn text(&self, node: NodeId) -> &str {
        let node = &self.nodes[node as usize];
        let (from, to) = node.text;
        let text = if node.kind == Kind::Comment { &self.comments } else { &self.text };
        &text[from as usize..to as usize]
    }

    /// The attributes of an element, in source order.
    pub fn attrs(&self, node: NodeId) -> std::ops::Range<AttrId> {
        let (from, to) = self.nodes[node as usize].attrs;
        from..to
    }

    /// The lower-case name of an attribute.
    #[must_use]
    pub fn attr_name(&self, attr: AttrId) -> &LocalName {
        &self.attrs[attr as usize].name
    }

    /// The element that an attribute belongs to.
    #[must_use]
    pub fn attr_owner(&self, attr: AttrId) -> NodeId {
        self.attrs[attr as usize].owner
    }

    /// The value of an attribute, as written.
    #[must_use]
    pub fn attr_value(&self, attr: AttrId) -> &str {
        let (from, to) = self.attrs[attr as usize].value;
        &self.values[from as usize..to as usize]
    }

    /// The `href` of the first `base` element that has one, as it is written.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        // There are fewer attributes than nodes, and they stand in document order, too.
        let is_base =
            |attr: &Attr| attr.name == local_name!("href") && *self.name(attr.owner) == local_name!("base");
        let attr = self.attrs.iter().position(is_base)?;
        Some(self.attr_value(attr as AttrId))
    }

    /// The doctype, which is not a node.
    #[must_use]
    pub fn doctype(&self) -> Option<&Doctype> {
        self.doctype.as_deref()
    }

    /// The name of an element as the DOM has it: `foreignObject` where queries see `foreignobject`.
    #[doc(hidden)]
    #[must_use]
    pub fn written_name(&self, node: NodeId) -> &str {
        self.written.element(node).unwrap_or_else(|| self.name(node))
    }

    /// The namespace and the name of an attribute as the DOM has them.
    #[doc(hidden)]
    #[must_use]
    pub fn written_attr_name(&self, attr: AttrId) -> (&str, &str) {
        match self.written.attr(attr) {
            Some(name) => (&name.ns, &name.local),
            None => ("", self.attr_name(attr)),
        }
    }

    /// The value of the attribute called `name` on this element.
    #[must_use]
    pub fn attr(&self, node: NodeId, name: &LocalName) -> Option<&str> {
        self.attrs(node).find(|attr| self.attr_name(*attr) == name).map(|attr| self.attr_value(attr))
    }
}

fn some(index: u32) -> Option<u32> {
    (index != NONE).then_some(index)
}
