//! The end: no node goes before every node that is there has applied all decisions.
//!
//! Without this the last ones would be left without a quorum, and without the last rows. The leader goes last: it
//! lets the others go once each of them has applied the end, or is gone. Where it dies meanwhile, those who are left
//! elect another one.
//!
//! All nodes that were there wait for members that were not ([`Parting::absent`], [`linger`]): they keep their roles in
//! Raft, so that a member that comes back gets the end as if it had been there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use compact_str::CompactString;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::model::NodeId;
use crate::store::machine::Phase;

use super::caller::Purpose;
use super::member::{Leader, Member};
use super::network::Network;
use super::upkeep::{hand_back, is_changing};
use super::wire::{Answer, Parting, Question};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// The pause between two questions after the end, when every node asks.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// Shortest time for the last answers to get through. A node that has ended has had its answer.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The pause between two questions to members that were not there.
const LINGER: Duration = Duration::from_millis(250);

/// What this node, as the leader, knows of the other nodes on their way out.
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
    /// Nodes that have the leader's answer that they may go.
    told: BTreeSet<NodeId>,
    /// Nodes that are gone: the process has ended, or the node was silent for too long.
    gone: BTreeSet<NodeId>,
}

impl Farewell {
    /// As the leader: whether the asker may go. A leader that has not joined the run yet needs the asker for that: the
    /// others can have done all the work before it came so far.
    pub(super) fn may_go<N: Network>(&self, member: &Member<N>, from: NodeId, position: u64) -> Answer {
        let mut state = self.state.lock();
        state.applied.insert(from, position);
        if member.has_joined_or_missed_it()
            && state.waits_for(member).is_some_and(|waiting| waiting.is_empty())
        {
            state.told.insert(from);
            Answer::Go(self.parting(&state, member))
        } else {
            Answer::NotYet
        }
    }

    /// Every node is still there.
    pub(super) fn new(keepers: Keepers) -> Self {
        Self { keepers, state: Mutex::default() }
    }

    /// When work begins: warns if the rows are to be kept by a node that is not there. Such a node may join later.
    pub(super) fn warn_of_name<N: Network>(&self, member: &Member<N>) {
        let Keepers::Named(name) = &self.keepers else { return };
        let mut names: Vec<String> = others(member).into_iter().map(|node| member.name(node)).collect();
        names.push(member.me.name.to_string());
        if !names.iter().any(|known| known == name) {
            names.sort();
            warn!(
                "no node is called `{name}` so far (cluster.outputOn); the nodes are {}; if none joins, all nodes keep the \
                 rows",
                names.join(", ")
            );
        }
    }

    /// Warns if this node keeps the rows because it does not know which node keeps them.
    pub(super) fn warn_of_own<N: Network>(&self, member: &Member<N>) {
        if self.keepers != Keepers::All {
            warn!(
                "the run ended without this node ({}), so it does not know which node keeps the rows (cluster.outputOn): \
                 it keeps its own",
                member.me.name
            );
        }
    }

    /// After the end: warns if all nodes keep the rows though one of them should.
    fn warn_of_all<N: Network>(&self, member: &Member<N>, parting: &Parting) {
        let is_over = member.applied.status().borrow().phase >= Phase::Shutdown;
        if let Keepers::Named(name) = &self.keepers
            && parting.keeper.is_none()
            && is_over
        {
            warn!("no node called `{name}` was there at the end: all nodes keep the rows (cluster.outputOn)");
        }
    }

    /// As the leader, once there is an end: the node that keeps the rows, and the members that were not there. A node
    /// that left in good order before is not waited for.
    fn parting<N: Network>(&self, state: &State, member: &Member<N>) -> Parting {
        let keeper = self.keeper(state, member);
        let end = member.applied.status().borrow().position;
        let has_it = |node: &NodeId| state.applied.get(node).is_some_and(|applied| *applied >= end);
        let machine = member.applied.machine().read();
        let absent = state.gone.iter().copied().filter(|node| !machine.has_left(*node) && !has_it(node));
        Parting { keeper, absent: absent.collect() }
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
    /// Nodes that do not have the end yet; none before there is an end.
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

/// Whether no node takes part in the run, as far as this node has applied the log.
fn is_over<N: Network>(member: &Member<N>) -> bool {
    member.applied.machine().read().members().next().is_none()
}

fn others<N: Network>(member: &Member<N>) -> Vec<NodeId> {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    let nodes = metrics.membership_config.membership().nodes().map(|(id, _)| NodeId(*id));
    nodes.filter(|node| *node != member.id).collect()
}

/// Waits until the others no longer need this node for a quorum. This node no longer takes part in the run.
pub(super) async fn farewell<N: Network>(member: &Member<N>, farewell: &Farewell) -> Parting {
    let parting = parted(member, farewell).await;
    if let Some(parting) = &parting {
        farewell.warn_of_all(member, parting);
    }
    parting.unwrap_or_default()
}

/// What the leader decided of the end; `None` where this node goes without a decision.
async fn parted<N: Network>(member: &Member<N>, farewell: &Farewell) -> Option<Parting> {
    let begun = Instant::now();
    let mut last_leader = Instant::now();
    let mut is_told = false;
    while member.is_running().is_ok() {
        // At the end all nodes go together: if one went before, the others would have to elect a leader again.
        let is_at_work = member.applied.status().borrow().phase < Phase::Shutdown && !is_over(member);
        if is_at_work {
            let gives_back = begun.elapsed() <= member.timing.session && !handed_back(member).await;
            if !gives_back && can_do_without(member) {
                debug!("the other nodes can continue without this node");
                return None;
            }
            if !gives_back && !is_told {
                is_told = true;
                info!(
                    "this node stays as a voter until the others are done: they have no majority without it"
                );
            }
        }
        match member.leader() {
            Leader::Here => {
                last_leader = Instant::now();
                if leads_to_the_end(member, farewell, begun).await {
                    debug!(state = ?farewell.state.lock(), "every other node has applied the end or is gone");
                    let parting = farewell.parting(&farewell.state.lock(), member);
                    let last_words = LAST_WORDS.max(member.caller.contact().round_trip().0 * 2);
                    let _ended_or_late = timeout(last_words, ended(member, SHORT_PAUSE)).await;
                    return Some(parting);
                }
            }
            Leader::At(..) | Leader::Unknown => {
                let position = member.applied.status().borrow().position;
                let question = Question::MayGo { cluster: member.cluster, position };
                match member.ask_leader(&question).await {
                    Some(Answer::Go(parting)) => {
                        debug!(position, "the leader lets this node go");
                        return Some(parting);
                    }
                    Some(_) => last_leader = Instant::now(),
                    None if is_over(member) && is_alone(member, last_leader).await => {
                        debug!("no node leads, and this node has applied the end");
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

/// Asks the leader to take this node's vote. Whether this node may go as far as that is concerned.
async fn handed_back<N: Network>(member: &Member<N>) -> bool {
    match member.leader() {
        _ if !member.votes() && !is_changing(member) => true,
        Leader::Here => hand_back(member, member.id),
        Leader::At(..) | Leader::Unknown => {
            let question = Question::HandBack { cluster: member.cluster };
            matches!(member.ask_leader(&question).await, Some(Answer::Yes))
        }
    }
}

/// Stays for members that were not there at the end, until each of them has the end or has become another node: at most
/// for `limit`, and for `grace` if none of them reports that it lacks the end. Raft continues meanwhile.
pub(super) async fn linger<N: Network>(
    member: &Member<N>,
    mut absent: Vec<NodeId>,
    grace: Duration,
    limit: Duration,
) {
    let begun = Instant::now();
    while member.is_running().is_ok() {
        let (mut left, mut is_anybody_here) = (vec![], false);
        for node in absent {
            match need(member, node).await {
                Need::None => {}
                Need::Unknown => left.push(node),
                Need::Rest => {
                    is_anybody_here = true;
                    left.push(node);
                }
            }
        }
        absent = left;
        if absent.is_empty() || begun.elapsed() >= if is_anybody_here { limit } else { grace } {
            return;
        }
        sleep(LINGER).await;
    }
}

/// What a member needs of those who have the end.
enum Need {
    /// It has the end, or will never ask for it.
    None,
    /// It says that it lacks the end.
    Rest,
    /// It does not answer.
    Unknown,
}

async fn need<N: Network>(member: &Member<N>, node: NodeId) -> Need {
    let Some(peer) = member.peer(node) else { return Need::None };
    let question = Question::HasEnd { cluster: member.cluster };
    match member.caller.call(&peer.address, Purpose::Control, &question, member.timing.keep_alive).await {
        Ok((from, Answer::NotYet | Answer::NoRun)) if from == node => Need::Rest,
        Ok(_) => Need::None,
        Err(_) => Need::Unknown,
    }
}

/// Waits until every other member's process has ended.
pub(super) async fn abandoned<N: Network>(member: &Member<N>) {
    ended(member, member.timing.election).await;
}

/// Waits until every other member's process has ended; looks every `pause`.
async fn ended<N: Network>(member: &Member<N>, pause: Duration) {
    loop {
        sleep(pause).await;
        let mut is_anybody_there = false;
        for node in others(member) {
            is_anybody_there |= whereabouts(member, node).await.is_none();
        }
        if !is_anybody_there {
            return;
        }
    }
}

/// Whether no node is left that could let this node go: all processes have ended, or this node has not been in touch
/// with a leader for too long.
async fn is_alone<N: Network>(member: &Member<N>, last_leader: Instant) -> bool {
    for node in others(member) {
        if whereabouts(member, node).await.is_none() {
            return last_leader.elapsed() > member.timing.session;
        }
    }
    true
}

/// As the leader: whether every other node has gone, or may go and knows it.
async fn leads_to_the_end<N: Network>(member: &Member<N>, farewell: &Farewell, begun: Instant) -> bool {
    let waiting = farewell.state.lock().waits_for(member);
    let Some(waiting) = waiting else { return false };
    let is_late = begun.elapsed() > member.timing.session;
    let is_very_late = begun.elapsed() > member.timing.session * 2;
    let untold: Vec<NodeId> = {
        let state = farewell.state.lock();
        others(member)
            .into_iter()
            .filter(|node| !state.told.contains(node) && !state.gone.contains(node))
            .collect()
    };
    for node in untold {
        // A node that has the end and is leaving asks by itself, unless it dies before the answer arrives; the leader
        // looks after the others.
        let is_gone = if waiting.contains(&node) {
            is_late || whereabouts(member, node).await.is_some()
        } else {
            is_late && whereabouts(member, node).await.is_some()
        };
        if is_gone || is_very_late {
            farewell.state.lock().gone.insert(node);
        }
    }
    farewell.state.lock().is_told(member)
}

/// The evidence that a node's process has ended and does not come back by itself as the same node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// No process listens at its address.
    Ended,
    /// Another node answers there: its disk is another one, or it is in another run.
    AnotherLife,
}

/// What became of a node; none if it answers, or if its host is silent.
pub(super) async fn whereabouts<N: Network>(member: &Member<N>, node: NodeId) -> Option<Whereabouts> {
    let Some(peer) = member.peer(node) else { return Some(Whereabouts::Ended) };
    match timeout(member.election() / 2, member.caller.network().open(&peer.address)).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Some(Whereabouts::Ended),
        Ok(Ok(conversation)) if conversation.peer != node => Some(Whereabouts::AnotherLife),
        Ok(_) | Err(_) => None,
    }
}

/// Whether the voters that still take part can decide without this one.
fn can_do_without<N: Network>(member: &Member<N>) -> bool {
    if is_changing(member) {
        // It may need this node's vote.
        return false;
    }
    let metrics = member.metrics();
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
