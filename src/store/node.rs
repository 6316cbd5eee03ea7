//! One node's part in the store: the engine's questions, put as commands.

use tokio::sync::{Mutex, watch};

use crate::model::{Failure, FailureClass, Incarnation, Job, Link, NodeId, Rows};

use super::machine::{Barricade, Claim, Command, Phase, Refusal, Reply, finish_weight};
use super::{Barricades, Commit, JobStore, Status, Store, StoreError};

/// Bytes of rows and links that one job may give. Above it the job fails: one command must fit into a log
/// entry, beside others.
const RESULT_LIMIT: u64 = 32 << 20;

/// A member of the run, on top of whatever commits its commands.
#[derive(Debug)]
pub struct NodeStore<C> {
    commit: C,
    node: NodeId,
    incarnation: Incarnation,
    /// Number of the last request for jobs that was answered. Held across the request: jobs given to one
    /// whose answer never came (an error, a caller that gave up) are given to the next one again.
    request: Mutex<u64>,
}

impl<C: Commit> NodeStore<C> {
    /// Joins the run as `node`, in a life that was not seen before.
    ///
    /// # Errors
    /// The store has stopped, or a later life of the node is a member.
    pub async fn join(commit: C, node: NodeId, incarnation: Incarnation) -> Result<Self, StoreError> {
        let store = Self { commit, node, incarnation, request: Mutex::new(0) };
        store.propose(Command::Join { node, incarnation }).await?;
        Ok(store)
    }

    /// Leaves the run in good order.
    ///
    /// # Errors
    /// The store has stopped.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let (node, incarnation) = (self.node, self.incarnation);
        match self.propose(Command::Leave { node, incarnation }).await {
            // Out already: this command was repeated, or others took this node for dead.
            Ok(_) | Err(StoreError::Refused(Refusal::NotAMember)) => Ok(()),
            Err(error) => Err(error),
        }
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
    async fn take(&self, max: u32, now: i64) -> Result<(Vec<Job>, Option<i64>), StoreError> {
        let mut last = self.request.lock().await;
        let (node, incarnation, request) = (self.node, self.incarnation, *last + 1);
        match self.propose(Command::Take { node, incarnation, request, max, now }).await {
            Ok(Reply::Taken { jobs, next_at }) => {
                *last = request;
                Ok((jobs, next_at))
            }
            // Cancelled or over: there is nothing to take, which the phase says too.
            Ok(_) | Err(StoreError::Refused(Refusal::Phase(_))) => Ok((vec![], None)),
            Err(error) => Err(error),
        }
    }

    async fn finish(&self, job: &Job, rows: Rows, links: Vec<Link>) -> Result<bool, StoreError> {
        let bytes = finish_weight(&rows, &links);
        if bytes > RESULT_LIMIT {
            let reason = format!("its rows and links have {bytes} bytes, the limit is {RESULT_LIMIT}");
            let failure = Failure { class: FailureClass::Final, step: "".into(), reason };
            return self.fail(job, failure, 0).await.map(|_| false);
        }
        let command = Command::Finish { job: job.key, epoch: job.epoch, rows, links };
        unless_stale(self.propose(command).await.map(|_| true))
    }

    async fn fail(&self, job: &Job, failure: Failure, retry_at: i64) -> Result<bool, StoreError> {
        let command = Command::Fail { job: job.key, epoch: job.epoch, failure, retry_at };
        unless_stale(self.propose(command).await.map(|reply| reply == Reply::Failed { again: true }))
    }

    async fn release(&self, job: &Job) -> Result<(), StoreError> {
        let command = Command::Release { job: job.key, epoch: job.epoch };
        unless_stale(self.propose(command).await.map(|_| true)).map(drop)
    }

    async fn vote_done(&self) -> Result<(), StoreError> {
        let (node, incarnation) = (self.node, self.incarnation);
        self.propose(Command::Done { node, incarnation }).await.map(drop)
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
            // Seen before the claim is asked for, so that no change after its answer is missed. The claim
            // itself is no change: those who wait would wake each other for ever.
            let seen = decisive(&status.borrow_and_update());
            let (node, incarnation) = (self.node, self.incarnation);
            let claim = match self.propose(Command::Claim { barricade, node, incarnation }).await {
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

/// A job that somebody else has by now is no error: whoever has it brings it to its end.
fn unless_stale(result: Result<bool, StoreError>) -> Result<bool, StoreError> {
    match result {
        Err(StoreError::Refused(Refusal::Stale)) => Ok(false),
        other => other,
    }
}
