//! What our nodes do on every connection, put together: limits, streams, signs of life, gossip.
//!
//! There is no `identify`: our own messages send what it would (addresses, versions), and only to proven members.

use std::time::Duration;

use libp2p::PeerId;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{identity::Keypair, mdns, ping};
use tokio::sync::mpsc;

use crate::cluster::network::Conversation;

use super::stream::Stream;
use super::{HINT, Limits, NetworkError, streams};

/// Signs of life are asked for that often, and a connection without an answer for that long is closed. Not shorter:
/// a large entry on a slow link holds them up.
const SIGN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// What gossipsub puts around a hint: signature, key, numbers, topic.
const AROUND_A_HINT: usize = 1024;

/// The only topic.
const TOPIC: &str = "scoopi";

/// All behaviours of a connection. The limits come first: the others do not see what the limits refuse.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    limits: connection_limits::Behaviour,
    pub(super) streams: streams::Behaviour,
    ping: ping::Behaviour,
    gossip: gossipsub::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Behaviour {
    /// Streams that peers open go to `incoming`.
    ///
    /// # Errors
    /// mDNS is asked for and cannot be had.
    pub(super) fn new(
        keys: &Keypair,
        incoming: mpsc::Sender<Conversation<Stream>>,
        limits: &Limits,
        mdns: bool,
    ) -> Result<Self, NetworkError> {
        let (interval, limit) = SIGN;
        Ok(Self {
            limits: connection_limits::Behaviour::new(
                ConnectionLimits::default()
                    .with_max_established(Some(limits.connections))
                    .with_max_established_per_peer(Some(limits.connections_of_peer)),
            ),
            streams: streams::Behaviour::new(incoming, limits.streams_of_peer as usize),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(interval).with_timeout(limit)),
            gossip: gossip(keys)?,
            mdns: mdns.then(|| discovery(keys.public().to_peer_id())).transpose()?.into(),
        })
    }

    /// Publishes a hint to all subscribers. If there are none, the hint is lost: that is what makes it a hint.
    pub(super) fn publish(&mut self, hint: Vec<u8>) {
        if let Err(error) = self.gossip.publish(IdentTopic::new(TOPIC), hint) {
            tracing::debug!(%error, "a hint was not delivered");
        }
    }
}

fn gossip(keys: &Keypair) -> Result<gossipsub::Behaviour, NetworkError> {
    let failed = |why: String| NetworkError::Gossip(why);
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Strict)
        .max_transmit_size(HINT + AROUND_A_HINT)
        .heartbeat_interval(Duration::from_secs(1))
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let signed = MessageAuthenticity::Signed(keys.clone());
    let mut gossip = gossipsub::Behaviour::new(signed, config).map_err(|error| failed(error.to_string()))?;
    gossip.subscribe(&IdentTopic::new(TOPIC)).map_err(|error| failed(error.to_string()))?;
    Ok(gossip)
}

fn discovery(own: PeerId) -> Result<mdns::tokio::Behaviour, NetworkError> {
    mdns::tokio::Behaviour::new(mdns::Config::default(), own).map_err(NetworkError::Discovery)
}
