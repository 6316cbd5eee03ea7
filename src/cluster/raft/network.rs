//! Raft's messages between members: who sends, over which streams, for how long.
//!
//! Does not know what is in the log. Every message says of which cluster it is, and a message is believed only if it
//! comes from the node whose vote it carries.
//!
//! openraft gives up on a message after one heartbeat and sends it again. What takes longer (large entries, a long way,
//! a lost packet) therefore continues behind its back, on a stream that outlives that deadline: see [`Underway`] and
//! [`Signs`].

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{Fatal, Infallible};
use openraft::error::{PayloadTooLarge, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{EntryPayload, LogId, OptionalSend, Raft, Snapshot, Vote};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::cluster::address::Address;
use crate::cluster::caller::{self, Purpose};
use crate::cluster::contact::Contact;
use crate::cluster::frame;
use crate::cluster::network::Network;
use crate::cluster::peer::{ClusterId, Peer};
use crate::cluster::visitors::Intake;
use crate::model::NodeId;

use super::sender::prove;
use super::transfer;
use super::types::TypeConfig;

/// Entries of one message, in bytes, unless a single one is larger. Below what a frame may hold.
const ENTRIES: usize = 32 << 20;

/// Bytes for which a second more is granted: a third of what a 100 Mbit link carries.
const BYTES_PER_SECOND: usize = 4 << 20;

/// Streams to one node that are kept.
const KEPT: usize = 4;

/// Signs of life on their way to one node. Where the way is long, more than one has to be.
const SIGNS: usize = 3;

type AppendError = RPCError<u64, Peer, RaftError<u64>>;

/// A message to a member.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    cluster: ClusterId,
    /// As the leader: whether more than half of the voters follow the sender.
    has_quorum: bool,
    message: Message,
}

#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Append(AppendEntriesRequest<TypeConfig>),
    Vote(VoteRequest<u64>),
}

impl Message {
    /// Whether the answer takes as long as the way.
    fn is_short(&self) -> bool {
        matches!(self, Self::Append(append) if append.entries.is_empty())
    }
}

/// What a member says to it.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Append(AppendEntriesResponse<u64>),
    Vote(VoteResponse<u64>),
    /// It is a member of another cluster.
    OtherCluster(ClusterId),
    /// It can do no more, for that reason.
    Failed(String),
}

/// Makes a [`RaftClient`] for each member.
pub(crate) struct RaftClients<N: Network>(Arc<Shared<N>>);

struct Shared<N: Network> {
    network: N,
    cluster: ClusterId,
    contact: Arc<Contact>,
    /// Shortest time for an answer. Longer than any way: giving up earlier and opening a stream again does not help,
    /// because the transport finds out that a connection is broken.
    patience: Duration,
    kept: Mutex<HashMap<u64, Vec<N::Stream>>>,
}

impl<N: Network> RaftClients<N> {
    /// Talks over `network`, as a member of `cluster`, and notes who answers in `contact`.
    pub(crate) fn new(network: N, cluster: ClusterId, contact: Arc<Contact>, patience: Duration) -> Self {
        Self(Arc::new(Shared { network, cluster, contact, patience, kept: Mutex::default() }))
    }
}

impl<N: Network> RaftNetworkFactory<TypeConfig> for RaftClients<N> {
    type Network = RaftClient<N>;

    async fn new_client(&mut self, target: u64, node: &Peer) -> RaftClient<N> {
        let line = Line { shared: self.0.clone(), target, address: node.address.clone() };
        RaftClient { line, underway: None, signs: Signs::default() }
    }
}

/// Talks to one member.
pub(crate) struct RaftClient<N: Network> {
    line: Line<N>,
    underway: Option<Underway>,
    signs: Signs,
}

/// Entries that take longer than openraft waits. The same ones, or more behind the same predecessor, are not sent
/// again, but wait for what becomes of these.
#[derive(Debug)]
struct Underway {
    vote: Vote<u64>,
    before: Option<LogId<u64>>,
    last: Option<LogId<u64>>,
    /// One task, which ends with this value.
    sending: JoinSet<Result<AppendEntriesResponse<u64>, Unreachable>>,
}

/// What a leader that lives sends without entries.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sign {
    vote: Vote<u64>,
    before: Option<LogId<u64>>,
    commit: Option<LogId<u64>>,
}

/// Signs of life on their way. The answer to any of them says that the member follows.
#[derive(Debug, Default)]
struct Signs {
    newest: Option<Sign>,
    sending: JoinSet<(Sign, Result<AppendEntriesResponse<u64>, Unreachable>)>,
}

impl Signs {
    /// Sends a sign, unless the same one or too many are on their way, and waits for the answer to any.
    async fn give<N: Network>(
        &mut self,
        line: &Line<N>,
        request: AppendEntriesRequest<TypeConfig>,
    ) -> Result<AppendEntriesResponse<u64>, Unreachable> {
        // An answer that came while no call waited for it is old.
        while let Some(Ok((_, answer))) = self.sending.try_join_next() {
            if let Ok(answer @ AppendEntriesResponse::HigherVote(_)) = answer {
                return Ok(answer);
            }
        }
        let sign = Sign { vote: request.vote, before: request.prev_log_id, commit: request.leader_commit };
        let is_new = self.newest != Some(sign) || self.sending.is_empty();
        if is_new && self.sending.len() < SIGNS {
            self.newest = Some(sign);
            let line = line.clone();
            self.sending.spawn(async move { (sign, line.append(request, line.shared.patience).await) });
        }
        match self.sending.join_next().await {
            Some(Ok((given, Ok(AppendEntriesResponse::Conflict)))) if given.before != sign.before => {
                Err(unreachable("the member's log was another one when it answered"))
            }
            Some(Ok((_, answer))) => answer,
            Some(Err(_)) | None => Err(unreachable("the sending was cut off")),
        }
    }
}

impl<N: Network> RaftNetwork<TypeConfig> for RaftClient<N> {
    fn backoff(&self) -> Backoff {
        Backoff::new(AGAIN.into_iter().map(Duration::from_millis).chain(std::iter::repeat(AT_LAST)))
    }

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, AppendError> {
        if request.entries.is_empty() {
            return Ok(self.signs.give(&self.line, request).await?);
        }
        let size = fitting(&request).map_err(PayloadTooLarge::new_entries_hint)?;
        let last = request.entries.last().map(|entry| entry.log_id);
        let (vote, before) = (request.vote, request.prev_log_id);
        let underway = match &mut self.underway {
            Some(underway) if underway.vote == vote && underway.before == before && underway.last <= last => {
                underway
            }
            other => other.insert(self.line.send_on(request, option.hard_ttl(), size)),
        };
        // openraft may give up here; the task continues, and the next call finds it.
        let sent = underway.sending.join_next().await;
        let reached = underway.last;
        self.underway = None;
        let answer =
            sent.and_then(Result::ok).unwrap_or_else(|| Err(unreachable("the sending was cut off")))?;
        Ok(match answer {
            AppendEntriesResponse::Success if reached < last => {
                AppendEntriesResponse::PartialSuccess(reached)
            }
            answer => answer,
        })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        _: RPCOption,
    ) -> Result<VoteResponse<u64>, AppendError> {
        let last = request.last_log_id;
        // The stream is wanted for the next election where this one has no time left for the answer.
        let (told, answer) = oneshot::channel();
        let line = self.line.clone();
        tokio::spawn(async move {
            let _too_late = told.send(line.ask(Message::Vote(request), line.shared.patience).await);
        });
        let answer = answer.await.unwrap_or_else(|_| Err(unreachable("the asking was cut off")))?;
        match answer {
            Answer::Vote(answer) => {
                if !answer.vote_granted && answer.last_log_id > last {
                    self.line.shared.contact.note_longer_log(true);
                }
                Ok(answer)
            }
            other => Err(self.line.refused(other).into()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote<u64>,
        snapshot: Snapshot<TypeConfig>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<TypeConfig, Fatal<u64>>> {
        let Line { shared, target, address } = &self.line;
        let send = async {
            let stream = open(&shared.network, *target, address, Purpose::Snapshot).await;
            let stream = stream.map_err(|error| StreamingError::Unreachable(Unreachable::new(&error)))?;
            transfer::send(stream, shared.cluster, vote, snapshot).await
        };
        tokio::select! {
            sent = send => sent,
            closed = cancel => Err(StreamingError::Closed(closed)),
        }
    }
}

/// The way to one member.
struct Line<N: Network> {
    shared: Arc<Shared<N>>,
    target: u64,
    address: Address,
}

impl<N: Network> Clone for Line<N> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), target: self.target, address: self.address.clone() }
    }
}

impl<N: Network> Line<N> {
    async fn append(
        &self,
        request: AppendEntriesRequest<TypeConfig>,
        limit: Duration,
    ) -> Result<AppendEntriesResponse<u64>, Unreachable> {
        match self.ask(Message::Append(request), limit).await? {
            Answer::Append(answer) => {
                if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
                    self.shared.contact.acknowledged(NodeId(self.target));
                }
                Ok(answer)
            }
            other => Err(self.refused(other)),
        }
    }

    /// Sends entries in a task of its own. Where they take long, the member hears meanwhile that its leader lives: it
    /// would choose another.
    fn send_on(&self, request: AppendEntriesRequest<TypeConfig>, beat: Duration, size: usize) -> Underway {
        let (vote, before) = (request.vote, request.prev_log_id);
        let last = request.entries.last().map(|entry| entry.log_id);
        let line = self.clone();
        let mut sending = JoinSet::new();
        sending.spawn(async move {
            tokio::select! {
                answer = line.append(request, line.shared.patience + allowance(size)) => answer,
                never = line.beat(vote, beat) => match never {},
            }
        });
        Underway { vote, before, last, sending }
    }

    async fn beat(&self, vote: Vote<u64>, beat: Duration) -> Infallible {
        let mut beats = interval_at(Instant::now() + beat, beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            let empty =
                AppendEntriesRequest { vote, prev_log_id: None, entries: vec![], leader_commit: None };
            if let Err(error) = self.append(empty, self.shared.patience).await {
                tracing::debug!(node = self.target, %error, "no sign of life could be given");
            }
        }
    }

    async fn ask(&self, message: Message, limit: Duration) -> Result<Answer, Unreachable> {
        let Shared { cluster, contact, .. } = &*self.shared;
        let request = Request { cluster: *cluster, has_quorum: contact.has_quorum(), message };
        let asked = timeout(limit, self.exchange(&request)).await;
        asked
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| Unreachable::new(&error))
    }

    /// One question, one answer. The stream is not kept meanwhile: a late answer is never taken for that of the next.
    async fn exchange(&self, request: &Request) -> io::Result<Answer> {
        let kept = self.shared.kept.lock().get_mut(&self.target).and_then(Vec::pop);
        let asked = Instant::now();
        if let Some(mut stream) = kept
            && let Ok(answer) = caller::exchange(&mut stream, Purpose::Raft, request).await
        {
            if request.message.is_short() {
                self.shared.contact.took(&self.address, asked.elapsed());
            }
            self.keep(stream);
            return Ok(answer);
        }
        // There was none, or the member was restarted since it was used.
        let mut stream = open(&self.shared.network, self.target, &self.address, Purpose::Raft).await?;
        let answer = caller::exchange(&mut stream, Purpose::Raft, request).await?;
        self.keep(stream);
        Ok(answer)
    }

    fn keep(&self, stream: N::Stream) {
        let mut kept = self.shared.kept.lock();
        let kept = kept.entry(self.target).or_default();
        if kept.len() < KEPT {
            kept.push(stream);
        }
    }

    fn refused(&self, answer: Answer) -> Unreachable {
        let at = format!("node {} at {}", NodeId(self.target), self.address);
        unreachable(&match answer {
            Answer::OtherCluster(other) => format!("{at} is a member of another cluster, {other}"),
            Answer::Failed(why) => format!("{at} can do no more: {why}"),
            Answer::Append(_) | Answer::Vote(_) => format!("{at} answers something else"),
        })
    }
}

/// Opens a stream to that node and to no other.
async fn open<N: Network>(
    network: &N,
    target: u64,
    address: &Address,
    purpose: Purpose,
) -> io::Result<N::Stream> {
    let conversation = caller::open(network, address, purpose).await?;
    if conversation.peer != NodeId(target) {
        let why = format!("at {address} is node {}, not {}", conversation.peer, NodeId(target));
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Ok(conversation.stream)
}

fn unreachable(why: &str) -> Unreachable {
    Unreachable::new(&io::Error::other(why.to_owned()))
}

/// The size of a message.
///
/// # Errors
/// It is too much; with so many of its entries it would not be.
fn fitting(request: &AppendEntriesRequest<TypeConfig>) -> Result<usize, u64> {
    let mut size = 0;
    for (count, entry) in (0_u64..).zip(&request.entries) {
        size += match &entry.payload {
            EntryPayload::Normal(batch) => batch.0.len(),
            EntryPayload::Blank | EntryPayload::Membership(_) => 0,
        };
        if size > ENTRIES && count > 0 {
            return Err(count);
        }
    }
    Ok(size)
}

/// Before a member that could not be reached is tried again: first in milliseconds, in the end.
const AGAIN: [u64; 4] = [20, 50, 100, 200];
const AT_LAST: Duration = Duration::from_millis(400);

fn allowance(size: usize) -> Duration {
    Duration::from_secs((size / BYTES_PER_SECOND) as u64)
}

/// Answers the questions on one stream of [`Purpose::Raft`] until it ends.
///
/// # Errors
/// What comes is not a question, or carries the vote of a node that has not sent it.
pub(crate) async fn serve<S>(
    raft: &Raft<TypeConfig>,
    cluster: ClusterId,
    contact: &Contact,
    from: NodeId,
    intake: &Intake,
    mut stream: S,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let (request, _held): (Request, _) = match intake.read(&mut stream).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        };
        let vote = match &request.message {
            Message::Append(append) => append.vote,
            Message::Vote(vote) => vote.vote,
        };
        prove(from, &vote)?;
        let answer = if request.cluster == cluster {
            handle(raft, request.message, || {
                if request.has_quorum {
                    contact.heard_leader(from);
                }
            })
            .await
        } else {
            Answer::OtherCluster(cluster)
        };
        frame::write(&mut stream, &answer).await?;
    }
}

/// Answers a message; `followed` is called where it came from the leader.
async fn handle(raft: &Raft<TypeConfig>, message: Message, followed: impl FnOnce()) -> Answer {
    let failed = |error: RaftError<u64>| Answer::Failed(error.to_string());
    match message {
        Message::Append(request) => {
            let answer = raft.append_entries(request).await;
            if !matches!(answer, Err(_) | Ok(AppendEntriesResponse::HigherVote(_))) {
                followed();
            }
            answer.map_or_else(failed, Answer::Append)
        }
        Message::Vote(request) => raft.vote(request).await.map_or_else(failed, Answer::Vote),
    }
}

#[cfg(test)]
mod tests;
