//! Why a node is not a member of a cluster.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::store::log::LogError;

use super::forming::{DeclaredError, FormingError};
use super::identity::IdentityError;
use super::libp2p::NetworkError;
use super::peer::ClusterId;
use super::raft::StateError;

/// Why a node is not a member.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// The numbers that were given cannot be.
    #[error(transparent)]
    Declared(DeclaredError),
    /// No cluster came about.
    #[error(transparent)]
    Forming(FormingError),
    /// The run in the folder is not at work anywhere.
    #[error(
        "an unfinished run of cluster {cluster} lies in {}, and no other node is at work on it; `--resume` on a \
         quorum of its nodes continues it, `--fresh` discards what is here",
        path.display()
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
        /// Whose run it is.
        cluster: ClusterId,
    },
    /// Entries that this node acknowledged may be missing from its disk, and other nodes continue the run: this node
    /// can only take part as a new one.
    #[error("the machine rebooted and the log is not fsynced, so this node's vote may be lost")]
    Forgetful,
    /// The members could not be joined in time.
    #[error("not let in by the members of cluster {cluster} within {} s: {why}", after.as_secs())]
    NotLetIn {
        /// The cluster.
        cluster: ClusterId,
        /// How long it was tried.
        after: Duration,
        /// What was the last obstacle.
        why: String,
    },
    /// The members of the run in the folder are not there.
    #[error(
        "{here} of {size} members of cluster {cluster} answer after {} s, more than half are needed; start the others \
         too, or discard the run with `--fresh`",
        after.as_secs()
    )]
    NoQuorum {
        /// The cluster.
        cluster: ClusterId,
        /// Members that answer, with this one.
        here: usize,
        /// All that vote.
        size: usize,
        /// How long was waited.
        after: Duration,
    },
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Who this node is.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] StateError),
    /// The file that names the cluster.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Raft refused.
    #[error("raft: {0}")]
    Raft(String),
}

impl ClusterError {
    /// Whether what the user gave is wrong, rather than what happened.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Declared(_)
                | Self::Unfinished { .. }
                | Self::Forming(FormingError::Declared(_) | FormingError::OtherCluster { .. })
        )
    }
}

impl From<FormingError> for ClusterError {
    fn from(error: FormingError) -> Self {
        match error {
            FormingError::Declared(error) => Self::Declared(error),
            error => Self::Forming(error),
        }
    }
}
