//! Attribute selectors: `[href]`, `[^data-]`, `[class='next']`, `[src~=(?i)\.png]`, `[abs:href]`.
//!
//! Reads what stands between the brackets, and asks elements about their attributes. Values are compared
//! without regard to case; which side is trimmed when is jsoup's.

use std::borrow::Cow;

use html5ever::LocalName;

use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::fold;
use super::program::AttrName;
use super::program::AttrOp;
use super::program::Test;
use super::recipe::Recipe;
use super::source::Cursor;
use super::source::Stop;
use super::source::Sym;
use super::source::Text;
use super::source::is_blank;

/// Schemes of addresses that Java takes for absolute without being told a base.
const ABSOLUTE: &[&str] = &["http:", "https:", "ftp:", "file:", "jar:", "mailto:"];

/// What an attribute selector comes to.
#[derive(Debug)]
pub(super) enum Parsed {
    /// A test without a value.
    Test(Test),
    /// A test with a value, and the index where the value begins.
    Value(Recipe, Text, usize),
}

/// Reads the content of the brackets.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Parsed, Stop> {
    cursor.skip_blanks();
    let is_prefix = cursor.eat('^');
    let from = cursor.at();
    let mut key = String::new();
    let op = loop {
        match (cursor.next(), cursor.peek()) {
            (None, _) => break None,
            (Some(Sym::Var(_)), _) => return Err(Stop::Structure),
            (Some(Sym::Char('=')), _) => break Some('='),
            (Some(Sym::Char(op @ ('!' | '^' | '$' | '*' | '~'))), Some(Sym::Char('='))) => {
                cursor.next();
                break Some(op);
            }
            (Some(Sym::Char(c)), _) => key.push(c),
        }
    };
    let key = key.trim_matches(is_blank).to_lowercase();
    if key.is_empty() {
        return Err(Stop::Mistake {
            at: cursor.place_of(from),
            message: "expected the name of an attribute, as in `[href]` or `[class=next]`".to_owned(),
        });
    }
    match op {
        None if is_prefix => Ok(Parsed::Test(Test::AttrPrefix(key.into()))),
        None => Ok(Parsed::Test(Test::HasAttr(AttrName::new(&key)))),
        Some(_) if is_prefix => Err(Stop::Mistake {
            at: cursor.place_of(from),
            message: "a prefix of attribute names cannot have a value".to_owned(),
        }),
        Some(op) => value(cursor, AttrName::new(&key), op),
    }
}

fn value(cursor: &mut Cursor<'_>, name: AttrName, op: char) -> Result<Parsed, Stop> {
    cursor.skip_blanks();
    let from = cursor.at();
    let mut text = cursor.rest();
    text.trim();
    let quoted = text.unquote(op != '~');
    if text.is_empty() && !quoted {
        return Err(cursor.mistake("expected a value, as in `[class=next]`"));
    }
    let op = match op {
        '~' => return Ok(Parsed::Value(Recipe::AttrMatches(name), text, from + usize::from(quoted))),
        '!' => AttrOp::Differs,
        '^' => AttrOp::Starts,
        '$' => AttrOp::Ends,
        '*' => AttrOp::Contains,
        _ => AttrOp::Equals,
    };
    let trimmed = !(quoted && matches!(op, AttrOp::Starts | AttrOp::Ends));
    Ok(Parsed::Value(Recipe::Attr { name, op, trimmed }, text, from))
}

impl AttrName {
    /// The name in lower case, perhaps with `abs:` before it.
    pub(super) fn new(name: &str) -> Self {
        match name.strip_prefix("abs:").filter(|plain| !plain.is_empty()) {
            Some(plain) => Self { name: LocalName::from(plain), absolute: true },
            None => Self { name: LocalName::from(name), absolute: false },
        }
    }

    /// The value on an element.
    pub(super) fn value<'t>(&self, tree: &'t Tree, node: NodeId) -> Option<&'t str> {
        tree.attr(node, &self.name).and_then(|value| self.read(value))
    }

    /// What is read of a value that was found.
    pub(super) fn read<'t>(&self, value: &'t str) -> Option<&'t str> {
        if self.absolute { absolute(value) } else { Some(value) }
    }
}

impl AttrOp {
    /// Whether an element whose attribute is `found` passes; `value` is in lower case.
    pub(super) fn passes(self, found: Option<&str>, value: &str) -> bool {
        match (self, found) {
            (Self::Differs, found) => !fold::same(found.unwrap_or_default(), value),
            (_, None) => false,
            (Self::Equals, Some(found)) => fold::same(found.trim_matches(|c| c <= ' '), value),
            (Self::Starts, Some(found)) => fold::starts(found, value),
            (Self::Ends, Some(found)) => fold::ends(found, value),
            (Self::Contains, Some(found)) => lower(found).contains(value),
        }
    }
}

/// An address that needs no base; there never is one.
fn absolute(value: &str) -> Option<&str> {
    let value = value.trim_matches(|c| c <= ' ');
    ABSOLUTE.iter().any(|scheme| fold::starts(value, scheme)).then_some(value)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}
