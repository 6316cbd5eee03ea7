//! What a roll does to one field of a date-time.
//!
//! Knows the names of operations; to which fields they are applied is in `roll`, what that moves in `rolling`.

/// What is done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Its greatest value at that date.
    Ceil,
    /// Its least value.
    Floor,
    /// The least if it is at most half of the greatest, else the greatest.
    Round,
    /// This value, which may overflow.
    Set(i32),
}

impl Operation {
    /// Reads an operation; none if it is not one.
    pub(super) fn compile(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("ceil") => Some(Self::Ceil),
            _ if text.eq_ignore_ascii_case("floor") => Some(Self::Floor),
            _ if text.eq_ignore_ascii_case("round") => Some(Self::Round),
            number => number.parse().ok().map(Self::Set),
        }
    }
}
