//! A run on this machine alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::{Span, Timestamp, Zoned};
use tokio::sync::{mpsc, watch};
use tracing::info;

use crate::conf::Settings;
use crate::defs::Problems;
use crate::engine::{
    CancelLatch, Delivery, Figures, JobRules, JobRunner, Monitor, Output, OutputPlace, OutputReport, Plan,
    Pools, Shutdown, TaskRunner, seed,
};
use crate::model::date::RunTimes;
use crate::model::{Fingerprint, RunId};
use crate::steps::SinkTarget;
use crate::store::log::{Durability, LogKind};
use crate::store::machine::{Barricade, Claim, Command, Phase, Run};
use crate::store::solo::{FolderState, NODE, Recovery, SoloCommit};
use crate::store::{Barricades, Commit, Earlier, JobStore, NodeStore, Projection, Status};

use super::changes::changes;
use super::compose::{Composed, check, plan};
use super::data_folder::DataFolder;
use super::facts;
use super::report::{Outcome, Report};
use super::request::{Existing, Mode, RunRequest};
use super::rules::rules;
use super::run::RunError;

const DEFINITIONS: &str = "definitions";
const SETTINGS: &str = "settings";

/// A run that is ready to go.
pub(super) struct Solo {
    pub(super) figures: Arc<Figures>,
    pub(super) warnings: Problems,
    pub(super) resumed: bool,
    settings: Settings,
    plan: Arc<Plan>,
    store: Arc<NodeStore<SoloCommit>>,
    commit: SoloCommit,
    data: DataFolder,
    output: Arc<OutputReport>,
    begun: Instant,
}

/// What a run is made of, before it has a log.
struct Parts {
    settings: Settings,
    plan: Plan,
    warnings: Problems,
    run_date_time: Zoned,
    /// What a new run publishes.
    composed: Option<Composed>,
}

impl Solo {
    /// Opens the data folder, and makes a plan of what it holds or of what is asked for.
    pub(super) async fn open(
        request: RunRequest,
        deliveries: Option<mpsc::Sender<Delivery>>,
    ) -> Result<Self, RunError> {
        let begun = Instant::now();
        let (kind, durability) = log_settings(&request.settings)?;
        let data = DataFolder::claim(Path::new(&request.settings.store.dir))?;
        let unfinished = existing(&data, kind, durability, request.existing)?;
        let resumed = unfinished.is_some();
        let parts = match &unfinished {
            Some(recovery) => Parts::of_log(recovery, &request)?,
            None => Parts::of_request(&request)?,
        };
        let recovery = match unfinished {
            Some(recovery) => recovery,
            None => Recovery::open(data.run(), kind, durability)?,
        };
        let output = Arc::new(OutputReport::default());
        let place = output_place(&parts.settings, &parts.run_date_time)?;
        let (sinks, written) = (parts.plan.sinks().clone(), Arc::clone(&output));
        // Reading a long log back takes its time, and is no work for a thread of the runtime.
        let started = tokio::task::spawn_blocking(move || {
            recovery.start(|progress| {
                let earlier = progress.map(|progress| Earlier { progress, parts: None });
                let opened = Output::open(sinks.all(), place, deliveries, earlier, written)?;
                Ok(Box::new(opened) as Box<dyn Projection>)
            })
        });
        let commit = started.await.map_err(|error| RunError::Internal(error.to_string()))??;
        let Parts { settings, plan, warnings, run_date_time, composed } = parts;
        if let Some(composed) = &composed {
            let run = run(&settings, &run_date_time, composed.fingerprint);
            commit.propose(Command::Begin(run)).await?;
        }
        let store = Arc::new(NodeStore::join(commit.clone(), NODE).await?);
        store.propose(Command::Resume).await?;
        if let Some(composed) = composed {
            publish(&store, composed).await?;
        }
        Ok(Self {
            figures: Arc::default(),
            warnings,
            resumed,
            settings,
            plan: Arc::new(plan),
            store,
            commit,
            data,
            output,
            begun,
        })
    }

    /// How the run looks from outside.
    pub(super) fn status(&self) -> watch::Receiver<Status> {
        self.commit.status()
    }

    /// Works until all is done, or until `cancelled`.
    pub(super) async fn run(self, cancelled: CancelLatch) -> Result<Report, RunError> {
        seed(&self.store, self.plan.seeds()).await?;
        let (stop, stopped) = Shutdown::new();
        let (runner, in_work) = self.job_runner();
        let monitor = Monitor::new(Arc::clone(&self.store), in_work, self.period());
        let drain = drain(Arc::clone(&self.store), cancelled.clone(), stop.clone());
        let runner = tokio::spawn(runner.run(stopped));
        let drain = tokio::spawn(drain);
        let watched = monitor.run(cancelled).await;
        stop.cancel();
        let ran = runner.await.map_err(|error| RunError::Internal(error.to_string()))?;
        drain.abort();
        watched.and(ran)?;
        self.complete().await?;
        self.end().await
    }

    /// Completes a run that was cancelled when the last jobs were in work: nothing is left to resume.
    async fn complete(&self) -> Result<(), RunError> {
        let (phase, open) = {
            let status = self.commit.status();
            let status = status.borrow();
            (status.phase, status.counts.open())
        };
        if phase < Phase::Shutdown && open == 0 {
            self.store.propose(Command::Resume).await?;
            self.store.vote_done().await?;
        }
        Ok(())
    }

    fn job_runner(&self) -> (JobRunner<NodeStore<SoloCommit>>, watch::Receiver<usize>) {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let pools = Pools::new(&self.settings.poolsize, cores, self.plan.step_names());
        let limits = facts::limits(&self.settings);
        let tasks = TaskRunner::new(Arc::clone(&self.plan), pools, limits, Arc::clone(&self.figures));
        let job = &self.settings.job;
        let rules = JobRules {
            limit: job.take_limit.max(1),
            retry_delay: Duration::from_millis(job.retry_delay),
            max_retry_delay: Duration::from_millis(job.max_retry_delay),
        };
        JobRunner::new(Arc::clone(&self.store), Arc::new(tasks), rules, Arc::clone(&self.figures))
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.settings.monitor.timer_period.max(1))
    }

    async fn end(self) -> Result<Report, RunError> {
        let status = self.commit.status().borrow().clone();
        let is_over = status.phase >= Phase::Shutdown;
        info!(is_over, "nothing is in work any more");
        self.store.leave().await?;
        self.commit.close().await?;
        if is_over {
            self.data.remove_run()?;
        }
        let counts = status.counts;
        let troubled = counts.failed + counts.quarantined + counts.dropped_links > 0;
        let outcome = match (is_over, troubled) {
            (false, _) => Outcome::Cancelled,
            (true, true) => Outcome::WithErrors,
            (true, false) => Outcome::Complete,
        };
        let (sinks, failed, first_failed) = self.output.view();
        let report = Report {
            outcome,
            counts,
            figures: self.figures.view(),
            sinks,
            failed,
            first_failed,
            taken: self.begun.elapsed(),
        };
        info!(?outcome, jobs = counts.jobs(), rows = counts.rows, "the run has ended");
        Ok(report)
    }
}

impl Parts {
    /// A new run.
    fn of_request(request: &RunRequest) -> Result<Self, RunError> {
        let settings = request.settings.clone();
        let (definitions, warnings) = check(request)?;
        let mut run_date_time = facts::run_date_time(&settings)?;
        let plan = loop {
            let (plan, problems) = plan(&definitions, &settings, &run_date_time, &request.root)?;
            let plan = plan.ok_or(RunError::Definitions(problems))?;
            if settings.run_date_time_text.is_some()
                || !is_taken(&plan, &output_place(&settings, &run_date_time)?)
            {
                break plan;
            }
            // Another run began in the same second: its output stays as it is.
            run_date_time = run_date_time
                .checked_add(Span::new().seconds(1))
                .map_err(|error| RunError::Internal(error.to_string()))?;
        };
        let composed = Composed::new(&definitions, &settings)?;
        Ok(Self { settings, plan, warnings, run_date_time, composed: Some(composed) })
    }

    /// The run that a log holds: what it gives is decided by the definitions and settings that it began
    /// with, how fast it goes by those of today.
    fn of_log(recovery: &Recovery, request: &RunRequest) -> Result<Self, RunError> {
        let machine = recovery.machine();
        let value = |key| machine.value(key).unwrap_or_default();
        let (definitions, stored) = Composed::read(value(DEFINITIONS), value(SETTINGS))?;
        let settings = stored.at_the_pace_of(&request.settings);
        let warnings = changes(&definitions, &settings, request);
        let millis = machine.run().map_or(0, |run| run.date_time);
        let run_date_time = Timestamp::from_millisecond(millis)
            .map_err(|error| RunError::Internal(error.to_string()))?
            .to_zoned(facts::zone(&settings)?);
        let (plan, problems) = plan(&definitions, &settings, &run_date_time, &request.root)?;
        let plan = plan.ok_or(RunError::Definitions(problems))?;
        Ok(Self { settings, plan, warnings, run_date_time, composed: None })
    }
}

/// The run in the folder, if it goes on; otherwise the folder is empty afterwards.
fn existing(
    data: &DataFolder,
    kind: LogKind,
    durability: Durability,
    existing: Existing,
) -> Result<Option<Recovery>, RunError> {
    let folder = data.run();
    if !folder.is_used() {
        data.remove_run()?;
        return Ok(None);
    }
    let recovery = match Recovery::open(folder.clone(), kind, durability) {
        Ok(recovery) => recovery,
        Err(error) if existing == Existing::Discard && !error.is_in_use() => {
            data.remove_run()?;
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    match (existing, recovery.state()?) {
        (Existing::Refuse, FolderState::Unfinished { phase, counts }) => {
            Err(RunError::Unfinished { path: folder.path().to_owned(), phase, counts })
        }
        (Existing::Resume, FolderState::Unfinished { .. } | FolderState::Finished) => Ok(Some(recovery)),
        _ => {
            drop(recovery);
            data.remove_run()?;
            Ok(None)
        }
    }
}

fn log_settings(settings: &Settings) -> Result<(LogKind, Durability), RunError> {
    let kind = settings
        .store
        .kind
        .parse::<LogKind>()
        .map_err(|error| RunError::Settings(format!("scoopi.store.kind: {error}")))?;
    let durability = match settings.store.durability.as_str() {
        "fsync" => Durability::Fsync,
        "process" => Durability::Process,
        other => {
            return Err(RunError::Settings(format!(
                "scoopi.store.durability is `{other}`: write fsync or process"
            )));
        }
    };
    Ok((kind, durability))
}

fn output_place(settings: &Settings, run_date_time: &Zoned) -> Result<OutputPlace, RunError> {
    let times =
        RunTimes::from_millis(run_date_time.timestamp().as_millisecond(), run_date_time.time_zone().clone());
    let stamp = times.map_err(|error| RunError::Settings(error.to_string()))?.output_dir();
    let base = PathBuf::from(&settings.appender.file.base_dir);
    let folder = if base.as_os_str().is_empty() { PathBuf::from("output") } else { base.clone() };
    Ok(OutputPlace { base, stamp, failed: folder.join("failed.ndjson") })
}

/// Whether output of an earlier run lies where this one would write.
fn is_taken(plan: &Plan, place: &OutputPlace) -> bool {
    plan.sinks().all().iter().any(|sink| match &sink.target {
        SinkTarget::File(file) => place.path(file).exists(),
        SinkTarget::List(_) => false,
    })
}

/// The first command of a run.
fn run(settings: &Settings, run_date_time: &Zoned, fingerprint: Fingerprint) -> Run {
    let date_time = run_date_time.timestamp().as_millisecond();
    Run { id: run_id(fingerprint, date_time), date_time, fingerprint, rules: rules(settings, Mode::Solo) }
}

/// An id that no other run has: what it does, when it begins by its own clock and by that of the machine.
fn run_id(fingerprint: Fingerprint, date_time: i64) -> RunId {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let process = std::process::id();
    RunId(
        Fingerprint::of([
            &fingerprint.0[..],
            &date_time.to_le_bytes(),
            &since.as_nanos().to_le_bytes(),
            &process.to_le_bytes(),
        ])
        .0,
    )
}

/// Puts definitions and settings into the store.
async fn publish(store: &NodeStore<SoloCommit>, composed: Composed) -> Result<(), RunError> {
    match store.enter(Barricade::Compose).await? {
        Claim::Work(epoch) => {
            let entries =
                vec![(DEFINITIONS.into(), composed.definitions), (SETTINGS.into(), composed.settings)];
            store.propose(Command::Publish { epoch, entries }).await?;
            Ok(())
        }
        Claim::Failed(reason) => Err(RunError::Internal(reason)),
        Claim::Open | Claim::Wait(_) => Ok(()),
    }
}

/// Waits for the cancel latch; then lets nothing new be taken.
async fn drain(store: Arc<NodeStore<SoloCommit>>, mut cancelled: CancelLatch, stop: Shutdown) {
    cancelled.cancelled().await;
    // The runner stops first, so that no request for jobs is answered after the cancel.
    stop.cancel();
    if let Err(error) = store.cancel().await {
        tracing::error!(%error, "unable to write the cancel down; the run can be resumed all the same");
    }
}
