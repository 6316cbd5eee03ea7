//! What a node tells its user of the others: for whom it waits, and whether there is a quorum.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::warn;

use crate::cluster::{Quorum, Waiting};

/// Between two lines about nodes that are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Logs how long this node waits for others.
pub(super) async fn tell_waiting(mut waiting: watch::Receiver<Waiting>) {
    let mut last = None;
    while waiting.changed().await.is_ok() {
        let seen = waiting.borrow_and_update().clone();
        let is_due = last
            .as_ref()
            .is_none_or(|(here, told): &(usize, Instant)| *here != seen.here || told.elapsed() >= PATIENCE);
        if is_due {
            warn!("{seen}");
            last = Some((seen.here, Instant::now()));
        }
    }
}

/// Logs when the cluster cannot decide anything, and when it can again.
pub(super) async fn tell_quorum(mut quorum: watch::Receiver<Quorum>) {
    while quorum.wait_for(|quorum| *quorum == Quorum::Lost).await.is_ok() {
        warn!("quorum lost: the run is paused until more than half of the voters are in touch");
        if quorum.wait_for(|quorum| *quorum == Quorum::There).await.is_err() {
            return;
        }
        warn!("quorum is back: the run continues");
    }
}
