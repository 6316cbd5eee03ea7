//! A line as a query in one of the two languages, and what it finds.
//!
//! Recognises the language of the text, and points at mistakes. Definitions decide what of the nodes is the value: the
//! selectors are theirs.

use std::collections::HashSet;

use compact_str::CompactString;

use crate::query::css;
use crate::query::tree::NodeId;
use crate::query::xpath::{self, Context, Value, XNode};
use crate::query::{Limits, Meter, Part, QueryError, Template, TemplateError, Tree};

/// Ends the selector where an attribute is wanted.
const ATTRIBUTE: &str = " attribute: ";

/// The language of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Css,
    XPath,
}

/// A query, compiled.
#[derive(Debug)]
pub(super) enum Query {
    Css(css::Selector),
    XPath { nodes: Box<xpath::Query>, value: Box<xpath::Selector> },
}

/// The part of the page that queries look in.
#[derive(Debug)]
pub(super) enum Block {
    Css(Vec<NodeId>),
    XPath(Vec<XNode>),
}

/// What a query found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The nodes that match; `None` where the query gives a text, a number or a truth value.
    pub(super) nodes: Option<Vec<XNode>>,
    /// What a definition would get.
    pub(super) value: Option<CompactString>,
}

impl Language {
    /// The language of a line, and the query without its prefix. `of_block` is that of the block, which a
    /// selector shares; without one the text tells.
    pub(super) fn of(line: &str, of_block: Option<Self>) -> (Self, &str) {
        if let Some(query) = line.strip_prefix("css:") {
            return (Self::Css, query.trim_start());
        }
        if let Some(query) = line.strip_prefix("xpath:") {
            return (Self::XPath, query.trim_start());
        }
        let is_xpath = ["/", "(", "./", "..", "@"].iter().any(|start| line.starts_with(start))
            || line.contains("::")
            || of_block == Some(Self::XPath);
        (if is_xpath { Self::XPath } else { Self::Css }, line)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Css => "CSS",
            Self::XPath => "XPath",
        }
    }
}

impl Query {
    /// Compiles a query.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn compile(language: Language, text: &str) -> Result<Self, String> {
        let template = template(text)?;
        match language {
            Language::Css => {
                css::Selector::compile(&template).map(Self::Css).map_err(|error| css_mistake(&error, text))
            }
            Language::XPath => {
                let value = xpath::Selector::compile(&template).map_err(|error| mistake(&error))?;
                // The selector has read it, with or without the ending.
                let nodes = xpath::Query::compile(&template).or_else(|error| {
                    let cut = text.rsplit_once(ATTRIBUTE).ok_or(error)?.0;
                    xpath::Query::compile(&Template::literal(cut))
                });
                let nodes = Box::new(nodes.map_err(|error| mistake(&error))?);
                Ok(Self::XPath { nodes, value: Box::new(value) })
            }
        }
    }

    /// The nodes of the page that the query finds, as the block of queries to come.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn block(&self, tree: &Tree, limits: &Limits) -> Result<Block, String> {
        let meter = Meter::new(limits);
        match self {
            Self::Css(selector) => {
                let mut nodes = vec![];
                let found = selector.query().select(tree, &[0], &(), &meter, &mut nodes);
                found.map(|()| Block::Css(nodes))
            }
            Self::XPath { value, .. } => value.blocks(tree, &(), &meter).map(Block::XPath),
        }
        .map_err(|error| mistake(&error))
    }

    /// What the query finds in a block of its language; the document is the block if there is none.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn find(&self, tree: &Tree, block: Option<&Block>, limits: &Limits) -> Result<Found, String> {
        match (self, block) {
            (Self::Css(selector), None) => css(selector, tree, &[0], limits),
            (Self::Css(selector), Some(Block::Css(nodes))) => css(selector, tree, nodes, limits),
            (Self::XPath { nodes, value }, None) => xpath(nodes, value, tree, &[XNode::DOCUMENT], limits),
            (Self::XPath { nodes, value }, Some(Block::XPath(blocks))) => {
                xpath(nodes, value, tree, blocks, limits)
            }
            (query, Some(block)) => {
                let (query, block) = (query.language().name(), block.language().name());
                return Err(format!(
                    "error: the query is {query} and the block is {block}\n    \
                     a dataDef has one language for both; `:block` alone clears the block"
                ));
            }
        }
        .map_err(|error| mistake(&error))
    }

    pub(super) fn language(&self) -> Language {
        match self {
            Self::Css(_) => Language::Css,
            Self::XPath { .. } => Language::XPath,
        }
    }
}

impl Block {
    pub(super) fn language(&self) -> Language {
        match self {
            Self::Css(_) => Language::Css,
            Self::XPath(_) => Language::XPath,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Css(nodes) => nodes.len(),
            Self::XPath(nodes) => nodes.len(),
        }
    }
}

fn css(
    selector: &css::Selector,
    tree: &Tree,
    block: &[NodeId],
    limits: &Limits,
) -> Result<Found, QueryError> {
    let mut nodes = vec![];
    selector.query().select(tree, block, &(), &Meter::new(limits), &mut nodes)?;
    let value = selector.value(&mut css::Scratch::new(tree), block, &(), &Meter::new(limits))?;
    Ok(Found { nodes: Some(nodes.into_iter().map(XNode::Node).collect()), value })
}

fn xpath(
    query: &xpath::Query,
    selector: &xpath::Selector,
    tree: &Tree,
    block: &[XNode],
    limits: &Limits,
) -> Result<Found, QueryError> {
    let meter = Meter::new(limits);
    let (mut nodes, mut seen) = (Some(vec![]), HashSet::new());
    for node in block {
        match (query.evaluate(tree, Context::from(*node), &(), &meter)?, &mut nodes) {
            (Value::Nodes(found), Some(nodes)) => {
                nodes.extend(found.into_iter().filter(|node| seen.insert(*node)));
            }
            _ => {
                nodes = None;
                break;
            }
        }
    }
    Ok(Found { nodes, value: selector.value(tree, block, &(), &Meter::new(limits))? })
}

/// The query as a template without placeholders: there is no row here that would give them values.
fn template(text: &str) -> Result<Template, String> {
    let template = Template::parse(text)
        .map_err(|TemplateError { at, .. }| pointed("a placeholder has no closing brace", text, at))?;
    let Some(name) = template.names().first() else { return Ok(template) };
    let before = template.parts().iter().map_while(|part| match part {
        Part::Text(text) => Some(text.replace("%{", "%%{").chars().count()),
        Part::Var(_) => None,
    });
    let message = format!("the placeholder `%{{{name}}}` has no value here, write one in its place");
    Err(pointed(&message, text, before.sum::<usize>() + 1))
}

/// A mistake in CSS, and the way out if the query is not meant to be CSS.
fn css_mistake(error: &QueryError, text: &str) -> String {
    let mut said = mistake(error);
    // Without these a word of CSS would count as a name in XPath, which does not help.
    let may_be_xpath = text.contains(['/', '(']);
    if may_be_xpath && xpath::Selector::compile(&Template::literal(text)).is_ok() {
        said.push_str(&format!("\n    as XPath it can be read: xpath:{text}"));
    } else if text.starts_with(':') {
        said.push_str("\n    `:help` lists the commands");
    }
    said
}

/// What is wrong with a query, and where.
fn mistake(error: &QueryError) -> String {
    match error {
        QueryError::Syntax { query, at, message } => pointed(message, query, *at),
        QueryError::Evaluation { message, .. } => format!("error: {message}"),
        QueryError::TooExpensive { .. } | QueryError::Stopped => format!("error: {error}"),
    }
}

/// A message, the query, and a `^` below its character `at`, from 1.
fn pointed(message: &str, query: &str, at: usize) -> String {
    // A tab below a tab keeps the place, however wide it is shown.
    let blanks = query.chars().chain(std::iter::repeat(' ')).take(at.saturating_sub(1));
    let blanks: String = blanks.map(|c| if c == '\t' { c } else { ' ' }).collect();
    format!("error: {message}\n    {query}\n    {blanks}^")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "<table><tr><th>a</th><td>1</td></tr><tr><th>b</th><td title=t>2</td><td>3</td></tr></table>";

    fn tree() -> Tree {
        Tree::parse_html(PAGE, &Limits::default()).unwrap()
    }

    fn check_language(line: &str, of_block: Option<Language>, expected: Language, query: &str) {
        assert_eq!(Language::of(line, of_block), (expected, query), "{line}");
    }

    #[test]
    fn the_text_tells_the_language() {
        for line in ["//td", "/html", "(//td)[1]", "./td", "../td", "@href", "td/child::b", ".."] {
            check_language(line, None, Language::XPath, line);
        }
        for line in ["td", "#a", ".a", "*", ":root", "a > b", "[href]", "a attribute: href", "count(//td)"] {
            check_language(line, None, Language::Css, line);
        }
        check_language("xpath: count(//td)", None, Language::XPath, "count(//td)");
        check_language("css:a[href*='::']", None, Language::Css, "a[href*='::']");
    }

    #[test]
    fn a_selector_has_the_language_of_its_block() {
        check_language("td", Some(Language::XPath), Language::XPath, "td");
        check_language("td", Some(Language::Css), Language::Css, "td");
        check_language("css:td", Some(Language::XPath), Language::Css, "td");
        check_language("./td", Some(Language::Css), Language::XPath, "./td");
    }

    /// What `line` finds below `block`: number of nodes, value.
    fn find(block: Option<&str>, line: &str) -> Result<(Option<usize>, Option<String>), String> {
        let (tree, limits) = (tree(), Limits::default());
        let block = block
            .map(|text| {
                let (language, text) = Language::of(text, None);
                Query::compile(language, text)?.block(&tree, &limits)
            })
            .transpose()?;
        let (language, text) = Language::of(line, block.as_ref().map(Block::language));
        let found = Query::compile(language, text)?.find(&tree, block.as_ref(), &limits)?;
        Ok((found.nodes.map(|nodes| nodes.len()), found.value.map(Into::into)))
    }

    fn check(block: Option<&str>, line: &str, nodes: Option<usize>, value: Option<&str>) {
        assert_eq!(find(block, line), Ok((nodes, value.map(str::to_owned))), "{line} in {block:?}");
    }

    #[test]
    fn values_are_those_of_definitions() {
        check(None, "td", Some(3), Some("1 2 3"));
        check(None, "td attribute: title", Some(3), Some("t"));
        check(None, "td.none", Some(0), None);
        check(None, "//td", Some(3), Some("3"));
        check(None, "//td/@title", Some(1), Some("t"));
        check(None, "//td attribute: title", Some(3), Some("3"));
        check(None, "xpath:count(//td)", None, Some("3"));
        check(None, "xpath:string(//none)", None, Some(""));
        check(None, "//none", Some(0), None);
    }

    #[test]
    fn queries_look_in_the_block() {
        check(Some("tr:nth-child(2)"), "td", Some(2), Some("2 3"));
        check(Some("//tr"), "td", Some(3), Some("3"));
        check(Some("//tr"), "td[2]", Some(1), Some("3"));
        check(Some("//tr"), "count(td)", None, Some("2"));
        check(Some("//tr"), "..", Some(1), Some("a1b23"));
        check(Some("//none"), "count(td)", Some(0), None);
        check(Some("div"), "td", Some(0), None);
    }

    fn check_error(block: Option<&str>, line: &str, expected: &str) {
        assert_eq!(find(block, line), Err(expected.to_owned()), "{line} in {block:?}");
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        check_error(None, "//td[", "error: expected an expression, found the end\n    //td[\n         ^");
        check_error(
            None,
            "tr:nth-child(%{index})",
            "error: the placeholder `%{index}` has no value here, write one in its place\n    \
             tr:nth-child(%{index})\n                 ^",
        );
        check_error(
            None,
            "%%{a} é%{index",
            "error: a placeholder has no closing brace\n    %%{a} é%{index\n           ^",
        );
    }

    #[test]
    fn a_query_in_the_wrong_language_is_told_the_way_out() {
        let error = find(None, "count(//td)").unwrap_err();
        assert!(error.ends_with("\n    as XPath it can be read: xpath:count(//td)"), "{error}");
        assert!(!find(None, "td:frist-child").unwrap_err().contains("as XPath"));
        let error = find(None, ":hepl").unwrap_err();
        assert!(error.ends_with("\n    `:help` lists the commands"), "{error}");
        let error = find(Some("tr"), "./td").unwrap_err();
        assert!(error.starts_with("error: the query is XPath and the block is CSS\n"), "{error}");
        let error = find(Some("xpath:count(//td)"), "td").unwrap_err();
        assert_eq!(error, "error: block must select nodes");
    }

    #[test]
    fn queries_that_cost_too_much_are_stopped() {
        let limits = Limits { visits: 10, ..Limits::default() };
        let error =
            Query::compile(Language::XPath, "//*//*").unwrap().find(&tree(), None, &limits).unwrap_err();
        assert!(error.contains("limit `scoopi.query.visits`"), "{error}");
    }
}
