//! Which members have shown no sign of life for too long.
//!
//! Pure: time comes in as a value. Only the leader's own clock decides, and only when to propose that a node is gone;
//! the machine decides whether it is. A new leader grants every node a full session, and so does one that was paused
//! itself.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Incarnation, NodeId};

/// The sessions of all members, as the leader sees them.
#[derive(Debug)]
pub(super) struct Sessions {
    session: Duration,
    /// The term in which this node leads, and when it last looked.
    leading: Option<(u64, Instant)>,
    /// The life of each member, and its last sign.
    seen: BTreeMap<NodeId, (Incarnation, Instant)>,
    /// The last sign of any node, member or not.
    heard: BTreeMap<NodeId, Instant>,
}

impl Sessions {
    /// Starts with no member seen.
    pub(super) fn new(session: Duration) -> Self {
        Self { session, leading: None, seen: BTreeMap::new(), heard: BTreeMap::new() }
    }

    /// A node has shown a sign of life.
    pub(super) fn hear(&mut self, node: NodeId, now: Instant) {
        self.heard.insert(node, now);
        if let Some((_, last)) = self.seen.get_mut(&node) {
            *last = now;
        }
    }

    /// How long ago a node was heard; of one that was never asked about, from now on.
    pub(super) fn silence(&mut self, node: NodeId, now: Instant) -> Duration {
        now.duration_since(*self.heard.entry(node).or_insert(now))
    }

    /// This node does not lead.
    pub(super) fn follow(&mut self) {
        self.leading = None;
        self.seen.clear();
        self.heard.clear();
    }

    /// This node leads, but cannot decide: once it can, it grants every node a full session.
    pub(super) fn pause(&mut self) {
        self.leading = None;
    }

    /// Looks at the members, as the leader of `term`. Returns those whose session is over.
    pub(super) fn expired(
        &mut self,
        term: u64,
        members: impl IntoIterator<Item = (NodeId, Incarnation)>,
        now: Instant,
    ) -> Vec<(NodeId, Incarnation)> {
        let is_in_time = self
            .leading
            .is_some_and(|(led, looked)| led == term && now.duration_since(looked) < self.session / 2);
        if !is_in_time {
            // Elected just now, or paused: no sign could be heard in the meantime.
            self.seen.clear();
            self.heard.values_mut().for_each(|last| *last = now);
        }
        self.leading = Some((term, now));
        let before = std::mem::take(&mut self.seen);
        for (node, life) in members {
            let last = before.get(&node).filter(|(seen, _)| *seen == life).map_or(now, |(_, last)| *last);
            self.seen.insert(node, (life, last));
            self.heard.entry(node).or_insert(now);
        }
        let over = self.seen.iter().filter(|(node, _)| self.is_over(**node, now));
        over.map(|(node, (life, _))| (*node, *life)).collect()
    }

    /// Whether a member that was looked at is still silent for too long.
    pub(super) fn is_over(&self, node: NodeId, now: Instant) -> bool {
        self.seen.get(&node).is_some_and(|(_, last)| now.duration_since(*last) > self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Duration = Duration::from_secs(10);
    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// Looks every second from `from` to `to`, with signs of `alive` each time; gives who expired, and when.
    fn watch(
        sessions: &mut Sessions,
        start: Instant,
        (from, to): (u64, u64),
        term: u64,
        alive: &[NodeId],
    ) -> Vec<(u64, NodeId)> {
        let members = [(A, Incarnation(1)), (B, Incarnation(1))];
        let mut over = vec![];
        for second in from..to {
            alive.iter().for_each(|node| sessions.hear(*node, at(start, second)));
            let expired = sessions.expired(term, members, at(start, second));
            over.extend(expired.into_iter().map(|(node, _)| (second, node)));
        }
        over
    }

    #[tokio::test]
    async fn a_silent_member_expires_after_its_session_and_no_other() {
        let (start, mut sessions) = (Instant::now(), Sessions::new(SESSION));
        let over = watch(&mut sessions, start, (0, 12), 1, &[A]);
        assert_eq!(over, [(11, B)]);
    }

    #[tokio::test]
    async fn a_new_leader_and_one_that_was_paused_grant_a_full_session() {
        let (start, mut sessions) = (Instant::now(), Sessions::new(SESSION));
        assert_eq!(watch(&mut sessions, start, (0, 9), 1, &[]), []);
        assert_eq!(watch(&mut sessions, start, (9, 19), 2, &[A]), [], "a new term");
        assert_eq!(watch(&mut sessions, start, (60, 70), 2, &[A]), [], "paused for 40 s");
        assert_eq!(watch(&mut sessions, start, (70, 72), 2, &[A]), [(71, B)]);
    }

    #[tokio::test]
    async fn another_life_has_a_session_of_its_own() {
        let (start, mut sessions) = (Instant::now(), Sessions::new(SESSION));
        for second in 0..=10 {
            assert_eq!(sessions.expired(1, [(B, Incarnation(1))], at(start, second)), []);
        }
        for second in 11..=21 {
            assert_eq!(sessions.expired(1, [(B, Incarnation(2))], at(start, second)), []);
        }
        assert_eq!(sessions.expired(1, [(B, Incarnation(2))], at(start, 22)), [(B, Incarnation(2))]);
    }

    #[tokio::test]
    async fn a_leader_that_could_not_decide_knows_the_silence_and_grants_a_full_session() {
        let (start, mut sessions) = (Instant::now(), Sessions::new(SESSION));
        watch(&mut sessions, start, (0, 9), 1, &[A]);
        sessions.pause();
        assert!(sessions.silence(B, at(start, 12)) >= SESSION);
        assert_eq!(watch(&mut sessions, start, (13, 23), 1, &[A]), []);
        assert_eq!(watch(&mut sessions, start, (23, 25), 1, &[A]), [(24, B)]);
    }

    #[tokio::test]
    async fn who_follows_forgets() {
        let (start, mut sessions) = (Instant::now(), Sessions::new(SESSION));
        watch(&mut sessions, start, (0, 9), 1, &[]);
        sessions.follow();
        assert_eq!(sessions.silence(B, at(start, 100)), Duration::ZERO);
        assert_eq!(watch(&mut sessions, start, (9, 19), 1, &[]), []);
    }
}
