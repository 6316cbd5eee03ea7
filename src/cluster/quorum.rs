//! Whether enough members are in touch for anything to be decided.
//!
//! A value that nodes report and print; how a node finds it out is in `quorum_watch.rs`.

use serde::{Deserialize, Serialize};

/// Whether anything can be decided, as one node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quorum {
    /// Not known yet: this node has only begun to look.
    Looking,
    /// Enough members are in touch.
    There,
    /// The run is paused until enough members are in touch again.
    Lost,
}

impl Quorum {
    /// For people and their programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Looking => "unknown",
            Self::There => "there",
            Self::Lost => "lost",
        }
    }
}
