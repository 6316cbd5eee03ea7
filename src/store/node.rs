//! One node's part in the store: the engine's questions, put as commands.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tracing::warn;

use crate::model::{Failure, FailureClass, HostHint, Incarnation, Job, Link, NodeId, Rows};

use super::log_clock::LogClock;
use super::machine::{Barricade, Claim, Command, Phase, Refusal, Reply, finish_weight};
use super::{Barricades, Commit, JobStore, Status, Store, StoreError};

/// Bytes of rows and links that one job may give. Above this limit the job fails: one command must fit into a log
/// entry, together with others.
const RESULT_LIMIT: u64 = 32 << 20;

/// A member of the run, on top of whatever commits its commands.
#[derive(Debug)]
pub struct NodeStore<C> {
    commit: C,
    node: NodeId,
    /// The life in which this node is a member; another one after others took it for dead.
    incarnation: AtomicU64,
    joining: Mutex<()>,
    /// Number of the last request for jobs that was answered. Held across the request: jobs given to one
    /// whose answer never came (an error, a caller that gave up) are given to the next one again.
    request: Mutex<u64>,
    clock: LogClock,
}

impl<C: Commit> NodeStore<C> {
    /// Joins the run as `node`, in a life that was not seen before: `first`, or a later one. What was applied here
    /// may be behind, so `first` must be later than all lives that other processes have had as this node.
    ///
    /// # Errors
    /// The store has stopped.
    pub async fn join(commit: C, node: NodeId, first: Incarnation) -> Result<Self, StoreError> {
        let (incarnation, joining, request) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        let clock = LogClock::new(commit.status().borrow().now);
        let store = Self { commit, node, incarnation, joining, request, clock };
        store.join_anew(Incarnation(0), first).await?;
        Ok(store)
    }

    /// Returns the store of a run that is over, for a node that does not take part in it.
    #[must_use]
    pub fn of_the_past(commit: C, node: NodeId) -> Self {
        let (incarnation, joining, request) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        let clock = LogClock::new(commit.status().borrow().now);
        Self { commit, node, incarnation, joining, request, clock }
    }

    /// The life in which this node is a member.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        Incarnation(self.incarnation.load(Ordering::Acquire))
    }

    /// Becomes a member in a later life than `before`, unless that has happened by now.
    async fn join_anew(&self, before: Incarnation, first: Incarnation) -> Result<(), StoreError> {
        let _one_at_a_time = self.joining.lock().await;
        let (node, mut next) = (self.node, first.0.max(1));
        while self.incarnation() == before {
            let seen = self.commit.last_incarnation(node).unwrap_or(Incarnation(0));
            let incarnation = Incarnation(next.max(seen.0 + 1));
            next = incarnation.0 + 1;
            match self.propose(Command::Join { node, incarnation }).await {
                Ok(_) => self.incarnation.store(incarnation.0, Ordering::Release),
                Err(StoreError::Refused(Refusal::NotAMember)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes part again whenever the others have taken this node for dead, for as long as it is awaited: a node that
    /// has nothing to ask for would not hear of it otherwise. Returns where the store ends.
    pub async fn stay(&self) {
        let mut status = self.commit.status();
        loop {
            let incarnation = self.incarnation();
            let is_out = |status: &Status| {
                status.phase < Phase::Shutdown
                    && status.life.is_some_and(|(life, is_live)| life >= incarnation && !is_live)
            };
            if status.wait_for(is_out).await.is_err() {
                return;
            }
            warn!("the others took this node for dead; it takes part again");
            if self.join_anew(incarnation, Incarnation(incarnation.0 + 1)).await.is_err() {
                return;
            }
        }
    }

    /// Commits a command of this node's current life. If the other nodes took that life for dead (the node was paused,
    /// or cut off for too long), a new life begins: other nodes have its jobs by now, and the epochs of its old leases
    /// are refused.
    async fn propose_as_member(&self, command: impl Fn(Incarnation) -> Command) -> Result<Reply, StoreError> {
        loop {
            let incarnation = self.incarnation();
            match self.propose(command(incarnation)).await {
                Err(StoreError::Refused(Refusal::NotAMember)) => {
                    warn!("the others took this node for dead; it takes part again");
                    self.join_anew(incarnation, Incarnation(incarnation.0 + 1)).await?;
                }
                other => return other,
            }
        }
    }

    /// Leaves the run in good order.
    ///
    /// # Errors
    /// The store has stopped.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let (node, mut incarnation) = (self.node, self.incarnation());
        loop {
            let left = self.propose(Command::Leave { node, incarnation }).await;
            match left {
                Ok(_) => return Ok(()),
                // Out already: this command was repeated, or others took this node for dead. It may have joined again
                // in a later life without the caller's knowledge.
                Err(StoreError::Refused(Refusal::NotAMember)) => {
                    match self.commit.last_incarnation(node).filter(|last| *last > incarnation) {
                        Some(last) => incarnation = last,
                        None => return Ok(()),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the log's own time in milliseconds.
    fn now(&self) -> u64 {
        self.clock.now(self.commit.status().borrow().now)
    }

    /// Commits a command; a refusal is an error.
    ///
    /// # Errors
    /// The store has stopped, or the machine refused.
    pub async fn propose(&self, command: Command) -> Result<Reply, StoreError> {
        match self.commit.propose(command).await? {
            Reply::Refused(refusal) => Err(StoreError::Refused(refusal)),
            reply => Ok(reply),
        }
    }
}

impl<C: Commit> Store for NodeStore<C> {
    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.commit.value(key)
    }
}

impl<C: Commit> JobStore for NodeStore<C> {
    async fn take(&self, max: u32) -> Result<Vec<Job>, StoreError> {
        let mut last = self.request.lock().await;
        let (node, request, now) = (self.node, *last + 1, self.now());
        let take = |incarnation| Command::Take { node, incarnation, request, max, now };
        match self.propose_as_member(take).await {
            Ok(Reply::Taken { jobs }) => {
                *last = request;
                Ok(jobs)
            }
            // Cancelled or over: there is nothing to take, which the phase says too.
            Ok(_) | Err(StoreError::Refused(Refusal::Phase(_))) => {
                *last = request;
                Ok(vec![])
            }
            Err(error) => Err(error),
        }
    }

    async fn finish(&self, job: &Job, rows: Rows, links: Vec<Link>) -> Result<bool, StoreError> {
        let bytes = finish_weight(&rows, &links);
        if bytes > RESULT_LIMIT {
            let reason = format!("its rows and links have {bytes} bytes, the limit is {RESULT_LIMIT}");
            let failure = Failure { class: FailureClass::Final, step: "".into(), reason };
            return self.fail(job, failure, Duration::ZERO, HostHint::Nothing).await.map(|_| false);
        }
        let command = Command::Finish { job: job.key, epoch: job.epoch, rows, links };
        unless_stale(self.propose(command).await.map(|_| true))
    }

    async fn move_to(&self, job: &Job, to: String) -> Result<bool, StoreError> {
        let command = Command::Move { job: job.key, epoch: job.epoch, to };
        unless_stale(self.propose(command).await.map(|_| true))
    }

    async fn fail(
        &self,
        job: &Job,
        failure: Failure,
        wait: Duration,
        host: HostHint,
    ) -> Result<bool, StoreError> {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let (job, epoch, now) = (job.key, job.epoch, self.now());
        let command = Command::Fail { job, epoch, failure, now, wait, host };
        unless_stale(self.propose(command).await.map(|reply| reply == Reply::Failed { again: true }))
    }

    async fn release(&self, job: &Job, host: HostHint) -> Result<(), StoreError> {
        let command = Command::Release { job: job.key, epoch: job.epoch, now: self.now(), host };
        unless_stale(self.propose(command).await.map(|_| true)).map(drop)
    }

    fn until(&self, seen: &Status, at: u64) -> Duration {
        self.clock.until(seen.now, at)
    }

    async fn vote_done(&self) -> Result<(), StoreError> {
        let node = self.node;
        self.propose_as_member(|incarnation| Command::Done { node, incarnation }).await.map(drop)
    }

    async fn cancel(&self) -> Result<(), StoreError> {
        match self.propose(Command::Cancel).await {
            // Over already, or not begun: nothing to cancel.
            Ok(_) | Err(StoreError::Refused(Refusal::Phase(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.commit.status()
    }
}

impl<C: Commit> Barricades for NodeStore<C> {
    async fn enter(&self, barricade: Barricade) -> Result<Claim, StoreError> {
        let mut status = self.commit.status();
        loop {
            // Seen before the claim is asked for, so that no change after its answer is missed. The claim itself does
            // not count as a change: nodes that wait would wake each other for ever.
            let seen = decisive(&status.borrow_and_update());
            let node = self.node;
            let claim = |incarnation| Command::Claim { barricade, node, incarnation };
            let claim = match self.propose_as_member(claim).await {
                Ok(Reply::Claimed(claim)) => Some(claim),
                // The barricade before this one is still closed.
                Ok(_) | Err(StoreError::Refused(Refusal::Phase(Phase::Forming | Phase::Composing))) => None,
                Err(error) => return Err(error),
            };
            match claim {
                None | Some(Claim::Wait(_)) => {}
                Some(claim) => return Ok(claim),
            }
            let changed = status.wait_for(|status| decisive(status) != seen).await.map(drop);
            if changed.is_err() {
                let reason = status.borrow().failure.clone();
                return Err(StoreError::Stopped(reason.unwrap_or_else(|| "the node is going down".into())));
            }
        }
    }
}

/// What decides how a claim is answered.
fn decisive(status: &Status) -> (Phase, u64, bool) {
    (status.phase, status.barricades, status.failure.is_some())
}

/// A stale job is not an error: the node that has it by now brings it to its end.
fn unless_stale(result: Result<bool, StoreError>) -> Result<bool, StoreError> {
    match result {
        Err(StoreError::Refused(Refusal::Stale)) => Ok(false),
        other => other,
    }
}
