//! Answers what other nodes ask.
//!
//! A node answers from its first moment on: before it is a member it can only help to form a cluster. It also answers
//! peers that are not members, as they may want to join or ask for the status; [`Visitors`] limits what they may send.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::model::NodeId;
use crate::store::machine::Phase;

use super::caller::Purpose;
use super::forming::Forming;
use super::frame;
use super::network::{Conversation, Network};
use super::office::Office;
use super::places::Place;
use super::raft;
use super::seldom::Seldom;
use super::upkeep::hand_back;
use super::visitors::{Held, Intake, Visitors};
use super::wire::{Answer, Proposal, Proposed, Question};

/// For a stream that was opened to say what it is for.
const PATIENCE: Duration = Duration::from_secs(10);

/// For a leader's sign of life to follow its snapshot.
const KNOWN: Duration = Duration::from_secs(3);

/// For an answer to be taken: one that is large, on a slow link.
const TAKEN: Duration = Duration::from_secs(60);

/// Answers the questions of other nodes.
pub(super) struct Desk<N: Network> {
    pub(super) forming: Forming,
    /// There once this node is a member.
    pub(super) office: watch::Receiver<Option<Arc<Office<N>>>>,
    /// Who talks to it.
    visitors: Arc<Visitors>,
    /// The warning that a peer which is not a member asks too much.
    too_much: Seldom,
}

/// Serves every peer that opens a stream, until the network has ended.
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
    /// Answers for `forming`, and for `office` once there is one.
    pub(super) fn new(forming: Forming, office: watch::Receiver<Option<Arc<Office<N>>>>) -> Self {
        Self { forming, office, visitors: Arc::default(), too_much: Seldom::default() }
    }

    async fn converse(self: &Arc<Self>, conversation: Conversation<N::Stream>) -> io::Result<()> {
        let Conversation { peer: from, stream } = conversation;
        if self.is_known(from) {
            return self.talk(from, stream).await;
        }
        let place = self.visitors.enter(from);
        let talked = tokio::select! {
            talked = self.talk(from, stream) => talked,
            () = self.lost_by_stranger(from, &place) => Err(io::ErrorKind::QuotaExceeded.into()),
        };
        if let Err(error) = &talked
            && matches!(error.kind(), io::ErrorKind::QuotaExceeded | io::ErrorKind::InvalidData)
            && let Some(unsaid) = self.too_much.may_say()
        {
            warn!(%from, %error, unsaid, "a node that is not a member sends too much, or messages that are not valid");
        }
        talked
    }

    /// Waits until a peer that is not a member has lost its place, and still is not a member.
    async fn lost_by_stranger(&self, from: NodeId, place: &Place<NodeId>) {
        place.lost().await;
        if self.is_known(from) {
            std::future::pending::<()>().await;
        }
    }

    async fn talk(self: &Arc<Self>, from: NodeId, mut stream: N::Stream) -> io::Result<()> {
        let purpose = timeout(PATIENCE, stream.read_u8()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let purpose = Purpose::of(purpose).ok_or(io::ErrorKind::InvalidData)?;
        let desk = Arc::clone(self);
        let intake = Intake::new(Arc::clone(&self.visitors), from, purpose, move || desk.is_known(from));
        match purpose {
            Purpose::Control => {
                while let Some((question, _held)) = next(&intake, &mut stream).await? {
                    say(&mut stream, &self.answer(from, question).await).await?;
                }
                Ok(())
            }
            Purpose::Propose => {
                while let Some((proposal, _held)) = next(&intake, &mut stream).await? {
                    say(&mut stream, &self.decide(from, proposal).await).await?;
                }
                Ok(())
            }
            Purpose::Raft => {
                let office = self.office_soon().await?;
                let (member, contact) = (&office.member, office.member.caller.contact());
                raft::serve(&member.raft, member.cluster, contact, from, &intake, stream).await
            }
            Purpose::Snapshot => {
                let office = self.office_soon().await?;
                self.known_soon(&office, from).await?;
                raft::receive(&office.member.raft, office.member.cluster, from, stream).await
            }
        }
    }

    /// Whether a node may say as much as members do: it is one, as far as this node knows, or founded the cluster, or
    /// has this node's vote. A new leader may be one of which a node that was away has not heard yet.
    fn is_known(&self, from: NodeId) -> bool {
        match self.office.borrow().as_ref() {
            Some(office) => office.member.is_member(from) || office.member.has_vote(from),
            None => self.forming.chosen().is_some_and(|founding| founding.members.contains_key(&from)),
        }
    }

    /// Waits until a node is known. The leader's first sign of life may be a moment later than its snapshot.
    async fn known_soon(&self, office: &Office<N>, from: NodeId) -> io::Result<()> {
        let mut metrics = office.member.raft.metrics();
        let known = async {
            while !self.is_known(from) {
                metrics.changed().await.map_err(io::Error::other)?;
            }
            Ok(())
        };
        let denied = |_| {
            let why = format!("node {from}, which is not a member, offers a snapshot");
            io::Error::new(io::ErrorKind::PermissionDenied, why)
        };
        timeout(KNOWN, known).await.map_err(denied)?
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
            (Question::Join { cluster, peer, has_moved }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| match member.let_in(from, peer, has_moved) {
                    Answer::Yes if office.has_lost_quorum() => Answer::NotYet,
                    answer => answer,
                })
            }),
            (Question::Alive { cluster, figures, .. }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| {
                    // A peer that is not a member leaves no trace.
                    if member.is_member(from) {
                        member.hear(from, figures);
                    }
                    Answer::Yes
                })
            }),
            (Question::MayGo { cluster, position }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| office.farewell.may_go(member, from, position))
            }),
            (Question::HandBack { cluster }, office) => office.of_cluster(cluster, |office| {
                office.led(|member| if hand_back(member, from) { Answer::Yes } else { Answer::NotYet })
            }),
            (Question::HasEnd { cluster }, office) => office.of_cluster(cluster, |office| {
                let phase = office.member.applied.status().borrow().phase;
                if phase >= Phase::Shutdown { Answer::Yes } else { Answer::NotYet }
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

/// Answers. Who does not take the answer is not waited for.
async fn say<A: Serialize>(stream: &mut (impl AsyncWrite + Unpin), answer: &A) -> io::Result<()> {
    timeout(TAKEN, frame::write(stream, answer)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// The next question of a stream, and what it counts; none where the other side has closed it.
async fn next<S: AsyncRead + Unpin, Q: DeserializeOwned>(
    intake: &Intake,
    stream: &mut S,
) -> io::Result<Option<(Q, Held)>> {
    match intake.read(stream).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        question => question.map(Some),
    }
}
