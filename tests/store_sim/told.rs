//! A machine that is told one thing after the other, for one rule at a time.

use std::collections::BTreeMap;

use scoopi::internals::model::codec::CodecError;
use scoopi::internals::model::{
    Epoch, Failure, FailureClass, Fingerprint, HostHint, Incarnation, Job, Link, Locator, NodeId, Rows,
    RunId, SinkRows,
};
use scoopi::internals::store::machine::{
    Barricade, Claim, Command, Lost, Machine, Pacing, Phase, Refusal, Reply, Rules, Run, seed_digest,
};

/// Rules with room.
pub(crate) const RULES: Rules = Rules {
    max_tries: 3,
    max_crashes: 2,
    host_leases: 100,
    host_first: u32::MAX,
    pacing: Pacing::AnyNode,
    max_jobs: 1000,
    max_url_bytes: 1 << 20,
    max_depth: 100,
};

/// A machine, and what was lost so far.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(crate) machine: Machine,
    pub(crate) lost: Vec<Lost>,
    /// The last request for jobs, by node.
    pub(crate) requests: BTreeMap<u64, u64>,
}

pub(crate) fn run(rules: Rules) -> Run {
    Run { id: RunId([7; 16]), date_time: 0, fingerprint: Fingerprint::default(), rules }
}

pub(crate) fn page(name: &str, url: &str) -> Locator {
    Locator { group: "g".into(), name: name.into(), url: url.to_owned() }
}

/// `count` files, which no limit of a host concerns.
pub(crate) fn files(count: u32) -> Vec<Locator> {
    (0..count).map(|number| page(&format!("n{number}"), &format!("/{number}"))).collect()
}

pub(crate) fn life(node: u64) -> (NodeId, Incarnation) {
    (NodeId(node), Incarnation(1))
}

pub(crate) fn rows() -> Rows {
    Rows { parts: vec![SinkRows { sink: 0, count: 2, bytes: b"a\nb\n".to_vec() }] }
}

impl Told {
    /// A run with these nodes that waits to be composed.
    pub(crate) fn composing(rules: Rules, nodes: std::ops::RangeInclusive<u64>) -> Self {
        let mut told = Self::default();
        told.accept(Command::Begin(run(rules)));
        nodes.for_each(|node| told.join(node, 1));
        told
    }

    pub(crate) fn seeding(rules: Rules, nodes: std::ops::RangeInclusive<u64>) -> Self {
        let mut told = Self::composing(rules, nodes.clone());
        let epoch = told.claim(Barricade::Compose, *nodes.start());
        told.accept(Command::Publish { epoch, entries: vec![("defs".into(), b"x".to_vec())] });
        told
    }

    pub(crate) fn running(rules: Rules, nodes: std::ops::RangeInclusive<u64>, locators: &[Locator]) -> Self {
        let mut told = Self::seeding(rules, nodes.clone());
        let epoch = told.claim(Barricade::Seed, *nodes.start());
        told.accept(Command::SeedChunk { epoch, number: 0, locators: locators.to_vec() });
        told.accept(done(epoch, locators));
        assert_eq!(told.machine.phase(), Phase::Running);
        told
    }

    pub(crate) fn apply(&mut self, command: Command) -> Reply {
        self.machine.apply(&command, &mut self.lost)
    }

    pub(crate) fn accept(&mut self, command: Command) {
        let text = format!("{command:?}");
        assert_eq!(self.apply(command), Reply::Accepted, "{text}");
    }

    pub(crate) fn refuse(&mut self, command: Command, why: Refusal) {
        let text = format!("{command:?}");
        assert_eq!(self.apply(command), Reply::Refused(why), "{text}");
    }

    pub(crate) fn join(&mut self, node: u64, incarnation: u64) {
        self.accept(Command::Join { node: NodeId(node), incarnation: Incarnation(incarnation) });
    }

    pub(crate) fn expire(&mut self, node: u64, incarnation: u64) {
        self.accept(Command::Expire { node: NodeId(node), incarnation: Incarnation(incarnation) });
    }

    pub(crate) fn leave(&mut self, node: u64) {
        let (node, incarnation) = life(node);
        self.accept(Command::Leave { node, incarnation });
    }

    pub(crate) fn ask(&mut self, barricade: Barricade, node: u64) -> Claim {
        let (node, incarnation) = life(node);
        match self.apply(Command::Claim { barricade, node, incarnation }) {
            Reply::Claimed(claim) => claim,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn claim(&mut self, barricade: Barricade, node: u64) -> Epoch {
        match self.ask(barricade, node) {
            Claim::Work(epoch) => epoch,
            claim => panic!("{claim:?}"),
        }
    }

    pub(crate) fn take(&mut self, node: u64, max: u32, now: u64) -> Vec<Job> {
        let request = self.requests.entry(node).or_default();
        *request += 1;
        let (request, (node, incarnation)) = (*request, life(node));
        match self.apply(Command::Take { node, incarnation, request, max, now }) {
            Reply::Taken { jobs } => jobs,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn takeable(&self, node: u64) -> bool {
        self.machine.takeable(NodeId(node))
    }

    pub(crate) fn takeable_alone(&self, node: u64) -> bool {
        self.machine.takeable_alone(NodeId(node))
    }

    /// Takes one job, and gives its URL.
    pub(crate) fn take_url(&mut self, node: u64, now: u64) -> Option<String> {
        self.take(node, 1, now).pop().map(|job| job.locator.url)
    }

    pub(crate) fn vote(&mut self, node: u64) -> Phase {
        let (node, incarnation) = life(node);
        self.accept(Command::Done { node, incarnation });
        self.machine.phase()
    }

    pub(crate) fn restored(&self) -> Machine {
        let mut restored = Machine::default();
        saved(&self.machine).iter().for_each(|record| restored.restore(record).unwrap());
        restored
    }
}

pub(crate) fn done(epoch: Epoch, locators: &[Locator]) -> Command {
    let digest = seed_digest(Fingerprint::default(), locators);
    Command::SeedDone { epoch, count: locators.len() as u64, digest }
}

pub(crate) fn finish(job: &Job, links: &[&str]) -> Command {
    let links = links.iter().map(|url| Link { group: "g".into(), url: (*url).to_owned() }).collect();
    Command::Finish { job: job.key, epoch: job.epoch, rows: rows(), links }
}

/// A failure after which `wait` is to pass, by a node that knows of no time.
pub(crate) fn fail(job: &Job, class: FailureClass, wait: u64) -> Command {
    let failure = Failure { class, step: "load".into(), reason: "no answer".to_owned() };
    let host = HostHint::Nothing;
    Command::Fail { job: job.key, epoch: job.epoch, failure, now: 0, wait, host }
}

/// A job that is given back at a time, with what was learnt of its host.
pub(crate) fn release(job: &Job, now: u64, host: HostHint) -> Command {
    Command::Release { job: job.key, epoch: job.epoch, now, host }
}

pub(crate) fn saved(machine: &Machine) -> Vec<Vec<u8>> {
    let mut records = vec![];
    let saved: Result<(), CodecError> = machine.save(|record| {
        records.push(record.to_vec());
        Ok(())
    });
    saved.unwrap();
    records
}
