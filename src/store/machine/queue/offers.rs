//! What hosts offer to the same nodes, in the order in which it is taken.

use std::collections::BTreeSet;

use super::host::Offer;
use super::{HostId, Seq};

/// Hosts with a job to offer to the same nodes, in the order in which it is taken.
#[derive(Debug, Default, Clone)]
pub(super) struct Offers {
    /// Hosts that have both a ready job and room, by their oldest ready job.
    pub(super) ready: BTreeSet<(Seq, HostId)>,
    /// Hosts that have both a suspect and room, by their first suspect.
    pub(super) suspects: BTreeSet<(u32, Seq, HostId)>,
    /// Hosts with places for jobs that are ahead.
    pub(super) places: BTreeSet<HostId>,
}

impl Offers {
    pub(super) fn add(&mut self, host: HostId, offer: Offer) {
        self.ready.extend(offer.ready.map(|seq| (seq, host)));
        self.suspects.extend(offer.suspect.map(|(crashes, seq)| (crashes, seq, host)));
    }

    pub(super) fn remove(&mut self, host: HostId, offer: Offer) {
        offer.ready.map(|seq| self.ready.remove(&(seq, host)));
        offer.suspect.map(|(crashes, seq)| self.suspects.remove(&(crashes, seq, host)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.suspects.is_empty() && self.places.is_empty()
    }
}
