//! Bodies in every coding: whole, cut, damaged, bombed.

use super::*;

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

const LIMIT: usize = 200_000;

/// "hello" as brotli and as zstd.
const BROTLI: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Text that does not compress to nothing and is longer than several pieces.
fn long_text() -> Vec<u8> {
    (0u32..30_000).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn decode(coding: Coding, bytes: &[u8], piece: usize, limit: usize) -> Result<Bytes, Fault> {
    decode_all(&[coding], bytes, piece, limit)
}

fn decode_all(codings: &[Coding], bytes: &[u8], piece: usize, limit: usize) -> Result<Bytes, Fault> {
    let mut inflow = Inflow::new(codings, None, limit)?;
    for piece in bytes.chunks(piece) {
        inflow.push(piece)?;
    }
    inflow.finish()
}

/// The same outcome, however the network cuts it.
fn check(coding: Coding, bytes: &[u8], expected: Result<&[u8], Fault>) {
    for piece in [1, 2, 7, 1000, usize::MAX] {
        let outcome = decode(coding, bytes, piece, LIMIT);
        let outcome = outcome.as_ref().map(|body| &body[..]).map_err(|fault| *fault);
        assert!(outcome == expected, "{coding:?} in pieces of {piece}: {:?}", outcome.map(<[u8]>::len));
    }
}

#[test]
fn every_coding_gives_back_what_was_compressed() {
    let text = long_text();
    check(Coding::Identity, &text, Ok(&text));
    check(Coding::Gzip, &gzip(&text), Ok(&text));
    check(Coding::Deflate, &zlib(&text), Ok(&text));
    check(Coding::Deflate, &deflate(&text), Ok(&text));
    check(Coding::Gzip, &gzip(&vec![0; 150_000]), Ok(&vec![0; 150_000]));
    check(Coding::Zstd, &zstd::bulk::compress(&text, 3).unwrap(), Ok(&text));
    check(Coding::Zstd, ZSTD, Ok(b"hello"));
    check(Coding::Brotli, BROTLI, Ok(b"hello"));
}

#[test]
fn an_empty_body_is_empty_in_every_coding() {
    for coding in [Coding::Identity, Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        check(coding, b"", Ok(b""));
    }
    check(Coding::Gzip, &gzip(b""), Ok(b""));
    check(Coding::Deflate, &zlib(b""), Ok(b""));
}

#[test]
fn a_body_that_ends_early_is_never_taken_for_a_whole_one() {
    let text = long_text();
    let bodies = [
        (Coding::Gzip, gzip(&text)),
        (Coding::Deflate, zlib(&text)),
        (Coding::Deflate, deflate(&text)),
        (Coding::Zstd, zstd::bulk::compress(&text, 3).unwrap()),
        (Coding::Brotli, BROTLI.to_vec()),
    ];
    for (coding, body) in bodies {
        for cut in [1, 4, 8, body.len() / 2, body.len() - 1].map(|length| length.min(body.len() - 1)) {
            check(coding, &body[..cut], Err(Fault::EndsEarly));
        }
    }
}

#[test]
fn members_and_frames_that_follow_each_other_are_one_body() {
    check(Coding::Gzip, &[gzip(b"a"), gzip(b""), gzip(b"b")].concat(), Ok(b"ab"));
    check(Coding::Gzip, &[&gzip(b"a")[..], &[0x1f]].concat(), Err(Fault::EndsEarly));
    check(Coding::Gzip, &[&gzip(b"a")[..], &[0x1f; 20]].concat(), Err(Fault::Corrupt));
    check(Coding::Zstd, &[ZSTD, ZSTD].concat(), Ok(b"hellohello"));
}

#[test]
fn padding_after_a_body_is_ignored() {
    for padding in [&b"\0"[..], b"\r\n", &[0; 5000]] {
        check(Coding::Gzip, &[&gzip(b"a"), padding].concat(), Ok(b"a"));
        check(Coding::Deflate, &[&zlib(b"a"), padding].concat(), Ok(b"a"));
        check(Coding::Brotli, &[BROTLI, padding].concat(), Ok(b"hello"));
    }
}

#[test]
fn every_field_of_a_gzip_header_is_skipped() {
    let plain = gzip(b"text");
    let with = |flags: u8, fields: &[u8]| {
        let header = [&plain[..3], &[flags], &plain[4..10]].concat();
        [&header[..], fields, &plain[10..]].concat()
    };
    check(Coding::Gzip, &with(4, b"\x03\x00abc"), Ok(b"text"));
    check(Coding::Gzip, &with(4, b"\x00\x00"), Ok(b"text"));
    check(Coding::Gzip, &with(8, b"name\0"), Ok(b"text"));
    check(Coding::Gzip, &with(16, b"comment\0"), Ok(b"text"));
    check(Coding::Gzip, &with(2, b"cc"), Ok(b"text"));
    check(Coding::Gzip, &with(1 | 2 | 4 | 8 | 16, b"\x01\x00xname\0comment\0cc"), Ok(b"text"));
    check(Coding::Gzip, &with(8, &[b'n'; 2 * LIMIT]), Err(Fault::TooLarge));
}

#[test]
fn what_is_not_what_its_coding_says_is_corrupt() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd, Coding::Brotli] {
        check(coding, &[0xff; 100], Err(Fault::Corrupt));
    }
    let mut wrong_sum = gzip(b"text");
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    check(Coding::Gzip, &wrong_sum, Err(Fault::Corrupt));
    let mut wrong_length = gzip(b"text");
    *wrong_length.last_mut().unwrap() ^= 1;
    check(Coding::Gzip, &wrong_length, Err(Fault::Corrupt));
}

#[test]
fn a_bomb_is_noticed_at_the_limit() {
    let zeros = vec![0; 10 * LIMIT];
    for (coding, body) in [
        (Coding::Gzip, gzip(&zeros)),
        (Coding::Deflate, zlib(&zeros)),
        (Coding::Zstd, zstd::bulk::compress(&zeros, 1).unwrap()),
        (Coding::Identity, zeros),
    ] {
        check(coding, &body, Err(Fault::TooLarge));
    }
    // Compressed nothing for ever is bounded by what comes over the line.
    check(Coding::Gzip, &gzip(b"").repeat(LIMIT / 10), Err(Fault::TooLarge));
    let fitting = gzip(&vec![1; LIMIT]);
    assert_eq!(decode(Coding::Gzip, &fitting, 1000, LIMIT).unwrap().len(), LIMIT);
    assert_eq!(decode(Coding::Gzip, &fitting, 1000, LIMIT - 1), Err(Fault::TooLarge));
}

#[test]
fn windows_larger_than_http_allows_are_refused() {
    // A frame that asks for a window of 16 MiB, and an empty brotli stream with one of 1 GiB.
    let wide = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (24 - 10) << 3, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
    check(Coding::Zstd, &wide, Err(Fault::Corrupt));
    let fitting = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (23 - 10) << 3, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
    check(Coding::Zstd, &fitting, Ok(b"hello"));
    check(Coding::Brotli, &[0x11, 0xde], Err(Fault::Corrupt));
}

#[test]
fn codings_are_known_by_their_names() {
    let check = |name: &str, coding: Option<Coding>| {
        let listed = coding.map(|coding| if coding == Coding::Identity { vec![] } else { vec![coding] });
        assert_eq!(Coding::listed(name), listed, "{name}");
    };
    check("GZip", Some(Coding::Gzip));
    check(" x-gzip ", Some(Coding::Gzip));
    check("identity", Some(Coding::Identity));
    check("", Some(Coding::Identity));
    for name in ACCEPT_ENCODING.split(", ") {
        assert!(Coding::named(name).is_some_and(|coding| coding != Coding::Identity), "{name}");
    }
    check("compress", None);
    assert_eq!(Coding::listed("gzip, BR"), Some(vec![Coding::Gzip, Coding::Brotli]));
    assert_eq!(Coding::listed("gzip,,identity ,gzip"), Some(vec![Coding::Gzip, Coding::Gzip]));
    assert_eq!(Coding::listed("gzip,lzw"), None);
    assert_eq!(Coding::listed("gzip,gzip,gzip"), Some(vec![Coding::Gzip; 3]));
    assert_eq!(Coding::listed(&"gzip,".repeat(4)), None);
}

#[test]
fn codings_around_each_other_are_undone_from_the_outside() {
    let text = long_text();
    for piece in [1, 1000, usize::MAX] {
        let decode_all = |codings: &[Coding], bytes: &[u8]| decode_all(codings, bytes, piece, 1_000_000);
        let twice = gzip(&zlib(&text));
        assert_eq!(decode_all(&[Coding::Deflate, Coding::Gzip], &twice).unwrap(), text);
        assert_eq!(decode_all(&[Coding::Gzip, Coding::Deflate], &twice), Err(Fault::Corrupt));
        // A server that names twice what it did once: never the compressed bytes, and no half page.
        assert_eq!(decode_all(&[Coding::Gzip, Coding::Gzip], &gzip(&text)), Err(Fault::Corrupt));
        assert_eq!(
            decode_all(&[Coding::Gzip, Coding::Gzip], &gzip(&gzip(&text)[..100])),
            Err(Fault::EndsEarly)
        );
        assert_eq!(decode_all(&[Coding::Gzip, Coding::Gzip], b"").unwrap(), b""[..]);
    }
}

#[test]
fn a_bomb_inside_of_a_bomb_is_noticed_at_the_limit() {
    // What the outer coding gives counts, even where the inner one makes nothing of it.
    let bomb = gzip(&gzip(b"").repeat(20 * LIMIT / gzip(b"").len()));
    assert!(bomb.len() < LIMIT / 10);
    assert_eq!(decode_all(&[Coding::Gzip, Coding::Gzip], &bomb, 1000, LIMIT), Err(Fault::TooLarge));
}
