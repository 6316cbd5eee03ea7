//! Ready jobs, and who may have the next one.
//!
//! One queue per http host (and one for everything else), so that a host at its limit does not hold up the others: the
//! oldest job of all hosts with room comes first. Jobs that wait for a back-off, and jobs that were leased when a node
//! crashed, stand apart.
//!
//! Where a host is one node's while it has leases ([`Pacing::OneNode`]), what it offers stands among the
//! offers to that node, else among those to all: what a node may have is found without asking every host. What nodes
//! may have ahead of the places that they share ([`Pacing::Shared`]) stands among the offers to each of them.

mod host;
mod offers;
mod shares;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{JobKey, NodeId};

use super::command::{Pacing, Rules};
use super::members::Life;
use super::numbers::{HostId, Seq};
use super::record::HostRecord;
use host::{Host, Offer};
use offers::Offers;
use shares::Share;

/// A job that is not leased, and what decides where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) key: JobKey,
    pub(super) host: HostId,
    pub(super) seq: Seq,
    pub(super) crashes: u32,
}

/// The jobs that are not leased, by host.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    hosts: Vec<Host>,
    numbers: HashMap<Box<str>, HostId>,
    /// What any node may have.
    open: Offers,
    /// What only the node may have that holds leases of the same host. Nodes without leases are not here.
    owned: BTreeMap<NodeId, Offers>,
    /// How many nodes share a host.
    nodes: u32,
    /// Jobs whose back-off is not over, with their hosts and crashes.
    delayed: BTreeSet<(u64, Seq, JobKey, HostId, u32)>,
    /// Hosts that are left alone, by the time when that ends.
    held: BTreeSet<(u64, HostId)>,
    /// Those of them that have jobs.
    waiting: BTreeSet<(u64, HostId)>,
    ready: u64,
    host_leases: u32,
    host_first: u32,
    pacing: Pacing,
}

impl Queue {
    /// An empty queue that keeps to what the rules say of hosts.
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            hosts: vec![Host::new(u32::MAX)],
            numbers: HashMap::new(),
            open: Offers::default(),
            owned: BTreeMap::new(),
            nodes: 0,
            delayed: BTreeSet::new(),
            held: BTreeSet::new(),
            waiting: BTreeSet::new(),
            ready: 0,
            host_leases: rules.host_leases.max(1),
            host_first: rules.host_first.max(1),
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
        self.hosts.push(Host::new(self.first_quota()));
        self.numbers.insert(name.into(), number);
        number
    }

    /// Ready jobs, those waiting for a back-off and the suspects included.
    pub(super) fn len(&self) -> u64 {
        self.ready
    }

    /// Whether [`Queue::pop`] would give `node` a job, or [`Queue::promote`] a place.
    pub(super) fn has_next(&self, node: NodeId) -> bool {
        self.owned.get(&node).is_some_and(|offers| !offers.places.is_empty()) || self.next(node).is_some()
    }

    /// Assigns free places to jobs that `node` has prefetched. Returns their hosts.
    pub(super) fn promote(&mut self, node: NodeId) -> Vec<HostId> {
        let hosts: Vec<HostId> =
            self.owned.get(&node).into_iter().flat_map(|offers| &offers.places).copied().collect();
        let (share, limit) = (self.most_places(), self.host_leases);
        for host in &hosts {
            self.change(*host, |host| {
                let most = host.most_places_ahead(share, limit);
                let free = host.free(limit);
                host.taken += host.shares.get_mut(&node).map_or(0, |share| share.promote(most, free));
            });
        }
        hosts
    }

    /// Whether [`Queue::pop_suspect`] would give `node` a job.
    pub(super) fn has_suspects(&self, node: NodeId) -> bool {
        self.offers(node).any(|offers| !offers.suspects.is_empty())
    }

    /// How often a host went over from one life of a node to another.
    pub(super) fn moves(&self, host: HostId) -> u32 {
        self.hosts.get(host as usize).map_or(0, |host| host.moves)
    }

    /// How many places a node has at a host, where nodes share them.
    pub(super) fn places(&self, host: HostId, node: NodeId) -> Option<u32> {
        let host = self.hosts.get(host as usize).filter(|_| self.is_shared(host))?;
        Some(host.shares.get(&node).map_or(0, |share| share.places))
    }

    /// Sets the number of nodes that take part: each may have its share of every host's places.
    pub(super) fn set_nodes(&mut self, nodes: usize) {
        let before = std::mem::replace(&mut self.nodes, u32::try_from(nodes).unwrap_or(u32::MAX));
        if self.pacing == Pacing::Shared && self.nodes != before {
            (0..self.hosts.len() as HostId).for_each(|host| self.offer_ahead(host));
        }
    }

    /// Hosts of which more is known than their jobs, in no order.
    pub(super) fn host_records(&self) -> impl Iterator<Item = HostRecord> + '_ {
        self.numbers.iter().filter_map(|(name, number)| {
            let host = self.hosts.get(*number as usize)?;
            let places: Vec<_> = host.shares.iter().map(|(node, share)| (*node, share.places)).collect();
            let has_learnt = host.quota != self.first_quota() || host.held_until > 0;
            let is_known = host.last.is_some() || !places.is_empty() || has_learnt;
            is_known.then(|| HostRecord {
                name: name.to_string(),
                last: host.last,
                moves: host.moves,
                quota: host.quota,
                held_until: host.held_until,
                places,
            })
        })
    }

    /// Takes over what [`Queue::host_records`] gave.
    pub(super) fn set_host(&mut self, record: HostRecord) {
        let number = self.host(Some(&record.name));
        self.change(number, |host| {
            (host.last, host.moves) = (record.last, record.moves);
            (host.quota, host.held_until) = (record.quota, record.held_until);
            for (node, places) in record.places {
                host.taken = host.taken.saturating_add(places);
                host.shares.entry(node).or_default().places = places;
            }
        });
    }

    /// When the first wait ends, and for which job.
    pub(super) fn next_wait(&self) -> Option<(u64, JobKey)> {
        let delayed = self.delayed.first().map(|(at, _, key, ..)| (*at, *key));
        let held = self.waiting.first().and_then(|(at, host)| {
            let first = self.hosts.get(*host as usize).and_then(Host::first);
            first.map(|key| (*at, key))
        });
        delayed.into_iter().chain(held).min()
    }

    /// Whether there is a job that a node could take, now or when it has none in progress.
    pub(super) fn has_offers(&self) -> bool {
        !self.open.is_empty() || !self.owned.is_empty()
    }

    /// Leaves a host alone until a time that is not there yet. It has to earn again what it may have ahead.
    pub(super) fn hold(&mut self, host: HostId, now: u64, until: u64) {
        let quota = self.first_quota();
        if host != 0 && until > now {
            self.change(host, |host| {
                host.held_until = host.held_until.max(until);
                host.quota = host.quota.min(quota);
            });
        }
    }

    /// A page of a host came: it may have one lease more.
    pub(super) fn grow(&mut self, host: HostId) {
        let most = self.most_quota();
        if host != 0 && self.hosts.get(host as usize).is_some_and(|host| host.quota < most) {
            self.change(host, |host| host.quota += 1);
        }
    }

    /// A job waited for others of its host: it may have fewer leases.
    pub(super) fn shrink(&mut self, host: HostId) {
        if host != 0 {
            self.change(host, |host| host.quota = (host.quota / 2).max(1));
        }
    }

    /// What a host may have of which no page came yet.
    fn first_quota(&self) -> u32 {
        self.host_first.min(self.most_quota())
    }

    /// What a host may have at most.
    fn most_quota(&self) -> u32 {
        match self.pacing {
            Pacing::Shared => self.host_leases.saturating_mul(2),
            Pacing::AnyNode | Pacing::OneNode => self.host_leases,
        }
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
    pub(super) fn push_delayed(&mut self, at: u64, place: Place) {
        self.ready += 1;
        self.delayed.insert((at, place.seq, place.key, place.host, place.crashes));
    }

    /// Lets jobs whose back-off is over take their place again, and hosts offer theirs that were left alone for long enough.
    pub(super) fn wake(&mut self, now: u64) {
        while let Some((_, host)) = self.held.first().copied().filter(|(at, _)| *at <= now) {
            self.change(host, |host| host.held_until = 0);
        }
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
        let host = self.next(life.0)?;
        self.lease_first(host, life, |host| host.ready.pop_first().map(|(_, key)| key))
    }

    /// The suspect with the fewest crashes of all hosts with room for this life. Its host has one lease more.
    pub(super) fn pop_suspect(&mut self, life: Life) -> Option<JobKey> {
        let (_, _, host) = *self.offers(life.0).filter_map(|offers| offers.suspects.first()).min()?;
        self.lease_first(host, life, |host| host.suspects.pop_first().map(|(_, _, key)| key))
    }

    /// Counts a lease that was there before this queue was.
    pub(super) fn lease(&mut self, host: HostId, node: NodeId) {
        let is_shared = self.is_shared(host);
        self.change(host, |entry| {
            if is_shared {
                // Its place, if it has one, came with the host's record.
                entry.shares.entry(node).or_default().lease(false);
            } else {
                entry.taken = entry.taken.saturating_add(1);
            }
        });
    }

    /// A lease of this host is over.
    pub(super) fn unlease(&mut self, host: HostId, node: NodeId) {
        let is_shared = self.is_shared(host);
        self.change(host, |entry| {
            let is_free = !is_shared || entry.shares.get_mut(&node).is_some_and(Share::unlease);
            entry.taken = entry.taken.saturating_sub(u32::from(is_free));
        });
    }

    /// Whether nodes share the places of this host.
    fn is_shared(&self, host: HostId) -> bool {
        host != 0 && self.pacing == Pacing::Shared
    }

    /// Most places of a node at a host that it shares.
    fn most_places(&self) -> u32 {
        self.host_leases.div_ceil(self.nodes.max(1))
    }

    /// The host of the oldest job that `node` may have. Hosts at which it has its share of the places are passed over,
    /// of which there are no more than it has leases.
    fn next(&self, node: NodeId) -> Option<HostId> {
        let most = self.most_places();
        let has_share = |host: HostId| self.places(host, node).is_some_and(|places| places >= most);
        let open = self.open.ready.iter().find(|(_, host)| !has_share(*host));
        let owned = self.owned.get(&node).and_then(|offers| offers.ready.first());
        open.into_iter().chain(owned).min().map(|(_, host)| *host)
    }

    fn lease_first(
        &mut self,
        host: HostId,
        life: Life,
        pop: impl FnOnce(&mut Host) -> Option<JobKey>,
    ) -> Option<JobKey> {
        let is_one_nodes = host != 0 && self.pacing == Pacing::OneNode;
        let (is_shared, limit) = (self.is_shared(host), self.limit(host));
        let popped = self.change(host, |host| {
            let has_place = host.free(limit) > 0;
            let popped = pop(host)?;
            host.taken += u32::from(has_place);
            if is_shared {
                host.shares.entry(life.0).or_default().lease(has_place);
            }
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
        let limit = self.limit(host);
        let entry = self.hosts.get_mut(host as usize)?;
        let (before, held, waited) = (entry.offer(limit), entry.held_until, entry.waits_until());
        let changed = change(entry);
        let (after, holds, waits) = (entry.offer(limit), entry.held_until, entry.waits_until());
        if before != after {
            self.withdraw(host, before);
            self.offers_to(after.to).add(host, after);
        }
        if held != holds {
            self.held.remove(&(held, host));
            self.held.extend((holds > 0).then_some((holds, host)));
        }
        if waited != waits {
            waited.map(|at| self.waiting.remove(&(at, host)));
            self.waiting.extend(waits.map(|at| (at, host)));
        }
        if self.is_shared(host) {
            self.offer_ahead(host);
        }
        Some(changed)
    }

    /// Offers the oldest job of a host whose places are all taken to those who may have more ahead; and its places, if
    /// there are any, to those who have jobs ahead.
    fn offer_ahead(&mut self, host: HostId) {
        let (limit, most) = (self.limit(host), self.most_places());
        let Some(entry) = self.hosts.get_mut(host as usize) else { return };
        let (has_places, is_held) = (entry.free(limit) > 0, entry.held_until > 0);
        let most_ahead = entry.most_places_ahead(most, limit);
        let ahead = entry.quota.saturating_sub(limit);
        let first = entry.ready.first().filter(|_| !has_places && !is_held).map(|(seq, _)| *seq);
        for (node, share) in &mut entry.shares {
            let offer = first.filter(|_| share.has_room_ahead(most, ahead));
            let is_offered_places = has_places && share.wants_place(most_ahead);
            if (offer, is_offered_places) == (share.offered, share.is_offered_places) {
                continue;
            }
            let offers = self.owned.entry(*node).or_default();
            share.offered.map(|seq| offers.ready.remove(&(seq, host)));
            offers.ready.extend(offer.map(|seq| (seq, host)));
            match is_offered_places {
                true => offers.places.insert(host),
                false => offers.places.remove(&host),
            };
            if offers.is_empty() {
                self.owned.remove(node);
            }
            (share.offered, share.is_offered_places) = (offer, is_offered_places);
        }
        entry.shares.retain(|_, share| !share.is_empty());
    }

    fn limit(&self, host: HostId) -> u32 {
        if host == 0 { u32::MAX } else { self.host_leases }
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
