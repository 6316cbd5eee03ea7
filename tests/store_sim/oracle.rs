//! What clients were promised: which jobs there are, who holds which, and what every command must come to.
//!
//! Written from the rules, with one flat list of jobs and no index, so that it shares neither code nor
//! structure with the machine.

mod checks;
mod questions;

use std::collections::{BTreeMap, BTreeSet};

use scoopi::internals::model::{
    Epoch, Failure, FailureClass, Fingerprint, HostHint, Incarnation, JobKey, Link, Locator, NodeId,
};
use scoopi::internals::store::machine::{
    Barricade, Claim, Command, Counts, Lost, Phase, Refusal, Reply, Run, seed_digest,
};

use super::votes::Votes;

/// A life of a node.
type Life = (NodeId, Incarnation);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Ready,
    Held(NodeId),
    Done,
    Moved,
    Failed,
    Quarantined,
}

/// A job that is known.
#[derive(Debug, Clone)]
struct Known {
    key: JobKey,
    locator: Locator,
    page: u32,
    state: State,
    leases: u32,
    alone: bool,
    failures: u32,
    crashes: u32,
    not_before: u64,
    /// Links, and the URLs that redirected to it.
    depth: u32,
    via: Vec<String>,
    /// Whether its last lease ended by a failure.
    has_failed: bool,
    /// How often its host had gone over to another life when it was last leased.
    host_moves: u32,
    /// Number of the request that it was last given to.
    request: u64,
}

/// What was learnt of a host.
#[derive(Debug, Clone)]
struct Learnt {
    /// Leases that it may have.
    quota: usize,
    /// It offers nothing before.
    not_before: u64,
}

#[derive(Debug, Clone, Default)]
struct Member {
    life: u64,
    request: u64,
    given: Vec<JobKey>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Work {
    #[default]
    Nobody,
    By(NodeId),
    Open,
    Failed(String),
}

/// See the module docs.
#[derive(Debug, Clone)]
pub(crate) struct Oracle {
    run: Option<Run>,
    phase: Phase,
    seeded: bool,
    members: BTreeMap<NodeId, Member>,
    lives: BTreeMap<NodeId, u64>,
    votes: Votes,
    gates: BTreeMap<Barricade, (u32, Work)>,
    chunks: Vec<Vec<Locator>>,
    jobs: Vec<Known>,
    /// Every lease of a page of a host, in order.
    leases: Vec<(String, Life)>,
    /// How many requests a node may make of a host at a time, where nodes share hosts.
    places: BTreeMap<(String, NodeId), usize>,
    learnt: BTreeMap<String, Learnt>,
    now: u64,
    tally: Counts,
    /// How often rows of a job were committed, and how often it was said to be lost.
    ended: BTreeMap<JobKey, (u32, u32)>,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        Self {
            run: None,
            phase: Phase::Forming,
            seeded: false,
            members: BTreeMap::new(),
            lives: BTreeMap::new(),
            votes: Votes::default(),
            gates: BTreeMap::new(),
            chunks: vec![],
            jobs: vec![],
            leases: vec![],
            places: BTreeMap::new(),
            learnt: BTreeMap::new(),
            now: 0,
            tally: Counts::default(),
            ended: BTreeMap::new(),
        }
    }

    /// Who holds a job at this epoch.
    pub(crate) fn holder(&self, key: JobKey, epoch: Epoch) -> Option<Life> {
        let job = self.jobs.iter().find(|job| job.key == key && job.leases == epoch.0)?;
        match job.state {
            State::Held(node) => Some((node, Incarnation(self.members[&node].life))),
            _ => None,
        }
    }

    /// What a command must come to.
    pub(crate) fn expect(&mut self, command: &Command) -> (Reply, Vec<Lost>) {
        let mut lost = vec![];
        let reply = self.answer(command, &mut lost).unwrap_or_else(Reply::Refused);
        self.take_back_places();
        let members = self.members.keys().copied().collect::<BTreeSet<_>>();
        self.phase = self.votes.phase_after(self.phase, self.counts().open(), &members);
        if let (Command::Finish { job, .. }, Reply::Accepted) = (command, &reply) {
            self.ended.entry(*job).or_default().0 += 1;
        }
        for job in &lost {
            let key = self.key(&job.locator);
            self.ended.entry(key).or_default().1 += 1;
        }
        (reply, lost)
    }

    fn answer(&mut self, command: &Command, lost: &mut Vec<Lost>) -> Result<Reply, Refusal> {
        match command {
            Command::Begin(run) => self.begin(run),
            Command::Join { node, incarnation } => self.join(*node, incarnation.0, lost),
            Command::Leave { node, incarnation } => {
                self.member(*node, *incarnation)?;
                self.gone(*node, None);
                Ok(Reply::Accepted)
            }
            Command::Expire { node, incarnation } => {
                self.member(*node, *incarnation)?;
                self.gone(*node, Some(lost));
                Ok(Reply::Accepted)
            }
            Command::Claim { barricade, node, incarnation } => {
                self.member(*node, *incarnation)?;
                self.claim(*barricade, *node)
            }
            Command::Publish { epoch, .. } => self.pass(Barricade::Compose, *epoch, Work::Open)?.map_or_else(
                || {
                    if self.phase == Phase::Composing {
                        self.phase = Phase::Seeding;
                    }
                    Ok(Reply::Accepted)
                },
                Ok,
            ),
            Command::PublishFailure { barricade, epoch, reason } => {
                let passed = self.pass(*barricade, *epoch, Work::Failed(reason.clone()))?;
                Ok(passed.unwrap_or(Reply::Accepted))
            }
            Command::SeedChunk { epoch, number, locators } => self.chunk(*epoch, *number, locators),
            Command::SeedDone { epoch, count, digest } => self.seed_done(*epoch, *count, *digest),
            Command::Take { node, incarnation, request, max, now } => {
                self.member(*node, *incarnation)?;
                self.take(*node, *request, *max, *now)
            }
            Command::Finish { job, epoch, rows, links } => self.finish(*job, *epoch, rows.count(), links),
            Command::Move { job, epoch, to } => self.move_to(*job, *epoch, to),
            Command::Fail { job, epoch, failure, now, wait, host } => {
                self.fail(*job, *epoch, failure, (*now, *wait), *host, lost)
            }
            Command::Release { job, epoch, now, host } => {
                self.held(*job, *epoch)?.state = State::Ready;
                self.learn(*job, *now, *host);
                Ok(Reply::Accepted)
            }
            Command::Cancel => match self.phase {
                Phase::Seeding | Phase::Running | Phase::Draining => {
                    self.phase = Phase::Draining;
                    Ok(Reply::Accepted)
                }
                phase => Err(Refusal::Phase(phase)),
            },
            Command::Resume => {
                if self.phase == Phase::Draining {
                    self.phase = if self.seeded { Phase::Running } else { Phase::Seeding };
                }
                Ok(Reply::Accepted)
            }
            Command::Done { node, incarnation } => {
                self.member(*node, *incarnation)?;
                self.votes.cast(*node);
                Ok(Reply::Accepted)
            }
        }
    }

    fn begin(&mut self, run: &Run) -> Result<Reply, Refusal> {
        if let Some(begun) = &self.run {
            return if begun == run { Ok(Reply::Repeated) } else { Err(Refusal::AlreadyBegun) };
        }
        self.run = Some(run.clone());
        let is_composed = self.gates.get(&Barricade::Compose).is_some_and(|(_, work)| *work == Work::Open);
        self.phase = if is_composed { Phase::Seeding } else { Phase::Composing };
        Ok(Reply::Accepted)
    }

    fn join(&mut self, node: NodeId, life: u64, lost: &mut Vec<Lost>) -> Result<Reply, Refusal> {
        let last = self.lives.get(&node).copied().unwrap_or(0);
        let is_here = self.members.contains_key(&node);
        if life < last || (life == last && last > 0 && !is_here) {
            return Err(Refusal::NotAMember);
        }
        if life > last {
            if is_here {
                self.gone(node, Some(lost));
            }
            self.lives.insert(node, life);
            self.members.insert(node, Member { life, ..Member::default() });
        }
        Ok(Reply::Accepted)
    }

    /// A life is over; `lost` is there if it was a crash.
    fn gone(&mut self, node: NodeId, lost: Option<&mut Vec<Lost>>) {
        self.members.remove(&node);
        self.votes.withdraw(node);
        for (_, work) in self.gates.values_mut().filter(|(_, work)| *work == Work::By(node)) {
            *work = Work::Nobody;
        }
        let mut held: Vec<&mut Known> =
            self.jobs.iter_mut().filter(|job| job.state == State::Held(node)).collect();
        // Losses are told by key, which is the only order that all nodes have without further state.
        held.sort_by_key(|job| job.key);
        let Some(lost) = lost else {
            return held.into_iter().for_each(|job| job.state = State::Ready);
        };
        let most = self.run.as_ref().map_or(0, |run| run.rules.max_crashes);
        for job in held {
            job.crashes += 1;
            job.state = if job.crashes <= most { State::Ready } else { State::Quarantined };
            if job.state == State::Quarantined {
                self.tally.quarantined += 1;
                lost.push(Lost {
                    locator: job.locator.clone(),
                    quarantined: true,
                    step: "".into(),
                    reason: format!("{} crashes of a node that worked on it", job.crashes),
                    tries: job.failures + job.crashes,
                });
            }
        }
    }

    fn member(&self, node: NodeId, incarnation: Incarnation) -> Result<&Member, Refusal> {
        self.members.get(&node).filter(|member| member.life == incarnation.0).ok_or(Refusal::NotAMember)
    }

    fn claim(&mut self, barricade: Barricade, node: NodeId) -> Result<Reply, Refusal> {
        if barricade == Barricade::Seed && self.phase < Phase::Seeding {
            return Err(Refusal::Phase(self.phase));
        }
        let (epoch, work) = self.gates.entry(barricade).or_default();
        let claim = match work {
            Work::Open => Claim::Open,
            Work::Failed(reason) => Claim::Failed(reason.clone()),
            Work::By(other) if *other != node => Claim::Wait(*other),
            Work::By(_) => Claim::Work(Epoch(*epoch)),
            Work::Nobody => {
                *epoch += 1;
                *work = Work::By(node);
                if barricade == Barricade::Seed {
                    self.chunks.clear();
                }
                Claim::Work(Epoch(*epoch))
            }
        };
        Ok(Reply::Claimed(claim))
    }

    /// The holder of a barricade says what became of the work. Gives a reply if it had said so before.
    fn pass(&mut self, barricade: Barricade, epoch: Epoch, end: Work) -> Result<Option<Reply>, Refusal> {
        let (current, work) = self.gates.entry(barricade).or_default();
        if *current != epoch.0 {
            return Err(Refusal::NotTheHolder);
        }
        match (&*work, &end) {
            (Work::Open, Work::Open) | (Work::Failed(_), Work::Failed(_)) => Ok(Some(Reply::Repeated)),
            (Work::By(_), _) => {
                *work = end;
                Ok(None)
            }
            _ => Err(Refusal::NotTheHolder),
        }
    }

    fn chunk(&mut self, epoch: Epoch, number: u32, locators: &[Locator]) -> Result<Reply, Refusal> {
        match self.gates.get(&Barricade::Seed) {
            Some((current, Work::By(_))) if *current == epoch.0 => {}
            _ => return Err(Refusal::NotTheHolder),
        }
        if (number as usize) < self.chunks.len() {
            return Ok(Reply::Repeated);
        }
        if number as usize > self.chunks.len() {
            return Err(Refusal::SeedMismatch);
        }
        self.chunks.push(locators.to_vec());
        for locator in locators {
            if !self.knows(locator) {
                self.make(locator.clone());
            }
        }
        Ok(Reply::Accepted)
    }

    fn seed_done(&mut self, epoch: Epoch, count: u64, digest: Fingerprint) -> Result<Reply, Refusal> {
        let sent: u64 = self.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let sum = self.chunks.iter().fold(Fingerprint::default(), |sum, chunk| seed_digest(sum, chunk));
        let is_held = matches!(
            self.gates.get(&Barricade::Seed), Some((current, Work::By(_))) if *current == epoch.0
        );
        if is_held && (sent, sum) != (count, digest) {
            return Err(Refusal::SeedMismatch);
        }
        if let Some(repeated) = self.pass(Barricade::Seed, epoch, Work::Open)? {
            return Ok(repeated);
        }
        self.seeded = true;
        if self.phase == Phase::Seeding {
            self.phase = Phase::Running;
        }
        Ok(Reply::Accepted)
    }

    fn take(&mut self, node: NodeId, request: u64, max: u32, now: u64) -> Result<Reply, Refusal> {
        if self.run.is_none() {
            return Err(Refusal::Phase(self.phase));
        }
        let member = self.members[&node].clone();
        if request < member.request {
            return Err(Refusal::Stale);
        }
        if request == member.request {
            let is_held = |key: &&JobKey| {
                self.jobs.iter().any(|job| job.key == **key && job.state == State::Held(node))
            };
            let jobs = member.given.iter().filter(is_held).map(|key| self.shown(*key)).collect();
            return Ok(Reply::Taken { jobs });
        }
        if self.phase != Phase::Running {
            let member = self.members.get_mut(&node).unwrap();
            (member.request, member.given) = (request, vec![]);
            return Err(Refusal::Phase(self.phase));
        }
        self.now = self.now.max(now);
        let mut given = vec![];
        let is_idle = !self.jobs.iter().any(|job| job.state == State::Held(node));
        if !self.works_alone(node) {
            given = self.places_for_jobs_ahead(node, request);
            for _ in 0..max {
                let Some(next) = self.next_job(node) else { break };
                given.push(self.lease(next, node, request, false));
            }
            if given.is_empty() && is_idle && max > 0 {
                given.extend(self.next_suspect(node).map(|next| self.lease(next, node, request, true)));
            }
        }
        let member = self.members.get_mut(&node).unwrap();
        (member.request, member.given) = (request, given.clone());
        if !given.is_empty() {
            self.votes.withdraw(node);
        }
        let jobs = given.into_iter().map(|key| self.shown(key)).collect();
        Ok(Reply::Taken { jobs })
    }

    fn finish(&mut self, key: JobKey, epoch: Epoch, rows: u64, links: &[Link]) -> Result<Reply, Refusal> {
        let is_repeated = |job: &Known| job.key == key && job.leases == epoch.0 && job.state == State::Done;
        if self.jobs.iter().any(is_repeated) {
            return Ok(Reply::Repeated);
        }
        let job = self.held(key, epoch)?;
        job.state = State::Done;
        let (name, depth) = (job.locator.name.clone(), job.depth + 1);
        self.earn(key);
        self.tally.done += 1;
        self.tally.rows += rows;
        let rules = self.run.as_ref().unwrap().rules.clone();
        for link in links {
            let locator = Locator { group: link.group.clone(), name: name.clone(), url: link.url.clone() };
            if self.knows(&locator) {
                self.tally.known_links += 1;
            } else if self.turns() >= rules.max_jobs {
                self.tally.dropped_links += 1;
            } else if depth > rules.max_depth {
                self.tally.too_deep_links += 1;
            } else if self.open_bytes() + locator.url.len() > rules.max_url_bytes as usize {
                self.tally.too_many_url_bytes += 1;
            } else {
                self.make(locator);
                self.jobs.last_mut().unwrap().depth = depth;
            }
        }
        Ok(Reply::Accepted)
    }

    fn move_to(&mut self, key: JobKey, epoch: Epoch, to: &str) -> Result<Reply, Refusal> {
        let is_repeated = |job: &Known| job.key == key && job.leases == epoch.0 && job.state == State::Moved;
        if self.jobs.iter().any(is_repeated) {
            return Ok(Reply::Repeated);
        }
        let job = self.held(key, epoch)?;
        job.state = State::Moved;
        let Known { locator, page, depth, mut via, .. } = job.clone();
        self.earn(key);
        self.tally.done += 1;
        self.tally.moved += 1;
        let target = Locator { url: to.to_owned(), ..locator.clone() };
        via.push(locator.url);
        let bytes: usize = via.iter().map(String::len).sum();
        if self.knows(&target) {
            self.tally.moved_to_known += 1;
        } else if self.open_bytes() + bytes + to.len()
            > self.run.as_ref().unwrap().rules.max_url_bytes as usize
        {
            self.tally.too_many_url_bytes += 1;
        } else {
            self.make(target);
            let made = self.jobs.pop().unwrap();
            // It has the turn of the one before.
            let at = self.jobs.iter().position(|job| job.key == key).unwrap();
            self.jobs.insert(at + 1, Known { page, depth, via, ..made });
        }
        Ok(Reply::Accepted)
    }

    fn fail(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        failure: &Failure,
        (now, wait): (u64, u64),
        host: HostHint,
        lost: &mut Vec<Lost>,
    ) -> Result<Reply, Refusal> {
        if let Some(job) = self.jobs.iter().find(|job| job.key == key && job.leases == epoch.0) {
            match job.state {
                State::Ready if job.has_failed => return Ok(Reply::Failed { again: true }),
                State::Failed | State::Quarantined => return Ok(Reply::Failed { again: false }),
                _ => {}
            }
        }
        let most = self.run.as_ref().map_or(0, |run| run.rules.max_tries);
        self.held(key, epoch)?;
        self.learn(key, now, host);
        let not_before = self.now + wait;
        let job = self.held(key, epoch)?;
        (job.failures, job.has_failed) = (job.failures + 1, true);
        let is_recoverable = failure.class == FailureClass::Recoverable;
        if is_recoverable && job.failures < most {
            (job.state, job.not_before) = (State::Ready, not_before);
            self.tally.retries += 1;
            return Ok(Reply::Failed { again: true });
        }
        job.state = if is_recoverable { State::Quarantined } else { State::Failed };
        lost.push(Lost {
            locator: job.locator.clone(),
            quarantined: is_recoverable,
            step: failure.step.clone(),
            reason: failure.reason.clone(),
            tries: job.failures,
        });
        self.tally.quarantined += u64::from(is_recoverable);
        self.tally.failed += u64::from(!is_recoverable);
        Ok(Reply::Failed { again: false })
    }
}
