//! Live periods.

use super::*;

const PATTERN: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSZ";

fn live(text: &str) -> Result<Live, DateError> {
    Live::parse(text, &compiled(PATTERN), &zone("Europe/Berlin"), &reference())
}

fn check(text: &str, fetched: &str, expected: &str) {
    let until = live(text).unwrap().until(&zoned(fetched));
    assert_eq!(until, zoned(expected), "{text}");
}

#[test]
fn periods_count_from_the_fetch() {
    let fetched = "2020-01-31T10:00[Europe/Berlin]";
    for (text, expected) in [
        ("PT6H", "2020-01-31T16:00[Europe/Berlin]"),
        ("P1DT2H", "2020-02-01T12:00[Europe/Berlin]"),
        ("PT5S", "2020-01-31T10:00:05[Europe/Berlin]"),
        ("P1W", "2020-02-07T10:00[Europe/Berlin]"),
        ("P1M", "2020-02-29T10:00[Europe/Berlin]"),
        ("P1Y", "2021-01-31T10:00[Europe/Berlin]"),
        ("P3D", "2020-02-03T10:00[Europe/Berlin]"),
        (" p1w ", "2020-02-07T10:00[Europe/Berlin]"),
        ("P1Y2M3DT4H", "2021-04-03T14:00[Europe/Berlin]"),
        ("P2M", "2020-03-31T10:00[Europe/Berlin]"),
    ] {
        check(text, fetched, expected);
    }
}

#[test]
fn a_date_time_counts_as_it_is() {
    check(
        "2020-07-01T10:00:00.000+0530",
        "2020-01-31T10:00[Europe/Berlin]",
        "2020-07-01T06:30[Europe/Berlin]",
    );
}

#[test]
fn nothing_is_zero() {
    for text in ["0", "", " ", "PT0S", "P0D"] {
        assert!(matches!(live(text), Ok(Live::Zero)), "{text}");
    }
}

#[test]
fn anything_else_is_refused() {
    for text in ["PT1W", "X2M", "P", "PT", "P1H", "tomorrow", "1", "P99999999999999999999D", "2020-07-01"] {
        assert_eq!(
            live(text).unwrap_err().to_string(),
            format!(
                "live `{text}` is not 0, a period such as P1W or PT6H, or a date-time of pattern `{PATTERN}`"
            )
        );
    }
    assert!(live(&"P1D".repeat(1000)).is_err());
}

#[test]
fn a_page_is_live_before_the_end_only() {
    let fetched = zoned("2020-01-31T10:00[UTC]");
    let is_live = |text: &str, run: &str| live(text).unwrap().is_live(&fetched, &zoned(run));
    assert!(is_live("P1D", "2020-02-01T09:59:59[UTC]"));
    assert!(!is_live("P1D", "2020-02-01T10:00[UTC]"));
    assert!(!is_live("-P1D", "2020-01-31T10:00[UTC]"));
    assert!(is_live("2020-03-01T00:00:00.000+0000", "2020-02-29T10:00[UTC]"));
    assert!(!is_live("2020-03-01T00:00:00.000+0000", "2020-03-01T00:00[UTC]"));
}

#[test]
fn zero_is_never_live_even_when_the_clock_was_set_back() {
    let fetched = zoned("2020-01-31T10:00[UTC]");
    assert!(!live("0").unwrap().is_live(&fetched, &zoned("2019-01-01T00:00[UTC]")));
}

#[test]
fn an_endless_period_ends_with_time() {
    let until = live("P19998Y").unwrap().until(&zoned("2020-01-31T10:00[UTC]"));
    assert_eq!(until.year(), 9999);
}
