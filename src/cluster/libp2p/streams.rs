//! Creates the handler of every connection, and knows through which link streams of a connection are opened.
//!
//! What a peer may open is counted over all its connections.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, PollSender};

use crate::cluster::identity::node_id;
use crate::cluster::network::Conversation;
use crate::cluster::seldom::Seldom;
use crate::model::NodeId;

use super::handler::{Handler, Opening};
use super::stream::Stream;

/// Openings that wait for the connection; further callers wait with them.
const WANTED: usize = 16;

/// Time for the peer to answer on a connection that stands. A connection without an answer counts as dead, and the
/// address is dialled again.
const ANSWER: Duration = Duration::from_secs(1);

/// A connection, seen by those who want streams of it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// Who is at the other end.
    pub(super) peer: NodeId,
    /// Which connection it is.
    pub(super) connection: ConnectionId,
    wanted: mpsc::Sender<Opening>,
}

impl Link {
    /// Opens a stream.
    ///
    /// # Errors
    /// The connection is gone, or the peer does not answer in time.
    pub(super) async fn open(&self) -> io::Result<Conversation<Stream>> {
        let opened = async {
            let gone = || io::Error::from(io::ErrorKind::ConnectionReset);
            let (opening, opened) = oneshot::channel();
            self.wanted.send(opening).await.map_err(|_| gone())?;
            opened.await.map_err(|_| gone())?
        };
        let stream =
            timeout(ANSWER, opened).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(Conversation { peer: self.peer, stream })
    }

    /// Whether the connection is there, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.wanted.is_closed()
    }
}

/// Creates a handler for each connection and keeps their links.
pub(crate) struct Behaviour {
    incoming: mpsc::Sender<Conversation<Stream>>,
    links: HashMap<ConnectionId, Link>,
    places: HashMap<PeerId, Arc<Semaphore>>,
    granted: usize,
    too_many: Arc<Seldom>,
}

impl Behaviour {
    /// Streams that peers open go to `incoming`; each peer may have `granted` of them.
    pub(super) fn new(incoming: mpsc::Sender<Conversation<Stream>>, granted: usize) -> Self {
        Self { incoming, links: HashMap::new(), places: HashMap::new(), granted, too_many: Arc::default() }
    }

    /// The link of a connection.
    pub(super) fn link(&self, connection: ConnectionId) -> Option<Link> {
        self.links.get(&connection).cloned()
    }

    fn handler(&mut self, connection: ConnectionId, peer: PeerId) -> Handler {
        let (wanting, wanted) = mpsc::channel(WANTED);
        let places =
            self.places.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(self.granted))).clone();
        let peer = node_id(&peer);
        self.links.insert(connection, Link { peer, connection, wanted: wanting });
        let incoming = PollSender::new(self.incoming.clone());
        let alive = CancellationToken::new().drop_guard();
        let too_many = Arc::clone(&self.too_many);
        Handler { peer, wanted, opening: 0, arrived: VecDeque::new(), incoming, places, too_many, alive }
    }

    fn forget(&mut self, connection: ConnectionId) {
        self.links.remove(&connection);
        // Who still holds streams, or another connection, keeps the count of them.
        self.places.retain(|_, places| Arc::strong_count(places) > 1);
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler(connection, peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler(connection, peer))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.forget(closed.connection_id),
            FromSwarm::DialFailure(failure) => self.forget(failure.connection_id),
            FromSwarm::ListenFailure(failure) => self.forget(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
