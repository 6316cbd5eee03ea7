//! Clients, a network that loses, repeats and delays, and two machines that must agree with the oracle.
//!
//! The second machine is given every command as bytes and back, and is now and then replaced by one that was
//! saved and restored: so every answer also says that commands survive the codec, that `apply` depends on
//! nothing but its commands, and that a snapshot leaves nothing out.

use std::collections::BTreeMap;

use scoopi::internals::model::codec::{self, CodecError};
use scoopi::internals::model::{
    Failure, FailureClass, Fingerprint, HostHint, Incarnation, Job, Locator, NodeId, Rows, RunId, SinkRows,
};
use scoopi::internals::store::machine::{Command, Machine, Phase, Reply, Run};

use super::Oracle;
use super::client::{Client, Stage};
use super::pages::{Nature, Pages, rules};
use super::random::Random;

/// Commands of the past that may still arrive.
const LATE: usize = 100;

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lost,
    ReplyLost,
    Answered,
}

/// How often commands came to what.
pub(crate) type Outcomes = BTreeMap<String, u64>;

/// See the module docs.
pub(crate) struct World {
    random: Random,
    machine: Machine,
    twin: Machine,
    oracle: Oracle,
    clients: Vec<Client>,
    pages: Pages,
    seeds: Vec<Locator>,
    chunk: usize,
    run: Run,
    late: Vec<Command>,
    clock: u64,
    /// What commands came to, so that it can be seen that all of it happened.
    pub(crate) outcomes: Outcomes,
    /// Chances in a hundred, 0 once the world is healed.
    trouble: u64,
}

impl World {
    /// A world before its run.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let pages = Pages::new(&mut random);
        let seeds = pages.seeds(random.below(8));
        let run = Run {
            id: RunId([random.below(256) as u8; 16]),
            date_time: 1,
            fingerprint: Fingerprint::default(),
            rules: rules(&mut random),
        };
        Self {
            clients: (1..=1 + random.below(4)).map(Client::new).collect(),
            chunk: 1 + random.index(4),
            trouble: 1 + random.below(20),
            machine: Machine::default(),
            twin: Machine::default(),
            oracle: Oracle::new(),
            random,
            pages,
            seeds,
            run,
            late: vec![],
            outcomes: Outcomes::new(),
            clock: 1_000_000,
        }
    }

    /// So many things happen, or fewer if the run ends before.
    pub(crate) fn live(&mut self, steps: u64) {
        for _ in 0..steps {
            self.step();
            if self.machine.phase() >= Phase::Shutdown && self.random.percent(2) {
                break;
            }
        }
    }

    /// One thing happens.
    fn step(&mut self) {
        self.clock += self.random.below(60);
        let client = self.random.index(self.clients.len());
        match self.random.below(1000) {
            0..5 => drop(self.apply(None, &Command::Cancel)),
            5..25 => drop(self.apply(None, &Command::Resume)),
            25..62 => self.deliver_late(),
            62..70 => self.stray(client),
            70..85 => self.restore_twin(),
            85..100 => self.oracle.check_jobs(&self.machine),
            100..115 => self.probe(client),
            115..500 if self.clients[client].is_down() => self.restart(client),
            115..135 if self.random.percent(self.trouble) => self.crash(client),
            135..150 if self.random.percent(self.trouble) => self.expire(client),
            150..155 => self.leave(client),
            155..160 => self.vote(client),
            160..600 => self.work(client),
            _ => self.ask(client),
        }
    }

    /// No more trouble: whoever is left does honest work until the run is over.
    pub(crate) fn heal(&mut self) {
        self.trouble = 0;
        for client in 0..self.clients.len() {
            if self.clients[client].is_down() && client > 0 {
                self.expire(client);
            }
        }
        self.apply(None, &Command::Resume);
        for _ in 0..20_000 {
            if self.machine.phase() >= Phase::Shutdown {
                break;
            }
            self.clock += 50;
            let client = self.random.index(self.clients.len());
            match self.random.below(10) {
                _ if self.clients[client].is_down() && client == 0 => self.restart(client),
                0..4 => self.work(client),
                4 if self.machine.phase() == Phase::Running && self.machine.counts().open() == 0 => {
                    self.vote_if_idle(client);
                }
                _ => self.ask(client),
            }
        }
        let (phase, counts) = (self.machine.phase(), self.machine.counts());
        assert!(phase >= Phase::Shutdown, "no end: {phase}, {counts:?}, {:#?}", self.clients);
        self.oracle.check_end(|locator| self.pages.leads_to(locator));
        for client in 0..self.clients.len() {
            self.leave(client);
            self.expire(client);
        }
        assert_eq!(self.machine.phase(), Phase::Terminated);
        self.oracle.check_jobs(&self.machine);
        self.restore_twin();
    }

    fn restart(&mut self, client: usize) {
        let join = self.clients[client].start();
        self.send(client, join);
    }

    fn crash(&mut self, client: usize) {
        let on_its_way = self.clients[client].die();
        self.late.extend(on_its_way);
    }

    /// The others take a client for dead, which it may not be.
    fn expire(&mut self, client: usize) {
        // The life that the others know of: they may not have heard of the latest.
        let node = self.clients[client].node;
        let incarnation = self.machine.last_incarnation(node).unwrap_or(self.clients[client].life);
        let expire = Command::Expire { node, incarnation };
        self.remember(&expire);
        self.apply(None, &expire);
    }

    fn leave(&mut self, client: usize) {
        if !self.clients[client].is_down() {
            let leave = self.clients[client].leave();
            self.send(client, leave);
        }
    }

    fn vote(&mut self, client: usize) {
        let vote = self.clients[client].vote();
        if self.clients[client].stage == Stage::Working {
            self.send(client, vote);
        }
    }

    fn vote_if_idle(&mut self, client: usize) {
        if self.clients[client].is_idle() {
            self.vote(client);
        }
    }

    /// A client goes on: asks again, takes a step towards working, or asks for jobs.
    fn ask(&mut self, client: usize) {
        if !self.clients[client].unanswered.is_empty() && self.random.percent(60) {
            let again = self.random.index(self.clients[client].unanswered.len());
            let command = self.clients[client].unanswered.swap_remove(again);
            return self.send(client, command);
        }
        if self.machine.run().is_none() && self.random.percent(30) {
            let run = self.run.clone();
            return self.send(client, Command::Begin(run));
        }
        let is_waiting = self.clients[client].unanswered.is_empty();
        if let Some(command) = self.clients[client].next(&self.seeds, self.chunk).filter(|_| is_waiting) {
            return self.send(client, command);
        }
        let (max, now) = (self.random.below(6) as u32, self.now());
        let take = self.clients[client].take(max, now);
        if let Some(take) = take {
            self.send(client, take);
        }
    }

    /// A client brings one of its jobs to an end.
    fn work(&mut self, client: usize) {
        if self.clients[client].held.is_empty() {
            return self.ask(client);
        }
        let index = self.random.index(self.clients[client].held.len());
        if self.trouble > 0 && self.random.percent(10) {
            let job = self.clients[client].held.swap_remove(index);
            let release = self.release(&job);
            return self.send(client, release);
        }
        let job = self.clients[client].held[index].clone();
        let command = match self.pages.nature(&job.locator) {
            Nature::Poison if self.random.percent(60) => {
                self.crash(client);
                if self.trouble == 0 {
                    self.expire(client);
                }
                return;
            }
            Nature::Flaky(times) if job.failures < times => self.fail(&job, FailureClass::Recoverable),
            Nature::Failing(class) => self.fail(&job, class),
            Nature::Moved(to) => Command::Move { job: job.key, epoch: job.epoch, to },
            _ => self.finish(&job),
        };
        self.clients[client].held.swap_remove(index);
        self.send(client, command);
    }

    fn finish(&self, job: &Job) -> Command {
        let bytes = job.locator.url.clone().into_bytes();
        let rows = Rows { parts: vec![SinkRows { sink: 0, count: 1 + job.page % 3, bytes }] };
        Command::Finish { job: job.key, epoch: job.epoch, rows, links: self.pages.links(&job.locator) }
    }

    fn fail(&mut self, job: &Job, class: FailureClass) -> Command {
        let failure = Failure { class, step: "load".into(), reason: "no answer".to_owned() };
        let (now, wait, host) = (self.now(), self.random.below(2000), self.hint());
        Command::Fail { job: job.key, epoch: job.epoch, failure, now, wait, host }
    }

    fn release(&mut self, job: &Job) -> Command {
        Command::Release { job: job.key, epoch: job.epoch, now: self.now(), host: self.hint() }
    }

    /// What a node takes for the log's time: somewhat wrong, as long as there is trouble.
    fn now(&mut self) -> u64 {
        let skew = self.random.below(200);
        if self.trouble > 0 { self.clock + skew - 100 } else { self.clock }
    }

    /// What a node learns of a host.
    fn hint(&mut self) -> HostHint {
        match self.random.below(4) {
            0 => HostHint::Busy,
            1 => HostHint::Waits(self.random.below(1000)),
            _ => HostHint::Nothing,
        }
    }

    /// A command that nobody who is in his right mind sends: about a job or a claim that is not his.
    fn stray(&mut self, client: usize) {
        let Some(held) = self.clients.iter().flat_map(|client| &client.held).next().cloned() else { return };
        let mut job = held;
        job.epoch.0 = job.epoch.0 + 1 - 2 * self.random.below(2) as u32;
        let node = self.clients[client].node;
        let command = match self.random.below(5) {
            0 => self.finish(&job),
            1 => self.fail(&job, FailureClass::Final),
            2 => self.release(&job),
            3 => Command::Take { node, incarnation: Incarnation(999), request: 1, max: 9, now: self.clock },
            _ => Command::Begin(Run { date_time: 2, ..self.run.clone() }),
        };
        self.apply(None, &command);
    }

    /// What `takeable` says is what a request finds.
    fn probe(&mut self, client: usize) {
        let mut machine = self.machine.clone();
        let stranger = (NodeId(77), Incarnation(1));
        let alone = machine.takeable_alone(stranger.0);
        machine.apply(&Command::Join { node: stranger.0, incarnation: stranger.1 }, &mut vec![]);
        assert_eq!(gives(&mut machine.clone(), stranger), alone, "a node without jobs");
        let working = &self.clients[client];
        let held = working
            .held
            .iter()
            .find(|job| self.oracle.holder(job.key, job.epoch) == Some((working.node, working.life)));
        if let Some(held) = held {
            let takeable = machine.takeable(working.node);
            let gave = gives(&mut machine, (working.node, working.life));
            assert_eq!(gave, takeable, "a node with jobs, one of them {held:?}");
        }
    }

    fn remember(&mut self, command: &Command) {
        if self.late.len() < LATE {
            self.late.push(command.clone());
        }
    }

    fn deliver_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let index = self.random.index(self.late.len());
        let command = self.late[index].clone();
        if self.random.percent(50) {
            self.late.swap_remove(index);
        }
        self.apply(None, &command);
    }

    fn send(&mut self, client: usize, command: Command) {
        let fate = match self.random.below(100) {
            chance if chance < self.trouble => Fate::Lost,
            chance if chance < 2 * self.trouble => Fate::ReplyLost,
            _ => Fate::Answered,
        };
        if self.random.percent(self.trouble) {
            self.remember(&command);
        }
        if fate != Fate::Lost {
            let reply = self.apply(Some(client), &command);
            if fate == Fate::Answered {
                return self.clients[client].hear(&command, reply);
            }
        }
        self.clients[client].unanswered.push(command);
    }

    /// Applies a command to both machines, and asks the oracle.
    fn apply(&mut self, sender: Option<usize>, command: &Command) -> Reply {
        let holder = match command {
            Command::Finish { job, epoch, .. } => self.oracle.holder(*job, *epoch),
            _ => None,
        };
        let (mut lost, mut twin_lost) = (vec![], vec![]);
        let reply = self.machine.apply(command, &mut lost);
        let copy = codec::decode::<Command>(&codec::encode(command).unwrap()).unwrap();
        assert_eq!(copy, *command, "a command changed on its way");
        let twin_reply = self.twin.apply(&copy, &mut twin_lost);
        assert_eq!((&twin_reply, &twin_lost), (&reply, &lost), "two machines differ after {command:?}");
        if let (Command::Finish { .. }, Reply::Accepted) = (command, &reply) {
            assert!(holder.is_some(), "a job was ended by somebody who did not hold it");
            if let Some(sender) = sender {
                let sender = &self.clients[sender];
                assert_eq!(holder, Some((sender.node, sender.life)), "a job was ended by another node");
            }
        }
        assert_eq!((reply.clone(), lost), self.oracle.expect(command), "{command:?}");
        self.oracle.check(&self.machine);
        *self.outcomes.entry(outcome(command, &reply)).or_default() += 1;
        reply
    }

    fn restore_twin(&mut self) {
        let saved = saved(&self.machine);
        let mut restored = Machine::default();
        saved.iter().for_each(|record| restored.restore(record).unwrap());
        // Jobs may come in another order; what they say may not differ.
        let again = self::saved(&restored);
        assert_eq!(sorted(&again), sorted(&saved), "a restored machine saves something else");
        assert_eq!(sorted(&self::saved(&self.twin)), sorted(&saved), "two machines save different things");
        self.twin = restored;
    }
}

fn gives(machine: &mut Machine, (node, incarnation): (NodeId, Incarnation)) -> bool {
    let take = Command::Take { node, incarnation, request: u64::MAX, max: 1, now: 0 };
    match machine.apply(&take, &mut vec![]) {
        Reply::Taken { jobs } => !jobs.is_empty(),
        _ => false,
    }
}

fn saved(machine: &Machine) -> Vec<Vec<u8>> {
    let mut records = vec![];
    let saved: Result<(), CodecError> = machine.save(|record| {
        records.push(record.to_vec());
        Ok(())
    });
    saved.unwrap();
    records
}

fn sorted(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut records = records.to_vec();
    records.iter_mut().for_each(|record| record.sort_unstable());
    records
}

/// The first words of a command and of its answer.
fn outcome(command: &Command, reply: &Reply) -> String {
    let first = |text: String| text.split([' ', '(']).next().unwrap_or_default().to_owned();
    let reply = match reply {
        Reply::Taken { jobs } if jobs.is_empty() => "nothing".to_owned(),
        Reply::Taken { jobs } if jobs.iter().any(|job| job.alone) => "a suspect".to_owned(),
        Reply::Taken { jobs } if jobs.iter().any(|job| job.host_moves > 0) => "of a moved host".to_owned(),
        Reply::Taken { jobs } if jobs.iter().any(|job| job.host_places.is_some()) => {
            "of a shared host".to_owned()
        }
        Reply::Taken { .. } => "jobs".to_owned(),
        Reply::Refused(refusal) => first(format!("{refusal:?}")),
        Reply::Failed { again } => format!("again {again}"),
        Reply::Claimed(claim) => first(format!("{claim:?}")),
        Reply::Accepted | Reply::Repeated => format!("{reply:?}"),
    };
    format!("{}: {reply}", first(format!("{command:?}")))
}
