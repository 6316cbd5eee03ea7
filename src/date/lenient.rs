//! Reading dates as Java's lenient `SimpleDateFormat` does.
//!
//! Knows how fields and zone become an instant where the text may be sloppy; how the text is read is for
//! `scan`, and what overflowing fields mean is for `fields`.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::date::scan::Failure;
use crate::date::scan::Mode;
use crate::date::scan::scan;
use crate::date::token::Token;

/// How many years before the reference the hundred years of two-digit years begin.
const YEARS_BACK: i32 = 80;

/// Reads `text`; the result is in `zone`.
pub(super) fn parse(
    tokens: &[Token],
    text: &str,
    zone: &TimeZone,
    reference: &Zoned,
) -> Result<Zoned, Failure> {
    let first_year = i32::from(reference.year()) - YEARS_BACK;
    let scanned = scan(tokens, text, Mode::Lenient { first_year })?;
    let clock = scanned.fields.date_time().ok_or(Failure::Range)?;
    let time = match scanned.offset(clock, zone)? {
        // Java's calendar takes a repeated hour as the one of standard time, which is the later.
        None => zone.to_ambiguous_timestamp(clock).later(),
        Some(offset) => offset.to_timestamp(clock),
    };
    Ok(time.map_err(|_| Failure::Range)?.to_zoned(zone.clone()))
}
