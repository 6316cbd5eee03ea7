//! The encoding that a page states in its first bytes.
//!
//! The "prescan" of the HTML standard: not a parser, but what browsers do before they can parse. The
//! states follow the standard's text, so that both can be read side by side.

use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;
use encoding_rs::WINDOWS_1252;
use encoding_rs::X_USER_DEFINED;
use memchr::memchr;
use memchr::memmem;

/// How far into the page its encoding may be stated, in bytes.
const REACH: usize = 1024;

/// How far the search goes in the head of a page, in bytes: scripts and styles may stand before the `meta` element.
const LATE_REACH: usize = 128 * 1024;

/// Elements of a head whose content is always text.
const TEXTS: [&[u8]; 3] = [b"script", b"style", b"title"];

/// Other elements of a head, and the elements around it. Any other element begins the body.
const IN_HEAD: [&[u8]; 7] = [b"html", b"head", b"link", b"base", b"noscript", b"template", b"meta"];

/// The encoding that a `meta` element or an XML declaration at the start of `bytes` names.
pub(super) fn encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let bytes = bytes.get(..REACH).unwrap_or(bytes);
    meta(bytes).or_else(|| xml_declaration(bytes))
}

/// Returns the encoding that a `meta` element before the body of the page names, for pages where [`encoding`] finds
/// none. Browsers find it while they parse, and then start again.
pub(super) fn late_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.len() <= REACH {
        return None;
    }
    let mut scan = Scan { bytes: bytes.get(..LATE_REACH).unwrap_or(bytes), at: 0 };
    while let Some(offset) = memchr(b'<', scan.rest()) {
        scan.at += offset;
        let rest = scan.rest();
        if rest.starts_with(b"<!--") {
            scan.at += 2 + memmem::find(rest.get(2..)?, b"-->")? + 3;
        } else if is_meta(rest) {
            scan.at += 5;
            if let Some(found) = scan.meta_encoding() {
                return Some(found);
            }
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            scan.at += memchr(b'>', rest)? + 1;
        } else {
            scan.skip_head_element()?;
        }
    }
    None
}

/// What a label inside of a page means: the page could be read this far, so it is not UTF-16.
fn inside_page(label: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label_no_replacement(label)?;
    Some(match encoding {
        _ if encoding == UTF_16LE || encoding == UTF_16BE => UTF_8,
        _ if encoding == X_USER_DEFINED => WINDOWS_1252,
        _ => encoding,
    })
}

fn meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut scan = Scan { bytes, at: 0 };
    while let Some(offset) = memchr(b'<', scan.rest()) {
        scan.at += offset;
        let rest = scan.rest();
        if rest.starts_with(b"<!--") {
            // The dashes that open a comment may also close it: `<!-->`.
            let close = memmem::find(rest.get(2..)?, b"-->")?;
            scan.at += 2 + close + 2;
        } else if is_meta(rest) {
            scan.at += 5;
            if let Some(found) = scan.meta_encoding() {
                return Some(found);
            }
        } else if is_tag(rest) {
            scan.at += rest.iter().position(|byte| is_blank(*byte) || *byte == b'>')?;
            while scan.attribute().is_some() {}
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            scan.at += memchr(b'>', rest)?;
        }
        scan.at += 1;
    }
    None
}

fn is_meta(rest: &[u8]) -> bool {
    rest.get(1..5).is_some_and(|name| name.eq_ignore_ascii_case(b"meta"))
        && rest.get(5).is_some_and(|byte| is_blank(*byte) || *byte == b'/')
}

fn is_tag(rest: &[u8]) -> bool {
    let name = if rest.get(1) == Some(&b'/') { 2 } else { 1 };
    rest.get(name).is_some_and(u8::is_ascii_alphabetic)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// A place in the first bytes of a page.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip(&mut self, what: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(&what) {
            self.at += 1;
        }
    }

    /// Skips a tag of the head and the text that belongs to it; returns `None` at the begin of the body.
    fn skip_head_element(&mut self) -> Option<()> {
        let rest = self.rest().get(1..)?;
        let name = rest.get(..rest.iter().position(|byte| !byte.is_ascii_alphanumeric())?)?;
        if name.is_empty() {
            // This `<` does not begin a tag.
            self.at += 1;
            return Some(());
        }
        self.at += 1 + name.len();
        while self.attribute().is_some() {}
        let is_text = TEXTS.iter().any(|text| text.eq_ignore_ascii_case(name));
        if is_text {
            let end = [b"</", name].concat();
            while !self.rest().get(..end.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(&end)) {
                self.at += 1 + memchr(b'<', self.rest().get(1..)?)?;
            }
        }
        (is_text || IN_HEAD.iter().any(|known| known.eq_ignore_ascii_case(name))).then_some(())
    }

    /// Reads the attributes of a `meta` element.
    fn meta_encoding(&mut self) -> Option<&'static Encoding> {
        let (mut has_pragma, mut needs_pragma, mut found) = (false, None, None);
        // The first attribute of a name counts. A tag may have thousands of other names, which need not be remembered.
        let (mut saw_pragma, mut saw_content, mut saw_charset) = (false, false, false);
        while let Some((name, value)) = self.attribute() {
            match name.as_slice() {
                b"http-equiv" if !std::mem::replace(&mut saw_pragma, true) => {
                    has_pragma = value == b"content-type";
                }
                b"content" if !std::mem::replace(&mut saw_content, true) && found.is_none() => {
                    if let Some(label) = label_in_content(&value) {
                        found = inside_page(label);
                        needs_pragma = found.map(|_| true);
                    }
                }
                b"charset" if !std::mem::replace(&mut saw_charset, true) => {
                    found = inside_page(&value);
                    needs_pragma = Some(false);
                }
                _ => {}
            }
        }
        // A tag that the bytes end in says nothing.
        self.byte()?;
        match needs_pragma? {
            true if !has_pragma => None,
            _ => found,
        }
    }

    /// Reads one attribute, lower-cased; `None` at the end of the tag.
    fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.skip(|byte| is_blank(byte) || byte == b'/');
        let mut name = Vec::new();
        loop {
            match self.byte()? {
                b'>' if name.is_empty() => return None,
                b'/' | b'>' => return Some((name, Vec::new())),
                b'=' if !name.is_empty() => break,
                byte if is_blank(byte) => {
                    self.skip(is_blank);
                    if self.byte() != Some(b'=') {
                        return Some((name, Vec::new()));
                    }
                    break;
                }
                byte => name.push(byte.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.at += 1;
        self.skip(is_blank);
        Some((name, self.value()?))
    }

    /// Reads a value, lower-cased. A value without an end reaches to the end of the bytes: what looks like a tag in it is
    /// not one, and reading the same bytes again for each of them would take long.
    fn value(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        let (begin, end, after) = match self.byte()? {
            quote @ (b'"' | b'\'') => (1, memchr(quote, rest.get(1..)?).map(|end| end + 1), 1),
            _ => (0, rest.iter().position(|byte| is_blank(*byte) || *byte == b'>'), 0),
        };
        let Some(end) = end else {
            self.at = self.bytes.len();
            return None;
        };
        self.at += end + after;
        Some(rest.get(begin..end)?.to_ascii_lowercase())
    }
}

/// The label in `text/html; charset=label`; the value is in lower case.
fn label_in_content(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    loop {
        rest = rest.get(memmem::find(rest, b"charset")? + 7..)?.trim_ascii_start();
        if let [b'=', after @ ..] = rest {
            rest = after.trim_ascii_start();
            break;
        }
    }
    match rest {
        [quote @ (b'"' | b'\''), inside @ ..] => inside.get(..memchr(*quote, inside)?),
        _ => rest.split(|byte| is_blank(*byte) || *byte == b';').next(),
    }
}

/// The encoding in `<?xml version="1.0" encoding="…"?>` at the very start.
fn xml_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = declaration.get(..memchr(b'>', declaration)?)?;
    let rest = declaration.get(memmem::find(declaration, b"encoding")? + 8..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let (quote, inside) = rest.split_first()?;
    matches!(quote, b'"' | b'\'').then_some(())?;
    inside_page(inside.get(..memchr(*quote, inside)?)?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(encoding(page.as_bytes()).map(Encoding::name), expected, "{page}");
    }

    #[test]
    fn meta_elements_name_the_encoding() {
        for page in [
            "<meta charset=koi8-r>",
            "<META CharSet='KOI8-R' >",
            "<html><head><meta\ncharset = \"koi8-r\">",
            "<meta/charset=koi8-r>",
            "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>",
            "<meta content='text/html;charset = \"koi8-r\"' http-equiv=\"CONTENT-TYPE\">",
            "<meta http-equiv=content-type content='charset charset=koi8-r; x'>",
            "<meta name=a content=b><meta charset=koi8-r>",
            "<meta charset=klingon><meta charset=koi8-r>",
            "<!-- <meta charset=utf-8> --><meta charset=koi8-r>",
            "<!--><meta charset=koi8-r>",
            "<a title='<meta charset=utf-8>'><meta charset=koi8-r>",
            "<!x <meta charset=utf-8><meta charset=koi8-r>",
            "<meta charset=koi8-r charset=utf-8>",
        ] {
            check(page, Some("KOI8-R"));
        }
    }

    #[test]
    fn what_only_looks_like_a_statement_is_none() {
        for page in [
            "",
            "<",
            "<meta",
            "<meta charset",
            "<meta charset=koi8-r",
            "<meta charset=koi8-r ",
            "<metacharset=koi8-r>",
            "<meta content='text/html; charset=koi8-r'>",
            "<meta http-equiv=refresh content='0; charset=koi8-r'>",
            "<!-- <meta charset=koi8-r>",
            "<p charset=koi8-r>",
            "<meta charset='koi8-r>",
            "<meta http-equiv=content-type content='charset=\"koi8-r'>",
        ] {
            check(page, None);
        }
    }

    #[test]
    fn encodings_that_cannot_be_inside_a_page_are_read_as_the_standard_says() {
        check("<meta charset=utf-16>", Some("UTF-8"));
        check("<meta charset=utf-16be>", Some("UTF-8"));
        check("<meta charset=x-user-defined>", Some("windows-1252"));
    }

    #[test]
    fn an_xml_declaration_counts_where_no_meta_does() {
        check("<?xml version=\"1.0\" encoding=\"koi8-r\"?><html>", Some("KOI8-R"));
        check("<?xml encoding = 'koi8-r'?><meta charset=latin1>", Some("windows-1252"));
        check("<?xml version='1.0'?><p encoding='koi8-r'>", None);
        check(" <?xml encoding='koi8-r'?>", None);
    }

    #[test]
    fn a_late_meta_counts_within_the_head_only() {
        let script = format!("<script>{}</script>", "x = '<p>' + \"<body>\";".repeat(100));
        let check = |page: &str, expected: Option<&str>| {
            let page = format!("<!doctype html><html lang=de><head>{script}{page}");
            assert_eq!(late_encoding(page.as_bytes()).map(Encoding::name), expected, "{page}");
        };
        check("<meta charset=koi8-r>", Some("KOI8-R"));
        check(
            "<!-- <body> --><link rel=x><base href='/'><title><p></title><meta charset=koi8-r>",
            Some("KOI8-R"),
        );
        check("<noscript><meta name=a content=b></noscript> < <meta charset=koi8-r>", Some("KOI8-R"));
        check("<STYLE>p<b{}</Style ><META Charset=koi8-r>", Some("KOI8-R"));
        check("</head><body><meta charset=koi8-r>", None);
        check("<p><meta charset=koi8-r>", None);
        check("<script><meta charset=koi8-r>", None);
        check("<!-- <meta charset=koi8-r>", None);
        check("<title>x</titl", None);
        check("<", None);
        check("<meta charset=koi8-r", None);
    }

    #[test]
    fn the_first_attribute_of_a_name_counts_however_many_there_are() {
        let names: String = (0..2000).map(|number| format!(" a{number}")).collect();
        let page = format!("<meta{names} charset=koi8-r charset=utf-8>");
        assert_eq!(late_encoding(page.as_bytes()).map(Encoding::name), Some("KOI8-R"));
        check("<meta charset=klingon charset=koi8-r>", None);
        check("<meta http-equiv=refresh http-equiv=content-type content='charset=koi8-r'>", None);
    }

    #[test]
    fn a_tag_that_the_page_ends_in_swallows_the_rest() {
        let blanks = " ".repeat(REACH);
        for page in [
            "<link title=\"x><meta charset=koi8-r>",
            "<link title='x><meta charset=koi8-r>",
            "<meta content='x><meta charset=koi8-r>",
            "<title lang='x><meta charset=koi8-r></title><meta charset=koi8-r>",
        ] {
            check(page, None);
            assert_eq!(late_encoding(format!("{blanks}{page}").as_bytes()), None, "{page}");
        }
    }

    /// No page may cost more than in proportion to its length: 128 KiB of each must take milliseconds, and took seconds
    /// where that was not so.
    #[test]
    fn no_page_takes_long() {
        let attributes: String = (0..30_000).map(|number| format!(" {number:x}")).collect();
        let pages = [
            ("attributes", format!("<meta{attributes}>")),
            ("attributes with values", format!("<meta{}>", " a=b".repeat(32_000))),
            ("labels", format!("<meta content=\"{}\">", "charset".repeat(18_000))),
            ("open comments", "<!--".repeat(32_000)),
            ("comments", "<!-->".repeat(26_000)),
            ("meta elements", "<meta name=a>".repeat(10_000)),
            ("open meta elements", "<meta ".repeat(21_000)),
            ("open elements", "<link ".repeat(21_000)),
            ("open values", "<link/a=".repeat(16_000)),
            ("open values of meta elements", "<meta/a=".repeat(16_000)),
            ("open quotes", "<link a=\"<link a='".repeat(7_000)),
            ("open titles", "<title>".repeat(18_000)),
            ("ends of other titles", format!("<title>{}", "</titl".repeat(21_000))),
            ("no tags", "<".repeat(130_000)),
            ("long names", format!("<{}", "a".repeat(130_000))),
        ];
        let took = pages.map(|(name, page)| {
            let started = Instant::now();
            late_encoding(page.as_bytes());
            (name, started.elapsed())
        });
        let long: Vec<_> = took.iter().filter(|(_, took)| *took > Duration::from_millis(500)).collect();
        assert!(long.is_empty(), "{long:?}");
    }

    #[test]
    fn only_the_first_1024_bytes_are_read() {
        check(&format!("{}<meta charset=koi8-r>", " ".repeat(1024 - 21)), Some("KOI8-R"));
        check(&format!("{}<meta charset=koi8-r>", " ".repeat(1024 - 20)), None);
    }
}
