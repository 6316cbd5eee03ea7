//! What nodes say to each other beside Raft.

use serde::{Deserialize, Serialize};

use crate::model::{Incarnation, NodeId};

use super::forming;
use super::peer::{ClusterId, Peer};
use super::raft::{Batch, Replies};
use super::view::ClusterView;

/// A question on a stream for control.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Question {
    /// Forming a cluster.
    Form(forming::Request),
    /// Asks to become a member.
    Join {
        /// The cluster.
        cluster: ClusterId,
        /// How others reach the asker.
        peer: Peer,
    },
    /// A sign of life, for the leader.
    Alive {
        /// The cluster.
        cluster: ClusterId,
        /// Which life of the asker is a member of the run; 0 for none.
        incarnation: Incarnation,
        /// What it does.
        figures: NodeFigures,
    },
    /// The asker has done all that it had to do; asks the leader whether it may go.
    MayGo {
        /// The cluster.
        cluster: ClusterId,
        /// The last log entry that the asker has applied.
        position: u64,
    },
    /// Asks how things stand.
    Status,
    /// Asks to cancel the run, on all nodes.
    Cancel,
}

/// The answer to a [`Question`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// To [`Question::Form`].
    Form(forming::Answer),
    /// Done, or yes.
    Yes,
    /// To [`Question::MayGo`]: yes. Names who keeps the rows, if that is one node.
    Go(Option<NodeId>),
    /// Not yet.
    NotYet,
    /// The leader has to be asked: this one, as far as is known.
    AskLeader(Option<Peer>),
    /// This node is a member of another cluster.
    OtherCluster(ClusterId),
    /// No run is at work on this node.
    NoRun,
    /// To [`Question::Status`].
    Status(Box<ClusterView>),
    /// It cannot be done.
    Failed(String),
}

/// Commands for the leader.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Proposal {
    pub(super) cluster: ClusterId,
    pub(super) batch: Batch,
}

/// What became of a [`Proposal`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Proposed {
    /// It is committed.
    Committed(Replies),
    /// This node does not lead, or does so no more: it may be committed or not.
    AskLeader,
    /// Refused: the asker is no member of this cluster.
    NotAMember,
}

/// What a node does, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeFigures {
    /// The last log entry that it has applied.
    pub position: u64,
    /// Pages loaded by this process.
    pub pages: u64,
    /// Errors met by this process.
    pub errors: u64,
    /// Pages a second of late.
    pub rate: f64,
}
