//! HTML text to tree, by the HTML5 rules.
//!
//! `tokenizer` reads the text, html5ever repairs, as browsers do without scripts; `sink` takes what it builds
//! into a scratch tree, and `layout` reads that into the flat one. A page decides what it costs here, so `guard`
//! watches what html5ever cannot be stopped from doing within a token.
//!
//! ```text
//! text ─▶ Tokenizer ─▶ Guard ─▶ TreeBuilder ─▶ Sink (Scratch) ─ lay_out ─▶ Tree
//! ```

mod guard;
mod layout;
mod scratch;
mod sink;
#[cfg(test)]
mod tests;
mod tokenizer;

use html5ever::LocalName;
use html5ever::QualName;
use html5ever::ns;
use html5ever::tendril::StrTendril;
use html5ever::tree_builder::TreeBuilder;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::tree_builder::create_element;
use thiserror::Error;

use crate::query::limits::Limits;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;
use guard::Guard;
use sink::Sink;
use tokenizer::Content;
use tokenizer::Tokenizer;

/// Most attributes of one tag. Each is compared with all before it.
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
    /// Names are lower case. The content of a `template` lies below it, the doctype next to the tree
    /// ([`Tree::doctype`]). Time and memory are at most in proportion to the page.
    ///
    /// # Errors
    /// [`TreeError`] names the limit that the page passes.
    pub fn parse_html(text: &str, limits: &Limits) -> Result<Self, TreeError> {
        let sink = Sink::new(text.len(), limits);
        parse(TreeBuilder::new(sink, options()), Content::Data, text)
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
        let content = Content::of(builder.tokenizer_state_for_context_elem(false));
        parse(builder, content, text)
    }
}

fn options() -> TreeBuilderOpts {
    TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() }
}

fn parse(builder: TreeBuilder<u32, Sink>, content: Content, text: &str) -> Result<Tree, TreeError> {
    if u32::try_from(text.len()).is_err() {
        return Err(TreeError::TooLong { limit: u32::MAX });
    }
    let (guard, page) = (Guard::new(builder), with_line_feeds(text));
    Tokenizer::new(&page, &guard).run(content);
    guard.finish()
}

/// The page with line feeds for all ends of lines, as HTML wants it before anything else.
fn with_line_feeds(text: &str) -> StrTendril {
    match memchr::memchr(b'\r', text.as_bytes()) {
        None => StrTendril::from_slice(text),
        Some(_) => StrTendril::from(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}
