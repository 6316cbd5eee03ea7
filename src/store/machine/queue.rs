//! Ready jobs, and who may have the next one.
//!
//! One queue per http host (and one for everything else), so that a host at its limit does not hold up the
//! others: the oldest job of all hosts with room comes first. Jobs that wait for a back-off, and jobs that
//! were in work when a node crashed, stand apart.

use std::collections::{BTreeSet, HashMap};

use crate::model::JobKey;

/// Number of a host; `0` stands for files and resources, which have no limit.
pub(super) type HostId = u32;

/// Position of a job in the order in which jobs were made.
pub(super) type Seq = u64;

#[derive(Debug, Default, Clone)]
struct Host {
    ready: BTreeSet<(Seq, JobKey)>,
    /// Jobs with a crash on their record: fewest crashes first, so that one bad job cannot use up the
    /// chances of the good ones that were in work beside it.
    suspects: BTreeSet<(u32, Seq, JobKey)>,
    leased: u32,
}

/// What a host with room offers: its oldest ready job, and its suspect with the fewest crashes.
type Offer = (Option<Seq>, Option<(u32, Seq)>);

impl Host {
    fn offer(&self, limit: u32) -> Offer {
        if self.leased >= limit {
            return (None, None);
        }
        let suspect = self.suspects.first().map(|(crashes, seq, _)| (*crashes, *seq));
        (self.ready.first().map(|(seq, _)| *seq), suspect)
    }
}

/// A job that is not leased, and what decides where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) key: JobKey,
    pub(super) host: HostId,
    pub(super) seq: Seq,
    pub(super) crashes: u32,
}

/// See the module docs.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    hosts: Vec<Host>,
    numbers: HashMap<Box<str>, HostId>,
    /// Hosts that have both a ready job and room, by their oldest ready job.
    next: BTreeSet<(Seq, HostId)>,
    /// Hosts that have both a suspect and room, by their first suspect.
    next_suspects: BTreeSet<(u32, Seq, HostId)>,
    /// Jobs whose back-off is not over, with their hosts and crashes.
    delayed: BTreeSet<(i64, Seq, JobKey, HostId, u32)>,
    ready: u64,
    host_leases: u32,
}

impl Queue {
    /// An empty queue that lets `host_leases` jobs of a host be leased at a time.
    pub(super) fn new(host_leases: u32) -> Self {
        Self {
            hosts: vec![Host::default()],
            numbers: HashMap::new(),
            next: BTreeSet::new(),
            next_suspects: BTreeSet::new(),
            delayed: BTreeSet::new(),
            ready: 0,
            host_leases: host_leases.max(1),
        }
    }

    /// The number of a host.
    pub(super) fn host(&mut self, name: Option<&str>) -> HostId {
        let Some(name) = name else { return 0 };
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.hosts.len() as HostId;
        self.hosts.push(Host::default());
        self.numbers.insert(name.into(), number);
        number
    }

    /// Ready jobs, those waiting for a back-off and the suspects included.
    pub(super) fn len(&self) -> u64 {
        self.ready
    }

    /// Whether [`Queue::pop`] would give a job.
    pub(super) fn has_next(&self) -> bool {
        !self.next.is_empty()
    }

    /// Whether [`Queue::pop_suspect`] would give a job.
    pub(super) fn has_suspects(&self) -> bool {
        !self.next_suspects.is_empty()
    }

    /// When the first back-off ends.
    pub(super) fn next_delayed(&self) -> Option<i64> {
        self.delayed.first().map(|(at, ..)| *at)
    }

    /// Adds a job that may be taken at once.
    pub(super) fn push(&mut self, place: Place) {
        self.ready += 1;
        self.change(place.host, |host| match place.crashes {
            0 => host.ready.insert((place.seq, place.key)),
            crashes => host.suspects.insert((crashes, place.seq, place.key)),
        });
    }

    /// Adds a job that may be taken from `at` on.
    pub(super) fn push_delayed(&mut self, at: i64, place: Place) {
        self.ready += 1;
        self.delayed.insert((at, place.seq, place.key, place.host, place.crashes));
    }

    /// Lets jobs whose back-off is over take their place again.
    pub(super) fn wake(&mut self, now: i64) {
        while let Some((at, seq, key, host, crashes)) = self.delayed.first().copied() {
            if at > now {
                break;
            }
            self.delayed.pop_first();
            self.ready -= 1;
            self.push(Place { key, host, seq, crashes });
        }
    }

    /// The oldest job of all hosts with room. Its host has one lease more.
    pub(super) fn pop(&mut self) -> Option<JobKey> {
        let (_, host) = *self.next.first()?;
        self.lease_first(host, |host| host.ready.pop_first().map(|(_, key)| key))
    }

    /// The suspect with the fewest crashes of all hosts with room. Its host has one lease more.
    pub(super) fn pop_suspect(&mut self) -> Option<JobKey> {
        let (_, _, host) = *self.next_suspects.first()?;
        self.lease_first(host, |host| host.suspects.pop_first().map(|(_, _, key)| key))
    }

    /// Counts a lease that was there before this queue was.
    pub(super) fn lease(&mut self, host: HostId) {
        self.change(host, |entry| entry.leased += 1);
    }

    /// A lease of this host is over.
    pub(super) fn unlease(&mut self, host: HostId) {
        self.change(host, |entry| entry.leased = entry.leased.saturating_sub(1));
    }

    fn lease_first(&mut self, host: HostId, pop: impl FnOnce(&mut Host) -> Option<JobKey>) -> Option<JobKey> {
        let popped = self.change(host, |host| {
            let popped = pop(host);
            host.leased += u32::from(popped.is_some());
            popped
        });
        self.ready -= u64::from(popped.flatten().is_some());
        popped.flatten()
    }

    /// Changes a host and keeps `next` and `next_suspects` true.
    fn change<T>(&mut self, host: HostId, change: impl FnOnce(&mut Host) -> T) -> Option<T> {
        let limit = if host == 0 { u32::MAX } else { self.host_leases };
        let entry = self.hosts.get_mut(host as usize)?;
        let before = entry.offer(limit);
        let changed = change(entry);
        let after = entry.offer(limit);
        if before.0 != after.0 {
            before.0.map(|seq| self.next.remove(&(seq, host)));
            self.next.extend(after.0.map(|seq| (seq, host)));
        }
        if before.1 != after.1 {
            before.1.map(|(crashes, seq)| self.next_suspects.remove(&(crashes, seq, host)));
            self.next_suspects.extend(after.1.map(|(crashes, seq)| (crashes, seq, host)));
        }
        Some(changed)
    }
}
