//! Hostile peers against a real node: strangers without the cluster's key, and those who have it and are no member.
//!
//! A case is what a peer does and what must come of it. After each case the node answers an honest question at once; at
//! the end of each table it has said little, needed little memory, and ends its run with the right rows.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use scoopi::internals::model::codec;

use crate::support::cluster::Cluster;
use crate::support::cluster::live;
use crate::support::held::Held;
use crate::support::peer::Peer;
use crate::support::peer::Stream;
use crate::support::random::Random;
use crate::support::scoopi::LIMIT;
use crate::support::site::Site;

const SITE: Site = Site { lists: 1, text: 5 };
const MIB: usize = 1 << 20;

/// The protocol of nodes.
const NODES: &str = concat!("/scoopi/", env!("CARGO_PKG_VERSION"));

/// What a node's memory may grow by under any of these attacks, in MiB: a debug build, and what it had once stays.
const GROWTH: usize = 160;

/// Lines that it may say about all of them.
const LINES: usize = 60;

/// A node at work whose pages wait, and its key.
struct Node {
    cluster: Cluster,
    server: Held,
    key: PathBuf,
    at: SocketAddr,
    process: u32,
    /// Its memory before, in MiB.
    memory: usize,
}

impl Node {
    fn start() -> Self {
        let server = Held::start(SITE);
        let mut cluster = Cluster::new(1, &SITE.definitions(&server.start_url()))
            .with(&["loader.fetch.delay=0", "loader.fetch.parallelism=4"]);
        let node = &mut cluster.nodes[0];
        node.folder.exits(0, &["keygen"]);
        let (key, at) = (node.folder.path("cluster.key"), node.address);
        node.start(&["-v", "--key-file", "cluster.key"]);
        server.wait_for_items(4);
        let process = node.running().process();
        let memory = memory(process, "VmRSS");
        Self { cluster, server, key, at, process, memory }
    }

    /// It lives, and whoever has the key gets an answer.
    async fn answers(&self, case: &str) {
        let asked = async {
            let peer = Peer::connect(self.at, &self.key).await?;
            let mut stream = peer.open(NODES).await?;
            stream.write_all(&[CONTROL]).await?;
            write(&mut stream, STATUS).await?;
            let length = stream.read_u32().await? as usize;
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let answer = timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("{case}: no honest answer"));
        let answer = answer.unwrap_or_else(|error| panic!("{case}: no honest answer: {error}"));
        assert_eq!(answer[0], codec::VERSION, "{case}");
    }

    /// It comes to its end as if nothing had been.
    fn ends(mut self, table: &str) {
        let grown = memory(self.process, "VmHWM").saturating_sub(self.memory);
        println!("{table}: {} MiB before, {grown} MiB more at most", self.memory);
        assert!(grown < GROWTH, "{table}: it grew by {grown} MiB");
        let node = &self.cluster.nodes[0];
        let status = node.ask(&["status", "--json", "--key-file", "cluster.key"]);
        assert_eq!(status.code(), Some(0), "{table}: {status:#?}");
        let status = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(live(&status), 1, "{table}: {status:#?}");
        assert_eq!(status["members"].as_array().unwrap().len(), 1, "{table}: {status:#?}");
        self.server.open();
        let ended = self.cluster.nodes[0].ends(0);
        let lines = ended.stderr.lines().count();
        assert!(lines <= LINES, "{table}: {lines} lines: {}", ended.stderr);
        assert!(!ended.stderr.contains("panic"), "{table}: {}", ended.stderr);
        self.cluster.assert_rows(&SITE.rows());
    }
}

/// The memory of a process, in MiB.
fn memory(process: u32, what: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    let kib = line.trim_start_matches(':').trim().split(' ').next().unwrap();
    kib.parse::<usize>().unwrap() / 1024
}

/// What streams are for.
const CONTROL: u8 = 1;
const PURPOSES: std::ops::RangeInclusive<u8> = 1..=4;

/// The question how the cluster stands.
const STATUS: &[u8] = &[codec::VERSION, 6];

async fn write(stream: &mut Stream, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await
}

/// What becomes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The node closes it without an answer.
    Closed,
    /// The node answers, or waits for more.
    Open,
}

/// What comes back within a while.
async fn end_of(stream: &mut Stream) -> End {
    match timeout(Duration::from_millis(150), stream.read(&mut [0; 64])).await {
        Ok(Ok(0) | Err(_)) => End::Closed,
        Ok(Ok(_)) | Err(_) => End::Open,
    }
}

/// Waits until the node has closed it.
async fn is_closed(stream: &mut Stream) -> bool {
    let mut bytes = [0; 4096];
    let closed = async { while matches!(stream.read(&mut bytes).await, Ok(1..)) {} };
    timeout(LIMIT, closed).await.is_ok()
}

/// The bytes that a peer with the key sends on a stream of its own, and whether the node closes it.
fn sayings() -> Vec<(String, Vec<u8>, End)> {
    let mut cases = vec![];
    for purpose in (0..=u8::MAX).filter(|purpose| !PURPOSES.contains(purpose)) {
        cases.push((format!("purpose {purpose}"), vec![purpose], End::Closed));
    }
    let frame = |purpose: u8, length: usize, body: &[u8]| {
        let length = u32::try_from(length).unwrap();
        [&[purpose][..], &length.to_be_bytes(), body].concat()
    };
    for purpose in PURPOSES {
        for length in [MIB + 1, 2 * MIB, 64 * MIB, 80 * MIB, 80 * MIB + 1, 1 << 31, u32::MAX as usize] {
            let said = frame(purpose, length, b"");
            cases.push((format!("purpose {purpose}, a frame of {length} bytes"), said, End::Closed));
        }
        for body in [&[][..], &[codec::VERSION], &[codec::VERSION.wrapping_add(1), 4], &[0xff; 40], &[0; 40]]
        {
            let said = frame(purpose, body.len(), body);
            cases.push((format!("purpose {purpose}, the frame {body:02x?}"), said, End::Closed));
        }
        for length in [1, 5, 1000, MIB] {
            let said = frame(purpose, length, b"");
            cases.push((format!("purpose {purpose}, {length} bytes that do not come"), said, End::Open));
        }
        cases.push((format!("purpose {purpose}, and no more"), vec![purpose], End::Open));
    }
    for variant in 8..=40 {
        let said = frame(CONTROL, 2, &[codec::VERSION, variant]);
        cases.push((format!("question {variant}, which is not known"), said, End::Closed));
    }
    // Numbers of elements that are not there: a list of addresses, a name, a map.
    for variant in 0..=3 {
        for marker in [0xfb, 0xfc, 0xfd, 0xfe] {
            let mut body = vec![codec::VERSION, variant, 0];
            body.push(marker);
            body.extend_from_slice(&[0xff; 16]);
            let said = frame(CONTROL, body.len(), &body);
            cases.push((format!("question {variant}, endless by {marker:#x}"), said, End::Closed));
        }
    }
    let mut chance = Random::new("sayings of peers", 11);
    for number in 0..60 {
        let purpose = u8::try_from(1 + chance.below(4)).unwrap();
        let length = chance.below(300);
        let mut body: Vec<_> = (0..length).map(|_| u8::try_from(chance.below(256)).unwrap()).collect();
        body.insert(0, codec::VERSION);
        // Beyond what any question begins with.
        body.insert(1, 200);
        let said = frame(purpose, body.len(), &body);
        cases.push((format!("purpose {purpose}, chance {number}"), said, End::Closed));
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_peer_with_the_key_says_on_a_stream_the_node_closes_it_or_waits() {
    let node = Node::start();
    let cases = sayings();
    println!("{} cases", cases.len());
    let mut saying = JoinSet::new();
    for (case, said, end) in cases {
        if saying.len() >= 16 {
            saying.join_next().await.unwrap().unwrap();
        }
        let (at, key) = (node.at, node.key.clone());
        saying.spawn(async move {
            // Somebody else each time: nobody is remembered for what others do.
            let peer = Peer::connect(at, &key).await.unwrap();
            let mut stream = peer.open(NODES).await.unwrap_or_else(|error| panic!("{case}: {error}"));
            stream.write_all(&said).await.ok();
            stream.flush().await.ok();
            // A stream for members is kept a while: who opens it may be one of whom the node hears soon.
            let found = match end {
                End::Closed if is_closed(&mut stream).await => End::Closed,
                End::Closed => End::Open,
                End::Open => end_of(&mut stream).await,
            };
            assert_eq!(found, end, "{case}");
        });
    }
    saying.join_all().await;
    node.answers("sayings").await;
    node.ends("sayings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_peers_with_the_key_are_held_down() {
    let node = Node::start();
    let begun = |length: usize, sent: usize| {
        let length = u32::try_from(length).unwrap().to_be_bytes();
        move |purpose: u8| [&[purpose][..], &length, &vec![7; sent]].concat()
    };
    type Said = Box<dyn Fn(u8) -> Vec<u8> + Send + Sync>;
    let cases: Vec<(&str, usize, usize, Said)> = vec![
        ("60 unfinished frames of 80 MiB", 1, 60, Box::new(begun(80 * MIB, 8 * MIB))),
        ("60 unfinished frames of 1 MiB", 1, 60, Box::new(begun(MIB, MIB - 1))),
        ("the same of 12 peers", 12, 20, Box::new(begun(MIB, MIB - 1))),
        ("120 streams that say nothing", 1, 120, Box::new(|_| vec![])),
        ("400 streams of 8 peers that say what they are for", 8, 50, Box::new(|purpose| vec![purpose])),
        (
            "questions whose answers nobody takes",
            2,
            8,
            Box::new(|_| {
                let question = [&[0, 0, 0, 2][..], STATUS].concat();
                [&[CONTROL][..], &question.repeat(50_000)].concat()
            }),
        ),
        (
            "questions to cancel nothing, unfinished",
            4,
            16,
            Box::new(|_| [&[CONTROL][..], &[0, 0, 0, 2, codec::VERSION]].concat()),
        ),
    ];
    for (case, peers, streams, said) in cases {
        let mut attack = JoinSet::new();
        for number in 0..peers {
            let peer = Peer::connect(node.at, &node.key).await.unwrap();
            let said: Vec<_> = PURPOSES.map(&said).collect();
            attack.spawn(async move {
                let mut open = JoinSet::new();
                for stream in 0..streams {
                    let Ok(mut stream_of_it) = peer.open(NODES).await else { continue };
                    let said = said[(number + stream) % said.len()].clone();
                    open.spawn(async move {
                        let write = async {
                            stream_of_it.write_all(&said).await?;
                            stream_of_it.flush().await
                        };
                        // Nobody reads on the other side, perhaps.
                        timeout(Duration::from_secs(3), write).await.ok();
                        stream_of_it
                    });
                }
                (peer, open.join_all().await)
            });
        }
        let held = attack.join_all().await;
        // While all of it is held.
        node.answers(case).await;
        println!("{case}: {} MiB", memory(node.process, "VmRSS"));
        drop(held);
    }
    node.ends("floods");
}

/// What a stranger without the key says on a connection.
fn strangers() -> Vec<(String, Vec<u8>)> {
    let mut cases: Vec<(String, Vec<u8>)> = [
        ("nothing", &b""[..]),
        ("one byte", b"x"),
        ("half a nonce", &[7; 12]),
        ("a nonce", &[7; 24]),
        ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("tls", &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
        ("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("protocols without a key", b"\x13/multistream/1.0.0\n"),
        ("noise without a key", b"\x13/multistream/1.0.0\n\x07/noise\n"),
        ("redis", b"*1\r\n$4\r\nPING\r\n"),
    ]
    .map(|(case, said)| (case.to_owned(), said.to_owned()))
    .into();
    for byte in [0, 0x13, 0x80, 0xff] {
        for length in [25, 100, 4096, 100_000] {
            cases.push((format!("{length} times {byte:#x}"), vec![byte; length]));
        }
    }
    let mut chance = Random::new("strangers", 12);
    for number in 0..30 {
        let length = chance.below(3000);
        let said = (0..length).map(|_| u8::try_from(chance.below(256)).unwrap()).collect();
        cases.push((format!("chance {number}"), said));
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_stranger_without_the_key_says_it_is_sent_away() {
    let node = Node::start();
    let mut ended = JoinSet::new();
    for (case, said) in strangers() {
        for is_closed in [false, true] {
            let (case, said, at) = (format!("{case}, half closed: {is_closed}"), said.clone(), node.at);
            ended.spawn(async move {
                let mut stranger = TcpStream::connect(at).await.unwrap();
                stranger.write_all(&said).await.ok();
                if is_closed {
                    stranger.shutdown().await.ok();
                }
                let mut heard = vec![];
                let heard = timeout(LIMIT, (&mut stranger).take(10_000).read_to_end(&mut heard)).await;
                let heard = heard.unwrap_or_else(|_| panic!("{case}: the connection stays"));
                assert!(heard.unwrap_or(0) < 1000, "{case}: it hears too much");
            });
            if ended.len() >= 12 {
                ended.join_next().await.unwrap().unwrap();
            }
        }
    }
    ended.join_all().await;
    node.answers("strangers").await;
    node.ends("strangers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_at_many_addresses_keep_nobody_out() {
    let node = Node::start();
    for addresses in [1, 2, 12, 60] {
        let mut attack = JoinSet::new();
        for number in 0..300 {
            let from = Ipv4Addr::new(127, 9, 9, u8::try_from(1 + number % addresses).unwrap());
            let at = node.at;
            attack.spawn(async move {
                loop {
                    let socket = TcpSocket::new_v4().unwrap();
                    socket.bind((from, 0).into()).unwrap();
                    let Ok(mut stranger) = socket.connect(at).await else { continue };
                    stranger.read_to_end(&mut vec![]).await.ok();
                }
            });
        }
        for _ in 0..10 {
            node.answers(&format!("strangers at {addresses} addresses")).await;
        }
        // A person asks, too.
        let status = node.cluster.nodes[0].ask(&["status", "--key-file", "cluster.key"]);
        assert_eq!(status.code(), Some(0), "{addresses} addresses: {status:#?}");
    }
    node.ends("strangers at many addresses");
}
