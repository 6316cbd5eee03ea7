//! What nodes agree on, and how one node takes part in it.
//!
//! Knows the machine, how its commands become durable, and the questions that the engine asks (take,
//! finish, fail). Does not know what a job's work is. Solo and cluster differ only in who commits a
//! command: everything above [`Commit`] is the same.
//!
//! ```text
//! engine ─ JobStore ─┐
//! node ────── Store, Barricade ─┤─ NodeStore ─ Commit ─▶ solo: local log   ─┐
//!                                                 └────▶ cluster: Raft log  ─┴▶ Machine ─▶ Projection
//! ```

pub mod log;
mod log_clock;
pub mod machine;
mod node;
mod projection;
pub(crate) mod sharing;
pub mod snapshot;
pub mod solo;
mod status;

use std::future::Future;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use crate::model::{Failure, HostHint, Incarnation, Job, Link, NodeId, Rows};

use machine::{Claim, Command, Refusal, Reply};
pub use node::NodeStore;
pub use projection::{Earlier, OpenProjection, Projection, ProjectionError, part_name};
pub(crate) use projection::{concerns_output, project};
pub use status::Status;

/// Why the store could not do what was asked.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The store has stopped: nothing more can be committed on this node.
    #[error("the log has stopped: {0}")]
    Stopped(std::sync::Arc<str>),
    /// The machine refused the command.
    #[error("refused: {0:?}")]
    Refused(Refusal),
}

/// Makes commands durable and applies them, in one order for all.
pub trait Commit: Send + Sync + 'static {
    /// Commits a command and gives the machine's answer. When it returns, the command survives a crash.
    fn propose(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send;

    /// What can be seen from outside, after each commit.
    fn status(&self) -> watch::Receiver<Status>;

    /// A published value.
    fn value(&self, key: &str) -> Option<Vec<u8>>;

    /// The last life of a node that the log knows of, as far as it was applied here.
    fn last_incarnation(&self, node: NodeId) -> Option<Incarnation>;
}

/// Values that the composer published, by key.
pub trait Store {
    /// A value, once it was published.
    fn value(&self, key: &str) -> Option<Vec<u8>>;
}

/// The jobs of a run, as one node sees them.
pub trait JobStore: Send + Sync + 'static {
    /// Leases up to `max` jobs. A job that the node has at work already, in the
    /// same epoch, may be among them or on top of them: it is not to be begun again, it only says how many places at
    /// its host there are now.
    fn take(&self, max: u32) -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// Ends a job with its rows and links. Returns false if another node has the job by now.
    fn finish(
        &self,
        job: &Job,
        rows: Rows,
        links: Vec<Link>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a job whose page is at the canonical URL `to`, which becomes a job unless it is one already. Returns false if
    /// another node has the job by now.
    fn move_to(&self, job: &Job, to: String) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a try of a job, and lets `wait` pass before the next one. Returns whether there will be another one.
    fn fail(
        &self,
        job: &Job,
        failure: Failure,
        wait: Duration,
        host: HostHint,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns a job to the queue untouched.
    fn release(&self, job: &Job, host: HostHint) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns how long it is until a moment of the log's own time, as [`Status::next_at`] names it. It takes the status that
    /// the caller has seen, and does not look itself: two looks at once would wait for each other if the log's writer wants
    /// to change it between them.
    fn until(&self, seen: &Status, at: u64) -> Duration;

    /// Votes for the end: this node has no job in progress and sees none that it could take.
    fn vote_done(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets no more jobs be taken, on any node.
    fn cancel(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What can be seen from outside, after each commit.
    fn status(&self) -> watch::Receiver<Status>;
}

/// Work that one node does while the others wait.
pub trait Barricades {
    /// Asks to do the work behind a barricade, and waits while another node does it.
    fn enter(&self, barricade: machine::Barricade) -> impl Future<Output = Result<Claim, StoreError>> + Send;
}
