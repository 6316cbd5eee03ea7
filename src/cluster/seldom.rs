//! Keeps what others can make this node say from filling its log.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The pause between two lines of one kind.
const PERIOD: Duration = Duration::from_secs(10);

/// Lets a line through now and then. One for each kind of line.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// Whether it may be said now; if so, how often it was not since it was said last.
    pub(crate) fn may_say(&self) -> Option<u64> {
        let mut state = self.0.lock();
        let now = Instant::now();
        if state.last.is_some_and(|last| now.duration_since(last) < PERIOD) {
            state.unsaid += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_said_once_and_then_counted() {
        let seldom = Seldom::default();
        let said: Vec<_> = (0..1000).filter_map(|_| seldom.may_say()).collect();
        assert_eq!(said, [0]);
        tokio::time::advance(PERIOD).await;
        assert_eq!([seldom.may_say(), seldom.may_say()], [Some(999), None]);
    }
}
