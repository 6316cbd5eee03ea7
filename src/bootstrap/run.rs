//! A run as its owner sees it: started, watched, cancelled, ended.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::defs::Problems;
use crate::engine::{Delivery, Figures, FiguresView, SeedError, Shutdown};
use crate::store::machine::{Counts, Phase};
use crate::store::solo::SoloError;
use crate::store::{Status, StoreError};

use super::report::Report;
use super::request::RunRequest;
use super::solo::Solo;

/// Why a run could not begin or go on.
#[derive(Debug, Error)]
pub enum RunError {
    /// The definitions have errors.
    #[error("{0}")]
    Definitions(Problems),
    /// A setting cannot be.
    #[error("{0}")]
    Settings(String),
    /// An unfinished run lies in the data folder, and nobody said what to do with it.
    #[error(
        "an unfinished run lies in {}: it stopped while {phase} with {} jobs done and {} left; \
         `--resume` goes on with it, `--fresh` discards it and starts anew",
        path.display(), counts.done, counts.open()
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
        /// Where it stopped.
        phase: Phase,
        /// How far it came.
        counts: Counts,
    },
    /// The log, a snapshot or output.
    #[error(transparent)]
    Solo(#[from] SoloError),
    /// The store has stopped.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no jobs to begin with.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A fault of ours.
    #[error("internal error: {0}; please report this")]
    Internal(String),
}

impl RunError {
    /// Whether what the user gave is wrong, rather than what happened while it ran.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Definitions(_) | Self::Settings(_) | Self::Unfinished { .. })
    }
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where the run is.
    pub phase: Phase,
    /// Jobs and rows of the whole run.
    pub counts: Counts,
    /// What this process has done.
    pub figures: FiguresView,
}

/// A run that has begun.
///
/// Dropping it cancels the run, as [`RunHandle::cancel`] does.
#[derive(Debug)]
pub struct RunHandle {
    shutdown: Shutdown,
    status: watch::Receiver<Status>,
    figures: Arc<Figures>,
    ended: JoinHandle<Result<Report, RunError>>,
    warnings: Problems,
    resumed: bool,
}

/// Makes runs.
#[derive(Debug)]
pub struct Run {
    request: RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
}

impl Run {
    /// A run of what is asked for.
    #[must_use]
    pub fn new(request: RunRequest) -> Self {
        Self { request, deliveries: None }
    }

    /// Rows of `list` appenders, as they are committed. At most `capacity` deliveries wait to be received;
    /// a receiver that is slow slows the run. After a resume, rows since the last snapshot come again.
    pub fn deliveries(&mut self, capacity: usize) -> mpsc::Receiver<Delivery> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        self.deliveries = Some(sender);
        receiver
    }

    /// Begins, or goes on with the unfinished run in the data folder.
    ///
    /// # Errors
    /// Settings or definitions are wrong, the folder holds an unfinished run that was not asked for, or
    /// the log cannot be opened.
    pub async fn start(self) -> Result<RunHandle, RunError> {
        let (shutdown, latch) = Shutdown::new();
        let solo = Solo::open(self.request, self.deliveries).await?;
        let (status, figures) = (solo.status(), Arc::clone(&solo.figures));
        let (warnings, resumed) = (solo.warnings.clone(), solo.resumed);
        let ended = tokio::spawn(solo.run(latch));
        Ok(RunHandle { shutdown, status, figures, ended, warnings, resumed })
    }
}

impl RunHandle {
    /// Lets what is in work come to its end, and begins nothing new.
    pub fn cancel(&self) {
        self.shutdown.cancel();
    }

    /// What asks the run to stop, to be kept elsewhere.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// What the definitions could do better.
    #[must_use]
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// Whether it goes on with an unfinished run.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let status = self.status.borrow();
        Progress { phase: status.phase, counts: status.counts, figures: self.figures.view() }
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The run could not go on: the disk refused, say.
    pub async fn ended(&mut self) -> Result<Report, RunError> {
        (&mut self.ended).await.unwrap_or_else(|error| Err(RunError::Internal(error.to_string())))
    }
}
