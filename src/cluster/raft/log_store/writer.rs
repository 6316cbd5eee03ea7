//! The thread that has Raft's log: it alone reads and writes the disk.
//!
//! Appends that wait are written together, which is one wait for the disk. After a failed write nothing more is
//! written, and every caller gets the first reason.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openraft::storage::LogFlushed;
use openraft::{Entry, LogId, Vote};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use crate::cluster::raft::storage::Storage;
use crate::cluster::raft::types::TypeConfig;
use crate::model::codec;
use crate::store::log::{DurableLog, LogError};

use super::tail::{Tail, weight};

const VOTE: &str = "raft.vote";
const COMMITTED: &str = "raft.committed";
const PURGED: &str = "raft.purged";

/// Bytes of entries after which no more are gathered for one write.
const GROUP: usize = 16 << 20;

/// How often it is noted how far is committed, at most.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// Where an answer goes: a value, or why there is none.
pub(super) type Answer<T> = oneshot::Sender<Result<T, Arc<str>>>;

/// What the thread is asked.
pub(super) enum Request {
    /// To write entries that follow the last one.
    Append(Vec<Entry<TypeConfig>>, LogFlushed<TypeConfig>),
    /// To store the vote.
    Vote(Vote<u64>, Answer<()>),
    /// To remove entries from this number on; the answer is the last one that is left.
    Truncate(u64, Answer<Option<LogId<u64>>>),
    /// To remove entries up to this one.
    Purge(LogId<u64>, Answer<()>),
    /// To read entries, as many as come to `limit` bytes, but at least one.
    Read { from: u64, to: u64, limit: usize, reply: Answer<Vec<Entry<TypeConfig>>> },
    /// To note how far is committed, and to say so.
    Note(oneshot::Sender<()>),
    /// To close the log, and to say so.
    Close(oneshot::Sender<()>),
}

/// The owner of Raft's log on disk.
pub(super) struct Writer {
    log: Disk,
    tail: Arc<Mutex<Tail>>,
    /// How far was said to be committed when that was stored last, and when that was.
    noted: (Option<LogId<u64>>, Instant),
    /// Why writing has stopped.
    failed: Option<Arc<str>>,
}

/// The log, with entries and values as Raft has them.
struct Disk {
    log: Box<dyn DurableLog>,
    /// The folder, for messages.
    dir: Box<Path>,
}

impl Writer {
    /// Opens the log, and finishes a purge that a crash interrupted.
    pub(super) fn open(
        dir: &Path,
        storage: &Storage,
        kept: usize,
    ) -> Result<(Self, Arc<Mutex<Tail>>), LogError> {
        let mut log = Disk { log: storage.open_log(dir)?, dir: dir.into() };
        let purged: Option<LogId<u64>> = log.value(PURGED)?;
        log.finish_purge(purged)?;
        let mut tail = Tail::new(kept, log.last()?, purged);
        tail.vote = log.value(VOTE)?;
        tail.committed = log.value(COMMITTED)?;
        let noted = (tail.committed, Instant::now());
        let tail = Arc::new(Mutex::new(tail));
        Ok((Self { log, tail: Arc::clone(&tail), noted, failed: None }, tail))
    }

    /// Answers requests until it is closed or every sender is dropped.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut closed = None;
        let mut next = None;
        loop {
            let request = match next.take() {
                Some(request) => request,
                None => match queue.recv().await {
                    Some(request) => request,
                    None => break,
                },
            };
            match request {
                Request::Append(entries, flushed) => next = self.append(entries, flushed, &mut queue),
                Request::Vote(vote, reply) => self.change(reply, |log| log.put(VOTE, &vote)),
                Request::Truncate(from, reply) => self.change(reply, |log| {
                    log.log.truncate(from)?;
                    log.last()
                }),
                Request::Purge(id, reply) => self.change(reply, |log| {
                    log.put(PURGED, &id)?;
                    log.log.purge(id.index)
                }),
                Request::Read { from, to, limit, reply } => {
                    let read = self.log.read(from, to, limit).map_err(|error| reason(&error));
                    let _gone = reply.send(read);
                }
                Request::Note(reply) => {
                    self.note_committed();
                    let _gone = reply.send(());
                }
                Request::Close(reply) => {
                    closed = Some(reply);
                    break;
                }
            }
            if self.noted.1.elapsed() >= NOTE_EVERY {
                self.note_committed();
            }
        }
        self.note_committed();
        // The folder must be free before the caller gets the answer.
        drop(self);
        if let Some(closed) = closed {
            let _gone = closed.send(());
        }
    }

    /// Makes a change and answers; after a failure there are no more changes.
    fn change<T>(&mut self, reply: Answer<T>, change: impl FnOnce(&mut Disk) -> Result<T, LogError>) {
        let _gone = reply.send(self.try_change(change));
    }

    fn try_change<T>(
        &mut self,
        change: impl FnOnce(&mut Disk) -> Result<T, LogError>,
    ) -> Result<T, Arc<str>> {
        if let Some(failed) = &self.failed {
            return Err(Arc::clone(failed));
        }
        change(&mut self.log).map_err(|error| {
            let reason = reason(&error);
            self.failed = Some(Arc::clone(&reason));
            reason
        })
    }

    /// Writes these entries and those that wait behind them. Returns the first request that is not an append.
    fn append(
        &mut self,
        entries: Vec<Entry<TypeConfig>>,
        flushed: LogFlushed<TypeConfig>,
        queue: &mut mpsc::Receiver<Request>,
    ) -> Option<Request> {
        let mut bytes: usize = entries.iter().map(weight).sum();
        let (mut entries, mut waiting, mut next) = (entries, vec![flushed], None);
        while bytes < GROUP {
            match queue.try_recv() {
                Ok(Request::Append(more, flushed)) => {
                    bytes += more.iter().map(weight).sum::<usize>();
                    entries.extend(more);
                    waiting.push(flushed);
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let written = self.try_change(|log| log.append(&entries));
        if let (Ok(()), Some(last)) = (&written, entries.last()) {
            self.tail.lock().durable(last.log_id.index + 1);
        }
        for flushed in waiting {
            flushed.log_io_completed(written.as_ref().copied().map_err(|reason| io::Error::other(&**reason)));
        }
        next
    }

    fn note_committed(&mut self) {
        let committed = self.tail.lock().committed_here();
        self.noted.1 = Instant::now();
        if let Some(committed) = committed.filter(|_| committed != self.noted.0)
            && self.try_change(|log| log.put(COMMITTED, &committed)).is_ok()
        {
            self.noted.0 = Some(committed);
        }
    }
}

impl Disk {
    fn append(&mut self, entries: &[Entry<TypeConfig>]) -> Result<(), LogError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let mut frames = Vec::with_capacity(entries.len());
        for entry in entries {
            let frame = codec::encode(entry);
            frames.push(frame.map_err(|error| self.damaged(entry.log_id.index, &error))?);
        }
        let frames: Vec<_> = frames.iter().map(Vec::as_slice).collect();
        self.log.append(first.log_id.index, &frames)
    }

    fn read(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Entry<TypeConfig>>, LogError> {
        let from = self.log.purged().map_or(from, |purged| from.max(purged + 1));
        let (mut entries, mut bytes) = (vec![], 0_usize);
        if from >= to {
            return Ok(entries);
        }
        for entry in self.log.read(from)? {
            let (index, frame) = entry?;
            bytes = bytes.saturating_add(frame.len());
            if index >= to || (bytes > limit && !entries.is_empty()) {
                break;
            }
            entries.push(codec::decode(&frame).map_err(|error| self.damaged(index, &error))?);
        }
        Ok(entries)
    }

    /// The id of the last entry.
    fn last(&self) -> Result<Option<LogId<u64>>, LogError> {
        let Some((_, last)) = self.log.bounds() else { return Ok(None) };
        Ok(self.read(last, last + 1, usize::MAX)?.pop().map(|entry| entry.log_id))
    }

    fn finish_purge(&mut self, purged: Option<LogId<u64>>) -> Result<(), LogError> {
        if let Some(purged) = purged {
            self.log.purge(purged.index)?;
        }
        if self.log.purged() == purged.map(|purged| purged.index) {
            return Ok(());
        }
        let why = "entries were purged, and what they were was not written down".to_owned();
        Err(LogError::Unreadable { path: self.dir.to_path_buf(), why })
    }

    fn put<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), LogError> {
        let value = codec::encode(value).map_err(|_| self.value_damaged(name))?;
        self.log.put_meta(name, &value)
    }

    fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, LogError> {
        let stored = self.log.meta(name)?;
        stored.map(|value| codec::decode(&value).map_err(|_| self.value_damaged(name))).transpose()
    }

    fn damaged(&self, index: u64, error: &codec::CodecError) -> LogError {
        LogError::Damaged { index, path: self.dir.to_path_buf(), why: error.to_string() }
    }

    fn value_damaged(&self, name: &str) -> LogError {
        LogError::MetaDamaged { name: name.to_owned(), path: self.dir.to_path_buf() }
    }
}

/// The reason for people, with the way out if the error itself names none.
pub(super) fn reason(error: &LogError) -> Arc<str> {
    match error {
        LogError::Io { .. } => {
            format!("{error}; fix this and start this node again: it continues where it stopped").into()
        }
        _ => error.to_string().into(),
    }
}
