//! When a node proposes, and how the nodes come to one result.
//!
//! The driver does three things at the same time: it looks for others ([`Lookout`]), proposes when it is its turn, and
//! waits for the result. The node with the lowest id proposes first; the others step in later, each after a time of its
//! own, so that a proposer that dies is replaced and two rarely get in each other's way. If they do, Paxos keeps the
//! result unique.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::address::Address;
use crate::cluster::peer::{ClusterId, Founding};
use crate::model::NodeId;

use super::error::{FormingError, NoQuorum};
use super::lookout::{Ask, Lookout};
use super::message::{Answer, Request};
use super::proposal::{Proposal, Step};
use super::running::Running;
use super::sight::{Present, Sight};
use super::voter::Forming;
use super::waiting::Waiting;

/// How long a node has to answer while a proposal is made.
const ROUND: Duration = Duration::from_secs(1);
/// How long this node sends the result to others before it continues; a node that misses it learns it with the next
/// Hello.
const TELL: Duration = Duration::from_millis(300);
/// How long other members are looked for once one was met.
const GATHER: Duration = Duration::from_millis(500);
/// How long a node that is not the lowest waits for a proposal, at least and at most, in milliseconds.
const STEP_IN: (u64, u64) = (1_500, 3_000);
/// The same between two attempts.
const AGAIN: (u64, u64) = (100, 600);

/// How forming is done.
#[derive(Debug)]
pub(crate) struct Options {
    /// When to give up.
    pub(crate) timeout: Duration,
    /// How long the rest is waited for once there is a quorum.
    pub(crate) grace: Duration,
    /// Most members of the founding; further nodes join what they founded.
    pub(crate) founders: usize,
    /// Addresses that are found rather than declared.
    pub(crate) found: watch::Receiver<BTreeSet<Address>>,
    /// Told how far it is.
    pub(crate) progress: watch::Sender<Waiting>,
}

/// How forming ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Formed {
    /// A cluster runs already: join it.
    Running(Running),
    /// The founding was chosen: each of its members starts Raft with it, every other node joins.
    Founded(Founding),
}

/// Finds the other nodes and agrees with them. The node must answer questions ([`Forming::answer`]) meanwhile and
/// afterwards.
///
/// # Errors
/// See [`FormingError`].
pub(crate) async fn form<A: Ask>(
    forming: &Forming,
    options: &Options,
    ask: &A,
) -> Result<Formed, FormingError> {
    if let Some(founding) = forming.chosen() {
        return Ok(Formed::Founded(founding));
    }
    let (seen, sights) = watch::channel(Present::default());
    let driver =
        Driver { forming, options, lookout: Lookout { forming, ask, found: &options.found }, sights };
    tokio::select! {
        biased;
        founding = forming.wait_chosen() => Ok(Formed::Founded(founding)),
        running = driver.look(&seen) => running.map(Formed::Running),
        founding = driver.agree() => founding.map(Formed::Founded),
    }
}

struct Driver<'a, A> {
    forming: &'a Forming,
    options: &'a Options,
    lookout: Lookout<'a, A>,
    sights: watch::Receiver<Present>,
}

impl<A: Ask> Driver<'_, A> {
    /// Looks until a running cluster is met, or time is over.
    async fn look(&self, seen: &watch::Sender<Present>) -> Result<Running, FormingError> {
        let deadline = Instant::now() + self.options.timeout;
        let mut met = None;
        let judge = |sight: &Sight, asked: &BTreeSet<Address>| {
            let now = Instant::now();
            if let Some((cluster, at)) = sight.running(None)? {
                let since = *met.get_or_insert(now);
                let is_enough = sight.covers(asked) || now - since >= GATHER;
                return Ok(is_enough.then_some(Running { cluster, at }));
            }
            let present = sight.present(self.forming.declared())?;
            let (here, size) = (present.nodes.len(), present.size);
            if here > size {
                return Err(FormingError::TooMany { here, size });
            }
            if now >= deadline {
                return Err(self.gave_up(sight, asked, &present));
            }
            self.tell_progress(sight, asked, &present, deadline - now);
            seen.send_if_modified(|known| {
                let is_new = *known != present;
                *known = present;
                is_new
            });
            Ok(None)
        };
        self.lookout.look(judge).await
    }

    fn gave_up(&self, sight: &Sight, asked: &BTreeSet<Address>, present: &Present) -> FormingError {
        FormingError::NoQuorum(Box::new(NoQuorum {
            here: present.nodes.len(),
            size: present.size,
            quorum: present.quorum,
            after: self.options.timeout,
            missing: sight.missing(asked),
            warnings: sight.warnings(),
        }))
    }

    fn tell_progress(&self, sight: &Sight, asked: &BTreeSet<Address>, present: &Present, left: Duration) {
        self.options.progress.send_replace(Waiting {
            here: sight.here(),
            held: sight.held(),
            size: present.size,
            quorum: present.quorum,
            left,
            missing: sight.silent(asked),
        });
    }

    /// Proposes when it is one's turn, until something is chosen.
    async fn agree(&self) -> Result<Founding, FormingError> {
        let mut highest = 0;
        let mut is_first = true;
        loop {
            self.wait_turn(is_first).await?;
            let present = self.sights.borrow().clone();
            if present.nodes.len() >= present.quorum.max(1) {
                is_first = false;
                if let Some(founding) = self.propose(&present, &mut highest).await? {
                    return Ok(founding);
                }
            }
            sleep(chance(AGAIN)?).await;
        }
    }

    /// Waits for a quorum, a moment longer for the rest, and, where others come first, for them.
    async fn wait_turn(&self, is_first: bool) -> Result<(), FormingError> {
        let mut sights = self.sights.clone();
        let is_quorum = |present: &Present| present.size > 0 && present.nodes.len() >= present.quorum;
        // None of these waits can fail: `form` holds the sender.
        let _present = sights.wait_for(is_quorum).await.map(|_| ());
        if is_first {
            let is_whole = |present: &Present| present.nodes.len() >= present.size;
            let _rest =
                timeout(self.options.grace, async { sights.wait_for(is_whole).await.map(|_| ()) }).await;
        }
        let me = self.forming.me();
        let is_turn = |present: &Present| present.nodes.keys().next() == Some(&me);
        let longest = chance(STEP_IN)?;
        let _turn = timeout(longest, async { sights.wait_for(is_turn).await.map(|_| ()) }).await;
        Ok(())
    }

    /// One attempt. Where something was chosen, this node knows it durably and the others were told.
    async fn propose(&self, present: &Present, highest: &mut u64) -> Result<Option<Founding>, FormingError> {
        let ballot = self.forming.next_ballot(*highest);
        let mut proposal = Proposal::new(ballot, present.quorum, self.founding(present)?);
        let numbers = self.forming.hello().numbers;
        let mut step = self.canvass(&mut proposal, &Request::Prepare(ballot, numbers)).await?;
        if let Step::Accept(founding) = step {
            step = self.canvass(&mut proposal, &Request::Accept(ballot, founding, numbers)).await?;
        }
        *highest = proposal.highest();
        let Step::Chosen(founding) = step else { return Ok(None) };
        self.tell(&founding).await;
        match self.forming.vote(self.forming.me(), Request::Chosen(founding)).await? {
            Answer::Chosen(counts) => Ok(Some(counts)),
            _ => Ok(None),
        }
    }

    fn founding(&self, present: &Present) -> Result<Founding, FormingError> {
        let mut cluster = [0; 16];
        getrandom::fill(&mut cluster).map_err(FormingError::Random)?;
        let me = self.forming.me();
        let others = present.nodes.iter().filter(|(node, _)| **node != me);
        let mut members: BTreeMap<_, _> = others
            .take(self.options.founders.saturating_sub(1))
            .map(|(node, peer)| (*node, peer.clone()))
            .collect();
        let own = present.nodes.get(&me).unwrap_or(self.forming.peer());
        members.insert(me, own.clone());
        Ok(Founding { cluster: ClusterId(cluster), members })
    }

    /// Asks oneself, then all others at once, until the answers lead on or there are no more.
    async fn canvass(&self, proposal: &mut Proposal, request: &Request) -> Result<Step, FormingError> {
        let (own, me) = (self.forming.declared().own(), self.forming.me());
        let mut step = proposal.hear(own, me, self.forming.vote(me, request.clone()).await?);
        let mut asked: FuturesUnordered<_> =
            self.lookout.addresses().into_iter().map(|at| self.ask(at, request.clone())).collect();
        while step == Step::Wait
            && let Some((at, came)) = asked.next().await
        {
            match came {
                Ok((from, answer)) => step = proposal.hear(&at, from, answer),
                Err(error) => tracing::debug!(%at, ballot = %proposal.ballot(), %error, "no vote"),
            }
        }
        Ok(step)
    }

    async fn ask(&self, at: Address, request: Request) -> (Address, io::Result<(NodeId, Answer)>) {
        let came = timeout(ROUND, self.lookout.ask.ask(&at, request)).await;
        (at, came.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
    }

    async fn tell(&self, founding: &Founding) {
        let all = self.lookout.addresses().into_iter();
        let told =
            all.map(|at| self.ask(at, Request::Chosen(founding.clone()))).collect::<FuturesUnordered<_>>();
        let _missed_by_some = timeout(TELL, told.count()).await;
    }
}

/// A time between these two, in milliseconds.
fn chance((least, most): (u64, u64)) -> Result<Duration, FormingError> {
    let number = getrandom::u64().map_err(FormingError::Random)?;
    Ok(Duration::from_millis(least + number % (most - least)))
}
