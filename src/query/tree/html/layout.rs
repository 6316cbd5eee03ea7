//! From the tree under repair to the flat one.
//!
//! One pass in document order, without recursion. Only here is depth exact: while a page is repaired,
//! whole subtrees move, and keeping their depth right would cost more than looking once.

use super::TreeError;
use super::scratch::Content;
use super::scratch::Scratch;
use crate::query::tree::NONE;
use crate::query::tree::Tree;
use crate::query::tree::TreeBuilder;
use crate::query::tree::Vocabulary;

/// Lays the page out; elements may nest `max_depth` deep.
pub(super) fn lay_out(mut page: Scratch, max_depth: u32) -> Result<Tree, TreeError> {
    let mut builder = TreeBuilder::with_capacity(page.nodes.len(), page.pool.len() - page.value_bytes);
    builder.reserve_attrs(page.attrs.len(), page.value_bytes);
    let mut depth = 0;
    let mut at = page.node(0).first;
    while at != NONE {
        let first = lay_node(&mut page, &mut builder, at);
        if let Some(first) = first {
            depth += 1;
            if depth > max_depth {
                return Err(TreeError::Depth { limit: max_depth });
            }
            if first != NONE {
                at = first;
                continue;
            }
            depth -= 1;
            builder.close();
        }
        while page.node(at).next == NONE && page.node(at).parent != 0 {
            at = page.node(at).parent;
            depth -= 1;
            builder.close();
        }
        at = page.node(at).next;
    }
    Ok(builder.finish())
}

/// Adds one node; of an element the first child, or `NONE` if it has none.
fn lay_node(page: &mut Scratch, builder: &mut TreeBuilder, at: u32) -> Option<u32> {
    let node = &mut page.nodes[at as usize];
    match node.content {
        Content::Element { attrs: (from, to), .. } => {
            let (name, vocabulary, first) = (std::mem::take(&mut node.name), node.vocabulary, node.first);
            if vocabulary == Vocabulary::Html {
                builder.open(name, vocabulary);
            } else {
                builder.open_foreign(name, vocabulary);
            }
            for attr in &mut page.attrs[from as usize..to as usize] {
                let value = &page.pool[attr.value.0 as usize..attr.value.1 as usize];
                if vocabulary == Vocabulary::Html {
                    builder.attr(std::mem::take(&mut attr.name.local), value);
                } else {
                    builder.attr_foreign(attr.name.clone(), value);
                }
            }
            return Some(first);
        }
        Content::Text { first, .. } => {
            let run = |index: u32| page.runs.get(index as usize);
            let runs = std::iter::successors(run(first), |last| run(last.next));
            builder.text_of(runs.map(|run| &page.pool[run.range.0 as usize..run.range.1 as usize]));
        }
        Content::Comment(from, to) => builder.comment(&page.pool[from as usize..to as usize]),
        Content::Doctype => {
            if let Some(doctype) = page.doctype.take() {
                builder.doctype(doctype);
            }
        }
        Content::Document => {}
    }
    None
}
