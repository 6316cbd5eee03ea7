//! The machine behind the interface that openraft asks for.
//!
//! A thread of its own owns machine and output ([`applier`]), as solo's writer does: output may wait for the disk or for
//! the program that takes rows, and a snapshot is written while nothing is applied. Here requests are handed to it.
//!
//! ```text
//!  openraft ─ apply, snapshots ─▶ channel ─▶ thread (applier): Machine ─▶ Projection
//!  node ─ Applied: output, close ───┘             └─▶ status, "a snapshot is due"
//! ```

mod applied;
mod applier;
mod error;
mod folder;

use std::path::PathBuf;
use std::sync::Arc;

use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use openraft::{Entry, LogId, Snapshot, SnapshotMeta, StorageError, StoredMembership};
use parking_lot::RwLock;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::cluster::peer::Peer;
use crate::model::NodeId;
use crate::store::Status;

use super::storage::Storage;
use super::types::{Replies, SnapshotFiles, TypeConfig};

pub(crate) use applied::Applied;
use applier::{Answer, Applier, Message};
pub(crate) use error::StateError;
use error::stop;
use folder::SnapshotFolder;

/// Requests that may wait for the thread: openraft asks one at a time, and few others do.
const QUEUE: usize = 16;

/// The machine as Raft sees it; also what builds snapshots.
#[derive(Clone)]
pub(crate) struct StateMachine {
    messages: mpsc::Sender<Message>,
    status: watch::Receiver<Status>,
}

impl StateMachine {
    /// Opens the state of this node: that of the newest snapshot in the folder, which is made if needed. A snapshot
    /// is due after `snapshot_after` bytes of commands, or four times its own size if that is more.
    ///
    /// # Errors
    /// The snapshot is damaged, the folder cannot be read, or no thread can be started.
    pub(crate) fn open(
        snapshots: PathBuf,
        node: NodeId,
        snapshot_after: u64,
        storage: &Storage,
    ) -> Result<(Self, Applied), StateError> {
        let path = snapshots.clone();
        let (folder, restored) = SnapshotFolder::open(snapshots)?;
        let machine = Arc::new(RwLock::default());
        let snapshot_due = Arc::new(Notify::new());
        let (sender, status) = watch::channel(Status::default());
        let shared = (Arc::clone(&machine), Arc::clone(&snapshot_due), sender);
        let mut applier = Applier::new(folder, node, snapshot_after, shared);
        if let Some(restored) = restored {
            applier.take_over(restored)?;
        }
        let messages = storage.start("scoopi-apply", QUEUE, |queue| applier.run(queue));
        let messages =
            messages.map_err(|source| StateError::Io { doing: "starting the thread for", path, source })?;
        let applied = Applied { messages: messages.clone(), status: status.clone(), machine, snapshot_due };
        Ok((Self { messages, status }, applied))
    }

    async fn ask<T>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T, StorageError<u64>> {
        let (reply, answer) = oneshot::channel();
        let answered = match self.messages.send(message(reply)).await {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        match answered {
            Some(answer) => answer,
            None => Err(stop(&applied::reason(&self.status))),
        }
    }
}

impl RaftSnapshotBuilder<TypeConfig> for StateMachine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError<u64>> {
        self.ask(Message::Build).await
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotBuilder = Self;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<u64>>, StoredMembership<u64, Peer>), StorageError<u64>> {
        self.ask(Message::State).await
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Replies>, StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + Send,
        I::IntoIter: Send,
    {
        let entries = entries.into_iter().collect();
        self.ask(|reply| Message::Apply(entries, reply)).await
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<SnapshotFiles>, StorageError<u64>> {
        self.ask(Message::Receive).await
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, Peer>,
        snapshot: Box<SnapshotFiles>,
    ) -> Result<(), StorageError<u64>> {
        let meta = Box::new(meta.clone());
        self.ask(|reply| Message::Install(meta, snapshot, reply)).await
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError<u64>> {
        self.ask(Message::Current).await
    }
}

#[cfg(test)]
mod tests;
