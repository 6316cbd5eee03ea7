//! How long a request waits for its host: not for the pool that all hosts share.
//!
//! One request at a gate waits for a permit of the pool, and others wait for it. The host is not the cause of that time, so
//! it does not count: a deadline moves by as much.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Denied;

/// The time that requests at a gate waited for the pool.
#[derive(Debug, Default)]
pub(super) struct PoolTime {
    waits: Mutex<Waits>,
    over: Notify,
}

#[derive(Debug, Default)]
struct Waits {
    /// Of waits that are over.
    total: Duration,
    /// Begin of the present one: the turn lets one request wait at a time.
    since: Option<Instant>,
}

/// A request waits for the pool, until this is dropped.
pub(super) struct Waiting<'t>(&'t PoolTime);

/// The time until which a request waits for its host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    /// The time for the pool that has been allowed for.
    allowed: Duration,
}

impl PoolTime {
    pub(super) fn begin(&self) -> Waiting<'_> {
        self.waits.lock().since = Some(Instant::now());
        Waiting(self)
    }

    /// Returns the time so far, and whether a request waits now.
    fn so_far(&self) -> (Duration, bool) {
        let waits = self.waits.lock();
        let present = waits.since.map(|since| since.elapsed());
        (waits.total + present.unwrap_or_default(), present.is_some())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits.lock();
        let present = waits.since.take().map(|since| since.elapsed());
        waits.total += present.unwrap_or_default();
        drop(waits);
        self.0.over.notify_waiters();
    }
}

impl Deadline {
    pub(super) fn after(patience: Duration, pool: &PoolTime) -> Self {
        Self { at: Instant::now() + patience, allowed: pool.so_far().0 }
    }

    /// Returns it with the time that has gone to the pool since.
    pub(super) fn at(&mut self, pool: &PoolTime) -> Instant {
        self.allow(pool);
        self.at
    }

    /// Returns the result of `wait`, or [`Denied::Busy`] at the deadline.
    pub(super) async fn hold<T>(
        &mut self,
        pool: &PoolTime,
        wait: impl Future<Output = T>,
    ) -> Result<T, Denied> {
        let mut wait = pin!(wait);
        loop {
            if let Ok(done) = timeout_at(self.at, wait.as_mut()).await {
                return Ok(done);
            }
            let mut over = pin!(pool.over.notified());
            // From here on it is notified of the end of a wait, which must not fall between the look and the wait.
            over.as_mut().enable();
            if self.allow(pool) {
                tokio::select! {
                    done = &mut wait => return Ok(done),
                    () = over => {}
                }
                self.allow(pool);
            } else if self.at <= Instant::now() {
                return Err(Denied::Busy);
            }
        }
    }

    /// Moves it by the time that has gone to the pool since. Returns whether a request waits for the pool now.
    fn allow(&mut self, pool: &PoolTime) -> bool {
        let (time, is_waiting) = pool.so_far();
        self.at += time.saturating_sub(self.allowed);
        self.allowed = time;
        is_waiting
    }
}
