//! Heads of answers: status lines, statuses, headers, and the interim answers before them.

use super::Must::{Fail, TextOrFail};
use super::{HEAD, case, check, raw, text, with_head};
use crate::support::response::Response;

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
        "Content-Type: image/png\r\nContent-Type: text/html",
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
