//! How long to wait before a job is tried again.

use std::time::Duration;

use crate::model::JobKey;

/// Doubles from try to try, up to a limit, with a spread that keeps jobs that failed together from coming
/// back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    /// Before the second try.
    pub(super) first: Duration,
    /// At most, unless a server asks for more.
    pub(super) most: Duration,
}

impl Backoff {
    /// The wait after a job has failed `failures` times before this one. The spread comes from the job's
    /// key, so that it is the same wherever it is computed.
    pub(super) fn wait(&self, job: JobKey, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.min(16));
        let spread = f64::from(job.0[15]) / 255.0;
        // The limit comes first, so that no number of seconds in settings can overflow.
        let wait = doubled.min(self.most).mul_f64(0.75 + 0.5 * spread).min(self.most);
        asked.map_or(wait, |asked| asked.max(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_limit_and_obey_the_server() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(4) };
        let mut key = JobKey([0; 16]);
        let wait = |key, failures, asked| backoff.wait(key, failures, asked).as_millis();
        assert_eq!([wait(key, 0, None), wait(key, 1, None), wait(key, 9, None)], [750, 1500, 3000]);
        key.0[15] = 255;
        assert_eq!(wait(key, 0, None), 1250);
        assert_eq!(wait(key, 0, Some(Duration::from_secs(100))), 100_000);
        assert_eq!(wait(key, u32::MAX, None), 4000);
    }
}
