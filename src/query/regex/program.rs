//! Patterns with look-around, references or atomic groups, as instructions of the [`machine`](super::machine).
//!
//! Knows the parsed pattern. Look-arounds and atomic groups are nested programs: they begin after their instruction and
//! end with a `Match` of their own.
//!
//! A *point* is a branch. What is known of a point at a position of the text holds on every path, unless it depends on
//! the path. References depend on it, and so does a repetition of what may be empty, which must not loop without
//! moving. A look-behind has to end at a given position, which differs from one search to the next. Such parts of a
//! program do not have points.

use fancy_regex::{Assertion, Expr, LookAround};

use super::char_set::CharSet;

/// Instructions that a program may have.
const MAX_CODE: usize = 50_000;

/// An instruction. Numbers are indexes into the code, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Insn {
    Char(char),
    /// A character of the set with this number.
    Set(u32),
    /// Any character.
    Any,
    /// Tries `first`, and `second` if that fails.
    Split {
        first: u32,
        second: u32,
        point: Option<u32>,
    },
    Jump(u32),
    Assert(Assertion),
    /// Writes the position in the text into a register.
    Save(u32),
    /// Goes to `out` if the position equals that of a register: a repetition does not loop without moving.
    Progress {
        register: u32,
        out: u32,
    },
    /// The text of a group; its two registers are adjacent.
    Reference {
        register: u32,
        fold: bool,
    },
    Ahead {
        negative: bool,
        after: u32,
    },
    /// Looks back over `least` to `most` characters.
    Behind {
        negative: bool,
        after: u32,
        least: u32,
        most: Option<u32>,
    },
    Atomic {
        after: u32,
    },
    /// The end of the program, or of a nested one.
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Insn>,
    pub(super) sets: Vec<CharSet>,
    pub(super) points: u32,
    pub(super) registers: u32,
}

impl Program {
    /// Whether the pattern needs this machine, because an automaton cannot run it.
    pub(super) fn is_needed(expr: &Expr) -> bool {
        let needs =
            |expr: &Expr| matches!(expr, Expr::LookAround(..) | Expr::Backref { .. } | Expr::AtomicGroup(_));
        needs(expr) || expr.has_descendant(needs)
    }

    /// Compiles a parsed pattern.
    pub(super) fn compile(expr: &Expr) -> Result<Self, String> {
        let is_reference = |expr: &Expr| matches!(expr, Expr::Backref { .. });
        let refers = is_reference(expr) || expr.has_descendant(is_reference);
        let mut compiler = Compiler {
            program: Self { code: vec![], sets: vec![], points: 0, registers: 0 },
            refers,
            has_points: !refers,
            groups: 0,
        };
        if refers {
            let groups = count_groups(expr);
            compiler.program.registers = 2 * (groups + 1);
        }
        compiler.expr(expr)?;
        compiler.emit(Insn::Match)?;
        Ok(compiler.program)
    }
}

struct Compiler {
    program: Program,
    /// Whether there are references, so that groups have registers.
    refers: bool,
    /// Whether the part being compiled has points.
    has_points: bool,
    /// Number of groups so far.
    groups: u32,
}

impl Compiler {
    fn emit(&mut self, insn: Insn) -> Result<u32, String> {
        let at = self.here();
        self.program.code.push(insn);
        if self.program.code.len() > MAX_CODE {
            return Err(format!(
                "the pattern is too large: more than {MAX_CODE} steps when repetitions are written out"
            ));
        }
        Ok(at)
    }

    /// The index of the next instruction; cannot truncate, see [`MAX_CODE`].
    fn here(&self) -> u32 {
        self.program.code.len() as u32
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), String> {
        match expr {
            Expr::Empty => {}
            Expr::Any { newline: true, .. } => {
                self.emit(Insn::Any)?;
            }
            Expr::Assertion(assertion) => {
                self.emit(Insn::Assert(*assertion))?;
            }
            Expr::Literal { val, casei } => {
                for c in val.chars() {
                    if *casei {
                        self.set(CharSet::folded(c)?)?;
                    } else {
                        self.emit(Insn::Char(c))?;
                    }
                }
            }
            Expr::Delegate { inner, casei } => self.set(CharSet::of_class(inner, *casei)?)?,
            Expr::Concat(all) => all.iter().try_for_each(|expr| self.expr(expr))?,
            Expr::Alt(all) => self.alternatives(all)?,
            Expr::Group(inner) => self.group(inner)?,
            Expr::LookAround(inner, kind) => self.look(inner, *kind)?,
            Expr::Repeat { child, lo, hi, greedy } => self.repeat(child, *lo, *hi, *greedy)?,
            Expr::Backref { group, casei } => {
                let register = 2 * u32::try_from(*group).map_err(|error| error.to_string())?;
                self.emit(Insn::Reference { register, fold: *casei })?;
            }
            Expr::AtomicGroup(inner) => {
                let at = self.emit(Insn::Atomic { after: 0 })?;
                self.within(inner, true)?;
                let next = self.here();
                if let Some(Insn::Atomic { after }) = self.program.code.get_mut(at as usize) {
                    *after = next;
                }
            }
            // The engine's dialect has other parts, but `translate` does not write them.
            other => return Err(format!("the pattern has a part that is not supported: {other:?}")),
        }
        Ok(())
    }

    fn set(&mut self, set: CharSet) -> Result<(), String> {
        let known = self.program.sets.iter().position(|known| *known == set);
        let number = known.unwrap_or_else(|| {
            self.program.sets.push(set);
            self.program.sets.len() - 1
        });
        // Cannot truncate: there are at most as many sets as instructions.
        self.emit(Insn::Set(number as u32)).map(|_at| ())
    }

    fn split(&mut self) -> Result<u32, String> {
        let point = self.has_points.then(|| {
            self.program.points += 1;
            self.program.points - 1
        });
        self.emit(Insn::Split { first: 0, second: 0, point })
    }

    /// Sets the branches of a split; `preferred` comes first if the split is greedy.
    fn ways(&mut self, at: u32, preferred: u32, other: u32, greedy: bool) {
        if let Some(Insn::Split { first, second, .. }) = self.program.code.get_mut(at as usize) {
            (*first, *second) = if greedy { (preferred, other) } else { (other, preferred) };
        }
    }

    fn land(&mut self, jumps: &[u32]) {
        let here = self.here();
        for jump in jumps {
            if let Some(insn) = self.program.code.get_mut(*jump as usize) {
                *insn = Insn::Jump(here);
            }
        }
    }

    fn alternatives(&mut self, all: &[Expr]) -> Result<(), String> {
        let Some((last, others)) = all.split_last() else { return Ok(()) };
        let mut jumps = vec![];
        for expr in others {
            let split = self.split()?;
            let first = self.here();
            self.expr(expr)?;
            jumps.push(self.emit(Insn::Jump(0))?);
            let second = self.here();
            self.ways(split, first, second, true);
        }
        self.expr(last)?;
        self.land(&jumps);
        Ok(())
    }

    fn group(&mut self, inner: &Expr) -> Result<(), String> {
        self.groups += 1;
        let register = 2 * self.groups;
        if !self.refers {
            return self.expr(inner);
        }
        self.emit(Insn::Save(register))?;
        self.expr(inner)?;
        self.emit(Insn::Save(register + 1)).map(|_at| ())
    }

    fn repeat(&mut self, child: &Expr, least: usize, most: usize, greedy: bool) -> Result<(), String> {
        // The copies of a group are the same group.
        let groups = self.groups;
        for _ in 0..least {
            self.groups = groups;
            let before = self.here();
            self.expr(child)?;
            // A repetition of an empty pattern is empty.
            if self.here() == before {
                return Ok(());
            }
        }
        if most == usize::MAX {
            self.groups = groups;
            return self.endless(child, greedy);
        }
        let mut splits = vec![];
        for _ in least..most {
            self.groups = groups;
            let split = self.split()?;
            splits.push((split, self.here()));
            self.expr(child)?;
        }
        self.groups = groups + count_groups(child);
        let end = self.here();
        for (split, first) in splits {
            self.ways(split, first, end, greedy);
        }
        Ok(())
    }

    fn endless(&mut self, child: &Expr, greedy: bool) -> Result<(), String> {
        let register = (length(child).0 == 0).then(|| {
            self.program.registers += 1;
            self.program.registers - 1
        });
        let split = self.split()?;
        let first = self.here();
        if let Some(register) = register {
            self.emit(Insn::Save(register))?;
        }
        self.expr(child)?;
        let progress = register.map(|register| self.emit(Insn::Progress { register, out: 0 })).transpose()?;
        self.emit(Insn::Jump(split))?;
        let end = self.here();
        if let Some(Insn::Progress { out, .. }) =
            progress.and_then(|at| self.program.code.get_mut(at as usize))
        {
            *out = end;
        }
        self.ways(split, first, end, greedy);
        Ok(())
    }

    fn look(&mut self, inner: &Expr, kind: LookAround) -> Result<(), String> {
        let negative = matches!(kind, LookAround::LookAheadNeg | LookAround::LookBehindNeg);
        let behind = matches!(kind, LookAround::LookBehind | LookAround::LookBehindNeg);
        let (least, most) = length(inner);
        let clamped = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let at = self.emit(match behind {
            true => Insn::Behind { negative, after: 0, least: clamped(least), most: most.map(clamped) },
            false => Insn::Ahead { negative, after: 0 },
        })?;
        self.within(inner, !behind)?;
        let next = self.here();
        if let Some(Insn::Ahead { after, .. } | Insn::Behind { after, .. }) =
            self.program.code.get_mut(at as usize)
        {
            *after = next;
        }
        Ok(())
    }

    /// Compiles a nested program.
    fn within(&mut self, inner: &Expr, may_have_points: bool) -> Result<(), String> {
        let outer = self.has_points;
        self.has_points = !self.refers && may_have_points && !goes_round_in_place(inner);
        self.expr(inner)?;
        self.emit(Insn::Match)?;
        self.has_points = outer;
        Ok(())
    }
}

fn count_groups(expr: &Expr) -> u32 {
    let below: u32 = expr.children_iter().map(count_groups).sum();
    below + u32::from(matches!(expr, Expr::Group(_)))
}

/// Whether there is an endless repetition of what may be empty, outside nested programs.
fn goes_round_in_place(expr: &Expr) -> bool {
    match expr {
        Expr::LookAround(..) | Expr::AtomicGroup(_) => false,
        Expr::Repeat { child, hi, .. } if *hi == usize::MAX && length(child).0 == 0 => true,
        other => other.children_iter().any(goes_round_in_place),
    }
}

/// Returns the least and the most characters that an expression matches.
fn length(expr: &Expr) -> (usize, Option<usize>) {
    let add = |a: Option<usize>, b: Option<usize>| a.zip(b).map(|(a, b)| a.saturating_add(b));
    match expr {
        Expr::Literal { val, .. } => {
            let count = val.chars().count();
            (count, Some(count))
        }
        Expr::Any { .. } | Expr::Delegate { .. } => (1, Some(1)),
        Expr::Concat(all) => all
            .iter()
            .map(length)
            .fold((0, Some(0)), |(least, most), next| (least.saturating_add(next.0), add(most, next.1))),
        Expr::Alt(all) => {
            let lengths = || all.iter().map(length);
            let most =
                lengths().map(|(_, most)| most).try_fold(0, |most, next| next.map(|next| most.max(next)));
            (lengths().map(|(least, _)| least).min().unwrap_or(0), most)
        }
        Expr::Group(inner) => length(inner),
        Expr::AtomicGroup(inner) => length(inner),
        Expr::Repeat { child, lo, hi, .. } => {
            let (least, most) = length(child);
            let most = match most {
                Some(0) => Some(0),
                Some(most) if *hi < usize::MAX => Some(most.saturating_mul(*hi)),
                _ => None,
            };
            (least.saturating_mul(*lo), most)
        }
        Expr::Backref { .. } => (0, None),
        _ => (0, Some(0)),
    }
}
