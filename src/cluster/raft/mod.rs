//! Raft: one log for all members, and the machine on top of it.
//!
//! openraft decides what is committed; here is what it stores, sends and applies.

mod types;

pub(crate) use types::{Batch, Replies, SnapshotFiles, TypeConfig};
