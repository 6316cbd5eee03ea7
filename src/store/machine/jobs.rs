//! All jobs of a run, and what happened to each.
//!
//! A job that is over keeps little more than its key; a waiting one keeps its URL and numbers.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use crate::model::{Epoch, Failure, FailureClass, Job, JobKey, Link, Locator, NodeId, RunId};

use super::command::{Lost, Refusal, Reply, Rules};
use super::names::Names;
use super::queue::{HostId, Queue, Seq};
use super::record::{EntryRecord, JobsRecord, SlotRecord, StateRecord};

/// Takes eight bytes of a key as its hash: keys are hashes already.
#[derive(Default, Clone)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }
}

type Slots = HashMap<JobKey, Slot, BuildHasherDefault<KeyHasher>>;

/// What the machine knows of a job.
#[derive(Debug, Clone)]
enum Slot {
    /// Not over.
    Open(Box<Entry>),
    /// Ended at this epoch; whether with rows is a matter of the counts.
    Over(Epoch),
}

/// A job that is not over.
#[derive(Debug, Clone)]
struct Entry {
    url: Box<str>,
    seq: Seq,
    group: u32,
    name: u32,
    host: HostId,
    page: u32,
    epoch: Epoch,
    failures: u32,
    crashes: u32,
    /// When its last back-off ends; 0 for none.
    not_before: i64,
    holder: Option<NodeId>,
}

/// See the module docs.
#[derive(Debug, Clone)]
pub(super) struct Jobs {
    run: RunId,
    rules: Rules,
    slots: Slots,
    queue: Queue,
    names: Names,
    /// Number of the last page by (name, group), for those with more than one page.
    pages: BTreeMap<(u32, u32), u32>,
    /// Leases by node; the value says whether the job is a suspect.
    leases: BTreeMap<NodeId, BTreeMap<JobKey, bool>>,
    next_seq: Seq,
    /// The latest time that a command named.
    now: i64,
    counts: Counts,
}

impl Jobs {
    /// No jobs yet.
    pub(super) fn new(run: RunId, rules: &Rules) -> Self {
        Self {
            run,
            rules: rules.clone(),
            slots: Slots::default(),
            queue: Queue::new(rules.host_leases),
            names: Names::default(),
            pages: BTreeMap::new(),
            leases: BTreeMap::new(),
            next_seq: 0,
            now: i64::MIN,
            counts: Counts::default(),
        }
    }

    /// How many there are.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            ready: self.queue.len(),
            leased: self.leases.values().map(|held| held.len() as u64).sum(),
            ..self.counts
        }
    }

    /// Whether there is a job of a host with room.
    pub(super) fn takeable(&self) -> bool {
        self.queue.has_next()
    }

    /// Whether a node that has nothing in work would get a job.
    pub(super) fn takeable_alone(&self) -> bool {
        self.queue.has_next() || self.queue.has_suspects()
    }

    /// Whether every job is over.
    pub(super) fn all_over(&self) -> bool {
        self.queue.len() == 0 && self.leases.is_empty()
    }

    /// Whether this job was ended.
    pub(super) fn is_over(&self, key: JobKey) -> bool {
        matches!(self.slots.get(&key), Some(Slot::Over(_)))
    }

    /// Adds a job to begin with, unless it is there already.
    pub(super) fn seed(&mut self, locator: &Locator) {
        let (group, name) = (self.names.number(&locator.group), self.names.number(&locator.name));
        self.add(group, name, &locator.url, locator.host());
    }

    /// Gives up to `max` jobs to `node`.
    pub(super) fn take(&mut self, node: NodeId, max: u32, now: i64) -> Vec<Job> {
        self.now = self.now.max(now);
        self.queue.wake(self.now);
        let held = self.leases.get(&node);
        if held.is_some_and(|held| held.values().any(|suspect| *suspect)) {
            // It works on a suspect, alone.
            return vec![];
        }
        let idle = held.is_none();
        let mut jobs = Vec::with_capacity(max.min(64) as usize);
        while jobs.len() < max as usize {
            let Some(key) = self.queue.pop() else { break };
            jobs.extend(self.lease(key, node, false));
        }
        if jobs.is_empty()
            && idle
            && max > 0
            && let Some(key) = self.queue.pop_suspect()
        {
            jobs.extend(self.lease(key, node, true));
        }
        jobs
    }

    /// The jobs among `keys` that `node` still holds, as it was given them.
    pub(super) fn held(&self, node: NodeId, keys: &[JobKey]) -> Vec<Job> {
        let held = self.leases.get(&node);
        let still = keys.iter().filter(|key| held.is_some_and(|held| held.contains_key(*key)));
        still.filter_map(|key| self.job(*key)).collect()
    }

    /// When the next back-off ends.
    pub(super) fn next_at(&self) -> Option<i64> {
        self.queue.next_delayed()
    }

    /// Ends a job with its rows, and makes jobs of its links.
    pub(super) fn finish(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        rows: u64,
        links: &[Link],
    ) -> Result<Reply, Refusal> {
        if matches!(self.slots.get(&key), Some(Slot::Over(ended)) if *ended == epoch) {
            // Its reply was lost and it was asked again.
            return Ok(Reply::Repeated);
        }
        let entry = self.close(key, epoch)?;
        self.counts.done += 1;
        self.counts.rows += rows;
        for link in links {
            let group = self.names.number(&link.group);
            self.follow(group, &entry, link);
        }
        Ok(Reply::Accepted)
    }

    /// Ends a try. Says whether there will be another; if not, the job is lost.
    pub(super) fn fail(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        failure: &Failure,
        retry_at: i64,
    ) -> Result<Option<Lost>, Refusal> {
        self.leased_at(key, epoch)?.failures += 1;
        let again = failure.class == FailureClass::Recoverable
            && self.entry(key).is_some_and(|entry| entry.failures < self.rules.max_tries);
        if again {
            self.counts.retries += 1;
            if let Some(entry) = self.entry_mut(key) {
                entry.not_before = retry_at;
            }
            if let Some((host, seq)) = self.unlease(key) {
                self.queue.push_delayed(retry_at, host, seq, key);
            }
            return Ok(None);
        }
        let entry = self.close(key, epoch)?;
        let quarantined = failure.class == FailureClass::Recoverable;
        if quarantined {
            self.counts.quarantined += 1;
        } else {
            self.counts.failed += 1;
        }
        Ok(Some(Lost {
            locator: self.locator(&entry),
            quarantined,
            step: failure.step.clone(),
            reason: failure.reason.clone(),
            tries: entry.failures,
        }))
    }

    /// Gives a job back untouched.
    pub(super) fn release(&mut self, key: JobKey, epoch: Epoch) -> Result<Reply, Refusal> {
        self.leased_at(key, epoch)?;
        self.free(key);
        Ok(Reply::Accepted)
    }

    /// Gives back all that `node` holds, untouched.
    pub(super) fn release_all(&mut self, node: NodeId) {
        for key in self.held_by(node) {
            self.free(key);
        }
    }

    /// Frees what a crashed node held. Jobs that crashed too often are lost.
    pub(super) fn crash(&mut self, node: NodeId) -> Vec<Lost> {
        let mut lost = vec![];
        for key in self.held_by(node) {
            let Some(entry) = self.entry_mut(key) else { continue };
            entry.crashes += 1;
            let (crashes, epoch) = (entry.crashes, entry.epoch);
            if crashes <= self.rules.max_crashes {
                if let Some((_, seq)) = self.unlease(key) {
                    self.queue.push_suspect(crashes, seq, key);
                }
            } else if let Ok(entry) = self.close(key, epoch) {
                self.counts.quarantined += 1;
                lost.push(Lost {
                    locator: self.locator(&entry),
                    quarantined: true,
                    step: "".into(),
                    reason: format!("the node that worked on it crashed {crashes} times"),
                    tries: entry.failures + crashes,
                });
            }
        }
        lost
    }

    fn held_by(&self, node: NodeId) -> Vec<JobKey> {
        self.leases.get(&node).map_or_else(Vec::new, |held| held.keys().copied().collect())
    }

    fn free(&mut self, key: JobKey) {
        let crashes = self.entry(key).map_or(0, |entry| entry.crashes);
        if let Some((host, seq)) = self.unlease(key) {
            if crashes > 0 {
                self.queue.push_suspect(crashes, seq, key);
            } else {
                self.queue.push(host, seq, key);
            }
        }
    }

    fn follow(&mut self, group: u32, parent: &Entry, link: &Link) {
        if self.next_seq >= self.rules.max_jobs {
            self.counts.dropped_links += 1;
            return;
        }
        // The page that the locator itself names has number 1, so links within its group go on from there.
        let first = u32::from(group == parent.group);
        self.pages.entry((parent.name, group)).or_insert(first);
        let host = Locator::host_of(&link.url);
        if !self.add(group, parent.name, &link.url, host) {
            self.counts.known_links += 1;
        }
    }

    /// Says whether the job is new.
    fn add(&mut self, group: u32, name: u32, url: &str, host: Option<&str>) -> bool {
        let key = JobKey::new(self.run, self.names.text(group), self.names.text(name), url);
        if self.slots.contains_key(&key) {
            return false;
        }
        let page = match self.pages.get_mut(&(name, group)) {
            Some(last) => {
                *last += 1;
                *last
            }
            None => 1,
        };
        let (host, seq) = (self.queue.host(host), self.next_seq);
        self.next_seq += 1;
        let entry = Entry {
            url: url.into(),
            seq,
            group,
            name,
            host,
            page,
            epoch: Epoch(0),
            failures: 0,
            crashes: 0,
            not_before: 0,
            holder: None,
        };
        self.slots.insert(key, Slot::Open(Box::new(entry)));
        self.queue.push(host, seq, key);
        true
    }

    fn entry(&self, key: JobKey) -> Option<&Entry> {
        match self.slots.get(&key) {
            Some(Slot::Open(entry)) => Some(entry),
            _ => None,
        }
    }

    fn entry_mut(&mut self, key: JobKey) -> Option<&mut Entry> {
        match self.slots.get_mut(&key) {
            Some(Slot::Open(entry)) => Some(entry),
            _ => None,
        }
    }

    /// The entry, if it is leased at this epoch: the fence against everybody who was too late.
    fn leased_at(&mut self, key: JobKey, epoch: Epoch) -> Result<&mut Entry, Refusal> {
        self.entry_mut(key)
            .filter(|entry| entry.holder.is_some() && entry.epoch == epoch)
            .ok_or(Refusal::Stale)
    }

    fn lease(&mut self, key: JobKey, node: NodeId, suspect: bool) -> Option<Job> {
        let entry = self.entry_mut(key)?;
        entry.epoch.0 += 1;
        entry.holder = Some(node);
        let host = entry.host;
        if suspect {
            self.queue.lease(host);
        }
        self.leases.entry(node).or_default().insert(key, suspect);
        self.job(key)
    }

    /// Ends the lease of a job; its host and place in the queue.
    fn unlease(&mut self, key: JobKey) -> Option<(HostId, Seq)> {
        let entry = self.entry_mut(key)?;
        let node = entry.holder.take()?;
        let (host, seq) = (entry.host, entry.seq);
        if let Some(held) = self.leases.get_mut(&node) {
            held.remove(&key);
            if held.is_empty() {
                self.leases.remove(&node);
            }
        }
        self.queue.unlease(host);
        Some((host, seq))
    }

    /// Ends a job that is leased at this epoch.
    fn close(&mut self, key: JobKey, epoch: Epoch) -> Result<Entry, Refusal> {
        self.leased_at(key, epoch)?;
        self.unlease(key);
        match self.slots.insert(key, Slot::Over(epoch)) {
            Some(Slot::Open(entry)) => Ok(*entry),
            _ => Err(Refusal::Stale),
        }
    }

    /// A leased job, as its holder sees it.
    fn job(&self, key: JobKey) -> Option<Job> {
        let entry = self.entry(key)?;
        let held = self.leases.get(&entry.holder?)?;
        Some(Job {
            key,
            epoch: entry.epoch,
            locator: self.locator(entry),
            page: entry.page,
            failures: entry.failures,
            alone: held.get(&key).copied().unwrap_or_default(),
        })
    }

    fn locator(&self, entry: &Entry) -> Locator {
        Locator {
            group: self.names.text(entry.group).clone(),
            name: self.names.text(entry.name).clone(),
            url: entry.url.to_string(),
        }
    }
}
