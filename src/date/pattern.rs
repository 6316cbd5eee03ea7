//! A date pattern, compiled.
//!
//! Knows the writing of patterns: runs of letters, quotes, plain characters. What letters stand for is in
//! `letter`; `format`, `lenient` and `strict` do the work. Compiled once, used per value: nothing is
//! allocated while reading a date that is of the pattern.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::date::error::DateError;
use crate::date::format;
use crate::date::lenient;
use crate::date::letter::Letter;
use crate::date::scan::Failure;
use crate::date::strict;
use crate::date::token::Token;

/// Most bytes of one pattern.
const LIMIT: usize = 256;

/// A date pattern such as `dd-MM-yyyy HH:mm:ss`, in the letters of Java.
///
/// | letter | stands for | letter | stands for |
/// |---|---|---|---|
/// | `G` | era: AD, BC | `a` | AM, PM |
/// | `y` | year of the era | `H`, `k` | hour 0 to 23, 1 to 24 |
/// | `Y` | week year when writing and in strict reading, else as `y` | `K`, `h` | hour 0 to 11, 1 to 12 |
/// | `M`, `L` | month: `M` 7, `MM` 07, `MMM` Jul, `MMMM` July | `m`, `s` | minute, second |
/// | `d`, `D` | day of month, of year | `S` to `SSS` | millisecond |
/// | `w`, `W` | week of year, of month | `SSSS`… | fraction of a second, one digit per letter |
/// | `F` | which of its weekday in the month | `n` | nanosecond of the second |
/// | `E` | weekday: `E` Fri, `EEEE` Friday | `z` | abbreviation of the zone |
/// | `u` | weekday, 1 is Monday | `Z` | +0530; `ZZZZ` GMT+05:30, `ZZZZZ` +05:30 |
/// | `uu`… | year, as `y` | `X`, `XX`, `XXX` | +05, +0530, +05:30, and Z for zero; `x` without Z |
///
/// A repeated letter pads with zeros; `yy` is a year of two digits. `'text'` is plain text, `''` a quote,
/// and all other characters stand for themselves. Names are English. Weeks are those of Java's locale
/// `en-US`: they begin on Sunday, and the first holds the first day of the year or month. The Gregorian
/// calendar is carried on into the years before 1582.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: Box<str>,
    tokens: Box<[Token]>,
}

impl DatePattern {
    /// Reads a pattern of at most 256 bytes.
    ///
    /// # Errors
    /// An empty or too long pattern, an unknown or too often repeated letter, a quote that is not closed.
    pub fn compile(pattern: &str) -> Result<Self, DateError> {
        check_length(pattern, LIMIT)?;
        let mut compiler = Compiler { pattern, chars: pattern.chars().collect(), at: 0, tokens: Vec::new() };
        compiler.run()?;
        Ok(Self { text: pattern.into(), tokens: compiler.tokens.into() })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Writes `time`, in its own zone.
    #[must_use]
    pub fn format(&self, time: &Zoned) -> String {
        let mut out = String::with_capacity(self.text.len() + 8);
        self.format_into(time, &mut out);
        out
    }

    /// Appends `time`, in its own zone, to `out`.
    pub fn format_into(&self, time: &Zoned, out: &mut String) {
        format::write(&self.tokens, time, out);
    }

    /// Reads a date as `SimpleDateFormat` does when it is lenient: `31 Feb 2020` is 2 March 2020.
    ///
    /// The whole text must be of the pattern. Missing fields are those of 1970-01-01 00:00:00 in `zone`;
    /// the result is in `zone`, whatever zone the text names. `MMM` and `MMMM` take short and full names in
    /// any case. `yy` and `YY` with two digits mean a year from 80 before to 19 after the year of
    /// `reference`; `yyyy` is taken by the letter, so that `1/2/16` by `dd/MM/yyyy` is in the year 16. Of
    /// contradicting fields the last one wins. A time that a clock change skips is moved on, one that it
    /// repeats is taken after the change.
    ///
    /// # Errors
    /// A text that is too long, not of the pattern, or outside of the years -9999 to 9999; an unknown zone
    /// name.
    pub fn parse_lenient(&self, text: &str, zone: &TimeZone, reference: &Zoned) -> Result<Zoned, DateError> {
        self.try_lenient(text, zone, reference).map_err(|failure| failure.into_error(text, &self.text))
    }

    /// Reads a date as a `DateTimeFormatter` of `java.time` does: fields must be possible and must agree.
    ///
    /// The whole text must be of the pattern, repeated number letters want as many digits, and `yy` is 2000
    /// to 2099; `S` and `SS` are decimal places. The year must be there; missing month and day are 1, a
    /// missing time is 00:00, a missing zone is `zone`. As in Java, a day up to 31 that the month does not
    /// have is its last day, and 24:00 is the next day's begin. A named offset stays the zone of the
    /// result, unless it is that of `zone` at that time: then it is `zone`. A time that a clock change
    /// skips is moved on, one that it repeats is taken before the change.
    ///
    /// # Errors
    /// A text that is too long, not of the pattern or no date; an unknown zone name.
    pub fn parse_strict(&self, text: &str, zone: &TimeZone) -> Result<Zoned, DateError> {
        self.try_strict(text, zone).map_err(|failure| failure.into_error(text, &self.text))
    }

    /// As `parse_lenient`, with a failure that costs nothing.
    pub(super) fn try_lenient(
        &self,
        text: &str,
        zone: &TimeZone,
        reference: &Zoned,
    ) -> Result<Zoned, Failure> {
        lenient::parse(&self.tokens, text, zone, reference)
    }

    /// As `parse_strict`, with a failure that costs nothing.
    pub(super) fn try_strict(&self, text: &str, zone: &TimeZone) -> Result<Zoned, Failure> {
        strict::parse(&self.tokens, text, zone)
    }
}

/// Refuses a pattern without any character or of more than `limit` bytes.
pub(super) fn check_length(pattern: &str, limit: usize) -> Result<(), DateError> {
    match pattern.len() {
        0 => Err(DateError::EmptyPattern),
        length if length > limit => Err(DateError::PatternTooLong { length, limit }),
        _ => Ok(()),
    }
}

struct Compiler<'p> {
    pattern: &'p str,
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
}

impl Compiler<'_> {
    fn run(&mut self) -> Result<(), DateError> {
        while let Some(&char) = self.chars.get(self.at) {
            match char {
                '\'' => self.quote()?,
                letter if letter.is_ascii_alphabetic() => self.letters(letter)?,
                plain => self.plain(plain),
            }
        }
        Ok(())
    }

    fn plain(&mut self, char: char) {
        self.tokens.push(Token::Plain(char));
        self.at += 1;
    }

    /// `''`, or `'text'` with `''` for a quote in the text.
    fn quote(&mut self) -> Result<(), DateError> {
        let opening = self.at;
        self.at += 1;
        if self.chars.get(self.at) == Some(&'\'') {
            self.plain('\'');
            return Ok(());
        }
        while let Some(&char) = self.chars.get(self.at) {
            if char == '\'' {
                self.at += 1;
                if self.chars.get(self.at) != Some(&'\'') {
                    return Ok(());
                }
            }
            self.plain(char);
        }
        Err(DateError::UnterminatedQuote { pattern: self.pattern.to_owned(), position: opening + 1 })
    }

    fn letters(&mut self, char: char) -> Result<(), DateError> {
        let (pattern, position) = (self.pattern.to_owned(), self.at + 1);
        let count = self.chars[self.at..].iter().take_while(|&&other| other == char).count();
        self.at += count;
        let Some(letter) = Letter::new(char, count) else {
            return Err(DateError::UnknownLetter { pattern, letter: char, position });
        };
        let limit = letter.most();
        let Some(count) = u8::try_from(count).ok().filter(|&count| usize::from(count) <= limit) else {
            return Err(DateError::TooManyLetters { pattern, letter: char, position, limit });
        };
        if letter.is_number(count)
            && let Some(Token::Run { letter: before, count, adjacent }) = self.tokens.last_mut()
        {
            *adjacent = before.is_number(*count);
        }
        self.tokens.push(Token::run(letter, count));
        Ok(())
    }
}
