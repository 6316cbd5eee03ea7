//! Servers of https, in HTTP/2 and HTTP/1.1, good and bad. The program is asked as a process, because it finds the
//! certificates that it trusts by its environment.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::cases::Cases;
use crate::hosts::definitions;
use crate::support::scoopi::{RUN_DATE, Running, Scoopi};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200` and `:status: 103` in HPACK.
const OK: &[u8] = &[0x88];
const EARLY_HINTS: &[u8] = &[0x48, 3, b'1', b'0', b'3'];

/// What a server does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// A page.
    Page,
    /// A page, in HTTP/1.1.
    One,
    /// Again and again: frames of this type with this flag and so much in them, before the answer.
    Flood(u8, u8, &'static [u8]),
    /// The same between the head of an answer and its body.
    FloodInBody(u8, u8, &'static [u8]),
    /// These frames, and then the end of the connection.
    Once(&'static [(u8, u8, &'static [u8])]),
}

use Manner::{Flood, FloodInBody, Once, One, Page};

struct Host {
    url: String,
    connections: Arc<AtomicUsize>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream, payload].concat()
}

/// Frames that concern the connection belong to stream 0.
fn stream_of(kind: u8, stream: u32) -> u32 {
    if matches!(kind, SETTINGS | PING | GO_AWAY) { 0 } else { stream }
}

async fn serve_two(mut line: TlsStream<TcpStream>, manner: Manner) -> io::Result<()> {
    let mut preface = [0; 24];
    line.read_exact(&mut preface).await?;
    line.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        line.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        line.read_exact(&mut payload).await?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            SETTINGS if head[4] & ACK == 0 => line.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            HEADERS => answer(&mut line, stream, manner).await?,
            _ => {}
        }
    }
}

async fn answer(line: &mut TlsStream<TcpStream>, stream: u32, manner: Manner) -> io::Result<()> {
    let flood = |kind, flags, payload| frame(kind, flags, stream_of(kind, stream), payload).repeat(200);
    match manner {
        Page | One => {
            line.write_all(&frame(HEADERS, END_HEADERS, stream, OK)).await?;
            line.write_all(&frame(WINDOW_UPDATE, 0, stream, &[0, 0, 1, 0])).await?;
            line.write_all(&frame(DATA, END_STREAM, stream, b"<h1>Good</h1>")).await
        }
        Flood(kind, flags, payload) => {
            if kind == CONTINUATION {
                line.write_all(&frame(HEADERS, 0, stream, OK)).await?;
            }
            loop {
                line.write_all(&flood(kind, flags, payload)).await?;
            }
        }
        FloodInBody(kind, flags, payload) => {
            line.write_all(&frame(HEADERS, END_HEADERS, stream, OK)).await?;
            line.write_all(&frame(DATA, 0, stream, b"<h1>")).await?;
            loop {
                line.write_all(&flood(kind, flags, payload)).await?;
            }
        }
        Once(frames) => {
            for (kind, flags, payload) in frames {
                line.write_all(&frame(*kind, *flags, stream_of(*kind, stream), payload)).await?;
            }
            line.shutdown().await?;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
    }
}

async fn serve_one(mut line: TlsStream<TcpStream>) -> io::Result<()> {
    loop {
        let mut request = vec![];
        while !request.ends_with(b"\r\n\r\n") {
            if line.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        line.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<h1>Good</h1>").await?;
    }
}

/// One server for each manner, with this certificate.
fn hosts(runtime: &Runtime, key: &CertifiedKey, manners: &[Manner]) -> Vec<Host> {
    manners.iter().map(|manner| host(runtime, key, *manner)).collect()
}

fn host(runtime: &Runtime, key: &CertifiedKey, manner: Manner) -> Host {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.key_pair.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config =
        config.with_no_client_auth().with_single_cert(vec![key.cert.der().clone()], secret).unwrap();
    config.alpn_protocols = vec![if manner == One { b"http/1.1".to_vec() } else { b"h2".to_vec() }];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    runtime.spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            counted.fetch_add(1, Ordering::Relaxed);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(line) = acceptor.accept(stream).await else { return };
                // A client that has had enough goes away.
                if manner == One {
                    serve_one(line).await.ok()
                } else {
                    serve_two(line, manner).await.ok()
                };
            });
        }
    });
    Host { url, connections }
}

#[test]
fn https_servers() {
    let runtime = Runtime::new().unwrap();
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let good = hosts(&runtime, &key, &[Page, One]);
    let frames = "HTTP/2 frames without content";
    // Where the library has a limit of its own, its words may come first.
    let cases: Vec<(Manner, &str)> = vec![
        (Flood(WINDOW_UPDATE, 0, &[0, 0, 0, 1]), frames),
        (Flood(PING, 0, &[0; 8]), frames),
        (Flood(PING, ACK, &[0; 8]), frames),
        (Flood(SETTINGS, 0, &[]), frames),
        (Flood(HEADERS, END_HEADERS, EARLY_HINTS), frames),
        (Flood(CONTINUATION, 0, &[0; 100]), ""),
        (Flood(PUSH, END_HEADERS, &[0, 0, 0, 2, 0x88]), ""),
        (Flood(0x77, 0, b"unknown"), frames),
        (FloodInBody(WINDOW_UPDATE, 0, &[0, 0, 0, 0]), ""),
        (FloodInBody(PING, 0, &[0; 8]), frames),
        (FloodInBody(DATA, 0, &[]), ""),
        (FloodInBody(0x77, 0, b"unknown"), frames),
        (FloodInBody(DATA, 0, &[b'x'; 1000]), ""),
        (Once(&[(RESET, 0, &[0, 0, 0, 1])]), ""),
        (Once(&[(GO_AWAY, 0, &[0; 8])]), ""),
        (Once(&[(HEADERS, END_HEADERS, OK)]), ""),
        (Once(&[(HEADERS, END_HEADERS, OK), (DATA, 0, b"<h1>half")]), ""),
        (Once(&[(HEADERS, END_HEADERS, &[0xff; 20])]), ""),
        (Once(&[(DATA, END_STREAM, b"<h1>no head</h1>")]), ""),
        (Once(&[(SETTINGS, 0, b"bad")]), ""),
        (Once(&[(PING, 0, b"bad")]), ""),
        (Once(&[(HEADERS, END_HEADERS | END_STREAM, EARLY_HINTS)]), ""),
    ];
    let bad = hosts(&runtime, &key, &cases.iter().map(|(manner, _)| *manner).collect::<Vec<_>>());
    let pages = good.iter().flat_map(|host| (0..10).map(|number| format!("{}{number}", host.url)));
    let urls: Vec<_> = pages.chain(bad.iter().map(|host| host.url.clone())).collect();
    let scoopi = Scoopi::new(&definitions(urls)).with(&[
        RUN_DATE,
        "loader.fetch.delay=0",
        "job.maxTries=1",
        "fetch.maxBody=300000",
        "fetch.timeout.total=20000",
    ]);
    scoopi.write("trusted.pem", key.cert.pem());
    let mut command = scoopi.command(&["--output", "output"]);
    let ended = Running::start(command.env("SSL_CERT_FILE", scoopi.path("trusted.pem"))).ended();
    assert_eq!(ended.code(), Some(3), "{ended:#?}");
    assert_eq!(scoopi.rows().lines().filter(|line| line.contains("Good")).count(), 20, "{ended:#?}");
    for (host, name) in good.iter().zip(["HTTP/2", "HTTP/1.1"]) {
        assert_eq!(host.connections.load(Ordering::Relaxed), 1, "connections of {name}");
    }
    let failed = scoopi.failed();
    let mut table = Cases::of("https servers");
    for (host, (manner, words)) in bad.iter().zip(&cases) {
        let line = failed.iter().find(|line| line["url"] == *host.url);
        let reason = line.unwrap_or_else(|| panic!("{manner:?} did not fail"))["reason"].as_str().unwrap();
        let is_good = reason.contains(words) && !reason.contains("within");
        table.check(format!("{manner:?}"), is_good, || format!("{words:?}, and not: {reason}"));
    }
    drop(table);
    runtime.shutdown_background();
}
