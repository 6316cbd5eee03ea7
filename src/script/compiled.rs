//! Item scripts, looked through once: most of them need no engine at all.
//!
//! Nearly every definition has `document.getFromDate()` as its only script, on every page. Making an engine
//! for it would cost more than everything else that is done for a field. So a single call of an exposed
//! getter, with nothing or with plain text between its parentheses, is recognised here and answered from the
//! facts directly. `document` and `configs` cannot be changed by scripts, so the answer is the one that an
//! engine would give; a test holds the two together.

use std::ops::Range;
use std::sync::Arc;

use crate::model::without_user_info;

use super::host::{date_text, unknown_key};
use super::{Configs, PageFacts};

/// An item script, ready to be evaluated on any number of pages.
#[derive(Debug, Clone)]
pub struct CompiledScript {
    text: Arc<str>,
    shortcut: Option<Shortcut>,
}

impl CompiledScript {
    /// Looks through the text, which costs less than a microsecond. What is not a script is found when it is
    /// evaluated.
    #[must_use]
    pub fn compile(text: &str) -> Self {
        Self { text: Arc::from(text), shortcut: Shortcut::of(text) }
    }

    /// The text, as given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether evaluating it takes an engine, and thus time and memory.
    #[must_use]
    pub fn needs_engine(&self) -> bool {
        self.shortcut.is_none()
    }

    pub(super) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The result, or the reason of its failure, where it takes no engine.
    pub(super) fn answer(
        &self,
        page: &PageFacts<'_>,
        configs: &dyn Configs,
    ) -> Option<Result<String, String>> {
        self.shortcut.as_ref().map(|shortcut| shortcut.answer(&self.text, page, configs))
    }
}

/// A script that is one call of a getter.
#[derive(Debug, Clone)]
pub(super) enum Shortcut {
    /// A getter without argument.
    Plain(Getter),
    /// `configs.getConfig(key)` or `configs.getConfig(key, default)`: where they stand in the text.
    Config(Range<usize>, Option<Range<usize>>),
}

/// The getters that take no argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Getter {
    Name,
    Group,
    Url,
    FromDate,
    LocatorId,
    Id,
    RunDate,
    RunDateTime,
    HighDate,
    IsCluster,
    UserAgent,
}

impl Shortcut {
    /// Recognises `text`; `None` for whatever is the business of an engine.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut words = Words { text, at: 0 };
        let object = words.name()?;
        words.sign(b'.')?;
        let method = words.name()?;
        words.sign(b'(')?;
        let first = words.literal();
        let second =
            if first.is_some() && words.sign(b',').is_some() { Some(words.literal()?) } else { None };
        words.sign(b')')?;
        words.end()?;
        match (first, second) {
            (None, _) => Getter::named(object, method).map(Self::Plain),
            (Some(key), default) if object == "configs" && method == "getConfig" => {
                Some(Self::Config(key, default))
            }
            _ => None,
        }
    }

    fn answer(&self, text: &str, page: &PageFacts<'_>, configs: &dyn Configs) -> Result<String, String> {
        match self {
            Self::Plain(getter) => getter.answer(page, configs),
            Self::Config(key, default) => {
                let key = text.get(key.clone()).unwrap_or_default();
                let default = default.clone().and_then(|default| text.get(default));
                let value = configs.get(key).or_else(|| default.map(str::to_owned));
                value.ok_or_else(|| format!("ReferenceError: {}", unknown_key(configs, key)))
            }
        }
    }
}

impl Getter {
    fn named(object: &str, method: &str) -> Option<Self> {
        Some(match (object, method) {
            ("document", "getName") => Self::Name,
            ("document", "getGroup") => Self::Group,
            ("document", "getUrl") => Self::Url,
            ("document", "getFromDate") => Self::FromDate,
            ("document", "getLocatorId") => Self::LocatorId,
            ("document", "getId") => Self::Id,
            ("configs", "getRunDate" | "getRunDateText") => Self::RunDate,
            ("configs", "getRunDateTime" | "getRunDateTimeText") => Self::RunDateTime,
            ("configs", "getHighDate") => Self::HighDate,
            ("configs", "isCluster") => Self::IsCluster,
            ("configs", "getUserAgent") => Self::UserAgent,
            _ => return None,
        })
    }

    fn answer(self, page: &PageFacts<'_>, configs: &dyn Configs) -> Result<String, String> {
        let date = |millis| date_text(configs, millis).map_err(|reason| format!("RangeError: {reason}"));
        Ok(match self {
            Self::Name => page.name.to_owned(),
            Self::Group => page.group.to_owned(),
            Self::Url => without_user_info(page.url).into_owned(),
            Self::LocatorId => page.locator_id.to_owned(),
            Self::Id => page.id.to_owned(),
            Self::IsCluster => configs.is_cluster().to_string(),
            Self::UserAgent => configs.user_agent(),
            Self::FromDate => return date(page.from_date),
            Self::RunDate => return date(configs.run_date()),
            Self::RunDateTime => return date(configs.run_date_time()),
            Self::HighDate => return date(configs.high_date()),
        })
    }
}

/// The words of a script, from left to right. Line breaks count as blanks, because none of them can end a
/// statement inside of one call.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn rest(&mut self) -> &'a [u8] {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at += blanks;
        bytes.get(blanks..).unwrap_or_default()
    }

    fn name(&mut self) -> Option<&'a str> {
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = self.text.get(self.at..self.at + length)?;
        self.at += length;
        (length > 0).then_some(name)
    }

    fn sign(&mut self, sign: u8) -> Option<()> {
        (self.rest().first() == Some(&sign)).then(|| self.at += 1)
    }

    /// Where the text between quotes stands; none for text with escapes, which an engine must read.
    fn literal(&mut self) -> Option<Range<usize>> {
        let (quote, rest) = self.rest().split_first()?;
        if *quote != b'"' && *quote != b'\'' {
            return None;
        }
        let length = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r') || byte == quote)?;
        if rest.get(length) != Some(quote) {
            return None;
        }
        let start = self.at + 1;
        self.at = start + length + 1;
        Some(start..start + length)
    }

    /// Nothing more but semicolons.
    fn end(&mut self) -> Option<()> {
        while self.sign(b';').is_some() {}
        self.rest().is_empty().then_some(())
    }
}
