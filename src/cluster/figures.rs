//! What a node reports of itself.
//!
//! Plain values. Does not know who counts them or who receives them.

use serde::{Deserialize, Serialize};

/// What a node does, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeFigures {
    /// The last log entry that it has applied.
    pub position: u64,
    /// Pages loaded by this process.
    pub pages: u64,
    /// Errors met by this process.
    pub errors: u64,
    /// Pages a second of late.
    pub rate: f64,
}
