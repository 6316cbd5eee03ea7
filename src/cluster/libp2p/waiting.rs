//! Holds down how many connections of one host may be unproven at the same time.
//!
//! Who has the cluster's key is through in a moment. Who has not, and knocks all the time, takes no place of others.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use libp2p::{Multiaddr, PeerId};
use thiserror::Error;

use super::transport::socket;

/// See the module docs.
#[derive(Debug)]
pub(crate) struct Behaviour {
    limit: usize,
    hosts: HashMap<IpAddr, usize>,
    waiting: HashMap<ConnectionId, IpAddr>,
}

/// A host has too many of them.
#[derive(Debug, Error)]
#[error("more than {limit} connections of {host} wait to be proven")]
pub(crate) struct TooMany {
    host: IpAddr,
    limit: usize,
}

impl Behaviour {
    /// Lets each host have `limit` of them.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, hosts: HashMap::new(), waiting: HashMap::new() }
    }

    fn begin(&mut self, connection: ConnectionId, host: IpAddr) -> Result<(), TooMany> {
        let count = self.hosts.entry(host).or_default();
        if *count >= self.limit {
            return Err(TooMany { host, limit: self.limit });
        }
        *count += 1;
        self.waiting.insert(connection, host);
        Ok(())
    }

    fn end(&mut self, connection: ConnectionId) {
        let Some(host) = self.waiting.remove(&connection) else { return };
        if let Some(count) = self.hosts.get_mut(&host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(&host);
            }
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        match socket(remote) {
            Some(remote) => self.begin(connection, remote.ip()).map_err(ConnectionDenied::new),
            None => Ok(()),
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => self.end(established.connection_id),
            FromSwarm::ListenFailure(failure) => self.end(failure.connection_id),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_knocks_all_the_time_takes_no_place_of_others_and_is_forgotten() {
        let mut waiting = Behaviour::new(2);
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        let id = ConnectionId::new_unchecked;
        assert!(waiting.begin(id(1), one).is_ok() && waiting.begin(id(2), one).is_ok());
        assert!(waiting.begin(id(3), one).is_err());
        assert!(waiting.begin(id(4), other).is_ok());
        // That of a connection which was not let in is no place.
        waiting.end(id(3));
        assert!(waiting.begin(id(5), one).is_err());
        waiting.end(id(1));
        assert!(waiting.begin(id(6), one).is_ok());
        [2, 4, 6].into_iter().for_each(|n| waiting.end(id(n)));
        assert!(waiting.hosts.is_empty() && waiting.waiting.is_empty());
    }
}
