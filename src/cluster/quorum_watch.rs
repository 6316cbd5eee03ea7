//! How a node finds out whether enough members are in touch.
//!
//! Knows the leader, the voters, and when each was heard last. Does not know who reads the result, nor what a node does
//! without a quorum.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::NodeId;

use super::contact::Contact;
use super::member::{Member, Metrics};
use super::network::Network;
use super::quorum::Quorum;

impl Quorum {
    /// What this life's own contacts say. A leader that was restored from the disk has no quorum before its followers
    /// answer, and its followers have none before it says that more than half of the voters follow it: a leader that is
    /// cut off from the others still sends signs of life to those that hear it.
    fn of(leader: Option<u64>, me: NodeId, before: Self, election: Duration, contact: &Contact) -> Self {
        let is_there = match leader.map(NodeId) {
            None => false,
            Some(leader) if leader == me => contact.has_quorum(),
            Some(leader) => contact.leader_silence(leader).is_some_and(|silence| silence < recent(election)),
        };
        match (is_there, before) {
            (true, _) => Self::There,
            (false, Self::Looking) => Self::Looking,
            (false, _) => Self::Lost,
        }
    }
}

/// An answer of a follower, and the leader's word that it has enough of them, count for so long: twice the time after
/// which others elect another leader.
fn recent(election: Duration) -> Duration {
    election * 4
}

/// Whose answers count, when it was noted last.
#[derive(Default, PartialEq)]
struct Noted {
    voters: Vec<BTreeSet<u64>>,
    within: Duration,
}

impl Noted {
    /// Notes it in `contact` where it has changed.
    fn note(&mut self, metrics: &Metrics, election: Duration, contact: &Contact) {
        let (voters, within) = (metrics.membership_config.membership().get_joint_config(), recent(election));
        if self.voters != *voters || self.within != within {
            *self = Self { voters: voters.clone(), within };
            contact.set_voters(NodeId(metrics.id), &self.voters, within);
        }
    }
}

/// Keeps `quorum` true, until Raft has ended. An election among members that are in touch is not a loss: only an
/// election that takes longer than a few of its rounds is reported. `stand` learns at once whether a quorum is seen: a
/// quorum from before this node was paused does not count.
pub(super) async fn watch_quorum<N: Network>(
    member: Arc<Member<N>>,
    quorum: watch::Sender<Quorum>,
    stand: impl Fn(Quorum) + Send,
) {
    let mut metrics = member.raft.metrics();
    let mut lost_since = None;
    let (contact, mut noted) = (member.caller.contact(), Noted::default());
    let (mut looked, mut doubted_until) = (Instant::now(), Instant::now());
    loop {
        let (now, before) = (Instant::now(), *quorum.borrow());
        let election = member.election();
        let leader = {
            let metrics = metrics.borrow_and_update();
            noted.note(&metrics, election, contact);
            metrics.current_leader
        };
        let seen = Quorum::of(leader, member.id, before, election, contact);
        if now.duration_since(looked) > election * 2 {
            // What is heard now may have been waiting while this node was paused.
            doubted_until = now + election * 5;
        }
        looked = now;
        stand(if now < doubted_until { Quorum::Lost } else { seen });
        match seen {
            Quorum::Lost if before == Quorum::There => {
                let since = *lost_since.get_or_insert(now);
                if now.duration_since(since) > election * 5 {
                    quorum.send_replace(Quorum::Lost);
                }
            }
            seen => {
                lost_since = None;
                quorum.send_if_modified(|quorum| std::mem::replace(quorum, seen) != seen);
            }
        }
        tokio::select! {
            changed = metrics.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(election / 2) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION: Duration = Duration::from_millis(300);

    const ME: NodeId = NodeId(1);

    #[tokio::test(start_paused = true)]
    async fn a_leader_counts_as_a_quorum_from_when_it_says_that_it_has_one() {
        let contact = Contact::default();
        let of = |leader, before| Quorum::of(leader, ME, before, ELECTION, &contact);
        assert_eq!(of(None, Quorum::Looking), Quorum::Looking);
        assert_eq!(of(Some(2), Quorum::Looking), Quorum::Looking);
        contact.heard_leader(NodeId(2));
        assert_eq!(of(Some(2), Quorum::Looking), Quorum::There);
        assert_eq!(of(Some(3), Quorum::Looking), Quorum::Looking, "another one was heard");
        tokio::time::advance(ELECTION * 4).await;
        assert_eq!(of(Some(2), Quorum::There), Quorum::Lost, "a learner never elects another one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_led_before_it_was_started_again_has_no_quorum_before_others_follow() {
        let contact = Contact::default();
        let mut metrics = Metrics::new_initial(ME.0);
        let membership = openraft::Membership::new(vec![[1, 2, 3].into()], None);
        metrics.membership_config = Arc::new(openraft::StoredMembership::new(None, membership));
        Noted::default().note(&metrics, ELECTION, &contact);
        let of = |before| Quorum::of(Some(1), ME, before, ELECTION, &contact);
        assert_eq!(of(Quorum::Looking), Quorum::Looking);
        contact.acknowledged(NodeId(3));
        assert_eq!(of(Quorum::Looking), Quorum::There);
        tokio::time::advance(ELECTION * 4).await;
        assert_eq!(of(Quorum::There), Quorum::Lost);
    }
}
