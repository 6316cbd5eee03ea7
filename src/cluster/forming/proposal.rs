//! One attempt to have a value chosen: a ballot, and who promised and accepted it.
//!
//! A pure state machine that is fed with answers; who is asked, and for how long, is the driver's business.

use std::collections::BTreeMap;

use crate::cluster::address::Address;
use crate::cluster::peer::Founding;
use crate::model::NodeId;

use super::ballot::Ballot;
use super::message::Answer;

/// One attempt to have a value chosen: its ballot, and the nodes that promised and accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Proposal {
    ballot: Ballot,
    quorum: usize,
    value: Founding,
    /// The ballot under which another node accepted `value` before.
    adopted: Option<Ballot>,
    phase: Phase,
    votes: Votes,
    /// The highest round that was named by those who refused.
    highest: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Preparing,
    Accepting,
    Decided,
}

/// What an answer leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// More answers are needed.
    Wait,
    /// A quorum promised: ask all to accept this.
    Accept(Founding),
    /// The choice is made.
    Chosen(Founding),
}

impl Proposal {
    /// Proposes `value`, unless another one turns out to be accepted already.
    pub(super) fn new(ballot: Ballot, quorum: usize, value: Founding) -> Self {
        let (phase, votes) = (Phase::Preparing, Votes::default());
        Self { ballot, quorum, value, adopted: None, phase, votes, highest: ballot.round }
    }

    /// Its ballot.
    pub(super) fn ballot(&self) -> Ballot {
        self.ballot
    }

    /// The next attempt must be above that round.
    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// `from`, reached at `at`, answers.
    pub(super) fn hear(&mut self, at: &Address, from: NodeId, answer: Answer) -> Step {
        match (answer, self.phase) {
            (_, Phase::Decided) => Step::Wait,
            (Answer::Promise(ballot, accepted), Phase::Preparing) if ballot == self.ballot => {
                self.promised(at, from, accepted)
            }
            (Answer::Accepted(ballot), Phase::Accepting) if ballot == self.ballot => self.accepted(at, from),
            (Answer::Chosen(founding), _) => {
                self.phase = Phase::Decided;
                Step::Chosen(founding)
            }
            (Answer::Refused(promised), _) => {
                self.highest = self.highest.max(promised.round);
                Step::Wait
            }
            _ => Step::Wait,
        }
    }

    fn promised(&mut self, at: &Address, from: NodeId, accepted: Option<(Ballot, Founding)>) -> Step {
        if !self.votes.cast(at, from) {
            return Step::Wait;
        }
        // What was accepted may be chosen: it must be proposed again, that of the highest ballot.
        if let Some((ballot, value)) = accepted.filter(|(ballot, _)| self.adopted.is_none_or(|b| b < *ballot))
        {
            (self.adopted, self.value) = (Some(ballot), value);
        }
        if self.votes.count() < self.quorum {
            return Step::Wait;
        }
        (self.phase, self.votes) = (Phase::Accepting, Votes::default());
        Step::Accept(self.value.clone())
    }

    fn accepted(&mut self, at: &Address, from: NodeId) -> Step {
        if !self.votes.cast(at, from) || self.votes.count() < self.quorum {
            return Step::Wait;
        }
        self.phase = Phase::Decided;
        Step::Chosen(self.value.clone())
    }
}

/// Votes of nodes at addresses. One node under two addresses has one vote, and so have two nodes that came one after
/// the other at one address (a process that was restarted with an empty disk).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Votes(BTreeMap<NodeId, Address>);

impl Votes {
    /// Counts a vote; false for one that does not count.
    fn cast(&mut self, at: &Address, from: NodeId) -> bool {
        let is_new = !self.0.contains_key(&from) && !self.0.values().any(|other| other == at);
        if is_new {
            self.0.insert(from, at.clone());
        }
        is_new
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}
