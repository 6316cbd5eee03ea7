//! How a node stops: its work, its part in the run, and what it reports to the others meanwhile.

use tokio::sync::watch;
use tracing::warn;

use crate::api::RunError;
use crate::cluster::{ClusterCommit, ClusterNode, Leave, Network};
use crate::engine::{CancelLatch, Shutdown};
use crate::store::machine::Phase;
use crate::store::{JobStore, NodeStore, Status};

/// Leaves the run, and waits until the others do not need this node. Without a quorum, it stops waiting if it was
/// `cancelled`, if the others are gone, or after some time.
pub(super) async fn leave<N: Network>(
    store: &NodeStore<ClusterCommit>,
    node: &ClusterNode<N>,
    mut cancelled: CancelLatch,
) -> Result<Leave, RunError> {
    if node.has_missed_the_run() {
        node.warn_of_own_rows();
        tokio::select! {
            () = node.linger_after_all() => {}
            () = cancelled.cancelled() => {}
        }
        return Ok(Leave::default());
    }
    let paused = async {
        cancelled.cancelled().await;
        node.paused().await;
    };
    let left = async {
        store.leave().await?;
        Ok(node.farewell().await)
    };
    tokio::select! {
        left = left => return left,
        () = node.abandoned() => {}
        () = paused => {}
    }
    if store.status().borrow().phase < Phase::Shutdown {
        warn!(
            "no quorum: this node leaves without handing its jobs back; the others take them over, or `--resume` does"
        );
    }
    Ok(Leave::default())
}

/// Stops the work of this node when it, or the run, is cancelled.
pub(super) async fn pass_on(
    mut cancelled: CancelLatch,
    mut status: watch::Receiver<Status>,
    inner: Shutdown,
) {
    let is_the_run = tokio::select! {
        () = cancelled.cancelled() => false,
        Ok(_) = status.wait_for(|status| status.phase == Phase::Draining) => true,
    };
    inner.cancel();
    if is_the_run {
        warn!("the run is cancelled: jobs in progress finish first");
    }
}
