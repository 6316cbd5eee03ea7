//! What a compiled query consists of: a selector, and what waits for the values of placeholders.
//!
//! Knows how a test that waits is made (`recipe`), and so what each test costs. Does not know how a selector is run.

use super::plan::List;
use super::plan::Test;
use super::plan::Where;
use super::recipe::Recipe;
use super::source::Text;
use super::stem::Stem;

/// A compiled selector list.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) list: List,
    /// Tests whose text has placeholders, made again for each evaluation.
    pub(super) slots: Vec<Slot>,
    /// The list in two parts, if that makes it quicker.
    pub(super) stem: Option<Box<Stem>>,
}

/// A test that waits for values.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) recipe: Recipe,
    pub(super) text: Text,
}

impl Test {
    /// What the test costs, roughly; the cheaper ones are asked first.
    pub(super) fn cost(&self, slots: &[Slot]) -> u8 {
        match self {
            Self::Anything | Self::Tag(_) => 0,
            Self::TagAnyNamespace(..) | Self::TagNamespace(_) | Self::Root | Self::Empty => 1,
            Self::Id(_) => 2,
            Self::HasAttr(_) | Self::Class(_) | Self::AttrPrefix(_) | Self::Attr(..) => 3,
            Self::OnlyChild | Self::OnlyOfType => 4,
            Self::Position(..) | Self::Index(..) => 5,
            Self::AttrMatches(..) => 6,
            Self::Contains(Where::Own, _) | Self::Matches(Where::Own, _) => 7,
            Self::Is(_) | Self::Not(_) => 8,
            Self::Contains(..) => 9,
            Self::Matches(..) => 10,
            Self::Has(_) => 11,
            Self::Slot(slot) => slots.get(*slot).map_or(0, |slot| slot.recipe.cost()),
        }
    }
}
