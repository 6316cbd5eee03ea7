//! Why a run could not begin or continue.
//!
//! Knows what the user can do about each reason. Does not know how the reason was found.

use std::path::PathBuf;

use thiserror::Error;

use crate::cluster::ClusterError;
use crate::defs::Problems;
use crate::engine::SeedError;
use crate::store::log::MEND;
use crate::store::machine::Phase;
use crate::store::solo::SoloError;
use crate::store::{ProjectionError, StoreError};

/// Why a run could not begin or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The definitions have errors.
    #[error("{0}")]
    Definitions(Problems),
    /// A setting cannot be.
    #[error("{0}")]
    Settings(String),
    /// An unfinished run lies in the data folder, and the request does not say what to do with it.
    #[error(
        "an unfinished run lies in {}: it stopped while {phase} with {} jobs done and {} left; \
         `--resume` continues it, `--fresh` discards it and starts over",
        path.display(), done, left
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
        /// Where it stopped.
        phase: Phase,
        /// Jobs that are over.
        done: u64,
        /// Jobs that are not over.
        left: u64,
    },
    /// Another process uses the data folder.
    #[error("another scoopi uses the data folder {}; wait for its end, or name another folder with `--data`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder holds a run of the other mode.
    #[error(
        "{} holds a run of `--mode {holds}`: continue it in that mode, discard it with `--fresh`, or name another \
         folder with `--data`",
        path.display()
    )]
    OtherMode {
        /// The folder.
        path: PathBuf,
        /// The mode of the run in it.
        holds: &'static str,
    },
    /// This node could not become a member of a cluster.
    #[error(transparent)]
    Cluster(Box<ClusterError>),
    /// The node that composed the definitions could not.
    #[error("the definitions could not be composed, so the run has ended on all nodes:\n{0}")]
    Composing(String),
    /// The data folder.
    #[error("{doing} {}: {source}; {MEND}", path.display())]
    Data {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Output that another node keeps cannot be removed here.
    #[error(transparent)]
    Output(#[from] ProjectionError),
    /// The log, a snapshot or output.
    #[error(transparent)]
    Solo(#[from] SoloError),
    /// The store has stopped.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no jobs to begin with.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// [`crate::api::RunHandle::ended`] was called again after it had given the result.
    #[error("the run has ended, and its result was taken before")]
    Ended,
    /// A fault of ours.
    #[error("internal error: {0}; please report this")]
    Internal(String),
}

impl RunError {
    /// Whether what the user gave is wrong, rather than what happened while it ran.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Definitions(_)
            | Self::Settings(_)
            | Self::Unfinished { .. }
            | Self::OtherMode { .. }
            | Self::Composing(_) => true,
            Self::Cluster(error) => error.is_usage(),
            _ => false,
        }
    }
}
