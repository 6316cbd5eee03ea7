//! Whether enough members are in touch for anything to be decided.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::NodeId;

use super::contact::Contact;
use super::member::{Member, Metrics};
use super::network::Network;

/// Whether anything can be decided, as one node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quorum {
    /// Not known yet: this node has only begun to look.
    Looking,
    /// Enough members are in touch.
    There,
    /// The run is paused until enough members are in touch again.
    Lost,
}

impl Quorum {
    /// For people and their programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Looking => "unknown",
            Self::There => "there",
            Self::Lost => "lost",
        }
    }

    /// What Raft's figures and this life's own contacts say. A leader that was restored from the disk is none before it
    /// was heard, or its followers were; both are lost after twice the time after which others elect another one.
    fn of(metrics: &Metrics, before: Self, election: Duration, contact: &Contact) -> Self {
        let is_recent = |silence: Duration| silence < election * 4;
        let is_there = match metrics.current_leader {
            None => false,
            Some(leader) if leader == metrics.id => {
                let mut voters = metrics.membership_config.membership().voter_ids();
                voters.all(|voter| voter == leader)
                    || metrics.millis_since_quorum_ack.map(Duration::from_millis).is_some_and(is_recent)
            }
            Some(leader) => contact.leader_silence(NodeId(leader)).is_some_and(is_recent),
        };
        match (is_there, before) {
            (true, _) => Self::There,
            (false, Self::Looking) => Self::Looking,
            (false, _) => Self::Lost,
        }
    }
}

/// Keeps `quorum` true, until Raft has ended. An election among members that are in touch is no loss: only one that
/// takes longer than a few of its rounds is told. `stand` is told at once whether a quorum is seen: one that was there
/// before this node was paused is none.
pub(super) async fn watch_quorum<N: Network>(
    member: Arc<Member<N>>,
    quorum: watch::Sender<Quorum>,
    stand: impl Fn(Quorum) + Send,
) {
    let mut metrics = member.raft.metrics();
    let mut lost_since = None;
    let (mut looked, mut doubted_until) = (Instant::now(), Instant::now());
    loop {
        let (now, before) = (Instant::now(), *quorum.borrow());
        let election = member.election();
        let seen = Quorum::of(&metrics.borrow_and_update(), before, election, member.caller.contact());
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

    /// What Raft says of node 1 with the voters 1 to 3.
    fn metrics(leader: Option<u64>, acknowledged: Option<u64>) -> Metrics {
        let mut metrics = Metrics::new_initial(1);
        let membership = openraft::Membership::new(vec![[1, 2, 3].into()], None);
        metrics.membership_config = Arc::new(openraft::StoredMembership::new(None, membership));
        metrics.current_leader = leader;
        metrics.millis_since_quorum_ack = acknowledged;
        metrics
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_is_known_from_the_disk_is_no_quorum_before_it_was_heard() {
        let contact = Contact::default();
        let of = |leader, before| Quorum::of(&metrics(leader, None), before, ELECTION, &contact);
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
        let of =
            |acknowledged, before| Quorum::of(&metrics(Some(1), acknowledged), before, ELECTION, &contact);
        assert_eq!(of(None, Quorum::Looking), Quorum::Looking);
        assert_eq!(of(Some(5), Quorum::Looking), Quorum::There);
        assert_eq!(of(Some(1200), Quorum::There), Quorum::Lost);
    }
}
