//! Nodes on real sockets of this machine: which peers are let in, what each of them learns, and what becomes of the
//! lost.

use std::future::Future;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::*;

mod hostile;
mod lost;

/// A node that sends back whatever it is sent.
struct Node {
    id: NodeId,
    network: Libp2p,
    address: Address,
    hints: mpsc::Receiver<(NodeId, Vec<u8>)>,
    heard: watch::Receiver<Vec<NodeId>>,
    _echo: JoinSet<()>,
    _folder: TempDir,
}

fn local() -> Address {
    "127.0.0.1:0".parse().unwrap()
}

async fn try_node(listen: Address, key: Option<ClusterKey>, limits: Limits) -> Result<Node, NetworkError> {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::open(folder.path()).unwrap();
    let id = identity.node_id();
    let Started { network, address, incoming, hints, .. } =
        start(Options { listen, identity, key, mdns: false, limits }).await?;
    let (hear, heard) = watch::channel(vec![]);
    let mut tasks = JoinSet::new();
    tasks.spawn(echo(incoming, hear));
    Ok(Node { id, network, address, hints, heard, _echo: tasks, _folder: folder })
}

async fn node(key: Option<ClusterKey>) -> Node {
    try_node(local(), key, Limits::default()).await.unwrap()
}

async fn echo(mut incoming: mpsc::Receiver<Conversation<Stream>>, hear: watch::Sender<Vec<NodeId>>) {
    let mut echoes = JoinSet::new();
    while let Some(Conversation { peer, stream }) = incoming.recv().await {
        hear.send_modify(|heard| heard.push(peer));
        let (mut from, mut to) = tokio::io::split(stream);
        echoes.spawn(async move { drop(tokio::io::copy(&mut from, &mut to).await) });
        while echoes.try_join_next().is_some() {}
    }
}

/// Opens a stream, says something and hears it; says who it was.
async fn talk(from: &Node, to: &Address) -> io::Result<NodeId> {
    let mut conversation = from.network.open(to).await?;
    say(&mut conversation.stream).await?;
    Ok(conversation.peer)
}

async fn say(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(b"ping").await?;
    stream.flush().await?;
    let mut heard = [0; 4];
    stream.read_exact(&mut heard).await?;
    assert_eq!(&heard, b"ping");
    Ok(())
}

async fn within<T>(seconds: u64, test: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(seconds), test).await.expect("the test takes too long")
}

#[tokio::test]
async fn nodes_with_the_same_key_talk_and_know_who_the_other_is() {
    within(30, async {
        let key = Some(ClusterKey::generate());
        let (one, mut other) = (node(key).await, node(key).await);
        assert_eq!(talk(&one, &other.address).await.unwrap(), other.id);
        assert_eq!(*other.heard.wait_for(|heard| !heard.is_empty()).await.unwrap(), [one.id]);
        assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
        let by_name = format!("localhost:{}", other.address.port()).parse().unwrap();
        assert_eq!(talk(&one, &by_name).await.unwrap(), other.id);
    })
    .await;
}

#[tokio::test]
async fn nodes_without_any_key_talk() {
    within(30, async {
        let (one, other) = (node(None).await, node(None).await);
        assert_eq!(talk(&one, &other.address).await.unwrap(), other.id);
    })
    .await;
}

#[tokio::test]
async fn who_has_another_key_or_none_gets_nowhere_and_disturbs_nobody() {
    within(60, async {
        let key = Some(ClusterKey::generate());
        let (one, other) = (node(key).await, node(key).await);
        let mut kept = one.network.open(&other.address).await.unwrap();
        for (stranger, has_key) in
            [(node(Some(ClusterKey::generate())).await, true), (node(None).await, false)]
        {
            for (from, to) in [(&stranger, &one), (&one, &stranger)] {
                let to_without_key = !has_key && to.id == stranger.id;
                let error = talk(from, &to.address).await.unwrap_err();
                // A node without a key may take a nonce for the beginning of something, and wait for the rest.
                let mute = [io::ErrorKind::TimedOut, io::ErrorKind::ConnectionAborted];
                let is_seen = error.kind() == io::ErrorKind::PermissionDenied
                    || (to_without_key && mute.contains(&error.kind()));
                assert!(is_seen, "{error}");
                let text = error.to_string();
                assert!(text.contains("key") && text.contains(&to.address.to_string()), "{text}");
            }
            say(&mut kept.stream).await.unwrap();
            assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
            assert!(one.heard.borrow().iter().all(|peer| *peer == other.id));
            assert!(stranger.heard.borrow().is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_streams_to_one_node_are_open_at_the_same_time_on_one_connection() {
    within(60, async {
        let key = Some(ClusterKey::generate());
        let (one, other) = (node(key).await, node(key).await);
        let relay = lost::Relay::to(&other.address).await;
        let mut opening = JoinSet::new();
        for _ in 0..100 {
            let (network, address) = (one.network.clone(), relay.address.clone());
            opening.spawn(async move { network.open(&address).await });
        }
        let mut streams = vec![];
        while let Some(opened) = opening.join_next().await {
            streams.push(opened.unwrap().unwrap().stream);
        }
        for stream in &mut streams {
            say(stream).await.unwrap();
        }
        assert_eq!((streams.len(), relay.connections()), (100, 1));
    })
    .await;
}

#[tokio::test]
async fn a_node_that_opens_more_streams_than_it_may_loses_the_newest() {
    within(30, async {
        let key = Some(ClusterKey::generate());
        let limits = Limits { streams_of_peer: 3, ..Limits::default() };
        let (one, other) = (node(key).await, try_node(local(), key, limits).await.unwrap());
        let mut kept = vec![];
        for _ in 0..3 {
            let mut stream = one.network.open(&other.address).await.unwrap().stream;
            say(&mut stream).await.unwrap();
            kept.push(stream);
        }
        assert!(talk(&one, &other.address).await.is_err());
        for stream in &mut kept {
            say(stream).await.unwrap();
        }
        // A place that is given back can be had again, as soon as the other side has heard of it.
        kept.pop();
        while talk(&one, &other.address).await.is_err() {}
    })
    .await;
}

#[tokio::test]
async fn a_hint_reaches_the_others_with_its_author_and_one_that_is_too_large_does_not_leave() {
    within(60, async {
        let key = Some(ClusterKey::generate());
        let (one, mut other, mut third) = (node(key).await, node(key).await, node(key).await);
        // No connection leads from the first to the third: it hears through the second.
        let _kept = (
            one.network.open(&other.address).await.unwrap(),
            third.network.open(&other.address).await.unwrap(),
        );
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let mut heard = [None, None];
        for number in 0_u32.. {
            let mut hint = vec![7; HINT];
            hint[..4].copy_from_slice(&number.to_be_bytes());
            one.network.publish(hint).unwrap();
            ticks.tick().await;
            for (heard, node) in heard.iter_mut().zip([&mut other, &mut third]) {
                *heard = heard.take().or(node.hints.try_recv().ok());
            }
            if heard.iter().all(Option::is_some) {
                break;
            }
        }
        for (author, hint) in heard.into_iter().flatten() {
            assert_eq!((author, hint.len()), (one.id, HINT));
        }
        assert_eq!(one.network.publish(vec![0; HINT + 1]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    })
    .await;
}

#[tokio::test]
async fn a_port_in_use_is_named_even_if_a_node_of_the_same_user_has_it() {
    within(30, async {
        let taken = node(None).await;
        let error = try_node(taken.address.clone(), None, Limits::default()).await.err().unwrap().to_string();
        assert!(error.contains(&format!("unable to listen on {}", taken.address)), "{error}");
        assert!(error.contains("in use"), "{error}");
        let elsewhere = "192.0.2.1:4001".parse().unwrap();
        let error = try_node(elsewhere, None, Limits::default()).await.err().unwrap().to_string();
        assert!(error.contains("192.0.2.1:4001"), "{error}");
        let nameless = "no-such-host.invalid:1".parse().unwrap();
        let error = try_node(nameless, None, Limits::default()).await.err().unwrap().to_string();
        assert!(error.contains("unable to resolve the name"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn with_the_last_handle_the_network_ends_and_its_port_is_free() {
    within(30, async {
        let (one, other) = (node(None).await, node(None).await);
        let mut stream = one.network.open(&other.address).await.unwrap().stream;
        say(&mut stream).await.unwrap();
        let (address, second) = (other.address.clone(), other.network.clone());
        drop(other);
        // One handle is left: others still get in, though what they open is not taken.
        one.network.open(&address).await.unwrap();
        drop(second);
        // The other side of a connection learns of it, too.
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
        while std::net::TcpListener::bind(("127.0.0.1", address.port())).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
