//! The one state that all nodes agree on: commands go in, replies come out.
//!
//! Deterministic: no clock, no randomness, no disk, no network. Whatever varies arrives inside the command,
//! so applying the same commands in the same order gives the same state on every node and after every
//! restart. Solo applies them from a local log, a cluster from a replicated one.
//!
//! ```text
//! FORMING ─Begin─▶ COMPOSING ─Publish─▶ SEEDING ─SeedDone─▶ RUNNING ─open = 0, all voted─▶ SHUTDOWN ─▶ TERMINATED
//!                                          └──────Cancel──────┴─▶ DRAINING ─Resume─▶ back
//! ```

mod command;
mod counts;
mod gates;
mod jobs;
mod members;
#[cfg(feature = "mutants")]
mod mutant;
mod names;
mod numbers;
mod phase;
mod queue;
mod record;
mod snapshot;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::model::{Epoch, Fingerprint, Incarnation, JobKey, Locator, NodeId};

pub(in crate::store) use command::finish_weight;
pub use command::{Barricade, Claim, Command, Lost, Pacing, Refusal, Reply, Rules, Run};
pub use counts::Counts;
use gates::Gates;
use jobs::Jobs;
use members::{Life, Members};
#[cfg(feature = "mutants")]
pub use mutant::Mutant;
pub use phase::Phase;
pub use snapshot::RestoreError;

/// The state of a run, changed only by commands.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    run: Option<Run>,
    phase: Phase,
    /// Whether all jobs to begin with are there, so that a cancelled run knows where to continue.
    seeded: bool,
    store: BTreeMap<CompactString, Vec<u8>>,
    members: Members,
    gates: Gates,
    jobs: Option<Jobs>,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

/// A digest of locators, taken chunk by chunk.
#[must_use]
pub fn seed_digest(so_far: Fingerprint, chunk: &[Locator]) -> Fingerprint {
    let texts = chunk.iter().flat_map(|locator| [&*locator.group, &*locator.name, &*locator.url]);
    Fingerprint::of(std::iter::once(&so_far.0[..]).chain(texts.map(str::as_bytes)))
}

impl Machine {
    /// Applies one command: the only way in which the state changes. Jobs that are lost by it (failed,
    /// quarantined) are added to `lost`.
    pub fn apply(&mut self, command: &Command, lost: &mut Vec<Lost>) -> Reply {
        #[cfg(feature = "mutants")]
        if let Some(mutant) = self.mutant.take() {
            let reply = mutant.apply(self, command, lost);
            self.mutant = Some(mutant);
            return reply;
        }
        let applied = match command {
            Command::Begin(run) => self.begin(run),
            Command::Join { node, incarnation } => self.join(*node, *incarnation, lost),
            Command::Leave { node, incarnation } => self.leave(*node, *incarnation),
            Command::Expire { node, incarnation } => self.expire(*node, *incarnation, lost),
            Command::Claim { barricade, node, incarnation } => self.claim(*barricade, *node, *incarnation),
            Command::Publish { epoch, entries } => self.publish(*epoch, entries),
            Command::PublishFailure { barricade, epoch, reason } => {
                self.publish_failure(*barricade, *epoch, reason)
            }
            Command::SeedChunk { epoch, number, locators } => self.seed_chunk(*epoch, *number, locators),
            Command::SeedDone { epoch, count, digest } => self.seed_done(*epoch, *count, *digest),
            Command::Take { node, incarnation, request, max, now } => {
                self.take((*node, *incarnation), *request, *max, *now)
            }
            Command::Finish { job, epoch, rows, links } => {
                self.with_jobs(|jobs| jobs.finish(*job, *epoch, rows.count(), links))
            }
            Command::Move { job, epoch, to } => self.with_jobs(|jobs| jobs.move_to(*job, *epoch, to)),
            Command::Fail { job, epoch, failure, now, wait, host } => {
                let failed = match &mut self.jobs {
                    Some(jobs) => jobs.fail(*job, *epoch, failure, (*now, *wait), *host),
                    None => Err(Refusal::Stale),
                };
                failed.map(|(again, gone)| {
                    lost.extend(gone);
                    Reply::Failed { again }
                })
            }
            Command::Release { job, epoch, now, host } => {
                self.with_jobs(|jobs| jobs.release(*job, *epoch, *now, *host))
            }
            Command::Cancel => self.cancel(),
            Command::Resume => self.resume(),
            Command::Done { node, incarnation } => self.vote(*node, *incarnation),
        };
        self.flip();
        applied.unwrap_or_else(Reply::Refused)
    }

    /// What the run is, once it was begun.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Where the run is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// A value that the composer published.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.store.get(key).map(Vec::as_slice)
    }

    /// How many jobs there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.jobs.as_ref().map(Jobs::counts).unwrap_or_default()
    }

    /// How many jobs `node` holds.
    #[must_use]
    pub fn held_by(&self, node: NodeId) -> u64 {
        self.jobs.as_ref().map_or(0, |jobs| jobs.leases_of(node))
    }

    /// Whether `node` would get a job in addition to those that it has.
    #[must_use]
    pub fn takeable(&self, node: NodeId) -> bool {
        self.phase == Phase::Running && self.jobs.as_ref().is_some_and(|jobs| jobs.takeable(node))
    }

    /// Whether `node` would get a job if it had none in progress.
    #[must_use]
    pub fn takeable_alone(&self, node: NodeId) -> bool {
        self.phase == Phase::Running && self.jobs.as_ref().is_some_and(|jobs| jobs.takeable_alone(node))
    }

    /// When the first wait ends, of a job for its next try or of a host that asked to be left alone, by the log's own time.
    #[must_use]
    pub fn next_at(&self) -> Option<u64> {
        self.jobs.as_ref().filter(|_| self.phase == Phase::Running).and_then(Jobs::next_at)
    }

    /// The log's own time in milliseconds: the latest one that a command named. It begins with the run at 0.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.jobs.as_ref().map_or(0, Jobs::now)
    }

    /// The URL of the job that the run waits for, if it does nothing but wait.
    #[must_use]
    pub fn waits_for(&self) -> Option<&str> {
        self.jobs.as_ref().filter(|_| self.phase == Phase::Running).and_then(Jobs::waits_for)
    }

    /// A number that is another one whenever a claim may be answered in another way than before.
    #[must_use]
    pub fn barricade_changes(&self) -> u64 {
        self.gates.changes()
    }

    /// Why the run cannot continue, if the work behind a barricade failed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.gates.failure()
    }

    /// The last life of a node that the machine knows of.
    #[must_use]
    pub fn last_incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.members.last_incarnation(node)
    }

    /// The nodes that take part: which life of each, and whether it voted that all is done.
    pub fn members(&self) -> impl Iterator<Item = (NodeId, Incarnation, bool)> {
        self.members.iter()
    }

    /// Whether a node left the run by itself before its end, and did not come back. A node that expired left only if it said so afterwards.
    #[must_use]
    pub fn has_left(&self, node: NodeId) -> bool {
        self.members.has_left(node)
    }

    /// Returns the node that does the work behind a barricade at the moment.
    #[must_use]
    pub fn holder(&self, barricade: Barricade) -> Option<NodeId> {
        self.gates.holder(barricade)
    }

    fn begin(&mut self, run: &Run) -> Result<Reply, Refusal> {
        match &self.run {
            Some(begun) if begun == run => return Ok(Reply::Repeated),
            Some(_) => return Err(Refusal::AlreadyBegun),
            None => {}
        }
        self.jobs = Some(Jobs::new(run.id, &run.rules));
        self.count_members();
        self.run = Some(run.clone());
        // Composing may have come before: what a run is made of names the run.
        let is_composed = self.gates.is_open(Barricade::Compose);
        self.phase = if is_composed { Phase::Seeding } else { Phase::Composing };
        Ok(Reply::Accepted)
    }

    fn join(
        &mut self,
        node: NodeId,
        incarnation: Incarnation,
        lost: &mut Vec<Lost>,
    ) -> Result<Reply, Refusal> {
        let was_here = self.members.join(node, incarnation).ok_or(Refusal::NotAMember)?;
        if was_here {
            self.crashed(node, lost);
        }
        self.count_members();
        Ok(Reply::Accepted)
    }

    fn leave(&mut self, node: NodeId, incarnation: Incarnation) -> Result<Reply, Refusal> {
        let was_here = self.members.remove(node, incarnation);
        // The others may have taken it for dead before it said so.
        if self.phase < Phase::Shutdown && self.members.last_incarnation(node) == Some(incarnation) {
            self.members.note_left(node);
        }
        if !was_here {
            return Err(Refusal::NotAMember);
        }
        self.gates.free(node);
        if let Some(jobs) = &mut self.jobs {
            jobs.release_all(node);
        }
        self.count_members();
        Ok(Reply::Accepted)
    }

    fn expire(
        &mut self,
        node: NodeId,
        incarnation: Incarnation,
        lost: &mut Vec<Lost>,
    ) -> Result<Reply, Refusal> {
        if !self.members.remove(node, incarnation) {
            return Err(Refusal::NotAMember);
        }
        self.crashed(node, lost);
        self.count_members();
        Ok(Reply::Accepted)
    }

    /// Each of those that take part has a share of every host.
    fn count_members(&mut self) {
        if let Some(jobs) = &mut self.jobs {
            jobs.set_nodes(self.members.len());
        }
    }

    fn crashed(&mut self, node: NodeId, lost: &mut Vec<Lost>) {
        self.gates.free(node);
        if let Some(jobs) = &mut self.jobs {
            lost.extend(jobs.crash(node));
        }
    }

    fn claim(
        &mut self,
        barricade: Barricade,
        node: NodeId,
        incarnation: Incarnation,
    ) -> Result<Reply, Refusal> {
        self.members.get(node, incarnation).ok_or(Refusal::NotAMember)?;
        if barricade == Barricade::Seed && self.phase < Phase::Seeding {
            return Err(Refusal::Phase(self.phase));
        }
        Ok(Reply::Claimed(self.gates.claim(barricade, node, incarnation)))
    }

    fn publish(&mut self, epoch: Epoch, entries: &[(CompactString, Vec<u8>)]) -> Result<Reply, Refusal> {
        if self.gates.was_opened_at(Barricade::Compose, epoch) {
            return Ok(Reply::Repeated);
        }
        if !self.gates.is_held_at(Barricade::Compose, epoch) {
            return Err(Refusal::NotTheHolder);
        }
        self.store.extend(entries.iter().cloned());
        self.gates.open(Barricade::Compose);
        if self.phase == Phase::Composing {
            self.phase = Phase::Seeding;
        }
        Ok(Reply::Accepted)
    }

    fn publish_failure(
        &mut self,
        barricade: Barricade,
        epoch: Epoch,
        reason: &str,
    ) -> Result<Reply, Refusal> {
        if self.gates.was_failed_at(barricade, epoch) {
            return Ok(Reply::Repeated);
        }
        if !self.gates.is_held_at(barricade, epoch) {
            return Err(Refusal::NotTheHolder);
        }
        self.gates.fail(barricade, reason.to_owned());
        Ok(Reply::Accepted)
    }

    fn seed_chunk(&mut self, epoch: Epoch, number: u32, locators: &[Locator]) -> Result<Reply, Refusal> {
        if !self.gates.is_held_at(Barricade::Seed, epoch) {
            return Err(Refusal::NotTheHolder);
        }
        let seeding = &mut self.gates.seeding;
        if number < seeding.chunks {
            return Ok(Reply::Repeated);
        }
        let jobs = self.jobs.as_mut().filter(|_| number == seeding.chunks).ok_or(Refusal::SeedMismatch)?;
        seeding.chunks += 1;
        seeding.count += locators.len() as u64;
        seeding.digest = seed_digest(seeding.digest, locators);
        for locator in locators {
            jobs.seed(locator);
        }
        Ok(Reply::Accepted)
    }

    fn seed_done(&mut self, epoch: Epoch, count: u64, digest: Fingerprint) -> Result<Reply, Refusal> {
        if self.gates.was_opened_at(Barricade::Seed, epoch) {
            return Ok(Reply::Repeated);
        }
        if !self.gates.is_held_at(Barricade::Seed, epoch) {
            return Err(Refusal::NotTheHolder);
        }
        if (self.gates.seeding.count, self.gates.seeding.digest) != (count, digest) {
            return Err(Refusal::SeedMismatch);
        }
        self.gates.open(Barricade::Seed);
        self.seeded = true;
        if self.phase == Phase::Seeding {
            self.phase = Phase::Running;
        }
        Ok(Reply::Accepted)
    }

    fn take(
        &mut self,
        (node, incarnation): Life,
        request: u64,
        max: u32,
        now: u64,
    ) -> Result<Reply, Refusal> {
        let member = self.members.get_mut(node, incarnation).ok_or(Refusal::NotAMember)?;
        let jobs = self.jobs.as_mut().ok_or(Refusal::Phase(self.phase))?;
        match request.cmp(&member.last_take.0) {
            // The node no longer waits for this answer: jobs leased to it would lie there until the node leaves.
            Ordering::Less => return Err(Refusal::Stale),
            Ordering::Equal => {
                return Ok(Reply::Taken { jobs: jobs.held(node, request, &member.last_take.1) });
            }
            Ordering::Greater => {}
        }
        if self.phase != Phase::Running {
            // This answers the request, too: a copy of it that arrives after a Resume must not give jobs to a
            // node that does not wait for them.
            member.last_take = (request, vec![]);
            return Err(Refusal::Phase(self.phase));
        }
        let taken = jobs.take((node, incarnation), request, max, now);
        member.done &= taken.is_empty();
        member.last_take = (request, taken.iter().map(|job| job.key).collect());
        Ok(Reply::Taken { jobs: taken })
    }

    fn with_jobs(
        &mut self,
        change: impl FnOnce(&mut Jobs) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Refusal> {
        change(self.jobs.as_mut().ok_or(Refusal::Stale)?)
    }

    fn cancel(&mut self) -> Result<Reply, Refusal> {
        match self.phase {
            Phase::Seeding | Phase::Running => self.phase = Phase::Draining,
            Phase::Draining => {}
            other => return Err(Refusal::Phase(other)),
        }
        Ok(Reply::Accepted)
    }

    fn resume(&mut self) -> Result<Reply, Refusal> {
        if self.phase == Phase::Draining {
            self.phase = if self.seeded { Phase::Running } else { Phase::Seeding };
        }
        Ok(Reply::Accepted)
    }

    fn vote(&mut self, node: NodeId, incarnation: Incarnation) -> Result<Reply, Refusal> {
        self.members.get_mut(node, incarnation).ok_or(Refusal::NotAMember)?.done = true;
        Ok(Reply::Accepted)
    }

    /// Moves on to the phases that follow from the state alone. While RUNNING, jobs appear only inside the Finish of a
    /// leased parent, so `all_over` stays true once it is true. A vote cast before still counts: the node has no job in
    /// progress, and its leases agree.
    fn flip(&mut self) {
        let all_over = self.jobs.as_ref().is_some_and(Jobs::all_over);
        if self.phase == Phase::Running {
            if !all_over {
                self.members.clear_votes();
            } else if self.members.all_done() {
                self.phase = Phase::Shutdown;
            }
        }
        if self.phase == Phase::Shutdown && self.members.is_empty() {
            self.phase = Phase::Terminated;
        }
    }

    /// Whether `job` was ended; for tests and status.
    #[must_use]
    pub fn is_over(&self, job: JobKey) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.is_over(job))
    }
}
