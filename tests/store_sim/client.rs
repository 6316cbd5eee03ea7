//! A node as a client of the machine: what it knows, what it asks, what it believes.
//!
//! It behaves as the real one does: it asks again with the same command until it hears an answer, and asks for
//! jobs one request at a time.

use scoopi::internals::model::{Epoch, Fingerprint, Incarnation, Job, Locator, NodeId};
use scoopi::internals::store::machine::{Barricade, Claim, Command, Phase, Refusal, Reply, seed_digest};

/// Where a client stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not there.
    Down,
    Joining,
    Before(Barricade),
    Composing(Epoch),
    /// What is left of the work: chunks sent so far, digest of them.
    Seeding(Epoch, u32, Fingerprint),
    Working,
}

/// See the module docs.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) node: NodeId,
    pub(super) life: Incarnation,
    pub(super) stage: Stage,
    /// Jobs it has and did not end yet.
    pub(super) held: Vec<Job>,
    /// Commands whose answers it waits for.
    pub(super) unanswered: Vec<Command>,
    /// The last request for jobs that was answered.
    request: u64,
}

impl Client {
    pub(super) fn new(node: u64) -> Self {
        Self {
            node: NodeId(node),
            life: Incarnation(0),
            stage: Stage::Down,
            held: vec![],
            unanswered: vec![],
            request: 0,
        }
    }

    pub(super) fn is_down(&self) -> bool {
        self.stage == Stage::Down
    }

    /// Dies. Gives what was on its way.
    pub(super) fn die(&mut self) -> Vec<Command> {
        self.stage = Stage::Down;
        self.held.clear();
        std::mem::take(&mut self.unanswered)
    }

    /// Comes back in a new life.
    pub(super) fn start(&mut self) -> Command {
        self.life.0 += 1;
        self.request = 0;
        self.stage = Stage::Joining;
        Command::Join { node: self.node, incarnation: self.life }
    }

    pub(super) fn take(&mut self, max: u32, now: u64) -> Option<Command> {
        let asks = self.unanswered.iter().any(|command| matches!(command, Command::Take { .. }));
        if asks || self.stage != Stage::Working {
            return None;
        }
        let (node, incarnation, request) = (self.node, self.life, self.request + 1);
        Some(Command::Take { node, incarnation, request, max, now })
    }

    pub(super) fn vote(&self) -> Command {
        Command::Done { node: self.node, incarnation: self.life }
    }

    pub(super) fn leave(&self) -> Command {
        Command::Leave { node: self.node, incarnation: self.life }
    }

    /// Whether it has nothing in work, as it sees it.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.unanswered.is_empty()
    }

    /// The next command on the way to [`Stage::Working`].
    pub(super) fn next(&self, seeds: &[Locator], chunk: usize) -> Option<Command> {
        let (node, incarnation) = (self.node, self.life);
        match &self.stage {
            Stage::Down | Stage::Working => None,
            Stage::Joining => Some(Command::Join { node, incarnation }),
            Stage::Before(barricade) => Some(Command::Claim { barricade: *barricade, node, incarnation }),
            Stage::Composing(epoch) => {
                Some(Command::Publish { epoch: *epoch, entries: vec![("k".into(), vec![1])] })
            }
            Stage::Seeding(epoch, number, digest) => Some(match seeds.chunks(chunk).nth(*number as usize) {
                Some(locators) => {
                    Command::SeedChunk { epoch: *epoch, number: *number, locators: locators.to_vec() }
                }
                None => Command::SeedDone { epoch: *epoch, count: seeds.len() as u64, digest: *digest },
            }),
        }
    }

    /// Hears an answer.
    pub(super) fn hear(&mut self, command: &Command, reply: Reply) {
        if reply == Reply::Refused(Refusal::NotAMember) && !matches!(command, Command::Leave { .. }) {
            // Others took it for dead. It starts anew.
            self.die();
            return;
        }
        match (command, reply) {
            (Command::Take { .. }, Reply::Taken { jobs }) => {
                self.request += 1;
                for job in jobs {
                    match self.held.iter().find(|held| held.key == job.key) {
                        None => self.held.push(job),
                        Some(held) => {
                            let tells_of_places = held.epoch == job.epoch && job.host_places.is_some();
                            assert!(tells_of_places, "given a job that it has");
                        }
                    }
                }
            }
            (Command::Take { .. }, reply) => {
                assert!(matches!(reply, Reply::Refused(Refusal::Phase(_))), "{reply:?}");
                self.request += 1;
            }
            (Command::Leave { .. }, _) => drop(self.die()),
            (Command::Join { .. }, Reply::Accepted) if self.stage == Stage::Joining => {
                self.stage = Stage::Before(Barricade::Compose);
            }
            (Command::Claim { barricade, .. }, Reply::Claimed(claim)) => self.claimed(*barricade, claim),
            (Command::Claim { .. }, Reply::Refused(refusal)) => {
                assert!(matches!(refusal, Refusal::Phase(Phase::Forming | Phase::Composing)), "{refusal:?}");
            }
            // Taken for dead in between: it will hear so when it claims again.
            (Command::Publish { .. }, Reply::Refused(Refusal::NotTheHolder)) => {
                self.stage = Stage::Before(Barricade::Compose);
            }
            (Command::SeedChunk { .. } | Command::SeedDone { .. }, Reply::Refused(Refusal::NotTheHolder)) => {
                self.stage = Stage::Before(Barricade::Seed)
            }
            (Command::Publish { .. }, reply) => {
                assert!(matches!(reply, Reply::Accepted | Reply::Repeated), "{reply:?}");
                self.stage = Stage::Before(Barricade::Seed);
            }
            (Command::SeedChunk { locators, number, .. }, reply) => {
                assert!(matches!(reply, Reply::Accepted | Reply::Repeated), "{reply:?}");
                if let Stage::Seeding(epoch, sent, digest) = self.stage {
                    assert_eq!(sent, *number);
                    self.stage = Stage::Seeding(epoch, sent + 1, seed_digest(digest, locators));
                }
            }
            (Command::SeedDone { .. }, reply) => {
                assert!(matches!(reply, Reply::Accepted | Reply::Repeated), "{reply:?}");
                self.stage = Stage::Working;
            }
            _ => {}
        }
    }

    fn claimed(&mut self, barricade: Barricade, claim: Claim) {
        if self.stage != Stage::Before(barricade) {
            return;
        }
        self.stage = match (barricade, claim) {
            (Barricade::Compose, Claim::Work(epoch)) => Stage::Composing(epoch),
            (Barricade::Compose, Claim::Open) => Stage::Before(Barricade::Seed),
            (Barricade::Seed, Claim::Work(epoch)) => Stage::Seeding(epoch, 0, Fingerprint::default()),
            (Barricade::Seed, Claim::Open) => Stage::Working,
            (_, Claim::Wait(_) | Claim::Failed(_)) => return,
        };
    }
}
