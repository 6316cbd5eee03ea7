//! The store of a node that runs alone: the machine, with a log of one.
//!
//! A thread of its own owns machine, log and projection. Commands that arrive while the disk is busy
//! are written together: one log entry, one wait for the disk, many commands.
//!
//! ```text
//! propose ─▶ channel ─▶ writer thread: gather ─▶ log ─▶ apply ─▶ project ─▶ replies, status
//! ```

mod folder;
mod recovery;
mod writer;

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};

pub use folder::{FolderState, RunFolder, SoloError};
pub use recovery::Recovery;

use crate::model::{Incarnation, NodeId};

use super::machine::{Command, Machine, Reply};
use super::{Commit, Status, StoreError};
use writer::{Message, Proposal};

/// The node that runs alone.
pub const NODE: NodeId = NodeId(1);

/// Commands that may wait for the writer. A longer queue is of no use: each waiting command belongs to a job in
/// progress.
const QUEUE: usize = 1024;

/// Commits commands on this node alone. Cheap to clone; the log closes when the last clone is gone.
#[derive(Debug, Clone)]
pub struct SoloCommit {
    messages: mpsc::Sender<Message>,
    status: watch::Receiver<Status>,
    machine: Arc<RwLock<Machine>>,
}

impl Commit for SoloCommit {
    async fn propose(&self, command: Command) -> Result<Reply, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.messages.send(Message::Propose(Proposal { command, reply })).await;
        if sent.is_err() {
            return Err(self.stopped());
        }
        answer.await.map_err(|_| self.stopped())
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.machine.read().value(key).map(<[u8]>::to_vec)
    }

    fn last_incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.machine.read().last_incarnation(node)
    }
}

impl SoloCommit {
    /// Makes output durable and closes the log. Nothing can be committed afterwards.
    ///
    /// # Errors
    /// Output could not be made durable, or the log has stopped before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.messages.send(Message::Close(reply)).await.is_err() {
            return Err(self.stopped());
        }
        answer.await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> StoreError {
        let reason = self.status.borrow().failure.clone();
        StoreError::Stopped(reason.unwrap_or_else(|| "the writer has ended".into()))
    }
}
