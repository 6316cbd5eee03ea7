//! The machine, its nodes, what is on its way, and every single thing that may happen next.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use scoopi::internals::model::{FailureClass, HostHint, NodeId};
use scoopi::internals::store::machine::{Command, Machine, Pacing, Phase, Reply};

use super::decisions::{Decided, Decisions, Sent, digest};
use super::ledger::Ledger;
use super::node::Node;
use super::setup::{Faults, Nature, Setup, Site};

/// Something that happens. Nodes and commands are named by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// A node that is down comes back.
    Start(usize),
    /// A node asks.
    Ask(usize, Sent),
    /// A node asks the host for the page of a job, by its place among those it has.
    Fetch(usize, usize),
    /// What a node asked is applied, and it hears the answer.
    Answer(usize),
    /// A live node learns that others took it for dead.
    Learn(usize),
    /// A page brings the node down that works on it.
    Die(usize),
    /// The death of a node is noticed. By its place among the members.
    Expire(usize),
    Resume,
    Harm(Fault),
}

/// Something that happens only so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Crash(usize),
    LoseDisk(usize),
    /// What a node asked is applied, and the answer is lost.
    LoseAnswer(usize),
    /// A copy of what a node asked stays on its way.
    Delay(usize),
    /// The report that a live node is dead stays on its way.
    DelayExpire(usize),
    /// Something that stayed on its way is applied.
    Arrive(usize),
    ExpireLive(usize),
    Leave(usize),
    VoteEarly(usize),
    /// A try of a healthy page fails.
    Fail(usize, Sent),
    /// A job goes back because of its host.
    PutOff(usize, Sent),
    Cancel,
}

/// See the module docs.
#[derive(Debug, Clone)]
pub(super) struct World {
    decided: Arc<Decided>,
    nodes: Vec<Node>,
    /// Commands that may be applied at any time, by senders that do not wait for them any more.
    late: Vec<Sent>,
    left: Faults,
    pub(super) ledger: Ledger,
    pub(super) digest: u64,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl World {
    pub(super) fn new(setup: &Setup, decisions: &Decisions) -> Self {
        let (decided, nodes, told) = setup.beginning();
        let mut world = Self {
            decided: Arc::new(Decided::new((setup.machine)())),
            nodes,
            late: vec![],
            left: setup.faults,
            ledger: Ledger::new(&setup.site),
            digest: 0,
        };
        for (sent, reply) in told {
            assert_eq!(world.commit(setup, decisions, &sent), reply);
        }
        assert_eq!(world.decided.digest, decided.digest);
        world.seal()
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.decided.machine
    }

    /// Whether nothing is left to happen.
    pub(super) fn is_over(&self) -> bool {
        self.machine().phase() == Phase::Terminated
    }

    /// Whether `action` needs neither harm nor luck: it happens if any node is left that lives.
    pub(super) fn must_happen(&self, action: &Action) -> bool {
        match action {
            Action::Harm(_) => false,
            Action::Start(_) => self.nodes.iter().all(Node::is_down),
            _ => true,
        }
    }

    /// Whether all harm was done that may be.
    pub(super) fn has_suffered(&self) -> bool {
        self.left == Faults::default()
    }

    /// Everything that may happen next.
    pub(super) fn actions(&self, setup: &Setup, actions: &mut Vec<Action>) {
        if self.is_over() {
            return;
        }
        for (place, node) in self.nodes.iter().enumerate() {
            self.actions_of(place, node, setup, actions);
        }
        for (place, member) in self.ledger.members.iter().enumerate() {
            let is_live = |node: &Node| !node.is_down() && (node.id, node.life) == (member.node, member.life);
            if !self.nodes.iter().any(is_live) {
                actions.push(Action::Expire(place));
                continue;
            }
            if self.left.expiries > 0 {
                actions.push(Action::Harm(Fault::ExpireLive(place)));
            }
            if self.left.late > 0 && self.left.expiries > 0 {
                actions.push(Action::Harm(Fault::DelayExpire(place)));
            }
        }
        actions.extend((0..self.late.len()).map(|place| Action::Harm(Fault::Arrive(place))));
        if self.machine().phase() == Phase::Draining {
            actions.push(Action::Resume);
        } else if self.left.cancels > 0 {
            actions.push(Action::Harm(Fault::Cancel));
        }
    }

    fn actions_of(&self, place: usize, node: &Node, setup: &Setup, actions: &mut Vec<Action>) {
        let is_running = self.machine().phase() < Phase::Shutdown;
        if node.is_down() {
            actions.extend(is_running.then_some(Action::Start(place)));
            return;
        }
        let harm = |left: u8, fault: Fault| (left > 0).then_some(Action::Harm(fault));
        actions.extend(harm(self.left.crashes, Fault::Crash(place)));
        actions.extend(harm(self.left.lost_disks, Fault::LoseDisk(place)));
        actions.extend(node.may_fetch().map(|job| Action::Fetch(place, job)));
        if node.asks.is_some() {
            actions.push(Action::Answer(place));
            actions.extend(harm(self.left.lost_answers, Fault::LoseAnswer(place)));
            actions.extend(harm(self.left.late, Fault::Delay(place)));
            return;
        }
        let is_member = |node: &Node| {
            self.ledger.members.iter().any(|member| (member.node, member.life) == (node.id, node.life))
        };
        if is_running && !is_member(node) {
            actions.push(Action::Learn(place));
        }
        let wishes = node.wishes(self.machine(), setup);
        actions.extend(wishes.into_iter().map(|command| Action::Ask(place, Sent::new(command))));
        for held in &node.held {
            for hint in [HostHint::Busy, HostHint::Waits(2)] {
                let release = Fault::PutOff(place, Sent::new(held.release(hint)));
                actions.extend(harm(self.left.put_offs, release));
            }
            match held.nature(&setup.site) {
                Nature::Deadly => actions.push(Action::Die(place)),
                Nature::Healthy if self.left.failures > 0 => {
                    let failure = Sent::new(held.failure(FailureClass::Recoverable));
                    actions.push(Action::Harm(Fault::Fail(place, failure)));
                }
                _ => {}
            }
        }
        actions.extend(harm(if is_running { self.left.leaves } else { 0 }, Fault::Leave(place)));
        let early = if node.early_vote(self.machine()).is_some() { self.left.early_votes } else { 0 };
        actions.extend(harm(early, Fault::VoteEarly(place)));
    }

    /// The world after `action`; none if it is the same but for harm that did nothing.
    pub(super) fn next(&self, setup: &Setup, decisions: &Decisions, action: &Action) -> Option<Self> {
        let mut world = self.clone();
        match action {
            Action::Start(place) => world.nodes[*place].start(),
            Action::Ask(place, sent) => world.nodes[*place].ask(sent.clone()),
            Action::Fetch(place, job) => world.nodes[*place].fetch(*job),
            Action::Answer(place) => {
                let sent = world.nodes[*place].asks.clone()?;
                let reply = world.commit(setup, decisions, &sent);
                world.nodes[*place].hear(&sent.command, &reply, &world.decided.machine);
            }
            Action::Learn(place) => world.nodes[*place].rejoin(),
            Action::Die(place) => world.die(*place),
            Action::Expire(place) => drop(world.commit(setup, decisions, &self.expiry(*place))),
            Action::Resume => drop(world.commit(setup, decisions, &Sent::new(Command::Resume))),
            Action::Harm(fault) => world.suffer(setup, decisions, fault)?,
        }
        Some(world.seal())
    }

    fn suffer(&mut self, setup: &Setup, decisions: &Decisions, fault: &Fault) -> Option<()> {
        let before = self.decided.digest;
        match fault {
            Fault::Crash(place) => {
                self.left.crashes -= 1;
                self.die(*place);
            }
            Fault::LoseDisk(place) => {
                self.left.lost_disks -= 1;
                self.die(*place);
                let fresh = setup.nodes + u64::from(setup.faults.lost_disks - self.left.lost_disks);
                self.nodes[*place].id = NodeId(fresh);
                self.nodes[*place].life.0 = 0;
            }
            Fault::LoseAnswer(place) => {
                self.left.lost_answers -= 1;
                let sent = self.nodes[*place].asks.clone()?;
                self.commit(setup, decisions, &sent);
                return (self.decided.digest != before).then_some(());
            }
            Fault::Delay(place) => {
                self.left.late -= 1;
                self.late.push(self.nodes[*place].asks.clone()?);
            }
            Fault::DelayExpire(place) => {
                (self.left.late, self.left.expiries) = (self.left.late - 1, self.left.expiries - 1);
                self.late.push(self.expiry(*place));
            }
            Fault::Arrive(place) => {
                let sent = self.late.remove(*place);
                self.commit(setup, decisions, &sent);
            }
            Fault::ExpireLive(place) => {
                self.left.expiries -= 1;
                self.commit(setup, decisions, &self.expiry(*place));
            }
            Fault::Leave(place) => {
                self.left.leaves -= 1;
                self.nodes[*place].asks = Some(Sent::new(self.nodes[*place].leave()));
            }
            Fault::VoteEarly(place) => {
                self.left.early_votes -= 1;
                self.nodes[*place].asks = Some(Sent::new(self.nodes[*place].early_vote(self.machine())?));
            }
            Fault::Fail(place, failure) => {
                self.left.failures -= 1;
                self.nodes[*place].ask(failure.clone());
            }
            Fault::PutOff(place, release) => {
                self.left.put_offs -= 1;
                self.nodes[*place].ask(release.clone());
            }
            Fault::Cancel => {
                self.left.cancels -= 1;
                self.commit(setup, decisions, &Sent::new(Command::Cancel));
                return (self.decided.digest != before).then_some(());
            }
        }
        Some(())
    }

    fn expiry(&self, place: usize) -> Sent {
        let member = &self.ledger.members[place];
        Sent::new(Command::Expire { node: member.node, incarnation: member.life })
    }

    /// Nobody knows whether what a dead node asked arrives.
    fn die(&mut self, place: usize) {
        self.late.extend(self.nodes[place].die());
    }

    fn commit(&mut self, setup: &Setup, decisions: &Decisions, sent: &Sent) -> Reply {
        let decision = decisions.decide(&self.decided, sent);
        self.ledger.observe(&setup.site, &self.decided.machine, &sent.command, &decision);
        self.decided = Arc::clone(&decision.after);
        decision.reply.clone()
    }

    /// Gives the world its digest.
    fn seal(mut self) -> Self {
        self.late.sort();
        self.digest = digest(&(self.decided.digest, &self.nodes, &self.late, &self.left, &self.ledger));
        self
    }
}

impl World {
    /// Whether every job that must be over at the end is over.
    pub(super) fn ends_in_order(&self) -> bool {
        self.machine().phase() < Phase::Shutdown
            || self.ledger.has_every_end() && self.machine().counts().open() == 0
    }

    /// Whether all nodes together ask the host no harder than one may. A node that others took for dead does not
    /// count with what it had in work then.
    pub(super) fn spares_the_host(&self) -> bool {
        let leases = self.nodes.iter().flat_map(|node| node.running().map(|lease| (node.id, lease)));
        let valid = leases.filter(|(node, (job, epoch))| self.ledger.holds(*node, *job, *epoch)).count();
        let rules = self.machine().run().map(|run| &run.rules);
        rules.is_none_or(|rules| rules.pacing != Pacing::Shared || valid <= rules.host_leases as usize)
    }

    /// Whether all there was to get was got.
    pub(super) fn is_complete(&self, site: &Site) -> bool {
        self.is_over() && self.ledger.has_all_rows(site)
    }
}
