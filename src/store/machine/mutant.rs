//! Mistakes that the machine makes on purpose, so that it is seen that its checks find them.
//!
//! Compiled only with the feature `mutants`, which nothing but `tests/machine_model.rs` turns on. Each mistake is
//! one that a job queue is easily built with. A mutant decides as the machine does, and then does the one thing
//! wrong: so the machine itself has a single line for all of them. What a mutant keeps in mind lies in the store
//! of the machine, so that it is part of its state like everything else.

use compact_str::CompactString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{HostHint, Incarnation, JobKey, Link, Locator, NodeId, RunId, codec};

use super::Machine;
use super::command::{Command, Lost, Reply};
use super::jobs::Jobs;
use super::phase::Phase;
use super::record::{EntryRecord, StateRecord};

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A `Finish` ends a job whatever lease it comes from.
    NoFencing,
    /// A `Finish` commits rows; its links become jobs when the same node speaks next.
    TwoStepFinish,
    /// Whether jobs are ready is looked at when a node votes, whether jobs are leased when the run is to end.
    TwoReadDone,
    /// What is put into the queue again, because the answer was lost or the seeder died, becomes another job.
    FreshIds,
    /// A `Fail` is answered, but has no effect.
    SilentFailure,
    /// That a host is to be left alone is forgotten.
    NoHold,
    /// A `Move` ends a job and makes none.
    LostMove,
}

/// Where a mutant keeps things in mind.
const MEMORY: CompactString = CompactString::const_new("mutant");

impl Machine {
    /// A machine without a run that makes this mistake.
    #[must_use]
    pub fn mutated(mutant: Mutant) -> Self {
        Self { mutant: Some(mutant), ..Self::default() }
    }

    fn recall<T: Default + DeserializeOwned>(&self) -> T {
        self.store.get(&MEMORY).and_then(|bytes| codec::decode(bytes).ok()).unwrap_or_default()
    }

    fn remember<T: Serialize>(&mut self, value: &T) {
        self.store.extend(codec::encode(value).ok().map(|bytes| (MEMORY, bytes)));
    }

    /// The record of a job that is not over.
    fn entry(&self, job: JobKey) -> Option<EntryRecord> {
        let slot = self.jobs.iter().flat_map(Jobs::slots).find(|slot| slot.key == job)?;
        match slot.state {
            StateRecord::Open(entry) => Some(entry),
            StateRecord::Over(..) => None,
        }
    }

    fn enqueue(&mut self, locators: &[Locator]) {
        for locator in locators {
            self.jobs.iter_mut().for_each(|jobs| jobs.seed(locator));
        }
    }
}

impl Mutant {
    /// Applies a command to a machine that makes no mistake while it does so.
    pub(super) fn apply(self, machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
        match self {
            Self::NoFencing => no_fencing(machine, command, lost),
            Self::TwoStepFinish => two_step_finish(machine, command, lost),
            Self::TwoReadDone => two_read_done(machine, command, lost),
            Self::FreshIds => fresh_ids(machine, command, lost),
            Self::SilentFailure => match command {
                Command::Fail { .. } => Reply::Failed { again: true },
                _ => machine.apply(command, lost),
            },
            Self::NoHold => no_hold(machine, command, lost),
            Self::LostMove => match command {
                Command::Move { job, epoch, .. } => {
                    let to = machine.entry(*job).map(|entry| entry.url).unwrap_or_default();
                    machine.apply(&Command::Move { job: *job, epoch: *epoch, to }, lost)
                }
                _ => machine.apply(command, lost),
            },
        }
    }
}

fn no_fencing(machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
    let mut command = command.clone();
    if let Command::Finish { job, epoch, .. } = &mut command {
        *epoch = machine.entry(*job).map_or(*epoch, |entry| entry.epoch);
    }
    machine.apply(&command, lost)
}

fn no_hold(machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
    let mut command = command.clone();
    if let Command::Fail { host, .. } | Command::Release { host, .. } = &mut command {
        *host = HostHint::Nothing;
    }
    machine.apply(&command, lost)
}

fn two_step_finish(machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
    let mut waiting: Vec<(NodeId, Vec<Locator>)> = machine.recall();
    if let Command::Take { node, .. } | Command::Done { node, .. } = command
        && let Some(place) = waiting.iter().position(|(holder, _)| holder == node)
    {
        machine.enqueue(&waiting.swap_remove(place).1);
        machine.remember(&waiting);
    }
    let Command::Finish { job, epoch, rows, links } = command else {
        return machine.apply(command, lost);
    };
    let entry = machine.entry(*job);
    let first_step = Command::Finish { job: *job, epoch: *epoch, rows: rows.clone(), links: vec![] };
    let reply = machine.apply(&first_step, lost);
    if reply == Reply::Accepted
        && let Some(entry) = entry
        && let Some(node) = entry.holder
    {
        let names = machine.jobs.as_ref().map(|jobs| jobs.head().names).unwrap_or_default();
        let name = names.get(entry.name as usize).cloned().unwrap_or_default();
        waiting.push((node, locators(links, &name)));
        machine.remember(&waiting);
    }
    reply
}

fn two_read_done(machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
    let reply = machine.apply(command, lost);
    let mut voters: Vec<(NodeId, Incarnation)> = machine.recall();
    match (command, &reply) {
        (Command::Done { node, incarnation }, Reply::Accepted) if machine.counts().ready == 0 => {
            voters.push((*node, *incarnation));
        }
        (Command::Take { node, incarnation, .. }, Reply::Taken { jobs, .. }) if !jobs.is_empty() => {
            voters.retain(|voter| *voter != (*node, *incarnation));
        }
        _ => {}
    }
    voters.sort_unstable();
    voters.dedup();
    for (node, incarnation) in &voters {
        machine.members.get_mut(*node, *incarnation).into_iter().for_each(|member| member.done = true);
    }
    machine.remember(&voters);
    if machine.phase == Phase::Running && machine.counts().leased == 0 && machine.members.all_done() {
        machine.phase = Phase::Shutdown;
    }
    reply
}

fn fresh_ids(machine: &mut Machine, command: &Command, lost: &mut Vec<Lost>) -> Reply {
    let found = match command {
        Command::SeedChunk { locators, .. } => locators.clone(),
        Command::Finish { links, .. } => locators(links, ""),
        _ => vec![],
    };
    let is_known = |machine: &Machine, locator: &Locator| {
        let key = |run: RunId| JobKey::new(run, &locator.group, &locator.name, &locator.url);
        let key = machine.run.as_ref().map(|run| key(run.id));
        machine.jobs.iter().flat_map(Jobs::slots).any(|slot| Some(slot.key) == key)
    };
    let known: Vec<_> = found.iter().filter(|locator| is_known(machine, locator)).cloned().collect();
    let reply = machine.apply(command, lost);
    let again = match (&reply, command) {
        (Reply::Repeated, _) => found,
        (Reply::Accepted, Command::SeedChunk { .. }) => known,
        _ => vec![],
    };
    let fresh: Vec<_> =
        again.into_iter().map(|locator| Locator { name: "again".into(), ..locator }).collect();
    machine.enqueue(&fresh);
    reply
}

fn locators(links: &[Link], name: &str) -> Vec<Locator> {
    let locator =
        |link: &Link| Locator { group: link.group.clone(), name: name.into(), url: link.url.clone() };
    links.iter().map(locator).collect()
}
