//! The nodes that take part, and which life of each is the current one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{Incarnation, JobKey, NodeId};

/// A node in one of its lives.
pub(super) type Life = (NodeId, Incarnation);

/// A node that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) incarnation: Incarnation,
    /// Number of its last request for jobs, and the jobs it was given.
    pub(super) last_take: (u64, Vec<JobKey>),
    /// Its vote for the end: no job in progress, none to take.
    pub(super) done: bool,
}

/// Members by node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Members {
    live: BTreeMap<NodeId, Member>,
    /// The last incarnation of every node that ever was here.
    seen: BTreeMap<NodeId, Incarnation>,
    /// Nodes that left by themselves before the end, and did not join again.
    left: BTreeSet<NodeId>,
}

impl Members {
    /// Lets a node in. `None` if a later life of it was here already; otherwise whether an earlier one
    /// was, and so may have left leases behind.
    pub(super) fn join(&mut self, node: NodeId, incarnation: Incarnation) -> Option<bool> {
        match self.seen.get(&node) {
            Some(seen) if *seen > incarnation => return None,
            Some(seen) if *seen == incarnation => return self.live.contains_key(&node).then_some(false),
            _ => {}
        }
        self.seen.insert(node, incarnation);
        self.left.remove(&node);
        let member = Member { incarnation, last_take: (0, vec![]), done: false };
        Some(self.live.insert(node, member).is_some())
    }

    /// Removes a node. Returns whether it was here in that incarnation.
    pub(super) fn remove(&mut self, node: NodeId, incarnation: Incarnation) -> bool {
        let here = self.get(node, incarnation).is_some();
        if here {
            self.live.remove(&node);
        }
        here
    }

    /// Notes that a node left by itself before the end.
    pub(super) fn note_left(&mut self, node: NodeId) {
        self.left.insert(node);
    }

    /// Whether a node left by itself before the end, and did not join again.
    pub(super) fn has_left(&self, node: NodeId) -> bool {
        self.left.contains(&node)
    }

    /// The member, if it is here in that incarnation.
    pub(super) fn get(&self, node: NodeId, incarnation: Incarnation) -> Option<&Member> {
        self.live.get(&node).filter(|member| member.incarnation == incarnation)
    }

    /// The member, to change it, if it is here in that incarnation.
    pub(super) fn get_mut(&mut self, node: NodeId, incarnation: Incarnation) -> Option<&mut Member> {
        self.live.get_mut(&node).filter(|member| member.incarnation == incarnation)
    }

    /// The last incarnation of a node that was here at any time.
    pub(super) fn last_incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.seen.get(&node).copied()
    }

    /// Every live node: which life of it, and its vote.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, Incarnation, bool)> {
        self.live.iter().map(|(node, member)| (*node, member.incarnation, member.done))
    }

    /// How many are here.
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are no members.
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Whether every live node has voted.
    pub(super) fn all_done(&self) -> bool {
        !self.live.is_empty() && self.live.values().all(|member| member.done)
    }

    /// Takes all votes back: there is something to do again.
    pub(super) fn clear_votes(&mut self) {
        for member in self.live.values_mut() {
            member.done = false;
        }
    }
}
