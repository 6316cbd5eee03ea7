//! Makes runs: opens the backend that a request names, and hands over what its owner watches.
//!
//! Solo or cluster is chosen here and nowhere else.

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::api::{Mode, RunError, RunHandle, RunRequest};
use crate::cluster::Libp2p;
use crate::compose::check_settings;
use crate::engine::Shutdown;
use crate::sinks::Delivery;

use super::backend::Backend;
use super::cluster::Cluster;
use super::solo::Solo;

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

/// Opens what `request` asks for, and lets it work.
async fn begin(
    request: RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
) -> Result<RunHandle, RunError> {
    match request.mode {
        Mode::Cluster => begin_on::<Cluster<Libp2p>>(request, deliveries).await,
        Mode::Solo => begin_on::<Solo>(request, deliveries).await,
    }
}

async fn begin_on<B: Backend>(
    request: RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
) -> Result<RunHandle, RunError> {
    let (shutdown, latch) = Shutdown::new();
    let backend = B::open(request, deliveries).await?;
    let (status, figures) = (backend.status(), backend.figures());
    let (warnings, resumed) = (backend.warnings(), backend.is_resumed());
    let ended = tokio::spawn(backend.run(latch));
    Ok(RunHandle::new(shutdown, status, figures, ended, warnings, resumed))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::api::{Definitions, Existing, Outcome, Report};
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

    /// A run over pages that lead from one to the next, with one of them in progress at a time.
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
