//! Forming under test: the vote by itself, the protocol by a model, the driver on a network in memory.

use std::collections::BTreeMap;

use crate::cluster::address::Address;
use crate::cluster::peer::{ClusterId, Founding, Peer};
use crate::model::NodeId;

mod driving;
mod meeting;
mod model;
mod place;
mod vote;

/// The address of a node in tests.
fn address(node: u64) -> Address {
    format!("10.0.0.{node}:4001").parse().unwrap()
}

fn peer(node: u64) -> Peer {
    Peer { address: address(node), name: format!("node-{node}").into() }
}

fn founding(cluster: u8, members: &[u64]) -> Founding {
    let members: BTreeMap<_, _> = members.iter().map(|node| (NodeId(*node), peer(*node))).collect();
    Founding { cluster: ClusterId([cluster; 16]), members }
}
