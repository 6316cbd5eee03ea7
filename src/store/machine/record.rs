//! The machine's state as small records, so that a snapshot is a stream and never one big value.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::model::{Epoch, JobKey, NodeId};

use super::command::Run;
use super::counts::Counts;
use super::gates::Gates;
use super::members::{Life, Members};
use super::numbers::Seq;
use super::phase::Phase;

/// One record of a snapshot of the machine.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// First: everything but store entries and jobs.
    Head(Box<HeadRecord>),
    /// One entry of the store.
    Entry(CompactString, #[serde(with = "serde_bytes")] Vec<u8>),
    /// Who has some hosts. Before the jobs, whose leases they own.
    Hosts(Vec<HostRecord>),
    /// Some jobs.
    Jobs(Vec<SlotRecord>),
}

/// All that is small.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeadRecord {
    pub(super) run: Option<Run>,
    pub(super) phase: Phase,
    pub(super) seeded: bool,
    pub(super) members: Members,
    pub(super) gates: Gates,
    pub(super) jobs: Option<JobsRecord>,
}

/// What is known of jobs as a whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobsRecord {
    pub(super) names: Vec<CompactString>,
    pub(super) pages: Vec<((u32, u32), u32)>,
    pub(super) next_seq: Seq,
    pub(super) now: u64,
    pub(super) counts: Counts,
}

/// What is known of a host apart from its jobs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostRecord {
    pub(super) name: String,
    /// Who had it last, where it is one node's while it has leases.
    pub(super) last: Option<Life>,
    pub(super) moves: u32,
    /// Leases that it may have at a time.
    pub(super) quota: u32,
    /// Until when it is left alone; 0 if it is not.
    pub(super) held_until: u64,
    /// The places of each node, where nodes share it.
    pub(super) places: Vec<(NodeId, u32)>,
}

/// A job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SlotRecord {
    pub(super) key: JobKey,
    pub(super) state: StateRecord,
}

/// What became of a job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum StateRecord {
    /// Ended by the lease of this epoch, with rows or without.
    Over(Epoch, bool),
    Open(EntryRecord),
}

/// A job that is not over.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EntryRecord {
    pub(super) url: String,
    pub(super) seq: Seq,
    pub(super) group: u32,
    pub(super) name: u32,
    pub(super) page: u32,
    pub(super) epoch: Epoch,
    pub(super) failures: u32,
    pub(super) crashes: u32,
    pub(super) not_before: u64,
    pub(super) depth: u32,
    pub(super) via: Vec<String>,
    pub(super) is_failed: bool,
    pub(super) holder: Option<NodeId>,
    pub(super) suspect: bool,
}
