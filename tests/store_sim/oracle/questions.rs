//! Questions about what is known, each asked of the whole list.

use std::collections::BTreeSet;

use scoopi::internals::model::{Epoch, HostHint, HostPlaces, Incarnation, Job, JobKey, Locator, NodeId};
use scoopi::internals::store::machine::{Counts, Pacing, Refusal};

use super::{Known, Learnt, Oracle, State};

impl Oracle {
    pub(super) fn key(&self, locator: &Locator) -> JobKey {
        JobKey::new(self.run.as_ref().unwrap().id, &locator.group, &locator.name, &locator.url)
    }

    pub(super) fn knows(&self, locator: &Locator) -> bool {
        self.jobs.iter().any(|job| job.locator == *locator)
    }

    pub(super) fn make(&mut self, locator: Locator) {
        let is_beside =
            |job: &&Known| (&job.locator.name, &job.locator.group) == (&locator.name, &locator.group);
        // A page that another one moved to has the number of that one.
        let page = 1 + self.jobs.iter().filter(is_beside).filter(|job| job.via.is_empty()).count() as u32;
        self.jobs.push(Known {
            key: self.key(&locator),
            locator,
            page,
            state: State::Ready,
            leases: 0,
            alone: false,
            failures: 0,
            crashes: 0,
            not_before: 0,
            depth: 0,
            via: vec![],
            has_failed: false,
            host_moves: 0,
            request: 0,
        });
    }

    pub(super) fn held(&mut self, key: JobKey, epoch: Epoch) -> Result<&mut Known, Refusal> {
        let is_held =
            |job: &&mut Known| job.key == key && job.leases == epoch.0 && matches!(job.state, State::Held(_));
        self.jobs.iter_mut().find(is_held).ok_or(Refusal::Stale)
    }

    pub(super) fn shown(&self, key: JobKey) -> Job {
        let job = self.jobs.iter().find(|job| job.key == key).unwrap();
        let host = job.locator.host().filter(|_| self.pacing() == Pacing::Shared);
        let State::Held(node) = job.state else { panic!("{:?} is not held", job.locator) };
        Job {
            key,
            epoch: Epoch(job.leases),
            locator: job.locator.clone(),
            page: job.page,
            failures: job.failures,
            alone: job.alone,
            host_moves: job.host_moves,
            host_places: host
                .map(|host| HostPlaces { request: job.request, count: self.places_of(host, node) as u32 }),
            via: job.via.clone(),
        }
    }

    pub(super) fn works_alone(&self, node: NodeId) -> bool {
        self.jobs.iter().any(|job| job.state == State::Held(node) && job.alone)
    }

    pub(super) fn lease(&mut self, index: usize, node: NodeId, request: u64, alone: bool) -> JobKey {
        if let Some(host) = self.jobs[index].locator.host() {
            if self.has_free_place(host) {
                *self.places.entry((host.to_owned(), node)).or_default() += 1;
            }
            self.leases.push((host.to_owned(), (node, Incarnation(self.members[&node].life))));
            self.jobs[index].host_moves = self.moves_of(host);
        }
        let job = &mut self.jobs[index];
        (job.state, job.alone, job.has_failed) = (State::Held(node), alone, false);
        (job.leases, job.request) = (job.leases + 1, request);
        job.key
    }

    /// How many more places a node may have at a host for jobs that it has ahead.
    fn more_places(&self, host: &str, node: NodeId) -> usize {
        if self.pacing() != Pacing::Shared {
            return 0;
        }
        let waits = |(_, job): (usize, &Known)| job.crashes == 0 && job.locator.host() == Some(host);
        let most = if self.free().any(waits) { self.share() } else { self.host_limit() };
        let may_have = self.held_of(host, node).min(most);
        may_have.saturating_sub(self.places_of(host, node)).min(self.free_places(host))
    }

    fn hosts(&self) -> BTreeSet<String> {
        self.jobs.iter().filter_map(|job| job.locator.host()).map(str::to_owned).collect()
    }

    /// Whether a node would get places for jobs that it has ahead.
    pub(super) fn has_places_for_jobs_ahead(&self, node: NodeId) -> bool {
        self.hosts().iter().any(|host| self.more_places(host, node) > 0)
    }

    /// Gives a node places for jobs that it has ahead. Tells it by one of its jobs of each host.
    pub(super) fn places_for_jobs_ahead(&mut self, node: NodeId, request: u64) -> Vec<JobKey> {
        let mut told = vec![];
        for host in self.hosts() {
            let more = self.more_places(&host, node);
            if more == 0 {
                continue;
            }
            let is_of_host = |job: &&mut Known| {
                job.state == State::Held(node) && job.locator.host() == Some(host.as_str())
            };
            let first = self.jobs.iter_mut().filter(is_of_host).min_by_key(|job| job.key).unwrap();
            first.request = request;
            told.push(first.key);
            *self.places.entry((host, node)).or_default() += more;
        }
        told.sort_unstable();
        told
    }

    /// The places at a host that a node may have.
    fn share(&self) -> usize {
        self.host_limit().div_ceil(self.members.len().max(1))
    }

    /// A node has no more places at a host than jobs of it.
    pub(super) fn take_back_places(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        for ((host, node), count) in &mut places {
            *count = self.held_of(host, *node).min(*count);
        }
        self.places = places;
    }

    fn held_of(&self, host: &str, node: NodeId) -> usize {
        self.holders_of(host).iter().filter(|holder| **holder == node).count()
    }

    fn places_of(&self, host: &str, node: NodeId) -> usize {
        self.places.get(&(host.to_owned(), node)).copied().unwrap_or_default()
    }

    /// The places of all nodes at a host.
    pub(super) fn all_places_of(&self, host: &str) -> usize {
        self.places.iter().filter(|((of, _), _)| of == host).map(|(_, count)| count).sum()
    }

    fn has_free_place(&self, host: &str) -> bool {
        self.pacing() == Pacing::Shared && self.free_places(host) > 0
    }

    fn free_places(&self, host: &str) -> usize {
        if self.is_left_alone(host) {
            return 0;
        }
        self.host_limit().min(self.quota(host)).saturating_sub(self.all_places_of(host))
    }

    fn most_quota(&self) -> usize {
        if self.pacing() == Pacing::Shared { 2 * self.host_limit() } else { self.host_limit() }
    }

    /// Leases that a host may have, as far as was learnt.
    fn quota(&self, host: &str) -> usize {
        let first = self.most_quota().min(self.run.as_ref().unwrap().rules.host_first as usize);
        self.learnt.get(host).map_or(first, |learnt| learnt.quota)
    }

    fn is_left_alone(&self, host: &str) -> bool {
        self.learnt.get(host).is_some_and(|learnt| learnt.not_before > self.now)
    }

    fn learnt(&mut self, key: JobKey) -> Option<&mut Learnt> {
        let job = self.jobs.iter().find(|job| job.key == key)?;
        let host = job.locator.host()?.to_owned();
        let quota = self.quota(&host);
        Some(self.learnt.entry(host).or_insert(Learnt { quota, not_before: 0 }))
    }

    /// A page of a host came.
    pub(super) fn earn(&mut self, key: JobKey) {
        let most = self.most_quota();
        self.learnt(key).into_iter().for_each(|learnt| learnt.quota = most.min(learnt.quota + 1));
    }

    /// What a node learnt of the host of a job.
    pub(super) fn learn(&mut self, key: JobKey, now: u64, hint: HostHint) {
        self.now = self.now.max(now);
        let now = self.now;
        let first = self.most_quota().min(self.run.as_ref().unwrap().rules.host_first as usize);
        let Some(learnt) = self.learnt(key) else { return };
        match hint {
            HostHint::Waits(wait) if wait > 0 => {
                learnt.not_before = learnt.not_before.max(now + wait);
                learnt.quota = learnt.quota.min(first);
            }
            HostHint::Busy => learnt.quota = 1.max(learnt.quota / 2),
            HostHint::Waits(_) | HostHint::Nothing => {}
        }
    }

    /// Bytes of the URLs of jobs that are not over.
    /// How many jobs did not take the place of another one.
    pub(super) fn turns(&self) -> u64 {
        self.jobs.iter().filter(|job| job.via.is_empty()).count() as u64
    }

    pub(super) fn open_bytes(&self) -> usize {
        let is_open = |job: &&Known| matches!(job.state, State::Ready | State::Held(_));
        let bytes = |job: &Known| job.locator.url.len() + job.via.iter().map(String::len).sum::<usize>();
        self.jobs.iter().filter(is_open).map(bytes).sum()
    }

    pub(super) fn host_limit(&self) -> usize {
        self.run.as_ref().unwrap().rules.host_leases as usize
    }

    /// How often a lease of the host was another life's than the one before, if that is a matter of the rules.
    fn moves_of(&self, host: &str) -> u32 {
        if self.pacing() != Pacing::OneNode {
            return 0;
        }
        let lives: Vec<_> = self.leases.iter().filter(|(of, _)| of == host).map(|(_, life)| *life).collect();
        lives.windows(2).filter(|pair| pair[0] != pair[1]).count() as u32
    }

    pub(super) fn pacing(&self) -> Pacing {
        self.run.as_ref().unwrap().rules.pacing
    }

    /// Whether the host of a page has room for a lease by `node`.
    fn has_room(&self, locator: &Locator, node: NodeId) -> bool {
        let Some(host) = locator.host() else { return true };
        if self.is_left_alone(host) {
            return false;
        }
        let holders = self.holders_of(host);
        let has_room = holders.len() < self.host_limit().min(self.quota(host));
        match self.pacing() {
            Pacing::AnyNode => has_room,
            Pacing::OneNode => has_room && holders.iter().all(|holder| *holder == node),
            Pacing::Shared => {
                let (places, held) = (self.places_of(host, node), self.held_of(host, node));
                let share = self.share();
                let ahead = self.quota(host).saturating_sub(self.host_limit()).min(places);
                let is_ahead = places > 0 && places <= share && held < places + ahead;
                if self.has_free_place(host) { places < share } else { is_ahead }
            }
        }
    }

    /// Whether the host of a page has room for the only lease of `node`.
    fn has_room_alone(&self, locator: &Locator, node: NodeId) -> bool {
        match locator.host() {
            Some(host) if self.pacing() == Pacing::Shared => self.has_free_place(host),
            _ => self.has_room(locator, node),
        }
    }

    /// Who holds the leases of a host, each named once for each lease.
    pub(super) fn holders_of(&self, host: &str) -> Vec<NodeId> {
        let of_host = self.jobs.iter().filter(|job| job.locator.host() == Some(host));
        let holder = |job: &Known| match job.state {
            State::Held(node) => Some(node),
            _ => None,
        };
        of_host.filter_map(holder).collect()
    }

    /// Those that nobody has and whose back-off is over.
    fn free(&self) -> impl Iterator<Item = (usize, &Known)> {
        let is_free = |job: &Known| job.state == State::Ready && job.not_before <= self.now;
        self.jobs.iter().enumerate().filter(move |(_, job)| is_free(job))
    }

    /// The oldest one that `node` may have.
    pub(super) fn next_job(&self, node: NodeId) -> Option<usize> {
        let may_have = |job: &Known| job.crashes == 0 && self.has_room(&job.locator, node);
        self.free().find(|(_, job)| may_have(job)).map(|(index, _)| index)
    }

    /// The one with the fewest crashes that `node` may have.
    pub(super) fn next_suspect(&self, node: NodeId) -> Option<usize> {
        let may_have = |job: &Known| job.crashes > 0 && self.has_room_alone(&job.locator, node);
        let suspects = self.free().filter(|(_, job)| may_have(job));
        suspects.min_by_key(|(index, job)| (job.crashes, *index)).map(|(index, _)| index)
    }

    /// When the first job may be taken that waits for its next try, or for its host to be asked again.
    pub(super) fn next_wait(&self) -> Option<u64> {
        let waits = |job: &&Known| job.state == State::Ready && job.not_before > self.now;
        let tries = self.jobs.iter().filter(waits).map(|job| job.not_before);
        let host = |(_, job): (usize, &Known)| {
            let learnt = self.learnt.get(job.locator.host()?)?;
            Some(learnt.not_before).filter(|at| *at > self.now)
        };
        tries.chain(self.free().filter_map(host)).min()
    }

    pub(super) fn counts(&self) -> Counts {
        let count = |is: fn(&State) -> bool| self.jobs.iter().filter(|job| is(&job.state)).count() as u64;
        Counts {
            ready: count(|state| *state == State::Ready),
            leased: count(|state| matches!(state, State::Held(_))),
            ..self.tally
        }
    }
}
