//! What a run has done, for the last lines on the terminal.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::FiguresView;
use crate::sinks::SinkReport;
use crate::store::machine::Counts;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Every job came to its end.
    Complete,
    /// Every job is over, and some failed or were quarantined, or links were left out.
    WithErrors,
    /// It was cancelled; what is left can be resumed.
    Cancelled,
    /// This node was left behind: so many of the others are gone that a quorum cannot form. They have ended the run
    /// without it, or crashed; `--resume` with more than half of the nodes continues the run.
    LeftBehind,
}

/// What a run has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Jobs and rows of the whole run, earlier parts of a resumed run included.
    pub counts: Counts,
    /// What this process did.
    pub figures: FiguresView,
    /// Where rows are.
    pub sinks: Vec<SinkReport>,
    /// The file that lists what failed, if anything did.
    pub failed: Option<PathBuf>,
    /// The first few of them: URL and reason.
    pub first_failed: Vec<String>,
    /// How long this process took.
    pub taken: Duration,
    /// Whether other nodes continue the run.
    pub others_go_on: bool,
    /// The name of the one node that keeps the rows, if that is another one.
    pub kept_by: Option<String>,
}
