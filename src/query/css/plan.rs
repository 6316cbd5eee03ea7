//! What a compiled selector consists of: plans of steps of tests.
//!
//! A selector such as `a > b, c` is laid out as a row of steps: `a`, `> b`, `c`. Sets of steps are bits of
//! one word, so that `scan` can carry along which steps an element and those around it have passed. A leading
//! combinator relates to a step that only the root passes.
//!
//! Pure data, without values of placeholders: tests that wait for these are slots of a `program`. How it is run is in
//! `scan` and `upward` (steps) and in `matcher` (tests).

use std::sync::Arc;

use compact_str::CompactString;
use html5ever::LocalName;

use crate::query::regex::JavaRegex;

use super::attribute::AttrName;
use super::attribute::AttrOp;
use super::needle::Needle;
use super::nth::Nth;

/// Most steps of one plan: the bits of a word.
pub(super) const MAX_STEPS: usize = 64;

/// A set of steps of one plan.
pub(super) type Steps = u64;

/// Alternatives, mostly in one plan; more where they have more than [`MAX_STEPS`] steps.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) plans: Vec<Plan>,
}

/// Alternatives laid out in one row of steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Steps that begin an alternative and can be passed anywhere.
    pub(super) firsts: Steps,
    /// Steps that only the root passes: what a leading combinator relates to.
    pub(super) scopes: Steps,
    /// Steps that end an alternative.
    pub(super) lasts: Steps,
    /// Steps by their relation to the step before.
    pub(super) child: Steps,
    pub(super) descendant: Steps,
    pub(super) next: Steps,
    pub(super) later: Steps,
    /// Whether an alternative begins with `+` or `~`, so that siblings of the root count.
    pub(super) leaves_root: bool,
}

/// A compound selector: all tests must pass.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) combinator: Option<Combinator>,
    /// The cheap ones first.
    pub(super) tests: Vec<Test>,
}

/// The relation of a step to the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combinator {
    /// A blank.
    Descendant,
    /// `>`
    Child,
    /// `+`
    Next,
    /// `~`
    Later,
}

/// A question to one element.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// `td`, and `ns|td` as `ns:td`.
    Tag(LocalName),
    /// `*|td`: the name itself, and what the name of another namespace ends with.
    TagAnyNamespace(LocalName, CompactString),
    /// `ns|*`
    TagNamespace(CompactString),
    /// `*|*`
    Anything,
    Id(CompactString),
    Class(CompactString),
    HasAttr(AttrName),
    /// `[^data-]`
    AttrPrefix(CompactString),
    Attr(AttrName, AttrOp, CompactString),
    AttrMatches(AttrName, Arc<JavaRegex>),
    Position(Counting, Nth),
    Index(Order, i64),
    OnlyChild,
    OnlyOfType,
    Empty,
    Root,
    Contains(Where, Needle),
    Matches(Where, Arc<JavaRegex>),
    Is(List),
    Not(List),
    Has(List),
    /// The test made from this slot.
    Slot(usize),
}

/// Which siblings count for a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counting {
    pub(super) from_end: bool,
    pub(super) of_type: bool,
}

/// From the first element on, whatever it is.
pub(super) const FORWARD: Counting = Counting { from_end: false, of_type: false };

/// How a sibling index is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    Greater,
}

/// Which text of an element is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// That of the element and of all below.
    All,
    /// That directly in the element.
    Own,
    /// Scripts, styles and comments.
    Data,
}

impl List {
    /// Adds an alternative of at most [`MAX_STEPS`] steps; with `led`, the first is the root's.
    pub(super) fn push(&mut self, steps: Vec<Step>, led: bool) {
        match self.plans.last_mut() {
            Some(plan) if plan.steps.len() + steps.len() <= MAX_STEPS => plan.push(steps, led),
            _ => {
                let mut plan = Plan::default();
                plan.push(steps, led);
                self.plans.push(plan);
            }
        }
    }
}

impl Plan {
    /// Whether each alternative is one step, so that no element matters for another.
    pub(super) fn is_flat(&self) -> bool {
        self.child | self.descendant | self.next | self.later == 0
    }

    /// The steps that lead to descendants: below an element that passed one, it makes no difference whether another element
    /// passes it, too.
    pub(super) fn once(&self) -> Steps {
        // The step after the last one of an alternative begins another, so it is not a descendant.
        self.descendant >> 1
    }

    /// Whether it is one alternative of a first step and children of what passes it: `a`, `a > b > c`.
    pub(super) fn is_chain(&self) -> bool {
        let after = (self.firsts | self.child).trailing_ones() as usize;
        self.firsts == 1 && self.child & 1 == 0 && after == self.steps.len()
    }

    /// Of one alternative, whose first step can be passed anywhere.
    pub(super) fn alone(mut steps: Vec<Step>) -> Self {
        let mut plan = Self::default();
        steps.iter_mut().take(1).for_each(|step| step.combinator = None);
        plan.push(steps, false);
        plan
    }

    /// The last step that follows a blank, if there is but one alternative, which begins anywhere.
    pub(super) fn last_descendant(&self) -> Option<usize> {
        let is_one = self.firsts == 1 && self.lasts.count_ones() == 1 && self.descendant != 0;
        is_one.then(|| self.descendant.ilog2() as usize)
    }

    fn push(&mut self, steps: Vec<Step>, led: bool) {
        let (first, mut bit) = (1 << self.steps.len(), 0);
        if led {
            self.scopes |= first;
            let lead = steps.get(1).and_then(|step| step.combinator);
            self.leaves_root |= matches!(lead, Some(Combinator::Next | Combinator::Later));
        } else {
            self.firsts |= first;
        }
        for step in steps {
            bit = 1 << self.steps.len();
            match step.combinator {
                Some(Combinator::Child) => self.child |= bit,
                Some(Combinator::Descendant) => self.descendant |= bit,
                Some(Combinator::Next) => self.next |= bit,
                Some(Combinator::Later) => self.later |= bit,
                None => {}
            }
            self.steps.push(step);
        }
        self.lasts |= bit;
    }
}

impl Test {
    /// Whether its meaning depends on values.
    pub(super) fn has_slot(&self) -> bool {
        match self {
            Self::Slot(_) => true,
            Self::Is(list) | Self::Not(list) | Self::Has(list) => {
                let steps = list.plans.iter().flat_map(|plan| &plan.steps);
                steps.flat_map(|step| &step.tests).any(Self::has_slot)
            }
            _ => false,
        }
    }
}
