//! When this node asks for the votes of the others.
//!
//! openraft holds elections by fixed times. Here the time follows the way to the others: where a message takes long, a
//! leader that lives is not heard as often. Whether the node is elected is decided by Raft, whatever the times.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, error};

use crate::model::NodeId;

use super::member::Member;
use super::network::Network;

/// Looks at how long a leader was silent, within the time after which another one is elected.
const LOOKS: u32 = 7;

/// Asks to be elected whenever no leader is heard, until Raft has ended.
pub(super) async fn hold_elections<N: Network>(member: Arc<Member<N>>) {
    let mut watch = Watch { since: Instant::now(), looked: Instant::now(), chance: chance() };
    loop {
        sleep(member.timing.election / LOOKS).await;
        let me = member.id;
        let vote = move |state: &RaftState| (is_led(state.vote_ref(), me), state.vote_last_modified());
        let Ok((is_led, touched)) = member.raft.with_raft_state(vote).await else { return };
        watch.look(member.timing.election, touched);
        let is_due = match standing(&member) {
            Standing::Other => false,
            Standing::OnlyVoter => true,
            Standing::Voter => {
                watch.silence()
                    > patience(member.election(), is_led, member.caller.contact().is_behind(), watch.chance)
            }
        };
        if is_due {
            member.caller.contact().note_longer_log(false);
            if member.raft.trigger().elect().await.is_err() {
                return;
            }
            debug!("no leader is heard: this node asks to be elected");
            watch = Watch { since: Instant::now(), chance: chance(), ..watch };
        }
    }
}

type RaftState = openraft::RaftState<u64, super::peer::Peer, Instant>;

/// From when on silence counts.
struct Watch {
    since: Instant,
    looked: Instant,
    /// Between one and two: of two nodes that see the same, one should be first.
    chance: f64,
}

impl Watch {
    /// Looks; `touched` is when Raft heard a leader or gave its vote last.
    fn look(&mut self, election: Duration, touched: Option<Instant>) {
        if self.looked.elapsed() > election {
            // This node was paused, or its disk was busy: it could not hear anybody.
            self.since = Instant::now();
        }
        self.looked = Instant::now();
        self.since = touched.map_or(self.since, |touched| touched.max(self.since));
    }

    fn silence(&self) -> Duration {
        self.since.elapsed()
    }
}

/// What this node is to elections.
enum Standing {
    /// It leads, or does not vote.
    Other,
    /// No other node votes.
    OnlyVoter,
    Voter,
}

fn standing<N: Network>(member: &Member<N>) -> Standing {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    let mut voters = metrics.membership_config.membership().voter_ids().peekable();
    let is_only = voters.peek() == Some(&member.id.0);
    let (is_voter, count) =
        voters.fold((false, 0), |(is_voter, count), id| (is_voter || id == member.id.0, count + 1));
    if metrics.state.is_leader() || !is_voter {
        Standing::Other
    } else if is_only && count == 1 {
        Standing::OnlyVoter
    } else {
        Standing::Voter
    }
}

/// Whether another node leads, or led when this one was started again: it may still do, and needs a moment to find this
/// node. A node that led knows that no other node does.
fn is_led(vote: &openraft::Vote<u64>, me: NodeId) -> bool {
    vote.is_committed() && vote.leader_id().node_id != me.0
}

/// How long this node must not hear a leader or candidate before it asks to be elected. A node that had a leader gives
/// it time; a node whose log was behind in the last election lets the others go first.
fn patience(election: Duration, is_led: bool, is_behind: bool, chance: f64) -> Duration {
    let lease = if is_led { election * 2 } else { Duration::ZERO };
    let behind = if is_behind { election * 4 } else { Duration::ZERO };
    lease + election.mul_f64(chance) + behind
}

fn chance() -> f64 {
    match getrandom::u32() {
        Ok(number) => 1.0 + f64::from(number) / f64::from(u32::MAX),
        Err(error) => {
            error!(%error, "no random numbers from the operating system");
            1.5
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION: Duration = Duration::from_millis(350);

    #[test]
    fn a_leader_is_replaced_after_three_to_four_times_the_election_time_and_a_candidate_tries_again_sooner() {
        let of = |is_led, is_behind, chance| patience(ELECTION, is_led, is_behind, chance).as_millis();
        assert_eq!([of(true, false, 1.0), of(true, false, 2.0)], [1050, 1400]);
        assert_eq!([of(false, false, 1.0), of(false, false, 2.0)], [350, 700]);
        assert_eq!(of(false, true, 1.0), 1750);
    }

    #[test]
    fn a_node_that_was_started_again_gives_another_leader_time_and_not_itself() {
        let me = NodeId(1);
        assert!(is_led(&openraft::Vote::new_committed(3, 2), me));
        assert!(!is_led(&openraft::Vote::new_committed(3, 1), me));
        assert!(!is_led(&openraft::Vote::new(3, 2), me));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_was_paused_gives_the_leader_time_anew() {
        let now = Instant::now();
        let mut watch = Watch { since: now, looked: now, chance: 1.0 };
        let step = ELECTION / LOOKS;
        for _ in 0..20 {
            tokio::time::advance(step).await;
            watch.look(ELECTION, None);
        }
        assert_eq!(watch.silence(), step * 20);
        tokio::time::advance(ELECTION * 10).await;
        watch.look(ELECTION, None);
        assert_eq!(watch.silence(), Duration::ZERO);
        tokio::time::advance(step).await;
        watch.look(ELECTION, Some(now));
        assert_eq!(watch.silence(), step);
    }
}
