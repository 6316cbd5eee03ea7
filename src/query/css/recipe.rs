//! How a test is made from a text, when the query is compiled or when the values of placeholders are known.
//!
//! Both go through [`Recipe::make`], so `:eq(2)` and `:eq(%{index})` cannot come to mean different things.

use std::borrow::Cow;
use std::sync::Arc;

use compact_str::CompactString;
use html5ever::LocalName;

use crate::query::regex::JavaRegex;
use crate::query::regex::JavaRegexError;

use super::attribute::AttrName;
use super::attribute::AttrOp;
use super::needle::Needle;
use super::nth;
use super::nth::Nth;
use super::plan::Counting;
use super::plan::Order;
use super::plan::Test;
use super::plan::Where;
use super::recent::Recent;
use super::source::is_name_char;

/// The kind of a test, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipe {
    /// A tag name, with `|` after a namespace.
    Tag,
    Id,
    Class,
    /// A value to compare with, trimmed or as it is.
    Attr {
        name: AttrName,
        op: AttrOp,
        trimmed: bool,
    },
    AttrMatches(AttrName),
    Position(Counting),
    Index(Order),
    Contains(Where),
    Matches(Where),
}

/// Why a text makes no test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    /// How many characters into the text.
    pub(super) at: usize,
    pub(super) message: String,
}

impl Recipe {
    /// Makes the test. Regular expressions are taken from `regexes` if they are there.
    ///
    /// # Errors
    /// A text that means nothing here.
    pub(super) fn make(&self, text: &str, regexes: &Recent<JavaRegex>) -> Result<Test, Unfit> {
        match self {
            Self::Tag => Ok(tag(&text.to_lowercase())),
            Self::Id => Ok(Test::Id(text.into())),
            Self::Class => Ok(Test::Class(text.into())),
            Self::Attr { name, op, trimmed } => {
                let value = if *trimmed { text.trim() } else { text };
                Ok(Test::Attr(name.clone(), *op, CompactString::from(value).to_lowercase()))
            }
            Self::AttrMatches(name) => Ok(Test::AttrMatches(name.clone(), regex(text.trim(), regexes)?)),
            Self::Position(counting) => {
                let message =
                    || format!("`{text}` is not a position, expected a number, `odd`, `even` or `an+b`");
                let nth = Nth::parse(text).ok_or_else(|| Unfit { at: 0, message: message() })?;
                Ok(Test::Position(*counting, nth))
            }
            Self::Index(order) => {
                let message = || format!("`{text}` is not an index, expected a number from 0 on");
                let index = nth::number(text.trim()).filter(|index| *index >= 0);
                let index = index.ok_or_else(|| Unfit { at: 0, message: message() })?;
                Ok(Test::Index(*order, index))
            }
            Self::Contains(place) if text.is_empty() => Err(Unfit {
                at: 0,
                message: format!("`:{}` needs a text to look for", self.contains_name(*place)),
            }),
            Self::Contains(place) => Ok(Test::Contains(*place, Needle::new(&unescape(text)))),
            Self::Matches(_) if text.is_empty() => Err(Unfit {
                at: 0,
                message: "expected a regular expression between the parentheses".to_owned(),
            }),
            Self::Matches(place) => Ok(Test::Matches(*place, regex(text, regexes)?)),
        }
    }

    /// The test that [`Recipe::make`] makes of this number's text, if a number is what it needs.
    pub(super) fn of_number(&self, number: u32) -> Option<Test> {
        match self {
            Self::Position(counting) => Some(Test::Position(*counting, Nth::at(number)?)),
            _ => None,
        }
    }

    /// Whether the value of a placeholder can stand in the text without being more than a part of it.
    pub(super) fn takes(&self, value: &str) -> bool {
        match self {
            Self::Tag | Self::Id | Self::Class => value.chars().all(is_name_char),
            _ => true,
        }
    }

    /// Whether the text is a name, which cannot be empty.
    pub(super) fn is_name(&self) -> bool {
        matches!(self, Self::Tag | Self::Id | Self::Class)
    }

    /// See [`Test::cost`].
    pub(super) fn cost(&self) -> u8 {
        match self {
            Self::Tag => 0,
            Self::Id => 2,
            Self::Class | Self::Attr { .. } => 3,
            Self::Position(_) | Self::Index(_) => 5,
            Self::AttrMatches(_) => 6,
            Self::Contains(Where::Own) | Self::Matches(Where::Own) => 7,
            Self::Contains(_) => 9,
            Self::Matches(_) => 10,
        }
    }

    fn contains_name(&self, place: Where) -> &'static str {
        match place {
            Where::All => "contains",
            Where::Own => "containsOwn",
            Where::Data => "containsData",
        }
    }
}

/// `td`, `ns|td`, `*|td`, `ns|*` or `*|*`, in lower case.
fn tag(text: &str) -> Test {
    match text.split_once('|') {
        None => Test::Tag(LocalName::from(text)),
        Some(("*", "*")) => Test::Anything,
        Some(("*", name)) => Test::TagAnyNamespace(LocalName::from(name), format!(":{name}").into()),
        Some((namespace, "*")) => Test::TagNamespace(format!("{namespace}:").into()),
        Some((namespace, name)) => Test::Tag(LocalName::from(format!("{namespace}:{name}"))),
    }
}

/// Makes what follows a backslash plain, in what the author wrote as in values, which often are written for a
/// regular expression (`EPS \(TTM\)`).
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    Cow::Owned(plain)
}

fn regex(text: &str, regexes: &Recent<JavaRegex>) -> Result<Arc<JavaRegex>, Unfit> {
    regexes.get_or_make(text, || JavaRegex::compile(text)).map_err(|error| match error {
        JavaRegexError::Syntax { at, message, .. } => {
            Unfit { at: at - 1, message: format!("{message} (regular expression `{text}`)") }
        }
        other => Unfit { at: 0, message: other.to_string() },
    })
}
