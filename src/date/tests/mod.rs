//! Tests of dates, one file per thing that is asked of them.

mod java;
mod live;
mod pattern;
mod properties;
mod reading;
mod roll;
mod run_times;
mod vectors;

use jiff::Timestamp;
use jiff::Zoned;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

use super::*;

/// The zone +05:30 of the vectors.
fn india() -> TimeZone {
    TimeZone::fixed(Offset::from_seconds(19_800).unwrap())
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Two-digit years are 1946 to 2045.
fn reference() -> Zoned {
    zoned("2026-07-01T00:00[UTC]")
}

fn zoned(text: &str) -> Zoned {
    text.parse().unwrap()
}

fn compiled(pattern: &str) -> DatePattern {
    DatePattern::compile(pattern).unwrap()
}
