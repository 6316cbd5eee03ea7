//! What can be wrong with a date, and where.
//!
//! Every message names the text, the pattern and the place, since both come from people: the pattern
//! from a definition, the text from a page. Texts are shortened, because a page can be of any length.

/// Most characters of a foreign text that a message repeats.
const SHOWN: usize = 80;

/// Why a pattern, a date, a roll or a live period was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// A pattern without any character.
    #[error("date pattern is empty")]
    EmptyPattern,
    /// Nothing before or after a `|`.
    #[error("date patterns `{patterns}`: an alternative is empty")]
    EmptyAlternative {
        /// All patterns as they were written.
        patterns: String,
    },
    /// A pattern or list of patterns over its limit.
    #[error("date pattern of {length} bytes is too long, at most {limit} are allowed")]
    PatternTooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A letter without a meaning.
    #[error(
        "date pattern `{pattern}`: letter `{letter}` at character {position} has no meaning, \
         quote plain text as 'text'"
    )]
    UnknownLetter {
        /// The pattern.
        pattern: String,
        /// The letter.
        letter: char,
        /// Its place, from 1.
        position: usize,
    },
    /// A letter repeated more often than it has forms.
    #[error(
        "date pattern `{pattern}`: letter `{letter}` at character {position} \
         is repeated more than {limit} times"
    )]
    TooManyLetters {
        /// The pattern.
        pattern: String,
        /// The letter.
        letter: char,
        /// Its place, from 1.
        position: usize,
        /// How often it may be repeated.
        limit: usize,
    },
    /// A quote that is never closed.
    #[error(
        "date pattern `{pattern}`: quote at character {position} is not closed, a single quote is written ''"
    )]
    UnterminatedQuote {
        /// The pattern.
        pattern: String,
        /// Place of the quote, from 1.
        position: usize,
    },
    /// A text far longer than any date.
    #[error("text of {length} bytes is too long for a date, at most {limit} are allowed: `{text}`")]
    TextTooLong {
        /// The beginning of the text.
        text: String,
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A text that is not of the pattern.
    #[error("`{text}` is not of date pattern `{pattern}`: expected {expected} at character {position}")]
    Mismatch {
        /// The text.
        text: String,
        /// The pattern.
        pattern: String,
        /// What the pattern wants.
        expected: String,
        /// Where it wants it, from 1.
        position: usize,
    },
    /// A text that is of none of several patterns.
    #[error("`{text}` is of none of the date patterns `{patterns}`")]
    NoAlternative {
        /// The text.
        text: String,
        /// All patterns as they were written.
        patterns: String,
    },
    /// A field whose value cannot be, in a strictly read date.
    #[error("`{text}` read by date pattern `{pattern}`: {field} cannot be {value}")]
    ImpossibleField {
        /// The text.
        text: String,
        /// The pattern.
        pattern: String,
        /// Name of the field.
        field: &'static str,
        /// Its value, as the text would have it.
        value: String,
    },
    /// A field that a strictly read date cannot do without.
    #[error("`{text}` read by date pattern `{pattern}`: {field} is missing")]
    MissingField {
        /// The text.
        text: String,
        /// The pattern.
        pattern: String,
        /// Name of the field.
        field: &'static str,
    },
    /// A zone name that is neither an offset nor known.
    #[error(
        "`{text}` read by date pattern `{pattern}`: its zone is not known, write an offset such as +0530"
    )]
    UnknownZone {
        /// The text.
        text: String,
        /// The pattern.
        pattern: String,
    },
    /// A date outside of the years that can be represented.
    #[error("`{text}` read by date pattern `{pattern}` is outside of the years -9999 to 9999")]
    OutOfRange {
        /// The text.
        text: String,
        /// The pattern.
        pattern: String,
    },
    /// An entry of a roll that is not `FIELD=operation`.
    #[error("roll `{roll}`: `{entry}` is not of the form FIELD=operation")]
    RollEntry {
        /// The roll.
        roll: String,
        /// The entry.
        entry: String,
    },
    /// A roll without any entry.
    #[error("roll is empty, expected FIELD=operation such as DAY_OF_MONTH=ceil")]
    EmptyRoll,
    /// A roll over its limit.
    #[error("roll of {length} bytes is too long, at most {limit} are allowed")]
    RollTooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A calendar field that does not exist.
    #[error("roll `{roll}`: unknown calendar field `{field}`, {hint}")]
    UnknownField {
        /// The roll.
        roll: String,
        /// The name as written.
        field: String,
        /// The known name that is nearest to it, or all of them.
        hint: String,
    },
    /// An operation that does not exist.
    #[error("roll `{roll}`: `{operation}` of {field} is not ceil, floor, round or a whole number")]
    UnknownOperation {
        /// The roll.
        roll: String,
        /// Name of the field.
        field: &'static str,
        /// The operation as written.
        operation: String,
    },
    /// An era other than 0 and 1.
    #[error("roll `{roll}`: ERA is 0 before Christ and 1 after, not {value}")]
    UnknownEra {
        /// The roll.
        roll: String,
        /// The era as written.
        value: i32,
    },
    /// A roll that leads outside of the years that can be represented.
    #[error("roll of {date} by {field} leads outside of the years -9999 to 9999")]
    RollOutOfRange {
        /// The date before the roll.
        date: String,
        /// The field that was rolled last.
        field: &'static str,
    },
    /// A live period that is neither a period nor a date-time.
    #[error("live `{text}` is not 0, a period such as P1W or PT6H, or a date-time of pattern `{pattern}`")]
    Live {
        /// The text.
        text: String,
        /// The pattern of date-times.
        pattern: String,
    },
    /// Milliseconds outside of the years that can be represented.
    #[error("{millis} milliseconds since 1970 are outside of the years -9999 to 9999")]
    Millis {
        /// The milliseconds.
        millis: i64,
    },
}

/// The beginning of a foreign text, fit for a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
