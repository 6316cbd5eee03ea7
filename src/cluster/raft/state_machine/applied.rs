//! The handle to the state machine for everything outside of Raft: to look at what was applied, to hand output
//! over, to close.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::store::machine::Machine;
use crate::store::{OpenProjection, Status, StoreError};

use super::applier::Message;

/// What was applied on this node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Applied {
    pub(super) messages: mpsc::Sender<Message>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) machine: Arc<RwLock<Machine>>,
    pub(super) snapshot_due: Arc<Notify>,
}

impl Applied {
    /// What can be seen from outside, after each apply. Names the reason where this node has stopped.
    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// A published value.
    pub(crate) fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.machine.read().value(key).map(<[u8]>::to_vec)
    }

    /// The machine. A reader that holds the lock holds up what is applied.
    pub(crate) fn machine(&self) -> &RwLock<Machine> {
        &self.machine
    }

    /// Wakes one waiter when so much was applied since the last snapshot that another one is due.
    pub(crate) fn snapshot_due(&self) -> &Notify {
        &self.snapshot_due
    }

    /// Hands output over, and returns when it is open. Until then nothing is applied that concerns output, and a
    /// snapshot that knows of output is neither built nor sent: so start Raft in a task of its own, and do not wait
    /// for it before output was handed over.
    ///
    /// # Errors
    /// Output cannot be opened, which stops this node; it was handed over before; or the state machine is closed.
    pub(crate) async fn open_output(&self, output: Box<dyn OpenProjection>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.messages.send(Message::Output(output, reply)).await.is_err() {
            return Err(self.stopped());
        }
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Makes output durable. Nothing can be applied afterwards.
    ///
    /// # Errors
    /// Output could not be made durable, or the node has stopped before.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (reply, closed) = oneshot::channel();
        if self.messages.send(Message::Close(reply)).await.is_err() {
            return Err(self.stopped());
        }
        closed.await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> StoreError {
        StoreError::Stopped(reason(&self.status))
    }
}

/// Why nothing more is applied.
pub(super) fn reason(status: &watch::Receiver<Status>) -> Arc<str> {
    let reason = status.borrow().failure.clone();
    reason.unwrap_or_else(|| "the state machine is closed".into())
}
