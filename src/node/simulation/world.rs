//! All hosts, what happens to them, and who starts again what has ended.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

use crate::cluster::ask_to_cancel;
use crate::model::NodeId;
use crate::store::machine::Phase;

use super::clock;
use super::host::{Host, HostState, SESSION, Setup};
use super::logging;
use super::network::{End, Switch, address};
use super::oracle::{Oracle, UNDER_WAY_WITH_LOSS};
use super::plan::{Fault, Plan, Strike, When};
use super::random::Random;
use super::site::Site;

/// The pause between two looks at the world, in milliseconds.
const STEP: u64 = 2;

/// From the last fault to the end of the run.
const END: u64 = 150_000;

/// Longest time of a world, in milliseconds, with all its faults.
const LONGEST: u64 = 600_000;

/// From the end of the run to that of each node which is there.
const FAREWELL: u64 = 30_000;

/// Faults whose moment did not come by then, in milliseconds, do not happen.
const LAST_STRIKE: u64 = 120_000;

thread_local! {
    /// Panics of the simulation on this thread; none are gathered where there is none.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// All hosts, and what happens to them.
pub(super) struct World {
    site: Arc<Site>,
    switch: Switch,
    random: Random,
    hosts: Vec<Host>,
    oracle: Oracle,
    /// What is to be done later.
    agenda: Vec<(u64, Deed)>,
    waiting: Vec<Strike>,
    /// Cuts that are in force, and how often.
    cuts: Vec<(usize, usize)>,
    /// When each host was hit last.
    hit: Vec<u64>,
    stopped: BTreeSet<usize>,
    must_end: Vec<usize>,
    /// Until when packets arrive that were lost and sent again.
    lossy_until: u64,
    /// Whether nothing happens to the nodes, so that each of them ends well at once.
    is_calm: bool,
    outsider: Option<(Runtime, JoinHandle<()>)>,
    /// When a node was seen that knows of the end.
    shut_at: Option<u64>,
    quiet_since: u64,
    /// What has happened.
    pub(super) story: Vec<String>,
}

/// What is done at a time.
#[derive(Debug, Clone)]
enum Deed {
    Start(usize),
    Strike(Strike),
    Heal(Fault),
}

/// Simulates what follows from a seed. Returns how long it took in simulated time, or what was wrong.
pub(super) fn simulate(seed: u64) -> Result<u64, String> {
    let random = Random::new(seed);
    let plan = Plan::of(&random.fork());
    simulate_plan(&plan, &random)
}

/// Simulates a plan.
pub(super) fn simulate_plan(plan: &Plan, random: &Random) -> Result<u64, String> {
    gather_panics();
    let told = plan.to_string();
    let _shown = logging::show();
    let mut world = World::new(plan, random);
    PANICS.set(Some(vec![]));
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let result = result.unwrap_or_else(|_| Err("the simulation itself has failed".to_owned()));
    let panics = PANICS.take().unwrap_or_default();
    let story = world.story.join("\n");
    match result {
        Ok(()) if panics.is_empty() => Ok(clock::now()),
        Ok(()) => Err(format!("panicked: {}\n\n{told}\n{story}", panics.join("; "))),
        Err(why) => Err(format!("{why} {}\n\n{told}\n{story}", panics.join("; "))),
    }
}

/// Panics of tasks are caught by their runtime, and would not be seen.
fn gather_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_ours = PANICS.with_borrow_mut(|panics| {
                panics.as_mut().map(|panics| panics.push(info.to_string())).is_some()
            });
            if !is_ours {
                before(info);
            }
        }));
    });
}

impl World {
    fn new(plan: &Plan, random: &Random) -> Self {
        clock::set(0);
        let switch = Switch::new(random.fork(), plan.hosts);
        let site = Arc::new(Site::new(&random.fork(), plan.with_poison));
        let setup = Setup {
            switch: switch.clone(),
            site: Arc::clone(&site),
            random: random.fork(),
            hosts: plan.hosts,
            max_crashes: if plan.with_poison { 2 } else { 1_000 },
            snapshot_after: plan.snapshot_after,
            parallelism: plan.parallelism,
            entrances: plan.entrances.as_slice().into(),
        };
        let hosts = (0..plan.hosts).map(|index| Host::new(setup.clone(), index)).collect();
        let agenda = plan.starts.iter().enumerate().map(|(host, at)| (*at, Deed::Start(host))).collect();
        Self {
            site,
            switch,
            random: random.fork(),
            hosts,
            oracle: Oracle::default(),
            agenda,
            waiting: plan.strikes.clone(),
            cuts: vec![],
            hit: vec![0; plan.hosts],
            stopped: BTreeSet::new(),
            must_end: plan.must_end.clone(),
            lossy_until: 0,
            is_calm: plan.strikes.is_empty(),
            outsider: None,
            shut_at: None,
            quiet_since: 0,
            story: vec![],
        }
    }

    fn run(&mut self) -> Result<(), String> {
        loop {
            clock::set(clock::now() + STEP);
            self.arm();
            self.act();
            self.switch.step();
            for host in &mut self.hosts {
                host.step();
            }
            if let Some((runtime, _)) = &self.outsider {
                runtime.block_on(async { sleep(Duration::from_millis(STEP)).await });
            }
            if self.look()? {
                return self.judge();
            }
        }
    }

    fn tell(&mut self, what: &str) {
        let at = clock::now();
        let (phase, over) = (self.oracle.furthest, self.oracle.over);
        self.story.push(format!("{at:>7} ms, {phase}, {over} jobs over: {what}"));
        tracing::info!("{what}");
    }

    /// Puts what now has its moment on the agenda.
    fn arm(&mut self) {
        let jobs = self.site.jobs() as u64;
        let (furthest, over) = (self.oracle.furthest, self.oracle.over);
        let has_come = |strike: &Strike| match strike.when {
            When::Begins => true,
            When::Phase(phase) => furthest >= phase,
            When::Over(percent) => furthest >= Phase::Running && over * 100 >= percent * jobs,
        };
        let (due, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(has_come);
        self.waiting = waiting;
        for strike in due {
            self.agenda.push((clock::now() + strike.after, Deed::Strike(strike)));
        }
        if clock::now() > LAST_STRIKE {
            self.waiting.clear();
        }
    }

    fn act(&mut self) {
        let now = clock::now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.agenda).into_iter().partition(|(at, _)| *at <= now);
        self.agenda = later;
        for (_, deed) in due {
            match deed {
                Deed::Start(host) => self.start(host),
                Deed::Strike(strike) => self.strike(strike),
                Deed::Heal(fault) => self.heal(&fault),
            }
        }
        for host in 0..self.hosts.len() {
            if self.hosts[host].is_poisoned() {
                self.tell(&format!("node {host} dies of a page"));
                self.hosts[host].end(End::Killed);
                self.hit(&[host]);
                self.agenda.push((now + self.random.of(100..3_000), Deed::Start(host)));
            }
        }
    }

    fn start(&mut self, host: usize) {
        if matches!(self.hosts[host].state, HostState::Up(_)) || self.hosts[host].ended_well() {
            return;
        }
        self.tell(&format!("node {host} starts"));
        self.hosts[host].start();
        self.hit(&[host]);
    }

    fn hit(&mut self, hosts: &[usize]) {
        for host in hosts {
            self.hit[*host] = clock::now();
        }
        self.quiet_since = clock::now();
    }

    fn strike(&mut self, strike: Strike) {
        let Strike { fault, lasts, .. } = strike;
        self.tell(&format!("{fault:?} for {lasts} ms"));
        self.quiet_since = clock::now();
        let heals_at = clock::now() + lasts;
        match &fault {
            Fault::Cut(_) | Fault::Mute(_) | Fault::Deaf(_) => self.cuts.extend(self.pairs(&fault)),
            Fault::Loss(percent) => {
                self.lossy_until = heals_at + UNDER_WAY_WITH_LOSS;
                self.switch.0.lock().loss = *percent;
            }
            Fault::Delay(delay) => self.switch.0.lock().delay = delay.clone(),
            Fault::Crash(hosts, end) => {
                for host in hosts {
                    self.crash(*host, *end, heals_at);
                }
            }
            Fault::Wipe(host) => {
                if self.crash(*host, End::Unplugged, heals_at) {
                    self.hosts[*host].wipe();
                }
            }
            Fault::Pause(hosts) => hosts.iter().for_each(|host| self.hosts[*host].pause()),
            Fault::Stop(host) => {
                self.stopped.insert(*host);
                self.hosts[*host].stop();
            }
            Fault::Kill(host) => {
                self.stopped.insert(*host);
                self.hosts[*host].end(End::Killed);
                self.hit(&[*host]);
            }
            Fault::Cancel => self.cancel(),
        }
        self.apply_cuts();
        self.agenda.push((heals_at, Deed::Heal(fault)));
    }

    /// Returns whether there was a process to bring down.
    fn crash(&mut self, host: usize, end: End, back_at: u64) -> bool {
        if !matches!(self.hosts[host].state, HostState::Up(_)) {
            return false;
        }
        self.hosts[host].end(end);
        self.hit(&[host]);
        self.agenda.push((back_at, Deed::Start(host)));
        true
    }

    fn heal(&mut self, fault: &Fault) {
        match fault {
            Fault::Cut(hosts) | Fault::Mute(hosts) | Fault::Deaf(hosts) => {
                for pair in self.pairs(fault) {
                    if let Some(place) = self.cuts.iter().position(|cut| *cut == pair) {
                        self.cuts.swap_remove(place);
                    }
                }
                self.apply_cuts();
                // Which side is cut off depends on where one stands.
                let others: Vec<usize> = (0..self.hosts.len()).filter(|host| !hosts.contains(host)).collect();
                let minority = if hosts.len() <= others.len() { hosts } else { &others };
                self.hit(minority);
            }
            Fault::Loss(_) => self.switch.0.lock().loss = 0,
            Fault::Delay(_) => self.switch.0.lock().delay = 1..4,
            Fault::Pause(hosts) => {
                hosts.iter().for_each(|host| self.hosts[*host].go_on());
                self.hit(hosts);
            }
            // A host that crashed is started by what stands on the agenda.
            Fault::Crash(..) | Fault::Wipe(_) | Fault::Stop(_) | Fault::Kill(_) | Fault::Cancel => return,
        }
        self.tell(&format!("healed: {fault:?}"));
        self.quiet_since = clock::now();
    }

    /// From whom nothing gets to whom.
    fn pairs(&self, fault: &Fault) -> Vec<(usize, usize)> {
        let (Fault::Cut(hosts) | Fault::Mute(hosts) | Fault::Deaf(hosts)) = fault else { return vec![] };
        let others: Vec<usize> = (0..self.hosts.len()).filter(|host| !hosts.contains(host)).collect();
        let mut pairs = vec![];
        for (inside, outside) in hosts.iter().flat_map(|host| others.iter().map(move |other| (*host, *other)))
        {
            if !matches!(fault, Fault::Deaf(_)) {
                pairs.push((inside, outside));
            }
            if !matches!(fault, Fault::Mute(_)) {
                pairs.push((outside, inside));
            }
        }
        pairs
    }

    fn apply_cuts(&self) {
        self.switch.0.lock().cut = self.cuts.iter().copied().collect();
    }

    /// A client that is not a member asks the nodes in turn to cancel the run.
    fn cancel(&mut self) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let network = self.switch.host(self.hosts.len());
        drop(self.switch.listen(self.hosts.len(), NodeId(u64::MAX)));
        let hosts = self.hosts.len();
        let asking = runtime.spawn(async move {
            for host in (0..hosts).cycle().take(hosts * 3) {
                if ask_to_cancel(network.clone(), &address(host)).await.is_ok() {
                    return;
                }
                sleep(Duration::from_millis(200)).await;
            }
        });
        self.outsider = Some((runtime, asking));
    }

    /// Checks what can be seen. Returns whether all is over.
    fn look(&mut self) -> Result<bool, String> {
        for index in 0..self.hosts.len() {
            if let Some(cluster) = self.hosts[index].cluster() {
                self.oracle.cluster(cluster)?;
            }
            if let Some(status) = self.hosts[index].status() {
                self.oracle.status(index, &status)?;
                if self.hosts[index].has_output() {
                    self.oracle.applied(index, &status)?;
                }
            }
            if matches!(self.hosts[index].state, HostState::Over(_)) {
                self.ended(index)?;
            }
        }
        self.oracle.majority(self.has_pair(), clock::now() < self.lossy_until)?;
        let now = clock::now();
        if now > LONGEST {
            return Err(self.stuck("nodes end and are started again without end"));
        }
        if self.shut_at.is_none() && (self.oracle.furthest >= Phase::Shutdown || self.oracle.has_end()) {
            self.tell("the end is decided");
            self.shut_at = Some(now);
        }
        let last = self.quiet_since.max(self.shut_at.unwrap_or(0));
        if self.shut_at.is_none() || !self.oracle.has_end() {
            return if now > last + END { Err(self.stuck("the run does not end")) } else { Ok(false) };
        }
        let due: Vec<usize> = (0..self.hosts.len()).filter(|host| self.is_due(*host)).collect();
        if due.is_empty() {
            return Ok(true);
        }
        if now > last + FAREWELL { Err(self.stuck(&format!("nodes {due:?} do not end"))) } else { Ok(false) }
    }

    /// Whether the end of a node is still waited for. A node that was hit shortly before the end, or later, may have
    /// missed the others.
    fn is_due(&self, host: usize) -> bool {
        let shut_at = self.shut_at.unwrap_or(u64::MAX);
        let was_there = self.hit[host].saturating_add(3 * SESSION) < shut_at && !self.stopped.contains(&host);
        (was_there || self.must_end.contains(&host)) && !self.hosts[host].ended_well()
    }

    fn stuck(&self, what: &str) -> String {
        let hosts = self.hosts.iter().map(|host| match &host.state {
            HostState::Down => "down".to_owned(),
            HostState::Up(_) => format!("up, {:?}", host.status()),
            HostState::Over(ended) => format!("over, {ended:?}"),
        });
        format!("{what}; {}", hosts.collect::<Vec<_>>().join("; "))
    }

    /// A process has ended by itself: what it wrote is checked, or it is started again.
    fn ended(&mut self, host: usize) -> Result<(), String> {
        if self.hosts[host].ended_well() {
            if self.agenda.iter().all(|(_, deed)| !matches!(deed, Deed::Start(started) if *started == host))
                && !self.story.iter().any(|line| line.ends_with(&format!("node {host} is through")))
            {
                self.tell(&format!("node {host} is through"));
                self.oracle.ended(host, &self.site, self.hosts[host].output())?;
            }
            return Ok(());
        }
        let HostState::Over(ended) = std::mem::replace(&mut self.hosts[host].state, HostState::Down) else {
            return Ok(());
        };
        let how = ended.map_or_else(|error| error, |report| format!("{:?}", report.outcome));
        self.tell(&format!("node {host} has ended: {how}"));
        if self.is_calm {
            return Err(format!("node {host} does not end well, though nothing has happened: {how}"));
        }
        if !self.stopped.contains(&host) {
            self.agenda.push((clock::now() + self.random.of(200..2_000), Deed::Start(host)));
        }
        Ok(())
    }

    /// Whether two nodes that work can talk with each other. How many of them vote is not known here, but never is it
    /// a single one.
    fn has_pair(&self) -> bool {
        let works = |host: &usize| self.hosts[*host].is_working();
        let working: Vec<usize> = (0..self.hosts.len()).filter(works).collect();
        working.iter().any(|a| working.iter().any(|b| a < b && self.switch.connects(*a, *b)))
    }

    fn judge(&mut self) -> Result<(), String> {
        for index in 0..self.hosts.len() {
            self.oracle.left(index, &self.hosts[index].output())?;
        }
        Ok(())
    }
}
