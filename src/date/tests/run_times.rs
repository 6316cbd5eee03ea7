//! The date-time of a run.

use super::*;

#[test]
fn a_run_is_cut_to_seconds_and_its_date_to_the_day() {
    let run = RunTimes::from_millis(1_593_581_399_999, zone("Asia/Kolkata")).unwrap();
    let pattern = compiled("yyyy-MM-dd HH:mm:ss.SSS");
    assert_eq!(run.date_time_text(&pattern), "2020-07-01 10:59:59.000");
    assert_eq!(run.date_text(&pattern), "2020-07-01 00:00:00.000");
    assert_eq!(run.millis(), 1_593_581_399_000);
    assert_eq!(run.output_dir(), "2020Jul01-105959");
}

#[test]
fn times_before_1970_are_cut_towards_the_past() {
    let run = RunTimes::from_millis(-1, TimeZone::UTC).unwrap();
    assert_eq!(run.date_time(), &zoned("1969-12-31T23:59:59[UTC]"));
    assert_eq!(run.date(), &zoned("1969-12-31T00:00[UTC]"));
}

#[test]
fn a_day_without_midnight_begins_later() {
    let noon = zoned("2018-11-04T12:00[America/Sao_Paulo]");
    let run = RunTimes::from_millis(noon.timestamp().as_millisecond(), zone("America/Sao_Paulo")).unwrap();
    assert_eq!(run.date(), &zoned("2018-11-04T01:00[America/Sao_Paulo]"));
}

#[test]
fn a_given_run_date_time_is_read_by_the_pattern() {
    let pattern = compiled("dd-MM-yyyy HH:mm:ss");
    let run = |text: &str| RunTimes::from_text(text, &pattern, &india(), &reference());
    let times = run("01-07-2020 10:59:59").unwrap();
    assert_eq!(times.date_time_text(&pattern), "01-07-2020 10:59:59");
    assert_eq!(times.date_text(&pattern), "01-07-2020 00:00:00");
    assert!(run("2020").is_err());
}

#[test]
fn milliseconds_out_of_all_years_are_refused() {
    for millis in [i64::MAX, i64::MIN] {
        assert_eq!(
            RunTimes::from_millis(millis, TimeZone::UTC).unwrap_err().to_string(),
            format!("{millis} milliseconds since 1970 are outside of the years -9999 to 9999")
        );
    }
}

#[test]
fn the_high_date_is_read_in_the_zone() {
    let high = high_date("2037-12-31T23:59:59.999", &india()).unwrap();
    assert_eq!(high.to_string(), "2037-12-31T23:59:59.999+05:30[+05:30]");
    assert!(high_date("2037-12-31", &india()).is_err());
}
