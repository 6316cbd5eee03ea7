//! A node as a client of the machine: what it knows, what it asks, what it hears.
//!
//! It behaves as the real one does: it asks one thing at a time, and again with the same command until it hears an
//! answer. What it sees of the machine when it asks may be over when the command is applied.

use scoopi::internals::model::{Epoch, Failure, FailureClass, HostHint, Incarnation, Job, JobKey, NodeId};
use scoopi::internals::store::machine::{Barricade, Claim, Command, Machine, Phase, Refusal, Reply};

use super::decisions::Sent;
use super::setup::{Nature, Setup, Site};

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Down,
    Joining,
    /// Before the seeding barricade.
    Waiting,
    Seeding {
        epoch: Epoch,
        sent: u32,
    },
    Working,
}

/// A job in work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Held {
    page: usize,
    job: JobKey,
    epoch: Epoch,
    failures: u32,
    /// Nothing may be taken beside it.
    alone: bool,
    stage: Fetch,
    /// What it was told of the host with the job: number of the request, and places.
    told: Option<(u64, u32)>,
}

/// How far the page of a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fetch {
    Waits,
    /// Its host is being asked.
    Runs,
    Over,
}

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) life: Incarnation,
    pub(super) stage: Stage,
    pub(super) held: Vec<Held>,
    /// What it waits to hear the answer of.
    pub(super) asks: Option<Sent>,
    /// The last request for jobs that was answered.
    request: u64,
    /// What its gate heard last of the host's places.
    told: (u64, u32),
    has_voted: bool,
}

impl Node {
    pub(super) fn new(id: NodeId, life: Incarnation, stage: Stage) -> Self {
        Self { id, life, stage, held: vec![], asks: None, request: 0, told: (0, 0), has_voted: false }
    }

    pub(super) fn is_down(&self) -> bool {
        self.stage == Stage::Down
    }

    /// Dies. Gives what was on its way.
    pub(super) fn die(&mut self) -> Option<Sent> {
        let asked = self.asks.take();
        *self = Self::new(self.id, self.life, Stage::Down);
        asked
    }

    /// Comes back in a new life.
    pub(super) fn start(&mut self) {
        let (node, incarnation) = (self.id, Incarnation(self.life.0 + 1));
        *self = Self::new(node, incarnation, Stage::Joining);
        self.asks = Some(Sent::new(Command::Join { node, incarnation }));
    }

    /// Takes part again, after others took it for dead. What it has in work it goes on with: that this is
    /// somebody else's by now, the epochs of the leases will tell. Its vote died with its old life.
    pub(super) fn rejoin(&mut self) {
        self.life.0 += 1;
        self.has_voted = false;
        self.asks = Some(Sent::new(Command::Join { node: self.id, incarnation: self.life }));
    }

    /// The jobs that stand at the gate of the host and may pass it, by their places among those held. What they were
    /// told, the gate hears when they come.
    pub(super) fn may_fetch(&self) -> impl Iterator<Item = usize> {
        let waits = self.held.iter().enumerate().filter(|(_, held)| held.stage == Fetch::Waits);
        let running = self.held.iter().filter(|held| held.stage == Fetch::Runs).count();
        let room =
            move |told: Option<(u64, u32)>| running < self.told.max(told.unwrap_or_default()).1 as usize;
        waits.filter(move |(_, held)| room(held.told)).map(|(place, _)| place)
    }

    /// Asks the host for the page of a job.
    pub(super) fn fetch(&mut self, place: usize) {
        self.told = self.told.max(self.held[place].told.unwrap_or_default());
        self.held[place].stage = Fetch::Runs;
    }

    /// Asks. What became of a page is known when its fetch is over.
    pub(super) fn ask(&mut self, sent: Sent) {
        let lease = Self::lease_of(&sent.command);
        let over = self.held.iter_mut().filter(|held| Some((held.job, held.epoch)) == lease);
        over.for_each(|held| held.stage = Fetch::Over);
        self.asks = Some(sent);
    }

    /// The lease that a command ends.
    fn lease_of(command: &Command) -> Option<(JobKey, Epoch)> {
        match command {
            Command::Finish { job, epoch, .. }
            | Command::Move { job, epoch, .. }
            | Command::Fail { job, epoch, .. }
            | Command::Release { job, epoch, .. } => Some((*job, *epoch)),
            _ => None,
        }
    }

    /// The leases under which it asks the host at the moment.
    pub(super) fn running(&self) -> impl Iterator<Item = (JobKey, Epoch)> {
        let runs = self.held.iter().filter(|held| held.stage == Fetch::Runs);
        runs.map(|held| (held.job, held.epoch))
    }

    /// What it may ask next, if nothing goes wrong.
    pub(super) fn wishes(&self, machine: &Machine, setup: &Setup) -> Vec<Command> {
        let (node, incarnation) = (self.id, self.life);
        match self.stage {
            Stage::Down | Stage::Joining => vec![],
            Stage::Waiting => vec![Command::Claim { barricade: Barricade::Seed, node, incarnation }],
            Stage::Seeding { epoch, sent } => vec![match setup.site.chunk(sent as usize) {
                Some(locators) => Command::SeedChunk { epoch, number: sent, locators },
                None => setup.site.seed_done(epoch),
            }],
            Stage::Working => match machine.phase() {
                Phase::Running => {
                    let outcomes = self.held.iter().filter_map(|held| held.outcome(&setup.site));
                    outcomes.chain(self.take(machine, setup)).chain(self.vote(machine)).collect()
                }
                Phase::Draining => {
                    let release = |held: &Held| held.release(HostHint::Nothing);
                    let outcomes = self.held.iter().filter_map(|held| held.outcome(&setup.site));
                    outcomes.chain(self.held.iter().map(release)).collect()
                }
                Phase::Shutdown => vec![self.leave()],
                _ => vec![],
            },
        }
    }

    pub(super) fn leave(&self) -> Command {
        Command::Leave { node: self.id, incarnation: self.life }
    }

    /// Its vote, when it has nothing in work and there is nothing for it to take.
    pub(super) fn early_vote(&self, machine: &Machine) -> Option<Command> {
        let is_idle = self.stage == Stage::Working && self.held.is_empty() && !self.has_voted;
        let is_early = machine.phase() == Phase::Running && machine.counts().ready == 0;
        (is_idle && is_early).then_some(Command::Done { node: self.id, incarnation: self.life })
    }

    fn vote(&self, machine: &Machine) -> Option<Command> {
        self.early_vote(machine).filter(|_| machine.counts().open() == 0)
    }

    /// Asks for jobs if it has room and something can be taken; time passes when nothing else is left to do.
    fn take(&self, machine: &Machine, setup: &Setup) -> Option<Command> {
        let room = setup.ahead.saturating_sub(self.held.len()) as u32;
        let now = match machine.takeable(self.id) || machine.takeable_alone(self.id) && self.held.is_empty() {
            true => 0,
            false => machine.next_at()?,
        };
        let request = self.request + 1;
        let has_room = room > 0 && !self.held.iter().any(|held| held.alone);
        has_room.then_some(Command::Take { node: self.id, incarnation: self.life, request, max: room, now })
    }

    /// Hears an answer.
    pub(super) fn hear(&mut self, command: &Command, reply: &Reply, machine: &Machine) {
        self.asks = None;
        match (command, reply) {
            (Command::Leave { .. }, _) => drop(self.die()),
            (_, Reply::Refused(Refusal::NotAMember)) => self.rejoin(),
            (Command::Join { .. }, _) if self.stage == Stage::Joining => {
                let is_seeded = matches!(machine.phase(), Phase::Running | Phase::Shutdown);
                self.stage = if is_seeded { Stage::Working } else { Stage::Waiting };
            }
            (Command::Claim { .. }, Reply::Claimed(Claim::Work(epoch))) => {
                self.stage = Stage::Seeding { epoch: *epoch, sent: 0 };
            }
            (Command::Claim { .. }, Reply::Claimed(Claim::Open)) => self.stage = Stage::Working,
            (Command::SeedChunk { .. } | Command::SeedDone { .. }, Reply::Refused(_)) => {
                self.stage = Stage::Waiting;
            }
            (Command::SeedChunk { number, .. }, _) => {
                if let Stage::Seeding { sent, .. } = &mut self.stage {
                    *sent = number + 1;
                }
            }
            (Command::SeedDone { .. }, _) => self.stage = Stage::Working,
            (Command::Take { .. }, Reply::Taken { jobs }) => self.taken(jobs),
            (Command::Take { .. }, _) => self.taken(&[]),
            // Whatever the answer, the lease is over.
            (
                Command::Finish { .. }
                | Command::Move { .. }
                | Command::Fail { .. }
                | Command::Release { .. },
                _,
            ) => {
                let lease = Self::lease_of(command);
                self.held.retain(|held| Some((held.job, held.epoch)) != lease);
            }
            (Command::Done { .. }, Reply::Accepted) => self.has_voted = machine.counts().open() == 0,
            _ => {}
        }
    }

    fn taken(&mut self, jobs: &[Job]) {
        self.request += 1;
        self.has_voted &= jobs.is_empty();
        let is_held =
            |job: &&Job| self.held.iter().any(|held| (held.job, held.epoch) == (job.key, job.epoch));
        let (again, new): (Vec<_>, Vec<_>) = jobs.iter().partition(is_held);
        for places in again.iter().filter_map(|job| job.host_places) {
            self.told = self.told.max((places.request, places.count));
        }
        self.held.extend(new.into_iter().map(|job| Held {
            page: Site::page_of(&job.locator),
            job: job.key,
            epoch: job.epoch,
            failures: job.failures,
            alone: job.alone,
            // Where nothing is told of places, nothing has to wait at a gate.
            stage: if job.host_places.is_some() { Fetch::Waits } else { Fetch::Over },
            told: job.host_places.map(|places| (places.request, places.count)),
        }));
    }
}

impl Held {
    pub(super) fn nature(&self, site: &Site) -> Nature {
        site.pages[self.page].nature
    }

    /// What becomes of the page, if the node lives.
    fn outcome(&self, site: &Site) -> Option<Command> {
        if self.stage == Fetch::Waits {
            return None;
        }
        match self.nature(site) {
            Nature::Healthy => Some(Command::Finish {
                job: self.job,
                epoch: self.epoch,
                rows: Site::rows(),
                links: site.links(self.page),
            }),
            Nature::Moved(to) => {
                let to = Site::locator(to).url;
                Some(Command::Move { job: self.job, epoch: self.epoch, to })
            }
            Nature::Failing(class) => Some(self.failure(class)),
            Nature::Deadly => None,
        }
    }

    /// A failure, to be tried again when some time has passed.
    pub(super) fn failure(&self, class: FailureClass) -> Command {
        let failure = Failure { class, step: "load".into(), reason: "no answer".to_owned() };
        let (wait, host) = (u64::from(self.failures) + 1, HostHint::Nothing);
        Command::Fail { job: self.job, epoch: self.epoch, failure, now: 0, wait, host }
    }

    /// The job goes back untouched, because of its host.
    pub(super) fn release(&self, host: HostHint) -> Command {
        Command::Release { job: self.job, epoch: self.epoch, now: 0, host }
    }
}
