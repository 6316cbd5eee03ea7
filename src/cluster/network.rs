//! What the cluster asks of a network: streams to and from nodes whose identity is proven.
//!
//! Does not know what is said on them. libp2p is one network, a simulated one is another.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::model::NodeId;

use super::address::Address;

/// A stream of bytes to a node.
#[derive(Debug)]
pub(crate) struct Conversation<S> {
    /// Who is at the other end; the network has made sure of it.
    pub(crate) peer: NodeId,
    /// The bytes.
    pub(crate) stream: S,
}

/// Opens streams. What others open comes through a channel that the making of a network gives.
pub(crate) trait Network: Clone + Send + Sync + 'static {
    /// Its streams. Dropping one closes it.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a stream to whoever listens at `address`. A connection that is there already is used again.
    ///
    /// # Errors
    /// Nobody answers there ([`io::ErrorKind::ConnectionRefused`] if the host says so), or who answers does not have
    /// the cluster's key. Takes no longer than the network's own limit for dialling.
    fn open(&self, address: &Address) -> impl Future<Output = io::Result<Conversation<Self::Stream>>> + Send;
}
