//! Moves jobs from the store through the steps, and knows when the run is over.
//!
//! Knows plans, jobs in progress, the end of a run. Does not know whether it is clustered, and what a step does. A step
//! proposes an outcome; only the job runner commits.
//!
//! ```text
//! JobStore ─ take ─▶ JobRunner ─ job ─▶ TaskRunner: load, then per task parse … append
//!     ▲                                          │
//!     ╚═══ one Finish: rows + links ◀── Outcome ─┘        Monitor ─ vote ─▶ JobStore
//! ```

mod backoff;
mod figures;
mod job_runner;
mod link_scope;
mod monitor;
mod places;
mod plan;
mod pools;
mod seeder;
mod shutdown;
mod state_flipper;
mod task_runner;

pub use figures::{Figures, FiguresView};
pub use job_runner::{JobRules, JobRunner};
pub use link_scope::{LinkHosts, LinkScope};
pub use monitor::Monitor;
pub use plan::{Plan, PlannedGroup, PlannedTask};
pub use pools::Pools;
pub use seeder::{SeedError, seed};
pub use shutdown::{CancelLatch, Shutdown};
pub use state_flipper::{Conditions, State, flip};
pub use task_runner::{LinkRules, TaskRunner};
