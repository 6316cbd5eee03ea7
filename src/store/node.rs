//! One node's part in the store: the engine's questions, put as commands.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::model::{Failure, Incarnation, Job, Link, NodeId, Rows};

use super::machine::{Barricade, Claim, Command, Phase, Refusal, Reply};
use super::{Barricades, Commit, JobStore, Status, Store, StoreError};

/// A member of the run, on top of whatever commits its commands.
#[derive(Debug)]
pub struct NodeStore<C> {
    commit: C,
    node: NodeId,
    incarnation: Incarnation,
    /// Number of the last request for jobs; only [`JobStore::take`] counts it up.
    request: AtomicU64,
}

impl<C: Commit> NodeStore<C> {
    /// Joins the run as `node`, in a life that was not seen before.
    ///
    /// # Errors
    /// The store has stopped, or a later life of the node is a member.
    pub async fn join(commit: C, node: NodeId, incarnation: Incarnation) -> Result<Self, StoreError> {
        let store = Self { commit, node, incarnation, request: AtomicU64::new(0) };
        store.propose(Command::Join { node, incarnation }).await?;
        Ok(store)
    }

    /// Leaves the run in good order.
    ///
    /// # Errors
    /// The store has stopped.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let (node, incarnation) = (self.node, self.incarnation);
        self.propose(Command::Leave { node, incarnation }).await.map(drop)
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
        let request = self.request.fetch_add(1, Ordering::Relaxed) + 1;
        let (node, incarnation) = (self.node, self.incarnation);
        match self.propose(Command::Take { node, incarnation, request, max, now }).await {
            Ok(Reply::Taken { jobs, next_at }) => Ok((jobs, next_at)),
            // Cancelled or over: there is nothing to take, which the phase says too.
            Ok(_) | Err(StoreError::Refused(Refusal::Phase(_))) => Ok((vec![], None)),
            Err(error) => Err(error),
        }
    }

    async fn finish(&self, job: &Job, rows: Rows, links: Vec<Link>) -> Result<bool, StoreError> {
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
            status.borrow_and_update();
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
            if status.changed().await.is_err() {
                return Err(StoreError::Stopped("the node is going down".into()));
            }
        }
    }
}

/// A job that somebody else has by now is no error: whoever has it brings it to its end.
fn unless_stale(result: Result<bool, StoreError>) -> Result<bool, StoreError> {
    match result {
        Err(StoreError::Refused(Refusal::Stale)) => Ok(false),
        other => other,
    }
}
