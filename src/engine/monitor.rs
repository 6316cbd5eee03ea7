//! Watches for the end of the run, and casts this node's vote for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use crate::model::ShownUrl;
use crate::store::machine::Phase;
use crate::store::{JobStore, Status, StoreError};

use super::shutdown::CancelLatch;
use super::state_flipper::{Conditions, State, flip};

/// Shortest wait that is logged.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// Watches for the end of the run, and votes for it.
pub struct Monitor<S> {
    store: Arc<S>,
    in_work: watch::Receiver<usize>,
    /// Between two looks, when nothing else wakes it.
    period: Duration,
}

impl<S: JobStore> Monitor<S> {
    /// Creates a monitor of this store and of the jobs that this node has in progress.
    pub fn new(store: Arc<S>, in_work: watch::Receiver<usize>, period: Duration) -> Self {
        Self { store, in_work, period }
    }

    /// Waits for the end of the run, or for `cancelled` and the end of all jobs in progress.
    ///
    /// # Errors
    /// The store has stopped.
    pub async fn run(mut self, mut cancelled: CancelLatch) -> Result<(), StoreError> {
        let mut status = self.store.status();
        // Whether this node has voted since it was last seen that its vote counts.
        let mut asked = false;
        // The end of the wait that was logged last.
        let mut said = None;
        loop {
            let (conditions, voted) = {
                let seen = status.borrow_and_update();
                if let Some(reason) = &seen.failure {
                    return Err(StoreError::Stopped(Arc::clone(reason)));
                }
                self.say_wait(&seen, &mut said);
                let in_work = *self.in_work.borrow_and_update();
                (conditions(&seen, in_work, cancelled.is_cancelled()), seen.voted)
            };
            asked &= !voted;
            match flip(conditions) {
                State::Shutdown => return Ok(()),
                State::Done if !voted && !asked => {
                    self.store.vote_done().await?;
                    asked = true;
                    continue;
                }
                State::Done | State::Ready => {}
            }
            tokio::select! {
                changed = status.changed() => if changed.is_err() {
                    return Err(StoreError::Stopped("the log writer has ended".into()));
                },
                // An error means the runner is gone, which its own result tells.
                Ok(()) = self.in_work.changed() => {}
                () = cancelled.cancelled(), if !conditions.cancelled => {}
                // A vote may be lost, with the life of this node in which it was cast, and never be seen to count.
                () = sleep(self.period) => asked = false,
            }
        }
    }

    /// Logs what the run waits for and until when, if it only waits.
    fn say_wait(&self, status: &Status, said: &mut Option<u64>) {
        let Some((url, at)) = status.waits_for.as_deref().zip(status.next_at) else { return };
        let wait = self.store.until(status, at);
        if wait < LONG_WAIT || said.replace(at) == Some(at) {
            return;
        }
        let wait = Duration::from_secs(wait.as_secs());
        let until = jiff::Zoned::now().saturating_add(wait).strftime("%H:%M:%S").to_string();
        warn!(
            url = %ShownUrl(url), jobs = status.counts.ready, ?wait, until,
            "the run waits: all open jobs wait for their next try, or for a host that asked to wait"
        );
    }
}

fn conditions(status: &Status, in_work: usize, cancelled: bool) -> Conditions {
    Conditions {
        idle: in_work == 0,
        all_over: status.phase == Phase::Running && status.counts.open() == 0,
        shut: status.phase >= Phase::Shutdown,
        cancelled,
    }
}
