//! Lays a tree out, one node after the other.
//!
//! Knows document order and limits; knows no HTML. `html` feeds it after repairing a page, tests feed it
//! directly.

use html5ever::LocalName;
use html5ever::QualName;
use html5ever::ns;

use crate::query::tree::Attr;
use crate::query::tree::AttrId;
use crate::query::tree::Doctype;
use crate::query::tree::Kind;
use crate::query::tree::NONE;
use crate::query::tree::Node;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;
use crate::query::tree::written::Written;

/// Builds a [`Tree`] in document order: open, attributes, content, close.
#[derive(Debug)]
pub struct TreeBuilder {
    tree: Tree,
    open: Vec<Open>,
}

/// A node that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    node: NodeId,
    /// Its last child so far.
    last: u32,
    /// How many elements there are among its children so far.
    elements: u32,
}

impl Open {
    fn new(node: NodeId) -> Self {
        Self { node, last: NONE, elements: 0 }
    }
}

impl Default for TreeBuilder {
    fn default() -> Self {
        Self::with_capacity(64, 1024)
    }
}

impl TreeBuilder {
    /// A builder with the document open and room for this many nodes and bytes of text.
    #[must_use]
    pub fn with_capacity(nodes: usize, text: usize) -> Self {
        let mut builder = Self {
            tree: Tree {
                nodes: Vec::with_capacity(nodes),
                attrs: Vec::with_capacity(nodes / 2),
                text: String::with_capacity(text),
                values: String::new(),
                comments: String::new(),
                written: Written::default(),
                doctype: None,
            },
            open: Vec::with_capacity(32),
        };
        builder.push(Kind::Document, LocalName::default(), Vocabulary::Html);
        builder.open.push(Open::new(0));
        builder
    }

    /// Opens an element below the node that is open.
    pub fn open(&mut self, name: LocalName, vocabulary: Vocabulary) -> NodeId {
        let node = self.push(Kind::Element, name, vocabulary);
        self.open.push(Open::new(node));
        node
    }

    /// Adds an attribute to the element opened last, before anything is put into it.
    pub fn attr(&mut self, name: LocalName, value: &str) {
        let owner = self.tree.len() - 1;
        let from = self.tree.values.len() as u32;
        self.tree.values.push_str(value);
        let to = self.tree.values.len() as u32;
        self.tree.attrs.push(Attr { name, owner, value: (from, to) });
        self.tree.nodes[owner as usize].attrs.1 += 1;
    }

    /// Makes room for this many attributes whose values take this many bytes.
    pub(super) fn reserve_attrs(&mut self, attrs: usize, bytes: usize) {
        self.tree.attrs.reserve(attrs);
        self.tree.values.reserve(bytes);
    }

    /// Opens an element of another vocabulary than HTML, whose name may hold capitals.
    pub(super) fn open_foreign(&mut self, name: LocalName, vocabulary: Vocabulary) {
        let lower = name.to_ascii_lowercase();
        let differs = lower != name;
        let node = self.open(lower, vocabulary);
        if differs {
            self.tree.written.keep_element(node, name);
        }
    }

    /// Adds an attribute whose name may hold capitals or a namespace.
    pub(super) fn attr_foreign(&mut self, name: QualName, value: &str) {
        let seen = match &name.prefix {
            Some(prefix) if !prefix.is_empty() => {
                LocalName::from(format!("{prefix}:{}", name.local).to_ascii_lowercase())
            }
            _ => name.local.to_ascii_lowercase(),
        };
        if seen != name.local || name.ns != ns!() {
            self.tree.written.keep_attr(self.tree.attrs.len() as AttrId, name);
        }
        self.attr(seen, value);
    }

    /// Keeps the doctype, which stands before the node that is added next.
    pub(super) fn doctype(&mut self, doctype: Doctype) {
        self.tree.doctype = Some(Box::new(Doctype { before: self.tree.len(), ..doctype }));
    }

    /// Adds a text node; an empty text adds nothing.
    pub fn text(&mut self, text: &str) {
        self.text_of(std::iter::once(text));
    }

    /// Adds a text node made of several runs.
    pub(super) fn text_of<'a>(&mut self, runs: impl Iterator<Item = &'a str>) {
        let from = self.tree.text.len() as u32;
        for run in runs {
            self.tree.text.push_str(run);
        }
        let to = self.tree.text.len() as u32;
        if from < to {
            let node = self.push(Kind::Text, LocalName::default(), Vocabulary::Html);
            self.tree.nodes[node as usize].text = (from, to);
        }
    }

    /// Adds a comment.
    pub fn comment(&mut self, text: &str) {
        let node = self.push(Kind::Comment, LocalName::default(), Vocabulary::Html);
        let from = self.tree.comments.len() as u32;
        self.tree.comments.push_str(text);
        self.tree.nodes[node as usize].text = (from, self.tree.comments.len() as u32);
    }

    /// Closes the element that is open; the document stays open.
    pub fn close(&mut self) {
        if self.open.len() > 1 {
            self.end_of_last();
        }
    }

    /// Closes everything and gives the tree.
    #[must_use]
    pub fn finish(mut self) -> Tree {
        while !self.open.is_empty() {
            self.end_of_last();
        }
        self.tree
    }

    fn end_of_last(&mut self) {
        let (end, text) = (self.tree.len(), self.tree.text.len() as u32);
        if let Some(Open { node, .. }) = self.open.pop() {
            self.tree.nodes[node as usize].end = end;
            self.tree.nodes[node as usize].text.1 = text;
        }
    }

    fn push(&mut self, kind: Kind, name: LocalName, vocabulary: Vocabulary) -> NodeId {
        let node = self.tree.len();
        let (mut parent, mut prev, mut position) = (NONE, NONE, 0);
        if let Some(open) = self.open.last_mut() {
            (parent, prev) = (open.node, open.last);
            open.last = node;
            if kind == Kind::Element {
                open.elements += 1;
                position = open.elements;
            }
        }
        if prev != NONE {
            self.tree.nodes[prev as usize].next = node;
        }
        let (text, attrs) = (self.tree.text.len() as u32, self.tree.attrs.len() as u32);
        self.tree.nodes.push(Node {
            name,
            parent,
            end: node + 1,
            prev,
            next: NONE,
            text: (text, text),
            attrs: (attrs, attrs),
            position,
            kind,
            vocabulary,
        });
        node
    }
}
