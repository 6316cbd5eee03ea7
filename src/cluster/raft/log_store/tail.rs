//! The end of the log as it lies in memory: the last entries, and what is known of the log as a whole.
//!
//! Does no I/O. Entries are cheap to clone: their commands are shared bytes. All that is not durable yet is here, so
//! what is not here can be read from the disk.

use std::collections::VecDeque;

use openraft::{Entry, EntryPayload, LogId, Vote};

use crate::cluster::raft::types::TypeConfig;
use crate::store::log::LogError;

/// What an entry takes in addition to its commands; also what stands for a change of membership.
const OVERHEAD: usize = 256;

/// The last entries of the log in memory, and the position of the log as a whole.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Consecutive, up to the last entry of the log.
    entries: VecDeque<Entry<TypeConfig>>,
    /// What `entries` weigh together.
    weight: usize,
    /// How much they may weigh, but for those that are not durable.
    limit: usize,
    /// The last entry, unless there is none.
    last: Option<LogId<u64>>,
    purged: Option<LogId<u64>>,
    /// The vote, as it was stored last.
    pub(super) vote: Option<Vote<u64>>,
    /// How far is committed, as openraft said last.
    pub(super) committed: Option<LogId<u64>>,
}

/// Where entries are.
#[derive(Debug)]
pub(super) enum Lookup {
    /// Here they are.
    Kept(Vec<Entry<TypeConfig>>),
    /// Those in `from..to` are on the disk, and these follow.
    OnDisk { from: u64, to: u64, then: Vec<Entry<TypeConfig>> },
}

/// What an entry counts for limits, in bytes.
pub(super) fn weight(entry: &Entry<TypeConfig>) -> usize {
    match &entry.payload {
        EntryPayload::Normal(batch) => batch.0.len() + OVERHEAD,
        EntryPayload::Blank | EntryPayload::Membership(_) => OVERHEAD,
    }
}

impl Tail {
    /// The tail of a log that was opened just now.
    pub(super) fn new(limit: usize, last: Option<LogId<u64>>, purged: Option<LogId<u64>>) -> Self {
        Self { limit, last, purged, ..Self::default() }
    }

    /// The last entry that is there, or was there before it was purged.
    pub(super) fn last(&self) -> Option<LogId<u64>> {
        self.last.or(self.purged)
    }

    /// The last entry that was purged.
    pub(super) fn purged(&self) -> Option<LogId<u64>> {
        self.purged
    }

    /// How far is committed of what the log holds. It can hold less than what is known to be committed: after a
    /// power loss, where the log does not wait for the disk. All that is left of it then is committed.
    pub(super) fn committed_here(&self) -> Option<LogId<u64>> {
        self.committed.min(self.last())
    }

    /// Takes entries that are about to be written.
    pub(super) fn append(&mut self, entries: &[Entry<TypeConfig>]) -> Result<(), LogError> {
        let mut next = self.last().map(|id| id.index + 1);
        for entry in entries {
            let got = entry.log_id.index;
            if let Some(expected) = next.filter(|expected| *expected != got) {
                return Err(LogError::NotConsecutive { expected, got });
            }
            next = Some(got + 1);
        }
        for entry in entries {
            self.weight += weight(entry);
            self.last = Some(entry.log_id);
            self.entries.push_back(entry.clone());
        }
        Ok(())
    }

    /// Entries below `to` are durable now; lets the oldest go where there are too many.
    pub(super) fn durable(&mut self, to: u64) {
        while self.weight > self.limit {
            let Some(first) = self.entries.front().filter(|first| first.log_id.index < to) else { return };
            self.weight -= weight(first);
            self.entries.pop_front();
        }
    }

    /// Stops returning entries from `from` on, because they are about to be removed.
    pub(super) fn forget_from(&mut self, from: u64) {
        while let Some(last) = self.entries.back().filter(|last| last.log_id.index >= from) {
            self.weight -= weight(last);
            self.entries.pop_back();
        }
        if self.last.is_some_and(|last| last.index >= from) {
            self.last = self.entries.back().map(|entry| entry.log_id);
        }
    }

    /// Entries were removed from the end of the log; `last` is the last one now.
    pub(super) fn truncated(&mut self, last: Option<LogId<u64>>) {
        self.last = last;
    }

    /// Entries up to `purged` were removed.
    pub(super) fn forget_to(&mut self, purged: LogId<u64>) {
        while let Some(first) = self.entries.front().filter(|first| first.log_id.index <= purged.index) {
            self.weight -= weight(first);
            self.entries.pop_front();
        }
        self.last = self.last.filter(|last| last.index > purged.index);
        self.purged = self.purged.max(Some(purged));
    }

    /// Where the entries in `from..to` are. Of those that are here it gives as many as come to `limit` bytes, but at
    /// least one; none behind those on the disk, unless there is no limit.
    pub(super) fn get(&self, from: u64, to: u64, limit: usize) -> Lookup {
        let from = self.purged.map_or(from, |purged| from.max(purged.index + 1));
        let to = to.min(self.last.map_or(0, |last| last.index + 1));
        if from >= to {
            return Lookup::Kept(vec![]);
        }
        let kept_from = self.entries.front().map_or(to, |first| first.log_id.index);
        if from >= kept_from {
            return Lookup::Kept(self.kept(from, to, limit));
        }
        let then = if limit == usize::MAX { self.kept(kept_from, to, limit) } else { vec![] };
        Lookup::OnDisk { from, to: to.min(kept_from), then }
    }

    fn kept(&self, from: u64, to: u64, limit: usize) -> Vec<Entry<TypeConfig>> {
        let first = self.entries.front().map_or(to, |first| first.log_id.index);
        // Both are within what is kept, which fits into memory.
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut room = limit;
        let fitting =
            self.entries.iter().skip(skipped).take(wanted).enumerate().take_while(|(number, entry)| {
                let weight = weight(entry);
                let fits = *number == 0 || weight <= room;
                room = room.saturating_sub(weight);
                fits
            });
        fitting.map(|(_, entry)| entry.clone()).collect()
    }
}
