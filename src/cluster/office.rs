//! This node once it is a member: what its answers to other nodes are made of.
//!
//! Knows the member, its commits, its farewell and its quorum, and answers what only a leader, or a member of this
//! cluster, may answer. Does not know streams, nor who asks how much: see `desk.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::model::NodeId;
use crate::observe::WorkerList;

use super::cancelling::Cancelling;
use super::commit::ClusterCommit;
use super::farewell::Farewell;
use super::member::{Leader, Member};
use super::network::Network;
use super::overview::overview;
use super::peer::ClusterId;
use super::quorum::Quorum;
use super::wire::{Answer, Question};

/// Time for the run to be cancelled before the client gets the answer that it takes longer: with a quorum, and without
/// one.
const DECIDED: Duration = Duration::from_secs(8);
const SOON: Duration = Duration::from_secs(1);

/// This node as a member, and how it commits.
pub(super) struct Office<N: Network> {
    pub(super) member: Arc<Member<N>>,
    pub(super) commit: ClusterCommit,
    pub(super) farewell: Farewell,
    pub(super) quorum: watch::Receiver<Quorum>,
    /// Cancels the run, once a caller has asked for it.
    pub(super) cancelling: Cancelling,
    pub(super) workers: WorkerList,
}

impl<N: Network> Office<N> {
    pub(super) fn of_cluster(&self, cluster: ClusterId, answer: impl FnOnce(&Self) -> Answer) -> Answer {
        if cluster == self.member.cluster { answer(self) } else { Answer::OtherCluster(self.member.cluster) }
    }

    /// Answers as the leader, or says who that is.
    pub(super) fn led(&self, answer: impl FnOnce(&Member<N>) -> Answer) -> Answer {
        match self.member.leader() {
            Leader::Here => answer(&self.member),
            Leader::At(_, peer) => Answer::AskLeader(Some(peer)),
            Leader::Unknown => Answer::AskLeader(None),
        }
    }

    /// How things stand: by the leader, who knows most, or by this node where there is none.
    pub(super) async fn view(&self, from: NodeId) -> Answer {
        let mut quorum = *self.quorum.borrow();
        // A member that asks takes this node for the leader: a chain of such questions might never end.
        if !self.member.is_member(from) && matches!(self.member.leader(), Leader::At(..)) {
            if let Some(Answer::Status(view)) = self.member.ask_leader(&Question::Status).await {
                return Answer::Status(view);
            }
            // The leader does not count as one for this node before it answers.
            quorum = match quorum {
                Quorum::There => Quorum::Looking,
                other => other,
            };
        }
        Answer::Status(Box::new(overview(&self.member, quorum, &self.workers)))
    }

    pub(super) fn has_lost_quorum(&self) -> bool {
        *self.quorum.borrow() != Quorum::There
    }

    pub(super) async fn cancel(&self) -> Answer {
        let patience = if self.has_lost_quorum() { SOON } else { DECIDED };
        match timeout(patience, self.cancelling.done(&self.commit)).await {
            Ok(Ok(())) => Answer::Yes,
            Ok(Err(why)) => Answer::Failed(why),
            Err(_) => {
                Answer::Later(overview(&self.member, *self.quorum.borrow(), &self.workers).quorum.to_string())
            }
        }
    }
}
