//! Runs a [`Program`] on a text, in counted steps.
//!
//! A step is one instruction at one position of the text. So the number of steps measures the work: each instruction
//! reads at most one character and costs one step. What failed at a point once fails there again, and a look-ahead
//! finds again what it found before; the machine stores both, one bit for each point and position. So a pattern without
//! references takes steps in proportion to the text, however deeply it is nested: `a(?!.*z)b` reads the rest of the
//! text once, not once for each `a`.

use fancy_regex::Assertion;
use memchr::memchr;

use super::program::{Insn, Program};

/// Most bits that one search stores: 16 MiB. Above that the machine tries every branch again, and the steps run out.
const MAX_BITS: usize = 128 << 20;
/// Most branches that are left to try: 32 MiB.
const MAX_WAYS: usize = 2 << 20;
/// Bits that can be cleared for the price of one step.
const BITS_A_STEP: usize = 4096;
/// The value of a register before the first write.
const UNSET: u32 = u32::MAX;

/// A search took more steps than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// The kind of a nested program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The whole program.
    Whole,
    Ahead,
    /// Its match has to end at this position.
    Behind(usize),
    Atomic,
}

/// A state to return to.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Another branch; the trail is then as long as it was.
    Try { pc: u32, at: u32, trail: u32 },
    /// A register had this value.
    Restore { register: u32, value: u32 },
}

/// A search in one text.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    program: &'a Program,
    text: &'a str,
    steps: u64,
    ways: Vec<Way>,
    registers: Vec<u32>,
    /// Points on the current path.
    trail: Vec<u32>,
    /// By point and position: tried and failed (unless `held` says otherwise), or still being tried.
    failed: Bits,
    held: Bits,
}

impl<'a> Machine<'a> {
    /// A search that may take `steps` steps.
    pub(super) fn new(program: &'a Program, text: &'a str, steps: u64) -> Self {
        let bits = (program.points as usize).checked_mul(text.len() + 1).filter(|bits| *bits <= MAX_BITS);
        let failed = Bits::new(bits.unwrap_or(0));
        let steps = steps.saturating_sub((failed.len() / BITS_A_STEP) as u64);
        let registers = vec![UNSET; program.registers as usize];
        Self { program, text, steps, ways: vec![], registers, trail: vec![], failed, held: Bits::default() }
    }

    /// Returns the steps that are left.
    pub(super) fn left(&self) -> u64 {
        self.steps
    }

    /// Whether the program matches anywhere.
    pub(super) fn search(&mut self) -> Result<bool, Exhausted> {
        // Positions are stored as u32; a page is not that long.
        if u32::try_from(self.text.len()).is_err() {
            return Err(Exhausted);
        }
        let mut from = 0;
        while let Some(start) = self.candidate(from) {
            if self.run(0, start, Level::Whole)?.is_some() {
                return Ok(true);
            }
            match self.text[start..].chars().next() {
                Some(c) => from = start + c.len_utf8(),
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Returns the next position from `from` on where a match may begin.
    fn candidate(&self, from: usize) -> Option<usize> {
        match self.program.code.first() {
            Some(Insn::Char(c)) if c.is_ascii() => {
                memchr(*c as u8, self.text.as_bytes().get(from..)?).map(|at| from + at)
            }
            Some(Insn::Assert(Assertion::StartText)) => (from == 0).then_some(0),
            _ => Some(from),
        }
    }

    /// Runs a program from `pc`, and returns where its match ends.
    fn run(&mut self, pc: u32, at: usize, level: Level) -> Result<Option<usize>, Exhausted> {
        let (ways, trail) = (self.ways.len(), self.trail.len());
        let (mut pc, mut at) = (pc, at);
        loop {
            self.steps = self.steps.checked_sub(1).ok_or(Exhausted)?;
            let Some(insn) = self.program.code.get(pc as usize) else { return Ok(None) };
            let next = match insn {
                Insn::Match => match level {
                    Level::Behind(end) if end != at => None,
                    _ => {
                        self.succeed(ways, trail, level);
                        return Ok(Some(at));
                    }
                },
                Insn::Split { first, second, point } => match self.enter(*point, at) {
                    Known::Held if level == Level::Ahead => {
                        self.succeed(ways, trail, level);
                        return Ok(Some(at));
                    }
                    Known::Held | Known::Failed => None,
                    Known::Nothing => {
                        self.push(Way::Try { pc: *second, at: place(at), trail: self.trail.len() as u32 })?;
                        Some((*first, at))
                    }
                },
                insn => self.step(insn, pc, at)?,
            };
            match next.or_else(|| self.back(ways)) {
                Some(next) => (pc, at) = next,
                None => {
                    self.trail.truncate(trail);
                    return Ok(None);
                }
            }
        }
    }

    /// Runs an instruction that does not branch, and returns where it leads.
    fn step(&mut self, insn: &Insn, pc: u32, at: usize) -> Result<Option<(u32, usize)>, Exhausted> {
        let next = pc + 1;
        let moved = |c: Option<char>| c.map(|c| (next, at + c.len_utf8()));
        let here = |holds: bool| holds.then_some((next, at));
        Ok(match insn {
            Insn::Char(c) => moved(self.char_at(at).filter(|found| found == c)),
            Insn::Set(set) => {
                let set = self.program.sets.get(*set as usize);
                moved(self.char_at(at).filter(|found| set.is_some_and(|set| set.has(*found))))
            }
            Insn::Any => moved(self.char_at(at)),
            Insn::Jump(to) => Some((*to, at)),
            Insn::Assert(assertion) => here(self.holds(*assertion, at)),
            Insn::Save(register) => {
                self.save(*register, place(at))?;
                Some((next, at))
            }
            Insn::Progress { register, out } => {
                Some((if self.register(*register) == place(at) { *out } else { next }, at))
            }
            Insn::Reference { register, fold } => {
                self.reference(*register, *fold, at)?.map(|end| (next, end))
            }
            Insn::Ahead { negative, after } => {
                let holds = self.look(*negative, |machine| {
                    machine.run(next, at, Level::Ahead).map(|end| end.is_some())
                })?;
                holds.then_some((*after, at))
            }
            Insn::Behind { negative, after, least, most } => {
                let holds = self.look(*negative, |machine| machine.behind(next, at, *least, *most))?;
                holds.then_some((*after, at))
            }
            Insn::Atomic { after } => self.run(next, at, Level::Atomic)?.map(|end| (*after, end)),
            // `run` handles these.
            Insn::Match | Insn::Split { .. } => None,
        })
    }

    /// Whether a look-around holds. Undoes what a negative one has written.
    fn look(
        &mut self,
        negative: bool,
        look: impl FnOnce(&mut Self) -> Result<bool, Exhausted>,
    ) -> Result<bool, Exhausted> {
        let ways = self.ways.len();
        let found = look(self)?;
        if negative && found {
            self.unwind(ways);
        }
        Ok(found != negative)
    }

    /// Whether a match of the program at `pc` ends at `end`.
    fn behind(&mut self, pc: u32, end: usize, least: u32, most: Option<u32>) -> Result<bool, Exhausted> {
        let mut start = end;
        let mut count = 0;
        loop {
            self.steps = self.steps.checked_sub(1).ok_or(Exhausted)?;
            if count >= least && self.run(pc, start, Level::Behind(end))?.is_some() {
                return Ok(true);
            }
            let Some(before) = self.text[..start].chars().next_back() else { return Ok(false) };
            if most.is_some_and(|most| count >= most) {
                return Ok(false);
            }
            start -= before.len_utf8();
            count += 1;
        }
    }

    /// Returns what is known of a point at a position, and marks it as being tried.
    fn enter(&mut self, point: Option<u32>, at: usize) -> Known {
        let Some(point) = point else { return Known::Nothing };
        let bit = point as usize * (self.text.len() + 1) + at;
        match self.failed.set(bit) {
            None => Known::Nothing,
            Some(true) if self.held.has(bit) => Known::Held,
            Some(true) => Known::Failed,
            Some(false) => {
                // Cannot truncate: see `MAX_BITS`.
                self.trail.push(bit as u32);
                Known::Nothing
            }
        }
    }

    /// A program has matched: drops its other branches and stores what it passed.
    fn succeed(&mut self, ways: usize, trail: usize, level: Level) {
        match level {
            Level::Whole => {}
            // A path to the end of a look-ahead leads there again.
            Level::Ahead => {
                self.held.grow_to(self.failed.len());
                for bit in self.trail.drain(trail..) {
                    self.held.set(bit as usize);
                }
            }
            // The end of an atomic group depends on where it began.
            Level::Behind(_) | Level::Atomic => {
                for bit in self.trail.drain(trail..) {
                    self.failed.clear(bit as usize);
                }
            }
        }
        if self.program.registers == 0 {
            self.ways.truncate(ways);
            return;
        }
        // Keeps the restores of registers: the program around this one may still backtrack.
        let mut kept = ways;
        for index in ways..self.ways.len() {
            if let Some(way @ Way::Restore { .. }) = self.ways.get(index).copied() {
                self.ways[kept] = way;
                kept += 1;
            }
        }
        self.ways.truncate(kept);
    }

    /// Returns the next branch above `base`.
    fn back(&mut self, base: usize) -> Option<(u32, usize)> {
        while self.ways.len() > base {
            match self.ways.pop()? {
                Way::Try { pc, at, trail } => {
                    self.trail.truncate(trail as usize);
                    return Some((pc, at as usize));
                }
                Way::Restore { register, value } => self.write(register, value),
            }
        }
        None
    }

    fn unwind(&mut self, base: usize) {
        while self.back(base).is_some() {}
    }

    fn push(&mut self, way: Way) -> Result<(), Exhausted> {
        if self.ways.len() >= MAX_WAYS {
            return Err(Exhausted);
        }
        self.ways.push(way);
        Ok(())
    }

    fn save(&mut self, register: u32, value: u32) -> Result<(), Exhausted> {
        let before = self.register(register);
        self.push(Way::Restore { register, value: before })?;
        self.write(register, value);
        Ok(())
    }

    fn register(&self, register: u32) -> u32 {
        self.registers.get(register as usize).copied().unwrap_or(UNSET)
    }

    fn write(&mut self, register: u32, value: u32) {
        if let Some(slot) = self.registers.get_mut(register as usize) {
            *slot = value;
        }
    }

    /// Returns the end of the text of a group, if the same text stands at this position.
    fn reference(&mut self, register: u32, fold: bool, at: usize) -> Result<Option<usize>, Exhausted> {
        let (from, to) = (self.register(register) as usize, self.register(register + 1) as usize);
        let (Some(group), Some(rest)) = (self.text.get(from..to), self.text.get(at..)) else {
            return Ok(None);
        };
        self.steps = self.steps.checked_sub(group.len() as u64).ok_or(Exhausted)?;
        if !fold {
            return Ok(rest.starts_with(group).then_some(at + group.len()));
        }
        let mut found = rest.char_indices();
        for c in group.chars() {
            if !found.next().is_some_and(|(_, other)| same_folded(c, other)) {
                return Ok(None);
            }
        }
        Ok(Some(at + found.next().map_or(rest.len(), |(end, _)| end)))
    }

    fn char_at(&self, at: usize) -> Option<char> {
        match self.text.as_bytes().get(at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.text.get(at..)?.chars().next(),
            None => None,
        }
    }

    fn char_before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let is_word = |c: Option<char>| c.is_some_and(is_word);
        match assertion {
            Assertion::StartText => at == 0,
            Assertion::EndText => at == self.text.len(),
            Assertion::StartLine { .. } => at == 0 || self.char_before(at) == Some('\n'),
            Assertion::EndLine { .. } => at == self.text.len() || self.char_at(at) == Some('\n'),
            Assertion::WordBoundary => is_word(self.char_before(at)) != is_word(self.char_at(at)),
            Assertion::NotWordBoundary => is_word(self.char_before(at)) == is_word(self.char_at(at)),
            // `translate` does not write others.
            _ => false,
        }
    }
}

/// What is known of a point at a position of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Failed,
    Held,
}

/// Cannot truncate: `search` refuses longer texts.
fn place(at: usize) -> u32 {
    at as u32
}

fn is_word(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '_',
        false => regex_syntax::try_is_word_character(c).unwrap_or(false),
    }
}

fn same_folded(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase()) || a.to_uppercase().eq(b.to_uppercase())
}

/// A set of bits, all of them clear at first.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    fn new(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(64)], length }
    }

    fn len(&self) -> usize {
        self.length
    }

    fn grow_to(&mut self, length: usize) {
        if self.length < length {
            *self = Self::new(length);
        }
    }

    fn has(&self, bit: usize) -> bool {
        self.words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Sets a bit, and returns whether it was set before; `None` if the set is too small.
    fn set(&mut self, bit: usize) -> Option<bool> {
        let word = self.words.get_mut(bit / 64)?;
        let mask = 1 << (bit % 64);
        let was = *word & mask != 0;
        *word |= mask;
        Some(was)
    }

    fn clear(&mut self, bit: usize) {
        if let Some(word) = self.words.get_mut(bit / 64) {
            *word &= !(1 << (bit % 64));
        }
    }
}
