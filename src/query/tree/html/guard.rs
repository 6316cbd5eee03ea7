//! Stands between html5ever's tokenizer and its tree builder and holds back tokens once a limit is passed.
//!
//! Knows what tokens cost the tree builder; changes none of them. Some of html5ever's work is quadratic in
//! how many elements are open or waiting to be opened again, so those are looked at every few tags.

use std::cell::Cell;

use html5ever::LocalName;
use html5ever::local_name;
use html5ever::tokenizer::StartTag;
use html5ever::tokenizer::Tag;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tree_builder::Tracer;
use html5ever::tree_builder::TreeBuilder;
use html5ever::tree_builder::TreeSink;

use super::MAX_ATTRIBUTES;
use super::TreeError;
use super::scratch::Content;
use super::scratch::Scratch;
use super::sink::Sink;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;

/// How many tags, and attributes of formatting tags, pass between two looks at the open elements.
const TAGS_PER_LOOK: u32 = 64;

/// What one attribute costs when a formatting tag is compared with those open (the attributes of both are
/// cloned and sorted), in steps of one look at a node.
const STEPS_PER_ATTRIBUTE: u64 = 32;

const FORMATTING_NAMES: usize = 14;

/// Elements that HTML closes and opens again.
static FORMATTING: [LocalName; FORMATTING_NAMES] = [
    local_name!("a"),
    local_name!("b"),
    local_name!("big"),
    local_name!("code"),
    local_name!("em"),
    local_name!("font"),
    local_name!("i"),
    local_name!("nobr"),
    local_name!("s"),
    local_name!("small"),
    local_name!("strike"),
    local_name!("strong"),
    local_name!("tt"),
    local_name!("u"),
];

/// What comes between tokenizer and tree builder.
pub(super) struct Guard {
    builder: TreeBuilder<u32, Sink>,
    /// Attributes given twice in the tag that comes next, which does not hold them.
    duplicates: Cell<u32>,
    /// Attributes of all tags so far; not all reach the sink.
    attrs: Cell<u64>,
    /// Tags until the next look at the open elements.
    tags_left: Cell<u32>,
    /// At the last look, by name.
    formatting: [Cell<Held>; FORMATTING_NAMES],
}

/// Formatting elements of one name, open or waiting to be opened again, and their attributes.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    elements: u64,
    attrs: u64,
}

impl Guard {
    /// Guards a tree builder.
    pub(super) fn new(builder: TreeBuilder<u32, Sink>) -> Self {
        Self {
            builder,
            duplicates: Cell::new(0),
            attrs: Cell::new(0),
            tags_left: Cell::new(TAGS_PER_LOOK),
            formatting: Default::default(),
        }
    }

    /// The first limit that was passed.
    pub(super) fn failure(&self) -> Option<TreeError> {
        self.builder.sink.failure()
    }

    /// Keeps the first limit that was passed.
    pub(super) fn fail(&self, error: TreeError) {
        self.builder.sink.fail(error);
    }

    /// How many attributes stand twice in the tag that comes next.
    pub(super) fn count_duplicates(&self, count: u32) {
        self.duplicates.set(count);
    }

    /// The tree of all tokens.
    pub(super) fn finish(self) -> Result<Tree, TreeError> {
        self.builder.sink.finish()
    }

    fn before_tag(&self, tag: &Tag) {
        let sink = &self.builder.sink;
        let count = tag.attrs.len() as u32 + self.duplicates.take();
        self.attrs.set(self.attrs.get() + u64::from(count));
        if count > MAX_ATTRIBUTES {
            sink.fail(TreeError::Attributes { limit: MAX_ATTRIBUTES });
        }
        if self.attrs.get() > u64::from(sink.limits().nodes) {
            sink.fail(TreeError::Nodes { limit: sink.limits().nodes });
        }
        self.tags_left.set(self.tags_left.get().saturating_sub(1));
        if tag.kind == StartTag
            && let Some(place) = formatting_place(&tag.name)
        {
            let held = self.formatting[place].get();
            sink.step((held.elements * u64::from(count) + held.attrs) * STEPS_PER_ATTRIBUTE + held.elements);
            self.tags_left.set(self.tags_left.get().saturating_sub(count));
        }
        if self.tags_left.get() == 0 {
            self.look_at_open_elements();
        }
    }

    fn look_at_open_elements(&self) {
        self.tags_left.set(TAGS_PER_LOOK);
        self.formatting.iter().for_each(|held| held.set(Held::default()));
        let sink = &self.builder.sink;
        let page = sink.page();
        let look = Look { page: &page, handles: Cell::new(0), formatting: &self.formatting };
        self.builder.trace_handles(&look);
        // Handles are those of the open elements, of the formatting elements that may be opened again
        // (most of them open, so counted twice) and of a few more. This only stops a hostile page in
        // time; whether a page nests too deep is decided by its layout.
        let depth = sink.limits().depth;
        if look.handles.get() > depth.saturating_mul(2).saturating_add(TAGS_PER_LOOK) {
            sink.fail(TreeError::Depth { limit: depth });
        }
    }
}

impl TokenSink for Guard {
    type Handle = u32;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<u32> {
        if let Token::ParseError(_) = &token {
            return TokenSinkResult::Continue;
        }
        if let Token::TagToken(tag) = &token {
            self.before_tag(tag);
        }
        self.builder.sink.check_steps();
        if self.failure().is_some() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line_number)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Counts what the tree builder holds.
struct Look<'a> {
    page: &'a Scratch,
    handles: Cell<u32>,
    formatting: &'a [Cell<Held>; FORMATTING_NAMES],
}

impl Tracer for Look<'_> {
    type Handle = u32;

    fn trace_handle(&self, node: &u32) {
        self.handles.set(self.handles.get() + 1);
        let node = self.page.node(*node);
        if node.vocabulary == Vocabulary::Html
            && let Content::Element { attrs: (from, to), .. } = node.content
            && let Some(place) = formatting_place(&node.name)
        {
            let held = self.formatting[place].get();
            let attrs = held.attrs + u64::from(to - from);
            self.formatting[place].set(Held { elements: held.elements + 1, attrs });
        }
    }
}

/// The place of an element in `FORMATTING`.
fn formatting_place(name: &LocalName) -> Option<usize> {
    FORMATTING.iter().position(|formatting| formatting == name)
}
