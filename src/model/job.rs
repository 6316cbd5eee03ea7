//! The unit of scheduling: one locator, worked on by one node at a time.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{Epoch, JobKey, Locator};

/// A job as it is handed to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What it is.
    pub key: JobKey,
    /// This lease of it.
    pub epoch: Epoch,
    /// The page to work on.
    pub locator: Locator,
    /// Number of this page among the pages of its locator name and group, from 1.
    pub page: u32,
    /// How often it was tried before and failed.
    pub failures: u32,
    /// Whether a node crashed on it, so that it must be the only job in progress.
    pub alone: bool,
    /// How often its host had gone over from one life of a node to another when the job was given. With a
    /// number that it has not seen yet, a node lets the delay between two requests pass first: it cannot
    /// know when the host was last asked. 0 where any node may ask any host.
    pub host_moves: u32,
    /// How many requests this node may make of the job's host at a time. `None` where the fetcher's own limit is
    /// the only one.
    pub host_places: Option<HostPlaces>,
    /// The URLs that redirected to this one, beginning with the one that was asked for first. Empty for most jobs.
    pub via: Vec<String>,
}

/// A node's quota at a host, as it was when the node got a job. The quota shrinks on its own when the node holds fewer
/// jobs of the host; it grows only with a new lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPlaces {
    /// Number of the node's request for jobs that this is an answer to: a higher one is news, a lower one is not.
    pub request: u64,
    /// Requests at a time.
    pub count: u32,
}

/// What a node learnt of a job's host, as far as it concerns other jobs of the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostHint {
    /// No hint.
    #[default]
    Nothing,
    /// The job waited too long for other requests to the host: the host gets fewer leases.
    Busy,
    /// The host must not be asked for this many milliseconds.
    Waits(u64),
}

/// A link found on a page, to become a job of its own under the same locator name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The group whose tasks work on it.
    pub group: CompactString,
    /// The canonical URL.
    pub url: String,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureClass {
    /// A time-out, a lost connection, an overloaded server.
    Recoverable,
    /// Anything that would fail in the same way again.
    Final,
}

/// Why a job did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Whether trying again may help.
    pub class: FailureClass,
    /// The step that gave up, by its short name.
    pub step: CompactString,
    /// The reason, for people.
    pub reason: String,
}
