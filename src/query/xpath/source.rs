//! The text of a query with its placeholders taken out, and the way back to what the author wrote.
//!
//! Knows where placeholders stood and how to name a place to a person. Knows no XPath. Each placeholder
//! becomes one filler character, so that the lexer can find it by offset and never mistakes text for it.

use crate::query::Part;
use crate::query::QueryError;
use crate::query::Template;

/// Longest query, in bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// Stands where a placeholder stood. Which ones are placeholders is known by offset, not by this character.
const FILLER: char = '\u{1}';

/// A query text, flattened.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// Byte offset in `text` and index of the placeholder's name, in order.
    slots: Vec<(usize, usize)>,
    names: Vec<usize>,
    written: String,
}

impl Source {
    /// Flattens a template.
    ///
    /// # Errors
    /// A query above [`MAX_BYTES`].
    pub(super) fn new(template: &Template) -> Result<Self, QueryError> {
        let mut source = Self {
            text: String::new(),
            slots: vec![],
            names: template.names().iter().map(|name| name.chars().count()).collect(),
            written: template.source(),
        };
        for part in template.parts() {
            match part {
                Part::Text(text) => source.text.push_str(text),
                Part::Var(var) => {
                    source.slots.push((source.text.len(), *var));
                    source.text.push(FILLER);
                }
            }
        }
        if source.written.len() > MAX_BYTES {
            let length = source.written.len();
            let start: String = source.written.chars().take(60).collect();
            return Err(QueryError::Syntax {
                query: format!("{start}…"),
                at: 1,
                message: format!("the query has {length} bytes, at most {MAX_BYTES} are allowed"),
            });
        }
        Ok(source)
    }

    /// The text; placeholders are one character each.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The query as written.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// The placeholder that stands at this offset of the text.
    pub(super) fn slot(&self, offset: usize) -> Option<usize> {
        let index = self.slots.binary_search_by_key(&offset, |(at, _)| *at).ok()?;
        self.slots.get(index).map(|(_, var)| *var)
    }

    /// The placeholders in a range of the text, with their offsets.
    pub(super) fn slots(&self, from: usize, to: usize) -> &[(usize, usize)] {
        let first = self.slots.partition_point(|(at, _)| *at < from);
        let last = self.slots.partition_point(|(at, _)| *at < to);
        &self.slots[first..last]
    }

    /// A syntax error at this offset of the text.
    pub(super) fn error(&self, offset: usize, message: String) -> QueryError {
        QueryError::Syntax { query: self.written.clone(), at: self.written_at(offset), message }
    }

    /// 1-based character position in the query as written.
    fn written_at(&self, offset: usize) -> usize {
        let mut at = 1;
        let mut chars = self.text.char_indices().take_while(|(from, _)| *from < offset).peekable();
        while let Some((from, ch)) = chars.next() {
            at += match self.slot(from) {
                Some(var) => self.names.get(var).map_or(1, |name| name + "%{}".len()),
                // `%{` that is text is written with two percent signs.
                None if ch == '%' && chars.peek().is_some_and(|(_, next)| *next == '{') => 2,
                None => 1,
            };
        }
        at
    }
}
