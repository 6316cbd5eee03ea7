//! Keeps the network informed of who the nodes are.
//!
//! Knows the addresses that were named, and the members once this node is one. Does not know what the network does with
//! them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::cluster::address::Address;
use crate::cluster::network::Network;
use crate::cluster::office::Office;

/// Between two looks at where the names of nodes lead.
const NAMES: Duration = Duration::from_secs(15);

/// Passes the addresses of the nodes to the network: those that were `named`, and the members once this node is one.
pub(super) async fn expect_nodes<N: Network>(
    network: N,
    named: BTreeSet<Address>,
    mut office: watch::Receiver<Option<Arc<Office<N>>>>,
) {
    loop {
        let members = office.borrow_and_update().as_ref().map(|office| office.member.addresses());
        let nodes = named.iter().cloned().chain(members.into_iter().flatten()).collect();
        network.expect(&nodes).await;
        tokio::select! {
            changed = office.changed() => if changed.is_err() { return },
            () = sleep(NAMES) => {}
        }
    }
}
