//! This node as a member: its Raft, what was applied, and how the leader is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{ClientWriteError, RaftError};
use openraft::{Raft, RaftMetrics};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::model::{Incarnation, NodeId};
use crate::store::StoreError;
use crate::store::machine::Barricade;

use super::address::Address;
use super::caller::{Caller, Purpose};
use super::network::Network;
use super::peer::{ClusterId, Peer};
use super::raft::{Applied, Batch, Replies, TypeConfig, while_leading};
use super::sessions::Sessions;
use super::view::{ClusterView, MemberState, MemberView, Role};
use super::wire::{Answer, NodeFigures, Proposal, Proposed, Question};

/// What is seen of Raft from outside.
pub(super) type Metrics = RaftMetrics<u64, Peer>;

/// Before the leader is looked for again.
const RETRY: Duration = Duration::from_millis(50);

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
}

/// Who leads, as far as this node knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leader {
    Here,
    At(NodeId, Peer),
    Unknown,
}

/// See the module docs.
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
    /// What this node does.
    pub(super) figures: Mutex<NodeFigures>,
}

impl<N: Network> Member<N> {
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

    /// Whether a node is a member, by what this node knows.
    pub(super) fn is_member(&self, node: NodeId) -> bool {
        self.raft.metrics().borrow().membership_config.membership().get_node(&node.0).is_some()
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

    /// Asks whoever is at `address` to let this node in. Gives who should be asked instead.
    ///
    /// # Errors
    /// Why there is no answer of use.
    pub(super) async fn ask_to_join(&self, address: &Address) -> Result<Option<Address>, String> {
        let question = Question::Join { cluster: self.cluster, peer: self.me.clone() };
        match self.caller.call(address, Purpose::Control, &question, self.timing.keep_alive).await {
            Ok((_, Answer::AskLeader(leader))) => Ok(leader.map(|peer| peer.address)),
            Ok((_, Answer::OtherCluster(other))) => Err(format!("it is a member of cluster {other}")),
            Ok(_) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What people call a node.
    pub(super) fn name(&self, node: NodeId) -> String {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let peer = metrics.membership_config.membership().get_node(&node.0);
        peer.map_or_else(|| node.to_string(), |peer| peer.name.to_string())
    }

    /// How the cluster stands, as far as this node knows.
    pub(super) fn view(&self) -> ClusterView {
        let metrics = self.raft.metrics().borrow().clone();
        let machine = self.applied.machine().read();
        let live: BTreeMap<NodeId, (Incarnation, bool)> =
            machine.members().map(|(node, life, done)| (node, (life, done))).collect();
        let name = |node: NodeId| self.name(node);
        let reports = self.reports.lock();
        let leads = metrics.current_leader == Some(self.id.0);
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<u64> = membership.voter_ids().collect();
        let members = membership.nodes().map(|(id, peer)| {
            let node = NodeId(*id);
            let matched = metrics.replication.as_ref().and_then(|all| all.get(id).copied().flatten());
            let behind = |matched: u64| metrics.last_log_index.unwrap_or_default().saturating_sub(matched);
            MemberView {
                name: peer.name.to_string(),
                node: *id,
                address: peer.address.to_string(),
                state: if live.contains_key(&node) { MemberState::Live } else { MemberState::Absent },
                role: match metrics.current_leader {
                    Some(leader) if leader == *id => Role::Leader,
                    _ if voters.contains(id) => Role::Voter,
                    _ => Role::Learner,
                },
                incarnation: live.get(&node).map(|(life, _)| life.0),
                lag: leads
                    .then(|| if node == self.id { 0 } else { behind(matched.map_or(0, |id| id.index)) }),
                done: live.get(&node).is_some_and(|(_, done)| *done),
                figures: reports.get(&node).filter(|_| leads).cloned(),
            }
        });
        let status = self.applied.status().borrow().clone();
        let is_live = |node: &&NodeId| live.contains_key(node);
        let rate = reports.iter().filter(|(node, _)| is_live(node)).map(|(_, figures)| figures.rate).sum();
        ClusterView {
            cluster: self.cluster.to_string(),
            run: machine.run().map(|run| run.id.to_string()),
            phase: machine.phase(),
            leader: metrics.current_leader.map(|id| name(NodeId(id))),
            node: self.me.name.to_string(),
            members: members.collect(),
            counts: machine.counts(),
            position: status.position,
            rate: leads.then_some(rate),
            composer: machine.holder(Barricade::Compose).map(name),
            seeder: machine.holder(Barricade::Seed).map(name),
            failure: status.failure.map(|reason| reason.to_string()),
        }
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
