//! Reading dates as a `DateTimeFormatter` of `java.time` does in its usual (smart) way.
//!
//! Knows which fields must be there, that each must be possible and that all must agree. The day itself is
//! found by the rules of `fields`; whatever it does not confirm is refused afterwards.

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::date::calendar;
use crate::date::field::Field;
use crate::date::fields::Fields;
use crate::date::scan::Failure;
use crate::date::scan::Mode;
use crate::date::scan::scan;
use crate::date::token::Token;

/// Fields below the hour.
const PARTS_OF_HOUR: [Field; 4] = [Field::Minute, Field::Second, Field::Millisecond, Field::Nanosecond];

/// Reads `text`; the result is in the zone that it names, else in `zone`.
pub(super) fn parse(tokens: &[Token], text: &str, zone: &TimeZone) -> Result<Zoned, Failure> {
    let mut scanned = scan(tokens, text, Mode::Strict)?;
    let clock = resolve(&mut scanned.fields)?;
    let Some(offset) = scanned.offset(clock, zone)? else {
        return zone.to_ambiguous_zoned(clock).compatible().map_err(|_| Failure::Range);
    };
    let time = offset.to_timestamp(clock).map_err(|_| Failure::Range)?;
    let own = if zone.to_offset(time) == offset { zone.clone() } else { offset.to_time_zone() };
    Ok(time.to_zoned(own))
}

/// The date-time that the fields mean, if each is possible and all agree.
fn resolve(given: &mut Fields) -> Result<DateTime, Failure> {
    let days_later = end_of_day(given);
    check_bounds(given)?;
    if given.get(Field::Hour).is_some() && given.get(Field::AmPm).is_none() {
        return Err(Failure::Missing(Field::AmPm));
    }
    let mut fields = given.clone();
    match (given.get(Field::Year), given.get(Field::WeekYear)) {
        (None, None) => return Err(Failure::Missing(Field::Year)),
        (None, Some(year)) => fields.set(Field::Year, year),
        (Some(_), _) => {}
    }
    if let Some(day) = given.get(Field::DayOfMonth) {
        let month = fields.first_of_month().ok_or(Failure::Range)?;
        let day = day.min(i32::from(month.days_in_month()));
        given.set(Field::DayOfMonth, day);
        // Set last, it decides on the day also where the text names weeks.
        fields.set(Field::DayOfMonth, day);
    }
    let clock = fields.date_time().ok_or(Failure::Range)?;
    // The year comes last: a day too many changes it too, and is to blame.
    for field in Field::ALL.into_iter().rev() {
        match given.get(field) {
            Some(value) if value != field.of(clock) => return Err(Failure::Impossible(field, value)),
            _ => {}
        }
    }
    let date = calendar::shift(clock.date(), days_later).ok_or(Failure::Range)?;
    Ok(date.to_datetime(clock.time()))
}

/// Makes 24:00 the hour 0; gives how many days later that is.
fn end_of_day(given: &mut Fields) -> i64 {
    let is_end = given.get(Field::HourOfDay) == Some(24)
        && PARTS_OF_HOUR.iter().all(|&part| given.get(part).unwrap_or(0) == 0);
    if is_end {
        given.set(Field::HourOfDay, 0);
    }
    i64::from(is_end)
}

fn check_bounds(given: &Fields) -> Result<(), Failure> {
    for field in Field::ALL {
        let (least, greatest) = field.widest_bounds();
        match given.get(field) {
            Some(value) if !(least..=greatest).contains(&value) => {
                return Err(Failure::Impossible(field, value));
            }
            _ => {}
        }
    }
    Ok(())
}
