//! Raft: one log for all members, and the machine on top of it.
//!
//! openraft decides what is committed; here is what it stores, sends and applies.

mod leading;
mod log_store;
mod network;
mod sender;
#[cfg(test)]
mod simulated_disk;
mod state_machine;
mod storage;
#[cfg(test)]
mod story;
mod transfer;
mod types;

pub(crate) use leading::while_leading;
pub(crate) use log_store::LogStore;
pub(crate) use network::{RaftClients, serve};
#[cfg(test)]
pub use simulated_disk::SimulatedDisk;
pub(crate) use state_machine::{Applied, StateError, StateMachine};
pub use storage::Storage;
pub(crate) use transfer::receive;
pub(crate) use types::{Batch, BatchError, Replies, TypeConfig};

#[cfg(test)]
mod tests;
