//! Rolling by calendar fields.

use super::*;

fn check(time: &str, roll: &str, expected: &str) {
    let rolled = Roll::compile(roll).unwrap().apply(&zoned(time));
    let rolled = rolled.map_or_else(|error| error.to_string(), |time| time.to_string());
    assert_eq!(rolled, expected, "{time} rolled by {roll}");
}

/// In world time, whose name the expected text leaves out.
fn check_utc(time: &str, roll: &str, expected: &str) {
    check(&format!("{time}[UTC]"), roll, &format!("{expected}+00:00[UTC]"));
}

fn check_error(roll: &str, expected: &str) {
    assert_eq!(Roll::compile(roll).unwrap_err().to_string(), expected);
}

#[test]
fn the_greatest_value_is_that_of_the_date() {
    for (time, roll, expected) in [
        ("2020-02-10T00:00", "DAY_OF_MONTH=ceil", "2020-02-29T00:00:00"),
        ("2021-02-10T00:00", "date=Ceil", "2021-02-28T00:00:00"),
        ("2020-05-10T00:00", "DAY_OF_YEAR=ceil", "2020-12-31T00:00:00"),
        ("2020-05-10T00:00", "MONTH=ceil", "2020-12-10T00:00:00"),
        ("2020-05-12T00:00", "DAY_OF_WEEK=ceil", "2020-05-16T00:00:00"),
        ("2020-05-12T00:00", "DAY_OF_WEEK_IN_MONTH=ceil", "2020-05-26T00:00:00"),
        ("2020-05-15T00:00", "DAY_OF_WEEK_IN_MONTH=ceil", "2020-05-29T00:00:00"),
        ("2020-05-12T00:00", "WEEK_OF_MONTH=ceil", "2020-06-02T00:00:00"),
        ("2016-05-12T00:00", "WEEK_OF_YEAR=ceil", "2016-12-29T00:00:00"),
        ("2020-05-12T10:20:30.456", "AM_PM=ceil", "2020-05-12T22:20:30.456"),
        ("2020-05-12T10:20:30.456", "HOUR=ceil", "2020-05-12T11:20:30.456"),
        ("2020-05-12T10:20:30.456", "HOUR_OF_DAY=ceil", "2020-05-12T23:20:30.456"),
        ("2020-05-12T10:20:30.456", "MILLISECOND=ceil", "2020-05-12T10:20:30.999"),
    ] {
        check_utc(time, roll, expected);
    }
}

#[test]
fn the_least_value_is_the_first() {
    for (roll, expected) in [
        ("DAY_OF_MONTH=floor", "2020-05-01T10:20:30.456"),
        ("DAY_OF_YEAR=floor", "2020-01-01T10:20:30.456"),
        ("MONTH=floor", "2020-01-12T10:20:30.456"),
        ("YEAR=floor", "0001-05-12T10:20:30.456"),
        ("DAY_OF_WEEK=floor", "2020-05-10T10:20:30.456"),
        ("DAY_OF_WEEK_IN_MONTH=floor", "2020-05-05T10:20:30.456"),
        ("WEEK_OF_MONTH=floor", "2020-04-28T10:20:30.456"),
        ("WEEK_OF_YEAR=floor", "2019-12-31T10:20:30.456"),
        ("HOUR_OF_DAY=floor MINUTE=floor SECOND=floor MILLISECOND=floor", "2020-05-12T00:00:00"),
    ] {
        check_utc("2020-05-12T10:20:30.456", roll, expected);
    }
}

#[test]
fn rounding_is_down_up_to_half_of_the_greatest() {
    for (time, roll, expected) in [
        ("2020-05-12T10:29:00", "MINUTE=round", "2020-05-12T10:00:00"),
        ("2020-05-12T10:30:00", "MINUTE=round", "2020-05-12T10:59:00"),
        ("2020-05-15T00:00:00", "DAY_OF_MONTH=round", "2020-05-01T00:00:00"),
        ("2020-05-16T00:00:00", "DAY_OF_MONTH=round", "2020-05-31T00:00:00"),
        ("2020-06-12T00:00:00", "MONTH=round", "2020-01-12T00:00:00"),
        ("2020-07-12T00:00:00", "MONTH=round", "2020-12-12T00:00:00"),
        ("2020-07-12T10:00:00", "AM_PM=round", "2020-07-12T10:00:00"),
        ("2020-07-12T15:00:00", "AM_PM=round", "2020-07-12T15:00:00"),
    ] {
        check_utc(time, roll, expected);
    }
}

#[test]
fn numbers_overflow_leniently() {
    for (roll, expected) in [
        ("MONTH=1", "2020-03-02T10:00:00"),
        ("MONTH=12", "2021-01-31T10:00:00"),
        ("MONTH=-1", "2019-12-31T10:00:00"),
        ("DAY_OF_MONTH=0", "2019-12-31T10:00:00"),
        ("DAY_OF_MONTH=32", "2020-02-01T10:00:00"),
        ("DAY_OF_YEAR=367", "2021-01-01T10:00:00"),
        ("HOUR_OF_DAY=25", "2020-02-01T01:00:00"),
        ("SECOND=-1", "2020-01-31T09:59:59"),
        ("DAY_OF_WEEK_IN_MONTH=-1", "2020-01-31T10:00:00"),
        ("YEAR=16", "0016-01-31T10:00:00"),
    ] {
        check_utc("2020-01-31T10:00", roll, expected);
    }
}

#[test]
fn fields_are_moved_in_written_order() {
    check_utc("2020-02-10T00:00", "DAY_OF_MONTH=ceil MONTH=3", "2020-04-29T00:00:00");
    check_utc("2020-02-10T00:00", "MONTH=3 DAY_OF_MONTH=ceil", "2020-04-30T00:00:00");
    check_utc("2020-02-10T00:00", "DAY_OF_YEAR=floor MONTH=5", "2020-06-01T00:00:00");
    check_utc("2020-02-10T13:00", "HOUR_OF_DAY=13 HOUR=floor", "2020-02-10T12:00:00");
}

#[test]
fn the_month_is_set_before_its_last_day_is_asked_for() {
    check_utc("2020-01-31T00:00", "MONTH=1 DAY_OF_MONTH=ceil", "2020-02-29T00:00:00");
    check_utc("2020-02-29T00:00", "YEAR=2021 DAY_OF_MONTH=ceil", "2021-02-28T00:00:00");
    check_utc("2020-01-31T00:00", "MONTH=1 HOUR=3", "2020-03-02T03:00:00");
}

#[test]
fn of_a_field_written_twice_the_last_counts() {
    check_utc("2020-02-10T00:00", "DATE=5 MONTH=4 DAY_OF_MONTH=ceil", "2020-05-31T00:00:00");
    check_utc("2020-02-10T00:00", "MINUTE=5 MINUTE=7", "2020-02-10T00:07:00");
    check_utc("2020-02-10T00:00", "HOUR_OF_DAY=25 HOUR_OF_DAY=1", "2020-02-10T01:00:00");
}

#[test]
fn eras_change_and_years_count_in_them() {
    check_utc("2020-03-15T00:00", "ERA=floor", "-002019-03-15T00:00:00");
    check_utc("2020-03-15T00:00", "ERA=0 YEAR=44", "-000043-03-15T00:00:00");
    check_utc("2020-03-15T00:00", "ERA=round", "2020-03-15T00:00:00");
}

#[test]
fn clock_changes_keep_the_offset_where_they_can() {
    let berlin = "[Europe/Berlin]";
    check(
        &format!("2020-10-25T02:10+02:00{berlin}"),
        "MINUTE=40",
        &format!("2020-10-25T02:40:00+02:00{berlin}"),
    );
    check(
        &format!("2020-10-25T02:10+01:00{berlin}"),
        "MINUTE=40",
        &format!("2020-10-25T02:40:00+01:00{berlin}"),
    );
    check(&format!("2020-03-29T01:10{berlin}"), "HOUR=2", &format!("2020-03-29T03:10:00+02:00{berlin}"));
    check(&format!("2020-01-31T12:00{berlin}"), "MONTH=6", &format!("2020-07-31T12:00:00+02:00{berlin}"));
}

#[test]
fn what_is_finer_than_the_fields_stays() {
    check_utc("2020-01-31T10:00:00.123456789", "SECOND=5", "2020-01-31T10:00:05.123456789");
    check_utc("2020-01-31T10:00:00.123456789", "MILLISECOND=5", "2020-01-31T10:00:00.005");
}

#[test]
fn a_bad_roll_is_refused_with_the_entry() {
    check_error(" ", "roll is empty, expected FIELD=operation such as DAY_OF_MONTH=ceil");
    check_error(
        "DAY_OF_MONT=ceil",
        "roll `DAY_OF_MONT=ceil`: unknown calendar field `DAY_OF_MONT`, did you mean `DAY_OF_MONTH`",
    );
    check_error("minutes=1", "roll `minutes=1`: unknown calendar field `minutes`, did you mean `MINUTE`");
    check_error(
        "WEEKDAY=1",
        "roll `WEEKDAY=1`: unknown calendar field `WEEKDAY`, known are ERA, YEAR, MONTH, WEEK_OF_YEAR, \
         WEEK_OF_MONTH, DATE, DAY_OF_MONTH, DAY_OF_YEAR, DAY_OF_WEEK, DAY_OF_WEEK_IN_MONTH, AM_PM, HOUR, \
         HOUR_OF_DAY, MINUTE, SECOND, MILLISECOND",
    );
    check_error(
        "DATE=ceiling",
        "roll `DATE=ceiling`: `ceiling` of DAY_OF_MONTH is not ceil, floor, round or a whole number",
    );
    check_error(
        "YEAR=99999999999",
        "roll `YEAR=99999999999`: `99999999999` of YEAR is not ceil, floor, round or a whole number",
    );
    for entry in ["MONTH", "MONTH=", "=1"] {
        check_error(entry, &format!("roll `{entry}`: `{entry}` is not of the form FIELD=operation"));
    }
    check_error("ERA=2", "roll `ERA=2`: ERA is 0 before Christ and 1 after, not 2");
    check_error(&"x".repeat(1025), "roll of 1025 bytes is too long, at most 1024 are allowed");
}

#[test]
fn a_roll_out_of_all_years_is_refused() {
    for field in [
        "YEAR",
        "MONTH",
        "DATE",
        "DAY_OF_YEAR",
        "WEEK_OF_YEAR",
        "WEEK_OF_MONTH",
        "DAY_OF_WEEK_IN_MONTH",
        "HOUR",
        "AM_PM",
    ] {
        for number in [i32::MAX, i32::MIN] {
            let name = if field == "DATE" { "DAY_OF_MONTH" } else { field };
            check(
                "2020-01-31T10:00[UTC]",
                &format!("{field}={number}"),
                &format!("roll of 2020-01-31T10:00:00 by {name} leads outside of the years -9999 to 9999"),
            );
        }
    }
}
