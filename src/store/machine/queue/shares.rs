//! What each node has of a host that several share: leases, and places, which are the right to ask it.
//!
//! A node's leases without a place are ahead: when one of its leases ends, the place goes to another one, and is free
//! when there is none. So a node that keeps to the places that it was told of last keeps to those that it has.

use std::collections::BTreeMap;

use crate::model::NodeId;

use super::Seq;

/// The nodes that have leases of a host.
pub(super) type Shares = BTreeMap<NodeId, Share>;

/// Leases and places of one node at a host.
#[derive(Debug, Default, Clone)]
pub(super) struct Share {
    pub(super) places: u32,
    leases: u32,
    /// The job that the node is offered ahead.
    pub(super) offered: Option<Seq>,
    /// Whether the node is offered places for jobs that it has ahead.
    pub(super) is_offered_places: bool,
}

impl Share {
    /// One lease more, which comes with a place or ahead.
    pub(super) fn lease(&mut self, with_place: bool) {
        self.leases = self.leases.saturating_add(1);
        self.places = self.places.saturating_add(u32::from(with_place));
    }

    /// Counts one lease less. Returns whether a place has become free.
    pub(super) fn unlease(&mut self) -> bool {
        self.leases = self.leases.saturating_sub(1);
        let is_free = self.places > self.leases;
        self.places = self.places.min(self.leases);
        is_free
    }

    /// Whether the node has nothing here.
    pub(super) fn is_empty(&self) -> bool {
        self.leases == 0 && self.places == 0
    }

    /// Takes places for prefetched jobs, as many of the free ones as allowed. Returns how many.
    pub(super) fn promote(&mut self, most: u32, free: u32) -> u32 {
        let more = self.leases.min(most).saturating_sub(self.places).min(free);
        self.places += more;
        more
    }

    /// Whether it may have a place for a job that is ahead.
    pub(super) fn wants_place(&self, most: u32) -> bool {
        self.places < self.leases.min(most)
    }

    /// Whether it may have one more ahead, where `most` places are a node's share, and each node may have `ahead` jobs ahead.
    pub(super) fn has_room_ahead(&self, most: u32, ahead: u32) -> bool {
        self.places <= most && self.leases < self.places.saturating_add(ahead.min(self.places))
    }
}
