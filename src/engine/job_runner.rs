//! Takes jobs and sees each one to its end.
//!
//! The only place where an outcome touches the store: a step proposes, the runner commits. Admission is bounded: at
//! most `limit` jobs are in progress, whatever the store holds. Nothing here polls: the runner sleeps until a job ends,
//! the store has one to take, a back-off is over, or the run is cancelled.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::sleep;
use tracing::{debug, error, warn};

use crate::model::{Failure, FailureClass, HostHint, Job, ShownUrl};
use crate::store::{JobStore, Status, StoreError};

use super::backoff::Backoff;
use super::figures::Figures;
use super::places::{Place, Places};
use super::shutdown::CancelLatch;
use super::task_runner::{Came, Stopped, TaskRunner};

/// The limit of jobs in progress, and the pauses before another try.
#[derive(Debug, Clone, Copy)]
pub struct JobRules {
    /// Most jobs in progress on this node at a time.
    pub limit: u32,
    /// Before the second try.
    pub retry_delay: Duration,
    /// Between two tries at most.
    pub max_retry_delay: Duration,
}

impl JobRules {
    fn backoff(&self) -> Backoff {
        Backoff { first: self.retry_delay, most: self.max_retry_delay }
    }
}

/// Takes jobs from the store and runs each one to its end.
pub struct JobRunner<S> {
    store: Arc<S>,
    tasks: Arc<TaskRunner>,
    rules: JobRules,
    figures: Arc<Figures>,
    in_work: watch::Sender<usize>,
}

impl<S: JobStore> JobRunner<S> {
    /// Creates a runner, and a view of how many jobs it has in progress.
    pub fn new(
        store: Arc<S>,
        tasks: Arc<TaskRunner>,
        rules: JobRules,
        figures: Arc<Figures>,
    ) -> (Self, watch::Receiver<usize>) {
        let (in_work, receiver) = watch::channel(0);
        (Self { store, tasks, rules, figures, in_work }, receiver)
    }

    /// Works on jobs until `stop`; jobs in progress come to their end first.
    ///
    /// # Errors
    /// The store has stopped and can no longer commit.
    pub async fn run(self, mut stop: CancelLatch) -> Result<(), StoreError> {
        let mut working = Working::new(self.rules.limit);
        let mut status = self.store.status();
        loop {
            self.in_work.send_replace(working.jobs.len());
            if stop.is_cancelled() {
                self.tasks.close();
                while let Some(ended) = working.join().await {
                    self.ended(ended).await?;
                }
                self.in_work.send_replace(0);
                return Ok(());
            }
            let room = working.room();
            let pause = {
                let seen = status.borrow_and_update();
                let next_at = seen.next_at.map(|at| self.store.until(&seen, at));
                let pause = if working.may_take(&seen) { Some(Duration::ZERO) } else { next_at };
                pause.filter(|_| room > 0)
            };
            if pause.is_some_and(|pause| pause.is_zero()) {
                self.take(room, &mut working, &stop).await?;
                continue;
            }
            if let Some(ended) = wait(&mut working, &mut status, room, pause, &mut stop).await? {
                self.ended(ended).await?;
            }
        }
    }

    /// Takes up to `room` jobs and starts them.
    async fn take(&self, room: usize, working: &mut Working, stop: &CancelLatch) -> Result<(), StoreError> {
        let max = u32::try_from(room).unwrap_or(u32::MAX);
        for job in self.store.take(max).await? {
            if job.host_places.is_some() && working.has(&job) {
                self.tasks.hear(&job);
                continue;
            }
            let (store, tasks) = (Arc::clone(&self.store), Arc::clone(&self.tasks));
            working.start(job, store, tasks, self.rules, Arc::clone(&self.figures), stop.clone());
        }
        Ok(())
    }

    /// A job that panicked is a fault of ours; the page fails, the run continues.
    async fn ended(&self, ended: EndedJob) -> Result<(), StoreError> {
        match ended {
            EndedJob::Committed(result) => result,
            EndedJob::Panicked(job, reason) => {
                error!(url = %ShownUrl(&job.locator.url), reason, "a step panicked: please report this");
                let reason = format!("internal error: {reason}");
                let failure = Failure { class: FailureClass::Final, step: "".into(), reason };
                self.figures.errors.inc();
                self.store.fail(&job, failure, Duration::ZERO, HostHint::Nothing).await.map(drop)
            }
        }
    }
}

/// Sleeps until there is something to do; gives the job that ended, if that is what woke it.
async fn wait(
    working: &mut Working,
    status: &mut watch::Receiver<Status>,
    room: usize,
    pause: Option<Duration>,
    stop: &mut CancelLatch,
) -> Result<Option<EndedJob>, StoreError> {
    let places = Arc::clone(&working.places);
    tokio::select! {
        () = places.enough() => Ok(None),
        Some(ended) = working.join() => Ok(Some(ended)),
        changed = status.changed(), if room > 0 => match changed {
            Ok(()) => Ok(None),
            Err(_) => Err(StoreError::Stopped(reason(status))),
        },
        () = sleep(pause.unwrap_or_default()), if pause.is_some() => Ok(None),
        () = stop.cancelled() => Ok(None),
    }
}

fn reason(status: &watch::Receiver<Status>) -> Arc<str> {
    status.borrow().failure.clone().unwrap_or_else(|| "the log writer has ended".into())
}

/// The outcome of a job that was in progress.
enum EndedJob {
    /// It was committed, in one way or the other.
    Committed(Result<(), StoreError>),
    /// It panicked.
    Panicked(Box<Job>, String),
}

/// Jobs in progress, and those whose result is not committed yet.
struct Working {
    jobs: JoinSet<Result<(), StoreError>>,
    places: Arc<Places>,
    /// What each one is, for those that panic.
    names: HashMap<Id, Arc<Job>>,
    /// Whether the job in progress must be the only one.
    alone: bool,
}

impl Working {
    fn new(limit: u32) -> Self {
        Self { jobs: JoinSet::new(), places: Places::new(limit), names: HashMap::new(), alone: false }
    }

    /// How many more jobs may be asked for now.
    fn room(&self) -> usize {
        if self.alone { 0 } else { self.places.room(self.jobs.len()) }
    }

    /// Whether this lease is in progress already.
    fn has(&self, job: &Job) -> bool {
        self.names.values().any(|known| (known.key, known.epoch) == (job.key, job.epoch))
    }

    /// Whether the store would give a job.
    fn may_take(&self, status: &Status) -> bool {
        status.takeable || (status.takeable_alone && self.jobs.is_empty())
    }

    fn start<S: JobStore>(
        &mut self,
        job: Job,
        store: Arc<S>,
        tasks: Arc<TaskRunner>,
        rules: JobRules,
        figures: Arc<Figures>,
        stop: CancelLatch,
    ) {
        self.alone |= job.alone;
        let job = Arc::new(job);
        let name = Arc::clone(&job);
        let place = self.places.enter();
        let handle =
            self.jobs.spawn(async move { work(&*store, &tasks, &rules, &figures, &stop, &job, place).await });
        self.names.insert(handle.id(), name);
    }

    async fn join(&mut self) -> Option<EndedJob> {
        let joined = self.jobs.join_next_with_id().await?;
        self.alone &= !self.jobs.is_empty();
        match joined {
            Ok((id, result)) => {
                self.names.remove(&id);
                Some(EndedJob::Committed(result))
            }
            Err(error) => {
                let job = self.names.remove(&error.id())?;
                Some(EndedJob::Panicked(Box::new((*job).clone()), error.to_string()))
            }
        }
    }
}

/// Brings a job to its end and commits what came of it.
async fn work<S: JobStore>(
    store: &S,
    tasks: &TaskRunner,
    rules: &JobRules,
    figures: &Figures,
    stop: &CancelLatch,
    job: &Job,
    place: Place,
) -> Result<(), StoreError> {
    let url = ShownUrl(&job.locator.url);
    let came = tasks.run(job).await;
    drop(place);
    match came {
        Ok(Came::Results(results)) => {
            debug!(locator = %job.locator.name, %url, rows = results.rows.count(), links = results.links.len(), "done");
            if !store.finish(job, results.rows, results.links).await? {
                debug!(%url, "another node has this job by now");
            }
        }
        Ok(Came::Moved(to)) => {
            debug!(locator = %job.locator.name, %url, to = %ShownUrl(&to), "moved");
            if !store.move_to(job, to).await? {
                debug!(%url, "another node has this job by now");
            }
        }
        // The request did not reach the host, so nothing has failed. If the next try could fix it, the resumed run
        // tries again.
        Err(Stopped { failure, host, is_not_begun, .. })
            if is_not_begun || (stop.is_cancelled() && failure.class == FailureClass::Recoverable) =>
        {
            debug!(%url, reason = failure.reason, "given back");
            store.release(job, host).await?;
        }
        Err(Stopped { failure, retry_after, host, .. }) => {
            figures.errors.inc();
            let wait = rules.backoff().wait(job.key, job.failures, retry_after);
            let (step, reason) = (failure.step.clone(), failure.reason.clone());
            if store.fail(job, failure, wait, host).await? {
                warn!(locator = %job.locator.name, %url, %step, reason, wait = ?wait, "will be tried again");
            } else {
                error!(locator = %job.locator.name, %url, %step, reason, "job failed");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::timeout;

    use crate::engine::{LinkRules, LinkScope, Plan, Pools, Shutdown};
    use crate::model::{Epoch, JobKey, Link, Locator, Rows, RunId};
    use crate::query::Limits;

    use super::*;

    /// A store with two jobs, which it gives one at a time, and an end of a job that comes no sooner than the next request:
    /// as where both go through the log in one entry.
    struct Together {
        status: watch::Sender<Status>,
        taken: watch::Sender<u32>,
        ended: AtomicU32,
    }

    impl JobStore for Together {
        async fn take(&self, _: u32) -> Result<Vec<Job>, StoreError> {
            self.taken.send_modify(|taken| *taken += 1);
            let number = *self.taken.borrow();
            self.status.send_modify(|status| status.takeable = number < 2);
            Ok(vec![job(number)])
        }

        async fn finish(&self, _: &Job, _: Rows, _: Vec<Link>) -> Result<bool, StoreError> {
            unreachable!("there is no task group for the jobs")
        }

        async fn move_to(&self, _: &Job, _: String) -> Result<bool, StoreError> {
            unreachable!("no page is loaded")
        }

        async fn fail(&self, _: &Job, _: Failure, _: Duration, _: HostHint) -> Result<bool, StoreError> {
            let mut taken = self.taken.subscribe();
            taken.wait_for(|taken| *taken == 2).await.unwrap();
            self.ended.fetch_add(1, Ordering::Relaxed);
            Ok(false)
        }

        async fn release(&self, _: &Job, _: HostHint) -> Result<(), StoreError> {
            Ok(())
        }

        async fn vote_done(&self) -> Result<(), StoreError> {
            Ok(())
        }

        async fn cancel(&self) -> Result<(), StoreError> {
            Ok(())
        }

        fn until(&self, _: &Status, _: u64) -> Duration {
            unreachable!("no job waits for another try")
        }

        fn status(&self) -> watch::Receiver<Status> {
            self.status.subscribe()
        }
    }

    fn job(number: u32) -> Job {
        let locator = Locator { group: "none".into(), name: "n".into(), url: format!("/{number}") };
        Job {
            key: JobKey::new(RunId([0; 16]), &locator.group, &locator.name, &locator.url),
            epoch: Epoch(1),
            locator,
            page: number,
            failures: 0,
            alone: false,
            host_moves: 0,
            host_places: None,
            via: vec![],
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_are_asked_for_while_what_came_before_is_not_committed() {
        let status = Status { takeable: true, ..Status::default() };
        let store = Arc::new(Together {
            status: watch::Sender::new(status),
            taken: watch::Sender::new(0),
            ended: AtomicU32::new(0),
        });
        let figures = Arc::new(Figures::default());
        let pools = Pools::new(&BTreeMap::new(), 1, []);
        let (plan, links) =
            (Arc::new(Plan::default()), LinkRules { longest: 2048, scope: LinkScope::default() });
        let tasks = TaskRunner::new(plan, pools, Limits::default(), links, Arc::clone(&figures));
        let rules = JobRules { limit: 1, retry_delay: Duration::ZERO, max_retry_delay: Duration::ZERO };
        let (runner, mut in_work) = JobRunner::new(Arc::clone(&store), Arc::new(tasks), rules, figures);
        let (shutdown, stop) = Shutdown::new();
        let running = tokio::spawn(runner.run(stop));
        let over = async {
            in_work.wait_for(|count| *count == 0 && store.ended.load(Ordering::Relaxed) == 2).await.is_ok()
        };
        assert!(timeout(Duration::from_secs(60), over).await.unwrap());
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }
}
