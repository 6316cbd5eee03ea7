//! What a member does apart from the run, every now and then: it shows signs of life, and as the leader it decides
//! which members are gone and which vote.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openraft::ChangeMembers;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use crate::model::NodeId;
use crate::store::machine::{Command, Phase};

use super::address::Address;
use super::member::{Member, Metrics};
use super::network::Network;
use super::raft::{Batch, while_leading};
use super::voters::{Change, Patience, Seen, next_change};
use super::wire::{Answer, Question};

/// Log entries that a member may be behind to become a voter.
const CLOSE: u64 = 1000;

/// A round trip from which on the node warns of a long way: every commit waits for it.
const LONG_WAY: Duration = Duration::from_millis(50);

/// Between two looks at who is a member.
const LOOK: Duration = Duration::from_millis(250);

/// Shows the leader that this node is alive, for as long as it is. If no leader hears it for long, asks at `places`,
/// one after the other, to be let in: the node that let this one in may have done so without the others, which do not
/// know it.
pub(super) async fn show_life<N: Network>(member: Arc<Member<N>>, places: BTreeSet<Address>) {
    let mut ticks = interval(member.timing.keep_alive);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut incarnation = member.incarnation.subscribe();
    let mut leaders = member.raft.metrics();
    let mut last = None;
    let mut heard = Instant::now();
    let mut places = places.iter().cycle();
    let mut is_told = false;
    loop {
        if !is_told {
            is_told = tell_of_long_way(&member);
        }
        tokio::select! {
            _ = ticks.tick() => {}
            // A life that has just begun, and a leader that was just elected, should hear of it.
            Ok(()) = incarnation.changed() => {}
            is_running = is_another(&mut leaders, last) => if !is_running { return },
        }
        let leader = leaders.borrow_and_update().current_leader;
        if leader != last && leader == Some(member.id.0) {
            info!("this node leads");
        }
        last = leader;
        let mut figures = member.figures.lock().clone();
        figures.position = member.applied.status().borrow().position;
        if member.leads().is_some() {
            member.hear(member.id, figures);
            heard = Instant::now();
            continue;
        }
        let incarnation = *incarnation.borrow_and_update();
        let question = Question::Alive { cluster: member.cluster, incarnation, figures };
        if matches!(member.ask_leader(&question).await, Some(Answer::Yes)) {
            heard = Instant::now();
            continue;
        }
        debug!("no leader heard this node's sign of life");
        if heard.elapsed() > member.timing.session
            && let Some(place) = places.next()
            && let Ok(Some(leader)) = member.ask_to_join(place, false).await
            && let Err(error) = member.ask_to_join(&leader, false).await
        {
            debug!(%leader, error, "unable to ask to be let in again");
        }
    }
}

/// Logs that the way to a node is long. Returns whether there was something to log.
fn tell_of_long_way<N: Network>(member: &Member<N>) -> bool {
    let (time, address) = member.caller.contact().round_trip();
    let Some(address) = address.filter(|_| time >= LONG_WAY) else { return false };
    let (millis, election) = (time.as_millis(), member.election().as_millis());
    warn!(
        %address,
        "the round trip to another node takes {millis} ms: each commit waits for one or two round trips, and the other nodes \
         replace a silent leader after three to four times {election} ms; nodes that are close to each other are faster"
    );
    true
}

/// Waits for another leader than `last`. False where this node's Raft has ended.
async fn is_another(metrics: &mut watch::Receiver<Metrics>, last: Option<u64>) -> bool {
    metrics.wait_for(|metrics| metrics.current_leader != last).await.is_ok()
}

/// As the leader: proposes that silent nodes are gone.
pub(super) async fn expire<N: Network>(member: Arc<Member<N>>) {
    let mut ticks = interval(member.timing.keep_alive / 4);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(term) = member.leads() else {
            member.sessions.lock().follow();
            continue;
        };
        if !member.caller.contact().has_quorum() {
            // The leader cannot decide anything, and silent nodes may be alive behind a broken network.
            member.sessions.lock().pause();
            continue;
        }
        let expired = {
            let machine = member.applied.machine().read();
            let members = machine.members().map(|(node, incarnation, _)| (node, incarnation));
            let mut sessions = member.sessions.lock();
            sessions.hear(member.id, Instant::now());
            sessions.expired(term, members, Instant::now())
        };
        for (node, incarnation) in expired {
            // The proposal before this one may have taken long.
            if member.leads() != Some(term) || !member.sessions.lock().is_over(node, Instant::now()) {
                continue;
            }
            warn!(node = %member.name(node), "no sign of life: its jobs go to others");
            propose(&member, Command::Expire { node, incarnation }).await;
        }
    }
}

/// As the leader: lets nodes in, and decides who votes.
pub(super) async fn keep_members<N: Network>(member: Arc<Member<N>>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if member.leads().is_none() {
            member.candidates.lock().clear();
            continue;
        }
        let candidate = member.candidates.lock().pop_first();
        if let Some((node, peer)) = candidate {
            let was_at = member.address_of(node);
            let let_in = async {
                match &was_at {
                    None => member.raft.add_learner(node.0, peer.clone(), false).await,
                    // A node that has another identity at the same address is not taken for it.
                    Some(_) => {
                        let moved = ChangeMembers::SetNodes([(node.0, peer.clone())].into());
                        member.raft.change_membership(moved, true).await
                    }
                }
            };
            let (name, address) = (&peer.name, &peer.address);
            match &was_at {
                None => info!(%name, %address, "a node joins"),
                Some(before) => info!(%name, %address, %before, "a node has a new address"),
            }
            if let Some(Err(error)) = while_leading(&member.raft, let_in).await {
                debug!(%error, "unable to let it in now; it asks again");
            }
        } else if let Some(change) = next(&member) {
            make(&member, change).await;
        }
    }
}

/// The next change: to bring one to its end that a leader before this one has begun comes first.
fn next<N: Network>(member: &Member<N>) -> Option<Change> {
    let half = {
        let metrics = member.raft.metrics();
        let metrics = metrics.borrow();
        let configs = metrics.membership_config.membership().get_joint_config().clone();
        configs.last().filter(|_| configs.len() > 1).cloned()
    };
    match half {
        Some(voters) => Some(Change::Voters(voters.into_iter().map(NodeId).collect())),
        None => next_change(&seen(member), patience(member)),
    }
}

/// As the leader: a node leaves. Returns whether it may go as far as its vote is concerned: it no longer has one, or
/// the others are not better off without it.
pub(super) fn hand_back<N: Network>(member: &Member<N>, from: NodeId) -> bool {
    if !member.is_member(from) {
        return true;
    }
    if member.applied.status().borrow().phase > Phase::Running {
        // All nodes end: each keeps its vote, so that more than half of them can continue with `--resume`.
        return !is_changing(member);
    }
    if !member.applied.machine().read().has_left(from) {
        // This leader is new, and has not applied yet what says so.
        return false;
    }
    next(member).is_none_or(|change| !change.takes_vote_of(from)) && !is_changing(member)
}

/// Whether a change of the members is under way.
pub(super) fn is_changing<N: Network>(member: &Member<N>) -> bool {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    *metrics.membership_config.log_id() > metrics.last_applied
        || metrics.membership_config.membership().get_joint_config().len() > 1
}

async fn make<N: Network>(member: &Member<N>, change: Change) {
    let retain = !matches!(change, Change::Successor(_));
    let to = match &change {
        Change::Voters(voters) | Change::Successor(voters) => {
            ChangeMembers::ReplaceAllVoters(voters.iter().map(|node| node.0).collect())
        }
        Change::Remove(node) => ChangeMembers::RemoveNodes([node.0].into()),
    };
    match while_leading(&member.raft, member.raft.change_membership(to, retain)).await {
        Some(Ok(_)) => info!(?change, "the members have changed"),
        None => {}
        Some(Err(error)) => debug!(%error, ?change, "unable to change the members now"),
    }
}

fn patience<N: Network>(member: &Member<N>) -> Patience {
    Patience { absent: member.timing.session, gone: member.timing.voter }
}

/// The members, as this leader sees them.
fn seen<N: Network>(member: &Member<N>) -> Vec<Seen> {
    let metrics = member.metrics();
    let membership = metrics.membership_config.membership();
    let voters: BTreeSet<u64> = membership.voter_ids().collect();
    let last = metrics.last_log_index.unwrap_or_default();
    let now = Instant::now();
    // Where all nodes end, none gives its vote back, and none gets one.
    let (takes_part, has_left) = {
        let machine = member.applied.machine().read();
        let is_ending = machine.phase() > Phase::Running;
        let live: BTreeSet<NodeId> = machine.members().map(|(node, ..)| node).collect();
        let left: BTreeSet<NodeId> =
            membership.nodes().map(|(id, _)| NodeId(*id)).filter(|node| machine.has_left(*node)).collect();
        let of = move |nodes: BTreeSet<NodeId>| move |node: NodeId| !is_ending && nodes.contains(&node);
        (of(live), of(left))
    };
    let mut sessions = member.sessions.lock();
    let nodes = membership.nodes().map(|(id, peer)| {
        let node = NodeId(*id);
        let matched =
            metrics.replication.as_ref().and_then(|replication| replication.get(id).copied().flatten());
        Seen {
            node,
            address: peer.address.clone(),
            is_voter: voters.contains(id),
            // A node that leaves must not get a vote that it takes with it.
            is_close: takes_part(node) && matched.is_some_and(|matched| matched.index + CLOSE >= last),
            is_in_touch: member.is_in_touch(node),
            is_leaving: has_left(node),
            silence: if node == member.id { Duration::ZERO } else { sessions.silence(node, now) },
        }
    });
    nodes.collect()
}

/// Commits one command as the leader; where this node leads no more, another one will.
async fn propose<N: Network>(member: &Member<N>, command: Command) {
    let Ok(batch) = Batch::of(&vec![command]) else { return };
    if let Err(error) = member.commit_here(batch).await {
        debug!(%error, "unable to commit");
    }
}
