//! Web servers that send what no server should.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use scoopi::fetch::{FetchError, FetchSettings, Fetcher, Page, Request};
use scoopi::query::decode;

use crate::cases::Cases;
use crate::support::response::Response;
use crate::support::server::Server;

/// No case takes as long, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Largest page of these tests.
const MAX_BODY: usize = 200_000;

/// What must come of a case.
#[derive(Debug, Clone)]
enum Must {
    /// A page with this text.
    Text(String),
    /// A failure whose message has these words.
    Fail(&'static [&'static str]),
    /// A page with this text, or a failure: both are right, anything else is not.
    TextOrFail(&'static str),
}

use Must::{Fail, TextOrFail};

fn text(text: &str) -> Must {
    Must::Text(text.to_owned())
}

/// An input, and what must come of it.
struct Case {
    name: String,
    response: Response,
    must: Must,
}

fn case(name: impl Into<String>, response: Response, must: Must) -> Case {
    Case { name: name.into(), response, must }
}

/// An answer byte by byte.
fn raw(name: impl Into<String>, bytes: impl Into<Vec<u8>>, must: Must) -> Case {
    case(name, Response::raw(bytes), must)
}

fn fetcher() -> Fetcher {
    let settings = FetchSettings {
        delay: Duration::ZERO,
        parallelism: NonZeroUsize::new(16).unwrap(),
        max_body: MAX_BODY,
        max_redirects: 4,
        first_byte_timeout: Duration::from_secs(20),
        ..FetchSettings::default()
    };
    Fetcher::new(settings, PathBuf::from(".")).unwrap()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Page, FetchError> {
    tokio::time::timeout(LIMIT, fetcher.fetch(Request::new(url))).await.expect("it takes too long")
}

/// Serves all cases, asks for each, and prints all that went wrong.
async fn check(table: &'static str, cases: Vec<Case>) {
    let names: Vec<_> = cases.iter().map(|case| (case.name.clone(), case.must.clone())).collect();
    let routes: HashMap<_, _> =
        cases.into_iter().enumerate().map(|(number, case)| (format!("/{number}"), case.response)).collect();
    let server = Server::start(move |request| match routes.get(&request.path) {
        Some(response) => response.clone(),
        None => Response::html("elsewhere"),
    });
    let fetcher = fetcher();
    let mut table = Cases::of(table);
    for (number, (name, must)) in names.iter().enumerate() {
        let came = get(&fetcher, &server.at(&format!("/{number}"))).await;
        let shown = match &came {
            Ok(page) => decode(&page.body, page.charset.as_deref()).into_owned(),
            Err(error) => format!("FAILS: {error}"),
        };
        let is_right = match (must, &came) {
            (Must::Text(text), Ok(_)) => shown == *text,
            (TextOrFail(text), came) => came.is_err() || shown == *text,
            (Fail(words), Err(_)) => words.iter().all(|word| shown.contains(word)) && !shown.contains('\n'),
            _ => false,
        };
        table.check(name, is_right, || format!("{must:?}, and not: {shown}"));
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\n";

fn with_head(headers: &str, body: &str) -> String {
    format!("{HEAD}{headers}\r\n\r\n{body}")
}

#[tokio::test]
async fn status_lines() {
    let page = |line: &str| format!("{line}\r\nContent-Length: 2\r\n\r\nok");
    let mut cases = Vec::new();
    for line in [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.1 200 ",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 200 a b\tc",
        "HTTP/1.1 299 x",
    ] {
        cases.push(raw(line, page(line), text("ok")));
    }
    for line in [
        "HTTP/2 200 OK",
        "HTTP/3.0 200 OK",
        "HTTP/1.2 200 OK",
        "HTTP/0.9 200 OK",
        "HTTP/11 200 OK",
        "http/1.1 200 OK",
        "HTTP/1.1200 OK",
        "HTTP /1.1 200 OK",
        "ICY 200 OK",
        "200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 -20 OK",
        "HTTP/1.1 0x2 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 two OK",
        "HTTP/1.1 200\0OK",
        "HTTP/1.1\t200\tOK",
        "\u{1b}[31mHTTP/1.1 200 OK",
        "\0\0\0\0",
        "SSH-2.0-OpenSSH_9.6",
        "220 smtp.example.org ESMTP",
        "<html>",
        "GET / HTTP/1.1",
    ] {
        cases.push(raw(line.escape_default().to_string(), page(line), Fail(&[])));
    }
    cases.push(raw("nothing", "", Fail(&["try again later"])));
    cases.push(raw("half a line", "HTTP/1.1 20", Fail(&["try again later"])));
    cases.push(raw("line ends only", "\r\n\r\n\r\n\r\n", Fail(&[])));
    cases.push(raw(
        "reason of bytes",
        b"HTTP/1.1 200 \xff\xfe\r\nContent-Length: 2\r\n\r\nok".to_vec(),
        TextOrFail("ok"),
    ));
    cases.push(raw(
        "long reason",
        page(&format!("HTTP/1.1 200 {}", "x".repeat(1_000_000))),
        Fail(&["head of the answer"]),
    ));
    cases.push(case("reset at once", Response::reset(""), Fail(&["try again later"])));
    cases.push(case(
        "reset in the head",
        Response::reset("HTTP/1.1 200 OK\r\nContent-"),
        Fail(&["try again later"]),
    ));
    cases.push(case(
        "random bytes",
        Response::raw((0..=255).cycle().take(5000).collect::<Vec<u8>>()),
        Fail(&[]),
    ));
    check("fetch: status lines", cases).await;
}

#[tokio::test]
async fn statuses() {
    let mut cases = Vec::new();
    for status in [200, 201, 202, 203, 207, 208, 226, 299] {
        cases.push(case(status.to_string(), Response::html("ok").with_status(status), text("ok")));
    }
    for status in [204, 205] {
        cases.push(raw(
            status.to_string(),
            format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n"),
            text(""),
        ));
    }
    cases.push(case("206", Response::html("ok").with_status(206), Fail(&["206", "part of the page"])));
    let range = Response::html("ok").with_status(206).header("Content-Range", "bytes 0-1/2");
    cases.push(case("206 with a range", range, Fail(&["206", "part of the page"])));
    for status in [
        300, 304, 305, 306, 399, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 416, 418, 421, 429, 451,
        499, 500, 501, 502, 503, 504, 505, 520, 599, 600, 700, 999,
    ] {
        let words: &'static [&'static str] = match status {
            304 => &["304"],
            999 => &["999"],
            _ => &["HTTP response"],
        };
        cases.push(case(status.to_string(), Response::html("not the page").with_status(status), Fail(words)));
    }
    check("fetch: statuses", cases).await;
}

#[tokio::test]
async fn headers() {
    let page = |headers: &str| with_head(&format!("{headers}\r\nContent-Length: 2"), "ok");
    let mut cases = Vec::new();
    for header in [
        "X: ",
        "X:",
        "X:\ty\t",
        "x: a\r\nX: b",
        "X: \u{e4}\u{1f600}",
        "Content-Type: ",
        "Content-Type: ;;;=;",
        "Content-Type: text/html; charset",
        "Content-Type: text/html\r\nContent-Type: image/png",
        "Date: yesterday",
        "Retry-After: -5",
        "Connection: close, close",
        "Connection: \u{1f600}",
        "Keep-Alive: timeout=-1, max=99999999999999999999",
        "Upgrade: h2c",
        "Link: <<<>>>",
        "Refresh: 0; url=file:///etc/passwd",
        "Location: file:///etc/passwd",
        "Set-Cookie: ",
        "Set-Cookie: =;=;=",
        "Set-Cookie: a",
        "Alt-Svc: h3=\":443\"; ma=999999999999999999999",
        "Strict-Transport-Security: max-age=99999999999999999999",
        "Content-Range: bytes 0-1/2",
        "Trailer: Content-Length",
        "Age: NaN",
    ] {
        cases.push(raw(header.escape_default().to_string(), page(header), text("ok")));
    }
    for header in [
        "no colon",
        "X : y",
        ": no name",
        "\u{e4}: y",
        "X\0: y",
        "X: a\0b",
        "X: a\rb",
        "X(: y",
        "X: \u{7f}",
        "\tX: y",
        "X: a\r\n folded: y",
    ] {
        cases.push(raw(header.escape_default().to_string(), page(header), TextOrFail("ok")));
    }
    cases.push(raw("LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", TextOrFail("ok")));
    cases.push(raw("CR alone", "HTTP/1.1 200 OK\rContent-Length: 2\r\rok", Fail(&[])));
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
    cases.push(raw("90 headers", format!("{HEAD}{}Content-Length: 2\r\n\r\nok", many(90)), text("ok")));
    cases.push(raw(
        "101 headers",
        format!("{HEAD}{}Content-Length: 2\r\n\r\nok", many(101)),
        Fail(&["100 headers"]),
    ));
    cases.push(raw("20,000 headers", format!("{HEAD}{}\r\n", many(20_000)), Fail(&["head of the answer"])));
    let long = |length: usize| with_head(&format!("X: {}\r\nContent-Length: 2", "y".repeat(length)), "ok");
    cases.push(raw("a header of 100 KB", long(100_000), text("ok")));
    cases.push(raw("a header of 1 MB", long(1_000_000), Fail(&["head of the answer"])));
    cases.push(raw("a name of 70 KB", with_head(&format!("{}: y", "x".repeat(70_000)), "ok"), Fail(&[])));
    let endless = Response::flood(
        "X-Flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
    );
    cases.push(case("headers without a status line", endless, Fail(&[])));
    cases.push(case("a line without an end", Response::flood("HTTP/1.1 200 xxxxxxxxxxxxxxxxxx"), Fail(&[])));
    check("fetch: headers", cases).await;
}

#[tokio::test]
async fn interim_answers() {
    let page = |interim: &str| format!("{interim}{}", with_head("Content-Length: 2", "ok"));
    let again = "HTTP/1.1 100 Continue\r\n\r\n";
    check(
        "fetch: interim answers",
        vec![
            raw("one", page(again), text("ok")),
            raw(
                "early hints",
                page("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"),
                text("ok"),
            ),
            raw("many", page(&again.repeat(200)), text("ok")),
            raw("unknown", page("HTTP/1.1 199 x\r\n\r\n"), text("ok")),
            raw("with a length", page("HTTP/1.1 102 x\r\nContent-Length: 0\r\n\r\n"), TextOrFail("ok")),
            raw(
                "switching",
                "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nxx",
                Fail(&[]),
            ),
            raw("and then nothing", again, Fail(&["try again later"])),
            raw(
                "2 MB of them",
                page(&again.repeat(100_000)),
                Fail(&["interim answers (1xx)", "without end"]),
            ),
            case(
                "without end",
                Response::flood(again.repeat(500)),
                Fail(&["interim answers (1xx)", "without end"]),
            ),
            case(
                "without end, one by one",
                Response::flood(again),
                Fail(&["interim answers (1xx)", "without end"]),
            ),
            case(
                "with headers, without end",
                Response::flood(format!("HTTP/1.1 103 x\r\nX: {}\r\n\r\n", "y".repeat(3000))),
                Fail(&["interim answers (1xx)", "without end"]),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn lengths() {
    let page = |length: &str| with_head(&format!("Content-Length: {length}"), "ok");
    let mut cases = vec![
        raw("2", page("2"), text("ok")),
        raw("blanks", page("  2  "), text("ok")),
        raw("zeros", page("0002"), TextOrFail("ok")),
        raw("shorter", page("1"), text("o")),
        raw("0", page("0"), text("")),
        raw("longer", page("3"), Fail(&["try again later"])),
        raw("none", format!("{HEAD}Connection: close\r\n\r\nok"), text("ok")),
        raw("2^64-1", page("18446744073709551615"), Fail(&["Content-Length is not valid"])),
        raw("2^64", page("18446744073709551616"), Fail(&[])),
        raw("2^64-3", page("18446744073709551613"), Fail(&["larger than 200000 bytes"])),
        raw("2^63", page("9223372036854775808"), Fail(&["larger than 200000 bytes"])),
        raw(
            "1 EB",
            page("1000000000000000000"),
            Fail(&["larger than 200000 bytes", "`scoopi.fetch.maxBody`"]),
        ),
        raw("one more", page("200001"), Fail(&["larger than 200000 bytes"])),
        raw("the same twice", with_head("Content-Length: 2\r\nContent-Length: 2", "ok"), TextOrFail("ok")),
        raw("a list", page("2, 2"), TextOrFail("ok")),
        raw("two that differ", with_head("Content-Length: 2\r\nContent-Length: 1", "ok"), Fail(&[])),
        raw("a list that differs", page("2, 1"), Fail(&[])),
        raw(
            "with chunks",
            with_head("Content-Length: 5\r\nTransfer-Encoding: chunked", "2\r\nok\r\n0\r\n\r\n"),
            TextOrFail("ok"),
        ),
        raw(
            "with chunks, after",
            with_head("Transfer-Encoding: chunked\r\nContent-Length: 5", "2\r\nok\r\n0\r\n\r\n"),
            TextOrFail("ok"),
        ),
        case("as large as may be", Response::ok(vec![b'x'; MAX_BODY]), Must::Text("x".repeat(MAX_BODY))),
        case("larger", Response::ok(vec![b'x'; MAX_BODY + 1]), Fail(&["larger than 200000 bytes"])),
        case("larger, in chunks", Response::endless(vec![b'x'; 10_000]), Fail(&["larger than 200000 bytes"])),
        raw(
            "larger, until it closes",
            format!("{HEAD}\r\n{}", "x".repeat(MAX_BODY + 1)),
            Fail(&["larger than 200000 bytes"]),
        ),
        case("reset in the body", Response::reset(page("5")), Fail(&["try again later"])),
    ];
    for length in ["-1", "+2", "two", "0x2", "2.0", "2e0", "2 2", "\u{662}", "2;", "'2'"] {
        cases.push(raw(length, page(length), Fail(&[])));
    }
    check("fetch: lengths", cases).await;
}

#[tokio::test]
async fn chunks() {
    let page = |chunks: &str| with_head("Transfer-Encoding: chunked", chunks);
    let mut cases = Vec::new();
    for chunks in [
        "2\r\nok\r\n0\r\n\r\n",
        "1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        "002\r\nok\r\n000\r\n\r\n",
        "2;name=value\r\nok\r\n0;x\r\n\r\n",
        "2;name=\"a;b\"\r\nok\r\n0\r\n\r\n",
        "2\r\nok\r\n0\r\nX-Trailer: y\r\n\r\n",
        "2\r\nok\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\n\r\n",
    ] {
        cases.push(raw(chunks.escape_default().to_string(), page(chunks), text("ok")));
    }
    for chunks in [
        "2 \r\nok\r\n0\r\n\r\n",
        "2\nok\n0\n\n",
        " 2\r\nok\r\n0\r\n\r\n",
        "2\r\nokx0\r\n\r\n",
        "2\r\nok0\r\n\r\n",
        "0x2\r\nok\r\n0\r\n\r\n",
        "2\r\nok\r\n0\r\n",
        "2\r\nok\r\n0\r\nbroken trailer\r\n\r\n",
    ] {
        cases.push(raw(chunks.escape_default().to_string(), page(chunks), TextOrFail("ok")));
    }
    for chunks in [
        "",
        "2",
        "2\r\n",
        "2\r\no",
        "2\r\nok",
        "2\r\nok\r\n",
        "-2\r\nok\r\n0\r\n\r\n",
        "\r\nok\r\n0\r\n\r\n",
        "zz\r\nok\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nok\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nok\r\n0\r\n\r\n",
        "7fffffffffffffff\r\nok",
        "10000000000000002\r\nok\r\n0\r\n\r\n",
        "3\r\nok\r\n0\r\n\r\n",
        "\u{662}\r\nok\r\n0\r\n\r\n",
    ] {
        cases.push(raw(chunks.escape_default().to_string(), page(chunks), Fail(&[])));
    }
    let chunked = "2\r\nok\r\n0\r\n\r\n";
    for (headers, must) in [
        ("Transfer-Encoding: Chunked", text("ok")),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", TextOrFail("ok")),
        ("Transfer-Encoding: identity, chunked", TextOrFail("ok")),
        ("Transfer-Encoding: xchunked", TextOrFail("2\r\nok\r\n0\r\n\r\n")),
        ("Transfer-Encoding:\u{b}chunked", TextOrFail("2\r\nok\r\n0\r\n\r\n")),
    ] {
        cases.push(raw(headers.escape_default().to_string(), with_head(headers, chunked), must));
    }
    let extension = format!("2;{}\r\nok\r\n0\r\n\r\n", "x".repeat(1_000_000));
    cases.push(raw("an extension of 1 MB", page(&extension), TextOrFail("ok")));
    let trailers = format!("2\r\nok\r\n0\r\n{}\r\n", "x: y\r\n".repeat(200_000));
    cases.push(raw("trailers of 1 MB", page(&trailers), TextOrFail("ok")));
    cases.push(raw(
        "100,000 chunks",
        page(&format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(100_000))),
        Must::Text("x".repeat(100_000)),
    ));
    check("fetch: chunks", cases).await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn encodings() {
    let encoded = |names: &[&str], body: Vec<u8>| {
        names.iter().fold(Response::ok(body), |response, name| response.header("Content-Encoding", *name))
    };
    let page = b"<p>ok";
    let ok = || text("<p>ok");
    let bomb = gzip(&vec![b'x'; 20_000_000]);
    let bomb_of_bombs = gzip(&bomb);
    let endless_nothing = gzip(b"").repeat(200);
    let mut cases = Vec::new();
    for (names, body, must) in [
        (&["gzip"][..], gzip(page), ok()),
        (&["GZIP"], gzip(page), ok()),
        (&["x-gzip"], gzip(page), ok()),
        (&["deflate"], zlib(page), ok()),
        (&["deflate"], deflate(page), ok()),
        (&["zstd"], zstd::bulk::compress(page, 1).unwrap(), ok()),
        (&["identity"], page.to_vec(), ok()),
        (&[""], page.to_vec(), ok()),
        (&["gzip", "gzip"], gzip(&gzip(page)), ok()),
        (&["gzip, gzip"], gzip(&gzip(page)), ok()),
        (&["deflate", "gzip"], gzip(&zlib(page)), ok()),
        (&["identity", "gzip"], gzip(page), ok()),
        (&["gzip", "identity"], gzip(page), ok()),
        (&["gzip", ""], gzip(page), ok()),
        (&["gzip", "gzip"], gzip(page), Fail(&["cannot be decompressed"])),
        (&["gzip", "deflate"], gzip(&zlib(page)), Fail(&["cannot be decompressed"])),
        (&["gzip", "br"], gzip(page), Fail(&[])),
        (&["gzip"; 4], gzip(&gzip(&gzip(&gzip(page)))), Fail(&["content encoding `gzip,gzip,gzip,gzip`"])),
        (&["lzw"], page.to_vec(), Fail(&["content encoding `lzw`"])),
        (&["gzip", "lzw"], gzip(page), Fail(&["content encoding `gzip,lzw`"])),
        (&["gzip\u{1f600}"], gzip(page), Fail(&["content encoding"])),
        (&["gzip"], page.to_vec(), Fail(&["cannot be decompressed"])),
        (&["deflate"], vec![0xff; 20], Fail(&["cannot be decompressed"])),
        (&["br"], vec![0xff; 20], Fail(&["cannot be decompressed"])),
        (&["br"], vec![0x11, 0xde], Fail(&["cannot be decompressed"])),
        (&["zstd"], page.to_vec(), Fail(&["cannot be decompressed"])),
        (&["gzip"], gzip(page)[..15].to_vec(), Fail(&["ends early"])),
        (&["gzip"], vec![0x1f, 0x8b], Fail(&["ends early"])),
        (&["gzip"], vec![], text("")),
        (&["gzip", "gzip"], vec![], text("")),
        (&["gzip"], [gzip(page), b"padding".to_vec()].concat(), ok()),
        (&["gzip"], [gzip(b"<p>"), gzip(b"ok")].concat(), ok()),
        (&["gzip"], bomb.clone(), Fail(&["larger than 200000 bytes"])),
        (&["gzip", "gzip"], bomb_of_bombs, Fail(&["larger than 200000 bytes"])),
        (&["gzip"], endless_nothing, text("")),
        // Compressed, and not said to be: it is not text, and never a page.
        (&[], gzip(page), Fail(&["is not text (a gzip file)"])),
        (&[], zstd::bulk::compress(page, 1).unwrap(), Fail(&["is not text (a zstd file)"])),
    ] {
        cases.push(case(format!("{names:?} of {} bytes", body.len()), encoded(names, body), must));
    }
    check("fetch: encodings", cases).await;
}

#[tokio::test]
async fn what_is_not_text() {
    let typed = |name: &str, body: &[u8]| Response::ok(body).header("Content-Type", name);
    let page = b"<p>ok";
    let mut cases = Vec::new();
    for name in [
        "text/html",
        "TEXT/HTML",
        "text/plain",
        "application/xhtml+xml",
        "application/json",
        "application/octet-stream",
        "nonsense",
        "",
        ";",
        "image/svg+xml",
        "image/png",
        "application/pdf",
        "*/*",
        "text",
        "application/x-unknown; charset=utf-8",
    ] {
        cases.push(case(format!("a page as {name}"), typed(name, page), text("<p>ok")));
    }
    for (magic, what) in [
        (&b"%PDF-1.7\n"[..], "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"\xff\xd8\xff\xe0\0", "a JPEG image"),
        (b"GIF89a\x01\0", "a GIF image"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"RIFF\x01\x02\x03\x04WEBPVP8 ", "a WebP image"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"\0\0\0\x20ftypisom", "an MP4 video"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
    ] {
        for name in ["text/html", "application/octet-stream", "", "text/plain; charset=utf-8"] {
            let words: &'static [&'static str] = Box::leak(Box::new(["is not text", what]));
            cases.push(case(format!("{what} as {name:?}"), typed(name, magic), Fail(words)));
        }
    }
    for name in
        ["image/jpeg", "audio/mpeg", "video/mp4", "font/woff2", "application/zip", "application/vnd.ms-excel"]
    {
        cases.push(case(name, typed(name, b"\x01\x02\x03"), Fail(&["is not text (its type is "])));
    }
    cases.push(case(
        "NUL",
        typed("application/octet-stream", b"abc\0def"),
        Fail(&["NUL bytes, which text does not have"]),
    ));
    // It is not read to its end, and not called too large.
    let film = typed("video/mp4", &vec![1; MAX_BODY * 2]);
    cases.push(case("a film that is too large", film, Fail(&["is not text (its type is video/mp4)"])));
    let film = Response::endless([&b"\0\0\0\x20ftypisom"[..], &[1; 4000]].concat());
    cases.push(case("a film without end", film, Fail(&["is not text (an MP4 video"])));
    check("fetch: what is not text", cases).await;
}

#[tokio::test]
async fn redirects() {
    let to = |location: &str| Response::redirect(location);
    let mut cases = vec![
        case("elsewhere", to("/elsewhere"), text("elsewhere")),
        case("relative", to("elsewhere"), text("elsewhere")),
        case("with blanks", to("  /elsewhere  "), text("elsewhere")),
        case("a query", to("?x"), text("elsewhere")),
        case("bytes", to("/\u{e4}\u{1f600} |"), text("elsewhere")),
        case("a stray escape", to("/%zz%"), text("elsewhere")),
        raw(
            "two",
            "HTTP/1.1 302 x\r\nLocation: /elsewhere\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            text("elsewhere"),
        ),
        raw(
            "bytes of no encoding",
            b"HTTP/1.1 302 x\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n".to_vec(),
            text("elsewhere"),
        ),
        raw(
            "a body without end",
            format!("HTTP/1.1 302 x\r\nLocation: /elsewhere\r\n\r\n{}", "x".repeat(1_000_000)),
            text("elsewhere"),
        ),
        case("no location", Response::status(302), Fail(&["HTTP response: 302"])),
        case("empty", to(""), Fail(&["circle"])),
        case("a fragment", to("#x"), Fail(&["circle"])),
        case("a dot", to("."), text("elsewhere")),
        case("a long one", to(&format!("/{}", "x".repeat(20_000))), Fail(&["20001 bytes"])),
        case("a closed port", to("http://127.0.0.1:1/"), Fail(&["127.0.0.1:1"])),
        case("a port that there is not", to("http://127.0.0.1:99999/"), Fail(&["redirects to"])),
        case("a broken host", to("http://[::1"), Fail(&["redirects to"])),
        case("a host of escapes", to("http://%00/"), Fail(&["redirects to"])),
        case("ESC", to("http://\u{1b}]0;x/"), Fail(&[])),
    ];
    for location in [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "fi\tle:///etc/passwd",
        "ftp://h/",
        "data:text/html,x",
        "javascript:alert(1)",
        "gopher://h/",
        "about:blank",
        "blob:http://h/",
        "view-source:http://h/",
        "ws://h/",
        "mailto:a@b",
        "jar:http://h!/",
        "chrome://settings",
    ] {
        cases.push(case(
            location.escape_default().to_string(),
            to(location),
            Fail(&["redirects to", "http and https URLs only"]),
        ));
    }
    for status in [301, 302, 303, 307, 308] {
        cases.push(case(status.to_string(), to("/elsewhere").with_status(status), text("elsewhere")));
    }
    for status in [300, 304, 305, 306] {
        cases.push(case(status.to_string(), to("/elsewhere").with_status(status), Fail(&["HTTP response"])));
    }
    check("fetch: redirects", cases).await;
}

#[tokio::test]
async fn redirects_without_end() {
    let server = Server::start(|request| match request.path.as_str() {
        "/a" => Response::redirect("/b"),
        "/b" => Response::redirect("/a"),
        "/self" => Response::redirect("/self"),
        "/escaped" => Response::redirect("/%65scaped"),
        path => Response::redirect(format!("{path}x")).header("Set-Cookie", format!("k{}=1", path.len())),
    });
    let fetcher = fetcher();
    for (path, words) in
        [("/a", "circle"), ("/self", "circle"), ("/escaped", "circle"), ("/grows", "more than 4 redirects")]
    {
        let message = get(&fetcher, &server.at(path)).await.unwrap_err().to_string();
        assert!(message.contains(words), "{path}: {message}");
    }
}

#[tokio::test]
async fn cookies() {
    let long = format!("k={}", "v".repeat(5000));
    let cases: [(&str, &str); 22] = [
        ("k=1", "k=1"),
        ("k=1; Path=/", "k=1"),
        ("k=1; path=/deep", ""),
        ("k=1; Max-Age=0", ""),
        ("k=1; Max-Age=-99999999999999999999", ""),
        ("k=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("k=1; Expires=never", "k=1"),
        ("k=1; Domain=", "k=1"),
        ("k=1; Domain=com", ""),
        ("k=1; Domain=co.uk", ""),
        ("k=1; Domain=example.org", ""),
        ("k=1; Domain=.0.0.1", ""),
        ("k=1; Domain=127.0.0.1", "k=1"),
        ("k=1; Secure", ""),
        ("__Secure-k=1", ""),
        ("__Secure-k=1; Secure", ""),
        ("__Host-k=1; Secure; Path=/", ""),
        ("__HOST-k=1; Path=/", ""),
        ("=1", ""),
        ("", ""),
        ("k=\u{e4}; Path=/", "k=\u{e4}"),
        (&long, ""),
    ];
    for (header, expected) in cases {
        let sets = header.to_owned();
        let server = Server::start(move |request| match request.path.as_str() {
            "/set" => Response::html("").header("Set-Cookie", sets.clone()),
            _ => Response::html(request.header("cookie").unwrap_or_default()),
        });
        let fetcher = fetcher();
        get(&fetcher, &server.at("/set")).await.expect(header);
        let page = get(&fetcher, &server.at("/")).await.expect(header);
        assert_eq!(
            String::from_utf8_lossy(&page.body),
            expected,
            "Set-Cookie: {}",
            header.chars().take(80).collect::<String>()
        );
    }
}

#[tokio::test]
async fn a_flood_of_cookies_is_bounded() {
    let server = Server::start(|request| match request.path.as_str() {
        "/" => (0..80).fold(Response::html(""), |response, number| {
            response.header("Set-Cookie", format!("k{number}={}", "v".repeat(1000)))
        }),
        _ => Response::html(request.header("cookie").unwrap_or_default()),
    });
    let fetcher = fetcher();
    get(&fetcher, &server.at("/")).await.unwrap();
    let length = get(&fetcher, &server.at("/x")).await.unwrap().body.len();
    assert!(length > 1000 && length <= 8192, "{length}");
}

#[tokio::test]
async fn charsets() {
    let typed = |charset: &str, body: &[u8]| {
        let name =
            if charset.is_empty() { "text/html".to_owned() } else { format!("text/html; charset={charset}") };
        Response::ok(body).header("Content-Type", name)
    };
    let late = |meta: &str, body: &[u8]| {
        [format!("<style>{}</style>{meta}", "p{}".repeat(1000)).as_bytes(), body].concat()
    };
    let style = "p{}".repeat(1000);
    let mut cases = Vec::new();
    for (charset, body, shown) in [
        ("utf-8", &b"\xc3\xa4"[..], "\u{e4}"),
        ("UTF8", b"\xc3\xa4", "\u{e4}"),
        ("'utf-8'", b"\xc3\xa4", "\u{e4}"),
        ("\"iso-8859-1\"", b"\xe4\x80", "\u{e4}\u{20ac}"),
        ("latin1", b"\xe4", "\u{e4}"),
        ("koi8-r", b"\xc1", "\u{430}"),
        ("shift_jis", b"\x82\xa0", "\u{3042}"),
        ("gb18030", b"\xc4\xe3", "\u{4f60}"),
        ("utf-16le", b"<\0p\0>\0", "<p>"),
        ("utf-7", b"+AOQ-", "+AOQ-"),
        ("iso-2022-kr", b"abc", "abc"),
        ("x-user-defined", b"a\x80", "a\u{f780}"),
        ("no-such", b"caf\xe9", "caf\u{e9}"),
        ("utf-8; charset=koi8-r", b"\xc3\xa4", "\u{e4}"),
        ("", b"caf\xe9 \x96 5 \x80", "caf\u{e9} \u{2013} 5 \u{20ac}"),
        ("", b"caf\xc3\xa9", "caf\u{e9}"),
        ("", b"\xef\xbb\xbfcaf\xc3\xa9", "caf\u{e9}"),
        ("koi8-r", b"\xef\xbb\xbfcaf\xc3\xa9", "caf\u{e9}"),
        ("", b"\xff\xfe<\0p\0>\0", "<p>"),
        ("", b"\xc3\xa4\xc3\xb6\xc3\xbc \xc3", "\u{e4}\u{f6}\u{fc} \u{fffd}"),
        ("", b"<meta charset=koi8-r>\xc1", "<meta charset=koi8-r>\u{430}"),
        ("", b"<meta charset=utf-16>\xc3\xa4", "<meta charset=utf-16>\u{e4}"),
        (
            "",
            b"<?xml version='1.0' encoding='koi8-r'?>\xc1",
            "<?xml version='1.0' encoding='koi8-r'?>\u{430}",
        ),
        ("utf-8", b"\xff\xfd\xfc", "\u{fffd}\u{fffd}\u{fffd}"),
        ("utf-8", b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        ("utf-8", b"\xc0\xaf", "\u{fffd}\u{fffd}"),
    ] {
        cases.push(case(format!("{charset} {}", body.escape_ascii()), typed(charset, body), text(shown)));
    }
    for (meta, shown) in [
        ("<meta charset=koi8-r>", '\u{430}'),
        ("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", '\u{430}'),
        ("<body><meta charset=koi8-r>", '\u{c1}'),
        ("<!-- <meta charset=koi8-r> -->", '\u{c1}'),
        ("<meta charset=klingon>", '\u{c1}'),
    ] {
        let expected = format!("<style>{style}</style>{meta}{shown}");
        cases.push(case(format!("late {meta}"), typed("", &late(meta, b"\xc1")), Must::Text(expected)));
    }
    check("fetch: charsets", cases).await;
}

#[tokio::test]
async fn a_connection_that_was_abused_is_not_used_again() {
    // What follows an answer is not the answer to the next request.
    let forged =
        format!("{}{}", with_head("Content-Length: 2", "ok"), with_head("Content-Length: 6", "forged"));
    let forged_chunks = format!(
        "{}{}",
        with_head("Transfer-Encoding: chunked", "2\r\nok\r\n0\r\n\r\n"),
        with_head("Content-Length: 6", "forged")
    );
    let no_body = format!("HTTP/1.1 204 x\r\n\r\n{}", with_head("Content-Length: 6", "forged"));
    for bytes in [forged, forged_chunks, no_body] {
        let server = Server::start(move |request| match request.path.as_str() {
            "/first" => Response::raw(bytes.clone()),
            _ => Response::html("honest"),
        });
        let fetcher = fetcher();
        get(&fetcher, &server.at("/first")).await.unwrap();
        assert_eq!(get(&fetcher, &server.at("/next")).await.unwrap().body, "honest");
    }
}
