//! The gzip format around deflate (RFC 1952), piece by piece.
//!
//! Knows headers, trailers and that several members may follow each other. Bytes after a member that do not
//! begin another are ignored, as browsers do: there are servers that pad.

use flate2::{Crc, Decompress};

use crate::fetch::decode::{Decode, Fault, Step};
use crate::fetch::deflate::inflate;

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

// Bits of the header's fourth byte.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// A decoder of gzip.
pub(super) struct Gzip {
    part: Part,
    inflate: Decompress,
    crc: Crc,
    members: usize,
}

/// What comes next.
enum Part {
    Header(Taken<10>),
    ExtraLength {
        flags: u8,
        taken: Taken<2>,
    },
    Extra {
        flags: u8,
        left: usize,
    },
    /// A text up to a NUL: the name or the comment, whichever of their flags is left.
    Text {
        flags: u8,
    },
    HeaderCrc(Taken<2>),
    Data,
    Trailer(Taken<8>),
    /// A member is complete; another one may begin.
    Between,
    /// What follows is not ours.
    After,
}

/// A field of fixed length that may come in pieces.
struct Taken<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Taken<N> {
    fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Returns the first bytes taken, at most `count`.
    fn first(&self, count: usize) -> &[u8] {
        self.bytes.get(..self.length.min(count)).unwrap_or_default()
    }

    /// Takes what is missing from `input`; says how much that was, and the field once it is whole.
    fn take(&mut self, input: &[u8]) -> (usize, Option<[u8; N]>) {
        let mut read = 0;
        for (slot, byte) in self.bytes.iter_mut().skip(self.length).zip(input) {
            *slot = *byte;
            read += 1;
        }
        self.length += read;
        (read, (self.length == N).then_some(self.bytes))
    }
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            part: Part::Header(Taken::new()),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            members: 0,
        }
    }

    /// Reads what is around the data. Returns how much was read; 0 where nothing can be read.
    fn frame(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let (read, next) = match &mut self.part {
            Part::Header(taken) => {
                let (read, header) = taken.take(input);
                // The first byte tells a file that is not gzip from one that ends early.
                if !MAGIC.starts_with(taken.first(MAGIC.len())) {
                    return Err(Fault::Corrupt);
                }
                (read, header.map(begin).transpose()?)
            }
            Part::ExtraLength { flags, taken } => {
                let (read, length) = taken.take(input);
                let next =
                    |length| Part::Extra { flags: *flags, left: usize::from(u16::from_le_bytes(length)) };
                (read, length.map(next))
            }
            Part::Extra { flags, left } => {
                let read = input.len().min(*left);
                *left -= read;
                (read, (*left == 0).then(|| after_extra(*flags)))
            }
            Part::Text { flags } => match input.iter().position(|byte| *byte == 0) {
                None => (input.len(), None),
                Some(end) => {
                    let rest = if *flags & NAME != 0 { *flags & !NAME } else { *flags & !COMMENT };
                    (end + 1, Some(after_extra(rest)))
                }
            },
            Part::HeaderCrc(taken) => {
                let (read, crc) = taken.take(input);
                (read, crc.map(|_| Part::Data))
            }
            Part::Trailer(taken) => {
                let (read, trailer) = taken.take(input);
                (read, trailer.map(|trailer| end(trailer, &self.crc)).transpose()?)
            }
            Part::Between => {
                let another = input.first().map(|first| *first == MAGIC[0]);
                (0, another.map(|another| if another { Part::Header(Taken::new()) } else { Part::After }))
            }
            Part::Data | Part::After => (0, None),
        };
        if let Some(next) = next {
            self.enter(next);
        }
        Ok(read)
    }

    fn enter(&mut self, part: Part) {
        match part {
            Part::Between => self.members += 1,
            Part::Header(_) => {
                self.inflate.reset(false);
                self.crc.reset();
            }
            _ => {}
        }
        self.part = part;
    }
}

impl Decode for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut read = 0;
        let mut written = 0;
        while !matches!(self.part, Part::After) {
            let rest = input.get(read..).unwrap_or_default();
            if matches!(self.part, Part::Data) {
                let step = inflate(&mut self.inflate, rest, output)?;
                self.crc.update(output.get(..step.written).unwrap_or_default());
                (read, written) = (read + step.read, step.written);
                if step.complete {
                    self.enter(Part::Trailer(Taken::new()));
                }
                break;
            }
            if rest.is_empty() {
                break;
            }
            read += self.frame(rest)?;
        }
        if matches!(self.part, Part::After) {
            read = input.len();
        }
        let complete = self.members > 0 && matches!(self.part, Part::Between | Part::After);
        Ok(Step { read, written, complete })
    }
}

fn begin(header: [u8; 10]) -> Result<Part, Fault> {
    let [id1, id2, method, flags, ..] = header;
    if [id1, id2, method] != MAGIC {
        return Err(Fault::Corrupt);
    }
    Ok(if flags & EXTRA != 0 { Part::ExtraLength { flags, taken: Taken::new() } } else { after_extra(flags) })
}

fn after_extra(flags: u8) -> Part {
    if flags & (NAME | COMMENT) != 0 {
        Part::Text { flags }
    } else if flags & HEADER_CRC != 0 {
        Part::HeaderCrc(Taken::new())
    } else {
        Part::Data
    }
}

fn end(trailer: [u8; 8], crc: &Crc) -> Result<Part, Fault> {
    let [a, b, c, d, e, f, g, h] = trailer;
    let (sum, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    if (sum, length) != (crc.sum(), crc.amount()) { Err(Fault::Corrupt) } else { Ok(Part::Between) }
}
