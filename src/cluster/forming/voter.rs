//! The side of forming that answers: one node's vote, kept on disk before it is given.
//!
//! Cloned by the server that takes questions and by the driver that asks them. Does not know when to ask.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::cluster::peer::{Founding, Peer};
use crate::model::NodeId;

use super::acceptor::Acceptor;
use super::ballot::Ballot;
use super::declared::Declared;
use super::error::FormingError;
use super::file::VoteFile;
use super::message::{Answer, Hello, Numbers, Request, Standing};

/// Most members of a founding that is believed, and the longest name of one, in bytes.
const MEMBERS: usize = 1024;
const NAME: usize = 512;

/// One node's part in forming: its vote, kept on disk before it is given.
#[derive(Debug, Clone)]
pub(crate) struct Forming(Arc<Voter>);

#[derive(Debug)]
struct Voter {
    me: NodeId,
    peer: Peer,
    declared: Declared,
    vote: Mutex<Vote>,
    standing: watch::Sender<Standing>,
    /// The choice, for those who wait for it.
    chosen: watch::Sender<Option<Founding>>,
}

#[derive(Debug)]
struct Vote {
    acceptor: Acceptor,
    file: VoteFile,
}

impl Vote {
    /// Changes the vote, on disk first.
    fn change(&mut self, change: impl FnOnce(&mut Acceptor) -> Answer) -> Result<Answer, FormingError> {
        let mut next = self.acceptor.clone();
        let answer = change(&mut next);
        if next != self.acceptor {
            self.file.store(&next).map_err(|source| FormingError::Io {
                path: self.file.path(),
                doing: "keeping the vote of this node",
                source,
            })?;
            self.acceptor = next;
        }
        Ok(answer)
    }
}

impl Forming {
    /// Creates a node with its vote in the folder `dir`, which must exist and belong to no other node.
    ///
    /// # Errors
    /// The file of the vote cannot be read, or is damaged.
    pub(crate) fn open(
        dir: &Path,
        me: NodeId,
        peer: Peer,
        declared: Declared,
        standing: Standing,
    ) -> Result<Self, FormingError> {
        let (file, acceptor) = VoteFile::open(dir)?;
        let chosen = watch::Sender::new(acceptor.chosen().cloned());
        let vote = Mutex::new(Vote { acceptor, file });
        let standing = watch::Sender::new(standing);
        Ok(Self(Arc::new(Voter { me, peer, declared, vote, standing, chosen })))
    }

    /// Sets what this node does from now on, for example that its Raft runs.
    pub(crate) fn stand(&self, standing: Standing) {
        self.0.standing.send_replace(standing);
    }

    /// What was chosen, as far as this node knows.
    pub(crate) fn chosen(&self) -> Option<Founding> {
        self.0.chosen.borrow().clone()
    }

    /// Answers a question of `from`, who is that for sure. What changes the vote is on disk before this returns.
    pub(crate) async fn answer(&self, from: NodeId, request: Request) -> Answer {
        if matches!(request, Request::Hello(_)) {
            return Answer::Hello(self.hello());
        }
        self.vote(from, request).await.unwrap_or_else(|error| {
            tracing::error!(%error, "unable to vote");
            Answer::Unable("its disk fails".to_owned())
        })
    }

    /// The same for questions about the vote, with the error of the disk for the node's own use.
    pub(super) async fn vote(&self, from: NodeId, request: Request) -> Result<Answer, FormingError> {
        let own = self.clone();
        let voted = tokio::task::spawn_blocking(move || own.vote_now(from, request));
        // It fails only where the program is ending, and then nothing was promised.
        voted.await.unwrap_or_else(|error| Ok(Answer::Unable(error.to_string())))
    }

    fn vote_now(&self, from: NodeId, request: Request) -> Result<Answer, FormingError> {
        if *self.0.standing.borrow() != Standing::Forming {
            return Ok(Answer::Hello(self.hello()));
        }
        let mut vote = self.0.vote.lock();
        match request {
            Request::Hello(_) => Ok(Answer::Hello(self.hello())),
            Request::Prepare(ballot, numbers) => match self.objection(from, ballot, numbers) {
                Some(why) => Ok(Answer::Unable(why)),
                None => vote.change(|acceptor| acceptor.prepare(ballot)),
            },
            Request::Accept(ballot, founding, numbers) => {
                match self.objection(from, ballot, numbers).or_else(|| implausible(&founding)) {
                    Some(why) => Ok(Answer::Unable(why)),
                    None => vote.change(|acceptor| acceptor.accept(ballot, founding)),
                }
            }
            Request::Chosen(founding) => self.learn(&mut vote, from, founding),
        }
    }

    fn learn(&self, vote: &mut Vote, from: NodeId, founding: Founding) -> Result<Answer, FormingError> {
        if let Some(why) = implausible(&founding) {
            return Ok(Answer::Unable(why));
        }
        let said = founding.cluster;
        let answer = vote.change(|acceptor| acceptor.learn(founding))?;
        if let Answer::Chosen(counts) = &answer {
            if counts.cluster != said {
                tracing::error!(%from, %said, counts = %counts.cluster, "another cluster was chosen elsewhere");
            }
            self.0.chosen.send_if_modified(|known| {
                let is_new = known.is_none();
                *known = Some(counts.clone());
                is_new
            });
        }
        Ok(answer)
    }

    /// Why this node has no vote for that ballot.
    fn objection(&self, from: NodeId, ballot: Ballot, numbers: Numbers) -> Option<String> {
        let own = self.0.declared.numbers();
        if ballot.node != from {
            return Some(format!("ballot {ballot} does not belong to node {from}, which sent it"));
        }
        (!own.meet(numbers)).then(|| disagreement(&self.0.peer, own, "the asking node", numbers))
    }

    /// Who this node is, for others.
    pub(super) fn hello(&self) -> Hello {
        Hello {
            peer: self.0.peer.clone(),
            numbers: self.0.declared.numbers(),
            list: self.0.declared.list().clone(),
            standing: *self.0.standing.borrow(),
            founding: self.chosen(),
        }
    }

    /// The node itself.
    pub(super) fn me(&self) -> NodeId {
        self.0.me
    }

    /// The node as its peers know it.
    pub(super) fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// What it was told.
    pub(super) fn declared(&self) -> &Declared {
        &self.0.declared
    }

    /// A ballot of its own that it has not used, in this life or one before, above `round`.
    pub(super) fn next_ballot(&self, round: u64) -> Ballot {
        self.0.vote.lock().acceptor.next_ballot(self.0.me, round)
    }

    /// Waits for the choice to be known here.
    pub(super) async fn wait_chosen(&self) -> Founding {
        let mut known = self.0.chosen.subscribe();
        loop {
            if let Some(founding) = known.borrow_and_update().clone() {
                return founding;
            }
            if known.changed().await.is_err() {
                // Cannot be: the sender lives as long as `self`.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Two nodes that were told numbers that do not go together.
pub(super) fn disagreement(a: &Peer, ours: Numbers, b: &str, theirs: Numbers) -> String {
    format!(
        "{a} was told {} nodes with a quorum of {}, {b} {} nodes with a quorum of {}: each could find a quorum \
         without the other; give all nodes the same --join and --quorum",
        ours.size, ours.quorum, theirs.size, theirs.quorum
    )
}

fn implausible(founding: &Founding) -> Option<String> {
    let is_plausible = (1..=MEMBERS).contains(&founding.members.len())
        && founding.members.values().all(|peer| peer.name.len() <= NAME);
    (!is_plausible).then(|| "a founding without members, with too many, or with endless names".to_owned())
}
