//! Raft's log on the local disk, behind the interface that openraft asks for.
//!
//! The log is written by a thread of its own, which gathers what waits into one write. Here is what the callers
//! see of it: what was appended last lies in memory ([`tail`]), so that sending to followers and applying read no disk.
//!
//! ```text
//!  openraft ─┬─ append, vote, truncate, purge ─▶ channel ─▶ thread (writer): DurableLog
//!            └─ read ─▶ tail in memory, and for what is older ─▶ channel ─▶ thread
//! ```
//!
//! In addition to the entries, Raft must not forget metadata values: the vote and the id of the last purged entry
//! (written before the purge). The committed position is noted about once a second, with a write that is made anyway,
//! and at once at the end of a run: a node that was killed applies up to there and learns the rest from the leader.

mod tail;
mod writer;

use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{LogFlushed, LogState, RaftLogReader, RaftLogStorage};
use openraft::{AnyError, Entry, LogId, StorageError, StorageIOError, Vote};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::store::log::LogError;

use super::storage::Storage;
use super::types::TypeConfig;
use tail::{Lookup, Tail};
use writer::{Request, Writer};

/// Requests that may wait for the thread. openraft itself waits for each of its writes; readers are few.
const QUEUE: usize = 64;

/// Bytes of entries kept in memory, in addition to those that are not durable yet.
const KEPT: usize = 32 << 20;

/// Bytes of entries that are read for one message to a follower; one entry may be larger.
const READ: usize = 8 << 20;

/// Raft's log. Cheap to clone; it closes when the last clone is gone.
#[derive(Clone)]
pub(crate) struct LogStore {
    requests: mpsc::Sender<Request>,
    tail: Arc<Mutex<Tail>>,
}

impl LogStore {
    /// Opens the log in the folder `dir`, making an empty one if there is none, and finishes a purge that a crash
    /// interrupted.
    ///
    /// # Errors
    /// The folder is in use, damaged, or cannot be read.
    pub(crate) fn open(dir: &Path, storage: &Storage) -> Result<Self, LogError> {
        Self::open_keeping(dir, storage, KEPT)
    }

    fn open_keeping(dir: &Path, storage: &Storage, kept: usize) -> Result<Self, LogError> {
        let (writer, tail) = Writer::open(dir, storage, kept)?;
        let requests = storage.start("scoopi-raft-log", QUEUE, |queue| writer.run(queue));
        let requests = requests.map_err(|source| LogError::Io {
            path: dir.to_owned(),
            doing: "starting the log writer",
            source,
        })?;
        Ok(Self { requests, tail })
    }

    /// Notes how far is committed, now rather than soon.
    pub(crate) async fn note_committed(&self) {
        let (reply, noted) = oneshot::channel();
        if self.requests.send(Request::Note(reply)).await.is_ok() {
            // Where the log is closed it was noted, too.
            let _noted = noted.await;
        }
    }

    /// Notes how far is committed, closes the log, and returns when the folder is free.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            // Gone without an answer is closed, too.
            let _closed = closed.await;
        }
    }

    /// Asks the thread and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Arc<str>>>) -> Request,
    ) -> Result<T, Arc<str>> {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(request(reply)).await;
        sent.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// The entries in `from..to`, as many as come to `limit` bytes, but at least one if there is any.
    async fn entries(
        &self,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Entry<TypeConfig>>, StorageError<u64>> {
        let lookup = self.tail.lock().get(from, to, limit);
        match lookup {
            Lookup::Kept(entries) => Ok(entries),
            Lookup::OnDisk { from, to, then } => {
                let read = self.ask(|reply| Request::Read { from, to, limit, reply }).await;
                let mut entries =
                    read.map_err(|reason| StorageIOError::read_log_at_index(from, error(&reason)))?;
                entries.extend(then);
                Ok(entries)
            }
        }
    }
}

fn closed() -> Arc<str> {
    "the log is closed".into()
}

fn error(reason: &str) -> AnyError {
    AnyError::error(reason)
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + Send>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry<TypeConfig>>, StorageError<u64>> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(to) => *to,
            Bound::Unbounded => u64::MAX,
        };
        self.entries(from, to, usize::MAX).await
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry<TypeConfig>>, StorageError<u64>> {
        self.entries(start, end, READ).await
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError<u64>> {
        let tail = self.tail.lock();
        Ok(LogState { last_purged_log_id: tail.purged(), last_log_id: tail.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), StorageError<u64>> {
        let saved = self.ask(|reply| Request::Vote(*vote, reply)).await;
        saved.map_err(|reason| StorageIOError::write_vote(error(&reason)))?;
        self.tail.lock().vote = Some(*vote);
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, StorageError<u64>> {
        Ok(self.tail.lock().vote)
    }

    async fn save_committed(&mut self, committed: Option<LogId<u64>>) -> Result<(), StorageError<u64>> {
        self.tail.lock().committed = committed;
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId<u64>>, StorageError<u64>> {
        Ok(self.tail.lock().committed_here())
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<TypeConfig>,
    ) -> Result<(), StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + Send,
        I::IntoIter: Send,
    {
        // For what was purged a snapshot stands.
        let purged = self.tail.lock().purged().map(|id| id.index);
        let entries: Vec<_> = entries.into_iter().filter(|entry| Some(entry.log_id.index) > purged).collect();
        let wrong = |reason: &str| StorageIOError::write_logs(error(reason));
        self.tail.lock().append(&entries).map_err(|refused| wrong(&refused.to_string()))?;
        let sent = self.requests.send(Request::Append(entries, callback)).await;
        sent.map_err(|_| wrong(&closed()))?;
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId<u64>) -> Result<(), StorageError<u64>> {
        self.tail.lock().forget_from(log_id.index);
        let last = self.ask(|reply| Request::Truncate(log_id.index, reply)).await;
        let last = last.map_err(|reason| StorageIOError::write_logs(error(&reason)))?;
        self.tail.lock().truncated(last);
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId<u64>) -> Result<(), StorageError<u64>> {
        if self.tail.lock().purged() >= Some(log_id) {
            return Ok(());
        }
        let purged = self.ask(|reply| Request::Purge(log_id, reply)).await;
        purged.map_err(|reason| StorageIOError::write_logs(error(&reason)))?;
        self.tail.lock().forget_to(log_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
