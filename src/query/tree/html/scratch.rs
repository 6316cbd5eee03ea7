//! The tree as HTML's repair rules leave it: nodes in one vector, linked by index.
//!
//! Knows links, runs of text and attributes; knows no HTML and no limits. The rules move nodes about, so
//! order here means nothing; `layout` reads it once from the document down. All characters lie in one
//! pool, because a vector or a string per node would cost more than the parsing itself.

use html5ever::Attribute;
use html5ever::LocalName;
use html5ever::QualName;

use crate::query::tree::Doctype;
use crate::query::tree::NONE;
use crate::query::tree::Vocabulary;

/// What a node of the scratch tree is, and where its content lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// The root, index 0.
    Document,
    /// Range in `Scratch::attrs`.
    Element { attrs: (u32, u32), html_inside: bool },
    /// First and last of a chain in `Scratch::runs`.
    Text { first: u32, last: u32 },
    /// Range in `Scratch::pool`.
    Comment(u32, u32),
    /// `Scratch::doctype`; there is at most one.
    Doctype,
}

/// A node with its links. `NONE` stands for the absence of a node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: LocalName,
    pub(super) vocabulary: Vocabulary,
    pub(super) content: Content,
    pub(super) parent: u32,
    pub(super) prev: u32,
    pub(super) next: u32,
    pub(super) first: u32,
    pub(super) last: u32,
}

/// An attribute whose value is a range of the pool.
#[derive(Debug)]
pub(super) struct Attr {
    pub(super) name: QualName,
    pub(super) value: (u32, u32),
}

/// A stretch of a text node. Text that arrives in turns with other text is not contiguous in the pool, and
/// moving it there each time would take quadratic time.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) range: (u32, u32),
    pub(super) next: u32,
}

/// The tree under repair.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) nodes: Vec<Node>,
    pub(super) attrs: Vec<Attr>,
    pub(super) runs: Vec<Run>,
    pub(super) pool: String,
    /// How much of the pool is attribute values.
    pub(super) value_bytes: usize,
    pub(super) doctype: Option<Doctype>,
}

impl Scratch {
    /// An empty document with room for what a page of `bytes` usually holds.
    pub(super) fn new(bytes: usize) -> Self {
        // A node takes some sixteen bytes of markup. The bound keeps a long page from taking memory ahead
        // of need.
        let nodes = (bytes / 16).min(1 << 16) + 16;
        let mut scratch = Self {
            nodes: Vec::with_capacity(nodes),
            attrs: Vec::with_capacity(nodes / 2),
            runs: Vec::with_capacity(nodes / 2),
            pool: String::with_capacity(bytes.min(1 << 20)),
            value_bytes: 0,
            doctype: None,
        };
        scratch.add(Content::Document, LocalName::default(), Vocabulary::Html);
        scratch
    }

    /// Adds a node that hangs nowhere yet. The caller keeps the count below `u32::MAX`.
    pub(super) fn add(&mut self, content: Content, name: LocalName, vocabulary: Vocabulary) -> u32 {
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            name,
            vocabulary,
            content,
            parent: NONE,
            prev: NONE,
            next: NONE,
            first: NONE,
            last: NONE,
        });
        node
    }

    /// Adds a node that has no name.
    pub(super) fn add_unnamed(&mut self, content: Content) -> u32 {
        self.add(content, LocalName::default(), Vocabulary::Html)
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    fn node_mut(&mut self, node: u32) -> &mut Node {
        &mut self.nodes[node as usize]
    }

    /// Takes a node and what is below it out of the tree.
    pub(super) fn detach(&mut self, node: u32) {
        let (parent, prev, next) = {
            let node = self.node_mut(node);
            (
                std::mem::replace(&mut node.parent, NONE),
                std::mem::replace(&mut node.prev, NONE),
                std::mem::replace(&mut node.next, NONE),
            )
        };
        if parent == NONE {
            return;
        }
        match prev {
            NONE => self.node_mut(parent).first = next,
            _ => self.node_mut(prev).next = next,
        }
        match next {
            NONE => self.node_mut(parent).last = prev,
            _ => self.node_mut(next).prev = prev,
        }
    }

    /// Makes `child` the last child of `parent`.
    pub(super) fn append(&mut self, parent: u32, child: u32) {
        self.detach(child);
        let prev = std::mem::replace(&mut self.node_mut(parent).last, child);
        match prev {
            NONE => self.node_mut(parent).first = child,
            _ => self.node_mut(prev).next = child,
        }
        let child = self.node_mut(child);
        child.parent = parent;
        child.prev = prev;
    }

    /// Puts `node` right before `sibling`, which hangs somewhere.
    pub(super) fn insert_before(&mut self, sibling: u32, node: u32) {
        self.detach(node);
        let parent = self.node(sibling).parent;
        if parent == NONE {
            return;
        }
        let prev = std::mem::replace(&mut self.node_mut(sibling).prev, node);
        match prev {
            NONE => self.node_mut(parent).first = node,
            _ => self.node_mut(prev).next = node,
        }
        let node = self.node_mut(node);
        node.parent = parent;
        node.prev = prev;
        node.next = sibling;
    }

    /// Moves all children of `from` behind those of `to`; how many there were.
    pub(super) fn move_children(&mut self, from: u32, to: u32) -> u32 {
        let mut moved = 0;
        while self.node(from).first != NONE {
            self.append(to, self.node(from).first);
            moved += 1;
        }
        moved
    }

    /// Puts characters into the pool.
    pub(super) fn put(&mut self, text: &str) -> (u32, u32) {
        let from = self.pool.len() as u32;
        self.pool.push_str(text);
        (from, self.pool.len() as u32)
    }

    /// Starts the content of a text node.
    pub(super) fn text(&mut self, text: &str) -> Content {
        let range = self.put(text);
        let run = self.runs.len() as u32;
        self.runs.push(Run { range, next: NONE });
        Content::Text { first: run, last: run }
    }

    /// Whether there is a node and it is a text node.
    pub(super) fn is_text(&self, node: u32) -> bool {
        node != NONE && matches!(self.node(node).content, Content::Text { .. })
    }

    /// Adds characters to `node` if it is a text node; whether it is.
    pub(super) fn extend_text(&mut self, node: u32, text: &str) -> bool {
        if !self.is_text(node) {
            return false;
        }
        let Content::Text { first, last } = self.node(node).content else { return false };
        let (from, to) = self.put(text);
        let run = &mut self.runs[last as usize];
        if run.range.1 == from {
            run.range.1 = to;
        } else {
            let last_now = self.runs.len() as u32;
            self.runs[last as usize].next = last_now;
            self.runs.push(Run { range: (from, to), next: NONE });
            self.node_mut(node).content = Content::Text { first, last: last_now };
        }
        true
    }

    /// Stores attributes in a row.
    pub(super) fn put_attrs(&mut self, attrs: Vec<Attribute>) -> (u32, u32) {
        let from = self.attrs.len() as u32;
        for Attribute { name, value } in attrs {
            let value = self.put(&value);
            self.value_bytes += (value.1 - value.0) as usize;
            self.attrs.push(Attr { name, value });
        }
        (from, self.attrs.len() as u32)
    }

    /// Adds those of `attrs` that an element lacks; returns how many it has then.
    pub(super) fn add_attrs_if_missing(&mut self, element: u32, mut attrs: Vec<Attribute>) -> u32 {
        let Content::Element { attrs: (from, to), html_inside } = self.node(element).content else {
            return 0;
        };
        let present = &self.attrs[from as usize..to as usize];
        attrs.retain(|attr| present.iter().all(|there| there.name != attr.name));
        if attrs.is_empty() {
            return to - from;
        }
        let start = self.attrs.len() as u32;
        if to != start {
            for index in from as usize..to as usize {
                let Attr { name, value } = &self.attrs[index];
                let moved = Attr { name: name.clone(), value: *value };
                self.attrs.push(moved);
            }
        }
        let (_, end) = self.put_attrs(attrs);
        let from = if to == start { from } else { start };
        self.node_mut(element).content = Content::Element { attrs: (from, end), html_inside };
        end - from
    }
}
