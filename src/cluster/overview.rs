//! How the cluster stands, as far as one node can say.
//!
//! What was decided stands in the machine and in the members of the log. Who is there now only the leader knows, by signs
//! of life; and that it still leads, by those who follow it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Incarnation, NodeId};
use crate::observe::WorkerList;
use crate::store::machine::Barricade;

use super::member::Member;
use super::network::Network;
use super::quorum::Quorum;
use super::view::{ClusterView, MemberState, MemberView, QuorumView, Role};

/// Makes the view of a node that sees its quorum so, and has these workers.
pub(super) fn overview<N: Network>(member: &Member<N>, quorum: Quorum, workers: &WorkerList) -> ClusterView {
    let metrics = member.metrics();
    let machine = member.applied.machine().read();
    let live: BTreeMap<NodeId, (Incarnation, bool)> =
        machine.members().map(|(node, life, done)| (node, (life, done))).collect();
    let name = |node: NodeId| member.name(node);
    let leads = metrics.current_leader == Some(member.id.0);
    // A node that has lost its quorum does not lead.
    let leader = metrics.current_leader.filter(|_| quorum == Quorum::There);
    let membership = metrics.membership_config.membership();
    let voters: BTreeSet<u64> = membership.voter_ids().collect();
    let heard = leads.then(|| heard(member, membership.nodes().map(|(id, _)| NodeId(*id))));
    let silence = |node: NodeId| match &heard {
        Some(heard) => heard.get(&node).copied(),
        None => (node == member.id).then_some(Duration::ZERO),
    };
    let is_silent = |node: NodeId| silence(node).is_some_and(|silence| silence > touch(member, quorum));
    let reports = member.reports.lock();
    let behind = |node: NodeId| {
        let matched = metrics.replication.as_ref().and_then(|all| all.get(&node.0).copied().flatten());
        let matched = matched.map_or(0, |id| id.index);
        if node == member.id { 0 } else { metrics.last_log_index.unwrap_or_default().saturating_sub(matched) }
    };
    let members = membership.nodes().map(|(id, peer)| {
        let node = NodeId(*id);
        MemberView {
            name: peer.name.to_string(),
            node: *id,
            address: peer.address.to_string(),
            state: match live.contains_key(&node) {
                false => MemberState::Absent,
                true if is_silent(node) => MemberState::Silent,
                true => MemberState::Live,
            },
            role: match leader {
                Some(leader) if leader == *id => Role::Leader,
                _ if voters.contains(id) => Role::Voter,
                _ => Role::Learner,
            },
            incarnation: live.get(&node).map(|(life, _)| life.0),
            lag: leads.then(|| behind(node)),
            silence: silence(node).map(|silence| u64::try_from(silence.as_millis()).unwrap_or(u64::MAX)),
            done: live.get(&node).is_some_and(|(_, done)| *done),
            figures: reports.get(&node).filter(|_| leads && !is_silent(node)).cloned(),
        }
    });
    let members: Vec<_> = members.collect();
    let in_touch = || voters.iter().filter(|id| !is_silent(NodeId(**id))).count();
    let quorum = QuorumView {
        state: quorum,
        voters: voters.len(),
        needed: voters.len() / 2 + 1,
        in_touch: leads.then(in_touch),
    };
    let at_work = members.iter().filter(|member| member.state == MemberState::Live);
    let rate = at_work.filter_map(|member| Some(member.figures.as_ref()?.rate)).sum();
    let status = member.applied.status().borrow().clone();
    ClusterView {
        cluster: member.cluster.to_string(),
        run: machine.run().map(|run| run.id.to_string()),
        phase: machine.phase(),
        leader: leader.map(|id| name(NodeId(id))),
        quorum,
        node: member.me.name.to_string(),
        members,
        counts: machine.counts(),
        position: status.position,
        rate: leads.then_some(rate),
        composer: machine.holder(Barricade::Compose).map(name),
        seeder: machine.holder(Barricade::Seed).map(name),
        failure: status.failure.map(|reason| reason.to_string()),
        workers: workers.view(),
    }
}

/// As the leader: how long ago each was heard.
fn heard<N: Network>(member: &Member<N>, nodes: impl Iterator<Item = NodeId>) -> BTreeMap<NodeId, Duration> {
    let now = Instant::now();
    let mut sessions = member.sessions.lock();
    let mut silence = |node| if node == member.id { Duration::ZERO } else { sessions.silence(node, now) };
    nodes.map(|node| (node, silence(node))).collect()
}

/// How long a member in touch is silent at most. Signs of life may be late; where nothing can be decided, it is more
/// likely that they do not come.
fn touch<N: Network>(member: &Member<N>, quorum: Quorum) -> Duration {
    match quorum {
        Quorum::There => member.timing.keep_alive * 3,
        Quorum::Looking | Quorum::Lost => member.timing.keep_alive + member.timing.election * 2,
    }
}
