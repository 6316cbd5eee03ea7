//! Which connection leads to an address, and how one comes about.
//!
//! Every dial resolves the name again. All callers that want the same address at the same time wait for one dial.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use libp2p::futures::future::select_ok;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::cluster::address::Address;

use super::runner::{Dial, Request};
use super::streams::Link;
use super::transport::{HANDSHAKE, Unreached, multiaddr};

/// Addresses of one name that are tried, all at once.
const TRIED: usize = 4;

type Outcome = Result<Link, Unreached>;
type Dials = HashMap<Address, watch::Receiver<Option<Outcome>>>;

/// Dials addresses, and keeps the connections that lead to them.
#[derive(Debug)]
pub(super) struct Dialler {
    requests: mpsc::Sender<Request>,
    /// Who was last proven at an address, while the connection stands.
    links: Mutex<HashMap<Address, Link>>,
    dials: Mutex<Dials>,
}

impl Dialler {
    /// Asks the loop behind `requests` to dial.
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests, links: Mutex::default(), dials: Mutex::default() }
    }

    /// Where the loop takes requests.
    pub(super) fn requests(&self) -> &mpsc::Sender<Request> {
        &self.requests
    }

    /// The connection to an address, if there is one.
    pub(super) fn link(&self, address: &Address) -> Option<Link> {
        self.links.lock().get(address).filter(|link| link.is_open()).cloned()
    }

    /// Forgets a connection that is of no use, unless another has taken its place.
    pub(super) fn forget(&self, address: &Address, link: &Link) {
        let mut links = self.links.lock();
        if links.get(address).is_some_and(|known| known.connection == link.connection) {
            links.remove(address);
        }
    }

    /// Connects to an address.
    ///
    /// # Errors
    /// See [`Unreached`].
    pub(super) async fn dial(self: &Arc<Self>, address: &Address) -> Outcome {
        let mut outcome = self.begin(address);
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Unreached::Stopped)),
            Err(_) => Err(Unreached::Stopped),
        }
    }

    /// Starts a dial, or joins the one that is under way. The dial is a task of its own: a caller that gives up does
    /// not end it for the others.
    fn begin(self: &Arc<Self>, address: &Address) -> watch::Receiver<Option<Outcome>> {
        let mut dials = self.dials.lock();
        if let Some(outcome) = dials.get(address) {
            return outcome.clone();
        }
        let (told, outcome) = watch::channel(None);
        dials.insert(address.clone(), outcome.clone());
        let (dialler, address) = (self.clone(), address.clone());
        tokio::spawn(async move {
            let limited = timeout(HANDSHAKE * 2, connect(&dialler.requests, &address)).await;
            let outcome = limited.unwrap_or(Err(Unreached::Silent));
            if let Ok(link) = &outcome {
                let mut links = dialler.links.lock();
                links.retain(|_, link| link.is_open());
                links.insert(address.clone(), link.clone());
            }
            dialler.dials.lock().remove(&address);
            told.send_replace(Some(outcome));
        });
        outcome
    }
}

async fn connect(requests: &mpsc::Sender<Request>, address: &Address) -> Outcome {
    let sockets = timeout(HANDSHAKE, resolve(address)).await;
    let sockets = sockets.map_err(|_| unresolved(&"no answer in time"))??;
    let attempts = sockets.into_iter().take(TRIED).map(|socket| Box::pin(attempt(requests, socket)));
    select_ok(attempts).await.map(|(link, _)| link)
}

/// The sockets of an address; at least one.
///
/// # Errors
/// The name cannot be resolved.
pub(super) async fn resolve(address: &Address) -> Result<Vec<SocketAddr>, Unreached> {
    if let Some(ip) = address.ip() {
        return Ok(vec![SocketAddr::new(ip, address.port())]);
    }
    let found = tokio::net::lookup_host((address.host(), address.port())).await;
    let sockets: Vec<_> = found.map_err(|error| unresolved(&error))?.collect();
    if sockets.is_empty() { Err(unresolved(&"it has no addresses")) } else { Ok(sockets) }
}

fn unresolved(why: &dyn std::fmt::Display) -> Unreached {
    Unreached::Socket(io::ErrorKind::NotFound, format!("unable to resolve the name: {why}"))
}

async fn attempt(requests: &mpsc::Sender<Request>, socket: SocketAddr) -> Outcome {
    let (outcome, told) = oneshot::channel();
    let dial = Request::Dial(Dial { to: multiaddr(socket), outcome });
    requests.send(dial).await.map_err(|_| Unreached::Stopped)?;
    told.await.unwrap_or(Err(Unreached::Stopped))
}
