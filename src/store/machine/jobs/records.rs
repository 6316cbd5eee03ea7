//! Jobs to and from the records of a snapshot.

use crate::model::{JobKey, Locator};
use crate::store::machine::names::Names;
use crate::store::machine::record::{EntryRecord, JobsRecord, SlotRecord, StateRecord};

use super::{Entry, Jobs, Slot};

/// Writing and reading, for snapshots.
impl Jobs {
    /// Everything but the jobs.
    pub(super) fn head(&self) -> JobsRecord {
        JobsRecord {
            names: self.names.all().to_vec(),
            pages: self.pages.iter().map(|(key, last)| (*key, *last)).collect(),
            next_seq: self.next_seq,
            now: self.now,
            counts: self.counts,
        }
    }

    /// Every job, in no order.
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotRecord> + '_ {
        self.slots.iter().map(|(key, slot)| SlotRecord {
            key: *key,
            state: match slot {
                Slot::Over(epoch) => StateRecord::Over(*epoch),
                Slot::Open(entry) => StateRecord::Open(self.record(*key, entry)),
            },
        })
    }

    /// Takes over what [`Jobs::head`] gave.
    pub(super) fn set_head(&mut self, head: JobsRecord) {
        self.names = Names::from_texts(head.names);
        self.pages = head.pages.into_iter().collect();
        self.next_seq = head.next_seq;
        self.now = head.now;
        self.counts = head.counts;
    }

    /// Takes over a job that [`Jobs::slots`] gave.
    pub(super) fn set_slot(&mut self, slot: SlotRecord) {
        let record = match slot.state {
            StateRecord::Over(epoch) => {
                self.slots.insert(slot.key, Slot::Over(epoch));
                return;
            }
            StateRecord::Open(record) => record,
        };
        let (key, seq) = (slot.key, record.seq);
        let host = self.queue.host(Locator::host_of(&record.url));
        if let Some(node) = record.holder {
            self.leases.entry(node).or_default().insert(key, record.suspect);
            self.queue.lease(host);
        } else if record.not_before > self.now {
            self.queue.push_delayed(record.not_before, host, seq, key);
        } else if record.crashes > 0 {
            self.queue.push_suspect(record.crashes, seq, key);
        } else {
            self.queue.push(host, seq, key);
        }
        let entry = Entry {
            url: record.url.into(),
            seq,
            group: record.group,
            name: record.name,
            host,
            page: record.page,
            epoch: record.epoch,
            failures: record.failures,
            crashes: record.crashes,
            not_before: record.not_before,
            holder: record.holder,
        };
        self.slots.insert(key, Slot::Open(Box::new(entry)));
    }

    fn record(&self, key: JobKey, entry: &Entry) -> EntryRecord {
        let held = entry.holder.and_then(|node| self.leases.get(&node));
        EntryRecord {
            url: entry.url.to_string(),
            seq: entry.seq,
            group: entry.group,
            name: entry.name,
            page: entry.page,
            epoch: entry.epoch,
            failures: entry.failures,
            crashes: entry.crashes,
            holder: entry.holder,
            suspect: held.and_then(|held| held.get(&key)).copied().unwrap_or_default(),
            not_before: entry.not_before,
        }
    }
}
