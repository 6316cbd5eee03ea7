//! What a fault does, and how it is undone.

use std::time::SystemTime;

use super::assumptions;
use super::assumptions::Word;
use super::plan::Fault;
use super::plan::Target;
use super::round::Round;
use super::round::Stopped;
use super::status::Status;
use super::verdict::Fate;

/// Packets of a hundred that are lost.
const LOSS: u32 = 10;

/// Milliseconds that a packet takes longer, and what comes on top by chance.
const DELAY: (u32, u32) = (40, 20);

impl Round<'_> {
    /// Does it. Those that had ended already are not among the hit.
    pub(super) fn strike(&mut self) -> Result<(), Stopped> {
        let targets = self.targets();
        let all = self.plan.nodes;
        self.was_at_work = self.is_at_work();
        self.hit_at = Some(SystemTime::now());
        // Known before it happens, so that the watch over commits does not count them as survivors.
        self.hit.clone_from(&targets);
        let net = &self.cluster.net;
        match self.plan.fault {
            Fault::Partition => net.part(&targets, all),
            Fault::Mute => net.part_one_way(&targets, all, true),
            Fault::Deaf => net.part_one_way(&targets, all, false),
            Fault::Loss => net.lose(LOSS),
            Fault::Delay => net.delay(DELAY.0, DELAY.1),
            Fault::Kill | Fault::KillRestart | Fault::KillWipe | Fault::KillAll => {
                let nodes = &mut self.cluster.nodes;
                self.hit.retain(|node| nodes[*node].kill());
            }
            Fault::StopShort | Fault::StopLong => self.signal("STOP"),
            Fault::Term => self.signal("TERM"),
        }
        for node in self.hit.clone() {
            self.fates[node] = self.fate();
        }
        if self.plan.fault == Fault::Term {
            // Who holds the last page lets go of it only when it is there.
            self.open_gate();
            let hit = self.hit.clone();
            let have_ended =
                |round: &mut Self| hit.iter().all(|node| !round.cluster.nodes[*node].is_running());
            self.until("the end of who was told to go", assumptions::DRAIN_LIMIT, have_ended)?;
        }
        Ok(())
    }

    fn signal(&mut self, name: &str) {
        let nodes = &mut self.cluster.nodes;
        self.hit.retain(|node| nodes[*node].signal(name));
    }

    /// Whom the plan means, of those that run.
    fn targets(&self) -> Vec<usize> {
        let running = self.cluster.running();
        let one = |from: &[usize]| from.get(self.plan.choice % from.len().max(1)).copied();
        match self.plan.target {
            // Loss and delay are everywhere, and hit nobody.
            _ if matches!(self.plan.fault, Fault::Loss | Fault::Delay) => vec![],
            Target::All => running,
            Target::Two => {
                let first = one(&running);
                let rest: Vec<_> = running.into_iter().filter(|node| Some(*node) != first).collect();
                first.into_iter().chain(one(&rest)).collect()
            }
            Target::Worker => {
                let leader = self.cluster.who_said(Word::Leads);
                let others: Vec<_> = running.into_iter().filter(|node| Some(*node) != leader).collect();
                one(&others).or(leader).into_iter().collect()
            }
            Target::Leader | Target::Composer | Target::Seeder => {
                let word = self.plan.target.word();
                word.and_then(|word| self.cluster.who_said(word)).into_iter().collect()
            }
        }
    }

    /// What can be expected of those that are hit.
    fn fate(&self) -> Fate {
        if !self.plan.returns() {
            Fate::Gone
        } else if self.plan.nodes == 1 {
            Fate::Whole
        } else if self.plan.fault == Fault::KillAll {
            if self.hit.len() >= self.cluster.quorum() { Fate::Whole } else { Fate::Late }
        } else if self.plan.moment.is_late() {
            Fate::Late
        } else {
            Fate::Whole
        }
    }

    /// Undoes it.
    pub(super) fn give_back(&mut self) -> Result<(), Stopped> {
        let hit = self.hit.clone();
        match self.plan.fault {
            Fault::Term | Fault::Kill if !self.plan.returns() => {}
            Fault::Term => {
                // A lone node that was through before it heard the signal has nothing to go on with.
                let nodes = &self.cluster.nodes;
                let is_through =
                    |node: &usize| nodes[*node].ended().is_some_and(|(status, _)| status.code() == Some(0));
                let cut: Vec<_> = hit.into_iter().filter(|node| !is_through(node)).collect();
                cut.into_iter().for_each(|node| self.cluster.start(node, true));
            }
            Fault::Kill | Fault::KillRestart | Fault::KillAll => {
                hit.into_iter().for_each(|node| self.cluster.start(node, true));
            }
            Fault::KillWipe => {
                for node in hit {
                    self.cluster.nodes[node].wipe();
                    self.cluster.start(node, false);
                }
            }
            Fault::StopShort | Fault::StopLong => {
                for node in hit {
                    self.cluster.nodes[node].signal("CONT");
                }
            }
            Fault::Partition | Fault::Mute | Fault::Deaf | Fault::Loss | Fault::Delay => {
                self.cluster.net.heal();
            }
        }
        Ok(())
    }

    /// Waits until the others know what became of those that were hit.
    pub(super) fn settle(&mut self) -> Result<(), Stopped> {
        let is_cluster = self.plan.nodes > 1;
        if !is_cluster || self.plan.moment.is_late() || self.plan.fault == Fault::Term {
            return Ok(());
        }
        let name = |node: usize| format!("n{}", node + 1);
        let hit: Vec<_> = self.hit.iter().map(|node| name(*node)).collect();
        let who = if hit.is_empty() { "everybody".to_owned() } else { hit.join(" and ") };
        if self.plan.returns() {
            let all: Vec<_> = (0..self.plan.nodes).map(name).collect();
            let are_back = move |status: &Status| all.iter().all(|name| status.is_back(name));
            self.until_status(&format!("all see that {who} is back"), assumptions::RETURN_LIMIT, are_back)?;
        } else {
            let are_gone = move |status: &Status| hit.iter().all(|name| status.is_gone(name));
            let what = format!("the others see that {who} is gone");
            let is_seen = self.until_status(&what, assumptions::EXPIRY_LIMIT, are_gone)?;
            if is_seen && self.was_at_work {
                self.figures.takeover = self.hit_at.and_then(|at| at.elapsed().ok());
            }
        }
        Ok(())
    }
}
