//! The thread that owns machine and output: it applies what is committed, writes snapshots and takes those of
//! others over.
//!
//! Output is handed over late, because where it goes stands in the definitions, which come through the log. Until then
//! what does not concern it is applied; the first rows, and snapshots that know of output, wait.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use openraft::{Entry, EntryPayload, LogId, Snapshot, SnapshotMeta, StorageError, StoredMembership};
use parking_lot::RwLock;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::cluster::peer::Peer;
use crate::cluster::raft::types::{Batch, Replies, SnapshotFiles, TypeConfig};
use crate::model::NodeId;
use crate::store::machine::{Lost, Machine};
use crate::store::{Earlier, OpenProjection, Projection, Status, StoreError, concerns_output, project};

use super::error::{StateError, stop};
use super::folder::{Head, OutputHead, Restored, SnapshotFolder};

/// How many times its own size a snapshot waits at least, so that a large state is not written again and again.
const SNAPSHOT_FACTOR: u64 = 4;

/// Where an answer goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StorageError<u64>>>;

/// The last entry that was applied, and the last change of membership.
type Position = (Option<LogId<u64>>, StoredMembership<u64, Peer>);

/// What the thread is asked.
pub(super) enum Message {
    /// To apply entries.
    Apply(Vec<Entry<TypeConfig>>, Answer<Vec<Replies>>),
    /// How far it is.
    State(Answer<Position>),
    /// To write a snapshot.
    Build(Answer<Snapshot<TypeConfig>>),
    /// For the newest snapshot.
    Current(Answer<Option<Snapshot<TypeConfig>>>),
    /// For a place in which a snapshot can be received.
    Receive(Answer<Box<SnapshotFiles>>),
    /// To take over a snapshot that was received.
    Install(Box<SnapshotMeta<u64, Peer>>, Box<SnapshotFiles>, Answer<()>),
    /// To write output with this.
    Output(Box<dyn OpenProjection>, oneshot::Sender<Result<(), StoreError>>),
    /// To make output durable, end, and say so.
    Close(oneshot::Sender<()>),
}

/// What others see: the machine, that a snapshot is due, the status.
pub(super) type Shared = (Arc<RwLock<Machine>>, Arc<Notify>, watch::Sender<Status>);

/// The newest snapshot.
struct Newest {
    meta: SnapshotMeta<u64, Peer>,
    /// Its file.
    path: PathBuf,
    output: Option<OutputHead>,
}

/// The owner of machine and output.
pub(super) struct Applier {
    folder: SnapshotFolder,
    node: NodeId,
    // Written by this thread only.
    machine: Arc<RwLock<Machine>>,
    position: Position,
    newest: Option<Newest>,
    output: Option<Box<dyn Projection>>,
    opener: Option<Box<dyn OpenProjection>>,
    /// What came while an entry waited for output, or has to wait itself.
    deferred: VecDeque<Message>,
    closing: Option<oneshot::Sender<()>>,
    lost: Vec<Lost>,
    status: watch::Sender<Status>,
    snapshot_due: Arc<Notify>,
    /// Bytes of commands after which a snapshot is due.
    snapshot_after: u64,
    since_snapshot: u64,
    /// Bytes since the last snapshot after which a snapshot is reported as due.
    remind_at: u64,
}

impl Applier {
    pub(super) fn new(
        folder: SnapshotFolder,
        node: NodeId,
        snapshot_after: u64,
        (machine, snapshot_due, status): Shared,
    ) -> Self {
        Self {
            folder,
            node,
            machine,
            position: Position::default(),
            newest: None,
            output: None,
            opener: None,
            deferred: VecDeque::new(),
            closing: None,
            lost: vec![],
            status,
            snapshot_due,
            snapshot_after,
            since_snapshot: 0,
            remind_at: snapshot_after,
        }
    }

    /// Continues with the state of a snapshot, the newest one in the folder. Output stays as it was.
    pub(super) fn take_over(&mut self, restored: Restored) -> Result<(), StateError> {
        let Restored { head: Head { meta, output }, machine, path, bytes } = restored;
        *self.machine.write() = machine;
        self.position = (meta.last_log_id, meta.last_membership.clone());
        self.noted_snapshot(bytes);
        if output.is_none() {
            self.folder.forget_parts(meta.last_log_id.map_or(0, |id| id.index))?;
        }
        self.newest = Some(Newest { meta, path, output });
        self.publish();
        Ok(())
    }

    /// Answers until it is closed, every sender is dropped, or the disk refuses.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let served = self.serve(&mut queue).await;
        let synced = |output: &mut Box<dyn Projection>| output.sync().map(drop).map_err(StateError::from);
        let ended = served.and_then(|()| self.output.as_mut().map_or(Ok(()), synced));
        let closing = self.closing.take();
        if let Err(error) = &ended {
            self.tell(error);
        }
        // Files must be closed before the caller gets the answer.
        drop(self);
        if let (Ok(()), Some(closing)) = (ended, closing) {
            let _gone = closing.send(());
        }
    }

    async fn serve(&mut self, queue: &mut mpsc::Receiver<Message>) -> Result<(), StateError> {
        while self.closing.is_none() {
            let ready = if self.waits_for_output() { None } else { self.deferred.pop_front() };
            let message = match ready {
                Some(message) => message,
                None => match queue.recv().await {
                    Some(message) => message,
                    None => break,
                },
            };
            match self.handle(message, queue).await {
                Err(StateError::Closed) => break,
                handled => handled?,
            }
        }
        Ok(())
    }

    async fn handle(
        &mut self,
        message: Message,
        queue: &mut mpsc::Receiver<Message>,
    ) -> Result<(), StateError> {
        match message {
            Message::Apply(entries, reply) => {
                let applied = self.apply(entries, queue).await;
                self.answer(reply, applied)
            }
            Message::State(reply) => {
                let position = self.position.clone();
                self.answer(reply, Ok(position))
            }
            Message::Build(_) | Message::Current(_) if self.waits_for_output() => {
                self.deferred.push_back(message);
                Ok(())
            }
            Message::Build(reply) => {
                let built = self.build();
                self.answer(reply, built)
            }
            Message::Current(reply) => {
                let current = self.newest.as_ref().map(|newest| self.current(newest));
                self.answer(reply, Ok(current))
            }
            Message::Receive(reply) => {
                let place = self.folder.receive().map(Box::new);
                self.answer(reply, place)
            }
            Message::Install(meta, files, reply) => {
                let installed = self.install(&meta, &files);
                self.answer(reply, installed)
            }
            Message::Output(opener, reply) => self.take_output(opener, reply),
            Message::Close(reply) => {
                self.closing = Some(reply);
                Ok(())
            }
        }
    }

    /// Answers; what went wrong is passed on after all have been told.
    fn answer<T>(&self, reply: Answer<T>, result: Result<T, StateError>) -> Result<(), StateError> {
        let (answer, error) = match result {
            Ok(value) => (Ok(value), Ok(())),
            Err(error) => (Err(self.tell(&error)), Err(error)),
        };
        // The caller no longer waits: what was done stands all the same.
        let _gone = reply.send(answer);
        error
    }

    /// Publishes why this node has stopped.
    fn tell(&self, error: &StateError) -> StorageError<u64> {
        let reason: Arc<str> = error.to_string().into();
        if !matches!(error, StateError::Closed) {
            self.status.send_modify(|status| *status = status.stopped(&reason));
        }
        stop(&reason)
    }

    async fn apply(
        &mut self,
        entries: Vec<Entry<TypeConfig>>,
        queue: &mut mpsc::Receiver<Message>,
    ) -> Result<Vec<Replies>, StateError> {
        let mut replies = Vec::with_capacity(entries.len());
        for entry in entries {
            replies.push(match entry.payload {
                EntryPayload::Normal(batch) => self.apply_batch(&batch, entry.log_id, queue).await?,
                EntryPayload::Membership(members) => {
                    self.position.1 = StoredMembership::new(Some(entry.log_id), members);
                    Replies::default()
                }
                EntryPayload::Blank => Replies::default(),
            });
            self.position.0 = Some(entry.log_id);
        }
        if let Some(output) = &mut self.output {
            output.flush()?;
        }
        self.publish();
        self.remind();
        Ok(replies)
    }

    async fn apply_batch(
        &mut self,
        batch: &Batch,
        id: LogId<u64>,
        queue: &mut mpsc::Receiver<Message>,
    ) -> Result<Replies, StateError> {
        self.since_snapshot += batch.0.len() as u64;
        let commands = match batch.commands() {
            Ok(commands) => commands,
            Err(error) => {
                tracing::error!(%id, %error, "commands that cannot be read are passed over, on all nodes");
                return Ok(Replies::default());
            }
        };
        let mut replies = Vec::with_capacity(commands.len());
        for command in &commands {
            let reply = self.machine.write().apply(command, &mut self.lost);
            if concerns_output(command, &reply, &self.lost) {
                self.await_output(queue).await?;
                let output = self.output.as_deref_mut().ok_or(StateError::Closed)?;
                project(output, command, &reply, &mut self.lost)?;
            }
            replies.push(reply);
        }
        Ok(Replies(replies))
    }

    /// Waits until there is output. Others see meanwhile what was applied: output is made of it.
    async fn await_output(&mut self, queue: &mut mpsc::Receiver<Message>) -> Result<(), StateError> {
        if self.output.is_some() {
            return Ok(());
        }
        self.publish();
        while self.output.is_none() {
            match queue.recv().await {
                Some(Message::Output(opener, reply)) => self.take_output(opener, reply)?,
                Some(Message::Close(reply)) => {
                    self.closing = Some(reply);
                    return Err(StateError::Closed);
                }
                Some(other) => self.deferred.push_back(other),
                None => return Err(StateError::Closed),
            }
        }
        Ok(())
    }

    /// Whether there was output once, and it has not been handed over in this life of the node.
    fn waits_for_output(&self) -> bool {
        self.output.is_none() && self.newest.as_ref().is_some_and(|newest| newest.output.is_some())
    }

    fn take_output(
        &mut self,
        opener: Box<dyn OpenProjection>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    ) -> Result<(), StateError> {
        if self.opener.is_some() {
            let refused = StoreError::Stopped("output was handed over before".into());
            let _gone = reply.send(Err(refused));
            return Ok(());
        }
        self.opener = Some(opener);
        let opened = self.open_output();
        let answer = opened.as_ref().map_err(|error| {
            self.tell(error);
            StoreError::Stopped(error.to_string().into())
        });
        let _gone = reply.send(answer.copied());
        opened
    }

    /// Opens output at the newest snapshot, putting parts that came with it in their place.
    fn open_output(&mut self) -> Result<(), StateError> {
        let Some(opener) = &mut self.opener else { return Ok(()) };
        let newest = self.newest.as_ref();
        let index = newest.and_then(|newest| newest.meta.last_log_id).map_or(0, |id| id.index);
        let parts = self.folder.parts(index);
        let earlier = newest.and_then(|newest| newest.output.as_ref());
        let earlier = earlier.map(|output| Earlier { progress: &output.progress, parts: parts.as_deref() });
        self.output = Some(opener.open(earlier)?);
        self.folder.forget_parts(index)
    }

    fn build(&mut self) -> Result<Snapshot<TypeConfig>, StateError> {
        let output = match &mut self.output {
            Some(output) => {
                let progress = output.sync()?;
                let lengths = output.parts().into_iter().map(|(_, length)| length).collect();
                Some(OutputHead { progress, lengths })
            }
            None => None,
        };
        let (last_log_id, last_membership) = self.position.clone();
        let snapshot_id = last_log_id.map_or_else(|| "empty".to_owned(), |id| format!("{id}-{}", self.node));
        let head = Head { meta: SnapshotMeta { last_log_id, last_membership, snapshot_id }, output };
        let (path, bytes) = self.folder.write(&head, &self.machine.read())?;
        self.noted_snapshot(bytes);
        let Head { meta, output } = head;
        let newest = Newest { meta, path, output };
        let snapshot = self.current(&newest);
        self.newest = Some(newest);
        Ok(snapshot)
    }

    /// A snapshot with the output files that belong to it.
    fn current(&self, newest: &Newest) -> Snapshot<TypeConfig> {
        let paths = self.output.iter().flat_map(|output| output.parts()).map(|(path, _)| path);
        let lengths = newest.output.iter().flat_map(|output| output.lengths.iter().copied());
        let files = SnapshotFiles::new(newest.path.clone(), paths.zip(lengths).collect());
        Snapshot { meta: newest.meta.clone(), snapshot: Box::new(files) }
    }

    fn install(&mut self, meta: &SnapshotMeta<u64, Peer>, files: &SnapshotFiles) -> Result<(), StateError> {
        // Nothing has changed before all of it was read.
        let mut restored = self.folder.read_received(files, meta)?;
        restored.path = self.folder.adopt(files, meta.last_log_id.map_or(0, |id| id.index))?;
        self.output = None;
        self.take_over(restored)?;
        self.open_output()
    }

    fn publish(&self) {
        let position = self.position.0.map_or(0, |id| id.index);
        let status = Status::of(&self.machine.read(), position, self.node);
        self.status.send_replace(status);
    }

    /// A snapshot of so many bytes was written or taken over.
    fn noted_snapshot(&mut self, bytes: u64) {
        self.since_snapshot = 0;
        self.remind_at = self.snapshot_after.max(SNAPSHOT_FACTOR * bytes);
    }

    /// Reports when a snapshot is due, and again when as much was applied again: openraft passes over a request that
    /// does not suit it.
    fn remind(&mut self) {
        if self.since_snapshot > self.remind_at {
            self.remind_at = self.since_snapshot + self.snapshot_after;
            self.snapshot_due.notify_one();
        }
    }
}
