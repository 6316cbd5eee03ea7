//! All jobs of a run, and what happened to each.
//!
//! A job that is over keeps little more than its key; a waiting one keeps its URL and numbers.

mod endings;
mod records;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::{Epoch, HostHint, HostPlaces, Job, JobKey, Link, Locator, NodeId, RunId};

use super::command::{Refusal, Rules};
use super::counts::Counts;
use super::members::Life;
use super::names::Names;
use super::numbers::{HostId, Seq};
use super::queue::{Place, Queue};

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
    /// Ended by the lease of this epoch, with its rows committed or without any.
    Over { epoch: Epoch, with_rows: bool },
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
    not_before: u64,
    /// Links between a locator to begin with and this page.
    depth: u32,
    /// The URLs that redirected here.
    via: Box<[Box<str>]>,
    /// Whether its last lease ended by a failure.
    is_failed: bool,
    holder: Option<NodeId>,
}

impl Entry {
    fn place(&self, key: JobKey) -> Place {
        Place { key, host: self.host, seq: self.seq, crashes: self.crashes }
    }

    /// Bytes of its URLs.
    fn url_bytes(&self) -> u64 {
        (self.url.len() + self.via.iter().map(|url| url.len()).sum::<usize>()) as u64
    }
}

/// Where a new job comes from.
struct Origin {
    group: u32,
    name: u32,
    /// The number of the page and the turn, if it takes the place of another one.
    place_of: Option<(u32, Seq)>,
    depth: u32,
    via: Box<[Box<str>]>,
}

/// The jobs of a run, their leases and their queue.
#[derive(Debug, Clone)]
pub(super) struct Jobs {
    run: RunId,
    rules: Rules,
    slots: Slots,
    queue: Queue,
    names: Names,
    /// Number of the last page by (name, group).
    pages: BTreeMap<(u32, u32), u32>,
    /// Leases by node; the value says whether the job is a suspect.
    leases: BTreeMap<NodeId, BTreeMap<JobKey, bool>>,
    next_seq: Seq,
    /// Bytes of the URLs of all jobs that are not over.
    url_bytes: u64,
    /// The latest time that a command named, in milliseconds of the log's own time.
    now: u64,
    counts: Counts,
}

impl Jobs {
    /// No jobs yet.
    pub(super) fn new(run: RunId, rules: &Rules) -> Self {
        Self {
            run,
            rules: rules.clone(),
            slots: Slots::default(),
            queue: Queue::new(rules),
            names: Names::default(),
            pages: BTreeMap::new(),
            leases: BTreeMap::new(),
            next_seq: 0,
            url_bytes: 0,
            // As early as the back-off of a job that never had one, so that it is over in a restored machine, too.
            now: 0,
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

    /// How many leases `node` has.
    pub(super) fn leases_of(&self, node: NodeId) -> u64 {
        self.leases.get(&node).map_or(0, |held| held.len() as u64)
    }

    /// Whether `node` would get a job in addition to those that it has.
    pub(super) fn takeable(&self, node: NodeId) -> bool {
        self.queue.has_next(node) && !self.works_alone(node)
    }

    /// Whether `node` would get a job if it had none in progress.
    pub(super) fn takeable_alone(&self, node: NodeId) -> bool {
        self.queue.has_next(node) || self.queue.has_suspects(node)
    }

    /// Whether every job is over.
    pub(super) fn all_over(&self) -> bool {
        self.queue.len() == 0 && self.leases.is_empty()
    }

    /// Whether this job was ended.
    pub(super) fn is_over(&self, key: JobKey) -> bool {
        matches!(self.slots.get(&key), Some(Slot::Over { .. }))
    }

    /// Sets the number of nodes that take part.
    pub(super) fn set_nodes(&mut self, nodes: usize) {
        self.queue.set_nodes(nodes);
    }

    /// Adds a job to begin with, unless it is there already.
    pub(super) fn seed(&mut self, locator: &Locator) {
        let key = JobKey::new(self.run, &locator.group, &locator.name, &locator.url);
        if !self.slots.contains_key(&key) {
            let (group, name) = (self.names.number(&locator.group), self.names.number(&locator.name));
            self.add(
                key,
                &locator.url,
                Origin { group, name, place_of: None, depth: 0, via: Box::default() },
            );
        }
    }

    /// Leases up to `max` jobs to a life of a node, which asks with this number. Returns before them, for each host at
    /// which it has more places now, one of the jobs that it has.
    pub(super) fn take(&mut self, life: Life, request: u64, max: u32, now: u64) -> Vec<Job> {
        self.advance(now);
        let node = life.0;
        if self.works_alone(node) {
            return vec![];
        }
        let idle = !self.leases.contains_key(&node);
        let mut keys = Vec::with_capacity(max.min(64) as usize);
        for host in self.queue.promote(node) {
            let held = self.leases.get(&node).into_iter().flat_map(BTreeMap::keys);
            keys.extend(held.copied().find(|key| self.entry(*key).is_some_and(|entry| entry.host == host)));
        }
        // Numbers of hosts are not the same in a restored machine.
        keys.sort_unstable();
        for _ in 0..max {
            let Some(key) = self.queue.pop(life) else { break };
            self.lease(key, node, false);
            keys.push(key);
        }
        if keys.is_empty()
            && idle
            && max > 0
            && let Some(key) = self.queue.pop_suspect(life)
        {
            self.lease(key, node, true);
            keys.push(key);
        }
        // Only now is it known how many places there are.
        keys.into_iter().filter_map(|key| self.job(key, request)).collect()
    }

    /// The jobs among `keys` that `node` still holds, as it was given them when it asked with this number.
    pub(super) fn held(&self, node: NodeId, request: u64, keys: &[JobKey]) -> Vec<Job> {
        let held = self.leases.get(&node);
        let still = keys.iter().filter(|key| held.is_some_and(|held| held.contains_key(*key)));
        still.filter_map(|key| self.job(*key, request)).collect()
    }

    /// When the next wait ends.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.queue.next_wait().map(|(at, _)| at)
    }

    /// The log's own time.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// The URL of the job whose wait ends first, if there is nothing to do but to wait.
    pub(super) fn waits_for(&self) -> Option<&str> {
        if !self.leases.is_empty() || self.queue.has_offers() {
            return None;
        }
        let (_, key) = self.queue.next_wait()?;
        self.entry(key).map(|entry| &*entry.url)
    }

    /// Time has come this far: what it lets be taken stands where it is taken from. In a restored machine, too, which
    /// knows of a wait only when it ends.
    fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.queue.wake(self.now);
    }

    /// Takes note of what was learnt of a job's host.
    fn hear(&mut self, key: JobKey, now: u64, hint: HostHint) {
        self.advance(now);
        let Some(host) = self.entry(key).map(|entry| entry.host) else { return };
        match hint {
            HostHint::Nothing => {}
            HostHint::Busy => self.queue.shrink(host),
            HostHint::Waits(wait) => self.queue.hold(host, self.now, self.now.saturating_add(wait)),
        }
    }

    /// Whether `node` works on a suspect, which must be its only job.
    fn works_alone(&self, node: NodeId) -> bool {
        self.leases.get(&node).is_some_and(|held| held.values().next() == Some(&true))
    }

    fn held_by(&self, node: NodeId) -> Vec<JobKey> {
        self.leases.get(&node).map_or_else(Vec::new, |held| held.keys().copied().collect())
    }

    /// Ends a lease; the job waits for the next one.
    fn free(&mut self, key: JobKey) {
        if let Some(entry) = self.unlease(key) {
            let (place, not_before) = (entry.place(key), entry.not_before);
            self.wait(place, not_before);
        }
    }

    /// Puts a job where it waits. This is a matter of its record alone, so that a restored machine puts it
    /// in the same place.
    fn wait(&mut self, place: Place, not_before: u64) {
        if not_before > self.now {
            self.queue.push_delayed(not_before, place);
        } else {
            self.queue.push(place);
        }
    }

    fn follow(&mut self, parent: &Entry, link: &Link) {
        let group = self.names.number(&link.group);
        let key = JobKey::new(self.run, &link.group, self.names.text(parent.name), &link.url);
        if self.slots.contains_key(&key) {
            self.counts.known_links += 1;
        } else if self.next_seq >= self.rules.max_jobs {
            self.counts.dropped_links += 1;
        } else if parent.depth >= self.rules.max_depth {
            self.counts.too_deep_links += 1;
        } else if self.url_bytes.saturating_add(link.url.len() as u64) > self.rules.max_url_bytes {
            self.counts.too_many_url_bytes += 1;
        } else {
            let depth = parent.depth + 1;
            self.add(
                key,
                &link.url,
                Origin { group, name: parent.name, place_of: None, depth, via: Box::default() },
            );
        }
    }

    /// Adds a job that is not there yet.
    fn add(&mut self, key: JobKey, url: &str, Origin { group, name, place_of, depth, via }: Origin) {
        let (page, seq) = place_of.unwrap_or_else(|| {
            let last = self.pages.entry((name, group)).or_default();
            *last += 1;
            self.next_seq += 1;
            (*last, self.next_seq - 1)
        });
        let entry = Entry {
            url: url.into(),
            seq,
            group,
            name,
            host: self.queue.host(Locator::host_of(url)),
            page,
            epoch: Epoch(0),
            failures: 0,
            crashes: 0,
            not_before: 0,
            depth,
            via,
            is_failed: false,
            holder: None,
        };
        self.url_bytes += entry.url_bytes();
        self.queue.push(entry.place(key));
        self.slots.insert(key, Slot::Open(Box::new(entry)));
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

    /// Returns the entry, if it is leased at this epoch: the fence against late holders.
    fn leased_at(&mut self, key: JobKey, epoch: Epoch) -> Result<&mut Entry, Refusal> {
        self.entry_mut(key)
            .filter(|entry| entry.holder.is_some() && entry.epoch == epoch)
            .ok_or(Refusal::Stale)
    }

    /// Whether a failure of this lease was accepted already, and whether another try followed.
    fn failed_at(&self, key: JobKey, epoch: Epoch) -> Option<bool> {
        match self.slots.get(&key)? {
            Slot::Over { epoch: at, with_rows } => (*at == epoch && !with_rows).then_some(false),
            Slot::Open(entry) => {
                (entry.epoch == epoch && entry.holder.is_none() && entry.is_failed).then_some(true)
            }
        }
    }

    fn lease(&mut self, key: JobKey, node: NodeId, suspect: bool) {
        if let Some(entry) = self.entry_mut(key) {
            entry.epoch.0 += 1;
            entry.is_failed = false;
            entry.holder = Some(node);
            self.leases.entry(node).or_default().insert(key, suspect);
        }
    }

    /// Ends the lease of a job.
    fn unlease(&mut self, key: JobKey) -> Option<&Entry> {
        let entry = self.entry_mut(key)?;
        let node = entry.holder.take()?;
        let host = entry.host;
        if let Some(held) = self.leases.get_mut(&node) {
            held.remove(&key);
            if held.is_empty() {
                self.leases.remove(&node);
            }
        }
        self.queue.unlease(host, node);
        self.entry(key)
    }

    /// Ends a job that is leased at this epoch.
    fn close(&mut self, key: JobKey, epoch: Epoch, with_rows: bool) -> Result<Entry, Refusal> {
        self.leased_at(key, epoch)?;
        self.unlease(key);
        match self.slots.insert(key, Slot::Over { epoch, with_rows }) {
            Some(Slot::Open(entry)) => {
                self.url_bytes = self.url_bytes.saturating_sub(entry.url_bytes());
                Ok(*entry)
            }
            _ => Err(Refusal::Stale),
        }
    }

    /// A leased job, as its holder sees it that asked for it with this number.
    fn job(&self, key: JobKey, request: u64) -> Option<Job> {
        let entry = self.entry(key)?;
        let node = entry.holder?;
        let held = self.leases.get(&node)?;
        Some(Job {
            key,
            epoch: entry.epoch,
            locator: self.locator(entry),
            page: entry.page,
            failures: entry.failures,
            alone: held.get(&key).copied().unwrap_or_default(),
            // A host with leases does not move: this is what it was when the job was leased.
            host_moves: self.queue.moves(entry.host),
            host_places: self.queue.places(entry.host, node).map(|count| HostPlaces { request, count }),
            via: entry.via.iter().map(|url| url.to_string()).collect(),
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
