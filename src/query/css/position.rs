//! The position of an element among its siblings.
//!
//! Elements are asked for their position in document order, one sibling after the other. So the last answers
//! are kept, a few parents at a time, and the way back ends at the sibling that was asked before: a table of
//! any length is counted once. Knows trees only.

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::plan::Counting;

/// Answers kept: enough for nested tables asked in two ways.
const KEPT: usize = 16;

/// Positions found lately.
#[derive(Debug, Default)]
pub(super) struct Positions {
    /// Empty until it is needed, which is seldom: the tree knows positions from the first sibling on.
    kept: Vec<Option<Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    counting: Counting,
    node: NodeId,
    position: i64,
}

impl Positions {
    /// The 1-based position of `node`; every sibling passed on the way is paid for.
    pub(super) fn of(
        &mut self,
        tree: &Tree,
        node: NodeId,
        counting: Counting,
        meter: &Meter,
    ) -> Result<i64, QueryError> {
        let kind = usize::from(counting.from_end) * 2 + usize::from(counting.of_type);
        let slot = (tree.parent(node).unwrap_or(0) as usize * 4 + kind) % KEPT;
        let known = self.kept.get(slot).copied().flatten().filter(|known| known.counting == counting);
        let counts = |sibling: NodeId| {
            tree.is_element(sibling) && (!counting.of_type || tree.name(sibling) == tree.name(node))
        };
        let (mut passed, mut visits, mut at, mut met) = (0, 1, node, None);
        loop {
            if let Some(known) = known
                && known.node == at
                && counts(at)
            {
                met = Some(known.position);
                break;
            }
            let Some(before) = tree.prev_sibling(at) else { break };
            passed += i64::from(counts(before));
            visits += 1;
            at = before;
        }
        let position = match (met, counting.from_end) {
            (Some(position), false) => position + passed,
            (Some(position), true) => position - passed,
            (None, false) => passed + 1,
            (None, true) => {
                let after = std::iter::successors(tree.next_sibling(node), |at| tree.next_sibling(*at));
                1 + after.inspect(|_| visits += 1).filter(|after| counts(*after)).count() as i64
            }
        };
        meter.pay(visits)?;
        if self.kept.is_empty() {
            self.kept.resize(KEPT, None);
        }
        if let Some(kept) = self.kept.get_mut(slot) {
            *kept = Some(Known { counting, node, position });
        }
        Ok(position)
    }
}
