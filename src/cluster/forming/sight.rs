//! The nodes that are there, as far as the declared addresses show it: what each of them answered last.
//!
//! Pure: it is fed with outcomes and asked what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::cluster::address::Address;
use crate::cluster::network::SelfDial;
use crate::cluster::peer::{ClusterId, Founding, Peer};
use crate::model::NodeId;

use super::declared::{Declared, DeclaredError};
use super::error::FormingError;
use super::message::{Answer, Hello, Standing};
use super::voter::disagreement;

/// What each declared address answered last.
#[derive(Debug)]
pub(super) struct Sight {
    me: NodeId,
    own: Hello,
    outcomes: BTreeMap<Address, Outcome>,
    warnings: BTreeMap<Address, String>,
}

/// What became of the last Hello to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// It was not answered.
    Silent(String),
    /// This node itself is there.
    SelfDial,
    /// Another node is there.
    Node { id: NodeId, peer: Peer, standing: Standing, is_sound: bool },
}

/// The nodes that can found a cluster now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Present {
    /// The nodes, including this one, each with an address under which others reach it.
    pub(super) nodes: BTreeMap<NodeId, Peer>,
    /// How many there shall be.
    pub(super) size: usize,
    /// How many are enough.
    pub(super) quorum: usize,
}

impl Sight {
    /// Starts with no other node seen.
    pub(super) fn new(me: NodeId, own: Hello) -> Self {
        Self { me, own, outcomes: BTreeMap::new(), warnings: BTreeMap::new() }
    }

    /// Notes what came back from an address. Where a choice that this node should know comes to light, it is handed
    /// out.
    pub(super) fn note(&mut self, at: &Address, came: io::Result<(NodeId, Answer)>) -> Option<Founding> {
        let (outcome, founding) = match came {
            Ok((id, _)) if id == self.me => (Outcome::SelfDial, None),
            Err(error) if SelfDial::is(&error) => (Outcome::SelfDial, None),
            Ok((id, Answer::Hello(hello))) => self.met(at, id, hello),
            Ok((_, Answer::Unable(why))) => (Outcome::Silent(format!("cannot answer: {why}")), None),
            Ok(_) => (Outcome::Silent("answered something else than was asked".to_owned()), None),
            Err(error) => (Outcome::Silent(reason(at, &error)), None),
        };
        self.outcomes.insert(at.clone(), outcome);
        founding
    }

    fn met(&mut self, at: &Address, id: NodeId, hello: Hello) -> (Outcome, Option<Founding>) {
        let (ours, theirs) = (self.own.numbers, hello.numbers);
        let is_sound = ours.meet(theirs);
        let warning = if !is_sound {
            Some(disagreement(&self.own.peer, ours, &hello.peer.to_string(), theirs))
        } else if ours != theirs || self.own.list != hello.list {
            Some(format!(
                "{} declares {}, {} declares {}",
                self.own.peer,
                told(&self.own),
                hello.peer,
                told(&hello)
            ))
        } else {
            None
        };
        match warning {
            Some(warning) => self.warn(at, warning),
            None => _ = self.warnings.remove(at),
        }
        // From a running cluster one wants its founding only where one is part of it; others join what it is now.
        let founding = hello.founding.filter(|founding| match hello.standing {
            Standing::Forming => true,
            Standing::Member { .. } | Standing::Paused { .. } => founding.members.contains_key(&self.me),
            Standing::Waiting { .. } => false,
        });
        (Outcome::Node { id, peer: hello.peer, standing: hello.standing, is_sound }, founding)
    }

    fn warn(&mut self, at: &Address, warning: String) {
        if self.warnings.get(at) != Some(&warning) {
            tracing::warn!("{warning}");
            self.warnings.insert(at.clone(), warning);
        }
    }

    /// Forgets addresses that are no longer asked.
    pub(super) fn keep(&mut self, asked: &BTreeSet<Address>) {
        self.outcomes.retain(|at, _| asked.contains(at));
    }

    /// Whether each of these gave an outcome.
    pub(super) fn covers(&self, asked: &BTreeSet<Address>) -> bool {
        asked.iter().all(|at| self.outcomes.contains_key(at))
    }

    /// The cluster that runs already, and where. A cluster without a quorum counts only for a node that has data of it
    /// (`own`): it may never have a quorum again.
    ///
    /// # Errors
    /// More than one runs.
    pub(super) fn running(
        &self,
        own: Option<ClusterId>,
    ) -> Result<Option<(ClusterId, Vec<Address>)>, FormingError> {
        let mut found: Option<(ClusterId, Vec<Address>)> = None;
        for (at, outcome) in &self.outcomes {
            let cluster = match outcome {
                Outcome::Node { standing: Standing::Member { cluster }, .. } => cluster,
                Outcome::Node { standing: Standing::Paused { cluster }, .. } if own == Some(*cluster) => {
                    cluster
                }
                _ => continue,
            };
            match &mut found {
                None => found = Some((*cluster, vec![at.clone()])),
                Some((one, places)) if one == cluster => places.push(at.clone()),
                Some((one, places)) => {
                    let a_at = places.swap_remove(0);
                    return Err(FormingError::TwoClusters { a: *one, a_at, b: *cluster, b_at: at.clone() });
                }
            }
        }
        Ok(found)
    }

    /// The nodes that can found a cluster now.
    ///
    /// # Errors
    /// The quorum does not fit the size, now that one's own other names are known.
    pub(super) fn present(&self, declared: &Declared) -> Result<Present, DeclaredError> {
        let (size, quorum) = declared.check(self.aliases(declared))?;
        let mut nodes = BTreeMap::from([(self.me, self.oneself())]);
        for (at, outcome) in &self.outcomes {
            if let Outcome::Node { id, peer, standing: Standing::Forming, is_sound: true } = outcome {
                let reached = || Peer { address: at.clone(), name: peer.name.clone() };
                nodes.entry(*id).or_insert_with(reached);
            }
        }
        Ok(Present { nodes, size, quorum })
    }

    /// How many nodes answer, including this one, whatever they are doing.
    pub(super) fn here(&self) -> usize {
        let others = self.outcomes.values().filter_map(|outcome| match outcome {
            Outcome::Node { id, .. } => Some(*id),
            _ => None,
        });
        others.collect::<BTreeSet<_>>().len() + 1
    }

    /// How many nodes hold an unfinished run.
    pub(super) fn held(&self) -> usize {
        let held = self.outcomes.values().filter_map(|outcome| match outcome {
            Outcome::Node { id, standing: Standing::Waiting { .. }, .. } => Some(*id),
            _ => None,
        });
        held.collect::<BTreeSet<_>>().len()
    }

    /// Addresses where no node answers.
    pub(super) fn silent(&self, asked: &BTreeSet<Address>) -> Vec<Address> {
        let is_silent = |at: &&Address| matches!(self.outcomes.get(*at), None | Some(Outcome::Silent(_)));
        asked.iter().filter(is_silent).cloned().collect()
    }

    /// Addresses that did not help, and why.
    pub(super) fn missing(&self, asked: &BTreeSet<Address>) -> Vec<(Address, String)> {
        asked.iter().filter_map(|at| Some((at.clone(), self.why_missing(at)?))).collect()
    }

    fn why_missing(&self, at: &Address) -> Option<String> {
        match self.outcomes.get(at) {
            None => Some("no answer yet".to_owned()),
            Some(Outcome::Silent(why)) => Some(why.clone()),
            Some(Outcome::SelfDial) => None,
            Some(Outcome::Node { standing: Standing::Waiting { cluster }, .. }) => {
                Some(format!("holds an unfinished run of cluster {cluster} and was started without --resume"))
            }
            Some(Outcome::Node { standing: Standing::Paused { cluster }, .. }) => {
                Some(format!("is a member of cluster {cluster}, which has no quorum"))
            }
            Some(Outcome::Node { is_sound: false, .. }) => Some("declares other numbers of nodes".to_owned()),
            Some(Outcome::Node { id, .. }) => {
                let is_same = |(_, other): &(&Address, &Outcome)| matches!(other, Outcome::Node { id: other, .. } if other == id);
                let (first, _) = self.outcomes.iter().find(is_same)?;
                let same = "another name for it, or a copied data folder";
                (first != at).then(|| format!("is the node that {first} is ({same})"))
            }
        }
    }

    /// Differences between what nodes declare.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.values().cloned().collect()
    }

    /// This node, under the address by which others know it: if its own address stands for all addresses of the
    /// machine, the name in the list that led back here.
    fn oneself(&self) -> Peer {
        let mut peer = self.own.peer.clone();
        if peer.address.is_unspecified()
            && let Some((at, _)) = self.outcomes.iter().find(|(_, outcome)| **outcome == Outcome::SelfDial)
        {
            peer.address = at.clone();
        }
        peer
    }

    fn aliases(&self, declared: &Declared) -> usize {
        let is_alias = |(at, outcome): &(&Address, &Outcome)| {
            **outcome == Outcome::SelfDial && declared.list().contains(*at) && *at != declared.own()
        };
        self.outcomes.iter().filter(is_alias).count()
    }
}

fn told(hello: &Hello) -> String {
    // A peer decides how long its list is; people need only the beginning.
    let named: Vec<String> = hello.list.iter().take(16).map(ToString::to_string).collect();
    format!("{} nodes with a quorum of {} ({})", hello.numbers.size, hello.numbers.quorum, named.join(", "))
}

/// Why no node answered, for people.
fn reason(at: &Address, error: &io::Error) -> String {
    // What the network has seen, it logs itself.
    let seen = || {
        let said = error.get_ref()?.to_string();
        Some(said.strip_prefix(&format!("{at}: ")).unwrap_or(&said).to_owned())
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused, no node listens there".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::PermissionDenied | io::ErrorKind::ConnectionAborted
            if error.get_ref().is_some() =>
        {
            seen().unwrap_or_default()
        }
        io::ErrorKind::TimedOut => "no answer in time (host down, or a firewall)".to_owned(),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "the connection was closed before it answered".to_owned(),
        io::ErrorKind::InvalidData => format!("answers in another version of scoopi: {error}"),
        _ => seen().unwrap_or_else(|| error.to_string()),
    }
}
