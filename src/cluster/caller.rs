//! Questions to other nodes, each with an answer and a time limit.
//!
//! Streams are kept and used again. One is out of the pool during a call, so that an answer that comes too late can
//! never be taken for that of the next question: such a stream is dropped.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::model::NodeId;

use super::address::Address;
use super::contact::Contact;
use super::frame;
use super::network::{Conversation, Network};

/// What a stream is for. Its first byte; it decides how large its frames may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Purpose {
    /// Finding each other, signs of life, questions about the state.
    Control = 1,
    /// Commands to the leader.
    Propose = 2,
    /// Raft.
    Raft = 3,
    /// Snapshots.
    Snapshot = 4,
}

impl Purpose {
    /// The purpose with that number.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        [Self::Control, Self::Propose, Self::Raft, Self::Snapshot]
            .into_iter()
            .find(|purpose| *purpose as u8 == byte)
    }

    /// The largest frame, in bytes.
    pub(crate) fn limit(self) -> usize {
        match self {
            Self::Control => 1 << 20,
            Self::Propose | Self::Raft | Self::Snapshot => 80 << 20,
        }
    }
}

/// Idle streams that are kept for one address. More are closed.
const IDLE: usize = 4;

type Idle<S> = HashMap<(Address, Purpose), Vec<Conversation<S>>>;

/// Sends questions to other nodes over a network and waits for the answers.
#[derive(Debug)]
pub(crate) struct Caller<N: Network> {
    network: N,
    contact: Arc<Contact>,
    idle: Mutex<Idle<N::Stream>>,
}

impl<N: Network> Caller<N> {
    /// Asks over `network`.
    pub(crate) fn new(network: N) -> Self {
        Self { network, contact: Arc::default(), idle: Mutex::default() }
    }

    /// Who was in touch, and how long the way to them is: short questions are measured here.
    pub(crate) fn contact(&self) -> &Arc<Contact> {
        &self.contact
    }

    /// The network itself, for those who keep their own streams.
    pub(crate) fn network(&self) -> &N {
        &self.network
    }

    /// Asks, and waits for the answer; also says who gave it.
    ///
    /// # Errors
    /// No node can be reached there within `limit`, or what comes is not an answer.
    pub(crate) async fn call<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        address: &Address,
        purpose: Purpose,
        question: &Q,
        limit: Duration,
    ) -> io::Result<(NodeId, A)> {
        let asked = async {
            let begun = Instant::now();
            if let Some(mut kept) = self.take(address, purpose)
                && let Ok(answer) = exchange(&mut kept.stream, purpose, question).await
            {
                if purpose == Purpose::Control {
                    self.contact.took(address, begun.elapsed());
                }
                return Ok((self.put(address, purpose, kept), answer));
            }
            // There was none, or the node was restarted since it was used.
            let mut fresh = open(&self.network, address, purpose).await?;
            let answer = exchange(&mut fresh.stream, purpose, question).await?;
            Ok((self.put(address, purpose, fresh), answer))
        };
        timeout(limit, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn take(&self, address: &Address, purpose: Purpose) -> Option<Conversation<N::Stream>> {
        self.idle.lock().get_mut(&(address.clone(), purpose))?.pop()
    }

    fn put(&self, address: &Address, purpose: Purpose, conversation: Conversation<N::Stream>) -> NodeId {
        let peer = conversation.peer;
        let mut idle = self.idle.lock();
        let kept = idle.entry((address.clone(), purpose)).or_default();
        // Another life of the node answers there now: what is left of the one before is of no use.
        kept.retain(|other| other.peer == peer);
        if kept.len() < IDLE {
            kept.push(conversation);
        }
        peer
    }
}

/// Opens a stream for a purpose.
///
/// # Errors
/// No node can be reached there.
pub(crate) async fn open<N: Network>(
    network: &N,
    address: &Address,
    purpose: Purpose,
) -> io::Result<Conversation<N::Stream>> {
    let mut conversation = network.open(address).await?;
    conversation.stream.write_all(&[purpose as u8]).await?;
    Ok(conversation)
}

/// One question, one answer.
///
/// # Errors
/// The stream ends, or what comes is not an answer.
pub(crate) async fn exchange<S, Q, A>(stream: &mut S, purpose: Purpose, question: &Q) -> io::Result<A>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    Q: Serialize,
    A: DeserializeOwned,
{
    frame::write(stream, question).await?;
    frame::read(stream, purpose.limit()).await
}
