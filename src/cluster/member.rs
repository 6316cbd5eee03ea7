//! This node as a member: its Raft, what was applied, and how the leader is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openraft::error::{ClientWriteError, RaftError};
use openraft::{Raft, RaftMetrics};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::model::{Incarnation, NodeId};
use crate::store::StoreError;

use super::address::Address;
use super::caller::{Caller, Purpose};
use super::figures::NodeFigures;
use super::network::Network;
use super::peer::{ClusterId, Peer};
use super::raft::{Applied, Batch, Replies, TypeConfig, while_leading};
use super::sessions::Sessions;
use super::wire::{Answer, Proposal, Proposed, Question};

/// What is seen of Raft from outside.
pub(super) type Metrics = RaftMetrics<u64, Peer>;

/// Before the leader is looked for again.
const RETRY: Duration = Duration::from_millis(50);

/// Nodes that may be about to become members at the same time, and the longest name of one, in bytes.
const CANDIDATES: usize = 64;
const NAME: usize = 512;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Without a sign of life for so long, a member's jobs are given to others.
    pub session: Duration,
    /// Between two signs of life.
    pub keep_alive: Duration,
    /// Without a word of the leader for so long, another one is elected.
    pub election: Duration,
    /// A voter that is silent for so long is gone for good.
    pub voter: Duration,
    /// At the end, members that were not there are waited for so long.
    pub linger: Duration,
}

impl Timing {
    /// The time of elections where the way to the others and back takes so long. A member whose way is longer still must
    /// not keep the others from another leader: the limit is an eighth of a session.
    fn stretched(&self, round_trip: Duration) -> Duration {
        self.election.max((round_trip * TRIPS).min(self.session / 8))
    }
}

/// Round trips that an election waits for at least: a leader that lives may lose a packet, and it comes again.
const TRIPS: u32 = 6;

/// Who leads, as far as this node knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leader {
    Here,
    At(NodeId, Peer),
    Unknown,
}

/// This node as a member: its Raft, the applied state, and the way to the leader.
pub(super) struct Member<N: Network> {
    pub(super) id: NodeId,
    pub(super) me: Peer,
    pub(super) cluster: ClusterId,
    pub(super) raft: Raft<TypeConfig>,
    pub(super) applied: Applied,
    pub(super) caller: Arc<Caller<N>>,
    pub(super) timing: Timing,
    /// As the leader: who has shown signs of life.
    pub(super) sessions: Mutex<Sessions>,
    /// As the leader: what others say of themselves.
    pub(super) reports: Mutex<BTreeMap<NodeId, NodeFigures>>,
    /// As the leader: who asked to become a member.
    pub(super) candidates: Mutex<BTreeMap<NodeId, Peer>>,
    /// The life in which this node takes part in the run; 0 for none.
    pub(super) incarnation: watch::Sender<Incarnation>,
    /// Whether the run ended before this node joined it.
    pub(super) has_missed_the_run: AtomicBool,
    /// What this node does.
    pub(super) figures: Mutex<NodeFigures>,
}

impl<N: Network> Member<N> {
    /// Without a word of the leader for so long another one is elected: longer than is set where the way to the others
    /// is long.
    pub(super) fn election(&self) -> Duration {
        self.timing.stretched(self.caller.contact().round_trip().0)
    }

    /// What Raft says of itself now, as a copy: code that then reads the machine must not block Raft.
    pub(super) fn metrics(&self) -> Metrics {
        self.raft.metrics().borrow().clone()
    }

    /// As the leader: whether a node has answered the last messages.
    pub(super) fn is_in_touch(&self, node: NodeId) -> bool {
        let silence = self.caller.contact().silence_of(node);
        node == self.id || silence.is_some_and(|silence| silence <= self.election())
    }

    /// Whether this node has joined the run, or the run ended before it could.
    pub(super) fn has_joined_or_missed_it(&self) -> bool {
        *self.incarnation.borrow() > Incarnation(0) || self.has_missed_the_run.load(Ordering::Acquire)
    }

    /// Whether this node votes.
    pub(super) fn votes(&self) -> bool {
        self.raft.metrics().borrow().membership_config.membership().voter_ids().any(|id| id == self.id.0)
    }

    /// The other members that vote.
    pub(super) fn other_voters(&self) -> Vec<(NodeId, Peer)> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<u64> = membership.voter_ids().filter(|id| *id != self.id.0).collect();
        let others = membership.nodes().filter(|(id, _)| voters.contains(id));
        others.map(|(id, peer)| (NodeId(*id), peer.clone())).collect()
    }

    /// Who leads.
    pub(super) fn leader(&self) -> Leader {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        match metrics.current_leader {
            None => Leader::Unknown,
            Some(id) if id == self.id.0 => Leader::Here,
            Some(id) => metrics
                .membership_config
                .membership()
                .get_node(&id)
                .map_or(Leader::Unknown, |peer| Leader::At(NodeId(id), peer.clone())),
        }
    }

    /// The term in which this node leads, if it does.
    pub(super) fn leads(&self) -> Option<u64> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        (metrics.current_leader == Some(self.id.0)).then_some(metrics.current_term)
    }

    /// How a member is reached, if it is one.
    pub(super) fn peer(&self, node: NodeId) -> Option<Peer> {
        self.raft.metrics().borrow().membership_config.membership().get_node(&node.0).cloned()
    }

    /// Whether a node is a member, by what this node knows.
    pub(super) fn is_member(&self, node: NodeId) -> bool {
        self.raft.metrics().borrow().membership_config.membership().get_node(&node.0).is_some()
    }

    /// Where the members are.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.membership().nodes().map(|(_, peer)| peer.address.clone()).collect()
    }

    /// Whether this node has given its vote to that one, or follows it.
    pub(super) fn has_vote(&self, node: NodeId) -> bool {
        self.raft.metrics().borrow().vote.leader_id().node_id == node.0
    }

    /// As the leader: notes that a node wants to become a member, or that a member is to be found elsewhere now.
    pub(super) fn let_in(&self, node: NodeId, peer: Peer, has_moved: bool) -> Answer {
        if self.address_of(node).is_some_and(|address| !has_moved || address == peer.address) {
            return Answer::Yes;
        }
        if peer.name.len() > NAME {
            return Answer::Failed(format!("a node's name has {NAME} bytes at most"));
        }
        let mut candidates = self.candidates.lock();
        if candidates.len() >= CANDIDATES && !candidates.contains_key(&node) {
            return Answer::Failed("too many nodes want to become members at the same time".to_owned());
        }
        candidates.insert(node, peer);
        Answer::Yes
    }

    /// Sees a batch committed, however long there is no quorum.
    ///
    /// # Errors
    /// This node's log has stopped.
    pub(super) async fn commit(&self, batch: Batch) -> Result<Replies, StoreError> {
        loop {
            match self.leader() {
                Leader::Here => {
                    if let Some(replies) = self.commit_here(batch.clone()).await? {
                        return Ok(replies);
                    }
                }
                Leader::At(node, peer) => {
                    let question = Proposal { cluster: self.cluster, batch: batch.clone() };
                    let limit = self.timing.session / 2;
                    let asked = self.caller.call(&peer.address, Purpose::Propose, &question, limit).await;
                    if let Ok((from, Proposed::Committed(replies))) = asked
                        && from == node
                    {
                        return Ok(replies);
                    }
                }
                Leader::Unknown => {}
            }
            self.is_running()?;
            sleep(RETRY).await;
        }
    }

    /// Sees a batch committed, if this node leads. `None` if it does not, or did not to the end.
    ///
    /// # Errors
    /// This node's log has stopped.
    pub(super) async fn commit_here(&self, batch: Batch) -> Result<Option<Replies>, StoreError> {
        match while_leading(&self.raft, self.raft.client_write(batch)).await {
            Some(Ok(written)) => Ok(Some(written.data)),
            None | Some(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_)))) => Ok(None),
            Some(Err(error)) => Err(self.stopped(&error.to_string())),
        }
    }

    /// Asks the leader. `None` if it is not known or does not answer; oneself is not asked.
    pub(super) async fn ask_leader(&self, question: &Question) -> Option<Answer> {
        let Leader::At(node, peer) = self.leader() else { return None };
        let asked = self.caller.call(&peer.address, Purpose::Control, question, self.timing.keep_alive).await;
        asked.ok().filter(|(from, _)| *from == node).map(|(_, answer)| answer)
    }

    /// Asks the node at `address` to let this node in. Returns the nodes that should be asked instead; none if the node
    /// that was asked lets this one in.
    ///
    /// # Errors
    /// Why that is of no use.
    pub(super) async fn ask_to_join(
        &self,
        address: &Address,
        has_moved: bool,
    ) -> Result<Option<Address>, String> {
        let question = Question::Join { cluster: self.cluster, peer: self.me.clone(), has_moved };
        match self.caller.call(address, Purpose::Control, &question, self.timing.keep_alive).await {
            Ok((_, Answer::Yes)) => Ok(None),
            Ok((_, Answer::AskLeader(Some(leader)))) => Ok(Some(leader.address)),
            Ok((_, Answer::AskLeader(None))) => {
                Err("it hears no leader: its cluster has no quorum now".to_owned())
            }
            Ok((_, Answer::NotYet)) => {
                Err("it led, but has lost its quorum, so it cannot let a node in".to_owned())
            }
            Ok((_, Answer::NoRun)) => Err("it is not a member of a cluster yet".to_owned()),
            Ok((_, Answer::OtherCluster(other))) => Err(format!("it is a member of cluster {other}")),
            Ok((_, Answer::Failed(why))) => Err(why),
            Ok(_) => Err("it answered another question".to_owned()),
            Err(error) => {
                let error = error.to_string();
                Err(error.strip_prefix(&format!("{address}: ")).unwrap_or(&error).to_owned())
            }
        }
    }

    /// Where the members look for a node, as far as this node knows.
    pub(super) fn address_of(&self, node: NodeId) -> Option<Address> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.membership().get_node(&node.0).map(|peer| peer.address.clone())
    }

    /// What people call a node.
    pub(super) fn name(&self, node: NodeId) -> String {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let peer = metrics.membership_config.membership().get_node(&node.0);
        peer.map_or_else(|| node.to_string(), |peer| peer.name.to_string())
    }

    /// A sign of life of a node, seen by the leader.
    pub(super) fn hear(&self, node: NodeId, figures: NodeFigures) {
        self.sessions.lock().hear(node, Instant::now());
        self.reports.lock().insert(node, figures);
    }

    /// # Errors
    /// This node's log has stopped.
    pub(super) fn is_running(&self) -> Result<(), StoreError> {
        match &self.raft.metrics().borrow().running_state {
            Ok(()) => Ok(()),
            Err(error) => Err(self.stopped(&error.to_string())),
        }
    }

    fn stopped(&self, error: &str) -> StoreError {
        let reason = self.applied.status().borrow().failure.clone();
        StoreError::Stopped(reason.unwrap_or_else(|| error.into()))
    }
}
