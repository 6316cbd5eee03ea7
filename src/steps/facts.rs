//! What is the same for all pages of a run, and what scripts and parsers may know of it.

use std::sync::Arc;

use crate::date::DatePattern;
use crate::model::{CellText, Document, Source};
use crate::script::{Configs, PageFacts, Sandbox};

/// What a fact without a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacements {
    /// Where the page has no value, or the text `null`.
    pub not_found: CellText,
    /// Where the value is blank; `None` leaves it as it is.
    pub blank: Option<CellText>,
}

/// The values that are the same for all pages of a run.
pub struct Facts {
    /// How date-times are written (`scoopi.dateTimePattern`).
    pub date_time_pattern: DatePattern,
    /// What facts without a value become.
    pub replacements: Replacements,
    /// Configuration and dates, as scripts see them.
    pub configs: Arc<dyn Configs>,
    /// Where scripts run.
    pub sandbox: Sandbox,
}

impl Facts {
    /// What scripts may know of a page.
    #[must_use]
    pub(in crate::steps) fn page<'a>(source: &'a Source, document: &'a Document) -> PageFacts<'a> {
        PageFacts {
            name: &source.locator,
            group: &source.group,
            url: &source.url,
            from_date: document.fetched_at,
            locator_id: &source.id,
            id: &source.id,
            body: &document.body,
        }
    }
}

impl Replacements {
    /// The text of a fact.
    #[must_use]
    pub fn fact(&self, value: Option<CellText>) -> CellText {
        let Some(text) = value else { return self.not_found.clone() };
        // The first byte of most facts shows that they are neither blank nor `null`.
        if text.bytes().next().is_some_and(|first| first.is_ascii_graphic() && !matches!(first, b'n' | b'N'))
        {
            return text;
        }
        match text.trim() {
            "" => self.blank.clone().unwrap_or(text),
            trimmed if trimmed.eq_ignore_ascii_case("null") => self.not_found.clone(),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_without_a_value_are_replaced() {
        let replacements = Replacements { not_found: "?".into(), blank: Some("-".into()) };
        let check = |value: Option<&str>, text: &str| {
            assert_eq!(&*replacements.fact(value.map(Into::into)), text, "{value:?}");
        };
        check(None, "?");
        for null in ["null", "Null", " NULL ", "\u{a0}nULL"] {
            check(Some(null), "?");
        }
        check(Some(""), "-");
        check(Some(" \u{a0}"), "-");
        for kept in ["0", "nullify", "Null 1", "-", "(null)", "é", " x "] {
            check(Some(kept), kept);
        }
        let kept = Replacements { blank: None, ..replacements };
        assert_eq!(&*kept.fact(Some(" ".into())), " ");
    }
}
