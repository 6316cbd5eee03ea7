//! Jobs to and from the records of a snapshot.

use crate::model::{JobKey, Locator};
use crate::store::machine::names::Names;
use crate::store::machine::record::{EntryRecord, HostRecord, JobsRecord, SlotRecord, StateRecord};

use super::{Entry, Jobs, Slot};

/// Writing and reading, for snapshots.
impl Jobs {
    /// Everything but the jobs.
    pub(in crate::store::machine) fn head(&self) -> JobsRecord {
        JobsRecord {
            names: self.names.all().to_vec(),
            pages: self.pages.iter().map(|(key, last)| (*key, *last)).collect(),
            next_seq: self.next_seq,
            now: self.now,
            counts: self.counts,
        }
    }

    /// Which node has which host, in no order.
    pub(in crate::store::machine) fn host_records(&self) -> impl Iterator<Item = HostRecord> + '_ {
        self.queue.host_records()
    }

    /// Every job, in no order.
    pub(in crate::store::machine) fn slots(&self) -> impl Iterator<Item = SlotRecord> + '_ {
        self.slots.iter().map(|(key, slot)| SlotRecord {
            key: *key,
            state: match slot {
                Slot::Over { epoch, with_rows } => StateRecord::Over(*epoch, *with_rows),
                Slot::Open(entry) => StateRecord::Open(self.record(*key, entry)),
            },
        })
    }

    /// Takes over what [`Jobs::head`] gave.
    pub(in crate::store::machine) fn set_head(&mut self, head: JobsRecord) {
        self.names = Names::from_texts(head.names);
        self.pages = head.pages.into_iter().collect();
        self.next_seq = head.next_seq;
        self.now = head.now;
        self.counts = head.counts;
    }

    /// Takes over a host that [`Jobs::host_records`] gave, before the jobs.
    pub(in crate::store::machine) fn set_host(&mut self, host: HostRecord) {
        self.queue.set_host(host);
    }

    /// Takes over a job that [`Jobs::slots`] gave.
    pub(in crate::store::machine) fn set_slot(&mut self, slot: SlotRecord) {
        let record = match slot.state {
            StateRecord::Over(epoch, with_rows) => {
                self.slots.insert(slot.key, Slot::Over { epoch, with_rows });
                return;
            }
            StateRecord::Open(record) => record,
        };
        let (key, host) = (slot.key, self.queue.host(Locator::host_of(&record.url)));
        let entry = Entry {
            url: record.url.into(),
            seq: record.seq,
            group: record.group,
            name: record.name,
            host,
            page: record.page,
            epoch: record.epoch,
            failures: record.failures,
            crashes: record.crashes,
            not_before: record.not_before,
            depth: record.depth,
            via: record.via.into_iter().map(Into::into).collect(),
            is_failed: record.is_failed,
            holder: record.holder,
        };
        if let Some(node) = record.holder {
            self.leases.entry(node).or_default().insert(key, record.suspect);
            self.queue.lease(host, node);
        } else {
            self.wait(entry.place(key), entry.not_before);
        }
        self.url_bytes += entry.url_bytes();
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
            depth: entry.depth,
            via: entry.via.iter().map(|url| url.to_string()).collect(),
            is_failed: entry.is_failed,
        }
    }
}
