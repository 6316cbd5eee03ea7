//! One host: its jobs that wait, how many places are taken, and whose it is.
//!
//! Knows nothing of other hosts; what it offers, and to whom, is put in order by the queue.

use std::collections::BTreeSet;

use crate::model::{JobKey, NodeId};
use crate::store::machine::members::Life;

use super::Seq;
use super::shares::Shares;

/// One host, with its waiting jobs and its places.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) ready: BTreeSet<(Seq, JobKey)>,
    /// Jobs with a crash on their record: fewest crashes first, so that one bad job cannot use up the chances of the
    /// good ones that were leased at the same time.
    pub(super) suspects: BTreeSet<(u32, Seq, JobKey)>,
    /// Leases; where nodes share the host, those that are ahead do not count.
    pub(super) taken: u32,
    /// What each node has of it, where they share it.
    pub(super) shares: Shares,
    /// The holder of the last lease; none if any node may have the next one.
    pub(super) last: Option<Life>,
    /// How often the next lease was another life's than the last one.
    pub(super) moves: u32,
    /// Leases that it may have at a time, or places and leases ahead of them where nodes share it. Pages that come make
    /// it grow, jobs that wait for others of the host make it shrink.
    pub(super) quota: u32,
    /// Until when it is left alone; 0 if it is not.
    pub(super) held_until: u64,
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
    /// A host without jobs.
    pub(super) fn new(quota: u32) -> Self {
        Self {
            ready: BTreeSet::new(),
            suspects: BTreeSet::new(),
            taken: 0,
            shares: Shares::new(),
            last: None,
            moves: 0,
            quota,
            held_until: 0,
        }
    }

    /// Leases, or places where nodes share it, that are free if there are `limit` at most.
    pub(super) fn free(&self, limit: u32) -> u32 {
        if self.held_until > 0 { 0 } else { limit.min(self.quota).saturating_sub(self.taken) }
    }

    /// Until when it keeps a job waiting that could be taken else.
    pub(super) fn waits_until(&self) -> Option<u64> {
        let has_jobs = !self.ready.is_empty() || !self.suspects.is_empty();
        (self.held_until > 0 && has_jobs).then_some(self.held_until)
    }

    /// The job that is first when the wait is over.
    pub(super) fn first(&self) -> Option<JobKey> {
        let ready = self.ready.first().map(|(_, key)| *key);
        ready.or_else(|| self.suspects.first().map(|(.., key)| *key))
    }

    /// What it offers, if it may have `limit` leases.
    pub(super) fn offer(&self, limit: u32) -> Offer {
        let has_room = self.free(limit) > 0;
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
