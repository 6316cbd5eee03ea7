//! What was seen from outside, and what must hold because of it.
//!
//! Written from the rules, from commands and replies alone: it shares neither code nor structure with the machine.

use std::collections::BTreeSet;

use scoopi::internals::model::{Epoch, HostHint, Incarnation, Job, JobKey, NodeId};
use scoopi::internals::store::machine::{Command, Machine, Pacing, Phase, Reply};

use super::decisions::Decision;
use super::setup::{Nature, Site};

/// A promise that was broken by one decision, and that the state behind it does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Harm {
    /// Rows were accepted from another lease than the newest one.
    OldLease,
    /// A job was handed out that was over.
    HandedOutAfterItsEnd,
    /// The run was said to be over when a job was not, or a member had not voted since.
    EndedEarly,
    /// A page was handed out while its host was another node's.
    AnothersHost,
    /// A page was handed out before its host might be asked.
    AskedTooEarly,
    /// Something changed after the end.
    ChangedAfterTheEnd,
    /// A machine restored from its records decided something else.
    OtherWhenRestored,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Fate {
    job: JobKey,
    /// Whether it must be a job: it was in an accepted chunk, or a link of an accepted result.
    is_known: bool,
    newest_lease: u32,
    holder: Option<NodeId>,
    /// How often its rows were accepted.
    accepted: u8,
    /// How often it was said to be lost.
    lost: u8,
    /// How often it was accepted that it is elsewhere.
    moved: u8,
}

impl Fate {
    fn ends(&self) -> u8 {
        self.accepted + self.lost + self.moved
    }
}

/// A life of a node that takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) node: NodeId,
    pub(super) life: Incarnation,
    /// Whether it voted when no job was open.
    has_voted: bool,
}

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    fates: Vec<Fate>,
    pub(super) members: Vec<Member>,
    pub(super) harm: Option<Harm>,
    /// Until when the host is to be left alone, by the log's time.
    held_until: u64,
}

impl Ledger {
    pub(super) fn new(site: &Site) -> Self {
        let fate = |page| Fate {
            job: Site::key(page),
            is_known: false,
            newest_lease: 0,
            holder: None,
            accepted: 0,
            lost: 0,
            moved: 0,
        };
        Self { fates: (0..site.pages.len()).map(fate).collect(), members: vec![], harm: None, held_until: 0 }
    }

    /// Takes note of a decision.
    pub(super) fn observe(&mut self, site: &Site, before: &Machine, command: &Command, decision: &Decision) {
        let after = &decision.after.machine;
        self.judge_the_end(before, after);
        for lost in &decision.lost {
            self.fates[Site::page_of(&lost.locator)].lost += 1;
        }
        if let (
            Command::Fail { host: HostHint::Waits(wait), .. }
            | Command::Release { host: HostHint::Waits(wait), .. },
            Reply::Accepted | Reply::Failed { .. },
        ) = (command, &decision.reply)
        {
            self.held_until = self.held_until.max(before.now() + wait);
        }
        match (command, &decision.reply) {
            (Command::Join { node, incarnation }, Reply::Accepted) => self.joined(*node, *incarnation),
            (Command::Fail { job, .. }, Reply::Failed { .. })
            | (Command::Release { job, .. }, Reply::Accepted) => self.freed(|fate| fate.job == *job),
            (
                Command::Leave { node, incarnation } | Command::Expire { node, incarnation },
                Reply::Accepted,
            ) => {
                self.members.retain(|member| (member.node, member.life) != (*node, *incarnation));
                self.freed(|fate| fate.holder == Some(*node));
            }
            (Command::SeedChunk { locators, .. }, Reply::Accepted) => {
                locators.iter().for_each(|locator| self.fates[Site::page_of(locator)].is_known = true);
            }
            (Command::Take { node, .. }, Reply::Taken { jobs }) => self.taken(*node, jobs, after.now()),
            (Command::Move { job, .. }, Reply::Accepted) => self.moved(site, *job),
            (Command::Finish { job, epoch, .. }, Reply::Accepted) => self.finished(site, *job, *epoch),
            (Command::Done { node, incarnation }, Reply::Accepted) if before.counts().open() == 0 => {
                let is_voter = |member: &&mut Member| (member.node, member.life) == (*node, *incarnation);
                self.members.iter_mut().filter(is_voter).for_each(|member| member.has_voted = true);
            }
            _ => {}
        }
        let is_paced = before.run().is_some_and(|run| run.rules.pacing == Pacing::OneNode);
        self.note(Harm::AnothersHost, is_paced && self.holders() > 1);
        // After the command was taken note of: it may be the last vote.
        let ends = before.phase() < Phase::Shutdown && after.phase() >= Phase::Shutdown;
        let agree = !self.members.is_empty() && self.members.iter().all(|member| member.has_voted);
        let may_end = agree && after.counts().open() == 0;
        self.note(Harm::EndedEarly, ends && !may_end);
        self.note(Harm::OtherWhenRestored, !decision.is_the_same_restored);
    }

    /// Whether no page has rows twice, or rows and a loss; and all rows are counted.
    pub(super) fn ends_each_page_once(&self, machine: &Machine) -> bool {
        let accepted: u64 = self.fates.iter().map(|fate| u64::from(fate.accepted)).sum();
        let moved: u64 = self.fates.iter().map(|fate| u64::from(fate.moved)).sum();
        let counts = machine.counts();
        self.fates.iter().all(|fate| fate.ends() <= 1)
            && (counts.done, counts.moved, counts.rows) == (accepted + moved, moved, accepted)
    }

    /// Whether every page that was found is a job.
    pub(super) fn knows_every_page(&self, machine: &Machine) -> bool {
        machine.counts().jobs() >= self.known()
    }

    /// Whether no page is more than one job.
    pub(super) fn makes_one_job_of_a_page(&self, machine: &Machine) -> bool {
        machine.counts().jobs() <= self.known()
    }

    /// Whether what was accepted, or said to be lost, is still over.
    pub(super) fn keeps_every_end(&self, machine: &Machine) -> bool {
        let over = |fate: &Fate| fate.ends() > 0;
        self.fates.iter().filter(|fate| over(fate)).all(|fate| machine.is_over(fate.job))
    }

    /// Whether no page was given up that could have been had.
    pub(super) fn spares_healthy_pages(&self, site: &Site) -> bool {
        self.pages().all(|(page, fate)| fate.lost == 0 || site.pages[page].nature != Nature::Healthy)
    }

    /// Whether every page that was found has an end, as it must at the end of the run.
    pub(super) fn has_every_end(&self) -> bool {
        self.fates.iter().filter(|fate| fate.is_known).all(|fate| fate.ends() == 1)
    }

    /// Whether this lease is the node's.
    pub(super) fn holds(&self, node: NodeId, job: JobKey, epoch: Epoch) -> bool {
        let is_it = |fate: &Fate| (fate.job, fate.newest_lease, fate.holder) == (job, epoch.0, Some(node));
        self.fates.iter().any(is_it)
    }

    /// Whether all rows there are were accepted.
    pub(super) fn has_all_rows(&self, site: &Site) -> bool {
        self.pages().all(|(page, fate)| site.pages[page].nature != Nature::Healthy || fate.accepted == 1)
    }

    fn pages(&self) -> impl Iterator<Item = (usize, &Fate)> {
        self.fates.iter().enumerate()
    }

    fn known(&self) -> u64 {
        self.fates.iter().filter(|fate| fate.is_known).count() as u64
    }

    /// How many nodes hold leases.
    fn holders(&self) -> usize {
        self.fates.iter().filter_map(|fate| fate.holder).collect::<BTreeSet<_>>().len()
    }

    fn note(&mut self, harm: Harm, happened: bool) {
        if happened {
            self.harm.get_or_insert(harm);
        }
    }

    fn judge_the_end(&mut self, before: &Machine, after: &Machine) {
        let is_over = before.phase() >= Phase::Shutdown;
        let changed = after.phase() < before.phase() || after.counts() != before.counts();
        self.note(Harm::ChangedAfterTheEnd, is_over && changed);
    }

    fn joined(&mut self, node: NodeId, life: Incarnation) {
        if !self.members.iter().any(|member| (member.node, member.life) == (node, life)) {
            self.members.retain(|member| member.node != node);
            self.freed(|fate| fate.holder == Some(node));
            self.members.push(Member { node, life, has_voted: false });
            self.members.sort_by_key(|member| member.node);
        }
    }

    fn freed(&mut self, which: impl Fn(&Fate) -> bool) {
        self.fates.iter_mut().filter(|fate| which(fate)).for_each(|fate| fate.holder = None);
    }

    fn taken(&mut self, node: NodeId, jobs: &[Job], now: u64) {
        for job in jobs {
            let is_held = now < self.held_until;
            let fate = &mut self.fates[Site::page_of(&job.locator)];
            let is_new = job.epoch.0 > fate.newest_lease;
            fate.newest_lease = fate.newest_lease.max(job.epoch.0);
            fate.holder = Some(node);
            let is_over = fate.ends() > 0;
            self.note(Harm::HandedOutAfterItsEnd, is_over);
            self.note(Harm::AskedTooEarly, is_new && is_held);
        }
    }

    fn moved(&mut self, site: &Site, job: JobKey) {
        let Some(page) = self.fates.iter().position(|fate| fate.job == job) else { return };
        self.fates[page].moved += 1;
        self.fates[page].holder = None;
        if let Nature::Moved(to) = site.pages[page].nature {
            self.fates[to].is_known = true;
        }
    }

    fn finished(&mut self, site: &Site, job: JobKey, epoch: Epoch) {
        // A second job of a page is no page of ours; that it is there is noticed by its number.
        let Some(page) = self.fates.iter().position(|fate| fate.job == job) else { return };
        let newest = self.fates[page].newest_lease;
        self.fates[page].accepted += 1;
        self.fates[page].holder = None;
        self.note(Harm::OldLease, epoch.0 != newest);
        site.pages[page].links.iter().for_each(|link| self.fates[*link].is_known = true);
    }
}
