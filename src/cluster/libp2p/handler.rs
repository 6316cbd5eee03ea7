//! Streams of one connection: opens those that are asked for, hands on those that the peer opened.
//!
//! Ours rather than `libp2p-stream`, which throws streams away when two come at the same moment, picks any of several
//! connections to a peer, and keeps something of every connection for ever.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::StreamProtocol;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard, PollSender};

use crate::cluster::network::Conversation;
use crate::cluster::seldom::Seldom;
use crate::model::NodeId;

use super::stream::Stream;
use super::transport::HANDSHAKE;

/// The protocol of all our streams. Its number changes when a node cannot talk to one of the version before.
const PROTOCOL: StreamProtocol = StreamProtocol::new(concat!("/scoopi/", env!("CARGO_PKG_VERSION")));

/// Streams that are being opened at the same time; further ones wait. Below what yamux lets be unanswered.
const OPENING: usize = 64;

/// Where a stream that was asked for goes.
pub(super) type Opening = oneshot::Sender<io::Result<Stream>>;

/// Opens and accepts the streams of one connection.
pub(crate) struct Handler {
    pub(super) peer: NodeId,
    pub(super) wanted: mpsc::Receiver<Opening>,
    pub(super) opening: usize,
    /// Streams that wait to be taken; each holds a place, so there are not many.
    pub(super) arrived: VecDeque<Conversation<Stream>>,
    pub(super) incoming: PollSender<Conversation<Stream>>,
    pub(super) places: Arc<Semaphore>,
    /// That a peer opens too many; one for all connections.
    pub(super) too_many: Arc<Seldom>,
    /// Ends the streams of this connection with the handler.
    pub(super) alive: DropGuard,
}

impl Handler {
    fn hand_on(&mut self, cx: &mut Context<'_>) {
        while !self.arrived.is_empty() {
            match self.incoming.poll_reserve(cx) {
                Poll::Pending => return,
                Poll::Ready(Err(_)) => self.arrived.clear(),
                Poll::Ready(Ok(())) => {
                    // With a reservation this fails only if the receiver is gone; the stream is closed then.
                    self.arrived.pop_front().map(|stream| self.incoming.send_item(stream).ok());
                }
            }
        }
    }

    fn gone(&self) -> CancellationToken {
        self.alive.token().clone()
    }

    fn on_arrival(&mut self, stream: libp2p::Stream) {
        match self.places.clone().try_acquire_owned() {
            Ok(place) => {
                let stream = Stream::new(stream, self.gone(), Some(place));
                self.arrived.push_back(Conversation { peer: self.peer, stream });
            }
            Err(_) => {
                if let Some(unsaid) = self.too_many.may_say() {
                    let peer = self.peer;
                    tracing::warn!(%peer, unsaid, "too many streams of one node, closing the newest");
                }
            }
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Opening;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, ()> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Opening, Infallible>> {
        self.hand_on(cx);
        // No wake-up is missed above the limit: a stream that is done with comes through `on_connection_event`,
        // after which we are asked again.
        if self.opening < OPENING
            && let Poll::Ready(Some(opening)) = self.wanted.poll_recv(cx)
        {
            self.opening += 1;
            let protocol =
                SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), opening).with_timeout(HANDSHAKE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol, (), Opening>,
    ) {
        let (opening, outcome) = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info: () }) => {
                return self.on_arrival(protocol);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                (info, Ok(Stream::new(protocol, self.gone(), None)))
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                (info, Err(refusal(error)))
            }
            _ => return,
        };
        self.opening -= 1;
        // The caller may have given up; the stream is closed then.
        opening.send(outcome).ok();
    }
}

fn refusal(error: StreamUpgradeError<Infallible>) -> io::Error {
    match error {
        StreamUpgradeError::Timeout => io::ErrorKind::TimedOut.into(),
        StreamUpgradeError::Apply(never) => match never {},
        StreamUpgradeError::NegotiationFailed => {
            let why = format!("the node does not speak {PROTOCOL}: it is of another version of scoopi");
            io::Error::new(io::ErrorKind::Unsupported, why)
        }
        StreamUpgradeError::Io(error) => error,
    }
}
