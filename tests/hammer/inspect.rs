//! What is seen when all nodes have ended: exit codes, logs, rows, processes, and the figures of the run.

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use crate::support::scoopi::signal;

use super::assumptions;
use super::assumptions::SITE;
use super::assumptions::Word;
use super::node::Node;
use super::plan::Fault;
use super::report::Report;
use super::round::Round;
use super::verdict;
use super::verdict::Fate;
use super::verdict::Left;

impl Round<'_> {
    /// The verdict.
    pub(super) fn judge(mut self) -> Report {
        let expected = SITE.rows();
        let left: Vec<_> =
            self.cluster.nodes.iter().zip(&self.fates).map(|(node, fate)| left(node, *fate)).collect();
        let (difference, wrong) = verdict::judge(&expected, &left);
        self.wrong.extend(wrong);
        for number in 0..self.plan.nodes {
            let node = &self.cluster.nodes[number];
            self.wrong.extend(self.exit(number));
            self.wrong.extend(node.panics().into_iter().map(|line| format!("{}: {line}", node.name)));
            if self.fates[number] == Fate::Whole && node.output().join("failed.ndjson").exists() {
                self.wrong.push(format!("{} has a list of failed jobs", node.name));
            }
            self.wrong.extend(survivors(node.folder()));
        }
        self.measure();
        Report {
            plan: self.plan.clone(),
            hit: self.hit.iter().map(|node| self.cluster.nodes[*node].name.clone()).collect(),
            is_met: !self.hit.is_empty()
                || matches!(self.plan.fault, Fault::Loss | Fault::Delay) && self.hit_at.is_some(),
            time: since(self.began, self.last_end()),
            difference,
            wrong: self.wrong,
            figures: self.figures,
        }
    }

    /// What is wrong with how a node ended.
    fn exit(&self, number: usize) -> Option<String> {
        let node = &self.cluster.nodes[number];
        let (status, _) = node.ended()?;
        let code = status.code();
        let is_right = match self.fates[number] {
            Fate::Whole => code == Some(assumptions::COMPLETE),
            // Nobody is left to tell it anything; a panic would stand in its log.
            Fate::Late => true,
            Fate::Gone if self.plan.fault == Fault::Term => {
                let is_early = node.age() <= assumptions::HANDLERS_LIMIT || node.is_silent();
                matches!(code, Some(assumptions::COMPLETE | assumptions::DRAINED))
                    || status.signal() == Some(15) && is_early
            }
            Fate::Gone => status.signal() == Some(9),
        };
        (!is_right).then(|| format!("{} ended with {status}", node.name))
    }

    fn last_end(&self) -> SystemTime {
        let whole = self.cluster.nodes.iter().zip(&self.fates).filter(|(_, fate)| **fate == Fate::Whole);
        whole.filter_map(|(node, _)| Some(node.ended()?.1)).max().unwrap_or_else(SystemTime::now)
    }

    fn measure(&mut self) {
        if let Some(begins) = self.cluster.first(Word::Begins)
            && self.hit_at.is_none_or(|at| at > begins)
        {
            self.figures.ready = Some(since(self.began, begins));
        }
        // A fault of the last moments is part of the end, which then takes what the fault takes.
        if let Some(answer) = self.shop.server.last_answer()
            && !self.plan.moment.is_late()
        {
            self.figures.end = Some(since(wall(answer), self.last_end()));
        }
        if self.plan.nodes > 1 && matches!(self.plan.fault, Fault::Kill | Fault::KillWipe) {
            self.figures.asked_again = self.asked_again();
        }
        self.figures.at_once = self.shop.server.most_at_once();
    }

    /// How long it took until pages that the dead had asked for were asked for again by others.
    fn asked_again(&self) -> Option<Duration> {
        let hit_at = self.hit_at?;
        let mut asked: HashMap<String, SystemTime> = HashMap::new();
        let mut longest = None;
        for request in self.shop.server.requests() {
            let at = wall(request.at);
            match asked.get(&request.path) {
                Some(before) if *before < hit_at && at > hit_at => {
                    longest = longest.max(Some(since(hit_at, at)))
                }
                Some(_) => {}
                None => {
                    asked.insert(request.path, at);
                }
            }
        }
        longest
    }
}

fn left(node: &Node, fate: Fate) -> Left<'_> {
    let is_complete = node.ended().is_some_and(|(status, _)| status.code() == Some(assumptions::COMPLETE));
    Left { name: &node.name, fate, is_complete, rows: node.rows() }
}

/// The time of an instant.
fn wall(instant: Instant) -> SystemTime {
    SystemTime::now() - instant.elapsed()
}

fn since(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

/// Ends processes that work in a folder of ours, where nobody should any more, and names them.
fn survivors(folder: &Path) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return vec![] };
    let works_here =
        |process: &Path| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    let numbers = processes.flatten().filter(|process| works_here(&process.path()));
    let numbers = numbers.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let end = |number: u32| {
        signal(number, "KILL");
        format!("process {number} was still there")
    };
    numbers.map(end).collect()
}
