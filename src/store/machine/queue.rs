//! Ready jobs, and who may have the next one.
//!
//! One queue per http host (and one for everything else), so that a host at its limit does not hold up the
//! others: the oldest job of all hosts with room comes first. Jobs that wait for a back-off, and jobs that
//! were in work when a node crashed, stand apart.
//!
//! Where a host is one node's while it has leases ([`Pacing::OneNode`]), what it offers stands among the
//! offers to that node, else among those to all: what a node may have is found without asking every host.

mod host;
mod offers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{JobKey, NodeId};

use super::command::{Pacing, Rules};
use super::members::Life;
use super::record::HostRecord;
use host::{Host, Offer};
use offers::Offers;

/// Number of a host; `0` stands for files and resources, which have no limit.
pub(super) type HostId = u32;

/// Position of a job in the order in which jobs were made.
pub(super) type Seq = u64;

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
    /// What any node may have.
    open: Offers,
    /// What only the node may have that holds leases of the same host. Nodes without leases are not here.
    owned: BTreeMap<NodeId, Offers>,
    /// Jobs whose back-off is not over, with their hosts and crashes.
    delayed: BTreeSet<(i64, Seq, JobKey, HostId, u32)>,
    ready: u64,
    host_leases: u32,
    pacing: Pacing,
}

impl Queue {
    /// An empty queue that keeps to what the rules say of hosts.
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            hosts: vec![Host::default()],
            numbers: HashMap::new(),
            open: Offers::default(),
            owned: BTreeMap::new(),
            delayed: BTreeSet::new(),
            ready: 0,
            host_leases: rules.host_leases.max(1),
            pacing: rules.pacing,
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

    /// Whether [`Queue::pop`] would give `node` a job.
    pub(super) fn has_next(&self, node: NodeId) -> bool {
        self.offers(node).any(|offers| !offers.ready.is_empty())
    }

    /// Whether [`Queue::pop_suspect`] would give `node` a job.
    pub(super) fn has_suspects(&self, node: NodeId) -> bool {
        self.offers(node).any(|offers| !offers.suspects.is_empty())
    }

    /// How often a host went over from one life of a node to another.
    pub(super) fn moves(&self, host: HostId) -> u32 {
        self.hosts.get(host as usize).map_or(0, |host| host.moves)
    }

    /// Hosts of which it is known who had them last, in no order.
    pub(super) fn host_records(&self) -> impl Iterator<Item = HostRecord> + '_ {
        self.numbers.iter().filter_map(|(name, number)| {
            let host = self.hosts.get(*number as usize)?;
            Some(HostRecord { name: name.to_string(), last: host.last?, moves: host.moves })
        })
    }

    /// Takes over what [`Queue::host_records`] gave.
    pub(super) fn set_host(&mut self, record: HostRecord) {
        let number = self.host(Some(&record.name));
        self.change(number, |host| (host.last, host.moves) = (Some(record.last), record.moves));
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

    /// The oldest job of all hosts with room for this life. Its host has one lease more.
    pub(super) fn pop(&mut self, life: Life) -> Option<JobKey> {
        let (_, host) = *self.offers(life.0).filter_map(|offers| offers.ready.first()).min()?;
        self.lease_first(host, life, |host| host.ready.pop_first().map(|(_, key)| key))
    }

    /// The suspect with the fewest crashes of all hosts with room for this life. Its host has one lease more.
    pub(super) fn pop_suspect(&mut self, life: Life) -> Option<JobKey> {
        let (_, _, host) = *self.offers(life.0).filter_map(|offers| offers.suspects.first()).min()?;
        self.lease_first(host, life, |host| host.suspects.pop_first().map(|(_, _, key)| key))
    }

    /// Counts a lease that was there before this queue was.
    pub(super) fn lease(&mut self, host: HostId) {
        self.change(host, |entry| entry.leased += 1);
    }

    /// A lease of this host is over.
    pub(super) fn unlease(&mut self, host: HostId) {
        self.change(host, |entry| entry.leased = entry.leased.saturating_sub(1));
    }

    fn lease_first(
        &mut self,
        host: HostId,
        life: Life,
        pop: impl FnOnce(&mut Host) -> Option<JobKey>,
    ) -> Option<JobKey> {
        let is_one_nodes = host != 0 && self.pacing == Pacing::OneNode;
        let popped = self.change(host, |host| {
            let popped = pop(host)?;
            host.leased += 1;
            if is_one_nodes {
                host.go_to(life);
            }
            Some(popped)
        });
        self.ready -= u64::from(popped.flatten().is_some());
        popped.flatten()
    }

    /// Changes a host and keeps the offers true.
    fn change<T>(&mut self, host: HostId, change: impl FnOnce(&mut Host) -> T) -> Option<T> {
        let limit = if host == 0 { u32::MAX } else { self.host_leases };
        let entry = self.hosts.get_mut(host as usize)?;
        let before = entry.offer(limit);
        let changed = change(entry);
        let after = entry.offer(limit);
        if before != after {
            self.withdraw(host, before);
            self.offers_to(after.to).add(host, after);
        }
        Some(changed)
    }

    /// What `node` may have.
    fn offers(&self, node: NodeId) -> impl Iterator<Item = &Offers> {
        std::iter::once(&self.open).chain(self.owned.get(&node))
    }

    fn offers_to(&mut self, node: Option<NodeId>) -> &mut Offers {
        match node {
            None => &mut self.open,
            Some(node) => self.owned.entry(node).or_default(),
        }
    }

    fn withdraw(&mut self, host: HostId, offer: Offer) {
        let offers = self.offers_to(offer.to);
        offers.remove(host, offer);
        if let Some(node) = offer.to.filter(|_| offers.is_empty()) {
            self.owned.remove(&node);
        }
    }
}
