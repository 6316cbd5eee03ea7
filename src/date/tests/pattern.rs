//! How patterns are written, and what they write.

use super::*;

fn check_error(pattern: &str, expected: &str) {
    assert_eq!(Alternatives::compile(pattern).unwrap_err().to_string(), expected);
}

fn check_written(time: &str, pattern: &str, expected: &str) {
    assert_eq!(compiled(pattern).format(&zoned(time)), expected, "{pattern}");
}

#[test]
fn a_bad_pattern_is_refused_with_the_place() {
    check_error("", "date pattern is empty");
    check_error(
        "yyyy-bb",
        "date pattern `yyyy-bb`: letter `b` at character 6 has no meaning, quote plain text as 'text'",
    );
    check_error(
        "dd 'of MMM",
        "date pattern `dd 'of MMM`: quote at character 4 is not closed, a single quote is written ''",
    );
    check_error("XXXX", "date pattern `XXXX`: letter `X` at character 1 is repeated more than 3 times");
    check_error(
        "é yyyyyyyyyy",
        "date pattern `é yyyyyyyyyy`: letter `y` at character 3 is repeated more than 9 times",
    );
    check_error("yyyy | | MM", "date patterns `yyyy | | MM`: an alternative is empty");
    check_error("yyyy|", "date patterns `yyyy|`: an alternative is empty");
    let long = "-".repeat(257);
    check_error(&long, "date pattern of 257 bytes is too long, at most 256 are allowed");
    let many = "y|".repeat(2000);
    check_error(&many, "date pattern of 4000 bytes is too long, at most 2048 are allowed");
}

#[test]
fn letters_are_written_by_their_count() {
    let time = "2020-07-03T00:05:09.0451[Asia/Kolkata]";
    check_written(time, "G GGGG y yy yyyy yyyyyy", "AD AD 2020 20 2020 002020");
    check_written(time, "M MM MMM MMMM L LLL", "7 07 Jul July 7 Jul");
    check_written(time, "d dd D DDDD w ww W F", "3 03 185 0185 27 27 1 1");
    check_written(time, "E EEE EEEE u uuuu", "Fri Fri Friday 5 2020");
    check_written(time, "a H HH k kk K h hh", "AM 0 00 24 24 0 12 12");
    check_written(time, "m mm s ss S SSS SSSS SSSSSS n", "5 05 9 09 45 045 0451 045100 45100000");
    check_written(time, "z zzzz Z ZZZZ ZZZZZ", "IST IST +0530 GMT+05:30 +05:30");
    check_written(time, "X XX XXX x xx xxx", "+0530 +0530 +05:30 +0530 +0530 +05:30");
}

#[test]
fn offsets_are_written_for_world_time_and_the_west() {
    check_written("2020-01-01T00:00[UTC]", "z Z ZZZZ X XXX x xxx", "UTC +0000 GMT Z Z +00 +00:00");
    check_written("2020-01-01T00:00-03:30[-03:30]", "z Z X XXX", "GMT-03:30 -0330 -0330 -03:30");
    check_written("2020-01-01T00:00-08:00[America/Los_Angeles]", "z X", "PST -08");
    check_written("2020-07-01T00:00[Europe/Berlin]", "z", "CEST");
}

#[test]
fn years_before_christ_are_written_with_their_era() {
    let time = compiled("yyyy MM dd G").parse_lenient("44 03 15 BC", &TimeZone::UTC, &reference()).unwrap();
    assert_eq!(time.year(), -43);
    assert_eq!(compiled("d MMM y G").format(&time), "15 Mar 44 BC");
}

#[test]
fn the_week_year_is_written_where_the_week_belongs() {
    for (date, expected) in [
        ("2018-12-29", "2018-52"),
        ("2018-12-30", "2019-01"),
        ("2019-01-01", "2019-01"),
        ("2016-12-31", "2016-53"),
        ("2017-01-01", "2017-01"),
    ] {
        check_written(&format!("{date}T12:00[UTC]"), "YYYY-ww", expected);
    }
}

#[test]
fn quotes_keep_plain_text() {
    let time = "2020-07-03T00:00[UTC]";
    check_written(time, "''yy'' 'o''clock' '|' [d] {é}", "'20' o'clock | [3] {é}");
    check_written(time, "dd'd''d'dd", "03d'd03");
}

#[test]
fn an_alternative_ends_at_a_bar_outside_of_quotes() {
    let patterns = Alternatives::compile("dd'|'MM ''yy | yyyy-MM-dd|MMM yyyy ").unwrap();
    let read = |text: &str| {
        patterns.parse_lenient(text, &TimeZone::UTC, &reference()).map(|time| time.date().to_string())
    };
    assert_eq!(read("03|07 '20").unwrap(), "2020-07-03");
    assert_eq!(read("2020-07-03").unwrap(), "2020-07-03");
    assert_eq!(read("Jul 2020 ").unwrap(), "2020-07-01");
    assert_eq!(
        read("Jul 2020").unwrap_err().to_string(),
        "`Jul 2020` is of none of the date patterns `dd'|'MM ''yy | yyyy-MM-dd|MMM yyyy `"
    );
}

#[test]
fn the_first_alternative_that_fits_wins() {
    let patterns = Alternatives::compile("MM/dd/yyyy|dd/MM/yyyy").unwrap();
    let strict = |text: &str| patterns.parse_strict(text, &TimeZone::UTC).map(|time| time.date().to_string());
    assert_eq!(strict("02/03/2020").unwrap(), "2020-02-03");
    assert_eq!(strict("13/03/2020").unwrap(), "2020-03-13");
    assert!(strict("13/13/2020").is_err());
}

#[test]
fn writing_appends() {
    let mut out = String::from("at ");
    compiled("HH:mm").format_into(&zoned("2020-07-03T10:59[UTC]"), &mut out);
    assert_eq!(out, "at 10:59");
}
