//! Where a body ends: lengths, chunks, and what follows the end.

use super::Must::{self, Fail, TextOrFail};
use super::{HEAD, MAX_BODY, case, check, fetcher, get, raw, text, with_head};
use crate::support::response::Response;
use crate::support::server::Server;

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
