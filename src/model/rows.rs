//! Encoded rows, on their way into the log.

use serde::{Deserialize, Serialize};

/// All rows of one job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows by where they go, in the order in which tasks made them.
    pub parts: Vec<SinkRows>,
}

/// Rows for one sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkRows {
    /// Index of the sink in the plan of the run.
    pub sink: u32,
    /// How many rows.
    pub count: u32,
    /// The rows as they will be written.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl Rows {
    /// How many rows there are for all sinks together.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.count)).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}
