//! What can be seen of a node while it works: counters, and rates of them.
//!
//! Does not know what is counted: the caller names it.

mod counter;
mod rate;

pub use counter::Counter;
pub use rate::Rate;
