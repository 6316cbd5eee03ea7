//! Elements of one name below one root, by their position: the rows of a table, found once.
//!
//! A definition asks the same block for row after row and cell after cell. So the elements that `tr` names there
//! are put in the order of their positions when the first row is asked for, and each row after it is looked up.
//! Knows trees only, and belongs to one of them.

use html5ever::LocalName;

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

/// Indexes kept for one page: those of a few names in a few blocks. The oldest goes first.
const KEPT: usize = 8;

/// Indexes of one tree.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    kept: Vec<Index>,
    oldest: usize,
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
        let place = match self.kept.iter().position(is_it) {
            Some(place) => place,
            None => self.keep(Index::make(tree, meter, root, name)?),
        };
        let elements = self.kept.get(place).map_or(&[][..], |index| &index.elements);
        let from = elements.partition_point(|element| element.0 < position);
        let found = elements.get(from..).unwrap_or_default();
        let count = found.iter().take_while(|element| element.0 == position).count();
        Ok(found.get(..count).unwrap_or_default())
    }

    fn keep(&mut self, index: Index) -> usize {
        if self.kept.len() < KEPT {
            self.kept.push(index);
            return self.kept.len() - 1;
        }
        let place = self.oldest;
        self.oldest = (place + 1) % KEPT;
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = index;
        }
        place
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
