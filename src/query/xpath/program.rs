//! A compiled expression, and the values put into it for one evaluation.
//!
//! Knows which places of an expression wait for values. Does not know how texts are read (`parse`) or
//! answered (`eval`).

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::query::Bindings;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::number;

/// A piece of a literal with placeholders.
#[derive(Debug)]
pub(super) enum Piece {
    Text(Box<str>),
    Var(usize),
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) root: Expr,
    /// The query as written.
    pub(super) written: String,
    /// Literals with placeholders in them, in pieces.
    pub(super) joined: Vec<Vec<Piece>>,
    /// Placeholders that stand alone, where a number may stand.
    pub(super) bare: Vec<usize>,
    /// What one evaluation costs apart from the nodes it visits.
    pub(super) weight: u64,
}

/// The values of a program's placeholders during one evaluation.
#[derive(Debug, Default)]
pub(super) struct Bound {
    texts: SmallVec<[CompactString; 2]>,
    numbers: SmallVec<[f64; 4]>,
}

impl Bound {
    /// Puts values in. `None`: a placeholder that stands where a number may stand has a value that is not a number.
    pub(super) fn new(program: &Program, values: &(impl Bindings + ?Sized)) -> Option<Self> {
        let mut bound = Self::default();
        for var in &program.bare {
            let number = values.number(*var).map(f64::from);
            bound.numbers.push(match number {
                Some(number) => number,
                None => number::parse_exact(&values.value(*var))?,
            });
        }
        for pieces in &program.joined {
            let mut text = CompactString::default();
            for piece in pieces {
                match piece {
                    Piece::Text(piece) => text.push_str(piece),
                    Piece::Var(var) => text.push_str(&values.value(*var)),
                }
            }
            bound.texts.push(text);
        }
        Some(bound)
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", |text| text)
    }

    pub(super) fn number(&self, index: usize) -> f64 {
        self.numbers.get(index).copied().unwrap_or(f64::NAN)
    }
}
