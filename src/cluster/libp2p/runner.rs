//! The loop that moves the swarm: dials on request, and reports the outcome.
//!
//! It owns the swarm. Streams do not come through here: they are opened through the link of their connection.

use std::collections::HashMap;

use libp2p::futures::StreamExt;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, DialError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, gossipsub, mdns, ping};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::cluster::address::Address;
use crate::cluster::identity::node_id;
use crate::cluster::seldom::Seldom;
use crate::model::NodeId;

use super::behaviour::{Behaviour, BehaviourEvent};
use super::streams::Link;
use super::transport::{Unreached, socket};

/// Connects to an address, and returns the node at the other end.
pub(super) struct Dial {
    pub(super) to: Multiaddr,
    pub(super) outcome: oneshot::Sender<Result<Link, Unreached>>,
}

/// What the loop is asked to do.
pub(super) enum Request {
    /// See there.
    Dial(Dial),
    /// Publishes a hint to all nodes.
    Publish(Vec<u8>),
}

/// The loop that moves the swarm.
pub(super) struct Runner {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) dials: HashMap<ConnectionId, oneshot::Sender<Result<Link, Unreached>>>,
    pub(super) hints: mpsc::Sender<(NodeId, Vec<u8>)>,
    pub(super) found: mpsc::Sender<Address>,
    /// That the listener fails.
    pub(super) listener: Seldom,
}

impl Runner {
    /// Runs until `stop` is cancelled. The swarm closes its listener and all connections when it is dropped.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                request = self.requests.recv() => match request {
                    Some(Request::Dial(dial)) => self.dial(dial),
                    Some(Request::Publish(hint)) => self.swarm.behaviour_mut().publish(hint),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.on_event(event),
            }
        }
    }

    fn dial(&mut self, dial: Dial) {
        // A port of its own for each connection: with that of the listener, one that is gone blocks the next one.
        let options = DialOpts::unknown_peer_id().address(dial.to).allocate_new_port().build();
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                self.dials.insert(connection, dial.outcome);
            }
            Err(error) => tell(dial.outcome, Err(unreached(error))),
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { connection_id, .. } => self.on_established(connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(outcome) = self.dials.remove(&connection_id) {
                    tell(outcome, Err(unreached(error)));
                }
            }
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "a connection was not let in");
            }
            SwarmEvent::ListenerError { error, .. } => {
                if let Some(unsaid) = self.listener.may_say() {
                    tracing::warn!(%error, unsaid, "the listener could not take a connection");
                }
            }
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => {
                tracing::error!(%error, "the listener is gone: other nodes can no longer reach this one");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_sign(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message { message, .. })) => {
                if let Some(author) = message.source {
                    // If the receiver is full, the hint is dropped: a newer one will come.
                    self.hints.try_send((node_id(&author), message.data)).ok();
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(nodes))) => {
                for address in nodes.iter().filter_map(|(_, at)| address(at)) {
                    self.found.try_send(address).ok();
                }
            }
            _ => {}
        }
    }

    fn on_established(&mut self, connection: ConnectionId) {
        let Some(outcome) = self.dials.remove(&connection) else { return };
        let link = self.swarm.behaviour().streams.link(connection).ok_or(Unreached::Stopped);
        if outcome.send(link).is_err() {
            // Another address of the same name was quicker.
            self.swarm.close_connection(connection);
        }
    }

    fn on_sign(&mut self, sign: ping::Event) {
        if let Err(error @ (ping::Failure::Timeout | ping::Failure::Other { .. })) = sign.result {
            tracing::debug!(peer = %node_id(&sign.peer), %error, "no sign of life, closing the connection");
            self.swarm.close_connection(sign.connection);
        }
    }
}

/// Sends the outcome of a dial. The caller may have given up.
fn tell(outcome: oneshot::Sender<Result<Link, Unreached>>, result: Result<Link, Unreached>) {
    outcome.send(result).ok();
}

fn unreached(error: DialError) -> Unreached {
    match error {
        // An address on which this node listens is not even dialled.
        DialError::LocalPeerId { .. } | DialError::NoAddresses => Unreached::SelfDial,
        DialError::Transport(mut tried) => match tried.pop() {
            Some((_, error)) => error.into(),
            None => Unreached::Silent,
        },
        DialError::Denied { cause } => Unreached::Denied(cause.to_string()),
        error => Unreached::Denied(error.to_string()),
    }
}

fn address(at: &Multiaddr) -> Option<Address> {
    socket(at)?.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_found_is_taken_only_if_we_can_dial_it() {
        for (text, expected) in [
            ("/ip4/10.0.0.1/tcp/4001", Some("10.0.0.1:4001")),
            ("/ip6/fe80::1/tcp/1", Some("[fe80::1]:1")),
            (
                "/ip4/10.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
                Some("10.0.0.1:4001"),
            ),
            ("/ip4/10.0.0.1/udp/4001/quic-v1", None),
            ("/ip4/10.0.0.1/tcp/80/ws", None),
            ("/dns4/example.org/tcp/80", None),
        ] {
            let found = address(&text.parse().unwrap()).map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
