//! The two query languages behind one face.
//!
//! They differ in what a node is and in how nodes become a value; what is asked, cached and repeated
//! around them does not.

use compact_str::CompactString;

use crate::query::{Limits, Meter, QueryError, Template, Tree, css, tree, xpath};

use super::variables::Reading;

/// A query language.
pub(super) trait Engine: Send + Sync + 'static {
    /// A compiled block query.
    type Block: Send + Sync;
    /// A compiled selector.
    type Selector: Send + Sync;
    /// A node that a block query found.
    type Node: Copy;
    /// A page and what was found on it before.
    type Scratch<'t>;

    /// Whether each match is a link also for old definitions, which expect one link for each item.
    const EACH_MATCH_OF_OLD: bool;

    fn scratch(tree: &Tree) -> Self::Scratch<'_>;

    fn compile_block(template: &Template) -> Result<Self::Block, QueryError>;

    fn compile_selector(template: &Template) -> Result<Self::Selector, QueryError>;

    /// Passes the text of each match of a selector in the blocks to `take`.
    fn each(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
        take: impl FnMut(&str),
    ) -> Result<(), QueryError>;

    /// Returns a likely mistake in a selector that compiles.
    fn doubt(_selector: &str) -> Option<String> {
        None
    }

    fn blocks(
        block: &Self::Block,
        tree: &Tree,
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Vec<Self::Node>, QueryError>;

    fn value(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Option<CompactString>, QueryError>;
}

/// jsoup's CSS dialect.
pub(super) struct Css;

/// XPath 1.0.
pub(super) struct XPath;

impl Engine for Css {
    type Block = css::Query;
    type Selector = css::Selector;
    type Node = tree::NodeId;
    type Scratch<'t> = css::Scratch<'t>;

    // Before, several matches were joined to one text, which is not a valid link.
    const EACH_MATCH_OF_OLD: bool = true;

    fn scratch(tree: &Tree) -> Self::Scratch<'_> {
        css::Scratch::new(tree)
    }

    fn compile_block(template: &Template) -> Result<Self::Block, QueryError> {
        css::Query::compile(template)
    }

    fn compile_selector(template: &Template) -> Result<Self::Selector, QueryError> {
        css::Selector::compile(template)
    }

    fn blocks(
        block: &Self::Block,
        tree: &Tree,
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Vec<Self::Node>, QueryError> {
        let mut found = vec![];
        block.select(tree, &[0], values, meter, &mut found)?;
        Ok(found)
    }

    fn value(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Option<CompactString>, QueryError> {
        selector.value(page, blocks, values, meter)
    }

    fn each(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
        take: impl FnMut(&str),
    ) -> Result<(), QueryError> {
        selector.each(page, blocks, values, meter, take)
    }
}

impl Engine for XPath {
    type Block = xpath::Selector;
    type Selector = xpath::Selector;
    type Node = xpath::XNode;
    type Scratch<'t> = &'t Tree;

    // Old paginations rely on the last match.
    const EACH_MATCH_OF_OLD: bool = false;

    fn scratch(tree: &Tree) -> Self::Scratch<'_> {
        tree
    }

    fn compile_block(template: &Template) -> Result<Self::Block, QueryError> {
        let block = xpath::Selector::compile(template)?;
        if template.is_literal() {
            must_select_nodes(&block)?;
        }
        Ok(block)
    }

    fn compile_selector(template: &Template) -> Result<Self::Selector, QueryError> {
        xpath::Selector::compile(template)
    }

    fn doubt(selector: &str) -> Option<String> {
        let steps: Vec<&str> = selector.split('>').map(str::trim).collect();
        let is_name = |step: &&str| {
            !step.is_empty() && step.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '*'))
        };
        // A comparison of numbers is intended.
        let is_css = steps.len() > 1
            && steps.iter().all(is_name)
            && steps.iter().all(|step| step.parse::<f64>().is_err());
        is_css.then(|| {
            format!(
                "in XPath `>` compares, so `{selector}` gives true or false: write `{}`, or use `parser: css`",
                steps.join("/")
            )
        })
    }

    fn blocks(
        block: &Self::Block,
        tree: &Tree,
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Vec<Self::Node>, QueryError> {
        block.blocks(tree, values, meter)
    }

    fn value(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
    ) -> Result<Option<CompactString>, QueryError> {
        selector.value(page, blocks, values, meter)
    }

    fn each(
        selector: &Self::Selector,
        page: &mut Self::Scratch<'_>,
        blocks: &[Self::Node],
        values: &Reading<'_>,
        meter: &Meter,
        take: impl FnMut(&str),
    ) -> Result<(), QueryError> {
        selector.each(page, blocks, values, meter, take)
    }
}

/// Whether an expression gives nodes, a text, a number or a truth value does not depend on the page, so an empty
/// page tells it.
fn must_select_nodes(block: &xpath::Selector) -> Result<(), QueryError> {
    let limits = Limits::default();
    let Ok(empty) = Tree::parse_html("", &limits) else { return Ok(()) };
    block.blocks(&empty, &(), &Meter::new(&limits)).map(drop).map_err(|error| match error {
        QueryError::Evaluation { query, .. } => {
            let message = "a block must select nodes, this gives a text, a number or a truth value (CSS needs the \
                           CSS parser)";
            QueryError::Evaluation { query, message: message.to_owned() }
        }
        other => other,
    })
}
