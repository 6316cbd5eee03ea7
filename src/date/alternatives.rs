//! Several date patterns for one text.
//!
//! Knows how a list of patterns is written and that the first one that reads a text wins; reading is for
//! `pattern`.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::date::error::DateError;
use crate::date::error::shown;
use crate::date::pattern::DatePattern;
use crate::date::pattern::check_length;
use crate::date::scan::Failure;

/// Most bytes of all patterns together.
const LIMIT: usize = 2048;

/// Date patterns separated by `|`, such as `MMM yyyy | yyyy-MM-dd`.
///
/// A `|` between quotes is plain text. Blanks next to a `|` do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives {
    text: Box<str>,
    patterns: Box<[DatePattern]>,
}

impl Alternatives {
    /// Reads patterns of at most 2048 bytes together.
    ///
    /// # Errors
    /// An empty alternative, and all errors of [`DatePattern::compile`].
    pub fn compile(patterns: &str) -> Result<Self, DateError> {
        check_length(patterns, LIMIT)?;
        let parts = split(patterns);
        if parts.len() > 1 && parts.iter().any(|part| part.is_empty()) {
            return Err(DateError::EmptyAlternative { patterns: shown(patterns) });
        }
        let compiled = parts.into_iter().map(DatePattern::compile).collect::<Result<_, _>>()?;
        Ok(Self { text: patterns.into(), patterns: compiled })
    }

    /// The patterns as they were written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads a date by the first pattern that fits; see [`DatePattern::parse_lenient`].
    ///
    /// # Errors
    /// No pattern fits.
    pub fn parse_lenient(&self, text: &str, zone: &TimeZone, reference: &Zoned) -> Result<Zoned, DateError> {
        self.first(text, |pattern| pattern.try_lenient(text, zone, reference))
    }

    /// Reads a date by the first pattern that fits; see [`DatePattern::parse_strict`].
    ///
    /// # Errors
    /// No pattern fits.
    pub fn parse_strict(&self, text: &str, zone: &TimeZone) -> Result<Zoned, DateError> {
        self.first(text, |pattern| pattern.try_strict(text, zone))
    }

    fn first(
        &self,
        text: &str,
        parse: impl Fn(&DatePattern) -> Result<Zoned, Failure>,
    ) -> Result<Zoned, DateError> {
        if let [only] = &*self.patterns {
            return parse(only).map_err(|failure| failure.into_error(text, &self.text));
        }
        let found = self.patterns.iter().find_map(|pattern| parse(pattern).ok());
        found.ok_or_else(|| DateError::NoAlternative { text: shown(text), patterns: self.text.to_string() })
    }
}

/// Parts between `|` outside of quotes, without the blanks around it.
fn split(patterns: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut parts: Vec<&str> = patterns
        .split(|char| {
            // A doubled quote toggles twice.
            quoted ^= char == '\'';
            char == '|' && !quoted
        })
        .collect();
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            *part = part.trim_start();
        }
        if index < last {
            *part = part.trim_end();
        }
    }
    parts
}
