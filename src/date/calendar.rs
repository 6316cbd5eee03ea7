//! Counting days by weeks, months and years.
//!
//! Knows the calendar of Java's `GregorianCalendar` in its default locale `en-US`: a week begins on Sunday
//! and the first week of a year or month is the one that holds its first day. Overflow is lenient: month 13
//! is January of the next year. The Gregorian calendar is carried on before 1582 too, where Java
//! changes to the Julian one. Knows no time of day and no zone. `None` always means: outside of the years
//! -9999 to 9999.

use jiff::Span;
use jiff::civil::Date;

const DAYS_IN_WEEK: i64 = 7;

/// The first day of the month `month` (0 is January) counted from the beginning of `year`.
pub(super) fn first_of_month(year: i64, month: i64) -> Option<Date> {
    let year = i16::try_from(year.checked_add(month.div_euclid(12))?).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    Date::new(year, month, 1).ok()
}

/// The day `days` after `date`.
pub(super) fn shift(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// The day `weekday` (1 is Sunday) of week `week`, where week 1 holds `first`, the first day of a year or
/// month.
pub(super) fn in_week(first: Date, week: i64, weekday: i64) -> Option<Date> {
    let sunday = -i64::from(first.weekday().to_sunday_zero_offset());
    let into_week = (weekday - 1).rem_euclid(DAYS_IN_WEEK);
    shift(first, sunday + into_week + DAYS_IN_WEEK * (week - 1))
}

/// The `nth` day `weekday` (1 is Sunday) of the month that begins with `first`; negative counts from its end.
pub(super) fn nth_weekday(first: Date, nth: i64, weekday: i64) -> Option<Date> {
    let latest = if nth >= 0 {
        DAYS_IN_WEEK * nth - 1
    } else {
        i64::from(first.days_in_month()) + DAYS_IN_WEEK * (nth + 1) - 1
    };
    let latest = shift(first, latest)?;
    let behind = i64::from(latest.weekday().to_sunday_one_offset()) - weekday;
    shift(latest, -behind.rem_euclid(DAYS_IN_WEEK))
}

/// The year and the week of it that `date` belongs to; the last days of December may be week 1 of the next.
pub(super) fn week_of_year(date: Date) -> (i32, i32) {
    let weekday = i32::from(date.weekday().to_sunday_zero_offset());
    let day = i32::from(date.day_of_year()) - 1;
    let left = i32::from(date.days_in_year()) - day;
    if left <= (weekday + left) % 7 {
        return (i32::from(date.year()) + 1, 1);
    }
    let first = (weekday - day).rem_euclid(7);
    (i32::from(date.year()), (day + first) / 7 + 1)
}

/// The week of its month that `date` belongs to, from 1.
pub(super) fn week_of_month(date: Date) -> i32 {
    let first = i32::from(date.first_of_month().weekday().to_sunday_zero_offset());
    (i32::from(date.day()) - 1 + first) / 7 + 1
}

/// Which of its weekday in the month `date` is, from 1.
pub(super) fn weekday_in_month(date: Date) -> i32 {
    (i32::from(date.day()) - 1) / 7 + 1
}

/// How many weeks of the year of `date` begin in it or with it: 52 or 53.
pub(super) fn weeks_in_year(date: Date) -> i32 {
    let first = date.first_of_year().weekday().to_sunday_zero_offset();
    if first == 6 || (first == 5 && date.in_leap_year()) { 53 } else { 52 }
}

/// How often the weekday of `date` comes in its month.
pub(super) fn weekdays_in_month(date: Date) -> i32 {
    let before = (i32::from(date.day()) - 1) % 7;
    (i32::from(date.days_in_month()) - before + 6) / 7
}
