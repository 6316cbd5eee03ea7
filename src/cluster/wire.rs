//! What nodes send each other apart from Raft.

use serde::{Deserialize, Serialize};

use crate::model::{Incarnation, NodeId};

use super::figures::NodeFigures;
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
        /// Whether it is a member that can no longer be found where it was.
        has_moved: bool,
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
    /// The asker leaves a run that continues, and gives its vote back; asks the leader whether that is done.
    HandBack {
        /// The cluster.
        cluster: ClusterId,
    },
    /// Asks whether the answering node has the end of the run.
    HasEnd {
        /// The cluster.
        cluster: ClusterId,
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
    /// To [`Question::MayGo`]: yes.
    Go(Parting),
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
    /// To [`Question::Cancel`]: as soon as there is a quorum.
    Later(String),
}

/// What the leader sends a node that leaves at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parting {
    /// Who keeps the rows, if that is one node.
    pub(super) keeper: Option<NodeId>,
    /// Members that were not there, and do not have the end.
    pub(super) absent: Vec<NodeId>,
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
    /// Refused: the asker is not a member of this cluster.
    NotAMember,
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use serde::de::DeserializeOwned;

    use crate::cluster::peer::Founding;
    use crate::model::codec;
    use crate::store::machine::{Command, Phase, Reply};

    use super::super::quorum::Quorum;
    use super::super::view::QuorumView;
    use super::*;
    use crate::observe::{WorkerState, WorkerView};

    fn peer() -> Peer {
        Peer { address: "node-1.example:4001".parse().unwrap(), name: "n1".into() }
    }

    fn founding() -> Founding {
        let members = (1..4).map(|node| (NodeId(node), peer())).collect::<BTreeMap<_, _>>();
        Founding { cluster: ClusterId([7; 16]), members }
    }

    fn view() -> ClusterView {
        let quorum = QuorumView { state: Quorum::Lost, voters: 3, needed: 2, in_touch: Some(1) };
        ClusterView {
            cluster: "c".into(),
            run: Some("r".into()),
            phase: Phase::Running,
            leader: None,
            quorum,
            node: "n1".into(),
            members: vec![],
            counts: crate::store::machine::Counts::default(),
            position: 7,
            rate: Some(1.5),
            composer: None,
            seeder: Some("n2".into()),
            failure: None,
            workers: vec![WorkerView { name: "expiry".into(), state: WorkerState::Failed("why".into()) }],
        }
    }

    /// Reads what is left of `value` when a member, or its disk, has spoilt it; gives how many were tried. None may do
    /// more than be refused, or be another value.
    fn spoil<T: Serialize + DeserializeOwned>(what: &str, value: &T) -> usize {
        let whole = codec::encode(value).unwrap();
        let mut spoilt: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
        for at in 1..whole.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff] {
                let mut other = whole.clone();
                other[at] = byte;
                // What follows may be taken for a length.
                spoilt.push([&other[..=at], &[0xff; 24]].concat());
                spoilt.push(other);
            }
        }
        for bytes in &spoilt {
            let read = catch_unwind(AssertUnwindSafe(|| drop(codec::decode::<T>(bytes))));
            assert!(read.is_ok(), "{what}: {bytes:02x?}");
        }
        spoilt.len()
    }

    #[test]
    fn no_spoilt_message_of_a_member_does_more_than_be_refused() {
        let cluster = ClusterId([7; 16]);
        let hello = forming::Request::Chosen(founding());
        let figures = NodeFigures { position: 3, pages: 4, errors: 5, rate: f64::NAN };
        let batch = Batch::of(&vec![Command::Cancel, Command::Resume]).unwrap();
        let list: BTreeSet<_> = [peer().address].into();
        let tried = [
            spoil("form", &Question::Form(hello)),
            spoil("join", &Question::Join { cluster, peer: peer(), has_moved: true }),
            spoil("alive", &Question::Alive { cluster, incarnation: Incarnation(9), figures }),
            spoil("may go", &Question::MayGo { cluster, position: 300 }),
            spoil("hand back", &Question::HandBack { cluster }),
            spoil("has end", &Question::HasEnd { cluster }),
            spoil("ask the leader", &Answer::AskLeader(Some(peer()))),
            spoil("go", &Answer::Go(Parting { keeper: Some(NodeId(u64::MAX)), absent: vec![NodeId(1)] })),
            spoil("status", &Answer::Status(Box::new(view()))),
            spoil("later", &Answer::Later("2 of 5 voters are in touch".to_owned())),
            spoil("failed", &Answer::Failed("x".repeat(300))),
            spoil("proposal", &Proposal { cluster, batch: batch.clone() }),
            spoil("proposed", &Proposed::Committed(Replies(vec![Reply::Accepted, Reply::Repeated]))),
            spoil("addresses", &list),
        ];
        // Every node reads the commands again.
        let commands = (0..batch.0.len()).flat_map(|at| {
            [0, 1, 2, 0xff].map(|byte| {
                let mut bytes = batch.0.to_vec();
                bytes[at] = byte;
                Batch(bytes.into())
            })
        });
        let commands: Vec<_> = commands.collect();
        for batch in &commands {
            let read = catch_unwind(AssertUnwindSafe(|| drop(batch.commands())));
            assert!(read.is_ok(), "{batch:?}");
        }
        assert!(tried.iter().sum::<usize>() + commands.len() > 10_000);
    }
}
