//! The pieces that a date pattern is compiled to.
//!
//! Knows what a piece is made of. How patterns are written is in `pattern`, what letters stand for in `letter`.

use crate::date::letter::Letter;

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// This character.
    Plain(char),
    /// A run of a letter.
    Run {
        /// The letter.
        letter: Letter,
        /// How often it is repeated.
        count: u8,
        /// Whether a number follows at once, so that only `count` digits belong to this one.
        adjacent: bool,
    },
}

impl Token {
    /// `count` of a letter before which no number needs to end.
    pub(super) const fn run(letter: Letter, count: u8) -> Self {
        Self::Run { letter, count, adjacent: false }
    }
}
