//! A selector and what is read from the elements that it selects: their own text, or an attribute.

use compact_str::CompactString;

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::template::Bindings;
use crate::query::template::Template;
use crate::query::text;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::attribute::AttrName;
use super::index::Indexes;
use super::query::Query;
use super::source::Source;
use super::source::Text;

/// Parts a selector from the name of an attribute.
const SUFFIX: &str = " attribute: ";
/// Bytes of text that are read for the price of one visit.
const READ: usize = 16;

/// A selector with an optional ` attribute: name` after it.
#[derive(Debug)]
pub struct Selector {
    query: Query,
    attribute: Option<Attribute>,
}

#[derive(Debug)]
enum Attribute {
    Known(AttrName),
    /// The name has placeholders.
    Filled(Text),
}

/// A page that is asked for values, with what was found on it before.
#[derive(Debug)]
pub struct Scratch<'t> {
    tree: &'t Tree,
    indexes: Indexes,
    nodes: Vec<NodeId>,
    text: String,
}

impl<'t> Scratch<'t> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(tree: &'t Tree) -> Self {
        Self { tree, indexes: Indexes::default(), nodes: vec![], text: String::new() }
    }
}

impl Selector {
    /// Compiles `h3 > a`, `h3 > a attribute: href` and the like.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place of the mistake in the whole text.
    pub fn compile(template: &Template) -> Result<Self, QueryError> {
        let source = Source::new(template);
        let whole = source.cursor();
        let text = template.source();
        let Some(suffix) = source.last_position_of(SUFFIX) else {
            return Ok(Self { query: Query::from_cursor(whole, &text)?, attribute: None });
        };
        let query = Query::from_cursor(whole.within(0, suffix), &text)?;
        let mut rest = whole.within(suffix + SUFFIX.len(), whole.end());
        let at = rest.place();
        let mut name = rest.rest();
        name.trim();
        let attribute = match name.literal() {
            Some("") => {
                let message = "expected the name of an attribute after ` attribute: `".to_owned();
                return Err(QueryError::Syntax { query: text, at, message });
            }
            Some(name) => Attribute::Known(AttrName::new(&name.to_lowercase())),
            None => Attribute::Filled(name),
        };
        Ok(Self { query, attribute: Some(attribute) })
    }

    /// The query without the attribute.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The value that the selector has in `blocks`, which are the roots of its query.
    ///
    /// The value of one element is its own text, without that of elements below it, or its attribute as it is
    /// written (empty if it is missing). Texts of several elements are joined with a blank, blank ones left
    /// out. `None` if no element was selected; a blank text if all that were have one.
    ///
    /// # Errors
    /// As [`Query::select`].
    pub fn value(
        &self,
        scratch: &mut Scratch<'_>,
        blocks: &[NodeId],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
    ) -> Result<Option<CompactString>, QueryError> {
        let mut joined = None;
        self.read(scratch, blocks, vars, meter, |read| join(&mut joined, read))?;
        Ok(joined)
    }

    /// Passes the value of each element in `blocks` to `take`, as [`Selector::value`] reads it; skips blank values.
    ///
    /// # Errors
    /// As [`Query::select`].
    pub fn each(
        &self,
        scratch: &mut Scratch<'_>,
        blocks: &[NodeId],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
        mut take: impl FnMut(&str),
    ) -> Result<(), QueryError> {
        self.read(scratch, blocks, vars, meter, |read| {
            if !is_blank(read) {
                take(read);
            }
        })
    }

    fn read(
        &self,
        scratch: &mut Scratch<'_>,
        blocks: &[NodeId],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
        mut take: impl FnMut(&str),
    ) -> Result<(), QueryError> {
        let Scratch { tree, indexes, nodes, text } = scratch;
        nodes.clear();
        self.query.find((tree, meter), blocks, vars, Some(indexes), nodes)?;
        let filled;
        let name = match &self.attribute {
            None => None,
            Some(Attribute::Known(name)) => Some(name),
            Some(Attribute::Filled(name)) => {
                filled = AttrName::new(&name.fill(vars).trim().to_lowercase());
                Some(&filled)
            }
        };
        for &node in nodes.iter() {
            let read = match name {
                Some(name) => name.value(tree, node).unwrap_or_default(),
                None => {
                    text.clear();
                    text::own_text(tree, node, text);
                    text.as_str()
                }
            };
            meter.pay(1 + (read.len() / READ) as u64)?;
            take(read);
        }
        Ok(())
    }
}

/// While there is nothing but blanks, the next text takes their place; then only texts that are not blank are
/// added.
fn join(joined: &mut Option<CompactString>, text: &str) {
    match joined {
        Some(so_far) if !is_blank(so_far) => {
            if !is_blank(text) {
                so_far.push(' ');
                so_far.push_str(text);
            }
        }
        _ => *joined = Some(text.into()),
    }
}

/// Blank as Java has it: a non-breaking space is something.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}' => false,
        '\u{1c}'..='\u{1f}' => true,
        c => c.is_whitespace(),
    })
}
