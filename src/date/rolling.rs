//! A date-time whose fields are being moved.
//!
//! Knows what each calendar field moves, with Java's lenient overflow. Year, month and day are kept apart until
//! something needs a real day, so that the month can be set before the day is. The clock counts milliseconds of the
//! day; the rest below a millisecond, which no field moves, is kept apart.

use jiff::Span;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::tz::AmbiguousOffset;

use crate::date::calendar;
use crate::date::field::Field;
use crate::date::operation::Operation;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Year, month and day that need not fit together yet, and a clock that does.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    year: i64,
    /// From 0.
    month: i64,
    day: i64,
    millis: i64,
    /// Below a millisecond.
    nanos: i64,
}

impl Rolling {
    /// Begins at `clock`.
    pub(super) fn new(clock: DateTime) -> Self {
        let time = clock.time();
        let seconds = i64::from(time.hour()) * HOUR + i64::from(time.minute()) * MINUTE;
        Self {
            year: i64::from(clock.year()),
            month: i64::from(clock.month()) - 1,
            day: i64::from(clock.day()),
            millis: seconds + i64::from(time.second()) * SECOND + i64::from(time.millisecond()),
            nanos: i64::from(time.subsec_nanosecond() % 1_000_000),
        }
    }

    /// Moves one field; none if that leaves the years -9999 to 9999.
    pub(super) fn step(&mut self, field: Field, operation: Operation) -> Option<()> {
        if !matches!(field, Field::Era | Field::Year | Field::Month | Field::DayOfMonth) {
            self.set_date(self.settled()?);
        }
        let near = self.nearest_day()?;
        let (least, greatest) = field.bounds(near);
        let value = match operation {
            Operation::Set(value) => i64::from(value),
            Operation::Floor => i64::from(least),
            Operation::Ceil => i64::from(greatest),
            Operation::Round if self.current(field, near)? <= i64::from(greatest / 2) => i64::from(least),
            Operation::Round => i64::from(greatest),
        };
        self.set(field, value, near)
    }

    /// The date-time in the zone of `time`, at its offset where a clock change leaves the choice.
    pub(super) fn place(&self, time: &Zoned) -> Option<Zoned> {
        let placed = time.time_zone().to_ambiguous_zoned(self.clock(self.settled()?)?);
        match placed.offset() {
            AmbiguousOffset::Fold { before, .. } if before == time.offset() => placed.earlier().ok(),
            _ => placed.later().ok(),
        }
    }

    fn set(&mut self, field: Field, value: i64, date: Date) -> Option<()> {
        let before_christ = Field::Era.of(date.to_datetime(Time::midnight())) == 0;
        let weekday = i64::from(date.weekday().to_sunday_one_offset());
        let month = date.first_of_month();
        let date = match field {
            Field::Era => {
                let stays = before_christ == (value == 0);
                self.year = if stays { self.year } else { 1 - self.year };
                return Some(());
            }
            Field::Year | Field::WeekYear => {
                self.year = if before_christ { 1 - value } else { value };
                return Some(());
            }
            Field::Month => {
                self.month = value;
                return Some(());
            }
            Field::DayOfMonth => {
                self.day = value;
                return Some(());
            }
            Field::DayOfYear => calendar::shift(date.first_of_year(), value - 1),
            Field::WeekOfYear => calendar::in_week(date.first_of_year(), value, weekday),
            Field::WeekOfMonth => calendar::in_week(month, value, weekday),
            Field::DayOfWeek => calendar::in_week(month, i64::from(calendar::week_of_month(date)), value),
            Field::DayOfWeekInMonth => calendar::nth_weekday(month, value, weekday),
            _ => return self.set_clock(field, value, date),
        };
        self.set_date(date?);
        Some(())
    }

    /// Sets a field below the day; what overflows moves the day.
    fn set_clock(&mut self, field: Field, value: i64, date: Date) -> Option<()> {
        let unit = match field {
            Field::AmPm => 12 * HOUR,
            Field::Hour | Field::HourOfDay => HOUR,
            Field::Minute => MINUTE,
            Field::Second => SECOND,
            _ => 1,
        };
        if field == Field::Millisecond {
            self.nanos = 0;
        }
        let millis = self.millis + (value - self.current(field, date)?) * unit;
        self.day += millis.div_euclid(DAY);
        self.millis = millis.rem_euclid(DAY);
        Some(())
    }

    fn set_date(&mut self, date: Date) {
        self.year = i64::from(date.year());
        self.month = i64::from(date.month()) - 1;
        self.day = i64::from(date.day());
    }

    fn current(&self, field: Field, near: Date) -> Option<i64> {
        match field {
            Field::DayOfMonth => Some(self.day),
            Field::Month => Some(self.month),
            other => Some(i64::from(other.of(self.clock(near)?))),
        }
    }

    /// The day with its overflow carried into month and year.
    fn settled(&self) -> Option<Date> {
        calendar::shift(calendar::first_of_month(self.year, self.month)?, self.day - 1)
    }

    /// The day, held within its month: what lies in a month is asked of the month that was set.
    fn nearest_day(&self) -> Option<Date> {
        let first = calendar::first_of_month(self.year, self.month)?;
        calendar::shift(first, self.day.clamp(1, i64::from(first.days_in_month())) - 1)
    }

    fn clock(&self, date: Date) -> Option<DateTime> {
        let in_day = Span::new().try_milliseconds(self.millis).ok()?.try_nanoseconds(self.nanos).ok()?;
        date.to_datetime(Time::midnight()).checked_add(in_day).ok()
    }
}
