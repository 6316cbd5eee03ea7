//! What html5ever does to the tree, step by step.
//!
//! Knows the scratch tree and what it may cost; the rules of HTML are html5ever's. A sink cannot stop the
//! parser, so the first limit that is passed is kept here and `guard` holds back the tokens after it.
//! Handles are indexes: html5ever copies and compares them all the time.

use std::borrow::Cow;
use std::cell::Cell;
use std::cell::Ref;
use std::cell::RefCell;

use html5ever::Attribute;
use html5ever::LocalName;
use html5ever::Namespace;
use html5ever::QualName;
use html5ever::ns;
use html5ever::tendril::StrTendril;
use html5ever::tree_builder::ElemName;
use html5ever::tree_builder::ElementFlags;
use html5ever::tree_builder::NodeOrText;
use html5ever::tree_builder::QuirksMode;
use html5ever::tree_builder::TreeSink;

use super::MAX_ATTRIBUTES;
use super::TreeError;
use super::layout;
use super::scratch::Content;
use super::scratch::Scratch;
use crate::query::limits::Limits;
use crate::query::tree::Doctype;
use crate::query::tree::NONE;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;

static HTML: Namespace = ns!(html);
static SVG: Namespace = ns!(svg);
static MATHML: Namespace = ns!(mathml);

/// Receives the repaired tree.
#[derive(Debug)]
pub(super) struct Sink {
    page: RefCell<Scratch>,
    limits: Limits,
    /// Characters that the pool may hold, at most `u32::MAX`, so that no offset overflows.
    bytes: u32,
    /// How often html5ever looked at a node, and more: the measure of its work.
    steps: Cell<u64>,
    max_steps: u64,
    failure: Cell<Option<TreeError>>,
}

impl Sink {
    /// A sink for a page of `len` bytes.
    pub(super) fn new(len: usize, limits: &Limits) -> Self {
        // Nodes are numbered by a u32, whose last value is "none"; what one token adds after the limit is
        // passed must fit below it too.
        let limits = Limits { nodes: limits.nodes.min(u32::MAX / 2), ..*limits };
        Self {
            page: RefCell::new(Scratch::new(len)),
            limits,
            bytes: u32::try_from(len as u64 * 4 + (16 << 20)).unwrap_or(u32::MAX),
            steps: Cell::new(0),
            // Well-formed pages take a step for two bytes, badly nested ones a few.
            max_steps: len as u64 * 8 + (16 << 20),
            failure: Cell::new(None),
        }
    }

    /// The first limit that was passed.
    pub(super) fn failure(&self) -> Option<TreeError> {
        self.failure.get()
    }

    /// Keeps the first limit that was passed.
    pub(super) fn fail(&self, error: TreeError) {
        if self.failure.get().is_none() {
            self.failure.set(Some(error));
        }
    }

    /// Counts work that html5ever does.
    pub(super) fn step(&self, steps: u64) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    /// Fails when html5ever has worked too much.
    pub(super) fn check_steps(&self) {
        if self.steps.get() > self.max_steps {
            self.fail(TreeError::Repair { limit: self.max_steps });
        }
    }

    /// What the page may hold.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The tree as it is now.
    pub(super) fn page(&self) -> Ref<'_, Scratch> {
        self.page.borrow()
    }

    /// Whether this many nodes and attributes may be added, with this many bytes of characters.
    fn may_grow(&self, page: &Scratch, count: usize, bytes: usize) -> bool {
        if self.failure.get().is_some() {
            return false;
        }
        if page.nodes.len() + page.attrs.len() + count > self.limits.nodes as usize {
            self.fail(TreeError::Nodes { limit: self.limits.nodes });
        } else if page.pool.len() as u64 + bytes as u64 > u64::from(self.bytes) {
            self.fail(TreeError::Size { limit: self.bytes });
        }
        self.failure.get().is_none()
    }

    /// The node for `child`, put behind `prev`; `None` when its text went into `prev`.
    fn node_for(&self, page: &mut Scratch, child: NodeOrText<u32>, prev: u32) -> Option<u32> {
        match child {
            NodeOrText::AppendNode(node) => Some(node),
            NodeOrText::AppendText(text) => {
                let new = usize::from(!page.is_text(prev));
                if !self.may_grow(page, new, text.len()) || page.extend_text(prev, &text) {
                    return None;
                }
                let content = page.text(&text);
                Some(page.add_unnamed(content))
            }
        }
    }
}

fn vocabulary(namespace: &Namespace) -> Vocabulary {
    match *namespace {
        ns!(svg) => Vocabulary::Svg,
        ns!(mathml) => Vocabulary::MathMl,
        _ => Vocabulary::Html,
    }
}

fn value_bytes(attrs: &[Attribute]) -> usize {
    attrs.iter().map(|attr| attr.value.len()).sum()
}

/// The name of an element. Owns its part, so that no borrow of the tree outlives the call.
#[derive(Debug)]
pub(super) struct Name {
    local: LocalName,
    namespace: &'static Namespace,
}

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        self.namespace
    }

    fn local_name(&self) -> &LocalName {
        &self.local
    }
}

impl TreeSink for Sink {
    type Handle = u32;
    type Output = Result<Tree, TreeError>;
    type ElemName<'a> = Name;

    fn finish(self) -> Self::Output {
        match self.failure.get() {
            Some(error) => Err(error),
            None => layout::lay_out(self.page.into_inner(), self.limits.depth),
        }
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> u32 {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a u32) -> Name {
        self.step(1);
        let page = self.page.borrow();
        let node = page.node(*target);
        let namespace = match node.vocabulary {
            Vocabulary::Html => &HTML,
            Vocabulary::Svg => &SVG,
            Vocabulary::MathMl => &MATHML,
        };
        Name { local: node.name.clone(), namespace }
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> u32 {
        let mut page = self.page.borrow_mut();
        // Even past a limit html5ever needs the element to finish its token, but not the attributes.
        let attrs = match self.may_grow(&page, attrs.len() + 1, value_bytes(&attrs)) {
            true => page.put_attrs(attrs),
            false => (0, 0),
        };
        let html_inside = flags.mathml_annotation_xml_integration_point;
        let content = Content::Element { attrs, html_inside };
        page.add(content, name.local, vocabulary(&name.ns))
    }

    fn create_comment(&self, text: StrTendril) -> u32 {
        let mut page = self.page.borrow_mut();
        let (from, to) = match self.may_grow(&page, 1, text.len()) {
            true => page.put(&text),
            false => (0, 0),
        };
        page.add_unnamed(Content::Comment(from, to))
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> u32 {
        let mut text = target;
        text.push_char(' ');
        text.push_tendril(&data);
        self.create_comment(text)
    }

    fn append(&self, parent: &u32, child: NodeOrText<u32>) {
        let mut page = self.page.borrow_mut();
        let last = page.node(*parent).last;
        if let Some(node) = self.node_for(&mut page, child, last) {
            page.append(*parent, node);
        }
    }

    fn append_based_on_parent_node(&self, element: &u32, prev_element: &u32, child: NodeOrText<u32>) {
        let has_parent = self.page.borrow().node(*element).parent != NONE;
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(prev_element, child);
        }
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        let mut page = self.page.borrow_mut();
        if page.doctype.is_none() && self.may_grow(&page, 1, 0) {
            page.doctype = Some(Doctype {
                name: name.to_string(),
                public_id: public_id.to_string(),
                system_id: system_id.to_string(),
                before: 0,
            });
            let node = page.add_unnamed(Content::Doctype);
            page.append(0, node);
        }
    }

    fn get_template_contents(&self, target: &u32) -> u32 {
        // Queries look into templates, so their content simply hangs below them.
        *target
    }

    fn same_node(&self, x: &u32, y: &u32) -> bool {
        self.step(1);
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &u32, new_node: NodeOrText<u32>) {
        let mut page = self.page.borrow_mut();
        let prev = page.node(*sibling).prev;
        if let Some(node) = self.node_for(&mut page, new_node, prev) {
            page.insert_before(*sibling, node);
        }
    }

    fn add_attrs_if_missing(&self, target: &u32, attrs: Vec<Attribute>) {
        let mut page = self.page.borrow_mut();
        if self.may_grow(&page, attrs.len(), value_bytes(&attrs)) {
            let count = page.add_attrs_if_missing(*target, attrs);
            if count > MAX_ATTRIBUTES {
                self.fail(TreeError::Attributes { limit: MAX_ATTRIBUTES });
            }
        }
    }

    fn remove_from_parent(&self, target: &u32) {
        self.page.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &u32, new_parent: &u32) {
        let moved = self.page.borrow_mut().move_children(*node, *new_parent);
        self.step(u64::from(moved));
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &u32) -> bool {
        matches!(self.page.borrow().node(*handle).content, Content::Element { html_inside: true, .. })
    }
}
