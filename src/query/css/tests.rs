//! What selectors find, by the ids of the elements; each file below one side of the dialect.

use crate::query::limits::Limits;
use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::template::Template;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::Query;
use super::Scratch;
use super::Selector;
use super::index::Indexes;

mod attributes;
mod hostile;
mod random;
mod structure;
mod syntax;
mod texts;
mod values;
mod variables;

fn tree(page: &str) -> Tree {
    Tree::parse_html(page, &Limits::default()).unwrap()
}

fn query(text: &str) -> Query {
    Query::compile(&Template::parse(text).unwrap()).unwrap()
}

fn meter() -> Meter<'static> {
    Meter::new(&Limits::default())
}

fn select(tree: &Tree, roots: &[NodeId], text: &str) -> Vec<NodeId> {
    let (query, mut out) = (query(text), vec![]);
    query.select(tree, roots, &(), &meter(), &mut out).unwrap();
    let mut indexes = Indexes::default();
    for _ in 0..2 {
        let mut indexed = vec![];
        query.find((tree, &meter()), roots, &(), Some(&mut indexes), &mut indexed).unwrap();
        assert_eq!(indexed, out, "indexes change nothing: {text}");
    }
    out
}

/// The ids of elements, or their names where they have none.
fn ids(tree: &Tree, nodes: &[NodeId]) -> String {
    let name = |node: &NodeId| tree.attr(*node, &"id".into()).unwrap_or(tree.name(*node)).to_owned();
    nodes.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Each row: selector, ids of what it finds in the whole page.
fn check(page: &str, rows: &[(&str, &str)]) {
    let tree = tree(page);
    for (selector, found) in rows {
        assert_eq!(ids(&tree, &select(&tree, &[0], selector)), *found, "{selector}");
    }
}

/// Each row: block, selector, ids of what the selector finds in what the block finds.
fn check_in(page: &str, rows: &[(&str, &str, &str)]) {
    let tree = tree(page);
    for (block, selector, found) in rows {
        let blocks = select(&tree, &[0], block);
        assert_eq!(ids(&tree, &select(&tree, &blocks, selector)), *found, "{block} | {selector}");
    }
}
