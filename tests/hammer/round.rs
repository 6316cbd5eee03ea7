//! One run: a cluster, a server, a plan, and a verdict.
//!
//! ```text
//! start ─▶ moment ─▶ strike ─▶ (lasts) ─▶ give back ─▶ all see it ─▶ last page ─▶ end ─▶ verdict
//! ```
//!
//! The server keeps one page back until the fault is over, so that a run cannot end before its fault was met, and a
//! node that comes back finds the others at work. Faults of the last moments strike after that page was let out.

use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::support::site::Shop;

use super::STOP;
use super::assumptions;
use super::assumptions::GATE;
use super::assumptions::PAGE_DELAY;
use super::assumptions::SITE;
use super::assumptions::Word;
use super::cluster::Cluster;
use super::net::Net;
use super::options::Options;
use super::plan::Moment;
use super::plan::Plan;
use super::plan::Target;
use super::report::Figures;
use super::report::Report;
use super::status::Status;
use super::status::Watch;
use super::verdict::Fate;

/// Between two looks at the nodes.
const TICK: Duration = Duration::from_millis(1);

/// The hammer was told to stop.
#[derive(Debug)]
pub(super) struct Stopped;

/// A run while it goes on.
pub(super) struct Round<'a> {
    pub(super) plan: &'a Plan,
    pub(super) cluster: Cluster,
    pub(super) shop: Shop,
    gate: watch::Sender<bool>,
    status: Watch,
    /// When the last node was started.
    pub(super) began: SystemTime,
    /// Those that are hit.
    pub(super) hit: Vec<usize>,
    /// When they were.
    pub(super) hit_at: Option<SystemTime>,
    pub(super) fates: Vec<Fate>,
    /// Whether nodes were in the middle of their work then.
    pub(super) was_at_work: bool,
    /// Bytes that survivors had written when a new leader was there; see [`Round::watch_commits`].
    written: Option<Vec<u64>>,
    pub(super) wrong: Vec<String>,
    pub(super) figures: Figures,
}

/// Plays a plan in a folder.
pub(super) fn play(plan: &Plan, options: &Options, folder: &Path) -> Result<Report, Stopped> {
    let mut round = Round::new(plan, options, folder);
    round.start();
    if round.wait_for_moment()? {
        round.strike()?;
        round.pause(plan.lasts)?;
        round.give_back()?;
        round.settle()?;
    }
    round.open_gate();
    round.wait_for_end()?;
    Ok(round.judge())
}

impl<'a> Round<'a> {
    fn new(plan: &'a Plan, options: &Options, folder: &Path) -> Self {
        let net = Net::new(options.network, plan.nodes);
        let (gate, opened) = watch::channel(false);
        let shop = Shop::open_at(net.outside(), SITE, move |path, page| {
            let page = page.delayed(PAGE_DELAY);
            if path == GATE { page.behind(opened.clone()) } else { page }
        });
        let definitions = SITE.definitions(&shop.start());
        let cluster = Cluster::new(folder, net, plan.nodes, &options.binary, &definitions);
        Self {
            plan,
            cluster,
            shop,
            gate,
            status: Watch::default(),
            began: SystemTime::now(),
            hit: vec![],
            hit_at: None,
            was_at_work: false,
            fates: vec![Fate::Whole; plan.nodes],
            written: None,
            wrong: vec![],
            figures: Figures::default(),
        }
    }

    fn start(&mut self) {
        for node in 0..self.plan.nodes {
            self.cluster.start(node, false);
        }
        self.began = SystemTime::now();
    }

    /// Waits for the moment of the plan, and until it is known whom it hits. Says whether it came before all was over.
    fn wait_for_moment(&mut self) -> Result<bool, Stopped> {
        let limit = assumptions::MOMENT_LIMIT;
        if self.plan.moment.is_late() {
            if !self.until("a request for the last page", limit, |round| round.has_all())? {
                return Ok(false);
            }
            self.open_gate();
        }
        let (word, time) = match self.plan.moment {
            Moment::After(time) | Moment::Gate(time) => (None, time),
            Moment::Said(word, time) => (Some(word), time),
            Moment::Over(time) => (Some(Word::Over), time),
            Moment::Pages(part) => {
                let pages = (SITE.pages() * part / 1000).max(1);
                let has = |round: &mut Self| round.shop.wait_for(pages, Duration::ZERO);
                if !self.until(&format!("a request for page {pages}"), limit, has)? {
                    return Ok(false);
                }
                (None, Duration::ZERO)
            }
        };
        if let Some(word) = word
            && !self.until_said(word)?
        {
            return Ok(false);
        }
        self.pause(time)?;
        match self.plan.target.word() {
            Some(word) => self.until_said(word),
            None => Ok(true),
        }
    }

    fn until_said(&mut self, word: Word) -> Result<bool, Stopped> {
        let said = |round: &mut Self| round.cluster.first(word).is_some();
        self.until(&format!("`{}` in a log", word.said()[0]), assumptions::MOMENT_LIMIT, said)
    }

    /// Waits until a condition holds; it is wrong if it does not within the limit. Says whether it does: not, too,
    /// if all nodes have ended before.
    pub(super) fn until(
        &mut self,
        what: &str,
        limit: Duration,
        holds: impl FnMut(&mut Self) -> bool,
    ) -> Result<bool, Stopped> {
        let holds = self.within(limit, holds)?;
        if !holds && !self.cluster.running().is_empty() {
            self.wrong.push(format!("{what}: not within {limit:?}"));
        }
        Ok(holds)
    }

    /// Waits until a condition holds, for so long at most, and while there are nodes. Says whether it does.
    pub(super) fn within(
        &mut self,
        limit: Duration,
        mut holds: impl FnMut(&mut Self) -> bool,
    ) -> Result<bool, Stopped> {
        let begun = Instant::now();
        loop {
            self.look()?;
            if holds(self) {
                return Ok(true);
            }
            if self.cluster.running().is_empty() || begun.elapsed() >= limit {
                return Ok(false);
            }
            thread::sleep(TICK);
        }
    }

    /// Lets time pass.
    pub(super) fn pause(&mut self, time: Duration) -> Result<(), Stopped> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.look()?;
            thread::sleep(TICK.min(time));
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), Stopped> {
        self.cluster.look();
        self.watch_commits();
        if STOP.load(std::sync::atomic::Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    }

    /// How long it is from the death of a leader to the next commit. A commit is seen in the output of the others,
    /// which grows; but what the dead leader had committed may still arrive, so that only what
    /// comes after the word of the next leader counts.
    fn watch_commits(&mut self) {
        let Some(hit_at) = self.hit_at else { return };
        let is_of_leader =
            self.plan.fault.kills() && self.plan.target == Target::Leader && self.plan.nodes > 1;
        if !is_of_leader || !self.was_at_work || self.figures.commit.is_some() {
            return;
        }
        let others: Vec<_> = (0..self.plan.nodes).filter(|node| !self.hit.contains(node)).collect();
        let has_leader = others
            .iter()
            .any(|node| self.cluster.nodes[*node].last(Word::Leads).is_some_and(|leads| leads > hit_at));
        if !has_leader {
            return;
        }
        let written: Vec<_> = others.iter().map(|node| self.cluster.nodes[*node].written()).collect();
        match &self.written {
            None => self.written = Some(written),
            Some(before) if *before != written => self.figures.commit = hit_at.elapsed().ok(),
            Some(_) => {}
        }
    }

    /// Asks somebody who was not hit, if there is such a one, and waits until the answer is right.
    pub(super) fn until_status(
        &mut self,
        what: &str,
        limit: Duration,
        is_right: impl Fn(&Status) -> bool,
    ) -> Result<bool, Stopped> {
        self.status.forget();
        let right = |round: &mut Self| {
            let running = round.cluster.running();
            let whole = running.iter().find(|node| !round.hit.contains(node)).or(running.first()).copied();
            let (cluster, status) = (&round.cluster, &mut round.status);
            status.look(|| whole.map(|node| cluster.status(node))).is_some_and(|status| is_right(&status))
        };
        let holds = self.until(what, limit, right)?;
        if !holds && let Some(trouble) = self.status.trouble.take() {
            self.wrong.push(format!("scoopi status: {trouble}"));
        }
        Ok(holds)
    }

    /// Whether nodes work, and have enough to do to go on with it.
    pub(super) fn is_at_work(&self) -> bool {
        let has_begun = self.cluster.first(Word::Begins).is_some();
        has_begun && !self.shop.wait_for(SITE.pages() * 9 / 10, Duration::ZERO)
    }

    fn has_all(&self) -> bool {
        self.shop.wait_for(SITE.pages(), Duration::ZERO)
    }

    /// Lets the last page out.
    pub(super) fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    fn wait_for_end(&mut self) -> Result<(), Stopped> {
        let whole: Vec<_> = (0..self.plan.nodes).filter(|node| self.fates[*node] == Fate::Whole).collect();
        let have_ended = |round: &Self| whole.iter().all(|node| !round.cluster.nodes[*node].is_running());
        let pages = |round: &mut Self| round.has_all() || have_ended(round);
        self.until("requests for all pages", assumptions::MOMENT_LIMIT, pages)?;
        self.until("the end of the run", assumptions::END_LIMIT, |round| have_ended(round))?;
        // Who is late finds the others or does not; both is right.
        self.within(assumptions::LATE_LIMIT, |round| round.cluster.running().is_empty())?;
        for (number, node) in self.cluster.nodes.iter_mut().enumerate() {
            if node.kill() && whole.contains(&number) {
                self.wrong.push(format!("{} did not end", node.name));
            }
        }
        Ok(())
    }
}
