//! The end: nobody goes before everybody who is there has all that was decided.
//!
//! Without this the last ones would be left without a quorum, and without the last rows. The leader goes last: it
//! lets the others go once each of them has applied the end, or is gone. Where it dies meanwhile, those who are left
//! elect another one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info};

use crate::model::NodeId;
use crate::store::machine::Phase;

use super::desk::Office;
use super::member::{Leader, Member};
use super::network::Network;
use super::wire::{Answer, Question};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// The same, when all is over and everybody asks.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// For the last answers to get through, at most: whoever has ended has had its answer.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// See the module docs.
#[derive(Debug)]
pub(super) struct Farewell {
    keepers: Keepers,
    state: Mutex<State>,
}

/// Which nodes keep the rows when the run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keepers {
    /// Every node.
    All,
    /// The one that leads then.
    Leader,
    /// The one that is called so; all, where there is none.
    Named(CompactString),
}

#[derive(Debug, Default)]
struct State {
    /// The last entry that others have applied, as they say.
    applied: BTreeMap<NodeId, u64>,
    /// Who was told that it may go.
    told: BTreeSet<NodeId>,
    /// Who is not there any more: its process has ended, or it was silent for too long.
    gone: BTreeSet<NodeId>,
}

impl Farewell {
    /// As the leader: whether the asker may go.
    pub(super) fn may_go<N: Network>(&self, member: &Member<N>, from: NodeId, position: u64) -> Answer {
        let mut state = self.state.lock();
        state.applied.insert(from, position);
        if state.waits_for(member).is_some_and(|waiting| waiting.is_empty()) {
            state.told.insert(from);
            Answer::Go(self.keeper(&state, member))
        } else {
            Answer::NotYet
        }
    }

    /// Nobody has gone yet.
    pub(super) fn new(keepers: Keepers) -> Self {
        Self { keepers, state: Mutex::default() }
    }

    /// As the leader, once there is an end: the one node that keeps the rows. It is here, and has them all.
    fn keeper<N: Network>(&self, state: &State, member: &Member<N>) -> Option<NodeId> {
        match &self.keepers {
            Keepers::All => None,
            Keepers::Leader => Some(member.id),
            Keepers::Named(name) if *name == member.me.name => Some(member.id),
            Keepers::Named(name) => {
                let is_it = |node: &&NodeId| member.name(**node) == *name && !state.gone.contains(*node);
                state.applied.keys().find(is_it).copied()
            }
        }
    }
}

impl State {
    /// Who does not have the end yet; none before there is an end.
    fn waits_for<N: Network>(&mut self, member: &Member<N>) -> Option<Vec<NodeId>> {
        if !is_over(member) {
            return None;
        }
        // Nothing comes after the end but what a new leader, or a node that came late, adds to it.
        let end = member.applied.status().borrow().position;
        let has_it = |node: &NodeId| self.applied.get(node).is_some_and(|applied| *applied >= end);
        let waiting = others(member).into_iter().filter(|node| !has_it(node) && !self.gone.contains(node));
        Some(waiting.collect())
    }

    fn is_told<N: Network>(&self, member: &Member<N>) -> bool {
        others(member).iter().all(|node| self.told.contains(node) || self.gone.contains(node))
    }
}

/// Whether nobody takes part in the run any more.
fn is_over<N: Network>(member: &Member<N>) -> bool {
    member.applied.machine().read().members().next().is_none()
}

fn others<N: Network>(member: &Member<N>) -> Vec<NodeId> {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    let nodes = metrics.membership_config.membership().nodes().map(|(id, _)| NodeId(*id));
    nodes.filter(|node| *node != member.id).collect()
}

/// Waits until this node, which takes part no more, is of no more use to the others. Gives who keeps the rows, if that
/// is one node.
pub(super) async fn farewell<N: Network>(office: Arc<Office<N>>) -> Option<NodeId> {
    let member = &office.member;
    let begun = Instant::now();
    let mut last_leader = Instant::now();
    let mut is_told = false;
    while member.is_running().is_ok() {
        // At the end all go together: one that went before would have the others elect a leader once more.
        let is_at_work = member.applied.status().borrow().phase < Phase::Shutdown && !is_over(member);
        if is_at_work && can_do_without(member) {
            debug!("the others can go on without this node");
            return None;
        }
        if is_at_work && !is_told {
            is_told = true;
            info!("this node stays as a voter until the others are done: without it they could not go on");
        }
        match member.leader() {
            Leader::Here => {
                last_leader = Instant::now();
                if leads_to_the_end(&office, begun).await {
                    debug!(state = ?office.farewell.state.lock(), "everybody else has the end, or is gone");
                    let _ended_or_late = timeout(LAST_WORDS, ended(member, SHORT_PAUSE)).await;
                    return office.farewell.keeper(&office.farewell.state.lock(), member);
                }
            }
            Leader::At(..) | Leader::Unknown => {
                let position = member.applied.status().borrow().position;
                let question = Question::MayGo { cluster: member.cluster, position };
                match member.ask_leader(&question).await {
                    Some(Answer::Go(keeper)) => {
                        debug!(position, "the leader lets this node go");
                        return keeper;
                    }
                    Some(_) => last_leader = Instant::now(),
                    None if is_over(member) && is_alone(member, last_leader).await => {
                        debug!("nobody leads any more, and this node has the end");
                        return None;
                    }
                    None => {}
                }
            }
        }
        sleep(if is_at_work { PAUSE } else { SHORT_PAUSE }).await;
    }
    None
}

/// Waits until every other member's process has ended.
pub(super) async fn abandoned<N: Network>(member: &Member<N>) {
    ended(member, member.timing.election).await;
}

/// The same, looking so often.
async fn ended<N: Network>(member: &Member<N>, pause: Duration) {
    loop {
        sleep(pause).await;
        let mut is_anybody_there = false;
        for node in others(member) {
            is_anybody_there |= !has_ended(member, node).await;
        }
        if !is_anybody_there {
            return;
        }
    }
}

/// Whether nobody is left who could tell this node to go: all processes have ended, or no leader was heard for too
/// long.
async fn is_alone<N: Network>(member: &Member<N>, last_leader: Instant) -> bool {
    for node in others(member) {
        if !has_ended(member, node).await {
            return last_leader.elapsed() > member.timing.session;
        }
    }
    true
}

/// As the leader: whether everybody else has gone, or may go and knows it.
async fn leads_to_the_end<N: Network>(office: &Office<N>, begun: Instant) -> bool {
    let member = &office.member;
    let waiting = office.farewell.state.lock().waits_for(member);
    let Some(waiting) = waiting else { return false };
    let is_late = begun.elapsed() > member.timing.session;
    let untold: Vec<NodeId> = {
        let state = office.farewell.state.lock();
        others(member)
            .into_iter()
            .filter(|node| !state.told.contains(node) && !state.gone.contains(node))
            .collect()
    };
    for node in untold {
        // Whoever is on its way out asks by itself; of the others it has to be found out.
        if is_late || (waiting.contains(&node) && has_ended(member, node).await) {
            office.farewell.state.lock().gone.insert(node);
        }
    }
    office.farewell.state.lock().is_told(member)
}

/// Whether nobody listens where the node was: its process has ended.
async fn has_ended<N: Network>(member: &Member<N>, node: NodeId) -> bool {
    let peer = {
        let metrics = member.raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.membership().get_node(&node.0).cloned()
    };
    let Some(peer) = peer else { return true };
    match timeout(member.timing.election / 2, member.caller.network().open(&peer.address)).await {
        Ok(Err(error)) => error.kind() == io::ErrorKind::ConnectionRefused,
        // Another life answers where it was.
        Ok(Ok(conversation)) => conversation.peer != node,
        Err(_) => false,
    }
}

/// Whether the voters that still take part can decide without this one.
fn can_do_without<N: Network>(member: &Member<N>) -> bool {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    if *metrics.membership_config.log_id() > metrics.last_applied {
        // A change of who votes is under way, and it may need this node's vote.
        return false;
    }
    // While one change follows another, majorities of both are needed.
    let configs = metrics.membership_config.membership().get_joint_config();
    if !configs.iter().any(|voters| voters.contains(&member.id.0)) {
        return true;
    }
    let machine = member.applied.machine().read();
    let left: BTreeSet<u64> = machine.members().map(|(node, ..)| node.0).collect();
    // Before it is applied here that this node has left, others may have left before it, unseen: two that each count
    // upon the other would both go.
    !left.contains(&member.id.0)
        && configs.iter().all(|voters| voters.intersection(&left).count() > voters.len() / 2)
}
