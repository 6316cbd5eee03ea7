//! Answers what other nodes ask.
//!
//! A node answers from its first moment on: before it is a member it can only help to form a cluster.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::debug;

use crate::model::NodeId;
use crate::store::Commit;
use crate::store::machine::Command;

use super::caller::Purpose;
use super::commit::ClusterCommit;
use super::farewell::Farewell;
use super::forming::Forming;
use super::frame;
use super::member::{Leader, Member};
use super::network::{Conversation, Network};
use super::peer::ClusterId;
use super::raft;
use super::wire::{Answer, Proposal, Proposed, Question};

/// For a stream that was opened to say what it is for.
const PATIENCE: Duration = Duration::from_secs(10);

/// This node as a member, and how it commits.
pub(super) struct Office<N: Network> {
    pub(super) member: Arc<Member<N>>,
    pub(super) commit: ClusterCommit,
    pub(super) farewell: Farewell,
}

/// See the module docs.
pub(super) struct Desk<N: Network> {
    pub(super) forming: Forming,
    /// There once this node is a member.
    pub(super) office: watch::Receiver<Option<Arc<Office<N>>>>,
}

/// Serves everybody who opens a stream, until the network has ended.
pub(super) async fn serve<N: Network>(
    desk: Arc<Desk<N>>,
    mut incoming: mpsc::Receiver<Conversation<N::Stream>>,
) {
    let mut served = JoinSet::new();
    loop {
        tokio::select! {
            opened = incoming.recv() => {
                let Some(conversation) = opened else { return };
                let desk = Arc::clone(&desk);
                served.spawn(async move {
                    let from = conversation.peer;
                    if let Err(error) = desk.converse(conversation).await {
                        debug!(%from, %error, "a conversation has ended");
                    }
                });
            }
            Some(_ended) = served.join_next() => {}
        }
    }
}

impl<N: Network> Desk<N> {
    async fn converse(&self, conversation: Conversation<N::Stream>) -> io::Result<()> {
        let Conversation { peer: from, mut stream } = conversation;
        let purpose = timeout(PATIENCE, stream.read_u8()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let purpose = Purpose::of(purpose).ok_or(io::ErrorKind::InvalidData)?;
        match purpose {
            Purpose::Control => {
                while let Some(question) = next(&mut stream, purpose).await? {
                    frame::write(&mut stream, &self.answer(from, question).await).await?;
                }
                Ok(())
            }
            Purpose::Propose => {
                while let Some(proposal) = next(&mut stream, purpose).await? {
                    frame::write(&mut stream, &self.decide(from, proposal).await).await?;
                }
                Ok(())
            }
            Purpose::Raft => {
                let office = self.office_soon().await?;
                raft::serve(&office.member.raft, office.member.cluster, from, stream).await
            }
            Purpose::Snapshot => {
                let office = self.office_soon().await?;
                raft::receive(&office.member.raft, office.member.cluster, from, stream).await
            }
        }
    }

    /// This node as a member. The others may have founded the cluster a moment before it has heard of that.
    async fn office_soon(&self) -> io::Result<Arc<Office<N>>> {
        let mut office = self.office.clone();
        let there = timeout(PATIENCE, office.wait_for(Option::is_some)).await;
        let there = there.map_err(|_| io::ErrorKind::NotConnected)?.map_err(io::Error::other)?;
        there.clone().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn office(&self) -> Option<Arc<Office<N>>> {
        self.office.borrow().clone()
    }

    async fn answer(&self, from: NodeId, question: Question) -> Answer {
        let office = match (question, self.office()) {
            (Question::Form(request), _) => return Answer::Form(self.forming.answer(from, request).await),
            (_, None) => return Answer::NoRun,
            (question, Some(office)) => (question, office),
        };
        match office {
            (Question::Form(_), _) => Answer::NoRun,
            (Question::Join { cluster, peer }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| {
                    if !member.is_member(from) {
                        member.candidates.lock().insert(from, peer);
                    }
                    Answer::Yes
                })
            }),
            (Question::Alive { cluster, figures, .. }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| {
                    member.hear(from, figures);
                    Answer::Yes
                })
            }),
            (Question::MayGo { cluster, position }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| office.farewell.may_go(member, from, position))
            }),
            (Question::Status, office) => office.view(from).await,
            (Question::Cancel, office) => office.cancel().await,
        }
    }

    async fn decide(&self, from: NodeId, proposal: Proposal) -> Proposed {
        let Some(office) = self.office() else { return Proposed::AskLeader };
        let member = &office.member;
        if proposal.cluster != member.cluster || !member.is_member(from) {
            return Proposed::NotAMember;
        }
        match member.commit_here(proposal.batch).await {
            Ok(Some(replies)) => Proposed::Committed(replies),
            Ok(None) | Err(_) => Proposed::AskLeader,
        }
    }
}

impl<N: Network> Office<N> {
    fn of_cluster(&self, cluster: ClusterId, answer: impl FnOnce(&Self) -> Answer) -> Answer {
        if cluster == self.member.cluster { answer(self) } else { Answer::OtherCluster(self.member.cluster) }
    }

    /// Answers as the leader, or says who that is.
    fn led(&self, answer: impl FnOnce(&Member<N>) -> Answer) -> Answer {
        match self.member.leader() {
            Leader::Here => answer(&self.member),
            Leader::At(_, peer) => Answer::AskLeader(Some(peer)),
            Leader::Unknown => Answer::AskLeader(None),
        }
    }

    /// How things stand: by the leader, who knows most, or by this node where there is none.
    async fn view(&self, from: NodeId) -> Answer {
        // A member that asks takes this node for the leader: to ask further could go on for ever.
        if !self.member.is_member(from)
            && let Some(Answer::Status(view)) = self.member.ask_leader(&Question::Status).await
        {
            return Answer::Status(view);
        }
        Answer::Status(Box::new(self.member.view()))
    }

    async fn cancel(&self) -> Answer {
        match self.commit.propose(Command::Cancel).await {
            Ok(_) => Answer::Yes,
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}

/// The next question of a stream; none where the other side has closed it.
async fn next<S: AsyncRead + Unpin, Q: DeserializeOwned>(
    stream: &mut S,
    purpose: Purpose,
) -> io::Result<Option<Q>> {
    match frame::read(stream, purpose.limit()).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        question => question.map(Some),
    }
}
