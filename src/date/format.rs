//! Writing a date-time by the tokens of a pattern.
//!
//! Knows how each letter is written; fields of the calendar come from `field`, names from `names`. It cannot
//! fail: whatever the date-time, every letter has a text.

use jiff::Zoned;

use crate::date::field::Field;
use crate::date::letter::Letter;
use crate::date::names;
use crate::date::token::Token;

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OffsetStyle {
    /// `+05`, and minutes only where there are some.
    Hours,
    /// `+0530`
    Plain,
    /// `+05:30`
    Colon,
}

/// Appends `time`, in its own zone, to `out`.
pub(super) fn write(tokens: &[Token], time: &Zoned, out: &mut String) {
    for token in tokens {
        match *token {
            Token::Plain(char) => out.push(char),
            Token::Run { letter, count, .. } => write_run(letter, count, time, out),
        }
    }
}

fn write_run(letter: Letter, count: u8, time: &Zoned, out: &mut String) {
    let clock = time.datetime();
    let of = |field: Field| field.of(clock);
    match letter {
        Letter::Era => out.push_str(names::write(&names::ERAS, of(Field::Era), 1)),
        Letter::Year => write_year(of(Field::Year), count, out),
        Letter::WeekYear => write_year(of(Field::WeekYear), count, out),
        Letter::Month if count >= 3 => out.push_str(names::write(&names::MONTHS, of(Field::Month), count)),
        Letter::Month => write_number(of(Field::Month) + 1, count, out),
        Letter::WeekOfYear => write_number(of(Field::WeekOfYear), count, out),
        Letter::WeekOfMonth => write_number(of(Field::WeekOfMonth), count, out),
        Letter::DayOfYear => write_number(of(Field::DayOfYear), count, out),
        Letter::DayOfMonth => write_number(of(Field::DayOfMonth), count, out),
        Letter::DayOfWeekInMonth => write_number(of(Field::DayOfWeekInMonth), count, out),
        Letter::DayName => out.push_str(names::write(&names::WEEKDAYS, of(Field::DayOfWeek) - 1, count)),
        Letter::DayNumber => write_number(i32::from(clock.weekday().to_monday_one_offset()), count, out),
        Letter::AmPm => out.push_str(names::write(&names::HALF_DAYS, of(Field::AmPm), count)),
        Letter::Hour23 => write_number(of(Field::HourOfDay), count, out),
        Letter::Hour24 => write_number(from_one(of(Field::HourOfDay), 24), count, out),
        Letter::Hour11 => write_number(of(Field::Hour), count, out),
        Letter::Hour12 => write_number(from_one(of(Field::Hour), 12), count, out),
        Letter::Minute => write_number(of(Field::Minute), count, out),
        Letter::Second => write_number(of(Field::Second), count, out),
        Letter::Millisecond => write_number(of(Field::Millisecond), count, out),
        Letter::Fraction => {
            let digits = 10_i32.pow(u32::from(9 - count.min(9)));
            write_number(of(Field::Nanosecond) / digits, count, out);
        }
        Letter::Nanosecond => write_number(of(Field::Nanosecond), count, out),
        Letter::ZoneName => write_zone_name(time, out),
        Letter::Offset | Letter::OffsetOrZ | Letter::OffsetDigits => write_zone(letter, count, time, out),
    }
}

/// Clocks that begin at 1 call the hour 0 by its last number.
fn from_one(hour: i32, last: i32) -> i32 {
    if hour == 0 { last } else { hour }
}

fn write_year(year: i32, count: u8, out: &mut String) {
    let year = if count == 2 { year.rem_euclid(100) } else { year };
    write_number(year, count, out);
}

/// Appends `number` with zeros in front up to `width` digits.
fn write_number(number: i32, width: u8, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    let number = number.unsigned_abs();
    let digits = number.checked_ilog10().unwrap_or(0) + 1;
    for _ in digits..u32::from(width) {
        out.push('0');
    }
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        out.extend(char::from_digit(digit, 10));
    }
}

/// The abbreviation; a zone without one is written as its offset from GMT.
fn write_zone_name(time: &Zoned, out: &mut String) {
    let info = time.time_zone().to_offset_info(time.timestamp());
    if info.abbreviation().starts_with(|char: char| char.is_ascii_alphabetic()) {
        out.push_str(info.abbreviation());
    } else {
        write_gmt(time, out);
    }
}

fn write_zone(letter: Letter, count: u8, time: &Zoned, out: &mut String) {
    let style = match (letter, count) {
        (Letter::Offset, 4) => return write_gmt(time, out),
        (Letter::OffsetOrZ, _) if time.offset().is_zero() => return out.push('Z'),
        (Letter::Offset, 1..=3) | (_, 2) => OffsetStyle::Plain,
        (Letter::Offset, _) | (_, 3) => OffsetStyle::Colon,
        _ => OffsetStyle::Hours,
    };
    write_offset(time, style, out);
}

fn write_gmt(time: &Zoned, out: &mut String) {
    out.push_str("GMT");
    if !time.offset().is_zero() {
        write_offset(time, OffsetStyle::Colon, out);
    }
}

fn write_offset(time: &Zoned, style: OffsetStyle, out: &mut String) {
    let seconds = time.offset().seconds();
    let minutes = seconds.abs() / 60;
    out.push(if seconds < 0 { '-' } else { '+' });
    write_number(minutes / 60, 2, out);
    if style == OffsetStyle::Colon {
        out.push(':');
    }
    if style != OffsetStyle::Hours || minutes % 60 != 0 {
        write_number(minutes % 60, 2, out);
    }
}
