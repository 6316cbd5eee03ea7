//! Strangers at the door: garbage, silence, and very many of them.

use std::net::SocketAddr;

use tokio::net::TcpStream;

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
            // It is closed, and what was said before is no more than a nonce and an attempt to agree.
            (&mut stranger).take(10_000).read_to_end(&mut answer).await.ok();
            assert!(answer.len() < 1000, "{} bytes", answer.len());
            say(&mut kept).await.unwrap();
        }
        assert_eq!(talk(&other, &one.address).await.unwrap(), one.id);
    })
    .await;
}

#[tokio::test]
async fn those_who_say_nothing_or_never_come_to_an_end_hold_few_places_and_not_for_long() {
    within(60, async {
        let (one, other) = pair().await;
        let mut kept = one.network.open(&other.address).await.unwrap().stream;
        let mut strangers = JoinSet::new();
        let (held, mut holding) = watch::channel(0_usize);
        for number in 0..300 {
            let (address, held) = (socket(&other), held.clone());
            strangers.spawn(async move {
                let mut stranger = TcpStream::connect(address).await.unwrap();
                // The nonce comes to those who are let in as far as the first step.
                if stranger.read(&mut [0; 24]).await.unwrap_or(0) > 0 {
                    held.send_modify(|held| *held += 1);
                }
                if number % 2 == 0 {
                    // A handshake that goes on for ever, byte by byte.
                    while stranger.write_all(b"a").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                } else {
                    stranger.read_to_end(&mut vec![]).await.ok();
                }
            });
        }
        holding.wait_for(|held| *held > 0).await.unwrap();
        say(&mut kept).await.unwrap();
        while strangers.join_next().await.is_some() {}
        assert!(*held.borrow() <= Limits::default().waiting_of_host as usize, "{}", *held.borrow());
        // The places are free again.
        let link = one.network.dialler.link(&other.address).unwrap();
        one.network.dialler.forget(&other.address, &link);
        assert_eq!(talk(&one, &other.address).await.unwrap(), other.id);
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
