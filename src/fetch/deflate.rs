//! The deflate format, bare or as zlib, piece by piece.
//!
//! Knows which of the two a body is by its first byte. Does not know gzip, which has deflate inside: see `gzip.rs`.

use flate2::{Decompress, FlushDecompress, Status};

use crate::fetch::decode::{Decode, Fault, Step};

/// One step of inflating. `complete` says that the deflate stream has ended.
pub(super) fn inflate(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
    let (total_in, total_out) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None).map_err(|_| Fault::Corrupt)?;
    let length = |total: u64, before: u64| usize::try_from(total - before).map_err(|_| Fault::Corrupt);
    Ok(Step {
        read: length(inflate.total_in(), total_in)?,
        written: length(inflate.total_out(), total_out)?,
        complete: status == Status::StreamEnd,
    })
}

/// What HTTP calls deflate is the zlib format, and what some servers send for it is bare deflate; the first byte shows
/// which.
pub(super) struct Deflate {
    inflate: Option<Decompress>,
    complete: bool,
}

impl Deflate {
    pub(super) fn new() -> Self {
        Self { inflate: None, complete: false }
    }
}

impl Decode for Deflate {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        const ZLIB: u8 = 8;
        let state = match (&mut self.inflate, input.first()) {
            (Some(state), _) if !self.complete => state,
            (None, Some(first)) => self.inflate.insert(Decompress::new(first & 0x0f == ZLIB)),
            _ => return Ok(Step { read: 0, written: 0, complete: self.complete }),
        };
        let step = inflate(state, input, output)?;
        self.complete = step.complete;
        Ok(step)
    }
}
