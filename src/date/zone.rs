//! Zones in the text of dates: offsets, and the few names that mean one.
//!
//! Knows the writing of offsets, the names of world time and of the zones of the United States (those that
//! RFC 2822 lists), and the abbreviations of the zone that it is given. It reads no zone database by name:
//! abbreviations such as IST or CST mean different zones in different countries.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

/// Most letters of a zone name; longer ones are words.
const NAME_LIMIT: usize = 6;

/// Hours from world time.
const UNITED_STATES: [(&str, i32); 8] =
    [("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7), ("MDT", -6), ("PST", -8), ("PDT", -7)];

/// A zone as a text names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneText<'t> {
    /// An offset, or a name that is one.
    Offset(Offset),
    /// A name that only the zone at hand can explain.
    Name(&'t str),
}

/// Reads a zone at the beginning of `text`; gives it and its length in bytes.
///
/// `Z`, `+05`, `+0530`, `+05:30`, `GMT`, `UTC` or `UT` alone or before an offset, other names of up to six
/// letters.
pub(super) fn read(text: &str) -> Option<(ZoneText<'_>, usize)> {
    if let Some((offset, length)) = read_offset(text) {
        return Some((ZoneText::Offset(offset), length));
    }
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).take(NAME_LIMIT + 1).count();
    let (name, rest) = text.split_at_checked(length).filter(|_| (1..=NAME_LIMIT).contains(&length))?;
    if !["Z", "GMT", "UTC", "UT"].iter().any(|world| world.eq_ignore_ascii_case(name)) {
        return Some((ZoneText::Name(name), length));
    }
    let (offset, more) = read_offset(rest).filter(|_| length > 1).unwrap_or((Offset::UTC, 0));
    Some((ZoneText::Offset(offset), length + more))
}

/// The offset that `name` means for the clock reading `clock`: as `zone` uses the name, else with its usual meaning.
pub(super) fn named_offset(name: &str, clock: DateTime, zone: &TimeZone) -> Option<Offset> {
    own_offset(name, clock, zone).or_else(|| {
        let (_, hours) = UNITED_STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Offset::from_seconds(hours * 3600).ok()
    })
}

/// The offset that `zone` calls `name` at that time, or else after its next clock change.
///
/// The next change covers summer time named in winter and the first of two equal readings. Earlier changes
/// are not asked: names that were given up long ago would hide those that are in use elsewhere.
fn own_offset(name: &str, clock: DateTime, zone: &TimeZone) -> Option<Offset> {
    let time = zone.to_ambiguous_timestamp(clock).later().ok()?;
    let now = zone.to_offset_info(time);
    if now.abbreviation().eq_ignore_ascii_case(name) {
        return Some(now.offset());
    }
    let next = zone.following(time).next()?;
    next.abbreviation().eq_ignore_ascii_case(name).then(|| next.offset())
}

/// `+05`, `+0530`, `+05:30` or `+5:30`.
fn read_offset(text: &str) -> Option<(Offset, usize)> {
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.bytes().skip(1).take(4).take_while(u8::is_ascii_digit).count();
    let (hours, minutes, length) = match digits {
        4 => (text.get(1..3)?, text.get(3..5)?, 5),
        1 | 2 if colon_and_minutes(text, digits).is_some() => {
            (text.get(1..=digits)?, colon_and_minutes(text, digits)?, digits + 4)
        }
        2 | 3 => (text.get(1..3)?, "0", 3),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?, length))
}

/// The two digits of minutes after a colon, behind the sign and `digits` digits of hours.
fn colon_and_minutes(text: &str, digits: usize) -> Option<&str> {
    let minutes = text.get(digits + 1..)?.strip_prefix(':')?.get(..2)?;
    minutes.bytes().all(|byte| byte.is_ascii_digit()).then_some(minutes)
}
