//! Queries as definitions use them: block nodes first, then one value from them.
//!
//! Knows which of several results is the value. The last one wins, of the last block: definitions written
//! for the reference rely on it.

use compact_str::CompactString;

use crate::query::Bindings;
use crate::query::Meter;
use crate::query::Part;
use crate::query::QueryError;
use crate::query::Template;
use crate::query::Tree;
use crate::query::xpath::Context;
use crate::query::xpath::Query;
use crate::query::xpath::Value;
use crate::query::xpath::XNode;

/// Ends a CSS selector; here an attribute is written `/@name`, so the ending is cut off.
const ATTRIBUTE: &str = " attribute: ";
/// Bytes of text that can be read for the price of one visit.
const READ: usize = 16;
/// Number of nodes of several blocks that triggers sorting.
const SORTED_AT: usize = 4096;

/// A block or selector of a definition, in XPath.
#[derive(Debug)]
pub struct Selector {
    query: Query,
}

impl Selector {
    /// Compiles a block or selector. An ending ` attribute: name` is cut off and ignored.
    ///
    /// # Errors
    /// As [`Query::compile`].
    pub fn compile(template: &Template) -> Result<Self, QueryError> {
        let query = match without_attribute(template)? {
            Some(cut) => Query::compile(&cut)?,
            None => Query::compile(template)?,
        };
        Ok(Self { query })
    }

    /// The nodes of the page that values are then read from, in document order.
    ///
    /// # Errors
    /// [`QueryError::Evaluation`] when the block selects something else than nodes, and as
    /// [`Query::evaluate`].
    pub fn blocks(
        &self,
        tree: &Tree,
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
    ) -> Result<Vec<XNode>, QueryError> {
        match self.query.evaluate(tree, Context::document(), vars, meter)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(QueryError::Evaluation {
                query: self.query.source(),
                message: "block must select nodes".to_owned(),
            }),
        }
    }

    /// The value read from these blocks: of the last block, the last node's text, raw; or the text that the
    /// expression gives. `None` where the last block holds no such node, or where there is no block.
    ///
    /// # Errors
    /// As [`Query::evaluate`].
    pub fn value(
        &self,
        tree: &Tree,
        blocks: &[XNode],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
    ) -> Result<Option<CompactString>, QueryError> {
        // What earlier blocks give is overwritten in any case, so they are not asked.
        let Some(block) = blocks.last() else { return Ok(None) };
        Ok(match self.query.evaluate(tree, Context::from(*block), vars, meter)? {
            Value::Nodes(nodes) => match nodes.last() {
                Some(node) => {
                    let text = node.text(tree);
                    meter.pay((text.len() / READ) as u64)?;
                    Some(CompactString::from(text))
                }
                None => None,
            },
            value => value.into_text(),
        })
    }

    /// Passes the text of each node that the expression finds in any of these blocks to `take`, once and in document
    /// order. If the expression yields text, passes the text of each block. Skips blank texts.
    ///
    /// # Errors
    /// As [`Query::evaluate`].
    pub fn each(
        &self,
        tree: &Tree,
        blocks: &[XNode],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
        mut take: impl FnMut(&str),
    ) -> Result<(), QueryError> {
        let mut found: Vec<XNode> = vec![];
        let mut sorted = 0;
        for block in blocks {
            match self.query.evaluate(tree, Context::from(*block), vars, meter)? {
                Value::Nodes(nodes) => found.extend(nodes),
                value => value
                    .into_text()
                    .iter()
                    .filter(|text| !text.trim().is_empty())
                    .for_each(|text| take(text)),
            }
            // Nested blocks yield the same nodes again.
            if found.len() > 2 * sorted + SORTED_AT {
                found.sort_unstable_by_key(|node| node.order(tree));
                found.dedup();
                sorted = found.len();
            }
        }
        found.sort_unstable_by_key(|node| node.order(tree));
        found.dedup();
        for node in found {
            let text = node.text(tree);
            meter.pay(1 + (text.len() / READ) as u64)?;
            if !text.trim().is_empty() {
                take(text);
            }
        }
        Ok(())
    }
}

/// The template without its ending ` attribute: name`, if it has one.
fn without_attribute(template: &Template) -> Result<Option<Template>, QueryError> {
    let written = template.source();
    let Some((selector, name)) = written.rsplit_once(ATTRIBUTE) else { return Ok(None) };
    // Inside a literal the words are text: `//td[.='a attribute: b']`.
    if name.contains(['\'', '"', '(', ')', '[', ']', '/']) {
        return Ok(None);
    }
    if let [Part::Text(text)] = template.parts() {
        return Ok(text.rsplit_once(ATTRIBUTE).map(|(selector, _)| Template::literal(selector)));
    }
    Template::parse(selector).map(Some).map_err(|error| QueryError::Syntax {
        at: error.at,
        message: "a placeholder has no closing brace".to_owned(),
        query: written.clone(),
    })
}
