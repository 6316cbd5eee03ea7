//! What can be seen of a node while it works: counters, rates of them, workers and their states.
//!
//! Does not know what is counted: the caller names it.

mod counter;
mod rate;
mod workers;

pub use counter::Counter;
pub use rate::Rate;
pub use workers::{WorkerList, WorkerState, WorkerView, Workers};
