//! The log's own time, as one node sees it.
//!
//! A run has a time of its own, in milliseconds since it began. The machine holds it, and a command that names a later
//! time moves it forward. From one command to the next each node adds what its own monotonic clock measures. So a wall clock
//! does not decide when a wait is over: a clock that is wrong, or jumps, changes nothing. While no node runs, this time
//! stands still.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The log's own time, as one node sees it.
#[derive(Debug)]
pub(super) struct LogClock {
    /// A moment of the monotonic clock, and the log's time then.
    anchor: Mutex<(Instant, u64)>,
}

impl LogClock {
    /// Makes a clock that shows `millis` now.
    pub(super) fn new(millis: u64) -> Self {
        Self { anchor: Mutex::new((Instant::now(), millis)) }
    }

    /// Returns the log's time in milliseconds; `seen` is the time of the machine. A clock that is behind `seen` follows
    /// it; a clock that is ahead keeps its lead, because it has measured the time since.
    pub(super) fn now(&self, seen: u64) -> u64 {
        let mut anchor = self.anchor.lock();
        let passed = u64::try_from(anchor.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = anchor.1.saturating_add(passed);
        if seen > now {
            *anchor = (Instant::now(), seen);
        }
        now.max(seen)
    }

    /// Returns how long it is until `at`.
    pub(super) fn until(&self, seen: u64, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.now(seen)))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_passes_between_commands_and_follows_the_fastest_node() {
        let clock = LogClock::new(100);
        advance(Duration::from_millis(50)).await;
        assert_eq!(clock.now(100), 150);
        assert_eq!(clock.now(120), 150, "another node is behind");
        assert_eq!(clock.now(400), 400, "another node is ahead");
        advance(Duration::from_millis(5)).await;
        assert_eq!(clock.now(400), 405);
        assert_eq!(clock.until(400, 1405), Duration::from_secs(1));
        assert_eq!(clock.until(400, 3), Duration::ZERO);
        assert_eq!(clock.now(u64::MAX), u64::MAX);
        advance(Duration::from_millis(5)).await;
        assert_eq!(clock.now(0), u64::MAX);
    }
}
