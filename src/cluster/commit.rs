//! Commands on their way into the log that all members share.
//!
//! Commands that come in while others are on their way are put together: one entry, one round over the network, many
//! commands. Each is asked for again until it is committed, which may take as long as there is no quorum; that it
//! may be committed twice then, the machine knows and gives the same answer.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::model::{Incarnation, NodeId};
use crate::store::machine::{Command, Reply};
use crate::store::{Commit, Status, StoreError, sharing};

use super::member::Member;
use super::network::Network;
use super::raft::{Applied, Batch, BatchError};

/// Commands that may wait. A longer queue is of no use: each waiting command belongs to a job in progress.
const QUEUE: usize = 1024;

/// Most commands in one entry.
const BATCH: usize = 512;

/// Bytes after which an entry is closed.
const BATCH_BYTES: u64 = 4 << 20;

/// Entries of this node on their way at a time: while one is, the next is put together.
const UNDER_WAY: usize = 2;

/// Commits commands together with other nodes. Cheap to clone.
#[derive(Clone)]
pub struct ClusterCommit {
    proposals: mpsc::Sender<Waiting>,
    applied: Applied,
}

/// A command, and where its answer goes.
#[derive(Debug)]
struct Waiting {
    command: Command,
    reply: oneshot::Sender<Result<Reply, StoreError>>,
}

impl Commit for ClusterCommit {
    async fn propose(&self, command: Command) -> Result<Reply, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.proposals.send(Waiting { command, reply }).await;
        if sent.is_err() {
            return Err(self.stopped());
        }
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.applied.status()
    }

    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.applied.value(key)
    }

    fn last_incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.applied.machine().read().last_incarnation(node)
    }
}

impl ClusterCommit {
    /// Commits through `member`, by a task that `spawn` starts.
    pub(super) fn new<N: Network>(member: Arc<Member<N>>, spawn: impl FnOnce(Proposer<N>)) -> Self {
        let (proposals, queue) = mpsc::channel(QUEUE);
        let applied = member.applied.clone();
        let (under_way, status) = (Arc::new(Semaphore::new(UNDER_WAY)), applied.status());
        spawn(Proposer { member, queue, under_way, status });
        Self { proposals, applied }
    }

    fn stopped(&self) -> StoreError {
        let reason = self.applied.status().borrow().failure.clone();
        StoreError::Stopped(reason.unwrap_or_else(|| "the node is going down".into()))
    }
}

/// Puts commands together and sees them committed.
pub(super) struct Proposer<N: Network> {
    member: Arc<Member<N>>,
    queue: mpsc::Receiver<Waiting>,
    under_way: Arc<Semaphore>,
    status: watch::Receiver<Status>,
}

impl<N: Network> Proposer<N> {
    /// Works until every sender is dropped.
    pub(super) async fn run(mut self) {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&self.under_way).acquire_owned().await {
            let Some(first) = self.queue.recv().await else { return };
            let waiting = self.gather(first).await;
            let member = Arc::clone(&self.member);
            tokio::spawn(async move {
                answer(waiting, &member).await;
                drop(place);
            });
        }
    }

    /// Adds what is waiting, as far as it fits into one entry, and results that come soon.
    async fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let until = Instant::now() + sharing::PATIENCE;
        let mut bytes = first.command.weight();
        let mut may_wait = sharing::may_wait(&first.command);
        let mut waiting = vec![first];
        while waiting.len() < BATCH && bytes < BATCH_BYTES {
            let next = match self.queue.try_recv() {
                Ok(next) => next,
                Err(_) if may_wait && !sharing::is_enough(waiting.len(), &self.status.borrow()) => {
                    match timeout_at(until, self.queue.recv()).await {
                        Ok(Some(next)) => next,
                        Ok(None) | Err(_) => break,
                    }
                }
                Err(_) => break,
            };
            bytes += next.command.weight();
            may_wait &= sharing::may_wait(&next.command);
            waiting.push(next);
        }
        waiting
    }
}

/// Sees commands committed, and hands out the answers.
async fn answer<N: Network>(waiting: Vec<Waiting>, member: &Member<N>) {
    let replies = match encode(&waiting) {
        Ok(batch) => member.commit(batch).await,
        Err(error) => Err(StoreError::Stopped(error.to_string().into())),
    };
    match replies {
        Ok(replies) if replies.0.len() == waiting.len() => {
            for (waiting, reply) in waiting.into_iter().zip(replies.0) {
                // The caller no longer waits for the answer: the command is committed all the same.
                let _gone = waiting.reply.send(Ok(reply));
            }
        }
        Ok(_) => refuse(waiting, &StoreError::Stopped("the log gave no answer to a command".into())),
        Err(error) => refuse(waiting, &error),
    }
}

fn refuse(waiting: Vec<Waiting>, error: &StoreError) {
    for waiting in waiting {
        let _gone = waiting.reply.send(Err(error.clone()));
    }
}

/// The commands, as they lie in the log.
fn encode(waiting: &[Waiting]) -> Result<Batch, BatchError> {
    struct Commands<'a>(&'a [Waiting]);
    impl Serialize for Commands<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.0.iter().map(|waiting| &waiting.command))
        }
    }
    Batch::of(&Commands(waiting))
}
