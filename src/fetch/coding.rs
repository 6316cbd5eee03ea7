//! Bodies that servers compress, decompressed piece by piece into a bounded body.
//!
//! Knows the content codings gzip, deflate, br and zstd. Does not know HTTP. The decoders are driven here and
//! not inside the HTTP client for the sake of their limits: what they may allocate for a window (8 MiB for
//! zstd as RFC 9659 has it, 16 MiB for brotli, where the format's large windows would be 1 GiB), what they
//! take in without giving anything out, and that a body which ends early is never taken for a whole one,
//! whatever way the network cut it into pieces.
//!
//! ```text
//! piece ─▶ Inflow (counts) ─┬─ plain ──────────────────────────┬─▶ Body (counts) ─▶ Bytes
//!                           └─ Coding::step, 16 KiB at a time ─┘
//! ```

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, Operation};

use crate::fetch::body::Body;
use crate::fetch::decode::{Decode, Fault, Step};
use crate::fetch::deflate::Deflate;
use crate::fetch::gzip::Gzip;

/// What we ask servers for.
pub(super) const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// Most nested codings of one body.
const MOST_CODINGS: usize = 3;

/// How much is decompressed at a time.
const PIECE: usize = 16 * 1024;

/// Largest window of zstd, as a power of two.
const ZSTD_WINDOW: u32 = 23;

/// A content coding of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// Returns the codings that a `Content-Encoding` lists, in the order in which the server applied them; `None` if one is
    /// unknown, or if there are more than [`MOST_CODINGS`].
    pub(super) fn listed(names: &str) -> Option<Vec<Self>> {
        let all = names.split(',').map(Self::named);
        let mut codings = Vec::new();
        for coding in all {
            match coding? {
                Self::Identity => {}
                _ if codings.len() == MOST_CODINGS => return None,
                coding => codings.push(coding),
            }
        }
        Some(codings)
    }

    /// Returns the coding of this name; `None` if it is unknown.
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A body on its way in.
pub(super) struct Inflow {
    body: Body,
    /// The coding that was applied last comes first.
    decoders: Vec<Decoder>,
    /// Bytes that may still come over the line.
    line: usize,
}

struct Decoder {
    decode: Box<dyn Decode>,
    output: Box<[u8]>,
    /// Bytes that it may still produce before the next decoder reads them.
    left: usize,
    begun: bool,
    complete: bool,
}

impl Inflow {
    /// A body of at most `limit` bytes, compressed and not, where the server `announced` how many come.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] if more are announced than allowed.
    pub(super) fn new(codings: &[Coding], announced: Option<u64>, limit: usize) -> Result<Self, Fault> {
        let body = Body::new(announced, limit)?;
        let decoders = codings.iter().rev().filter_map(|coding| Decoder::new(*coding, limit).transpose());
        Ok(Self { body, decoders: decoders.collect::<Result<_, _>>()?, line: limit })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] or [`Fault::Corrupt`].
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.line = self.line.checked_sub(piece.len()).ok_or(Fault::TooLarge)?;
        push(&mut self.decoders, piece, &mut self.body)
    }

    /// Returns the bytes received so far, decompressed.
    pub(super) fn so_far(&self) -> &[u8] {
        self.body.so_far()
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Fault::EndsEarly`] if something is missing.
    pub(super) fn finish(self) -> Result<Bytes, Fault> {
        // An empty body is an empty page, whatever coding the server declares.
        if self.decoders.iter().any(|decoder| decoder.begun && !decoder.complete) {
            return Err(Fault::EndsEarly);
        }
        Ok(self.body.finish())
    }
}

/// Passes `piece` through all decoders (there are few) to the body.
fn push(decoders: &mut [Decoder], piece: &[u8], body: &mut Body) -> Result<(), Fault> {
    match decoders.split_first_mut() {
        None => Ok(body.push(piece)?),
        Some((decoder, others)) => decoder.push(piece, others, body),
    }
}

impl Decoder {
    fn new(coding: Coding, limit: usize) -> Result<Option<Self>, Fault> {
        let decode: Box<dyn Decode> = match coding {
            Coding::Identity => return Ok(None),
            Coding::Gzip => Box::new(Gzip::new()),
            Coding::Deflate => Box::new(Deflate::new()),
            Coding::Brotli => Box::new(Brotli::new()),
            Coding::Zstd => Box::new(Zstd::new()?),
        };
        let output = vec![0; PIECE].into_boxed_slice();
        Ok(Some(Self { decode, output, left: limit, begun: false, complete: false }))
    }

    fn push(&mut self, mut piece: &[u8], others: &mut [Self], body: &mut Body) -> Result<(), Fault> {
        self.begun |= !piece.is_empty();
        loop {
            let step = self.decode.step(piece, &mut self.output)?;
            self.left = self.left.checked_sub(step.written).ok_or(Fault::TooLarge)?;
            push(others, self.output.get(..step.written).unwrap_or_default(), body)?;
            piece = piece.get(step.read..).unwrap_or_default();
            self.complete = step.complete;
            let stuck = step.read == 0 && step.written == 0;
            if stuck || piece.is_empty() && step.written < self.output.len() {
                return Ok(());
            }
        }
    }
}

struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    total: usize,
}

impl Brotli {
    fn new() -> Self {
        // Strict: no large windows, which HTTP does not have either.
        let alloc = StandardAlloc::default;
        Self { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), total: 0 }
    }
}

impl Decode for Brotli {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let (mut left, mut room, mut read, mut written) = (input.len(), output.len(), 0, 0);
        let state = &mut *self.state;
        let total = &mut self.total;
        match BrotliDecompressStream(
            &mut left,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            total,
            state,
        ) {
            BrotliResult::ResultFailure => Err(Fault::Corrupt),
            BrotliResult::ResultSuccess => Ok(Step { read, written, complete: true }),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
                Ok(Step { read, written, complete: false })
            }
        }
    }
}

struct Zstd {
    decoder: ZstdDecoder<'static>,
    complete: bool,
}

impl Zstd {
    fn new() -> Result<Self, Fault> {
        let mut decoder = ZstdDecoder::new().map_err(|_| Fault::Corrupt)?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(|_| Fault::Corrupt)?;
        Ok(Self { decoder, complete: false })
    }
}

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.complete && input.is_empty() {
            // Asking on would begin a new frame.
            return Ok(Step { read: 0, written: 0, complete: true });
        }
        let status = self.decoder.run_on_buffers(input, output).map_err(|_| Fault::Corrupt)?;
        self.complete = status.remaining == 0;
        Ok(Step { read: status.bytes_read, written: status.bytes_written, complete: self.complete })
    }
}

#[cfg(test)]
mod tests;
