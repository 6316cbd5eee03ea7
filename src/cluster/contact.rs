//! Who was in touch with this process, and how long the way to the others is.
//!
//! Raft knows again after a restart what it knew before: who led, and who was sent what. Here stands only what this life
//! of the node has seen, and by the messages of Raft alone. Does not decide anything.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::model::NodeId;

use super::address::Address;

/// Round trips that are kept of each address: the shortest of them is what the wire takes, and the others what a busy
/// node takes on top.
const KEPT: usize = 8;

/// An address that was not heard for so long is not counted any more.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// See the module docs.
#[derive(Debug, Default)]
pub(crate) struct Contact(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The leader whose entries were taken last.
    leader: Option<(NodeId, Instant)>,
    /// When each follower acknowledged entries, or a sign of life, last.
    acknowledged: BTreeMap<NodeId, Instant>,
    trips: BTreeMap<Address, Trips>,
    /// Whether a node that was asked for its vote has a longer log.
    is_behind: bool,
}

#[derive(Debug)]
struct Trips {
    times: [Duration; KEPT],
    next: usize,
    at: Instant,
}

impl Contact {
    /// Entries, a snapshot or a sign of life of a leader were taken.
    pub(crate) fn heard_leader(&self, leader: NodeId) {
        self.0.lock().leader = Some((leader, Instant::now()));
    }

    /// How long ago that leader was heard; none if it was not, or another one was heard since.
    pub(crate) fn leader_silence(&self, leader: NodeId) -> Option<Duration> {
        self.0.lock().leader.filter(|(heard, _)| *heard == leader).map(|(_, at)| at.elapsed())
    }

    /// A follower has answered what this node sent it as the leader.
    pub(crate) fn acknowledged(&self, follower: NodeId) {
        self.0.lock().acknowledged.insert(follower, Instant::now());
    }

    /// How long ago a follower has done so.
    pub(crate) fn silence_of(&self, follower: NodeId) -> Option<Duration> {
        self.0.lock().acknowledged.get(&follower).map(Instant::elapsed)
    }

    /// A short question to an address was answered after so long.
    pub(crate) fn took(&self, address: &Address, time: Duration) {
        let (mut state, at) = (self.0.lock(), Instant::now());
        if let Some(trips) = state.trips.get_mut(address) {
            trips.times[trips.next % KEPT] = time;
            trips.next = trips.next.wrapping_add(1);
            trips.at = at;
            return;
        }
        state.trips.insert(address.clone(), Trips { times: [time; KEPT], next: 1, at });
    }

    /// The longest of the ways to others, there and back, and where it leads. Zero before any was measured.
    pub(crate) fn round_trip(&self) -> (Duration, Option<Address>) {
        let state = self.0.lock();
        let shortest = |trips: &Trips| trips.times.iter().min().copied().unwrap_or_default();
        let heard = state.trips.iter().filter(|(_, trips)| trips.at.elapsed() < FORGOTTEN);
        let slowest = heard.map(|(address, trips)| (shortest(trips), address)).max();
        slowest.map_or((Duration::ZERO, None), |(time, address)| (time, Some(address.clone())))
    }

    /// A node that was asked for its vote has a longer log than this one, or (false) an election begins.
    pub(crate) fn note_longer_log(&self, is_behind: bool) {
        self.0.lock().is_behind = is_behind;
    }

    /// Whether another node should be elected rather than this one.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.lock().is_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_round_trip_is_the_shortest_of_the_last_ones_and_the_slowest_address_counts() {
        let (contact, [near, far]) = (Contact::default(), ["n:1", "f:1"].map(|at| at.parse().unwrap()));
        let ms = Duration::from_millis;
        assert_eq!(contact.round_trip(), (ms(0), None));
        for time in [900, 210, 200, 3000] {
            contact.took(&far, ms(time));
            contact.took(&near, ms(5));
        }
        assert_eq!(contact.round_trip(), (ms(200), Some(far.clone())));
        // The way has become longer.
        (0..KEPT).for_each(|_| contact.took(&far, ms(400)));
        assert_eq!(contact.round_trip().0, ms(400));
        tokio::time::advance(FORGOTTEN).await;
        contact.took(&near, ms(6));
        assert_eq!(contact.round_trip(), (ms(5), Some(near)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_is_heard_until_another_one_is() {
        let contact = Contact::default();
        assert_eq!(contact.leader_silence(NodeId(1)), None);
        contact.heard_leader(NodeId(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(contact.leader_silence(NodeId(1)), Some(Duration::from_secs(1)));
        contact.heard_leader(NodeId(2));
        assert_eq!(contact.leader_silence(NodeId(1)), None);
    }
}
