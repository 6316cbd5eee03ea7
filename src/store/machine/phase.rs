//! Where a run is between its first and its last command.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Phase {
    /// Nodes come together; no run was begun.
    #[default]
    Forming,
    /// One node composes configuration and definitions.
    Composing,
    /// One node makes jobs of the locators to begin with.
    Seeding,
    /// Jobs are worked on.
    Running,
    /// Cancelled: leased jobs come to their end, no new one begins.
    Draining,
    /// Every job is over and every node agrees.
    Shutdown,
    /// Every node has left.
    Terminated,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forming => "forming",
            Self::Composing => "composing",
            Self::Seeding => "seeding",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Shutdown => "shutdown",
            Self::Terminated => "terminated",
        })
    }
}
