//! The fields of a calendar, by the names that Java gives them.
//!
//! Knows how to read a field of a date-time and between what values it lies there; not how a text or a
//! pattern names it, nor what a set of fields means together (see `fields`).

use jiff::civil::Date;
use jiff::civil::DateTime;

use crate::date::calendar;

/// How many fields there are.
pub(super) const COUNT: usize = 17;

/// Names by which a roll calls fields, and the fields.
pub(super) const NAMES: [(&str, Field); 16] = [
    ("ERA", Field::Era),
    ("YEAR", Field::Year),
    ("MONTH", Field::Month),
    ("WEEK_OF_YEAR", Field::WeekOfYear),
    ("WEEK_OF_MONTH", Field::WeekOfMonth),
    ("DATE", Field::DayOfMonth),
    ("DAY_OF_MONTH", Field::DayOfMonth),
    ("DAY_OF_YEAR", Field::DayOfYear),
    ("DAY_OF_WEEK", Field::DayOfWeek),
    ("DAY_OF_WEEK_IN_MONTH", Field::DayOfWeekInMonth),
    ("AM_PM", Field::AmPm),
    ("HOUR", Field::Hour),
    ("HOUR_OF_DAY", Field::HourOfDay),
    ("MINUTE", Field::Minute),
    ("SECOND", Field::Second),
    ("MILLISECOND", Field::Millisecond),
];

/// One field of a calendar, with Java's numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// 0 before Christ, 1 after.
    Era,
    /// Year of the era.
    Year,
    /// From 0.
    Month,
    /// From 1.
    WeekOfYear,
    /// From 1.
    WeekOfMonth,
    /// From 1.
    DayOfMonth,
    /// From 1.
    DayOfYear,
    /// 1 is Sunday.
    DayOfWeek,
    /// From 1.
    DayOfWeekInMonth,
    /// 0 in the morning, 1 afterwards.
    AmPm,
    /// 0 to 11.
    Hour,
    /// 0 to 23.
    HourOfDay,
    /// 0 to 59.
    Minute,
    /// 0 to 59.
    Second,
    /// 0 to 999.
    Millisecond,
    /// Of the second; no field of Java's calendar, but of its patterns.
    Nanosecond,
    /// The year that `WeekOfYear` counts in; no field of Java's calendar, but of its patterns.
    WeekYear,
}

impl Field {
    /// All of them.
    pub(super) const ALL: [Self; COUNT] = [
        Self::Era,
        Self::Year,
        Self::Month,
        Self::WeekOfYear,
        Self::WeekOfMonth,
        Self::DayOfMonth,
        Self::DayOfYear,
        Self::DayOfWeek,
        Self::DayOfWeekInMonth,
        Self::AmPm,
        Self::Hour,
        Self::HourOfDay,
        Self::Minute,
        Self::Second,
        Self::Millisecond,
        Self::Nanosecond,
        Self::WeekYear,
    ];

    /// What a message calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Era => "ERA",
            Self::Year => "YEAR",
            Self::Month => "MONTH",
            Self::WeekOfYear => "WEEK_OF_YEAR",
            Self::WeekOfMonth => "WEEK_OF_MONTH",
            Self::DayOfMonth => "DAY_OF_MONTH",
            Self::DayOfYear => "DAY_OF_YEAR",
            Self::DayOfWeek => "DAY_OF_WEEK",
            Self::DayOfWeekInMonth => "DAY_OF_WEEK_IN_MONTH",
            Self::AmPm => "AM_PM",
            Self::Hour => "HOUR",
            Self::HourOfDay => "HOUR_OF_DAY",
            Self::Minute => "MINUTE",
            Self::Second => "SECOND",
            Self::Millisecond => "MILLISECOND",
            Self::Nanosecond => "NANOSECOND",
            Self::WeekYear => "WEEK_YEAR",
        }
    }

    /// Its value at `time`.
    pub(super) fn of(self, time: DateTime) -> i32 {
        let date = time.date();
        match self {
            Self::Era => i32::from(date.year() > 0),
            Self::Year => year_of_era(date),
            Self::Month => i32::from(date.month()) - 1,
            Self::WeekOfYear => calendar::week_of_year(date).1,
            Self::WeekOfMonth => calendar::week_of_month(date),
            Self::DayOfMonth => i32::from(date.day()),
            Self::DayOfYear => i32::from(date.day_of_year()),
            Self::DayOfWeek => i32::from(date.weekday().to_sunday_one_offset()),
            Self::DayOfWeekInMonth => calendar::weekday_in_month(date),
            Self::AmPm => i32::from(time.hour()) / 12,
            Self::Hour => i32::from(time.hour()) % 12,
            Self::HourOfDay => i32::from(time.hour()),
            Self::Minute => i32::from(time.minute()),
            Self::Second => i32::from(time.second()),
            Self::Millisecond => i32::from(time.millisecond()),
            Self::Nanosecond => time.subsec_nanosecond(),
            Self::WeekYear => calendar::week_of_year(date).0,
        }
    }

    /// Its least and greatest value on a day like `date`, such as 1 and 29 for the day of a leap February.
    pub(super) fn bounds(self, date: Date) -> (i32, i32) {
        match self {
            Self::Era | Self::AmPm => (0, 1),
            Self::Year | Self::WeekYear => (1, i32::from(Date::MAX.year())),
            Self::Month | Self::Hour => (0, 11),
            Self::WeekOfYear => (1, calendar::weeks_in_year(date)),
            Self::WeekOfMonth => (1, calendar::week_of_month(date.last_of_month())),
            Self::DayOfMonth => (1, i32::from(date.days_in_month())),
            Self::DayOfYear => (1, i32::from(date.days_in_year())),
            Self::DayOfWeek => (1, 7),
            Self::DayOfWeekInMonth => (1, calendar::weekdays_in_month(date)),
            Self::HourOfDay => (0, 23),
            Self::Minute | Self::Second => (0, 59),
            Self::Millisecond => (0, 999),
            Self::Nanosecond => (0, 999_999_999),
        }
    }

    /// Its least and greatest value on any day.
    pub(super) fn widest_bounds(self) -> (i32, i32) {
        match self {
            Self::WeekOfYear => (1, 53),
            Self::WeekOfMonth => (1, 6),
            Self::DayOfMonth => (1, 31),
            Self::DayOfYear => (1, 366),
            Self::DayOfWeekInMonth => (1, 5),
            // The others have the same bounds on every day.
            _ => self.bounds(Date::ZERO),
        }
    }
}

/// The year as it is spoken: year 0 is 1 before Christ.
fn year_of_era(date: Date) -> i32 {
    let year = i32::from(date.year());
    if year > 0 { year } else { 1 - year }
}
