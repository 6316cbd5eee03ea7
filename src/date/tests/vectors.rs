//! The test vectors of the specification, in zone +05:30.

use super::*;

const IN: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSZ";
const OUT: &str = "dd-MM-yyyy'T'HH:mm:ss.SSSZ";

/// What a date roller makes of `text`.
fn rolled(in_patterns: &str, roll: &str, out_pattern: &str, text: &str) -> Result<String, DateError> {
    let time = Alternatives::compile(in_patterns)?.parse_lenient(text, &india(), &reference())?;
    Ok(DatePattern::compile(out_pattern)?.format(&Roll::compile(roll)?.apply(&time)?))
}

fn check_roll(in_patterns: &str, roll: &str, out_pattern: &str, text: &str, expected: &str) {
    assert_eq!(rolled(in_patterns, roll, out_pattern, text).unwrap(), expected, "{text} rolled by {roll}");
}

#[test]
fn a_date_roller_rolls_its_vectors() {
    let all = "DAY_OF_MONTH=ceil HOUR=floor MINUTE=round SECOND=20";
    check_roll(IN, all, OUT, "2020-02-20T20:40:59.999+0530", "29-02-2020T12:59:20.999+0530");
    check_roll(IN, "MINUTE=round", OUT, "2037-12-31T23:25:59.999+0530", "31-12-2037T23:00:59.999+0530");
    check_roll("MMM ''YY", "DAY_OF_MONTH=ceil", "yyyy-MM-dd", "Dec '16", "2016-12-31");
    check_roll("MMM yy", "DAY_OF_MONTH=ceil", "yyyy-MM", "Dec 16", "2016-12");
}

#[test]
fn a_date_roller_reads_its_vectors() {
    let cases = [
        ("MMM ''YY", "Dec '16", "2016-12-01"),
        ("MMM ''YY", "dec '16", "2016-12-01"),
        ("MMM ''YY", "December '16", "2016-12-01"),
        ("MMM ''YY", "Dec '70", "1970-12-01"),
        ("MMM ''YY", "Dec '45", "2045-12-01"),
        ("dd MMM yyyy", "31 Feb 2020", "2020-03-02"),
        ("dd/MM/yyyy", "1/2/16", "0016-02-01"),
    ];
    for (pattern, text, expected) in cases {
        let time = compiled(pattern).parse_lenient(text, &india(), &reference()).unwrap();
        assert_eq!(compiled("yyyy-MM-dd").format(&time), expected, "{text}");
    }
}

#[test]
fn a_date_roller_refuses_a_blank_after_the_date() {
    let error = compiled("MMM ''YY").parse_lenient("Dec '16 ", &india(), &reference()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Dec '16 ` is not of date pattern `MMM ''YY`: expected the end at character 8"
    );
}

#[test]
fn a_date_formater_formats_its_vectors() {
    let formatted = |text: &str| {
        let time = Alternatives::compile(IN).unwrap().parse_strict(text, &india())?;
        Ok::<_, DateError>(compiled(OUT).format(&time))
    };
    assert_eq!(formatted("2037-12-31T23:59:59.999+0530").unwrap(), "31-12-2037T23:59:59.999+0530");
    assert_eq!(
        formatted("invalid date").unwrap_err().to_string(),
        format!("`invalid date` is not of date pattern `{IN}`: expected a year at character 1")
    );
}

#[test]
fn the_output_directory_is_named_by_its_vector() {
    let run = |text: &str| {
        let pattern = compiled("yyyy-MM-dd HH:mm:ss");
        RunTimes::from_text(text, &pattern, &india(), &reference()).unwrap().output_dir()
    };
    assert_eq!(run("2020-01-10 02:20:30"), "2020Jan10-022030");
    assert_eq!(run("2020-07-01 10:59:59"), "2020Jul01-105959");
}

#[test]
fn live_periods_of_the_vectors_are_read() {
    let fetched = zoned("2020-01-31T10:00[Asia/Kolkata]");
    let until = |text: &str| {
        let live = Live::parse(text, &compiled(IN), &india(), &reference())?;
        Ok::<_, DateError>(live.until(&fetched).datetime().to_string())
    };
    assert_eq!(until("PT0S").unwrap(), "2020-01-31T10:00:00");
    assert_eq!(until("P1W").unwrap(), "2020-02-07T10:00:00");
    assert_eq!(until("P2M").unwrap(), "2020-03-31T10:00:00");
    assert_eq!(until("PT5S").unwrap(), "2020-01-31T10:00:05");
    assert!(until("PT1W").is_err());
    assert!(until("X2M").is_err());
}
