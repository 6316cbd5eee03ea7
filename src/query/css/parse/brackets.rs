//! Attribute selectors: `[href]`, `[^data-]`, `[class='next']`, `[src~=(?i)\.png]`, `[abs:href]`.
//!
//! Reads what stands between the brackets. Which side of a value is trimmed when is jsoup's. Does not ask elements: that
//! is for `attribute`.

use crate::query::css::attribute::AttrName;
use crate::query::css::attribute::AttrOp;
use crate::query::css::plan::Test;
use crate::query::css::recipe::Recipe;
use crate::query::css::source::Cursor;
use crate::query::css::source::Stop;
use crate::query::css::source::Sym;
use crate::query::css::source::Text;
use crate::query::css::source::is_blank;

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
