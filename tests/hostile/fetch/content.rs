//! What a body is: how it is compressed, whether it is text, and in which charset.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, ZlibEncoder};

use super::Must::{self, Fail};
use super::{MAX_BODY, case, check, text};
use crate::support::response::{Response, gzip};

/// All that an encoder gives.
fn all_of(mut encoder: impl Read) -> Vec<u8> {
    let mut bytes = vec![];
    encoder.read_to_end(&mut bytes).unwrap();
    bytes
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    all_of(ZlibEncoder::new(bytes, Compression::default()))
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    all_of(DeflateEncoder::new(bytes, Compression::default()))
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
    for name in ["application/octet-stream", ""] {
        let page = typed(name, b"<html><p>ok\0</p>");
        cases.push(case(format!("a page with one NUL as {name:?}"), page, text("<html><p>ok\0</p>")));
    }
    cases.push(case(
        "a CSV file as a spreadsheet",
        typed("application/vnd.ms-excel", b"a;b\n"),
        text("a;b\n"),
    ));
    // The last line counts; one that does not name a type does not count.
    for (lines, body, must) in [
        (["application/pdf", "text/plain"], &b"a"[..], text("a")),
        (["text/plain", "application/pdf"], b"a", Fail(&["is not text (its type is application/pdf)"])),
        (["text/plain", ""], b"a\0", text("a\0")),
        (["text/html; charset=utf-8", "text/html; charset=koi8-r"], b"\xc1", text("\u{430}")),
        (["text/html; charset=koi8-r", "text/html"], b"\xc1", text("\u{430}")),
        (["text/html; charset=koi8-r", "text/plain"], b"\xc3\xa4", text("\u{e4}")),
        (["text/html; charset=koi8-r", "*/*"], b"\xc1", text("\u{430}")),
    ] {
        let response = Response::ok(body).header("Content-Type", lines[0]).header("Content-Type", lines[1]);
        cases.push(case(format!("Content-Type: {}", lines.join(" and ")), response, must));
    }
    // It is not read to its end, and not called too large.
    let film = typed("video/mp4", &vec![1; MAX_BODY * 2]);
    cases.push(case("a film that is too large", film, Fail(&["is not text (its type is video/mp4)"])));
    let film = Response::endless([&b"\0\0\0\x20ftypisom"[..], &[1; 4000]].concat());
    cases.push(case("a film without end", film, Fail(&["is not text (an MP4 video"])));
    check("fetch: what is not text", cases).await;
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
