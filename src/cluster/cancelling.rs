//! Cancels the run, once, however many ask for it and however long it takes.
//!
//! Without a quorum it waits for one. Who asks may go away meanwhile; that changes nothing.

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::store::Commit;
use crate::store::machine::Command;

use super::commit::ClusterCommit;

type Outcome = Option<Result<(), String>>;

/// Cancels the run of this node's cluster at the first request; later requests wait for the same result.
#[derive(Debug, Default)]
pub(super) struct Cancelling(Mutex<Option<watch::Receiver<Outcome>>>);

impl Cancelling {
    /// Waits until the run is cancelled.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(super) async fn done(&self, commit: &ClusterCommit) -> Result<(), String> {
        let mut outcome = self.begin(commit);
        let done = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        done.ok().flatten().unwrap_or_else(|| Err("the node is going down".to_owned()))
    }

    /// Begins, or joins what is under way. What has ended is begun again: the run may have gone on since.
    fn begin(&self, commit: &ClusterCommit) -> watch::Receiver<Outcome> {
        let mut under_way = self.0.lock();
        if let Some(outcome) =
            under_way.as_ref().filter(|outcome| outcome.borrow().is_none() && outcome.has_changed().is_ok())
        {
            return outcome.clone();
        }
        let (told, outcome) = watch::channel(None);
        let commit = commit.clone();
        tokio::spawn(async move {
            let done = commit.propose(Command::Cancel).await;
            told.send_replace(Some(done.map(|_| ()).map_err(|error| error.to_string())));
        });
        *under_way = Some(outcome.clone());
        outcome
    }
}
