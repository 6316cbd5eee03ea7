//! Bytes of a page to text.
//!
//! Knows where a page says its encoding: byte order mark, the header it came with, `meta` elements, an XML
//! declaration. Knows no HTML beyond what the HTML standard's prescan of the first bytes needs. Never
//! fails: malformed bytes become U+FFFD. A page that declares no encoding is read as UTF-8 if it looks like it, else as
//! windows-1252, as browsers do.

mod prescan;

use std::borrow::Cow;

use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use encoding_rs::WINDOWS_1252;

/// The text of a page.
///
/// [`encoding()`] decides the encoding. Valid UTF-8 is borrowed.
#[must_use]
pub fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    encoding(bytes, charset).decode_with_bom_removal(bytes).0
}

/// Returns the encoding of a page: that of the byte order mark, else `charset` (the label in the `Content-Type` header)
/// if it is known, else the one that the page declares, else UTF-8 or windows-1252, whichever the bytes look like.
#[must_use]
pub fn encoding(bytes: &[u8], charset: Option<&str>) -> &'static Encoding {
    Encoding::for_bom(bytes).map_or_else(|| declared(bytes, charset), |(encoding, _)| encoding)
}

fn declared(bytes: &[u8], charset: Option<&str>) -> &'static Encoding {
    // Headers often quote the label. The labels that the standard maps to "replacement" would turn the
    // whole page into one U+FFFD, so they count as unknown.
    let quotes = |c: char| c == '"' || c == '\'' || c.is_ascii_whitespace();
    charset
        .and_then(|label| Encoding::for_label_no_replacement(label.trim_matches(quotes).as_bytes()))
        .or_else(|| prescan::encoding(bytes))
        .or_else(|| prescan::late_encoding(bytes))
        .unwrap_or_else(|| guessed(bytes))
}

/// Guesses the encoding of a page that does not declare one. Text in windows-1252 rarely looks like UTF-8, so a page
/// with many valid sequences and a few broken ones is UTF-8.
fn guessed(bytes: &[u8]) -> &'static Encoding {
    // Most pages are valid, and to see that costs a fraction of counting.
    if Encoding::utf8_valid_up_to(bytes) == bytes.len() {
        return UTF_8;
    }
    let (mut whole, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        // Each character beyond ASCII begins with one such byte.
        whole += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if broken == 0 || whole > 2 * broken { UTF_8 } else { WINDOWS_1252 }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(bytes: &[u8], charset: Option<&str>, expected: &str) {
        assert_eq!(decode(bytes, charset), expected, "{bytes:?} as {charset:?}");
    }

    #[test]
    fn the_byte_order_mark_wins() {
        check(b"\xef\xbb\xbf\xc3\xa4", Some("iso-8859-1"), "ä");
        check(b"\xff\xfe\xe4\x00", None, "ä");
        check(b"\xfe\xff\x00\xe4", Some("utf-8"), "ä");
        check(b"\xef\xbb\xbf<meta charset=latin1>\xc3\xa4", None, "<meta charset=latin1>ä");
    }

    #[test]
    fn the_header_wins_over_the_page() {
        check(b"<meta charset=utf-8>\xe4", Some("ISO-8859-1"), "<meta charset=utf-8>ä");
        check(b"\xe4", Some(" \"windows-1252\" "), "ä");
        check(b"\x82\xa0", Some("shift_jis"), "あ");
    }

    #[test]
    fn an_unknown_header_counts_as_none() {
        check(b"<meta charset=latin1>\xe4", Some("klingon"), "<meta charset=latin1>ä");
        check(b"<p>\xc3\xa4", Some(""), "<p>ä");
        check(b"abc", Some("iso-2022-kr"), "abc");
    }

    #[test]
    fn a_page_that_says_nothing_is_utf_8_where_it_looks_so_and_is_borrowed() {
        check(b"", None, "");
        check("<p>ä".as_bytes(), None, "<p>ä");
        check("<p>äöü\u{20ac}".as_bytes(), None, "<p>äöü€");
        // One character that was cut in the middle.
        check(b"<p>\xc3\xa4\xc3\xb6\xc3\xbc\xc3", None, "<p>äöü\u{fffd}");
        assert!(matches!(decode("<p>ä€".as_bytes(), None), Cow::Borrowed(_)));
        assert!(matches!(decode(b"<p>plain", Some("iso-8859-1")), Cow::Borrowed(_)));
        assert!(matches!(decode(b"\xef\xbb\xbfx", None), Cow::Borrowed("x")));
    }

    #[test]
    fn a_page_that_says_nothing_and_is_not_utf_8_is_windows_1252() {
        check(b"a\xffb\xe4", None, "aÿbä");
        check(b"<p>caf\xe9 \x80 5 \x96 10", None, "<p>café € 5 – 10");
        check(b"<title>\xc4rzte</title>\xa9", Some("klingon"), "<title>Ärzte</title>©");
    }

    #[test]
    fn a_meta_far_from_the_beginning_is_found() {
        let style = format!("<style>{}</style>", "p { color: red }".repeat(500));
        let page = [style.as_bytes(), b"<META charset=koi8-r>\xc1"].concat();
        check(&page, None, &format!("{style}<META charset=koi8-r>а"));
        // The search ignores the content of the page, and it has a limit.
        let body = [style.as_bytes(), b"<BODY class=x><meta charset=koi8-r>\xc1"].concat();
        check(&body, None, &format!("{style}<BODY class=x><meta charset=koi8-r>Á"));
        let far = [&b" ".repeat(1 << 20)[..], b"<meta charset=koi8-r>\xc1"].concat();
        assert!(decode(&far, None).ends_with('Á'));
    }

    #[test]
    fn malformed_bytes_of_any_encoding_are_replaced() {
        check(b"\x81", Some("shift_jis"), "\u{fffd}");
        check(b"\xff\xfea", None, "\u{fffd}");
    }

    /// html5lib's encoding tests. They expect windows-1252 where nothing is said; we read UTF-8 there. Those
    /// of long pages expect a `meta` to count wherever it stands, so they are left out.
    #[test]
    fn html5lib_encodings_are_found() {
        let Some(folder) = crate::needs::of_shared("html5lib-tests/encoding") else { return };
        let (mut run, mut wrong) = (0, Vec::new());
        for file in ["tests1.dat", "tests2.dat", "test-yahoo-jp.dat"] {
            let tests = fs::read(folder.join(file)).unwrap();
            for (data, expected) in html5lib_tests(&tests) {
                if data.len() > 1024 {
                    continue;
                }
                run += 1;
                let marked = Encoding::for_bom(&data).map(|(encoding, _)| encoding);
                let found = marked.or_else(|| prescan::encoding(&data)).unwrap_or(encoding_rs::WINDOWS_1252);
                if !found.name().eq_ignore_ascii_case(&expected) {
                    wrong.push(format!(
                        "{}: {expected}, not {}",
                        String::from_utf8_lossy(&data),
                        found.name()
                    ));
                }
            }
        }
        println!("{run} run, {} wrong", wrong.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
    }

    fn html5lib_tests(file: &[u8]) -> Vec<(Vec<u8>, String)> {
        let mut tests: Vec<(Vec<u8>, String)> = Vec::new();
        let mut in_data = false;
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            match (line, tests.last_mut()) {
                (b"#data\n", _) => {
                    tests.push(Default::default());
                    in_data = true;
                }
                (b"#encoding\n", _) => in_data = false,
                (line, Some((data, _))) if in_data => data.extend_from_slice(line),
                (line, Some((_, name))) => name.push_str(String::from_utf8_lossy(line).trim()),
                (_, None) => {}
            }
        }
        tests
    }
}
