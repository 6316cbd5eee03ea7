//! HTML text to tree, by the HTML5 rules.
//!
//! html5ever tokenizes and repairs, as browsers do without scripts; `sink` takes what it builds into a
//! scratch tree, and `layout` reads that into the flat one. A page decides what it costs here, so `guard`
//! and `tags` watch what html5ever cannot be stopped from doing within a tag or a token.
//!
//! ```text
//! text ─ chunks ─▶ Tokenizer ─▶ Guard ─▶ TreeBuilder ─▶ Sink (Scratch) ─ lay_out ─▶ Tree
//! ```

mod guard;
mod layout;
mod scratch;
mod sink;
mod tags;
#[cfg(test)]
mod tests;

use html5ever::LocalName;
use html5ever::QualName;
use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::ns;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tree_builder::TreeBuilder;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::tree_builder::create_element;
use thiserror::Error;

use crate::query::limits::Limits;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;
use guard::Guard;
use sink::Sink;
use tags::OpenTags;

/// How much text the tokenizer gets at a time, in bytes.
const CHUNK: usize = 16 << 10;

/// Most attributes of one tag. html5ever compares each with all before it.
const MAX_ATTRIBUTES: u32 = 1024;

/// Why a page has no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TreeError {
    /// Elements nest too deep.
    #[error("page nests elements deeper than {limit} (limit `scoopi.page.depth`)")]
    Depth {
        /// The limit that was passed.
        limit: u32,
    },
    /// Too much in the page.
    #[error("page has more than {limit} nodes and attributes (limit `scoopi.page.nodes`)")]
    Nodes {
        /// The limit that was passed.
        limit: u32,
    },
    /// Too much in one tag.
    #[error("page has a tag with more than {limit} attributes, which no limit setting allows")]
    Attributes {
        /// The limit that was passed.
        limit: u32,
    },
    /// Too many characters, counted after repairing: unclosed formatting elements are opened again with
    /// all their attributes.
    #[error("page holds more than {limit} bytes once it is repaired, far more than were loaded")]
    Size {
        /// The limit that was passed.
        limit: u32,
    },
    /// Too much to repair for a page of this size.
    #[error("page is nested so badly that repairing it takes more than {limit} steps")]
    Repair {
        /// The limit that was passed.
        limit: u64,
    },
    /// More text than offsets can tell apart.
    #[error("page has more than {limit} bytes")]
    TooLong {
        /// The limit that was passed.
        limit: u32,
    },
}

impl Tree {
    /// The tree of an HTML page, repaired as browsers do it, without scripts.
    ///
    /// Names are lower case. The content of a `template` lies below it, the doctype beside the tree
    /// ([`Tree::doctype`]). Time and memory are at most in proportion to the page.
    ///
    /// # Errors
    /// [`TreeError`] names the limit that the page passes.
    pub fn parse_html(text: &str, limits: &Limits) -> Result<Self, TreeError> {
        let sink = Sink::new(text.len(), limits);
        parse(TreeBuilder::new(sink, options()), TokenizerOpts::default(), text)
    }

    /// The tree of HTML as it would be read inside of an element: below the document an `html` element,
    /// below that the fragment. html5lib's tests ask for it.
    ///
    /// # Errors
    /// [`TreeError`] names the limit that the fragment passes.
    #[doc(hidden)]
    pub fn parse_fragment(
        text: &str,
        context: (Vocabulary, &str),
        limits: &Limits,
    ) -> Result<Self, TreeError> {
        let sink = Sink::new(text.len(), limits);
        let namespace = match context.0 {
            Vocabulary::Html => ns!(html),
            Vocabulary::Svg => ns!(svg),
            Vocabulary::MathMl => ns!(mathml),
        };
        let name = QualName::new(None, namespace, LocalName::from(context.1));
        let context = create_element(&sink, name, Vec::new());
        let builder = TreeBuilder::new_for_fragment(sink, context, None, options());
        let initial_state = Some(builder.tokenizer_state_for_context_elem(false));
        parse(builder, TokenizerOpts { initial_state, ..TokenizerOpts::default() }, text)
    }
}

fn options() -> TreeBuilderOpts {
    TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() }
}

fn parse(builder: TreeBuilder<u32, Sink>, options: TokenizerOpts, text: &str) -> Result<Tree, TreeError> {
    if u32::try_from(text.len()).is_err() {
        return Err(TreeError::TooLong { limit: u32::MAX });
    }
    let tokenizer = Tokenizer::new(Guard::new(builder), options);
    feed(&tokenizer, text)?;
    tokenizer.end();
    tokenizer.sink.finish()
}

fn feed(tokenizer: &Tokenizer<Guard>, text: &str) -> Result<(), TreeError> {
    let input = BufferQueue::default();
    let mut open_tags: Option<OpenTags> = None;
    let (mut before, mut rest) = ("", text);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK));
        tokenizer.sink.listen();
        input.push_back(StrTendril::from_slice(chunk));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        if let Some(error) = tokenizer.sink.failure() {
            return Err(error);
        }
        if after.is_empty() {
            break;
        }
        if !tokenizer.sink.heard_nothing() {
            open_tags = None;
        } else if let Some(tags) = &mut open_tags {
            tags.go_on(chunk);
        } else {
            let tags = open_tags.insert(OpenTags::default());
            tags.begin(before);
            // The first chunk of all has none before it.
            if before.is_empty() { tags.begin(chunk) } else { tags.go_on(chunk) }
        }
        if open_tags.as_ref().is_some_and(|tags| tags.most() > MAX_ATTRIBUTES) {
            return Err(TreeError::Attributes { limit: MAX_ATTRIBUTES });
        }
        (before, rest) = (chunk, after);
    }
    Ok(())
}
