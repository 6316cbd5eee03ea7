//! A stranger that speaks as nodes do, down to the bytes on a stream, and what it likes on top of it.
//!
//! Knows tcp, the cluster's key, noise, yamux and how a protocol is agreed on; nothing of what nodes say to each other.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::task::Poll;
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::muxing::StreamMuxerExt;
use libp2p::core::muxing::SubstreamBox;
use libp2p::core::transport::DialOpts;
use libp2p::core::transport::PortUse;
use libp2p::core::transport::Transport;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Multiaddr;
use libp2p::multiaddr::Protocol;
use libp2p::noise;
use libp2p::pnet::PnetConfig;
use libp2p::pnet::PreSharedKey;
use libp2p::tcp;
use libp2p::yamux;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::compat::Compat;
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// A stream to a node.
pub(crate) type Stream = Compat<SubstreamBox>;

/// For anything that a node does at once.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A connection to a node, of somebody whom it has never seen.
pub(crate) struct Peer {
    open: mpsc::Sender<oneshot::Sender<io::Result<SubstreamBox>>>,
    _moving: JoinSet<()>,
}

impl Peer {
    /// Connects with a new identity and the key in this file.
    pub(crate) async fn connect(to: SocketAddr, key: &Path) -> io::Result<Self> {
        let key: PreSharedKey = std::fs::read_to_string(key)?.parse().map_err(io::Error::other)?;
        let identity = Keypair::generate_ed25519();
        let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
        let mut transport = tcp
            .and_then(move |socket, _| PnetConfig::new(key).handshake(socket))
            .upgrade(Version::V1Lazy)
            .authenticate(noise::Config::new(&identity).map_err(io::Error::other)?)
            .multiplex(yamux::Config::default())
            .boxed();
        let address = Multiaddr::from(to.ip()).with(Protocol::Tcp(to.port()));
        let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
        let dial = transport.dial(address, options).map_err(io::Error::other)?;
        let (_, muxer) = timeout(AT_ONCE, dial).await??;
        let (open, asked) = mpsc::channel(64);
        let mut moving = JoinSet::new();
        moving.spawn(turn(muxer, asked));
        Ok(Self { open, _moving: moving })
    }

    /// Opens a stream on which nothing is agreed yet.
    pub(crate) async fn open_bare(&self) -> io::Result<Stream> {
        let gone = || io::Error::from(io::ErrorKind::ConnectionReset);
        let (open, opened) = oneshot::channel();
        self.open.send(open).await.map_err(|_| gone())?;
        Ok(timeout(AT_ONCE, opened).await?.map_err(|_| gone())??.compat())
    }

    /// Opens a stream on which a protocol is agreed on.
    pub(crate) async fn open(&self, protocol: &str) -> io::Result<Stream> {
        let mut stream = self.open_bare().await?;
        for line in ["/multistream/1.0.0", protocol] {
            say_line(&mut stream, line).await?;
        }
        for line in ["/multistream/1.0.0", protocol] {
            let heard = timeout(AT_ONCE, hear_line(&mut stream)).await??;
            if heard != line {
                return Err(io::Error::other(format!("it answers {heard} to {line}")));
            }
        }
        Ok(stream)
    }
}

/// A line of the protocol by which protocols are agreed on.
async fn say_line(stream: &mut Stream, line: &str) -> io::Result<()> {
    let length = u8::try_from(line.len() + 1).map_err(io::Error::other)?;
    stream.write_all(&[&[length], line.as_bytes(), b"\n"].concat()).await?;
    stream.flush().await
}

async fn hear_line(stream: &mut Stream) -> io::Result<String> {
    let mut line = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut line).await?;
    line.pop();
    String::from_utf8(line).map_err(io::Error::other)
}

/// Keeps a connection going, and opens streams on it. What the node opens is closed.
async fn turn(
    mut muxer: StreamMuxerBox,
    mut asked: mpsc::Receiver<oneshot::Sender<io::Result<SubstreamBox>>>,
) {
    let mut waiting = VecDeque::new();
    poll_fn(|cx| {
        loop {
            match asked.poll_recv(cx) {
                Poll::Ready(Some(open)) => {
                    waiting.push_back(open);
                    continue;
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            if !waiting.is_empty()
                && let Poll::Ready(opened) = muxer.poll_outbound_unpin(cx)
            {
                waiting.pop_front().map(|open: oneshot::Sender<_>| open.send(opened).ok());
                continue;
            }
            match muxer.poll_inbound_unpin(cx) {
                Poll::Ready(Ok(_closed)) => continue,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            match muxer.poll_unpin(cx) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}
