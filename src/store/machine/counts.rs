//! How many jobs a run has, as people and the end of the run want to know it.

use serde::{Deserialize, Serialize};

/// How many jobs there are, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Waiting to be taken, back-offs included.
    pub ready: u64,
    /// Jobs that are leased.
    pub leased: u64,
    /// Ended with their rows committed.
    pub done: u64,
    /// Ended by a failure that trying again would not mend.
    pub failed: u64,
    /// Ended by too many tries or crashes.
    pub quarantined: u64,
    /// Rows committed.
    pub rows: u64,
    /// Tries that failed and were followed by another.
    pub retries: u64,
    /// Links that led to a job that was there already.
    pub known_links: u64,
    /// Of those done, pages whose server redirected to another URL, which became a job instead.
    pub moved: u64,
    /// Of those that moved, the ones whose URL led to a job that was there already.
    pub moved_to_known: u64,
    /// Links not followed because the run has as many jobs as it may have.
    pub dropped_links: u64,
    /// Links not followed because they lead deeper than they may.
    pub too_deep_links: u64,
    /// Links not followed because the URLs of all waiting jobs had as many bytes as they may have.
    pub too_many_url_bytes: u64,
}

impl Counts {
    /// Jobs that are not over.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.ready + self.leased
    }

    /// Links not followed because of a limit of the run.
    #[must_use]
    pub fn links_left_out(&self) -> u64 {
        self.dropped_links + self.too_deep_links + self.too_many_url_bytes
    }

    /// All jobs there ever were.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.open() + self.done + self.failed + self.quarantined
    }
}
