//! The number of an attempt to found a cluster.
//!
//! Knows which of two numbers is greater; who promises and accepts what is in `acceptor.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::NodeId;

/// The number of an attempt. Greater ones win; the node makes those of two proposers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Ballot {
    /// Which attempt.
    pub(crate) round: u64,
    /// Whose.
    pub(crate) node: NodeId,
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of node {}", self.round, self.node)
    }
}
