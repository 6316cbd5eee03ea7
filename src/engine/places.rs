//! How many jobs a node works on, and when there is room for more.
//!
//! A job has its place until its result sets out for the log, not until it is committed: what is asked for then mostly
//! shares the entry of the result. Knows nothing of jobs but their number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The places for jobs on this node.
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    /// Room that is worth a request: one for many jobs costs as much as one for a few.
    worth: usize,
    taken: AtomicUsize,
    enough: Notify,
}

/// The place of a job, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Places>);

impl Places {
    /// Creates `limit` places; when a quarter of them is free, it is worth asking for jobs.
    pub(super) fn new(limit: u32) -> Arc<Self> {
        let limit = limit as usize;
        let worth = (limit / 4).max(1);
        Arc::new(Self { limit, worth, taken: AtomicUsize::new(0), enough: Notify::new() })
    }

    /// Takes a place, also where none is free: what the store gave is worked on.
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(self))
    }

    /// How many jobs may be asked for while `unfinished` are not committed yet; 0 where it is not worth it. Results that
    /// wait for the log take memory, so no more of them are let in than there are places.
    pub(super) fn room(&self, unfinished: usize) -> usize {
        let free = self.limit.saturating_sub(self.taken.load(Ordering::Relaxed));
        let room = free.min((2 * self.limit).saturating_sub(unfinished));
        if room < self.worth { 0 } else { room }
    }

    /// Waits until so many places are given up that a request is worth it.
    pub(super) async fn enough(&self) {
        self.enough.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Places { limit, worth, taken, enough } = &*self.0;
        // Told once for each time that it becomes worth it; the runner looks again after all it does.
        if taken.fetch_sub(1, Ordering::Relaxed) + worth == limit + 1 {
            enough.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_quarter_of_the_places_is_worth_a_request() {
        let places = Places::new(8);
        let told = async || timeout(Duration::from_secs(1), places.enough()).await.is_ok();
        assert_eq!(places.room(0), 8);
        let mut jobs: Vec<_> = (0..8).map(|_| places.enter()).collect();
        assert_eq!(places.room(8), 0);
        jobs.pop();
        assert_eq!(places.room(8), 0, "one place of eight");
        assert!(!told().await);
        jobs.pop();
        assert_eq!(places.room(8), 2);
        assert!(told().await);
        jobs.pop();
        assert!(!told().await, "told once");
    }

    #[test]
    fn results_that_wait_for_the_log_are_no_more_than_there_are_places() {
        let places = Places::new(8);
        assert_eq!(places.room(13), 3);
        assert_eq!(places.room(15), 0);
        assert_eq!(places.room(16), 0);
    }

    #[test]
    fn a_single_place_is_given_up_and_taken() {
        let places = Places::new(1);
        let job = places.enter();
        assert_eq!(places.room(1), 0);
        drop(job);
        assert_eq!(places.room(1), 1);
        assert_eq!(places.room(2), 0);
    }
}
