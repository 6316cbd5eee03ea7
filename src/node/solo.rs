//! A run on this machine alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tracing::info;

use crate::api::{Existing, Report, RunError, RunRequest};
use crate::compose::{Composed, Parts, changes, log_settings, new_run, output_place};
use crate::defs::Problems;
use crate::engine::{CancelLatch, Figures};
use crate::model::Incarnation;
use crate::sinks::{Delivery, Output, OutputReport};
use crate::store::log::{Durability, LogKind};
use crate::store::machine::{Barricade, Claim, Command, Phase};
use crate::store::solo::{FolderState, NODE, Recovery, SoloCommit};
use crate::store::{Barricades, Commit, Earlier, JobStore, NodeStore, Projection, Status};

use super::backend::Backend;
use super::data_folder::DataFolder;
use super::work::{Scope, Work};

/// A run that is ready to go.
pub(super) struct Solo {
    work: Work<SoloCommit>,
    warnings: Problems,
    resumed: bool,
    commit: SoloCommit,
    data: DataFolder,
}

impl Backend for Solo {
    async fn open(request: RunRequest, deliveries: Option<mpsc::Sender<Delivery>>) -> Result<Self, RunError> {
        let begun = Instant::now();
        let (kind, durability) = log_settings(&request.settings)?;
        let data = DataFolder::claim(Path::new(&request.settings.store.dir))?;
        let unfinished = existing(&data, kind, durability, request.existing)?;
        let resumed = unfinished.is_some();
        let parts = match &unfinished {
            Some(recovery) => of_log(recovery, &request)?,
            None => Parts::of_request(&request)?,
        };
        let recovery = match unfinished {
            Some(recovery) => recovery,
            None => Recovery::open(data.run(), kind, durability)?,
        };
        let recovery = recovery.snapshot_after(parts.settings.store.snapshot_after.max(1));
        let output = Arc::new(OutputReport::default());
        let place = output_place(&parts.settings, &parts.run_date_time)?;
        let (sinks, written) = (parts.plan.sinks().clone(), Arc::clone(&output));
        // Reading a long log back takes its time and would block a thread of the runtime.
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
            let run = new_run(&settings, &run_date_time, composed.fingerprint);
            commit.propose(Command::Begin(run)).await?;
        }
        let store = Arc::new(NodeStore::join(commit.clone(), NODE, Incarnation(1)).await?);
        store.propose(Command::Resume).await?;
        if let Some(composed) = composed {
            publish(&store, composed).await?;
        }
        let plan = Arc::new(plan);
        let work = Work { settings, plan, store, figures: Arc::default(), output, begun };
        Ok(Self { work, warnings, resumed, commit, data })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.work.store.status()
    }

    fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.work.figures)
    }

    fn warnings(&self) -> Problems {
        self.warnings.clone()
    }

    fn is_resumed(&self) -> bool {
        self.resumed
    }

    async fn run(self, cancelled: CancelLatch) -> Result<Report, RunError> {
        self.work.run(cancelled, Scope::Run).await?;
        self.complete().await?;
        self.end().await
    }
}

impl Solo {
    /// Completes a run that was cancelled while the last jobs were in progress: nothing is left to resume.
    async fn complete(&self) -> Result<(), RunError> {
        let (phase, open) = {
            let status = self.commit.status();
            let status = status.borrow();
            (status.phase, status.counts.open())
        };
        if phase < Phase::Shutdown && open == 0 {
            self.work.store.propose(Command::Resume).await?;
            self.work.store.vote_done().await?;
        }
        Ok(())
    }

    async fn end(self) -> Result<Report, RunError> {
        let status = self.commit.status().borrow().clone();
        info!(is_over = status.phase >= Phase::Shutdown, "no job is in progress");
        self.work.store.leave().await?;
        self.commit.close().await?;
        if status.phase >= Phase::Shutdown {
            self.data.remove_run()?;
        }
        Ok(self.work.report(&status))
    }
}

/// The run that a log holds: what it gives is decided by the definitions and settings that it began with, how fast it
/// goes by those of today.
fn of_log(recovery: &Recovery, request: &RunRequest) -> Result<Parts, RunError> {
    let machine = recovery.machine();
    let stored = Composed::read(|key| machine.value(key).map(<[u8]>::to_vec))?;
    let settings = stored.settings.at_the_pace_of(&request.settings);
    let warnings = changes(&stored.definitions, &settings, request);
    let date_time = machine.run().map_or(0, |run| run.date_time);
    Parts::of_stored(&stored.definitions, settings, &stored.scripts, date_time, warnings, &request.root)
}

/// Returns the run in the folder, if it continues; otherwise the folder is empty afterwards.
fn existing(
    data: &DataFolder,
    kind: LogKind,
    durability: Durability,
    existing: Existing,
) -> Result<Option<Recovery>, RunError> {
    let folder = data.run();
    if folder.is_of_cluster() && existing != Existing::Discard {
        return Err(RunError::OtherMode { path: folder.path().to_owned(), holds: "cluster" });
    }
    if !folder.is_used() || folder.is_of_cluster() {
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
            let (done, left) = (counts.done, counts.open());
            Err(RunError::Unfinished { path: folder.path().to_owned(), phase, done, left })
        }
        (Existing::Resume, FolderState::Unfinished { .. } | FolderState::Finished) => Ok(Some(recovery)),
        _ => {
            drop(recovery);
            data.remove_run()?;
            Ok(None)
        }
    }
}

/// Puts what was composed into the store.
async fn publish(store: &NodeStore<SoloCommit>, composed: Composed) -> Result<(), RunError> {
    match store.enter(Barricade::Compose).await? {
        Claim::Work(epoch) => {
            store.propose(Command::Publish { epoch, entries: composed.entries() }).await?;
            Ok(())
        }
        Claim::Failed(reason) => Err(RunError::Internal(reason)),
        Claim::Open | Claim::Wait(_) => Ok(()),
    }
}
