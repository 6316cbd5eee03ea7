//! What a program asks of scoopi and what it gets back: requests, handles, reports, errors.
//!
//! Only values: what makes a run of a request is the node's work.

mod error;
mod handle;
mod report;
mod request;

pub use error::RunError;
pub use handle::{Progress, RunHandle};
pub use report::{Outcome, Report};
pub use request::{Definitions, Existing, Mode, RunRequest};
