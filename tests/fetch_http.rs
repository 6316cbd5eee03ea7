//! Fetching over real sockets, from servers that answer well, badly or not at all, and from files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use scoopi::internals::fetch::{Cause, FetchError, FetchSettings, Fetcher, Limit, Page, Request};

use support::response::{Response, gzip};
use support::server::{Server, closed_port, deaf};

/// Limits that hurry, without delay between requests.
fn quick() -> FetchSettings {
    FetchSettings {
        delay: Duration::ZERO,
        parallelism: NonZeroUsize::new(8).unwrap(),
        ..FetchSettings::default()
    }
}

fn fetcher(change: impl FnOnce(&mut FetchSettings)) -> Fetcher {
    let mut settings = quick();
    change(&mut settings);
    Fetcher::new(settings, PathBuf::from(".")).unwrap()
}

async fn fetch(fetcher: &Fetcher, url: &str) -> Result<Page, FetchError> {
    fetcher.fetch(Request::new(url)).await
}

async fn get(server: &Server, path: &str) -> Result<Page, FetchError> {
    fetch(&fetcher(|_| {}), &server.at(path)).await
}

/// The error of `path`; its message has to name the URL and these words, in one line.
async fn check_error(fetcher: &Fetcher, url: &str, recoverable: bool, words: &[&str]) -> FetchError {
    let error = fetch(fetcher, url).await.expect_err(url);
    let message = error.to_string();
    for word in words.iter().copied().chain([url]) {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
    assert!(!message.contains('\n'), "{message}");
    assert_eq!(error.is_recoverable(), recoverable, "{message}");
    error
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test]
async fn a_page_comes_as_it_was_sent() {
    let server = Server::with_routes([
        ("/p?q=1", Response::ok([0xe4, 0xf6]).header("Content-Type", "Text/HTML; charset=ISO-8859-1")),
        ("/wrong", Response::ok("x").header("Content-Type", "text/html; charset=no-such-set")),
        ("/a%20b%7C", Response::ok("escaped")),
        ("/empty", Response::status(204)),
    ]);
    let page = get(&server, "/p?q=1#part").await.unwrap();
    assert_eq!(page.url, server.at("/p?q=1"));
    assert_eq!(page.body.as_ref(), [0xe4, 0xf6]);
    assert_eq!(page.charset.as_deref(), Some("ISO-8859-1"));
    assert_eq!(page.content_type.as_deref(), Some("text/html"));
    assert_eq!(page.status, Some(200));
    assert_eq!(get(&server, "/wrong").await.unwrap().charset.as_deref(), Some("no-such-set"));
    assert_eq!(get(&server, "/a b|").await.unwrap().body.as_ref(), b"escaped");
    let empty = get(&server, "/empty").await.unwrap();
    assert_eq!((empty.status, empty.body.len(), empty.charset), (Some(204), 0, None));
}

#[tokio::test]
async fn a_request_says_who_asks() {
    let server = Server::start(|_| Response::ok(""));
    get(&server, "/").await.unwrap();
    fetch(&fetcher(|settings| settings.user_agent = "my agent/1".to_owned()), &server.at("/")).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].method, "GET");
    assert!(requests[0].header("user-agent").unwrap().contains("scoopi/"));
    assert!(requests[0].header("accept").unwrap().starts_with("text/html"));
    assert!(requests[0].header("accept-encoding").unwrap().contains("gzip"));
    assert_eq!(requests[1].header("user-agent"), Some("my agent/1"));
    let settings = FetchSettings { user_agent: "a\nb".to_owned(), ..quick() };
    let error = Fetcher::new(settings, PathBuf::new()).unwrap_err().to_string();
    assert!(error.contains("scoopi.webClient.userAgent") && error.contains("a\\nb"), "{error}");
}

#[tokio::test]
async fn compressed_bodies_are_decompressed() {
    let zlib = [0x78, 0x01, 1, 5, 0, 0xfa, 0xff, b'h', b'e', b'l', b'l', b'o', 0x06, 0x2c, 0x02, 0x15];
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
    let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
    let encoded = |name: &str, body: &[u8]| Response::ok(body).header("Content-Encoding", name);
    let server = Server::with_routes([
        ("/gzip", encoded("gzip", &gzip(b"hello"))),
        ("/deflate", encoded("deflate", &zlib)),
        ("/zstd", encoded("zstd", &zstd)),
        ("/br", encoded("br", &brotli)),
        ("/identity", encoded("identity", b"hello")),
        ("/none", Response::ok("hello")),
        ("/empty", encoded("gzip", b"")),
        ("/GZIP", encoded("GZIP", &gzip(b"hello"))),
        ("/lzw", encoded("compress", b"hello")),
    ]);
    for path in ["/gzip", "/deflate", "/zstd", "/br", "/identity", "/none", "/GZIP"] {
        assert_eq!(get(&server, path).await.expect(path).body.as_ref(), b"hello", "{path}");
    }
    assert_eq!(get(&server, "/empty").await.unwrap().body.len(), 0);
    check_error(&fetcher(|_| {}), &server.at("/lzw"), false, &["content encoding `compress`"]).await;
}

#[tokio::test]
async fn a_status_that_is_no_success_is_an_error_that_says_whether_it_may_pass() {
    let server = Server::start(|request| Response::status(request.path[1..].parse().unwrap()));
    let fetcher = fetcher(|_| {});
    for (status, recoverable) in [
        (404, false),
        (403, false),
        (304, false),
        (302, false),
        (300, false),
        (501, false),
        (408, true),
        (429, true),
    ]
    .into_iter()
    .chain([(500, true), (502, true), (503, true)])
    {
        let url = server.at(&format!("/{status}"));
        let error = check_error(&fetcher, &url, recoverable, &[]).await;
        assert_eq!(error.to_string(), format!("HTTP response: {status}, URL: {url}"));
        assert_eq!(error.retry_after(), None);
    }
}

#[tokio::test]
async fn a_host_that_asks_for_time_is_left_alone_that_long_at_most() {
    let server = Server::with_routes([
        ("/429", Response::status(429).header("Retry-After", "3600")),
        ("/503", Response::status(503).header("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT")),
        ("/404", Response::status(404).header("Retry-After", "3600")),
        ("/ok", Response::ok("")),
    ]);
    let fetcher = fetcher(|settings| settings.max_retry_after = millis(400));
    for path in ["/429", "/503"] {
        let error = check_error(&fetcher, &server.at(path), true, &[]).await;
        assert_eq!(error.retry_after(), Some(millis(400)));
    }
    assert_eq!(check_error(&fetcher, &server.at("/404"), false, &[]).await.retry_after(), None);
    fetch(&fetcher, &server.at("/ok")).await.unwrap();
    let at: Vec<_> = server.requests().iter().map(|request| request.at).collect();
    assert!(at[1] - at[0] >= millis(400) && at[2] - at[1] >= millis(400), "{at:?}");
    assert!(at[3] - at[2] < millis(400), "{at:?}");
}

#[tokio::test]
async fn a_host_is_asked_politely() {
    let server = Server::start(|request| match request.path.as_str() {
        "/again" => Response::redirect("/there"),
        _ => Response::ok("").delayed(millis(20)),
    });
    let fetcher = fetcher(|settings| {
        settings.delay = millis(60);
        settings.parallelism = NonZeroUsize::MIN;
    });
    let urls = ["/1", "/2", "/again", "/3"].map(|path| server.at(path));
    let begin = Instant::now();
    let [a, b, c, d] = urls.each_ref().map(|url| fetch(&fetcher, url));
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    assert!([a, b, c, d].iter().all(Result::is_ok));
    let requests = server.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/1", "/2", "/again", "/3", "/there"], "a redirect waits for its turn like any other");
    // A busy machine may let the server see a request late, but never early.
    let late = |(number, at): (u64, Instant)| at - begin >= millis(60 * number);
    assert!((0..).zip(requests.iter().map(|request| request.at)).all(late), "{begin:?}: {requests:?}");
    assert_eq!(server.most_at_once(), 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn no_more_requests_run_at_a_time_than_allowed() {
    let server = Server::start(|_| Response::ok("").delayed(millis(100)));
    let fetcher = fetcher(|settings| settings.parallelism = NonZeroUsize::new(3).unwrap());
    let mut running = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (fetcher, url) = (fetcher.clone(), server.at(&format!("/{number}")));
        running.spawn(async move { fetch(&fetcher, &url).await.map(drop) });
    }
    assert!(running.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.most_at_once(), 3);
}

#[tokio::test]
async fn a_fetch_that_is_dropped_frees_its_place() {
    let server = Server::with_routes([("/silent", Response::silent()), ("/ok", Response::ok(""))]);
    let fetcher = fetcher(|settings| settings.parallelism = NonZeroUsize::MIN);
    let (silent, ok) = (server.at("/silent"), server.at("/ok"));
    tokio::select! {
        biased;
        _ = fetch(&fetcher, &silent) => unreachable!("it never answers"),
        () = async { while server.hits() == 0 { tokio::task::yield_now().await } } => {}
    }
    fetch(&fetcher, &ok).await.unwrap();
}

#[tokio::test]
async fn a_thousand_fetches_share_a_few_connections() {
    let server = Server::start(|request| Response::html(format!("<p>{}</p>", request.path)));
    let fetcher = fetcher(|settings| settings.parallelism = NonZeroUsize::new(4).unwrap());
    let mut running = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let (fetcher, base) = (fetcher.clone(), server.url.clone());
        running.spawn(async move {
            for number in 0..125 {
                let path = format!("/{worker}/{number}");
                let page = fetch(&fetcher, &format!("{base}{path}")).await.unwrap();
                assert_eq!(page.body, format!("<p>{path}</p>"));
            }
        });
    }
    running.join_all().await;
    assert_eq!(server.hits(), 1000);
    assert!(server.connections() <= 8, "{} connections", server.connections());
}

/// A server that answers one request on each connection but the last, reads another one, and closes without a word.
/// Gives how many requests it saw.
async fn forgetful(listener: tokio::net::TcpListener, connections: usize) -> usize {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut requests = 0;
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ""] {
            let mut request = vec![];
            while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
            requests += usize::from(!request.is_empty());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
    requests
}

#[tokio::test]
async fn a_connection_that_the_server_gave_up_is_replaced() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(forgetful(listener, 3));
    let fetcher = fetcher(|_| {});
    for _ in 0..3 {
        assert_eq!(fetch(&fetcher, &url).await.unwrap().body, "ok");
    }
    drop(fetcher);
    // The second and the third page were asked for twice each, over the old connection and over a new one.
    assert_eq!(server.await.unwrap(), 5);
}

#[tokio::test]
async fn an_answer_whose_body_nobody_wants_leaves_the_connection_open() {
    let server = Server::with_routes([
        ("/moved", Response::ok("gone there").with_status(302).header("Location", "/missing")),
        ("/missing", Response::ok("not here").with_status(404)),
        ("/here", Response::ok("ok")),
    ]);
    let fetcher = fetcher(|_| {});
    fetch(&fetcher, &server.at("/moved")).await.unwrap_err();
    fetch(&fetcher, &server.at("/here")).await.unwrap();
    assert_eq!((server.hits(), server.connections()), (3, 1));
}

#[tokio::test]
async fn redirects_are_followed_and_the_last_url_is_told() {
    let other = Server::start(|request| Response::ok(request.path.clone()));
    let away = other.at("/final").replace("127.0.0.1", "localhost");
    let target = away.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/a/start" => Response::redirect("../b?x").with_status(301),
        "/b?x" => Response::redirect("/c d|").with_status(307),
        "/c%20d%7C" => Response::redirect("e#part").with_status(308),
        "/e" => Response::ok("here"),
        "/away" => Response::redirect(target.clone()).with_status(303),
        _ => Response::status(404),
    });
    let page = get(&server, "/a/start").await.unwrap();
    assert_eq!((page.url, page.body.as_ref()), (server.at("/e"), b"here".as_slice()));
    let secret = server.at("/away").replace("http://", "http://user:secret@");
    assert_eq!(fetch(&fetcher(|_| {}), &secret).await.unwrap().url, away);
    assert_eq!(server.requests()[4].header("authorization"), Some("Basic dXNlcjpzZWNyZXQ="));
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(other.requests()[0].header("referer"), None);
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|request| match request.path.as_str() {
        "/loop" => Response::redirect("/pool"),
        "/pool" => Response::redirect("/loop"),
        "/self" => Response::redirect("/self"),
        "/file" => Response::redirect("file:///etc/passwd"),
        "/script" => Response::redirect("javascript:alert(1)"),
        "/lost" => Response::redirect("http://u:hidden@[").delayed(millis(1)),
        "/baker" => Response::redirect("/baker").header("Set-Cookie", "k=v"),
        path => Response::redirect(format!("/{}", path[1..].parse::<u32>().unwrap() + 1)),
    });
    let fetcher = fetcher(|_| {});
    check_error(&fetcher, &server.at("/loop"), false, &["in a circle"]).await;
    check_error(&fetcher, &server.at("/self"), false, &["in a circle"]).await;
    check_error(&fetcher, &server.at("/file"), false, &["file:///etc/passwd", "`file`"]).await;
    check_error(&fetcher, &server.at("/script"), false, &["javascript:alert(1)"]).await;
    let lost = check_error(&fetcher, &server.at("/lost"), false, &["***@["]).await;
    assert!(!lost.to_string().contains("hidden"));
    let hits = server.hits();
    check_error(&fetcher, &server.at("/0"), false, &["more than 10", "`scoopi.fetch.maxRedirects`", "/11"])
        .await;
    assert_eq!(server.hits() - hits, 11);
    check_error(&fetcher, &server.at("/baker"), false, &["more than 10"]).await;
}

#[tokio::test]
async fn hosts_that_redirect_to_each_other_do_not_wait_for_each_other() {
    let server = Server::start(|request| match request.path.strip_prefix("/to/") {
        Some(host) => Response::redirect(format!("http://{host}/end")).delayed(millis(30)),
        None => Response::ok(""),
    });
    let here = server.address().to_string();
    let there = here.replace("127.0.0.1", "localhost");
    let fetcher = fetcher(|settings| settings.parallelism = NonZeroUsize::MIN);
    let (out, back) = (format!("http://{here}/to/{there}"), format!("http://{there}/to/{here}"));
    let (out, back) = tokio::join!(fetch(&fetcher, &out), fetch(&fetcher, &back));
    assert_eq!(out.unwrap().url, format!("http://{there}/end"));
    assert_eq!(back.unwrap().url, format!("http://{here}/end"));
}

#[tokio::test]
async fn cookies_are_kept_for_a_run_unless_turned_off() {
    let server = Server::start(|request| match request.header("cookie") {
        None => Response::redirect(request.path.clone()).header("Set-Cookie", "session=1; Path=/"),
        Some(cookie) => Response::ok(cookie.to_owned()),
    });
    let with = fetcher(|_| {});
    assert_eq!(fetch(&with, &server.at("/wall")).await.unwrap().body, "session=1");
    assert_eq!(fetch(&with, &server.at("/next")).await.unwrap().body, "session=1");
    assert_eq!(server.hits(), 3);
    let without = fetcher(|settings| settings.cookies = false);
    check_error(&without, &server.at("/wall"), false, &["in a circle", "`scoopi.fetch.cookies`"]).await;
}

#[tokio::test]
async fn every_wait_has_a_limit_that_is_named() {
    let (listener, _queue) = deaf().await;
    let server = Server::start(|request| match request.path.as_str() {
        "/silent" => Response::silent(),
        "/stalls" => Response::drip(["x"; 2], Duration::from_secs(60)),
        "/drips" => Response::drip(vec!["x"; 1000], millis(20)),
        // Followed at once, since a cookie comes with it.
        path => Response::redirect(format!("{path}x")).header("Set-Cookie", "k=v").delayed(millis(80)),
    });
    let deaf = format!("http://{}/", listener.local_addr().unwrap());
    type Change = fn(&mut FetchSettings);
    let cases: [(&str, Limit, Change); 5] = [
        (&deaf, Limit::Connect, |settings| settings.connect_timeout = millis(150)),
        (&server.at("/silent"), Limit::FirstByte, |settings| settings.first_byte_timeout = millis(150)),
        (&server.at("/stalls"), Limit::Idle, |settings| settings.idle_timeout = millis(150)),
        (&server.at("/drips"), Limit::Total, |settings| settings.total_timeout = millis(150)),
        (&server.at("/redirects"), Limit::Total, |settings| settings.total_timeout = millis(150)),
    ];
    for (url, limit, change) in cases {
        let fetcher = fetcher(change);
        let started = Instant::now();
        let error = fetch(&fetcher, url).await.unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, FetchError::Timeout { limit: passed, .. } if passed == limit), "{message}");
        assert!(
            error.is_recoverable() && message.contains(limit.key()) && message.contains("150ms"),
            "{message}"
        );
        assert!(message.contains("http://127.0.0.1:"), "{message}");
        assert!((millis(140)..millis(3000)).contains(&started.elapsed()), "{url}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn waiting_for_a_turn_is_not_part_of_the_total_time() {
    let server = Server::start(|_| Response::ok("").delayed(millis(200)));
    let fetcher = fetcher(|settings| {
        settings.parallelism = NonZeroUsize::MIN;
        settings.total_timeout = millis(1000);
    });
    let url = server.at("/");
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (fetcher, url) = (fetcher.clone(), url.clone());
        running.spawn(async move { fetch(&fetcher, &url).await.map(drop) });
    }
    assert!(running.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn broken_connections_are_told_apart() {
    let half = gzip(&[7; 10_000]);
    let half = half[..half.len() / 2].to_vec();
    let zipped = |body: &[u8]| Response::ok(body).header("Content-Encoding", "gzip");
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let many: String = (0..20_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let server = Server::with_routes([
        ("/reset", Response::reset("")),
        ("/reset-in-head", Response::reset("HTTP/1.1 200")),
        ("/reset-in-body", Response::reset(head)),
        ("/closed", Response::raw("")),
        ("/cut", Response::cut(100, "half")),
        ("/cut-chunk", Response::raw(format!("{chunked}5\r\nhel"))),
        ("/cut-gzip", zipped(&half)),
        ("/bad-gzip", zipped(b"this is no gzip at all")),
        ("/bad-chunk", Response::raw(format!("{chunked}zzz\r\n"))),
        ("/no-http", Response::raw("SSH-2.0-OpenSSH\r\n\r\n")),
        ("/bad-status", Response::raw("HTTP/1.1 abc OK\r\n\r\n")),
        ("/long-header", Response::ok("").header("x", "y".repeat(1_000_000))),
        ("/many-headers", Response::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n"))),
    ]);
    let check = async |url: &str, expected: Cause, recoverable: bool| {
        let error = check_error(&fetcher(|_| {}), url, recoverable, &[]).await;
        assert!(matches!(error, FetchError::Transport { cause, .. } if cause == expected), "{error:?}");
    };
    check(&format!("http://{}/", closed_port()), Cause::Connect, true).await;
    for path in ["/reset", "/reset-in-head", "/reset-in-body", "/closed", "/cut", "/cut-chunk", "/cut-gzip"] {
        check(&server.at(path), Cause::Closed, true).await;
    }
    for path in ["/bad-gzip", "/bad-chunk"] {
        check(&server.at(path), Cause::Corrupt, false).await;
    }
    for path in ["/no-http", "/bad-status", "/long-header", "/many-headers"] {
        check(&server.at(path), Cause::Protocol, false).await;
    }
    check(&server.at("/x").replace("http:", "https:"), Cause::Tls, false).await;
}

#[tokio::test]
async fn a_body_has_a_limit_however_it_comes() {
    let server = Server::start(|request| match request.path.as_str() {
        "/just" => Response::ok(vec![b'x'; 50_000]),
        "/just-gzip" => Response::ok(gzip(&[b'x'; 50_000])).header("Content-Encoding", "gzip"),
        "/long" => Response::ok(vec![b'x'; 50_001]),
        "/promised" => Response::cut(1 << 60, "x"),
        "/endless" => Response::endless(vec![b'x'; 1000]),
        "/bomb" => Response::gzip_bomb(64 * 1024 * 1024),
        "/endless-bomb" => Response::endless(gzip(&[0; 1_000_000])).header("Content-Encoding", "gzip"),
        _ => Response::endless(gzip(b"")).header("Content-Encoding", "gzip"),
    });
    let fetcher = fetcher(|settings| settings.max_body = 50_000);
    for path in ["/just", "/just-gzip"] {
        assert_eq!(fetch(&fetcher, &server.at(path)).await.unwrap().body.len(), 50_000);
    }
    for path in ["/long", "/promised", "/endless", "/bomb", "/endless-bomb", "/nothing"] {
        check_error(&fetcher, &server.at(path), false, &["50000 bytes", "`scoopi.fetch.maxBody`"]).await;
    }
}

#[tokio::test]
async fn a_proxy_is_used_if_set() {
    let proxy = Server::start(|request| Response::ok(request.path.clone()));
    let fetcher =
        fetcher(|settings| settings.proxy = Some(proxy.url.replace("http://", "http://u:p@").into()));
    let page = fetch(&fetcher, "http://scoopi.invalid/x").await.unwrap();
    assert_eq!(page.body, "http://scoopi.invalid/x");
    assert!(proxy.requests()[0].header("proxy-authorization").is_some());
}

#[tokio::test]
async fn passwords_are_in_no_message() {
    let server = Server::start(|_| Response::status(401));
    for base in [server.url.clone(), format!("http://{}", closed_port())] {
        let url = base.replace("http://", "http://user:secret@");
        let message = fetch(&fetcher(|_| {}), &url).await.unwrap_err().to_string();
        assert!(!message.contains("secret") && message.contains("***@127.0.0.1"), "{message}");
    }
}

#[tokio::test]
async fn files_are_read_by_url_and_below_the_resource_root() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("root/defs")).unwrap();
    std::fs::write(path("root/defs/a b%20.html"), "inside").unwrap();
    std::fs::write(path("outside.html"), "outside").unwrap();
    std::fs::write(path("root/just"), vec![b'x'; 1000]).unwrap();
    std::fs::write(path("root/long"), vec![0; 1001]).unwrap();
    let fetcher = Fetcher::new(FetchSettings { max_body: 1000, ..quick() }, path("root")).unwrap();
    for url in ["/defs/a b%20.html", "defs/./x/../a b%20.html"] {
        let page = fetch(&fetcher, url).await.unwrap();
        assert_eq!((page.url.as_str(), page.body.as_ref()), ("/defs/a b%20.html", b"inside".as_slice()));
        assert_eq!((page.status, page.charset, page.content_type), (None, None, None));
    }
    let url = format!("file://{}", path("root/defs/a b%2520.html").display());
    let page = fetch(&fetcher, &url).await.unwrap();
    assert_eq!((page.url, page.body.as_ref()), (url.replace(' ', "%20"), b"inside".as_slice()));
    assert_eq!(fetch(&fetcher, "just").await.unwrap().body.len(), 1000);
    check_error(&fetcher, "/long", false, &["1000 bytes", "`scoopi.fetch.maxBody`"]).await;
    check_error(&fetcher, "/defs/none.html", false, &["root/defs/none.html", "resource root"]).await;
    check_error(&fetcher, "/long/below", false, &["root/long/below", "resource root"]).await;
    check_error(&fetcher, "/defs", false, &["a directory"]).await;
    check_error(&fetcher, "/../outside.html", false, &["leaves the resource root"]).await;
    check_error(&fetcher, "file:///no/such/file", false, &["`/no/such/file`", "check its spelling"]).await;
    check_error(&fetcher, "gopher://h/", false, &["`gopher`", "http, https and file"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn links_of_the_user_are_followed_and_pipes_and_devices_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(folder.path().join("x.html"), "linked").unwrap();
    std::os::unix::fs::symlink(folder.path(), root.join("examples")).unwrap();
    let fetcher = Fetcher::new(quick(), root.clone()).unwrap();
    assert_eq!(fetch(&fetcher, "/examples/x.html").await.unwrap().body, "linked");
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status();
    if made.is_ok_and(|status| status.success()) {
        check_error(&fetcher, "/pipe", false, &["a pipe"]).await;
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    check_error(&fetcher, "/socket", false, &["a socket"]).await;
    check_error(&fetcher, "file:///dev/zero", false, &["a device"]).await;
}
