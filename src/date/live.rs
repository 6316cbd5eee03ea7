//! How long a fetched page may be used again.
//!
//! Knows the three ways to write it: nothing, a period from the fetch, a date-time. It reads no clock: the
//! fetch and the run are given.

use jiff::Span;
use jiff::Zoned;
use jiff::fmt::temporal::SpanParser;
use jiff::tz::TimeZone;

use crate::date::error::DateError;
use crate::date::error::shown;
use crate::date::pattern::DatePattern;

static SPANS: SpanParser = SpanParser::new();

/// Most bytes of a period.
const LIMIT: usize = 64;

/// Until when a page may be used again instead of being fetched.
#[derive(Debug, Clone)]
pub enum Live {
    /// Never.
    Zero,
    /// For a period after its fetch; days, weeks, months and years are those of the calendar.
    For(Span),
    /// Up to this date-time.
    Until(Zoned),
}

impl Live {
    /// Reads `0` or blank (zero), an ISO 8601 period such as `P1W`, `P2M`, `PT6H` or `P1DT2H`, or a
    /// date-time of `pattern`, which is read leniently in `zone`.
    ///
    /// # Errors
    /// The text is none of these. The caller warns, and continues with [`Live::Zero`].
    pub fn parse(
        text: &str,
        pattern: &DatePattern,
        zone: &TimeZone,
        reference: &Zoned,
    ) -> Result<Self, DateError> {
        let text = text.trim();
        if text.is_empty() || text == "0" {
            return Ok(Self::Zero);
        }
        if let Some(span) = period(text) {
            return Ok(if span.is_zero() { Self::Zero } else { Self::For(span) });
        }
        let time = pattern.try_lenient(text, zone, reference);
        time.map(Self::Until)
            .map_err(|_| DateError::Live { text: shown(text), pattern: pattern.as_str().to_owned() })
    }

    /// Up to when a page that was fetched at `fetched_at` is live; the last possible date-time for endless
    /// periods.
    #[must_use]
    pub fn until(&self, fetched_at: &Zoned) -> Zoned {
        match self {
            Self::Zero => fetched_at.clone(),
            Self::For(period) => fetched_at.saturating_add(*period),
            Self::Until(time) => time.clone(),
        }
    }

    /// Whether a page that was fetched at `fetched_at` is used again in a run at `run_date_time`.
    ///
    /// Zero never is, not even where the clock was set back since the fetch.
    #[must_use]
    pub fn is_live(&self, fetched_at: &Zoned, run_date_time: &Zoned) -> bool {
        !matches!(self, Self::Zero) && self.until(fetched_at) > *run_date_time
    }
}

fn period(text: &str) -> Option<Span> {
    if text.len() > LIMIT {
        return None;
    }
    SPANS.parse_span(text).ok()
}
