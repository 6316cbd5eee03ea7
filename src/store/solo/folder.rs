//! The folder that holds a run: what is in it, and making it empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::codec::CodecError;
use crate::store::ProjectionError;
use crate::store::log::{LogError, MEND};
use crate::store::machine::{Counts, Phase, RestoreError};
use crate::store::snapshot::SnapshotError;

/// Why a run's folder cannot be used.
#[derive(Debug, Error)]
pub enum SoloError {
    /// The log refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The snapshot refused.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A record cannot be written or read.
    #[error("the log in {}: {source}; `--fresh` discards it and starts over", path.display())]
    Record {
        /// The folder.
        path: PathBuf,
        /// What does not fit.
        source: CodecError,
    },
    /// The records of a snapshot do not form a machine.
    #[error("the snapshot in {}: {source}; `--fresh` discards it and starts over", path.display())]
    Restore {
        /// The folder.
        path: PathBuf,
        /// What does not fit.
        source: RestoreError,
    },
    /// Output could not be written.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The disk or the file system refused.
    #[error("{doing} {}: {source}; {MEND}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What lies in a run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderState {
    /// There is no run to continue.
    Empty,
    /// A run whose jobs are all over, and that was stopped before it could say so. Going on with it makes
    /// sure that its output is complete.
    Finished,
    /// A run that did not come to its end.
    Unfinished {
        /// Where it stopped.
        phase: Phase,
        /// How far it came.
        counts: Counts,
    },
}

/// The folder that holds a run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl SoloError {
    /// Whether another process uses the folder.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Log(LogError::InUse { .. }))
    }
}

impl From<CodecError> for SoloError {
    /// For [`Machine::save`](crate::store::machine::Machine::save), which names no folder.
    fn from(source: CodecError) -> Self {
        Self::Record { path: PathBuf::new(), source }
    }
}

impl RunFolder {
    /// The folder at `path`, which need not be there.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run was ever begun here.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.log().exists()
    }

    /// Whether the run is one of a cluster, whose nodes keep their identity next to the log.
    #[must_use]
    pub fn is_of_cluster(&self) -> bool {
        self.is_used() && self.path.join("node.key").exists()
    }

    /// Removes the run. The folder must not be in use; opening its log first makes sure.
    ///
    /// # Errors
    /// The file system refused.
    pub fn clear(&self) -> Result<(), SoloError> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SoloError::Io { doing: "removing the run in", path: self.path.clone(), source: error })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(super) fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }
}
