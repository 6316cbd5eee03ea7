//! Reading, lenient and strict: what is taken, what is refused and how that is said.

use super::*;

fn lenient(pattern: &str, text: &str, zone: &TimeZone) -> Result<String, DateError> {
    compiled(pattern).parse_lenient(text, zone, &reference()).map(|time| time.to_string())
}

fn strict(pattern: &str, text: &str, zone: &TimeZone) -> Result<String, DateError> {
    compiled(pattern).parse_strict(text, zone).map(|time| time.to_string())
}

fn check(read: Result<String, DateError>, expected: &str) {
    assert_eq!(read.unwrap_or_else(|error| error.to_string()), expected);
}

#[test]
fn fields_overflow_leniently() {
    let utc = TimeZone::UTC;
    check(lenient("yyyy-MM-dd", "2020-13-01", &utc), "2021-01-01T00:00:00+00:00[UTC]");
    check(lenient("yyyy-MM-dd", "2020-00-00", &utc), "2019-11-30T00:00:00+00:00[UTC]");
    check(lenient("yyyy-MM-dd HH", "2020-12-31 25", &utc), "2021-01-01T01:00:00+00:00[UTC]");
    check(lenient("dd MMM yyyy", "29 Feb 2021", &utc), "2021-03-01T00:00:00+00:00[UTC]");
    check(lenient("dd MMM yyyy", "29 Feb 2020", &utc), "2020-02-29T00:00:00+00:00[UTC]");
    check(lenient("yyyy DDD", "2020 366", &utc), "2020-12-31T00:00:00+00:00[UTC]");
    check(lenient("yyyy DDD", "2021 366", &utc), "2022-01-01T00:00:00+00:00[UTC]");
}

#[test]
fn missing_fields_are_those_of_1970_in_the_zone() {
    check(lenient("HH:mm", "10:59", &zone("Asia/Kolkata")), "1970-01-01T10:59:00+05:30[Asia/Kolkata]");
    check(lenient("a", "pm", &TimeZone::UTC), "1970-01-01T12:00:00+00:00[UTC]");
    check(lenient("hh:mm a", "12:05 am", &TimeZone::UTC), "1970-01-01T00:05:00+00:00[UTC]");
    check(lenient("hh:mm a", "12:05 PM", &TimeZone::UTC), "1970-01-01T12:05:00+00:00[UTC]");
}

#[test]
fn two_digit_years_lie_around_the_reference() {
    let read = |year: &str, reference: &str| {
        let reference = zoned(&format!("{reference}-07-01T00:00[UTC]"));
        compiled("yy").parse_lenient(year, &TimeZone::UTC, &reference).unwrap().year()
    };
    assert_eq!(read("46", "2026"), 1946);
    assert_eq!(read("45", "2026"), 2045);
    assert_eq!(read("99", "2080"), 2099);
    assert_eq!(read("00", "2080"), 2000);
    assert_eq!(read("5", "2026"), 2005);
    assert_eq!(read("2016", "2026"), 2016);
}

#[test]
fn names_are_read_short_and_full_in_any_case() {
    for text in ["Wed 1 may 2019", "WEDNESDAY 1 May 2019", "wednesday 1 MAY 2019"] {
        check(lenient("EEE d MMM yyyy", text, &TimeZone::UTC), "2019-05-01T00:00:00+00:00[UTC]");
        check(strict("EEEE d MMMM yyyy", text, &TimeZone::UTC), "2019-05-01T00:00:00+00:00[UTC]");
    }
    check(
        lenient("d MMM yyyy", "1 Jux 2019", &TimeZone::UTC),
        "`1 Jux 2019` is not of date pattern `d MMM yyyy`: expected the name of a month at character 3",
    );
}

#[test]
fn a_repeated_hour_is_the_later_leniently_and_the_earlier_strictly() {
    let (pattern, text, berlin) = ("yyyy-MM-dd HH:mm", "2020-10-25 02:30", zone("Europe/Berlin"));
    check(lenient(pattern, text, &berlin), "2020-10-25T02:30:00+01:00[Europe/Berlin]");
    check(strict(pattern, text, &berlin), "2020-10-25T02:30:00+02:00[Europe/Berlin]");
}

#[test]
fn a_skipped_hour_is_moved_on() {
    let (pattern, text, berlin) = ("yyyy-MM-dd HH:mm", "2020-03-29 02:30", zone("Europe/Berlin"));
    check(lenient(pattern, text, &berlin), "2020-03-29T03:30:00+02:00[Europe/Berlin]");
    check(strict(pattern, text, &berlin), "2020-03-29T03:30:00+02:00[Europe/Berlin]");
}

#[test]
fn zones_are_read_in_every_form() {
    let noon = |zone_text: &str, letter: &str| {
        let text = format!("2020-07-01 12:00{zone_text}");
        lenient(&format!("yyyy-MM-dd HH:mm{letter}"), &text, &TimeZone::UTC)
    };
    for letter in ["Z", "X", "XXX", "z"] {
        for text in ["+05:30", "+0530", "+5:30", "GMT+05:30", "UTC+0530"] {
            check(noon(text, letter), "2020-07-01T06:30:00+00:00[UTC]");
        }
        for text in ["Z", "GMT", "utc", "UT", "+00", "-0000"] {
            check(noon(text, letter), "2020-07-01T12:00:00+00:00[UTC]");
        }
        check(noon("PST", letter), "2020-07-01T20:00:00+00:00[UTC]");
        for text in ["+2400", "+0560", "+1", "+"] {
            let error = noon(text, letter).unwrap_err().to_string();
            assert!(error.contains("at character 17"), "{error}");
        }
        check(
            noon("XYZ", letter),
            &format!(
                "`2020-07-01 12:00XYZ` read by date pattern `yyyy-MM-dd HH:mm{letter}`: its zone is not known, \
                 write an offset such as +0530"
            ),
        );
    }
}

#[test]
fn abbreviations_are_those_of_the_own_zone_first() {
    let read = |text: &str, name: &str| lenient("yyyy-MM-dd HH:mm z", text, &zone(name));
    check(read("2020-07-01 12:00 CST", "Asia/Shanghai"), "2020-07-01T12:00:00+08:00[Asia/Shanghai]");
    check(read("2020-07-01 12:00 CST", "America/Chicago"), "2020-07-01T13:00:00-05:00[America/Chicago]");
    check(read("2020-10-25 02:30 CEST", "Europe/Berlin"), "2020-10-25T02:30:00+02:00[Europe/Berlin]");
    check(read("2020-10-25 02:30 CET", "Europe/Berlin"), "2020-10-25T02:30:00+01:00[Europe/Berlin]");
    check(read("2020-07-01 12:00 CET", "Europe/Berlin"), "2020-07-01T13:00:00+02:00[Europe/Berlin]");
    check(read("2020-01-01 12:00 cest", "Europe/Berlin"), "2020-01-01T11:00:00+01:00[Europe/Berlin]");
    check(read("2020-07-01 12:00 CDT", "Asia/Shanghai"), "2020-07-02T01:00:00+08:00[Asia/Shanghai]");
    check(read("2020-07-01 12:00 IST", "Asia/Kolkata"), "2020-07-01T12:00:00+05:30[Asia/Kolkata]");
}

#[test]
fn strict_reading_needs_possible_fields_that_agree() {
    let utc = TimeZone::UTC;
    let refused = |pattern: &str, text: &str, why: &str| {
        check(strict(pattern, text, &utc), &format!("`{text}` read by date pattern `{pattern}`: {why}"));
    };
    refused("yyyy-MM-dd", "2020-13-01", "MONTH cannot be 13");
    refused("yyyy-MM-dd", "2020-01-32", "DAY_OF_MONTH cannot be 32");
    refused("yyyy-MM-dd", "0000-01-01", "YEAR cannot be 0");
    refused("yyyy-MM-dd HH:mm", "2020-01-01 25:00", "HOUR_OF_DAY cannot be 25");
    refused("yyyy-MM-dd HH:mm", "2020-01-01 24:01", "HOUR_OF_DAY cannot be 24");
    refused("EEE yyyy-MM-dd", "Mon 2020-01-01", "DAY_OF_WEEK cannot be Mon");
    refused("yyyy-DDD", "2021-366", "DAY_OF_YEAR cannot be 366");
    refused("MM-dd", "01-01", "YEAR is missing");
    refused("yyyy-MM-dd hh:mm", "2020-01-01 10:00", "AM_PM is missing");
}

#[test]
fn strict_reading_wants_as_many_digits_as_letters() {
    let utc = TimeZone::UTC;
    check(
        strict("yyyy-MM-dd", "2020-1-01", &utc),
        "`2020-1-01` is not of date pattern `yyyy-MM-dd`: expected the number of a month at character 6",
    );
    check(strict("d/M/yyyy", "1/12/2020", &utc), "2020-12-01T00:00:00+00:00[UTC]");
    check(strict("dd.MM.yy", "01.12.45", &utc), "2045-12-01T00:00:00+00:00[UTC]");
    check(strict("yyyy-MM-dd HH:mm:ss.S", "2020-01-01 00:00:00.5", &utc), "2020-01-01T00:00:00.5+00:00[UTC]");
    check(
        strict("yyyyMMddHHmmssSSSSSS", "20200102030405000007", &utc),
        "2020-01-02T03:04:05.000007+00:00[UTC]",
    );
}

#[test]
fn strict_reading_does_without_time_and_zone() {
    check(
        strict("yyyy-MM-dd", "2020-07-01", &zone("Asia/Kolkata")),
        "2020-07-01T00:00:00+05:30[Asia/Kolkata]",
    );
    check(strict("MMM yyyy", "Jul 2020", &TimeZone::UTC), "2020-07-01T00:00:00+00:00[UTC]");
    check(strict("YYYY-ww-EEE", "2019-01-Sun", &TimeZone::UTC), "2018-12-30T00:00:00+00:00[UTC]");
    check(
        strict("yyyy-MM-dd YYYY-ww", "2018-12-30 2019-01", &TimeZone::UTC),
        "2018-12-30T00:00:00+00:00[UTC]",
    );
}

#[test]
fn strict_reading_follows_java_at_the_end_of_month_and_day() {
    let utc = TimeZone::UTC;
    check(strict("dd MMM yyyy", "31 Feb 2020", &utc), "2020-02-29T00:00:00+00:00[UTC]");
    check(strict("dd MMM yyyy", "31 Feb 2021", &utc), "2021-02-28T00:00:00+00:00[UTC]");
    check(strict("yyyy-MM-dd HH:mm", "2020-12-31 24:00", &utc), "2021-01-01T00:00:00+00:00[UTC]");
}

#[test]
fn a_strictly_read_offset_stays_unless_it_is_that_of_the_zone() {
    let read = |text: &str, name: &str| strict("yyyy-MM-dd HH:mmXXX", text, &zone(name));
    check(read("2020-07-01 12:00+02:00", "Asia/Kolkata"), "2020-07-01T12:00:00+02:00[+02:00]");
    check(read("2020-07-01 12:00+02:00", "Europe/Berlin"), "2020-07-01T12:00:00+02:00[Europe/Berlin]");
    check(read("2020-07-01 12:00Z", "Europe/Berlin"), "2020-07-01T12:00:00+00:00[UTC]");
}

#[test]
fn years_that_cannot_be_represented_are_refused() {
    for text in ["10000", "99999999", "2147483647"] {
        check(
            lenient("yyyy", text, &TimeZone::UTC),
            &format!("`{text}` read by date pattern `yyyy` is outside of the years -9999 to 9999"),
        );
    }
    for pattern in ["D", "d", "H", "h", "m", "w", "W", "F", "M"] {
        let error = lenient(pattern, "2147483647", &TimeZone::UTC).err();
        assert!(matches!(error, None | Some(DateError::OutOfRange { .. })), "{pattern}: {error:?}");
    }
    check(lenient("s", "2147483647", &TimeZone::UTC), "2038-01-19T03:14:07+00:00[UTC]");
    assert!(lenient("yyyy-MM-dd", "9999-12-31", &zone("America/New_York")).is_err());
}

#[test]
fn a_text_of_any_length_and_letters_is_refused_shortly() {
    let long = "é".repeat(200);
    check(
        lenient("yyyy", &long, &TimeZone::UTC),
        &format!("text of 400 bytes is too long for a date, at most 256 are allowed: `{}…`", "é".repeat(80)),
    );
    check(
        lenient("MMM yyyy", "Mäé", &TimeZone::UTC),
        "`Mäé` is not of date pattern `MMM yyyy`: expected the name of a month at character 1",
    );
    check(
        lenient("é-yyyy", "é+1", &TimeZone::UTC),
        "`é+1` is not of date pattern `é-yyyy`: expected `-` at character 2",
    );
    check(
        lenient("yyyy", "99999999999", &TimeZone::UTC),
        "`99999999999` is not of date pattern `yyyy`: expected a year at character 1",
    );
}
