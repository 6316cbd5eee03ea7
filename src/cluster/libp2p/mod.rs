//! The real network: libp2p over TCP, open only to peers that have the cluster's key.
//!
//! Knows sockets, keys, connections and their limits; does not know what is said on the streams.
//!
//! ```text
//!  open(address) ─ Dialler ─ link of a connection that stands ─────────────▶ Handler ─▶ Stream
//!                     └─ none: Dial ─▶ Runner (swarm) ─ tcp, key, noise, yamux ─┘
//!  incoming ◀───────────────────────────── Handler ◀── connection of a proven peer
//! ```

mod behaviour;
mod dialling;
mod handler;
mod runner;
mod stream;
mod streams;
mod transport;
mod waiting;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use libp2p::Transport;
use libp2p::futures::StreamExt;
use libp2p::futures::future::join_all;
use libp2p::swarm::{self, Swarm, SwarmEvent};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::model::NodeId;

use super::address::Address;
use super::identity::Identity;
use super::key::ClusterKey;
use super::network::{Conversation, Network};
use super::seldom::Seldom;
use behaviour::Behaviour;
use dialling::Dialler;
use runner::{Request, Runner};
pub(crate) use stream::Stream;
use waiting::{Door, Room};

/// Largest hint, in bytes.
pub(crate) const HINT: usize = 4096;

/// A connection that is unused for this time is closed.
const IDLE: Duration = Duration::from_secs(60);

/// For the name of a node to be resolved.
const RESOLVED: Duration = Duration::from_secs(5);

/// Streams that a peer may be opening at the same time; further ones wait on its side.
const OPENED: usize = 64;

/// Requests, streams, hints and finds that wait for those who take them.
const WAITING: usize = 256;

/// How a node takes part.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where to listen. Port 0 takes any that is free.
    pub(crate) listen: Address,
    /// Who this node is.
    pub(crate) identity: Identity,
    /// Without it, every peer that can reach this node is let in.
    pub(crate) key: Option<ClusterKey>,
    /// Whether to look for nodes in the local network, and to be found there.
    pub(crate) mdns: bool,
    /// What others can make this node hold.
    pub(crate) limits: Limits,
}

/// What others can make this node hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections of strangers that are not proven yet; as many again are kept for nodes.
    pub(crate) waiting: u32,
    /// Those of one host.
    pub(crate) waiting_of_host: u32,
    /// Connections.
    pub(crate) connections: u32,
    /// Those of one peer.
    pub(crate) connections_of_peer: u32,
    /// Streams that one peer has opened.
    pub(crate) streams_of_peer: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting: 128,
            waiting_of_host: 16,
            connections: 1024,
            connections_of_peer: 16,
            streams_of_peer: 128,
        }
    }
}

/// Why there is no network.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The address is not to be had.
    #[error("unable to listen on {address}: {why}")]
    Listen {
        /// The address.
        address: Address,
        /// What the system says.
        why: String,
    },
    /// The node's key cannot sign.
    #[error("unable to use the identity of this node: {0}")]
    Identity(String),
    /// The settings of gossip contradict each other.
    #[error("unable to set gossip up: {0}")]
    Gossip(String),
    /// The local network does not let itself be searched.
    #[error("unable to look for nodes with mDNS: {0}; switch it off, and name the nodes")]
    Discovery(#[source] io::Error),
}

/// A network that runs.
pub(crate) struct Started {
    /// Opens streams.
    pub(crate) network: Libp2p,
    /// Where it listens, with the real port.
    pub(crate) address: Address,
    /// Streams that others have opened.
    pub(crate) incoming: mpsc::Receiver<Conversation<Stream>>,
    /// Hints of other nodes: signed by them, and lost if they are not taken in time.
    pub(crate) hints: mpsc::Receiver<(NodeId, Vec<u8>)>,
    /// Addresses that were found in the local network; anybody may have put them there.
    pub(crate) found: mpsc::Receiver<Address>,
    /// Ends after the last handle was dropped, when another network may listen at the address.
    pub(crate) ended: JoinHandle<()>,
}

/// The handle. With the last one the network ends: listener, connections and streams are closed.
#[derive(Debug, Clone)]
pub(crate) struct Libp2p {
    dialler: Arc<Dialler>,
    room: Arc<Room>,
    _stop: Arc<DropGuard>,
}

/// Listens, and takes part from now on.
///
/// # Errors
/// The address is in use or none of this machine, or something of the machine is missing.
pub(crate) async fn start(options: Options) -> Result<Started, NetworkError> {
    let keys = options.identity.keys();
    let (incoming, arriving) = mpsc::channel(WAITING);
    let transport =
        transport::build(keys, options.key).map_err(|error| NetworkError::Identity(error.to_string()))?;
    let limits = &options.limits;
    let room = Arc::new(Room::new(limits.waiting_of_host as usize, limits.waiting as usize));
    let transport = Door::new(transport, Arc::clone(&room)).boxed();
    let behaviour = Behaviour::new(keys, incoming, &options.limits, options.mdns)?;
    let config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE)
        .with_max_negotiating_inbound_streams(OPENED);
    let mut swarm = Swarm::new(transport, behaviour, keys.public().to_peer_id(), config);
    let address = listen(&mut swarm, &options.listen).await?;
    let (requests, asked) = mpsc::channel(WAITING);
    let (hint, hints) = mpsc::channel(WAITING);
    let (find, found) = mpsc::channel(WAITING);
    let stop = CancellationToken::new();
    let runner = Runner {
        swarm,
        requests: asked,
        dials: HashMap::new(),
        hints: hint,
        found: find,
        listener: Seldom::default(),
    };
    let ended = tokio::spawn(runner.run(stop.clone()));
    let dialler = Arc::new(Dialler::new(requests));
    let network = Libp2p { dialler, room, _stop: Arc::new(stop.drop_guard()) };
    Ok(Started { network, address, incoming: arriving, hints, found, ended })
}

/// Listens, and waits until it is so.
async fn listen(swarm: &mut Swarm<Behaviour>, wanted: &Address) -> Result<Address, NetworkError> {
    let failed =
        |why: &dyn std::fmt::Display| NetworkError::Listen { address: wanted.clone(), why: why.to_string() };
    let sockets = dialling::resolve(wanted).await.map_err(|error| failed(&error))?;
    let socket = *sockets.first().ok_or_else(|| failed(&"it has no addresses"))?;
    // libp2p shares a port with any process of the same user that listens there, and each gets some of the connections.
    // A listener that does not share finds out whether there is such a process.
    if socket.port() != 0 {
        TcpListener::bind(socket).map_err(|error| failed(&error))?;
    }
    swarm.listen_on(transport::multiaddr(socket)).map_err(|error| failed(&error))?;
    let listening = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => {
                    let port = transport::socket(&address).map(|socket| socket.port());
                    return port.ok_or_else(|| failed(&"it is not a TCP address"));
                }
                SwarmEvent::ListenerError { error, .. } => return Err(failed(&error)),
                SwarmEvent::ListenerClosed { reason: Err(error), .. } => return Err(failed(&error)),
                _ => {}
            }
        }
    };
    let port = timeout(IDLE, listening).await.map_err(|_| failed(&"the system does not answer"))??;
    Ok(wanted.with_port(port))
}

impl Libp2p {
    /// Publishes a hint to all nodes that listen. A hint may get lost, so it carries only addresses, health and
    /// figures; never jobs, leases or votes.
    ///
    /// # Errors
    /// It is larger than [`HINT`].
    pub(crate) fn publish(&self, hint: Vec<u8>) -> io::Result<()> {
        if hint.len() > HINT {
            let why = format!("a hint of {} bytes, the limit is {HINT}", hint.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // If the queue is full, enough hints are on their way, and this one is not missed.
        self.dialler.requests().try_send(Request::Publish(hint)).ok();
        Ok(())
    }
}

impl Network for Libp2p {
    type Stream = Stream;

    async fn open(&self, address: &Address) -> io::Result<Conversation<Stream>> {
        if let Some(link) = self.dialler.link(address) {
            match link.open().await {
                Ok(conversation) => return Ok(conversation),
                // The peer is gone, or its host has vanished without a word.
                Err(_) => self.dialler.forget(address, &link),
            }
        }
        let link = self.dialler.dial(address).await.map_err(|unreached| unreached.at(address))?;
        link.open().await.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
    }

    async fn expect(&self, nodes: &BTreeSet<Address>) {
        // A name that cannot be resolved now may be resolved the next time.
        let resolving = nodes.iter().map(|address| timeout(RESOLVED, dialling::resolve(address)));
        let found = join_all(resolving).await;
        let sockets = found.into_iter().filter_map(|found| found.ok()?.ok()).flatten();
        self.room.keep_for(sockets.map(|socket| socket.ip()));
    }
}

#[cfg(test)]
mod tests;
