//! Durations as people write them: `250ms`, `1s`, `10m`, `2h`, `1d`, or a bare number in the unit of the setting.
//!
//! Knows the text only. What a setting allows is checked by who uses it.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// Units with their milliseconds; those that end in another one come first.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 60 * 60_000), ("d", 24 * 60 * 60_000)];

/// Reads a setting in milliseconds.
///
/// # Errors
/// It is not a duration.
pub(super) fn millis<'d, D: Deserializer<'d>>(value: D) -> Result<u64, D::Error> {
    value.deserialize_any(Duration { unit: 1, name: "milliseconds" })
}

/// Reads a setting in seconds. Parts of a second count as a whole one.
///
/// # Errors
/// It is not a duration.
pub(super) fn seconds<'d, D: Deserializer<'d>>(value: D) -> Result<u64, D::Error> {
    value.deserialize_any(Duration { unit: 1_000, name: "seconds" })
}

/// A duration that becomes a number of units.
struct Duration {
    /// Milliseconds of the unit.
    unit: u64,
    name: &'static str,
}

impl Duration {
    fn read(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        if let Ok(bare) = text.parse() {
            return Some(bare);
        }
        let (number, millis) =
            UNITS.iter().find_map(|(name, millis)| Some((text.strip_suffix(name)?, *millis)))?;
        let number: u64 = number.trim_end().parse().ok()?;
        number.checked_mul(millis).map(|millis| millis.div_ceil(self.unit))
    }
}

impl Visitor<'_> for Duration {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a duration such as 250ms, 10s, 5m, 2h or 1d; a bare number counts {}", self.name)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        self.read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_or_counts_in_that_of_its_setting() {
        let of = |unit, text: &str| Duration { unit, name: "" }.read(text);
        for (text, millis, seconds) in [
            ("0", Some(0), Some(0)),
            ("250", Some(250), Some(250)),
            ("250ms", Some(250), Some(1)),
            ("1s", Some(1_000), Some(1)),
            (" 10 m ", Some(600_000), Some(600)),
            ("2h", Some(7_200_000), Some(7_200)),
            ("1d", Some(86_400_000), Some(86_400)),
            ("", None, None),
            ("s", None, None),
            ("-1s", None, None),
            ("1.5s", None, None),
            ("1 week", None, None),
            ("18446744073709551615", Some(u64::MAX), Some(u64::MAX)),
            ("18446744073709551615s", None, None),
        ] {
            assert_eq!((of(1, text), of(1_000, text)), (millis, seconds), "{text}");
        }
    }
}
