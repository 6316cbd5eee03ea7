//! The whole engine, from text to value; here the cases that definitions rely on.
//!
//! The files below hold the recommendation's rules, errors, placeholders and what hostile queries may cost.
//! `tests/xpath_suite.rs` and `tests/xpath_oracle.rs` hold far more expressions than these.

mod binding;
mod cost;
mod errors;
mod language;

use html5ever::LocalName;

use super::*;
use crate::query::Limits;
use crate::query::Meter;
use crate::query::QueryError;
use crate::query::Template;
use crate::query::Tree;
use crate::query::tree::TreeBuilder;
use crate::query::tree::Vocabulary;

/// Reads markup without entities or void elements.
fn tree(markup: &str) -> Tree {
    let mut builder = TreeBuilder::default();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        builder.text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let (text, after) = comment.split_once("-->").unwrap();
            builder.comment(text);
            rest = after;
            continue;
        }
        let (tag, after) = rest[1..].split_once('>').unwrap();
        rest = after;
        if tag.starts_with('/') {
            builder.close();
            continue;
        }
        let (name, mut attrs) = tag.split_once(' ').unwrap_or((tag, ""));
        builder.open(LocalName::from(name), Vocabulary::Html);
        while let Some((name, after)) = attrs.split_once("='") {
            let (value, after) = after.split_once('\'').unwrap();
            builder.attr(LocalName::from(name.trim()), value);
            attrs = after;
        }
    }
    builder.text(rest);
    builder.finish()
}

fn meter() -> Meter<'static> {
    Meter::new(&Limits::default())
}

fn values(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// What a value looks like in the tables below.
fn show(tree: &Tree, value: &Value) -> String {
    match value {
        Value::Nodes(nodes) => {
            let texts: Vec<&str> = nodes.iter().map(|node| node.text(tree)).collect();
            format!("[{}]", texts.join("|"))
        }
        value => value.clone().into_text().unwrap().into(),
    }
}

fn ask(tree: &Tree, query: &str, bound: &[&str]) -> Result<String, QueryError> {
    let query = Query::compile(&Template::parse(query).unwrap())?;
    let value = query.evaluate(tree, Context::document(), values(bound).as_slice(), &meter())?;
    Ok(show(tree, &value))
}

/// Each line: a query, and what it gives on the page.
fn check(markup: &str, table: &[(&str, &str)]) {
    let tree = tree(markup);
    for (query, expected) in table {
        assert_eq!(ask(&tree, query, &[]).as_deref(), Ok(*expected), "{query}");
    }
}

const TABLE: &str = "<html><body><table id='t'><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr>\
    <tr class='x'><td>c</td><td>3</td></tr></table><p>end<!--no--></p></body></html>";

#[test]
fn the_vectors_of_the_specification_hold() {
    let tree = tree("<div><p>1<b>x</b></p><p>2</p></div>");
    for (selector, expected) in [
        ("//p", Some("2")),
        ("//p/text()", Some("2")),
        ("string(//p)", Some("1x")),
        ("count(//p)", Some("2")),
        ("//q", None),
    ] {
        let selector = Selector::compile(&Template::literal(selector)).unwrap();
        let value = selector.value(&tree, &[XNode::DOCUMENT], &(), &meter()).unwrap();
        assert_eq!(value.as_deref(), expected, "{selector:?}");
    }
}

#[test]
fn the_last_block_wins_even_without_a_value() {
    let tree = tree("<div><ul><li>1</li><li>2</li></ul><ul><i>3</i></ul></div>");
    let value = |block: &str, selector: &str| {
        let block = Selector::compile(&Template::literal(block)).unwrap();
        let blocks = block.blocks(&tree, &(), &meter()).unwrap();
        let selector = Selector::compile(&Template::literal(selector)).unwrap();
        selector.value(&tree, &blocks, &(), &meter()).unwrap().map(String::from)
    };
    assert_eq!(value("//ul[1]", "li").as_deref(), Some("2"));
    assert_eq!(value("//ul", "li"), None);
    assert_eq!(value("//ul", "i").as_deref(), Some("3"));
    assert_eq!(value("//ol", "string(i)"), None);
    assert_eq!(value("//ul", "string(li)").as_deref(), Some(""));
    assert_eq!(value("//ul", "count(*) = 1").as_deref(), Some("true"));
    assert_eq!(value("//ul", "count(*) div 2").as_deref(), Some("0.5"));
}

#[test]
fn a_block_must_select_nodes() {
    let block = Selector::compile(&Template::literal("count(//p)")).unwrap();
    let error = block.blocks(&tree(TABLE), &(), &meter()).unwrap_err();
    assert_eq!(error.to_string(), "block must select nodes, in `count(//p)`");
}

#[test]
fn an_attribute_ending_is_ignored() {
    let page = tree("<a href='u'>t attribute: x</a>");
    for (selector, expected) in [
        ("//a/@href attribute: src", Some("u")),
        ("//a[%{n}]/@href attribute: abs:href", Some("u")),
        ("//a[.='t attribute: x']", Some("t attribute: x")),
        ("//a[.='t attribute: x'] attribute: href", Some("t attribute: x")),
    ] {
        let selector = Selector::compile(&Template::parse(selector).unwrap()).unwrap();
        let value = selector.value(&page, &[XNode::DOCUMENT], values(&["1"]).as_slice(), &meter()).unwrap();
        assert_eq!(value.as_deref(), expected, "{selector:?}");
    }
}

fn check_error(query: &str, at: usize, message: &str) {
    match Query::compile(&Template::parse(query).unwrap()) {
        Err(QueryError::Syntax { query: written, at: place, message: text }) => {
            assert_eq!((place, text.as_str(), written.as_str()), (at, message, query));
        }
        other => assert!(other.is_err(), "{query}: {other:?}"),
    }
}
