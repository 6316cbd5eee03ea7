//! The date-time of a run, which everything in the run agrees on.
//!
//! Knows how it is cut to seconds and days, and how it names the output directory. The caller decides where it comes
//! from (a setting, or the clock of the node that composes the run), and the zone, too.

use jiff::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::date::error::DateError;
use crate::date::format;
use crate::date::letter::Letter;
use crate::date::pattern::DatePattern;
use crate::date::token::Token;

/// `yyyyMMMdd-HHmmss`
const OUTPUT_DIR: [Token; 7] = [
    Token::run(Letter::Year, 4),
    Token::run(Letter::Month, 3),
    Token::run(Letter::DayOfMonth, 2),
    Token::Plain('-'),
    Token::run(Letter::Hour23, 2),
    Token::run(Letter::Minute, 2),
    Token::run(Letter::Second, 2),
];

const HIGH_DATE: &str = "yyyy-MM-dd'T'HH:mm:ss.SSS";

/// Date-time and date of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTimes {
    date_time: Zoned,
    date: Zoned,
}

impl RunTimes {
    /// From milliseconds since 1970-01-01T00:00Z.
    ///
    /// # Errors
    /// The years -9999 to 9999 are left.
    pub fn from_millis(millis: i64, zone: TimeZone) -> Result<Self, DateError> {
        let outside = |_| DateError::Millis { millis };
        let date_time = Timestamp::from_second(millis.div_euclid(1000)).map_err(outside)?.to_zoned(zone);
        let date = date_time.start_of_day().map_err(outside)?;
        Ok(Self { date_time, date })
    }

    /// From a date-time as a setting gives it, read leniently by `pattern`.
    ///
    /// # Errors
    /// All errors of [`DatePattern::parse_lenient`].
    pub fn from_text(
        text: &str,
        pattern: &DatePattern,
        zone: &TimeZone,
        reference: &Zoned,
    ) -> Result<Self, DateError> {
        let time = pattern.parse_lenient(text, zone, reference)?;
        Self::from_millis(time.timestamp().as_millisecond(), zone.clone())
    }

    /// The run date-time: whole seconds.
    #[must_use]
    pub fn date_time(&self) -> &Zoned {
        &self.date_time
    }

    /// The run date: the first instant of the day of the run date-time in its zone.
    #[must_use]
    pub fn date(&self) -> &Zoned {
        &self.date
    }

    /// The run date-time in milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.date_time.timestamp().as_millisecond()
    }

    /// The run date-time as text.
    #[must_use]
    pub fn date_time_text(&self, pattern: &DatePattern) -> String {
        pattern.format(&self.date_time)
    }

    /// The run date as text.
    #[must_use]
    pub fn date_text(&self, pattern: &DatePattern) -> String {
        pattern.format(&self.date)
    }

    /// The name of the directory for the files of the run, such as `2020Jul01-105959`.
    #[must_use]
    pub fn output_dir(&self) -> String {
        let mut name = String::with_capacity(16);
        format::write(&OUTPUT_DIR, &self.date_time, &mut name);
        name
    }
}

/// Reads the upper validity date of definitions, such as `2037-12-31T23:59:59.999`, in `zone`.
///
/// # Errors
/// The text is not of the pattern `yyyy-MM-dd'T'HH:mm:ss.SSS`.
pub fn high_date(text: &str, zone: &TimeZone) -> Result<Zoned, DateError> {
    DatePattern::compile(HIGH_DATE)?.parse_strict(text, zone)
}
