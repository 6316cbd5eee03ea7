//! The vote of one node: what it promised, accepted and learned.
//!
//! A pure state machine, small enough to be checked by a model. Does not know files: its owner stores each change
//! before the answer leaves.

use serde::{Deserialize, Serialize};

use crate::cluster::peer::Founding;
use crate::model::NodeId;

use super::ballot::Ballot;
use super::message::Answer;

/// The vote of one node: what it promised, accepted and learned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Acceptor {
    promised: Option<Ballot>,
    accepted: Option<(Ballot, Founding)>,
    chosen: Option<Founding>,
}

impl Acceptor {
    /// The result, if it is known.
    pub(super) fn chosen(&self) -> Option<&Founding> {
        self.chosen.as_ref()
    }

    /// A ballot of `node` above all that were seen here, and above `round`.
    pub(super) fn next_ballot(&self, node: NodeId, round: u64) -> Ballot {
        let seen = self.promised.map_or(0, |ballot| ballot.round);
        Ballot { round: seen.max(round).saturating_add(1), node }
    }

    /// A proposer asks for a promise.
    ///
    /// The same ballot is not promised twice: two processes that run with one identity (a copied data folder) make equal
    /// ballots, and only one of them may get a quorum.
    pub(super) fn prepare(&mut self, ballot: Ballot) -> Answer {
        if let Some(chosen) = &self.chosen {
            return Answer::Chosen(chosen.clone());
        }
        match self.promised {
            Some(promised) if promised >= ballot => Answer::Refused(promised),
            _ => {
                self.promised = Some(ballot);
                Answer::Promise(ballot, self.accepted.clone())
            }
        }
    }

    /// A proposer that has a quorum of promises asks to accept a value.
    pub(super) fn accept(&mut self, ballot: Ballot, founding: Founding) -> Answer {
        if let Some(chosen) = &self.chosen {
            return Answer::Chosen(chosen.clone());
        }
        if let Some(promised) = self.promised.filter(|promised| *promised > ballot) {
            return Answer::Refused(promised);
        }
        match &self.accepted {
            Some((before, other)) if *before == ballot && *other != founding => Answer::Refused(ballot),
            _ => {
                self.promised = Some(ballot);
                self.accepted = Some((ballot, founding));
                Answer::Accepted(ballot)
            }
        }
    }

    /// Learns what was chosen from another node. The answer holds what counts here: the first founding that was
    /// learned.
    pub(super) fn learn(&mut self, founding: Founding) -> Answer {
        Answer::Chosen(self.chosen.get_or_insert(founding).clone())
    }
}
