//! Addresses that nodes tell each other, or that are found in the local network.
//!
//! Hints only: an address that is wrong, or was put there by a stranger, costs a dial that proves nothing. Who is there
//! is asked, and who decides is settled, elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::interval;

use crate::model::{NodeId, codec};

use super::address::Address;
use super::libp2p::Libp2p;

/// Between two hints of this node.
const PERIOD: Duration = Duration::from_secs(2);

/// Addresses that are remembered; more are not those of a cluster.
const LIMIT: usize = 256;

/// What a node says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Hint {
    address: Address,
}

/// Publishes the address of this node at regular intervals.
pub(crate) async fn tell(network: Libp2p, address: Address) {
    let mut ticks = interval(PERIOD);
    loop {
        ticks.tick().await;
        // Larger than a hint may be, an address cannot be.
        let _told = codec::encode(&Hint { address: address.clone() }).map(|hint| network.publish(hint));
    }
}

/// Gathers what others tell and what is found, until the network ends.
pub(crate) async fn gather(
    mut hints: mpsc::Receiver<(NodeId, Vec<u8>)>,
    mut found: mpsc::Receiver<Address>,
    addresses: watch::Sender<BTreeSet<Address>>,
) {
    loop {
        let address = tokio::select! {
            Some((_, hint)) = hints.recv() => codec::decode::<Hint>(&hint).ok().map(|hint| hint.address),
            Some(address) = found.recv() => Some(address),
            else => return,
        };
        let Some(address) = address else { continue };
        addresses.send_if_modified(|known| known.len() < LIMIT && known.insert(address));
    }
}
