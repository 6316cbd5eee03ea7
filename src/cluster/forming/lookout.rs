//! Hello to every address, again and again.
//!
//! Each address is asked on its own, so that one that hangs does not hold up the others. Knows when to ask; the caller
//! decides what follows from the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::cluster::address::Address;
use crate::model::NodeId;

use super::error::FormingError;
use super::message::{Answer, Request};
use super::sight::Sight;
use super::voter::Forming;

/// Asks a node over whatever network there is.
pub(crate) trait Ask: Sync {
    /// Asks the node at `to`, whose identity the connection has proved. An address that leads back to this node either
    /// returns its own id or fails with [`SelfDial`](crate::cluster::network::SelfDial).
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] if no process listens there, [`io::ErrorKind::TimedOut`] if no node
    /// answers, an end of the connection if the other node has another key.
    fn ask(
        &self,
        to: &Address,
        request: Request,
    ) -> impl Future<Output = io::Result<(NodeId, Answer)>> + Send;
}

/// How often an address is asked in the first moments, and later.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(500);
/// What the first moments are: nodes that are started together find each other in them.
const FIRST: Duration = Duration::from_secs(3);
/// How long an address has to answer: longer than the network needs to find that who is there has another key, which
/// helps people more than that the time is over.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks for nodes.
pub(super) struct Lookout<'a, A> {
    pub(super) forming: &'a Forming,
    pub(super) ask: &'a A,
    /// Addresses that are found rather than declared.
    pub(super) found: &'a watch::Receiver<BTreeSet<Address>>,
}

impl<A: Ask> Lookout<'_, A> {
    /// Asks until `judge` has seen enough. It is called after every answer, and twice a second at least.
    ///
    /// # Errors
    /// Those of `judge`, and those of the disk, where something was learned.
    pub(super) async fn look<T>(
        &self,
        mut judge: impl FnMut(&Sight, &BTreeSet<Address>) -> Result<Option<T>, FormingError>,
    ) -> Result<T, FormingError> {
        let begun = Instant::now();
        let mut sight = Sight::new(self.forming.me(), self.forming.hello());
        let mut due: BTreeMap<Address, Instant> = BTreeMap::new();
        let mut asked = FuturesUnordered::new();
        loop {
            let addresses = self.addresses();
            sight.keep(&addresses);
            let now = Instant::now();
            for at in &addresses {
                // Nothing is due while an answer is awaited.
                let next = due.entry(at.clone()).or_insert(now);
                if *next <= now {
                    *next = now + PATIENCE + LATER;
                    asked.push(self.hello(at.clone()));
                }
            }
            if let Some(result) = judge(&sight, &addresses)? {
                return Ok(result);
            }
            let wake = due.values().min().copied().unwrap_or(now + LATER).min(now + LATER);
            tokio::select! {
                Some((at, came)) = asked.next(), if !asked.is_empty() => {
                    let pause = if begun.elapsed() < FIRST { SOON } else { LATER };
                    due.insert(at.clone(), Instant::now() + pause);
                    if let Some(founding) = sight.note(&at, came) {
                        self.forming.vote(self.forming.me(), Request::Chosen(founding)).await?;
                    }
                }
                () = sleep_until(wake) => due.retain(|at, _| addresses.contains(at)),
            }
        }
    }

    /// All addresses but one's own.
    pub(super) fn addresses(&self) -> BTreeSet<Address> {
        let declared = self.forming.declared();
        let mut all: BTreeSet<Address> = self.found.borrow().clone();
        all.extend(declared.list().iter().cloned());
        all.remove(declared.own());
        all
    }

    async fn hello(&self, at: Address) -> (Address, io::Result<(NodeId, Answer)>) {
        let request = Request::Hello(self.forming.hello());
        let came = timeout(PATIENCE, self.ask.ask(&at, request)).await;
        (at, came.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
    }
}
