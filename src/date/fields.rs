//! A set of calendar fields, and the day and time that they mean together.
//!
//! Knows the rules of Java's `Calendar`: fields may overflow, missing ones are those of 1970-01-01 00:00, and
//! of fields that contradict each other the one that was set last wins. Knows no text and no zone.

use jiff::Span;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;

use crate::date::calendar;
use crate::date::field::COUNT;
use crate::date::field::Field;

const MILLIS_IN_DAY: i64 = 86_400_000;

/// Values of some fields, and the order in which they were set.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    values: [i32; COUNT],
    /// 0 is not set; otherwise the greater, the later.
    orders: [u16; COUNT],
    last: u16,
}

/// The fields that decide on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayRule {
    DayOfMonth,
    WeekOfMonth,
    WeekdayInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    /// No field is set.
    pub(super) fn new() -> Self {
        Self { values: [0; COUNT], orders: [0; COUNT], last: 0 }
    }

    /// Sets a field, over any field set before that contradicts it.
    pub(super) fn set(&mut self, field: Field, value: i32) {
        self.last = self.last.saturating_add(1);
        self.values[field as usize] = value;
        self.orders[field as usize] = self.last;
    }

    /// The value, if it was set.
    pub(super) fn get(&self, field: Field) -> Option<i32> {
        (self.order(field) > 0).then_some(self.values[field as usize])
    }

    /// The day that the fields mean; none if it is outside of the years -9999 to 9999.
    pub(super) fn date(&self) -> Option<Date> {
        let month = || self.first_of_month();
        let new_year = || calendar::first_of_month(self.year(), 0);
        let weekday = self.value(Field::DayOfWeek, 1);
        match self.day_rule() {
            DayRule::DayOfMonth => calendar::shift(month()?, self.value(Field::DayOfMonth, 1) - 1),
            DayRule::WeekOfMonth => calendar::in_week(month()?, self.value(Field::WeekOfMonth, 1), weekday),
            DayRule::WeekdayInMonth => {
                calendar::nth_weekday(month()?, self.value(Field::DayOfWeekInMonth, 1), weekday)
            }
            DayRule::DayOfYear => calendar::shift(new_year()?, self.value(Field::DayOfYear, 1) - 1),
            DayRule::WeekOfYear => calendar::in_week(new_year()?, self.value(Field::WeekOfYear, 1), weekday),
        }
    }

    /// The first day of the month that the fields mean.
    pub(super) fn first_of_month(&self) -> Option<Date> {
        calendar::first_of_month(self.year(), self.value(Field::Month, 0))
    }

    /// The day and time that the fields mean; hours beyond 23 lead to later days.
    pub(super) fn date_time(&self) -> Option<DateTime> {
        let minutes = self.hour() * 60 + self.value(Field::Minute, 0);
        let millis = (minutes * 60 + self.value(Field::Second, 0)) * 1000;
        let nanos = i64::from(self.get(Field::Nanosecond).unwrap_or(0));
        let millis = match self.get(Field::Nanosecond) {
            Some(_) => millis,
            None => millis + self.value(Field::Millisecond, 0),
        };
        let date = calendar::shift(self.date()?, millis.div_euclid(MILLIS_IN_DAY))?;
        let in_day = Span::new().try_milliseconds(millis.rem_euclid(MILLIS_IN_DAY)).ok()?;
        let time = Time::midnight().checked_add(in_day.try_nanoseconds(nanos).ok()?).ok()?;
        Some(date.to_datetime(time))
    }

    fn year(&self) -> i64 {
        let year = self.value(Field::Year, 1970);
        if self.get(Field::Era) == Some(0) { 1 - year } else { year }
    }

    /// The hour of the day, or the hour of the half day, whichever was set later.
    fn hour(&self) -> i64 {
        let half = self.value(Field::Hour, 0) + 12 * self.value(Field::AmPm, 0);
        let half_order = self.both(Field::Hour, Field::AmPm);
        let full_order = self.order(Field::HourOfDay);
        if full_order == 0 || half_order > full_order { half } else { self.value(Field::HourOfDay, 0) }
    }

    /// Which fields decide on the day: the group of them that was completed last, else the field alone.
    ///
    /// This is `Calendar.selectFields` of Java, kept in its order of decisions.
    fn day_rule(&self) -> DayRule {
        let weekday = self.order(Field::DayOfWeek);
        let day_of_month = self.order(Field::DayOfMonth);
        let day_of_year = self.order(Field::DayOfYear);
        let mut in_month = self.both(Field::WeekOfMonth, Field::DayOfWeek);
        let mut nth = self.both(Field::DayOfWeekInMonth, Field::DayOfWeek);
        let mut in_year = self.both(Field::WeekOfYear, Field::DayOfWeek);
        let mut latest = day_of_month.max(day_of_year).max(in_month).max(nth).max(in_year);
        if latest == 0 {
            in_month = self.order(Field::WeekOfMonth);
            nth = self.order(Field::DayOfWeekInMonth).max(weekday);
            in_year = self.order(Field::WeekOfYear);
            latest = in_month.max(nth).max(in_year);
        }
        let week_of_month = self.order(Field::WeekOfMonth);
        let week_of_year = self.order(Field::WeekOfYear);
        let nth_alone = self.order(Field::DayOfWeekInMonth);
        if latest == day_of_month {
            DayRule::DayOfMonth
        } else if latest == in_month
            && week_of_month >= week_of_year
            && (in_month != nth || week_of_month >= nth_alone)
        {
            DayRule::WeekOfMonth
        } else if latest == nth && nth_alone >= week_of_year {
            DayRule::WeekdayInMonth
        } else if latest == day_of_year {
            DayRule::DayOfYear
        } else {
            DayRule::WeekOfYear
        }
    }

    fn value(&self, field: Field, missing: i64) -> i64 {
        self.get(field).map_or(missing, i64::from)
    }

    fn order(&self, field: Field) -> u16 {
        self.orders[field as usize]
    }

    /// When the later one of two fields was set; 0 unless both are.
    fn both(&self, one: Field, other: Field) -> u16 {
        let (one, other) = (self.order(one), self.order(other));
        if one == 0 || other == 0 { 0 } else { one.max(other) }
    }
}
