//! One host: its jobs that wait, how many places are taken, and whose it is.
//!
//! Knows nothing of other hosts; what it offers, and to whom, is put in order by the queue.

use std::collections::BTreeSet;

use crate::model::{JobKey, NodeId};
use crate::store::machine::members::Life;

use super::Seq;
use super::shares::Shares;

/// See the module docs.
#[derive(Debug, Default, Clone)]
pub(super) struct Host {
    pub(super) ready: BTreeSet<(Seq, JobKey)>,
    /// Jobs with a crash on their record: fewest crashes first, so that one bad job cannot use up the
    /// chances of the good ones that were in work beside it.
    pub(super) suspects: BTreeSet<(u32, Seq, JobKey)>,
    /// Leases; where nodes share the host, those that are ahead do not count.
    pub(super) taken: u32,
    /// What each node has of it, where they share it.
    pub(super) shares: Shares,
    /// Who had the last lease; nobody where any node may have the next one.
    pub(super) last: Option<Life>,
    /// How often the next lease was another life's than the last one.
    pub(super) moves: u32,
}

/// What a host with room offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    /// The only node that may have it; any, if there is none.
    pub(super) to: Option<NodeId>,
    /// Its oldest ready job.
    pub(super) ready: Option<Seq>,
    /// Its suspect with the fewest crashes.
    pub(super) suspect: Option<(u32, Seq)>,
}

impl Host {
    /// What it offers, if it may have `limit` leases.
    pub(super) fn offer(&self, limit: u32) -> Offer {
        let has_room = self.taken < limit;
        Offer {
            // While leases are out, their holder has the host.
            to: self.last.filter(|_| self.taken > 0).map(|(node, _)| node),
            ready: self.ready.first().filter(|_| has_room).map(|(seq, _)| *seq),
            suspect: self.suspects.first().filter(|_| has_room).map(|(crashes, seq, _)| (*crashes, *seq)),
        }
    }

    /// How many places a node may have for jobs that it has ahead: its share, and any while no other job waits.
    pub(super) fn most_places_ahead(&self, share: u32, limit: u32) -> u32 {
        if self.ready.is_empty() { limit } else { share }
    }

    /// The host is with `life` from now on.
    pub(super) fn go_to(&mut self, life: Life) {
        let has_moved = self.last.is_some_and(|last| last != life);
        self.moves = self.moves.saturating_add(u32::from(has_moved));
        self.last = Some(life);
    }
}
