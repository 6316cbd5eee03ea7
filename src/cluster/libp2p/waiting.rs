//! Holds down how many connections that others open may be unproven at the same time.
//!
//! A peer with the cluster's key needs a place only for a moment. A stranger may knock often: each newcomer gets a
//! place, and the host that has most of them loses its oldest. Nodes of the cluster have places of their own, and
//! addresses of one IPv6 network count as one, as a host has all of them.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};
use parking_lot::RwLock;

use crate::cluster::places::{Place, Places};

use super::transport::socket;

/// Who places are counted for: an address, or a network of IPv6.
type Host = IpAddr;

/// Places for connections whose peer has not proved that it has the key.
#[derive(Debug)]
pub(super) struct Room {
    strangers: Places<Host>,
    /// Those of nodes.
    kept: Places<Host>,
    nodes: RwLock<HashSet<Host>>,
}

impl Room {
    /// Creates places: `of_one` for each host, `all` for all strangers, and as many for all nodes.
    pub(super) fn new(of_one: usize, all: usize) -> Self {
        let places = || Places::new(of_one, all);
        Self { strangers: places(), kept: places(), nodes: RwLock::default() }
    }

    /// Reserves places for these addresses, and for no others.
    pub(super) fn keep_for(&self, nodes: impl Iterator<Item = IpAddr>) {
        *self.nodes.write() = nodes.map(host).collect();
    }

    /// A place for a connection from this address.
    pub(super) fn enter(&self, from: IpAddr) -> Place<Host> {
        let host = host(from);
        if self.nodes.read().contains(&host) { self.kept.enter(host) } else { self.strangers.enter(host) }
    }

    /// Places that strangers hold, and nodes.
    #[cfg(test)]
    pub(super) fn taken(&self) -> [usize; 2] {
        [self.strangers.taken(), self.kept.taken()]
    }
}

fn host(address: IpAddr) -> Host {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// A transport whose connections from outside have a place each until they are proven.
pub(super) struct Door<O> {
    inner: Boxed<O>,
    room: Arc<Room>,
}

impl<O> Door<O> {
    /// Lets connections wait in `room`.
    pub(super) fn new(inner: Boxed<O>, room: Arc<Room>) -> Self {
        Self { inner, room }
    }
}

type Proving<O> = Pin<Box<dyn Future<Output = io::Result<O>> + Send>>;

impl<O: 'static> Transport for Door<O> {
    type Output = O;
    type Error = io::Error;
    type ListenerUpgrade = Proving<O>;
    type Dial = <Boxed<O> as Transport>::Dial;

    fn listen_on(&mut self, id: ListenerId, at: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, at)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, to: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        self.inner.dial(to, options)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TransportEvent<Proving<O>, io::Error>> {
        Pin::new(&mut self.inner).poll(cx).map(|event| {
            let from = match &event {
                TransportEvent::Incoming { send_back_addr, .. } => socket(send_back_addr),
                _ => None,
            };
            event.map_upgrade(|proof| {
                let from = from.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |from| from.ip());
                let place = self.room.enter(from);
                Box::pin(prove(proof, place)) as Proving<O>
            })
        })
    }
}

/// Dropping what is unfinished closes the connection.
async fn prove<O>(proof: impl Future<Output = io::Result<O>>, place: Place<Host>) -> io::Result<O> {
    tokio::select! {
        biased;
        proven = proof => proven,
        () = place.lost() => {
            Err(io::Error::new(io::ErrorKind::QuotaExceeded, "it lost its slot to newer connections that are not proven yet"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_strangers_takes_no_place_of_nodes_and_networks_count_as_one() {
        let room = Room::new(2, 5);
        let from = |text: &str| room.enter(text.parse().unwrap());
        room.keep_for(["10.0.0.9", "2001:db8:1:1::1"].into_iter().map(|ip| ip.parse().unwrap()));
        let node = [from("10.0.0.9"), from("::ffff:10.0.0.9"), from("2001:db8:1:1::2")];
        let crowd: Vec<_> = (0..50).map(|number| from(&format!("10.1.0.{number}"))).collect();
        assert_eq!(room.taken(), [5, 3]);
        drop(crowd);
        let network: Vec<_> = (1..50).map(|number| from(&format!("2001:db8:2:2:{number}::1"))).collect();
        assert_eq!(room.taken(), [2, 3]);
        drop((node, network));
        assert_eq!(room.taken(), [0, 0]);
    }
}
