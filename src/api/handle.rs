//! A run that has begun, as its owner sees it: watched, cancelled, ended.
//!
//! Does not know how a run begins or what it does: the node that makes it hands over what there is to see.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::defs::Problems;
use crate::engine::{Figures, FiguresView, Shutdown};
use crate::store::Status;
use crate::store::machine::{Counts, Phase};

use super::error::RunError;
use super::report::Report;

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
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
    /// None once the result was taken.
    ended: Option<JoinHandle<Result<Report, RunError>>>,
    warnings: Problems,
    resumed: bool,
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        // A `Shutdown` that the program kept does not keep the run alive.
        self.shutdown.cancel();
    }
}

impl RunHandle {
    /// A run that works until `ended` ends, which `shutdown` makes it do.
    pub(crate) fn new(
        shutdown: Shutdown,
        status: watch::Receiver<Status>,
        figures: Arc<Figures>,
        ended: JoinHandle<Result<Report, RunError>>,
        warnings: Problems,
        resumed: bool,
    ) -> Self {
        Self { shutdown, status, figures, ended: Some(ended), warnings, resumed }
    }

    /// Lets jobs in progress come to their end, and begins nothing new.
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

    /// Whether it continues an unfinished run.
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

    /// Waits for the end. May be dropped and called again before it has given the result.
    ///
    /// # Errors
    /// The run could not continue: the disk refused, say. [`RunError::Ended`] if it has given the result before.
    pub async fn ended(&mut self) -> Result<Report, RunError> {
        let ended = self.ended.as_mut().ok_or(RunError::Ended)?.await;
        self.ended = None;
        ended.unwrap_or_else(|error| Err(RunError::Internal(error.to_string())))
    }
}
