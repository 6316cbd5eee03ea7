//! What was found on a page and is asked for again: elements of one name below one root, by their position (the rows
//! of a table), and what stems lead to.
//!
//! A definition asks the same block for row after row and cell after cell. So the elements that `tr` names there
//! are put in the order of their positions when the first row is asked for, and each row after it is looked up.
//! Knows trees only, and belongs to one of them.

use html5ever::LocalName;

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::stem::Feet;

/// Indexes kept for one page: those of a few names in a few blocks. The oldest goes first.
const KEPT: usize = 8;

/// Stems kept for one page: those of the queries of a few tasks. The oldest goes first.
const STEMS: usize = 16;

/// Indexes of one tree.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    kept: Ring<Index, KEPT>,
    /// By number of the stem and root.
    feet: Ring<(u64, NodeId, Feet), STEMS>,
}

/// The newest few of some values.
#[derive(Debug)]
struct Ring<T, const MOST: usize> {
    values: Vec<T>,
    oldest: usize,
}

impl<T, const MOST: usize> Default for Ring<T, MOST> {
    fn default() -> Self {
        Self { values: vec![], oldest: 0 }
    }
}

impl<T, const MOST: usize> Ring<T, MOST> {
    /// Adds a value, in the place of the oldest if need be. Returns its place.
    fn keep(&mut self, value: T) -> usize {
        if self.values.len() < MOST {
            self.values.push(value);
            return self.values.len() - 1;
        }
        let place = self.oldest;
        self.oldest = (place + 1) % MOST;
        if let Some(kept) = self.values.get_mut(place) {
            *kept = value;
        }
        place
    }
}

#[derive(Debug)]
struct Index {
    root: NodeId,
    name: LocalName,
    /// Position and element, in this order.
    elements: Vec<(u32, NodeId)>,
}

impl Indexes {
    /// Most roots of one evaluation that is worth an index.
    pub(super) const MAX_ROOTS: usize = 2;

    /// The elements called `name` below `root` that have this position, in document order.
    pub(super) fn find(
        &mut self,
        (tree, meter): (&Tree, &Meter),
        root: NodeId,
        name: &LocalName,
        position: u32,
    ) -> Result<&[(u32, NodeId)], QueryError> {
        let is_it = |index: &Index| index.root == root && index.name == *name;
        let place = match self.kept.values.iter().position(is_it) {
            Some(place) => place,
            None => self.kept.keep(Index::make(tree, meter, root, name)?),
        };
        let elements = self.kept.values.get(place).map_or(&[][..], |index| &index.elements);
        let from = elements.partition_point(|element| element.0 < position);
        let found = elements.get(from..).unwrap_or_default();
        let count = found.iter().take_while(|element| element.0 == position).count();
        Ok(found.get(..count).unwrap_or_default())
    }

    /// What a stem leads to below `root`, if that is known.
    pub(super) fn feet(&self, stem: u64, root: NodeId) -> Option<&Feet> {
        let is_it = |(known, at, _): &&(u64, NodeId, Feet)| (*known, *at) == (stem, root);
        self.feet.values.iter().find(is_it).map(|(_, _, feet)| feet)
    }

    /// Takes note of what a stem leads to.
    pub(super) fn keep_feet(&mut self, stem: u64, root: NodeId, feet: Feet) {
        self.feet.keep((stem, root, feet));
    }
}

impl Index {
    fn make(tree: &Tree, meter: &Meter, root: NodeId, name: &LocalName) -> Result<Self, QueryError> {
        let below = root + 1..tree.end(root);
        meter.pay(below.len() as u64)?;
        // Other nodes than elements have an empty name, which no tag has.
        let named = below.filter(|node| tree.name(*node) == name);
        let mut elements: Vec<_> = named.map(|node| (tree.position(node), node)).collect();
        meter.pay(elements.len() as u64)?;
        elements.sort_by_key(|element| element.0);
        Ok(Self { root, name: name.clone(), elements })
    }
}
