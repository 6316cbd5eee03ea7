//! Asking one element one question.
//!
//! Knows what the tests of a program mean on a tree, and pays the meter for what it looks at. Which elements
//! are asked, and in which order, is decided in `scan` and `upward`.

use html5ever::LocalName;
use html5ever::local_name;

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::regex::JavaRegex;
use crate::query::regex::JavaRegexError;
use crate::query::text;
use crate::query::tree::Kind;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::attribute::AttrName;
use super::fold;
use super::index::Indexes;
use super::needle::Needle;
use super::needle::Trace;
use super::needle::hides_characters;
use super::plan::Counting;
use super::plan::FORWARD;
use super::plan::List;
use super::plan::Order;
use super::plan::Plan;
use super::plan::Step;
use super::plan::Steps;
use super::plan::Test;
use super::plan::Where;
use super::position::Positions;

/// Bytes of text that are looked through for the price of one visit.
const SCANNED: usize = 64;
/// Bytes of text that are made normal, or of attributes that are read, for the price of one visit.
const NORMALISED: usize = 16;
/// Attributes or children that are passed by for the price of one visit.
const PASSED: usize = 8;

/// Runs the tests of one program on one tree.
#[derive(Debug)]
pub(super) struct Matcher<'a> {
    pub(super) tree: &'a Tree,
    pub(super) meter: &'a Meter<'a>,
    /// What the slots of the program are now.
    bound: &'a [Test],
    /// Above this element nothing is seen. Within `:has`, it is the element that has.
    pub(super) root: NodeId,
    /// The root of the whole evaluation, and whether its text hides characters, once that was asked.
    outermost: NodeId,
    hides: Option<bool>,
    positions: Positions,
    /// What was looked up on this tree before, if it is kept.
    pub(super) indexes: Option<&'a mut Indexes>,
    text: String,
    lower: String,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        meter: &'a Meter<'a>,
        bound: &'a [Test],
        indexes: Option<&'a mut Indexes>,
    ) -> Self {
        let (text, lower) = (String::new(), String::new());
        let positions = Positions::default();
        Self { tree, meter, bound, root: 0, outermost: 0, hides: None, positions, indexes, text, lower }
    }

    /// Continues with another root.
    pub(super) fn start(&mut self, root: NodeId) {
        (self.root, self.outermost, self.hides) = (root, root, None);
    }

    /// Whether an element passes all tests of a step.
    pub(super) fn passes(&mut self, step: &'a Step, node: NodeId) -> Result<bool, QueryError> {
        for test in &step.tests {
            let passes = match self.bound_test(test) {
                // Nearly all tests are one of these two, so they are asked before anything else is set up.
                Some(Test::Tag(name)) => self.tree.name(node) == name,
                Some(Test::Position(FORWARD, nth)) => {
                    nth.has(i64::from(self.tree.position(node))) && self.below_element(node)
                }
                Some(test) => self.test(test, node)?,
                None => false,
            };
            if !passes {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The test itself, where a slot stands for one.
    fn bound_test(&self, test: &'a Test) -> Option<&'a Test> {
        match test {
            Test::Slot(slot) => self.bound.get(*slot),
            test => Some(test),
        }
    }

    /// The tag that an element must have to pass one of these steps, if there is but one step.
    pub(super) fn only_tag(&self, plan: &'a Plan, wanted: Steps) -> Option<&'a LocalName> {
        match wanted.count_ones() {
            1 => self.tag_of(plan.steps.get(wanted.trailing_zeros() as usize)?),
            _ => None,
        }
    }

    /// The id that an element must have to pass the first step of a plan with one first step.
    pub(super) fn first_id(&self, plan: &'a Plan) -> Option<&'a str> {
        let step = plan.steps.get(plan.firsts.trailing_zeros() as usize)?;
        match self.bound_test(step.tests.first()?)? {
            Test::Id(id) => Some(id.as_str()),
            _ => None,
        }
    }

    /// The first element from `from` up to `end` that has this id, or `end`.
    pub(super) fn next_with_id(&self, id: &str, from: NodeId, end: NodeId) -> Result<NodeId, QueryError> {
        let tree = self.tree;
        if from >= end {
            return Ok(end);
        }
        // Attributes stand in document order too, so the nodes that have none are not looked at.
        let attrs = tree.attrs(from).start..tree.attrs(end - 1).end;
        let mut passed = 1;
        let found = attrs
            .inspect(|_| passed += 1)
            .find(|attr| *tree.attr_name(*attr) == local_name!("id") && tree.attr_value(*attr) == id);
        self.meter.pay(passed)?;
        Ok(found.map_or(end, |attr| tree.attr_owner(attr)))
    }

    /// The tag that an element must have to pass a step.
    pub(super) fn tag_of(&self, step: &'a Step) -> Option<&'a LocalName> {
        match self.bound_test(step.tests.first()?)? {
            Test::Tag(name) => Some(name),
            _ => None,
        }
    }

    /// The one position that an element must have to pass a step.
    pub(super) fn position_of(&self, step: &'a Step) -> Option<u32> {
        step.tests.iter().find_map(|test| match self.bound_test(test)? {
            // There are fewer positions than numbers, and none below 1.
            Test::Position(FORWARD, nth) => Some(nth.only()?.try_into().unwrap_or(0)),
            _ => None,
        })
    }

    fn test(&mut self, test: &'a Test, node: NodeId) -> Result<bool, QueryError> {
        let tree = self.tree;
        Ok(match test {
            Test::Tag(name) => tree.name(node) == name,
            Test::Anything => true,
            Test::TagAnyNamespace(name, suffix) => {
                tree.name(node) == name || tree.name(node).ends_with(suffix.as_str())
            }
            Test::TagNamespace(prefix) => tree.name(node).starts_with(prefix.as_str()),
            Test::Id(id) => self.attr(node, &local_name!("id"))? == Some(id.as_str()),
            Test::Class(class) => {
                self.attr(node, &local_name!("class"))?.is_some_and(|classes| has_class(classes, class))
            }
            Test::HasAttr(name) => self.named_attr(node, name)?.is_some(),
            Test::AttrPrefix(prefix) => {
                self.pay_for_attrs(node)?;
                tree.attrs(node).any(|attr| tree.attr_name(attr).starts_with(prefix.as_str()))
            }
            Test::Attr(name, op, value) => op.passes(self.named_attr(node, name)?, value),
            Test::AttrMatches(name, regex) => match self.named_attr(node, name)? {
                Some(value) => self.finds(regex, value)?,
                None => false,
            },
            Test::Position(counting, nth) => {
                self.below_element(node) && nth.has(self.position(node, *counting)?)
            }
            Test::Index(order, index) => self.index(node, *order, *index)?,
            Test::OnlyChild => self.below_element(node) && !self.has_sibling(node, false)?,
            Test::OnlyOfType => self.below_element(node) && !self.has_sibling(node, true)?,
            Test::Empty => self.is_empty(node)?,
            Test::Root => self.is_root(node),
            Test::Contains(place, needle) => self.contains(node, *place, needle)?,
            Test::Matches(place, regex) => self.matches(node, *place, regex)?,
            Test::Is(list) => self.fits(list, node)?,
            Test::Not(list) => !self.fits(list, node)?,
            Test::Has(list) => self.has(list, node)?,
            Test::Slot(slot) => match self.bound.get(*slot) {
                Some(test) => self.test(test, node)?,
                None => false,
            },
        })
    }

    /// The value of an attribute. Long lists of attributes and long values are paid for, others are free.
    fn attr(&self, node: NodeId, name: &LocalName) -> Result<Option<&'a str>, QueryError> {
        self.pay_for_attrs(node)?;
        let value = self.tree.attr(node, name);
        self.meter.pay(value.map_or(0, |value| value.len() / NORMALISED) as u64)?;
        Ok(value)
    }

    fn named_attr(&self, node: NodeId, name: &AttrName) -> Result<Option<&'a str>, QueryError> {
        Ok(self.attr(node, &name.name)?.and_then(|value| name.read(value)))
    }

    fn pay_for_attrs(&self, node: NodeId) -> Result<(), QueryError> {
        self.meter.pay((self.tree.attrs(node).len() / PASSED) as u64)
    }

    /// jsoup gives the outermost element no position.
    fn below_element(&self, node: NodeId) -> bool {
        self.tree.parent(node).is_some_and(|parent| self.tree.is_element(parent))
    }

    fn position(&mut self, node: NodeId, counting: Counting) -> Result<i64, QueryError> {
        if counting == FORWARD {
            return Ok(i64::from(self.tree.position(node)));
        }
        self.positions.of(self.tree, node, counting, self.meter)
    }

    fn index(&mut self, node: NodeId, order: Order, index: i64) -> Result<bool, QueryError> {
        let found = self.position(node, FORWARD)? - 1;
        Ok(match order {
            Order::Equal => found == index,
            // jsoup never takes the root for one of the first.
            Order::Less => node != self.root && found < index,
            Order::Greater => found > index,
        })
    }

    fn has_sibling(&self, node: NodeId, of_type: bool) -> Result<bool, QueryError> {
        let Some(parent) = self.tree.parent(node) else { return Ok(false) };
        for child in self.tree.children(parent) {
            self.meter.pay(1)?;
            let counts = !of_type || self.tree.name(child) == self.tree.name(node);
            if child != node && self.tree.is_element(child) && counts {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Comments do not fill an element, blanks do.
    fn is_empty(&self, node: NodeId) -> Result<bool, QueryError> {
        for child in self.tree.children(node) {
            self.meter.pay(1)?;
            if self.tree.kind(child) != Kind::Comment {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_root(&self, node: NodeId) -> bool {
        node == self.root || (self.root == 0 && self.tree.parent(node) == Some(0))
    }

    /// Whether an element below `node` fits, which then is the root for the selectors within.
    fn has(&mut self, list: &'a List, node: NodeId) -> Result<bool, QueryError> {
        let outer = std::mem::replace(&mut self.root, node);
        let mut found = Ok(false);
        for plan in &list.plans {
            found = self.scan(plan, false, None);
            if !matches!(found, Ok(false)) {
                break;
            }
        }
        self.root = outer;
        found
    }

    fn contains(&mut self, node: NodeId, place: Where, needle: &Needle) -> Result<bool, QueryError> {
        if place == Where::All {
            let raw = self.tree.text(node);
            self.pay_for(raw.len(), SCANNED)?;
            match needle.trace(raw) {
                Trace::Nowhere if !self.hides_characters(node)? => return Ok(false),
                // Mostly the text stands in one small element: no need to make all of the text normal.
                Trace::Around(at, length) => {
                    let small = self.innermost(node, at, length)?;
                    if small != node && self.contains_normal(small, place, needle)? {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
        self.contains_normal(node, place, needle)
    }

    /// Whether the text of an element hides characters; mostly that of the whole root hides none.
    fn hides_characters(&mut self, node: NodeId) -> Result<bool, QueryError> {
        let inside = self.tree.is_within(node, self.outermost);
        let hides = match self.hides {
            Some(hides) => hides,
            None => {
                let raw = self.tree.text(self.outermost);
                self.pay_for(raw.len(), SCANNED)?;
                *self.hides.insert(hides_characters(raw))
            }
        };
        Ok((hides || !inside) && hides_characters(self.tree.text(node)))
    }

    fn contains_normal(&mut self, node: NodeId, place: Where, needle: &Needle) -> Result<bool, QueryError> {
        self.take_text(node, place)?;
        Ok(needle.is_in(&self.text, &mut self.lower))
    }

    /// The innermost element around these bytes of the text of `node`.
    fn innermost(&self, node: NodeId, at: usize, length: usize) -> Result<NodeId, QueryError> {
        let (mut inner, mut from) = (node, 0);
        'deeper: loop {
            let mut start = from;
            for child in self.tree.children(inner) {
                self.meter.pay(1)?;
                if self.tree.kind(child) == Kind::Comment {
                    continue;
                }
                let end = start + self.tree.text(child).len();
                if at >= start && at + length <= end && self.tree.is_element(child) {
                    (inner, from) = (child, start);
                    continue 'deeper;
                }
                if end > at {
                    break;
                }
                start = end;
            }
            return Ok(inner);
        }
    }

    fn matches(&mut self, node: NodeId, place: Where, regex: &JavaRegex) -> Result<bool, QueryError> {
        self.take_text(node, place)?;
        self.finds(regex, &self.text)
    }

    fn finds(&self, regex: &JavaRegex, text: &str) -> Result<bool, QueryError> {
        self.pay_for(text.len(), SCANNED)?;
        regex.find(text, self.meter).map_err(|error| match error {
            JavaRegexError::Unpaid(error, _) => error,
            other => QueryError::Evaluation { query: regex.pattern().to_owned(), message: other.to_string() },
        })
    }

    /// Puts the text of an element into the buffer.
    fn take_text(&mut self, node: NodeId, place: Where) -> Result<(), QueryError> {
        self.text.clear();
        match place {
            Where::All => {
                self.pay_for(self.tree.text(node).len(), NORMALISED)?;
                self.pay_for((self.tree.end(node) - node) as usize, 2)?;
                text::normal_text(self.tree, node, &mut self.text);
            }
            Where::Own => {
                // There are at most so many children.
                self.pay_for((self.tree.end(node) - node) as usize, PASSED)?;
                text::own_text(self.tree, node, &mut self.text);
                self.pay_for(self.text.len(), NORMALISED)?;
            }
            Where::Data => {
                self.pay_for(self.tree.text(node).len(), SCANNED)?;
                self.pay_for((self.tree.end(node) - node) as usize, 1)?;
                push_data(self.tree, node, &mut self.text);
            }
        }
        Ok(())
    }

    fn pay_for(&self, amount: usize, per_visit: usize) -> Result<(), QueryError> {
        self.meter.pay((amount / per_visit) as u64 + 1)
    }
}

fn has_class(classes: &str, class: &str) -> bool {
    classes.len() >= class.len() && classes.split_whitespace().any(|found| fold::same(found, class))
}

/// Scripts, styles and comments.
fn push_data(tree: &Tree, node: NodeId, out: &mut String) {
    for below in node..tree.end(node) {
        let is_data = match tree.kind(below) {
            Kind::Comment => true,
            Kind::Text => tree.parent(below).is_some_and(|parent| {
                matches!(*tree.name(parent), local_name!("script") | local_name!("style"))
            }),
            _ => false,
        };
        if is_data {
            out.push_str(tree.text(below));
        }
    }
}
