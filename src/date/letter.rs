//! The letters of a date pattern.
//!
//! Knows which letters there are, which need a number in the text, and how a message describes what they
//! stand for. Where `SimpleDateFormat` and `java.time` give a letter two meanings, the rule is here.

/// What a run of one letter stands for. Variants are named by meaning; Java's letter is in their docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    /// `G`
    Era,
    /// `y`, and `uu` and longer.
    Year,
    /// `Y`
    WeekYear,
    /// `M`, `L`
    Month,
    /// `w`
    WeekOfYear,
    /// `W`
    WeekOfMonth,
    /// `D`
    DayOfYear,
    /// `d`
    DayOfMonth,
    /// `F`
    DayOfWeekInMonth,
    /// `E`
    DayName,
    /// A single `u`: 1 is Monday.
    DayNumber,
    /// `a`
    AmPm,
    /// `H`: 0 to 23.
    Hour23,
    /// `k`: 1 to 24.
    Hour24,
    /// `K`: 0 to 11.
    Hour11,
    /// `h`: 1 to 12.
    Hour12,
    /// `m`
    Minute,
    /// `s`
    Second,
    /// `S` to `SSS`
    Millisecond,
    /// `SSSS` and longer: digits after the decimal point.
    Fraction,
    /// `n`
    Nanosecond,
    /// `z`
    ZoneName,
    /// `Z`
    Offset,
    /// `X`: as ISO 8601, `Z` for zero.
    OffsetOrZ,
    /// `x`: as ISO 8601, digits for zero.
    OffsetDigits,
}

impl Letter {
    /// The meaning of `letter` repeated `count` times.
    pub(super) fn new(letter: char, count: usize) -> Option<Self> {
        Some(match letter {
            'G' => Self::Era,
            'y' => Self::Year,
            'u' if count == 1 => Self::DayNumber,
            'u' => Self::Year,
            'Y' => Self::WeekYear,
            'M' | 'L' => Self::Month,
            'w' => Self::WeekOfYear,
            'W' => Self::WeekOfMonth,
            'D' => Self::DayOfYear,
            'd' => Self::DayOfMonth,
            'F' => Self::DayOfWeekInMonth,
            'E' => Self::DayName,
            'a' => Self::AmPm,
            'H' => Self::Hour23,
            'k' => Self::Hour24,
            'K' => Self::Hour11,
            'h' => Self::Hour12,
            'm' => Self::Minute,
            's' => Self::Second,
            'S' if count <= 3 => Self::Millisecond,
            'S' => Self::Fraction,
            'n' => Self::Nanosecond,
            'z' => Self::ZoneName,
            'Z' => Self::Offset,
            'X' => Self::OffsetOrZ,
            'x' => Self::OffsetDigits,
            _ => return None,
        })
    }

    /// How often the letter may be repeated.
    pub(super) fn most(self) -> usize {
        match self {
            Self::OffsetOrZ | Self::OffsetDigits => 3,
            Self::Offset => 5,
            _ => 9,
        }
    }

    /// Whether `count` of this letter are written as digits.
    pub(super) fn is_number(self, count: u8) -> bool {
        match self {
            Self::Month => count < 3,
            Self::Era | Self::DayName | Self::AmPm => false,
            Self::ZoneName | Self::Offset | Self::OffsetOrZ | Self::OffsetDigits => false,
            _ => true,
        }
    }

    /// What a message says that it wants.
    pub(super) fn wanted(self, count: u8) -> &'static str {
        match self {
            Self::Era => "AD or BC",
            Self::Year | Self::WeekYear => "a year",
            Self::Month if count < 3 => "the number of a month",
            Self::Month => "the name of a month",
            Self::WeekOfYear => "the week of the year",
            Self::WeekOfMonth => "the week of the month",
            Self::DayOfYear => "the day of the year",
            Self::DayOfMonth => "the day of the month",
            Self::DayOfWeekInMonth => "which of its weekday in the month",
            Self::DayName => "the name of a weekday",
            Self::DayNumber => "the number of a weekday",
            Self::AmPm => "AM or PM",
            Self::Hour23 | Self::Hour24 | Self::Hour11 | Self::Hour12 => "an hour",
            Self::Minute => "minutes",
            Self::Second => "seconds",
            Self::Millisecond => "milliseconds",
            Self::Fraction => "a fraction of a second",
            Self::Nanosecond => "nanoseconds",
            Self::ZoneName => "a zone",
            Self::Offset | Self::OffsetOrZ | Self::OffsetDigits => "an offset such as +0530",
        }
    }
}
