//! How fast a counter grows, smoothed over some seconds. Does not know what it counts.

use std::time::{Duration, Instant};

/// Shortest time between two values that are compared: over less time one page more or less is a leap.
const LEAST: Duration = Duration::from_millis(500);

/// How much of a new value counts; the rest is the rate before it.
const WEIGHT: f64 = 0.3;

/// An exponentially weighted moving average, per second.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    count: u64,
    at: Instant,
    per_second: f64,
}

impl Rate {
    /// Starts with the count 0 at the time `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { count: 0, at: now, per_second: 0.0 }
    }

    /// Takes a later value of the counter; returns the rate. Values within half a second of the last one change
    /// nothing.
    pub fn update(&mut self, count: u64, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at);
        if passed >= LEAST {
            let recent = count.saturating_sub(self.count) as f64 / passed.as_secs_f64();
            let is_first = self.per_second == 0.0;
            self.per_second =
                if is_first { recent } else { self.per_second.mul_add(1.0 - WEIGHT, recent * WEIGHT) };
            (self.count, self.at) = (count, now);
        }
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts_whole_and_later_ones_in_part() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut rate = Rate::new(begun);
        assert_eq!(rate.update(20, at(2)), 10.0);
        assert_eq!(rate.update(1_000, at(2) + LEAST / 2), 10.0, "too early");
        let later = rate.update(60, at(4));
        assert!((later - 13.0).abs() < 1e-9, "{later}");
        assert!(rate.update(60, at(6)) < later);
        assert!(rate.update(0, at(8)) > 0.0, "a counter that goes back does not count");
    }
}
