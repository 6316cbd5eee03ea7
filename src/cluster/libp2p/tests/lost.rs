//! What the network reports of nodes that are not there, vanish silently, or come back as another node.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

use super::*;

/// A wire that can be cut: what is sent then is lost, without an error.
pub(super) struct Relay {
    pub(super) address: Address,
    connections: Arc<AtomicUsize>,
    whole: watch::Sender<bool>,
    _task: JoinSet<()>,
}

impl Relay {
    pub(super) async fn to(address: &Address) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string().parse().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (whole, cut) = watch::channel(true);
        let mut task = JoinSet::new();
        task.spawn(Self::run(listener, address.port(), connections.clone(), cut));
        Self { address: own, connections, whole, _task: task }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn run(listener: TcpListener, port: u16, count: Arc<AtomicUsize>, whole: watch::Receiver<bool>) {
        let mut wires = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut whole = whole.clone();
            wires.spawn(async move {
                if !*whole.borrow() {
                    return std::future::pending().await;
                }
                let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    // Both sockets stay open, but no more bytes pass.
                    () = async { drop(whole.wait_for(|whole| !whole).await) } => std::future::pending().await,
                }
            });
        }
    }
}

#[tokio::test]
async fn a_host_that_refuses_one_that_is_silent_and_oneself_are_told_apart() {
    within(60, async {
        let one = node(Some(ClusterKey::generate())).await;
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (_full, silent) = silent_host().await;
        let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = one.address.clone();
        for (address, kind, text) in [
            (closed.to_string(), io::ErrorKind::ConnectionRefused, "refused"),
            (silent, io::ErrorKind::TimedOut, "does not answer"),
            (mute.local_addr().unwrap().to_string(), io::ErrorKind::TimedOut, "did not answer"),
            (hasty_host().await, io::ErrorKind::ConnectionAborted, "closed at once"),
            (own.to_string(), io::ErrorKind::InvalidInput, "this node itself"),
            ("no-such-host.invalid:1".into(), io::ErrorKind::NotFound, "resolve"),
        ] {
            let begun = Instant::now();
            let error = one.network.open(&address.parse().unwrap()).await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(4), "{address}: {:?}", begun.elapsed());
            let message = error.to_string();
            assert_eq!(error.kind(), kind, "{message}");
            assert!(message.contains(text) && message.contains(&address), "{message}");
            assert_eq!(crate::cluster::network::SelfDial::is(&error), address == own.to_string());
        }
    })
    .await;
}

/// A host that closes whatever it takes.
async fn hasty_host() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    address.to_string()
}

/// A host that never answers: there is no room for connections that wait for it.
async fn silent_host() -> ((TcpListener, Vec<TcpStream>), String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = vec![];
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    ((listener, waiting), address.to_string())
}

#[tokio::test]
async fn all_who_want_the_same_address_at_the_same_time_wait_for_one_dial() {
    within(30, async {
        let (one, other) = (node(None).await, node(None).await);
        let relay = Relay::to(&other.address).await;
        let opened = (0..50).map(|_| one.network.open(&relay.address));
        let opened = libp2p::futures::future::join_all(opened).await;
        assert!(opened.iter().all(|opened| opened.as_ref().is_ok_and(|opened| opened.peer == other.id)));
        assert_eq!(relay.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_comes_back_as_somebody_else_is_known_as_that() {
    within(30, async {
        let key = Some(ClusterKey::generate());
        let (one, before) = (node(key).await, node(key).await);
        assert_eq!(talk(&one, &before.address).await.unwrap(), before.id);
        let (address, id) = (before.address.clone(), before.id);
        drop(before);
        let after = loop {
            if let Ok(node) = try_node(address.clone(), key, Limits::default()).await {
                break node;
            }
            tokio::task::yield_now().await;
        };
        assert_ne!(after.id, id);
        let begun = Instant::now();
        assert_eq!(talk(&one, &address).await.unwrap(), after.id);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_host_that_vanished_is_reached_as_soon_as_it_is_back() {
    within(60, async {
        let (one, other) = (node(None).await, node(None).await);
        let relay = Relay::to(&other.address).await;
        let mut stream = one.network.open(&relay.address).await.unwrap().stream;
        say(&mut stream).await.unwrap();
        relay.whole.send_replace(false);
        assert!(talk(&one, &relay.address).await.is_err());
        relay.whole.send_replace(true);
        let begun = Instant::now();
        assert_eq!(talk(&one, &relay.address).await.unwrap(), other.id);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        // The streams of the connection before end by themselves.
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    })
    .await;
}
