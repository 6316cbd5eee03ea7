//! What a run works on: this machine alone, or a cluster.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::api::{Report, RunError, RunRequest};
use crate::defs::Problems;
use crate::engine::{CancelLatch, Figures};
use crate::sinks::Delivery;
use crate::store::Status;

/// A run that is ready to work.
pub(super) trait Backend: Sized + Send + 'static {
    /// Opens the data folder, and makes a plan of the run in it or of `request`.
    async fn open(request: RunRequest, deliveries: Option<mpsc::Sender<Delivery>>) -> Result<Self, RunError>;

    /// The state of the run, as this node has applied it.
    fn status(&self) -> watch::Receiver<Status>;

    /// What this process has done.
    fn figures(&self) -> Arc<Figures>;

    /// What the definitions could do better.
    fn warnings(&self) -> Problems;

    /// Whether it continues an unfinished run.
    fn is_resumed(&self) -> bool;

    /// Works until the run is over, or until `cancelled`.
    fn run(self, cancelled: CancelLatch) -> impl Future<Output = Result<Report, RunError>> + Send;
}
