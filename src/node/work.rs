//! The work of a node, from the first job to the last: the same alone and among others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::info;

use crate::api::{Outcome, Report, RunError};
use crate::compose::limits;
use crate::conf::Settings;
use crate::engine::{
    CancelLatch, Figures, JobRules, JobRunner, LinkRules, LinkScope, Monitor, Plan, Pools, Shutdown,
    TaskRunner, seed,
};
use crate::sinks::OutputReport;
use crate::store::machine::Phase;
use crate::store::{Commit, JobStore, NodeStore, Status};

/// Who stops when this node is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The run.
    Run,
    /// This node stops; the others continue.
    Node,
}

/// The work of a node, from the first job to the last.
pub(super) struct Work<C> {
    pub(super) settings: Settings,
    pub(super) plan: Arc<Plan>,
    pub(super) store: Arc<NodeStore<C>>,
    pub(super) figures: Arc<Figures>,
    pub(super) output: Arc<OutputReport>,
    pub(super) begun: Instant,
}

impl<C: Commit> Work<C> {
    /// Works until all is done, or until `cancelled` and the end of the jobs in progress.
    pub(super) async fn run(&self, cancelled: CancelLatch, scope: Scope) -> Result<(), RunError> {
        seed(&self.store, self.plan.seeds()).await?;
        let (stop, stopped) = Shutdown::new();
        let (runner, in_work) = self.job_runner();
        let monitor = Monitor::new(Arc::clone(&self.store), in_work, self.period());
        let drain = drain(Arc::clone(&self.store), cancelled.clone(), stop.clone(), scope);
        let runner = async {
            let ran = tokio::spawn(runner.run(stopped)).await;
            ran.map_err(|error| RunError::Internal(error.to_string()))?.map_err(RunError::from)
        };
        let drain = tokio::spawn(drain);
        let watched = async {
            let watched = monitor.run(cancelled).await;
            stop.cancel();
            Ok(watched)
        };
        // A runner that cannot continue leaves nothing to watch for.
        let worked = tokio::try_join!(watched, runner);
        drain.abort();
        self.plan.sum_up();
        Ok(worked?.0?)
    }

    fn job_runner(&self) -> (JobRunner<NodeStore<C>>, watch::Receiver<usize>) {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let pools = Pools::new(&self.settings.poolsize, cores, self.plan.step_names());
        let limits = limits(&self.settings);
        let job = &self.settings.job;
        let (plan, figures) = (Arc::clone(&self.plan), Arc::clone(&self.figures));
        // A name that is not known was refused before; a run of another version may have one.
        let hosts = self.settings.scope.hosts.parse().unwrap_or_default();
        let scope = LinkScope::new(hosts, plan.seeds());
        let links = LinkRules { longest: job.max_link as usize, scope };
        let tasks = TaskRunner::new(plan, pools, limits, links, figures);
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

    /// What became of the run, by the last status.
    pub(super) fn report(&self, status: &Status) -> Report {
        let (counts, figures) = (status.counts, self.figures.view());
        let troubled = counts.failed + counts.quarantined + counts.links_left_out() + figures.long_links > 0;
        let outcome = match (status.phase >= Phase::Shutdown, troubled) {
            (false, _) => Outcome::Cancelled,
            (true, true) => Outcome::WithErrors,
            (true, false) => Outcome::Complete,
        };
        let (sinks, failed, first_failed) = self.output.view();
        info!(?outcome, jobs = counts.jobs(), rows = counts.rows, "the run has ended");
        Report {
            outcome,
            counts,
            figures,
            sinks,
            failed,
            first_failed,
            taken: self.begun.elapsed(),
            others_go_on: false,
            kept_by: None,
        }
    }
}

/// Waits for the cancel latch; then lets nothing new be taken.
async fn drain<C: Commit>(
    store: Arc<NodeStore<C>>,
    mut cancelled: CancelLatch,
    stop: Shutdown,
    scope: Scope,
) {
    cancelled.cancelled().await;
    // The runner stops first, so that no request for jobs is answered after the cancel.
    stop.cancel();
    if scope == Scope::Run
        && let Err(error) = store.cancel().await
    {
        tracing::error!(%error, "unable to write the cancel down; the run can be resumed all the same");
    }
}
