//! The thread that writes the log.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::codec;
use crate::store::log::DurableLog;
use crate::store::machine::{Command, Machine, Reply};
use crate::store::projection::{Projection, project};
use crate::store::snapshot::SnapshotWriter;
use crate::store::{Status, sharing};

use super::NODE;
use super::folder::{RunFolder, SoloError};

/// Most commands in one log entry.
const BATCH: usize = 512;

/// Bytes after which an entry is closed: together with the limit of what one job gives this stays below
/// the largest log entry.
const BATCH_BYTES: u64 = 4 << 20;

/// Least time between two entries while jobs end one after the other, and how often is looked what came meanwhile.
const BREATH: Duration = Duration::from_millis(1);

/// Bytes of log after which a snapshot is due, and how many times its own size a snapshot waits at least,
/// so that a large state is not written again and again.
pub(super) const SNAPSHOT_AFTER: u64 = 64 << 20;
const SNAPSHOT_FACTOR: u64 = 4;

/// A command, and where its answer goes.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) command: Command,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What the writer is asked.
#[derive(Debug)]
pub(super) enum Message {
    /// To commit a command.
    Propose(Proposal),
    /// To make output durable, close the log, and say so.
    Close(oneshot::Sender<()>),
}

/// The owner of the log on its thread.
pub(super) struct Writer {
    pub(super) folder: RunFolder,
    pub(super) log: Box<dyn DurableLog>,
    // Written by this thread only; others read it a few times a run.
    pub(super) machine: Arc<RwLock<Machine>>,
    pub(super) projection: Box<dyn Projection>,
    pub(super) status: watch::Sender<Status>,
    pub(super) position: u64,
    /// Bytes of log after which a snapshot is due.
    pub(super) snapshot_after: u64,
    pub(super) since_snapshot: u64,
    pub(super) last_snapshot: u64,
}

impl Writer {
    /// Commits what comes in, until it is closed, every sender is dropped, or the disk refuses.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut closed = None;
        // Outlives the loop: a caller that waits for an answer must not find it gone before the reason is known.
        let mut batch = Vec::with_capacity(BATCH);
        let served = self.serve(&mut queue, &mut batch, &mut closed);
        let ended = served.and_then(|()| Ok(self.projection.sync().map(drop)?));
        let Self { log, status, .. } = self;
        // The folder must be free before the caller gets the answer.
        drop(log);
        match (ended, closed) {
            (Ok(()), Some(closed)) => {
                let _gone = closed.send(());
            }
            (Ok(()), None) => {}
            (Err(error), _) => {
                let reason: Arc<str> = error.to_string().into();
                status.send_modify(|status| *status = status.stopped(&reason));
            }
        }
    }

    fn serve(
        &mut self,
        queue: &mut mpsc::Receiver<Message>,
        batch: &mut Vec<Proposal>,
        closed: &mut Option<oneshot::Sender<()>>,
    ) -> Result<(), SoloError> {
        let mut last = Instant::now();
        while closed.is_none() {
            let Some(first) = queue.blocking_recv() else { break };
            self.gather(first, last, queue, batch, closed);
            last = Instant::now();
            if !batch.is_empty() {
                self.commit(batch)?;
            }
        }
        Ok(())
    }

    /// Adds what is waiting to the batch, as far as it fits into one entry, and results that come soon.
    fn gather(
        &self,
        first: Message,
        last: Instant,
        queue: &mut mpsc::Receiver<Message>,
        batch: &mut Vec<Proposal>,
        closed: &mut Option<oneshot::Sender<()>>,
    ) {
        let (begun, mut bytes, mut may_wait) = (Instant::now(), 0, true);
        let mut next = Some(first);
        loop {
            match next {
                Some(Message::Close(reply)) => {
                    *closed = Some(reply);
                    return;
                }
                Some(Message::Propose(proposal)) => {
                    bytes += proposal.command.weight();
                    may_wait &= sharing::may_wait(&proposal.command);
                    batch.push(proposal);
                }
                None if may_wait && last.elapsed() < BREATH => {
                    thread::sleep(BREATH.saturating_sub(last.elapsed()));
                }
                None if may_wait && begun.elapsed() < sharing::PATIENCE && !self.is_enough(batch) => {
                    thread::sleep(BREATH);
                }
                None => return,
            }
            if batch.len() == BATCH || bytes >= BATCH_BYTES {
                return;
            }
            next = queue.try_recv().ok();
        }
    }

    fn is_enough(&self, batch: &[Proposal]) -> bool {
        sharing::is_enough(batch.len(), &self.status.borrow())
    }

    fn commit(&mut self, batch: &mut Vec<Proposal>) -> Result<(), SoloError> {
        let entry = encode(batch)
            .map_err(|source| SoloError::Record { path: self.folder.path().to_owned(), source })?;
        self.log.append(self.position + 1, &[&entry])?;
        self.position += 1;
        self.since_snapshot += entry.len() as u64;
        let replies = self.apply(batch)?;
        let status = Status::of(&self.machine.read(), self.position, NODE);
        self.status.send_replace(status);
        for (proposal, reply) in batch.drain(..).zip(replies) {
            // The caller no longer waits for the answer: the command is committed all the same.
            let _gone = proposal.reply.send(reply);
        }
        if self.since_snapshot > self.snapshot_after.max(SNAPSHOT_FACTOR * self.last_snapshot) {
            self.snapshot()?;
        }
        Ok(())
    }

    fn apply(&mut self, batch: &[Proposal]) -> Result<Vec<Reply>, SoloError> {
        let mut machine = self.machine.write();
        let mut lost = vec![];
        let mut replies = Vec::with_capacity(batch.len());
        for proposal in batch {
            let reply = machine.apply(&proposal.command, &mut lost);
            project(&mut *self.projection, &proposal.command, &reply, &mut lost)?;
            replies.push(reply);
        }
        self.projection.flush()?;
        Ok(replies)
    }

    /// Writes the state down and forgets the log before it.
    fn snapshot(&mut self) -> Result<(), SoloError> {
        let progress = self.projection.sync()?;
        let mut writer = SnapshotWriter::create(&self.folder.snapshots(), self.position)?;
        writer.write_record(&progress)?;
        let mut size = 0;
        self.machine.read().save(|record| {
            size += record.len() as u64;
            writer.write_record(record).map_err(SoloError::from)
        })?;
        writer.finish()?;
        self.log.purge(self.position)?;
        self.since_snapshot = 0;
        self.last_snapshot = size;
        Ok(())
    }
}

/// The commands of a batch, as a log entry that is read back as a list of commands.
fn encode(batch: &[Proposal]) -> Result<Vec<u8>, codec::CodecError> {
    struct Commands<'a>(&'a [Proposal]);
    impl Serialize for Commands<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.0.iter().map(|proposal| &proposal.command))
        }
    }
    codec::encode(&Commands(batch))
}
