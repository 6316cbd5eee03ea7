//! Who was in touch with this process, and how long the way to the others is.
//!
//! Raft knows again after a restart what it knew before: who led, and who was sent what. Here stands only what this life
//! of the node has seen, and by the messages of Raft alone. Does not decide anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::model::NodeId;

use super::address::Address;

/// Round trips that are kept of each address: the shortest of them is what the wire takes, and the others what a busy
/// node takes on top.
const KEPT: usize = 8;

/// Round trips that are measured before they count: the first ones are those of a node that has just been started.
const ENOUGH: usize = 3;

/// An address that has not answered for this time is no longer counted.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// When other nodes were last in touch with this process, and the round trips to them.
#[derive(Debug, Default)]
pub(crate) struct Contact(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The leader that said last that more than half of the voters follow it.
    leader: Option<(NodeId, Instant)>,
    /// When each follower acknowledged entries, or a sign of life, last.
    acknowledged: BTreeMap<NodeId, Instant>,
    voters: Voters,
    trips: BTreeMap<Address, Trips>,
    /// Whether a node that was asked for its vote has a longer log.
    is_behind: bool,
}

/// Of whom this node needs an answer, as the leader.
#[derive(Debug, Default)]
struct Voters {
    /// More than half of each set decide. The sets hold the others; with each, the least answers that are enough.
    others: Vec<(BTreeSet<NodeId>, usize)>,
    /// An answer counts for so long.
    within: Duration,
}

#[derive(Debug, Default)]
struct Trips {
    times: [Duration; KEPT],
    measured: usize,
    at: Option<Instant>,
}

impl Trips {
    fn add(&mut self, time: Duration) {
        self.times[self.measured % KEPT] = time;
        self.measured = self.measured.wrapping_add(1).max(1);
        self.at = Some(Instant::now());
    }

    /// The shortest one, where enough were measured of late.
    fn shortest(&self) -> Option<Duration> {
        let is_known = self.measured >= ENOUGH && self.at.is_some_and(|at| at.elapsed() < FORGOTTEN);
        self.times.iter().take(self.measured).min().copied().filter(|_| is_known)
    }
}

impl Contact {
    /// A leader whose entries or sign of life were taken said with them that more than half of the voters follow it.
    pub(crate) fn heard_leader(&self, leader: NodeId) {
        self.0.lock().leader = Some((leader, Instant::now()));
    }

    /// How long ago that leader said so; none if it did not, or another one did since.
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

    /// Sets of whom this node needs an answer as the leader: of more than half of each of `sets`, no longer than `within`
    /// ago. Its own vote counts where it is `me`.
    pub(crate) fn set_voters<'a>(
        &self,
        me: NodeId,
        sets: impl IntoIterator<Item = &'a BTreeSet<u64>>,
        within: Duration,
    ) {
        let others = sets.into_iter().map(|voters| {
            let others: BTreeSet<_> =
                voters.iter().copied().map(NodeId).filter(|voter| *voter != me).collect();
            (others, voters.len() / 2 + 1 - usize::from(voters.contains(&me.0)))
        });
        let others = others.collect();
        self.0.lock().voters = Voters { others, within };
    }

    /// As the leader: whether more than half of the voters have answered of late.
    pub(crate) fn has_quorum(&self) -> bool {
        let state = self.0.lock();
        let Voters { others, within } = &state.voters;
        let answers =
            |voter: &&NodeId| state.acknowledged.get(voter).is_some_and(|at| at.elapsed() < *within);
        !others.is_empty() && others.iter().all(|(set, needed)| set.iter().filter(answers).count() >= *needed)
    }

    /// A short question to an address was answered after so long.
    pub(crate) fn took(&self, address: &Address, time: Duration) {
        let mut state = self.0.lock();
        match state.trips.get_mut(address) {
            Some(trips) => trips.add(time),
            None => state.trips.entry(address.clone()).or_default().add(time),
        }
    }

    /// The longest of the ways to others, there and back, and where it leads. Zero before any was measured.
    pub(crate) fn round_trip(&self) -> (Duration, Option<Address>) {
        let state = self.0.lock();
        let slowest =
            state.trips.iter().filter_map(|(address, trips)| Some((trips.shortest()?, address))).max();
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
    async fn the_first_round_trips_do_not_count_before_there_are_enough() {
        let (contact, far) = (Contact::default(), "f:1".parse().unwrap());
        for time in [900, 800] {
            contact.took(&far, Duration::from_millis(time));
            assert_eq!(contact.round_trip(), (Duration::ZERO, None));
        }
        contact.took(&far, Duration::from_millis(850));
        assert_eq!(contact.round_trip(), (Duration::from_millis(800), Some(far)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_has_a_quorum_while_more_than_half_of_each_set_of_voters_answer() {
        let (contact, within) = (Contact::default(), Duration::from_secs(1));
        assert!(!contact.has_quorum(), "nothing is known yet");
        contact.set_voters(NodeId(1), [&[1].into()], within);
        assert!(contact.has_quorum(), "no other node votes");
        contact.set_voters(NodeId(1), [&[1, 2, 3, 4, 5].into()], within);
        contact.acknowledged(NodeId(2));
        assert!(!contact.has_quorum());
        contact.acknowledged(NodeId(9));
        assert!(!contact.has_quorum(), "node 9 does not vote");
        contact.acknowledged(NodeId(3));
        assert!(contact.has_quorum());
        contact.set_voters(NodeId(1), [&[1, 2, 3].into(), &[1, 4, 5].into()], within);
        assert!(!contact.has_quorum(), "of the second set only this node is there");
        contact.set_voters(NodeId(1), [&[2, 3, 4].into()], within);
        assert!(contact.has_quorum(), "a leader that does not vote itself");
        tokio::time::advance(within).await;
        assert!(!contact.has_quorum());
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
