//! Decides whether the content from a server or a file is text. Only text can be parsed as a page.
//!
//! Knows media types and the first bytes of common formats. Servers are wrong about both, so a page that begins as markup
//! is text whatever its type, and if the type does not decide, the bytes decide.

use std::borrow::Cow;

/// Number of bytes of a body that decide.
pub(super) const START: usize = 1024;

/// The first bytes of formats that are not text.
#[rustfmt::skip] // one per line
const FORMATS: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\x01\0", "an icon"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip file"),
    (b"BZh91AY&SY", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"OggS\0", "an Ogg file"),
    (b"ID3\x02", "an MP3 file"),
    (b"ID3\x03", "an MP3 file"),
    (b"ID3\x04", "an MP3 file"),
    (b"fLaC\0", "a FLAC file"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\0asm", "a WebAssembly module"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
];

/// Types below `application/` that are not text; their content is not examined.
const APPLICATIONS: &[&str] = &[
    "pdf",
    "zip",
    "gzip",
    "x-gzip",
    "x-tar",
    "x-bzip",
    "x-bzip2",
    "x-xz",
    "zstd",
    "x-7z-compressed",
    "x-rar-compressed",
    "java-archive",
    "msword",
    "wasm",
    "x-msdownload",
    "x-shockwave-flash",
    "x-font-ttf",
    "epub+zip",
    "ogg",
    "x-iso9660-image",
    "x-debian-package",
    "x-rpm",
];

/// Types of spreadsheets below `application/`. Servers also send CSV files under them, so that a browser opens the
/// spreadsheet program.
const SPREADSHEETS: [&str; 2] = ["vnd.ms-excel", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"];

/// Returns what a body is if it is not text; `None` if it is text or nothing shows the contrary. `start` are its first
/// [`START`] bytes, or all of it.
pub(super) fn other_than_text(
    media_type: Option<&str>,
    charset: Option<&str>,
    start: &[u8],
) -> Option<Cow<'static, str>> {
    if let Some(format) = format(start) {
        return Some(format.into());
    }
    match media_type.map_or(Says::Nothing, says) {
        Says::Text => None,
        // One stray NUL must not lose a page, and browsers show it.
        Says::Other | Says::Nothing if is_markup(start) => None,
        Says::Other if media_type.is_some_and(is_spreadsheet) && is_plain(charset, start) => None,
        Says::Other => media_type.map(|name| format!("its type is {name}").into()),
        Says::Nothing => has_nul(charset, start).then(|| "it has NUL bytes, which text does not have".into()),
    }
}

/// Whether the media type alone shows that the content is not text.
pub(super) fn is_other_than_text(media_type: &str) -> bool {
    says(media_type) == Says::Other
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Text,
    Other,
    Nothing,
}

fn says(media_type: &str) -> Says {
    let (kind, name) = media_type.split_once('/').unwrap_or((media_type, ""));
    if kind == "text" || ["xml", "json", "javascript"].iter().any(|end| name.ends_with(end)) {
        return Says::Text;
    }
    let is_other = match kind {
        "image" | "audio" | "video" | "font" | "model" => true,
        "application" => name.starts_with("vnd.") || APPLICATIONS.contains(&name),
        _ => false,
    };
    if is_other { Says::Other } else { Says::Nothing }
}

fn format(start: &[u8]) -> Option<&'static str> {
    let known = FORMATS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name);
    known.or_else(|| match start {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("a WebP image"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Some("an AVI video"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("a WAVE file"),
        [0, 0, _, _, b'f', b't', b'y', b'p', ..] => Some("an MP4 video or an AVIF image"),
        _ => start.get(257..263).filter(|name| name == b"ustar\0").map(|_| "a tar archive"),
    })
}

/// Whether the first thing is a tag, a declaration or a comment.
fn is_markup(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    matches!(start, [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'!' | b'?'))
}

fn is_spreadsheet(media_type: &str) -> bool {
    media_type.strip_prefix("application/").is_some_and(|name| SPREADSHEETS.contains(&name))
}

/// Whether all bytes are such as text has: no control characters but white space. An empty body shows nothing.
fn is_plain(charset: Option<&str>, start: &[u8]) -> bool {
    let is_text = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !start.is_empty() && (is_wide(charset, start) || start.iter().all(|byte| is_text(*byte)))
}

/// Whether a NUL shows that this is not text: only text in UTF-16 and UTF-32 contains NUL bytes.
fn has_nul(charset: Option<&str>, start: &[u8]) -> bool {
    !is_wide(charset, start) && start.contains(&0)
}

/// Whether the text is in UTF-16 or UTF-32.
fn is_wide(charset: Option<&str>, start: &[u8]) -> bool {
    start.starts_with(b"\xff\xfe")
        || start.starts_with(b"\xfe\xff")
        || charset.is_some_and(|label| label.trim().to_ascii_lowercase().starts_with("utf-16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(media_type: &str, start: &[u8], is_text: bool) {
        let media_type = Some(media_type).filter(|name| !name.is_empty());
        let other = other_than_text(media_type, None, start);
        assert_eq!(
            other.is_none(),
            is_text,
            "{media_type:?} {:?}: {other:?}",
            start.escape_ascii().to_string()
        );
    }

    #[test]
    fn pages_are_text() {
        for media_type in [
            "",
            "text/html",
            "text/plain",
            "application/xhtml+xml",
            "application/json",
            "application/xml",
            "application/octet-stream",
            "application/x-unknown",
            "text/csv",
            "image/svg+xml",
            "nonsense",
        ] {
            for start in [
                &b"<!doctype html>"[..],
                b"",
                b"plain",
                b"caf\xe9",
                b"BMW",
                b"MZ is a country code",
                b"\x0c<p>",
            ] {
                check(media_type, start, true);
            }
        }
        check("", b"\xff\xfe<\0p\0>\0", true);
        assert_eq!(other_than_text(None, Some("UTF-16LE"), b"<\0p\0"), None);
    }

    #[test]
    fn a_known_format_is_not_text_whatever_its_type() {
        for (magic, _) in FORMATS {
            let file = [magic, &b"\x01\x02"[..]].concat();
            for media_type in ["", "text/html", "text/plain", "application/octet-stream", "application/json"]
            {
                check(media_type, &file, false);
            }
        }
        check("text/html", b"RIFF\x01\x02\x03\x04WEBPVP8 ", false);
        check("text/html", b"\0\0\0\x20ftypisom", false);
        let mut tar = vec![b'a'; 512];
        tar[257..263].copy_from_slice(b"ustar\0");
        check("text/plain", &tar, false);
    }

    #[test]
    fn a_type_that_is_not_text_is_believed_unless_the_body_is_markup() {
        for media_type in [
            "image/jpeg",
            "audio/mpeg",
            "video/mp4",
            "font/woff2",
            "application/pdf",
            "application/zip",
            "application/vnd.ms-excel",
            "application/msword",
        ] {
            check(media_type, b"\x01\x02\x03", false);
            check(media_type, b"", false);
            check(media_type, b" \n<html>", true);
            check(media_type, b"\xef\xbb\xbf<!-- x -->", true);
        }
    }

    #[test]
    fn text_that_is_sent_as_a_spreadsheet_is_text() {
        for media_type in
            ["application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]
        {
            check(media_type, b"name;price\r\nSt\xfchle;5\t\n", true);
            check(media_type, b"\xff\xfea\0;\0b\0", true);
            check(media_type, b"PK\x03\x04\x14\0", false);
            check(media_type, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false);
            // The first record of older spreadsheets.
            check(media_type, b"\x09\x08\x10\0\0\x06\x05\0", false);
            check(media_type, b"\x01\x02\x03", false);
        }
        check("application/msword", b"name;price\n", false);
        check("application/vnd.oasis.opendocument.text", b"name;price\n", false);
    }

    #[test]
    fn bytes_that_no_text_has_decide_where_no_type_does() {
        check("", b"abc\0def", false);
        check("application/octet-stream", b"abc\0def", false);
        // One stray NUL must not lose a page: neither where the type decides nor where the page begins as markup.
        check("text/html", b"<p>abc\0def", true);
        check("text/plain", b"abc\0def", true);
        for media_type in ["", "application/octet-stream", "nonsense"] {
            check(media_type, b"<html><p>abc\0def", true);
            check(media_type, b" \n<!doctype html>\0", true);
        }
    }
}
