//! Strangers at the door: garbage, silence, and very many of them.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use super::*;

fn socket(node: &Node) -> SocketAddr {
    node.address.to_string().parse().unwrap()
}

async fn pair() -> (Node, Node) {
    let key = Some(ClusterKey::generate());
    (node(key).await, node(key).await)
}

/// Memory of this process, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::test]
async fn garbage_is_answered_with_an_end() {
    within(60, async {
        let (one, other) = pair().await;
        let mut kept = one.network.open(&other.address).await.unwrap().stream;
        let garbage: [&[u8]; 5] =
            [b"GET / HTTP/1.1\r\n\r\n", &[0; 4096], &[0xff; 4096], b"\x13/multistream/1.0.0\n", b"x"];
        for bytes in garbage {
            let mut stranger = TcpStream::connect(socket(&other)).await.unwrap();
            stranger.write_all(bytes).await.ok();
            let mut answer = vec![];
            // It is closed, and it carried only a nonce and an attempt to agree.
            (&mut stranger).take(10_000).read_to_end(&mut answer).await.ok();
            assert!(answer.len() < 1000, "{} bytes", answer.len());
            say(&mut kept).await.unwrap();
        }
        assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
    })
    .await;
}

/// A stranger at `from`, which connects again whenever it is sent away, for ever. Even ones are silent, odd ones begin
/// a handshake that continues byte by byte.
async fn knock(number: usize, from: Ipv4Addr, at: SocketAddr, knocked: watch::Sender<usize>) {
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let Ok(mut stranger) = socket.connect(at).await else { continue };
        knocked.send_modify(|knocked| *knocked += 1);
        if number % 2 == 1 {
            while stranger.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        stranger.read_to_end(&mut vec![]).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_at_one_address_and_at_many_hold_few_places_and_keep_nobody_out() {
    within(120, async {
        let limits = Limits::default();
        for (addresses, most) in [(1, limits.waiting_of_host), (12, limits.waiting), (40, limits.waiting)] {
            let key = Some(ClusterKey::generate());
            let (one, other) = (node(key).await, node(key).await);
            let mut kept = one.network.open(&other.address).await.unwrap().stream;
            let mut strangers = JoinSet::new();
            let (knocked, mut knocking) = watch::channel(0_usize);
            for number in 0..300 {
                let from = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + number % addresses).unwrap());
                strangers.spawn(knock(number, from, socket(&other), knocked.clone()));
            }
            knocking.wait_for(|knocked| *knocked >= 300).await.unwrap();
            for _ in 0..20 {
                say(&mut kept).await.unwrap();
                // A node that has the key, from an address that is not expected.
                let late = node(key).await;
                assert_eq!(talk(&late, &other.address).await.unwrap(), other.id, "{addresses} addresses");
                let [strangers, nodes] = other.network.room.taken();
                assert!(strangers <= most as usize && nodes == 0, "{strangers} of {addresses} addresses");
            }
            assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_have_places_that_more_strangers_than_places_do_not_take() {
    within(60, async {
        let key = Some(ClusterKey::generate());
        let limits = Limits { waiting: 4, waiting_of_host: 2, ..Limits::default() };
        let (other, one) = (try_node(local(), key, limits).await.unwrap(), node(key).await);
        other.network.expect(&[one.address.clone(), "no-such-host.invalid:1".parse().unwrap()].into()).await;
        let mut strangers = JoinSet::new();
        let (knocked, mut knocking) = watch::channel(0_usize);
        for number in 0..250 {
            let from = Ipv4Addr::new(127, 0, 2, u8::try_from(1 + number).unwrap());
            strangers.spawn(knock(number, from, socket(&other), knocked.clone()));
        }
        knocking.wait_for(|knocked| *knocked >= 250).await.unwrap();
        for _ in 0..10 {
            assert_eq!(talk(&one, &other.address).await.unwrap(), other.id);
            let link = one.network.dialler.link(&other.address).unwrap();
            one.network.dialler.forget(&other.address, &link);
        }
        assert!(other.network.room.taken()[0] <= 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_cost_nothing_that_lasts() {
    within(120, async {
        let (one, other) = pair().await;
        let mut kept = one.network.open(&other.address).await.unwrap().stream;
        let before = memory();
        let mut strangers = JoinSet::new();
        for number in 0..10_000_u32 {
            let address = socket(&other);
            strangers.spawn(async move {
                let mut stranger = TcpStream::connect(address).await.unwrap();
                stranger.write_all(&number.to_be_bytes().repeat(64)).await.ok();
            });
            if strangers.len() >= 100 {
                strangers.join_next().await;
            }
            if number % 500 == 0 {
                say(&mut kept).await.unwrap();
            }
        }
        while strangers.join_next().await.is_some() {}
        say(&mut kept).await.unwrap();
        assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
        assert!(memory() < before + 64, "{} MiB, {before} before", memory());
    })
    .await;
}
