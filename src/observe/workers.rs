//! Workers: tasks of a node that run apart from its jobs, each with a name and a state that can be looked at.
//!
//! Does not know what a worker does. A worker that panics does not take the node down: the failure is logged with its
//! name and is shown with its state.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tracing::error;

/// The workers of a node. Dropping it stops them.
#[derive(Debug, Default)]
pub struct Workers {
    list: WorkerList,
    tasks: JoinSet<()>,
}

/// The states of workers, to be looked at from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct WorkerList(Arc<Mutex<Vec<WorkerView>>>);

/// A worker as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerView {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: WorkerState,
}

/// What a worker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkerState {
    /// It works, or waits for work.
    Working,
    /// It has come to its end.
    Ended,
    /// It has panicked with this message.
    Failed(String),
}

impl Workers {
    /// Starts a worker.
    pub fn spawn(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let number = self.list.add(name);
        let list = self.list.clone();
        self.tasks.spawn(async move {
            let state = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(()) => WorkerState::Ended,
                Err(panic) => {
                    let message = message_of(&*panic);
                    error!(worker = name, "a worker of this node has failed: {message}; please report this");
                    WorkerState::Failed(message)
                }
            };
            list.set(number, state);
        });
    }

    /// Starts a worker that blocks its thread.
    pub fn spawn_blocking(&mut self, name: &'static str, work: impl FnOnce() + Send + 'static) {
        self.spawn(name, async move {
            if let Err(failed) = tokio::task::spawn_blocking(work).await
                && failed.is_panic()
            {
                std::panic::resume_unwind(failed.into_panic());
            }
        });
    }

    /// The states of these workers, and of those that are started later.
    #[must_use]
    pub fn list(&self) -> WorkerList {
        self.list.clone()
    }

    /// Stops all workers, and waits until each has stopped.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

impl WorkerList {
    /// All workers, in the order in which they were started.
    #[must_use]
    pub fn view(&self) -> Vec<WorkerView> {
        self.0.lock().clone()
    }

    fn add(&self, name: &str) -> usize {
        let mut workers = self.0.lock();
        workers.push(WorkerView { name: name.to_owned(), state: WorkerState::Working });
        workers.len() - 1
    }

    fn set(&self, number: usize, state: WorkerState) {
        if let Some(worker) = self.0.lock().get_mut(number) {
            worker.state = state;
        }
    }
}

impl WorkerState {
    /// For people and their programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Ended => "ended",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it has failed, if it has.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed(message) => Some(message),
            Self::Working | Self::Ended => None,
        }
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it says no more").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_is_shown_and_the_others_work() {
        let mut workers = Workers::default();
        workers.spawn("fails", async { panic!("no more paper") });
        workers.spawn_blocking("fails on a thread", || panic!("{} sheets", 0));
        workers.spawn("ends", async {});
        workers.spawn("works", std::future::pending());
        let list = workers.list();
        while list.view().iter().filter(|worker| worker.state == WorkerState::Working).count() > 1 {
            tokio::task::yield_now().await;
        }
        let states: Vec<_> = list.view().into_iter().map(|worker| (worker.name, worker.state)).collect();
        let failed = |name: &str, message: &str| (name.to_owned(), WorkerState::Failed(message.to_owned()));
        let expected = [
            failed("fails", "no more paper"),
            failed("fails on a thread", "0 sheets"),
            ("ends".to_owned(), WorkerState::Ended),
            ("works".to_owned(), WorkerState::Working),
        ];
        assert_eq!(states, expected);
    }
}
