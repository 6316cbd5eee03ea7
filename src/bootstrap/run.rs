//! A run as its owner sees it: started, watched, cancelled, ended.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::ClusterError;
use crate::defs::Problems;
use crate::engine::{Delivery, Figures, FiguresView, SeedError, Shutdown};
use crate::store::log::MEND;
use crate::store::machine::{Counts, Phase};
use crate::store::solo::SoloError;
use crate::store::{JobStore, ProjectionError, Status, StoreError};

use super::cluster::Cluster;
use super::report::Report;
use super::request::{Mode, RunRequest};
use super::settings_check::check_settings;
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
        "{} holds a run of `--mode {holds}`: go on with it in that mode, discard it with `--fresh`, or name another \
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
    /// [`RunHandle::ended`] was called again after it had given the result.
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
    /// a receiver that is slow slows the run, one that is dropped does not. The channel ends with the run, so
    /// receive until then before waiting for [`RunHandle::ended`]. After a resume, rows since the last
    /// snapshot of the log come again.
    pub fn deliveries(&mut self, capacity: usize) -> mpsc::Receiver<Delivery> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        self.deliveries = Some(sender);
        receiver
    }

    /// Begins a run, or continues the unfinished one in the data folder. Reading a long log back and compiling definitions
    /// happen on threads of their own, so that the runtime does other work meanwhile. Dropping the future gives the
    /// start up.
    ///
    /// # Errors
    /// Settings or definitions are wrong, the folder holds an unfinished run that was not asked for, or
    /// the log cannot be opened.
    pub async fn start(self) -> Result<RunHandle, RunError> {
        let Self { request, deliveries } = self;
        let request = request.with_mode_in_settings();
        check_settings(&request.settings, &request.origins)?;
        let given_up = CancellationToken::new();
        let _gives_up = given_up.clone().drop_guard();
        let started = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(async {
                tokio::select! {
                    started = begin(request, deliveries) => Some(started),
                    () = given_up.cancelled() => None,
                }
            })
        });
        match started.await {
            Ok(Some(started)) => started,
            Ok(None) => Err(RunError::Internal("the start was given up".to_owned())),
            Err(error) => Err(RunError::Internal(error.to_string())),
        }
    }
}

async fn begin(
    request: RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
) -> Result<RunHandle, RunError> {
    let (shutdown, latch) = Shutdown::new();
    match request.mode {
        Mode::Cluster => {
            let cluster = Cluster::open(request, deliveries).await?;
            let (status, figures) = (cluster.work.store.status(), Arc::clone(&cluster.work.figures));
            let (warnings, resumed) = (cluster.warnings.clone(), cluster.resumed);
            let ended = Some(tokio::spawn(cluster.run(latch)));
            Ok(RunHandle { shutdown, status, figures, ended, warnings, resumed })
        }
        Mode::Solo => {
            let solo = Solo::open(request, deliveries).await?;
            let (status, figures) = (solo.work.store.status(), Arc::clone(&solo.work.figures));
            let (warnings, resumed) = (solo.warnings.clone(), solo.resumed);
            let ended = Some(tokio::spawn(solo.run(latch)));
            Ok(RunHandle { shutdown, status, figures, ended, warnings, resumed })
        }
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

    /// Waits for the end. May be dropped and called again before it has given the result.
    ///
    /// # Errors
    /// The run could not go on: the disk refused, say. [`RunError::Ended`] if it has given the result before.
    pub async fn ended(&mut self) -> Result<Report, RunError> {
        let ended = self.ended.as_mut().ok_or(RunError::Ended)?.await;
        self.ended = None;
        ended.unwrap_or_else(|error| Err(RunError::Internal(error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::bootstrap::{Definitions, Existing, Outcome};
    use crate::conf::Settings;

    const DEFINITIONS: &str = r#"
locatorGroups: { p: { locators: [ { name: l, url: "/1.html" } ] } }
taskGroups: { p: { rows: { dataDef: d, steps: listed }, next: { dataDef: n, steps: [ parser: css, links ] } } }
steps: { listed: [ parser: css, appender: { list: { list: numbers, encoder: jsonLines } } ] }
dataDefs:
  d: { query: { block: body, selector: i }, items: [ { name: number, value: N } ] }
  n: { query: { block: body }, items: [ { name: next, selector: "a attribute: href", linkGroup: p } ] }
"#;

    const PAGES: usize = 30;
    const LIMIT: Duration = Duration::from_secs(30);

    /// A run over pages that lead from one to the next, with one of them in work at a time.
    fn run(folder: &Path, existing: Existing) -> Run {
        for page in 1..=PAGES {
            let html = format!("<i>{page}</i><a href='{}.html'>next</a>", page % PAGES + 1);
            fs::write(folder.join(format!("{page}.html")), html).unwrap();
        }
        let mut settings = Settings::default();
        settings.store.dir = folder.join("data").to_string_lossy().into_owned();
        settings.appender.file.base_dir = folder.join("output").to_string_lossy().into_owned();
        settings.job.take_limit = 1;
        let definitions = Definitions::text("job.yml", DEFINITIONS);
        let root = folder.to_owned();
        Run::new(RunRequest { definitions, root, existing, ..RunRequest::new(settings) })
    }

    /// Starts a run and receives its rows; cancels it after `most` of them.
    async fn rows(mut run: Run, most: usize) -> (Vec<String>, Report) {
        let mut deliveries = run.deliveries(1);
        let mut handle = run.start().await.unwrap();
        let mut rows = vec![];
        while let Some(delivery) = deliveries.recv().await {
            assert_eq!((&*delivery.list, delivery.count), ("numbers", 1));
            rows.extend(delivery.lines().map(|line| String::from_utf8(line.to_vec()).unwrap()));
            if rows.len() == most {
                handle.cancel();
            }
        }
        (rows, handle.ended().await.unwrap())
    }

    #[tokio::test]
    async fn rows_come_through_the_channel_as_they_are_committed() {
        let folder = tempfile::tempdir().unwrap();
        let (rows, report) = rows(run(folder.path(), Existing::Refuse), usize::MAX).await;
        assert_eq!((report.outcome, rows.len()), (Outcome::Complete, PAGES));
        assert_eq!(rows[0], r#"{"locator":"l","group":"p","task":"rows","number":"N","fact":"1"}"#);
    }

    #[tokio::test]
    async fn a_cancelled_run_is_refused_then_resumed_and_gives_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let (first, report) = rows(run(folder.path(), Existing::Refuse), 10).await;
        assert_eq!(report.outcome, Outcome::Cancelled);
        let refused = run(folder.path(), Existing::Refuse).start().await.unwrap_err();
        assert!(matches!(refused, RunError::Unfinished { .. }), "{refused}");
        let (again, report) = rows(run(folder.path(), Existing::Resume), usize::MAX).await;
        assert_eq!((report.outcome, report.counts.rows), (Outcome::Complete, PAGES as u64));
        // There was no snapshot, so those of the first part come again, in the same order.
        assert_eq!((again.len(), &again[..first.len()]), (PAGES, &first[..]));
    }

    #[tokio::test]
    async fn a_run_whose_handle_is_dropped_is_cancelled_though_what_stops_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(folder.path(), Existing::Refuse);
        let mut deliveries = run.deliveries(1);
        let handle = run.start().await.unwrap();
        let kept = handle.shutdown();
        assert!(deliveries.recv().await.is_some());
        drop(handle);
        let mut rows = 1;
        while deliveries.recv().await.is_some() {
            rows += 1;
        }
        assert!(rows < PAGES, "{rows}");
        kept.cancel();
    }

    #[tokio::test]
    async fn a_result_is_given_once_and_asking_again_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut handle = run(folder.path(), Existing::Refuse).start().await.unwrap();
        assert_eq!(handle.ended().await.unwrap().outcome, Outcome::Complete);
        let again = handle.ended().await.unwrap_err();
        assert_eq!(again.to_string(), "the run has ended, and its result was taken before");
    }

    #[tokio::test]
    async fn a_start_that_is_given_up_leaves_the_data_folder_to_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut starting = Box::pin(run(folder.path(), Existing::Refuse).start());
        // It has begun, on another thread than the only one of this test.
        assert!(tokio::time::timeout(Duration::ZERO, &mut starting).await.is_err());
        drop(starting);
        let begun = Instant::now();
        let mut handle = loop {
            match run(folder.path(), Existing::Discard).start().await {
                Err(RunError::InUse { .. }) if begun.elapsed() < LIMIT => tokio::task::yield_now().await,
                started => break started.unwrap(),
            }
        };
        assert_eq!(handle.ended().await.unwrap().outcome, Outcome::Complete);
    }

    #[tokio::test]
    async fn a_receiver_that_is_gone_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(folder.path(), Existing::Refuse);
        drop(run.deliveries(1));
        let report = run.start().await.unwrap().ended().await.unwrap();
        assert_eq!((report.outcome, report.counts.rows), (Outcome::Complete, PAGES as u64));
    }
}
