//! From a socket to a proven peer: tcp, the cluster's key, noise, yamux.
//!
//! Knows which of these steps failed, since people need it to know what to do. Each step has a time limit: a silent
//! peer costs a socket for that long.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::{TransportTimeout, TransportTimeoutError};
use libp2p::core::transport::{Boxed, TransportError};
use libp2p::core::upgrade::Version;
use libp2p::futures::future::Either as Socket;
use libp2p::multiaddr::Protocol;
use libp2p::pnet::PnetConfig;
use libp2p::swarm::derive_prelude::Either;
use libp2p::{Multiaddr, PeerId, Transport, identity::Keypair, noise, tcp, yamux};
use thiserror::Error;
use tokio::time::timeout;

use crate::cluster::address::Address;
use crate::cluster::key::ClusterKey;
use crate::cluster::network::SelfDial;

/// For a host to answer at all. Long enough for one packet that is lost, which is sent again after a second.
const CONNECT: Duration = Duration::from_millis(1500);

/// For all steps together.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(2);

/// For the first word of what was reached, below the limit for all.
const FIRST_WORD: Duration = Duration::from_millis(1500);

/// Streams of one connection, in both directions. Above what [`Limits`](super::Limits) grant, as going over it ends
/// the connection.
const STREAMS: usize = 512;

/// Why a peer was not reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unreached {
    /// It is this node.
    #[error("this node itself listens there")]
    SelfDial,
    /// The system says why.
    #[error("{1}")]
    Socket(io::ErrorKind, String),
    /// The host does not answer.
    #[error("the host does not answer: it is down, or a firewall keeps the port closed")]
    Silent,
    /// A process takes the connection and stays silent.
    #[error(
        "the program that listens there accepts connections, but did not answer in {:.1} s: it is stopped or overloaded, \
         is a node without a key, or is not a node of scoopi",
        FIRST_WORD.as_secs_f32()
    )]
    Mute,
    /// Something takes the connection and closes it, before there was anything to prove.
    #[error(
        "the connection was closed at once ({0}): too many wait to be let in there, or what listens is a node without \
         a key, or is not a node of scoopi"
    )]
    Closed(String),
    /// A process answers, but it has another key, or it is not a node at all.
    #[error("what listens there did not prove that it has the cluster's key ({0})")]
    NoProof(String),
    /// The same where there is no key.
    #[error(
        "what listens there does not talk to nodes without a key ({0}): it has one, to be named with `--key-file`, or \
         is not a node of scoopi"
    )]
    NoTalk(String),
    /// Too many connections.
    #[error("{0}")]
    Denied(String),
    /// This node is about to end.
    #[error("the network of this node is stopped")]
    Stopped,
}

impl Unreached {
    /// As an error of `address`.
    pub(super) fn at(&self, address: &Address) -> io::Error {
        let kind = match self {
            Self::SelfDial => return io::Error::new(io::ErrorKind::InvalidInput, SelfDial(address.clone())),
            Self::Socket(kind, _) => *kind,
            Self::Silent | Self::Mute => io::ErrorKind::TimedOut,
            Self::Closed(_) => io::ErrorKind::ConnectionAborted,
            Self::NoProof(_) | Self::NoTalk(_) => io::ErrorKind::PermissionDenied,
            Self::Denied(_) => io::ErrorKind::QuotaExceeded,
            Self::Stopped => io::ErrorKind::NotConnected,
        };
        io::Error::new(kind, format!("{address}: {self}"))
    }

    fn socket(error: &io::Error) -> Self {
        Self::Socket(error.kind(), error.to_string())
    }
}

impl From<TransportError<io::Error>> for Unreached {
    fn from(error: TransportError<io::Error>) -> Self {
        match error {
            TransportError::Other(error) => Self::within(&error),
            TransportError::MultiaddrNotSupported(_) => Self::socket(&io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Unreached {
    /// What libp2p has put into an error, once for each transport around another.
    fn within(error: &io::Error) -> Self {
        let Some(inner) = error.get_ref() else { return Self::socket(error) };
        match (inner.downcast_ref::<Self>(), inner.downcast_ref::<io::Error>()) {
            (Some(ours), _) => ours.clone(),
            (None, Some(wrapped)) => Self::within(wrapped),
            (None, None) => Self::socket(error),
        }
    }
}

/// Everything between a socket and its streams.
///
/// # Errors
/// The key pair cannot sign.
pub(super) fn build(
    keys: &Keypair,
    key: Option<ClusterKey>,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let connected = TransportTimeout::with_outgoing_timeout(tcp, CONNECT).map_err(|error| match error {
        TransportTimeoutError::Timeout => Unreached::Silent,
        TransportTimeoutError::TimerError(error) | TransportTimeoutError::Other(error) => {
            Unreached::socket(&error)
        }
    });
    let has_key = key.is_some();
    let unproven = move |why: String| if has_key { Unreached::NoProof(why) } else { Unreached::NoTalk(why) };
    let key = key.map(|key| PnetConfig::new(key.swarm_key()));
    let encrypted = connected
        .and_then(move |socket, _| async move {
            let Some(key) = key else { return Ok(Socket::Right(socket)) };
            match timeout(FIRST_WORD, key.handshake(socket)).await {
                Ok(Ok(socket)) => Ok(Socket::Left(socket)),
                Ok(Err(error)) => Err(Unreached::Closed(error.to_string())),
                Err(_) => Err(Unreached::Mute),
            }
        })
        .map_err(|error| match error {
            Either::Left(unreached) | Either::Right(unreached) => unreached,
        });
    let mut streams = yamux::Config::default();
    streams.set_max_num_streams(STREAMS);
    let proven = encrypted
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keys)?)
        .multiplex(streams)
        .map_err(move |error| match error {
            Either::Left(Either::Left(unreached)) => unreached,
            error => unproven(error.to_string()),
        });
    Ok(TransportTimeout::new(proven, HANDSHAKE)
        .map_err(move |error| match error {
            TransportTimeoutError::Timeout => {
                unproven(format!("no valid message in {} s", HANDSHAKE.as_secs()))
            }
            TransportTimeoutError::TimerError(error) => Unreached::socket(&error),
            TransportTimeoutError::Other(unreached) => unreached,
        })
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed())
}

/// The way in which libp2p writes a socket's address.
pub(super) fn multiaddr(socket: SocketAddr) -> Multiaddr {
    Multiaddr::from(socket.ip()).with(Protocol::Tcp(socket.port()))
}

/// The IP address and port in an address of libp2p, if that is all it says, but for a peer's id.
pub(super) fn socket(multiaddr: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = multiaddr.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else { return None };
    parts.all(|part| matches!(part, Protocol::P2p(_))).then(|| SocketAddr::new(ip, port))
}
