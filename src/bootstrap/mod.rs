//! Putting a node together: from settings and definitions to a run that has ended.
//!
//! Solo or cluster is chosen here and nowhere else.

mod changes;
mod cluster;
mod compose;
mod composing;
mod data_folder;
mod facts;
mod outside;
mod parts;
mod pool_names;
mod report;
mod request;
mod rules;
mod run;
mod settings_check;
#[cfg(test)]
mod simulation;
mod solo;
mod telling;
mod work;

pub use compose::{Composed, check};
pub use facts::{fetch_settings, limits};
pub use outside::{Outsider, make_key};
pub use report::{Outcome, Report};
pub use request::{Definitions, Existing, Mode, RunRequest};
pub use run::{Progress, Run, RunError, RunHandle};
