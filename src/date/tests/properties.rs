//! What must hold for every date, text and roll.

use proptest::prelude::*;

use super::*;

/// Patterns that say all down to the millisecond, and the offset.
const FULL: [&str; 8] = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "dd MMMM yyyy hh:mm:ss.SSS a XXX",
    "EEE, d MMM yyyy k:m:s.SSS X",
    "yyyyMMddHHmmssSSSxx",
    "G y M d K:m:s SSS a ZZZZ",
    "yyyy DDD HH:mm:ss.SSSSSS ZZZZZ",
    "uuuu-MM-dd HH:mm:ss n xxx",
    "EEEE F MMM yyyy H:mm:ss.SSS Z",
];

/// The pattern with the weeks of the year, read by the letter only where it says the week year.
const WEEKS: &str = "YYYY-ww-EEE HH:mm:ss.SSSZ";

const ZONES: [&str; 5] = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"];

/// Instants from 1955 to 2100, when offsets have no seconds.
fn times() -> impl Strategy<Value = Zoned> {
    let millis = -473_385_600_000_i64..4_102_444_800_000;
    (millis, prop::sample::select(&ZONES[..]))
        .prop_map(|(millis, name)| Timestamp::from_millisecond(millis).unwrap().to_zoned(zone(name)))
}

proptest! {
    #[test]
    fn what_is_written_in_full_is_read_as_the_same_instant(
        time in times(),
        pattern in prop::sample::select(&FULL[..]),
        other in prop::sample::select(&ZONES[..]),
    ) {
        let pattern = compiled(pattern);
        let text = pattern.format(&time);
        prop_assert_eq!(&pattern.parse_lenient(&text, &zone(other), &reference()).unwrap(), &time, "{}", &text);
        prop_assert_eq!(&pattern.parse_strict(&text, &zone(other)).unwrap(), &time, "{}", &text);
    }

    #[test]
    fn weeks_are_read_as_they_are_written(time in times()) {
        let pattern = compiled(WEEKS);
        let text = pattern.format(&time);
        prop_assert_eq!(&pattern.parse_strict(&text, &TimeZone::UTC).unwrap(), &time, "{}", &text);
    }

    #[test]
    fn abbreviations_of_the_zone_are_read_back(time in times()) {
        let pattern = compiled("yyyy-MM-dd HH:mm:ss.SSS z");
        let text = pattern.format(&time);
        let read = pattern.parse_lenient(&text, time.time_zone(), &reference()).unwrap();
        prop_assert_eq!(&read, &time, "{}", &text);
    }

    #[test]
    fn no_pattern_and_no_text_makes_reading_fail_otherwise_than_by_an_error(
        pattern in "[GyYMLwWDdFEuaHkKhmsSnzZXx' é:|-]{0,20}",
        text in "[0-9A-Za-z +:é'|-]{0,40}",
    ) {
        if let Ok(patterns) = Alternatives::compile(&pattern) {
            let lenient = patterns.parse_lenient(&text, &zone("Europe/Berlin"), &reference());
            let strict = patterns.parse_strict(&text, &zone("Europe/Berlin"));
            for error in [lenient.err(), strict.err()].into_iter().flatten() {
                prop_assert!(error.to_string().len() < 600);
            }
        }
    }

    #[test]
    fn no_roll_fails_otherwise_than_by_an_error(
        time in times(),
        fields in prop::collection::vec((0..16_usize, any::<i32>(), -100..100_i32), 1..5),
    ) {
        let roll: Vec<String> = fields
            .iter()
            .map(|&(field, far, near)| {
                let (name, _) = crate::date::field::NAMES[field];
                let operation = match far.rem_euclid(5) {
                    0 => "ceil".to_owned(),
                    1 => "floor".to_owned(),
                    2 => "round".to_owned(),
                    3 if name != "ERA" => far.to_string(),
                    _ if name != "ERA" => near.to_string(),
                    _ => "1".to_owned(),
                };
                format!("{name}={operation}")
            })
            .collect();
        let roll = Roll::compile(&roll.join(" ")).unwrap();
        if let Ok(rolled) = roll.apply(&time) {
            prop_assert_eq!(rolled.time_zone(), time.time_zone());
        }
    }
}
