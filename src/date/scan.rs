//! Reading a text by the tokens of a pattern, from left to right, without going back.
//!
//! Knows how many digits or which names each token takes, and puts the values into `Fields`; what they mean
//! together is for `lenient` and `strict`. Nothing is allocated here: a text that is not of the pattern is
//! the usual case where several patterns are tried, so its failure is a small value that becomes an error
//! on demand.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

use crate::date::error::DateError;
use crate::date::error::shown;
use crate::date::field::Field;
use crate::date::fields::Fields;
use crate::date::letter::Letter;
use crate::date::names;
use crate::date::names::Name;
use crate::date::token::Token;
use crate::date::zone;
use crate::date::zone::ZoneText;

/// Most bytes of a text that may be a date.
const LIMIT: usize = 256;

/// Most digits of a number; more do not fit anyway.
const DIGITS: usize = 10;

/// How exact a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Any number of digits, blanks before numbers, two-digit years in the century that begins with this
    /// year.
    Lenient {
        /// First year of the hundred.
        first_year: i32,
    },
    /// As many digits as letters.
    Strict,
}

/// What a text says.
#[derive(Debug, Clone)]
pub(super) struct Scanned<'t> {
    /// Its fields.
    pub(super) fields: Fields,
    /// Its zone, if it names one.
    pub(super) zone: Option<ZoneText<'t>>,
}

/// Why a text is not a date; small, as most are never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The text is too long.
    TooLong,
    /// The token does not fit at this byte; no token: the text should end there.
    Mismatch(usize, Option<Token>),
    /// The field cannot have the value.
    Impossible(Field, i32),
    /// The field is needed.
    Missing(Field),
    /// The zone is named by a name that is not known.
    Zone,
    /// The date is outside of what can be represented.
    Range,
}

impl Scanned<'_> {
    /// The offset that the text names for the clock reading `clock`; none if it names no zone.
    pub(super) fn offset(&self, clock: DateTime, zone: &TimeZone) -> Result<Option<Offset>, Failure> {
        match self.zone {
            None => Ok(None),
            Some(ZoneText::Offset(offset)) => Ok(Some(offset)),
            Some(ZoneText::Name(name)) => {
                zone::named_offset(name, clock, zone).map(Some).ok_or(Failure::Zone)
            }
        }
    }
}

impl Failure {
    /// The error for people.
    pub(super) fn into_error(self, text: &str, pattern: &str) -> DateError {
        let (length, full, pattern) = (text.len(), text, pattern.to_owned());
        let text = shown(text);
        match self {
            Self::TooLong => DateError::TextTooLong { text, length, limit: LIMIT },
            Self::Mismatch(at, token) => {
                let expected = match token {
                    None => "the end".to_owned(),
                    Some(Token::Plain(char)) => format!("`{char}`"),
                    Some(Token::Run { letter, count, .. }) => letter.wanted(count).to_owned(),
                };
                let position = full.get(..at).map_or(0, |before| before.chars().count()) + 1;
                DateError::Mismatch { text, pattern, expected, position }
            }
            Self::Impossible(field, value) => {
                let value = match field {
                    Field::Month => (value + 1).to_string(),
                    Field::DayOfWeek => names::write(&names::WEEKDAYS, value - 1, 3).to_owned(),
                    _ => value.to_string(),
                };
                DateError::ImpossibleField { text, pattern, field: field.name(), value }
            }
            Self::Missing(field) => DateError::MissingField { text, pattern, field: field.name() },
            Self::Zone => DateError::UnknownZone { text, pattern },
            Self::Range => DateError::OutOfRange { text, pattern },
        }
    }
}

/// Reads all of `text`.
pub(super) fn scan<'t>(tokens: &[Token], text: &'t str, mode: Mode) -> Result<Scanned<'t>, Failure> {
    if text.len() > LIMIT {
        return Err(Failure::TooLong);
    }
    let mut scanner = Scanner { rest: text, mode, scanned: Scanned { fields: Fields::new(), zone: None } };
    for &token in tokens {
        let before = scanner.rest;
        if scanner.token(token).is_none() {
            return Err(Failure::Mismatch(text.len() - before.len(), Some(token)));
        }
    }
    if scanner.rest.is_empty() {
        Ok(scanner.scanned)
    } else {
        Err(Failure::Mismatch(text.len() - scanner.rest.len(), None))
    }
}

struct Scanner<'t> {
    rest: &'t str,
    mode: Mode,
    scanned: Scanned<'t>,
}

impl<'t> Scanner<'t> {
    fn token(&mut self, token: Token) -> Option<()> {
        match token {
            Token::Plain(char) => self.rest = self.rest.strip_prefix(char)?,
            Token::Run { letter, count, adjacent } if letter.is_number(count) => {
                let (min, max) = self.digits(letter, count, adjacent);
                if !adjacent && self.mode != Mode::Strict {
                    self.rest = self.rest.trim_start();
                }
                self.number(letter, count, min, max)?;
            }
            Token::Run { letter, .. } => self.word(letter)?,
        }
        Some(())
    }

    /// How many digits a number has, least and most.
    fn digits(&self, letter: Letter, count: u8, adjacent: bool) -> (usize, usize) {
        let count = usize::from(count);
        match (self.mode, letter) {
            (Mode::Lenient { .. }, _) if adjacent => (1, count),
            (Mode::Lenient { .. }, Letter::Fraction) => (1, 9),
            (Mode::Lenient { .. }, _) => (1, DIGITS),
            (Mode::Strict, Letter::Millisecond | Letter::Fraction) => (count, count),
            (Mode::Strict, Letter::DayOfYear) if !adjacent => (count, 3.max(count)),
            (Mode::Strict, _) if count == 1 && !adjacent => (1, 9),
            (Mode::Strict, _) => (count, count),
        }
    }

    fn number(&mut self, letter: Letter, count: u8, min: usize, max: usize) -> Option<()> {
        let length = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length).filter(|_| length >= min)?;
        let value: i32 = digits.parse().ok()?;
        self.rest = rest;
        let (field, value) = match letter {
            Letter::Year => (Field::Year, self.year(value, count)),
            Letter::WeekYear if self.mode == Mode::Strict => (Field::WeekYear, self.year(value, count)),
            Letter::WeekYear => (Field::Year, self.year(value, count)),
            Letter::Month => (Field::Month, value - 1),
            Letter::Fraction => (Field::Nanosecond, scaled(value, length, 9)),
            Letter::Millisecond if self.mode == Mode::Strict => {
                (Field::Millisecond, scaled(value, length, 3))
            }
            Letter::Hour24 => (Field::HourOfDay, if value == 24 { 0 } else { value }),
            Letter::Hour12 => (Field::Hour, if value == 12 { 0 } else { value }),
            Letter::DayNumber => (Field::DayOfWeek, if value == 7 { 1 } else { value.checked_add(1)? }),
            other => (plain_field(other)?, value),
        };
        self.scanned.fields.set(field, value);
        Some(())
    }

    /// The year that a number stands for where it is short.
    fn year(&self, value: i32, count: u8) -> i32 {
        match self.mode {
            Mode::Lenient { first_year } if count <= 2 && value < 100 => {
                first_year + (value - first_year).rem_euclid(100)
            }
            Mode::Strict if count == 2 => 2000 + value,
            _ => value,
        }
    }

    fn word(&mut self, letter: Letter) -> Option<()> {
        let (field, names, first): (Field, &[Name], i32) = match letter {
            Letter::Month => (Field::Month, &names::MONTHS, 0),
            Letter::DayName => (Field::DayOfWeek, &names::WEEKDAYS, 1),
            Letter::Era => (Field::Era, &names::ERAS, 0),
            Letter::AmPm => (Field::AmPm, &names::HALF_DAYS, 0),
            _ => {
                let (zone, length) = zone::read(self.rest)?;
                self.scanned.zone = Some(zone);
                self.rest = self.rest.get(length..)?;
                return Some(());
            }
        };
        let (index, length) = names::read(names, self.rest)?;
        self.scanned.fields.set(field, first + index);
        self.rest = self.rest.get(length..)?;
        Some(())
    }
}

/// The field of a letter whose number is the value.
fn plain_field(letter: Letter) -> Option<Field> {
    Some(match letter {
        Letter::WeekOfYear => Field::WeekOfYear,
        Letter::WeekOfMonth => Field::WeekOfMonth,
        Letter::DayOfYear => Field::DayOfYear,
        Letter::DayOfMonth => Field::DayOfMonth,
        Letter::DayOfWeekInMonth => Field::DayOfWeekInMonth,
        Letter::Hour23 => Field::HourOfDay,
        Letter::Hour11 => Field::Hour,
        Letter::Minute => Field::Minute,
        Letter::Second => Field::Second,
        Letter::Millisecond => Field::Millisecond,
        Letter::Nanosecond => Field::Nanosecond,
        _ => return None,
    })
}

/// The number of `length` digits read as a decimal fraction of `places` places.
fn scaled(value: i32, length: usize, places: usize) -> i32 {
    (length..places).fold(value, |value, _| value.saturating_mul(10))
}
