//! Why the state machine of a node stops, said to the person who has to act on it.

use std::io;
use std::path::PathBuf;

use openraft::{AnyError, StorageError, StorageIOError};
use thiserror::Error;

use crate::model::codec::CodecError;
use crate::store::ProjectionError;
use crate::store::machine::RestoreError;
use crate::store::snapshot::SnapshotError;

/// Why the state cannot be kept.
#[derive(Debug, Error)]
pub enum StateError {
    /// The snapshot refused.
    #[error("{}", with_way_out(.0))]
    Snapshot(#[from] SnapshotError),
    /// A record of a snapshot cannot be written or read.
    #[error("a snapshot in {}: {source}; `--fresh` discards it and starts over", path.display())]
    Record {
        /// The file or folder.
        path: PathBuf,
        /// What does not fit.
        source: CodecError,
    },
    /// The records of a snapshot do not form a machine.
    #[error("the snapshot {}: {source}; `--fresh` discards it and starts over", path.display())]
    Restore {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: RestoreError,
    },
    /// What another node sent is not what it said.
    #[error("the snapshot that was received in {}: {why}; start this node again to receive it again", path.display())]
    Received {
        /// The file or folder.
        path: PathBuf,
        /// What does not fit.
        why: &'static str,
    },
    /// Output could not be written.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The disk or the file system refused.
    #[error("{doing} {}: {source}; fix this and start this node again: it continues where it stopped", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was closed.
    #[error("the state machine is closed")]
    Closed,
}

impl From<CodecError> for StateError {
    /// For [`Machine::save`](crate::store::machine::Machine::save), which names no folder.
    fn from(source: CodecError) -> Self {
        Self::Record { path: PathBuf::new(), source }
    }
}

/// A damaged snapshot names its way out, a disk that refuses does not.
fn with_way_out(error: &SnapshotError) -> String {
    match error {
        SnapshotError::Io { .. } => {
            format!("{error}; fix this and start this node again: it continues where it stopped")
        }
        _ => error.to_string(),
    }
}

/// The error as openraft wants it. It ends the node's Raft.
pub(super) fn stop(reason: &str) -> StorageError<u64> {
    StorageIOError::write_state_machine(AnyError::error(reason)).into()
}
