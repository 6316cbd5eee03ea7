//! What every decoder of a body has in common.
//!
//! Knows how a decoder is asked, step by step, and why a body cannot be taken. Does not know any format.

use crate::fetch::body::Overflow;

/// Why a body cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is larger than allowed, compressed or not.
    TooLarge,
    /// It does not match its coding.
    Corrupt,
    /// It ends before its coding allows.
    EndsEarly,
}

impl From<Overflow> for Fault {
    fn from(_: Overflow) -> Self {
        Self::TooLarge
    }
}

/// What a decoder did with some input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Bytes taken from the input.
    pub(super) read: usize,
    /// Bytes written to the output.
    pub(super) written: usize,
    /// Whether the body may end here.
    pub(super) complete: bool,
}

/// A decoder that is given what came and has room for what goes out.
pub(super) trait Decode: Send {
    /// Decompresses some of `input` to `output`. Taking nothing and returning nothing means that the decoder is done:
    /// what is left is not part of the body.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;
}
