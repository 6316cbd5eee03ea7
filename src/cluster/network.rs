//! What the cluster asks of a network: streams to and from nodes whose identity is proven.
//!
//! Does not know what is said on them. libp2p is one network, a simulated one is another.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::model::NodeId;

use super::address::Address;

/// A stream of bytes to a node.
#[derive(Debug)]
pub(crate) struct Conversation<S> {
    /// The node at the other end; the network has proved its identity.
    pub(crate) peer: NodeId,
    /// The bytes.
    pub(crate) stream: S,
}

/// The address leads to this node itself.
#[derive(Debug, Error)]
#[error("{0}: this node itself listens there")]
pub(crate) struct SelfDial(pub(crate) Address);

impl SelfDial {
    /// Whether opening a stream failed because of that.
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// Opens streams. What others open comes through a channel that the making of a network gives.
pub(crate) trait Network: Clone + Send + Sync + 'static {
    /// Its streams. Dropping one closes it.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a stream to the node that listens at `address`. An existing connection is used again.
    ///
    /// # Errors
    /// No node answers there ([`io::ErrorKind::ConnectionRefused`] if the host refuses, [`io::ErrorKind::TimedOut`] if
    /// it is silent), the process that answers does not have the cluster's key ([`io::ErrorKind::PermissionDenied`]),
    /// or it is this node itself ([`SelfDial`]). Takes no longer than the network's own limit for dialling.
    fn open(&self, address: &Address) -> impl Future<Output = io::Result<Conversation<Self::Stream>>> + Send;

    /// Sets the addresses of the nodes: strangers do not take their places. Names may lead elsewhere later, so the
    /// caller repeats this now and then.
    fn expect(&self, nodes: &BTreeSet<Address>) -> impl Future<Output = ()> + Send {
        let _no_strangers_here = nodes;
        std::future::ready(())
    }
}
