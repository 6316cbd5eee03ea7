//! What nodes that form a cluster say to each other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cluster::address::Address;
use crate::cluster::peer::{ClusterId, Founding, Peer};

use super::ballot::Ballot;

/// A question to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Asks a node for its identity.
    Hello(Hello),
    /// Do you promise to accept nothing below this ballot?
    Prepare(Ballot, Numbers),
    /// Do you accept this founding, under this ballot?
    Accept(Ballot, Founding, Numbers),
    /// This is what was chosen.
    Chosen(Founding),
}

/// What a node answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// To [`Request::Hello`], and from a node that takes no part in forming to any other question.
    Hello(Hello),
    /// Nothing below that ballot will be accepted; this is what was accepted before.
    Promise(Ballot, Option<(Ballot, Founding)>),
    /// Accepted, durably.
    Accepted(Ballot),
    /// Not with that ballot: at least this one was promised already.
    Refused(Ballot),
    /// The choice has been made.
    Chosen(Founding),
    /// The node cannot answer: it is the fault of the question, or of its disk.
    Unable(String),
}

/// How many nodes there shall be, and how many of them decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Numbers {
    /// All nodes of the list.
    pub(crate) size: u32,
    /// How many of them decide.
    pub(crate) quorum: u32,
}

impl Numbers {
    /// Whether a quorum of the one and a quorum of the other always have a node in common, both taken from one list.
    pub(super) fn meet(self, other: Self) -> bool {
        u64::from(self.quorum) + u64::from(other.quorum) > u64::from(self.size.max(other.size))
    }
}

/// The identity of a node, and what it is doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Its name and its own idea of its address.
    pub(crate) peer: Peer,
    /// The numbers that it declares about the cluster.
    pub(crate) numbers: Numbers,
    /// The addresses that it declares, its own among them.
    pub(crate) list: BTreeSet<Address>,
    /// What it is doing.
    pub(crate) standing: Standing,
    /// What was chosen, where it knows that.
    pub(crate) founding: Option<Founding>,
}

/// What a node is doing, as far as forming goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// It looks for others and votes.
    Forming,
    /// Its Raft runs.
    Member {
        /// In this cluster.
        cluster: ClusterId,
    },
    /// Its Raft runs, without a quorum: whether there is a cluster that could be joined is not known.
    Paused {
        /// Its cluster.
        cluster: ClusterId,
    },
    /// It holds an unfinished run and was started without `--resume`: it neither votes nor starts Raft by itself.
    Waiting {
        /// The cluster of that run.
        cluster: ClusterId,
    },
}
