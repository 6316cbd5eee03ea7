//! What three response headers say: the media type, the charset and how long to stay away.
//!
//! Pure functions of text; a header that makes no sense is ignored.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Longest charset label in bytes; no known one is half as long.
const MAX_LABEL: usize = 64;

/// The media type and the charset of a page with these `Content-Type` lines. The last line counts, as in browsers; a
/// charset also holds for later lines with the same type.
pub(super) fn content_type<'a>(lines: impl Iterator<Item = &'a str>) -> (Option<String>, Option<String>) {
    lines.fold((None, None), |(media, label), line| {
        let (next, next_label) = (media_type(line), charset(line));
        match &next {
            _ if next == media => (media, next_label.or(label)),
            None => (media, label),
            Some(any) if any == "*/*" && media.is_some() => (media, label),
            Some(_) => (next, next_label),
        }
    })
}

/// The media type of a `Content-Type` in lower case, without parameters.
fn media_type(content_type: &str) -> Option<String> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    (!media.is_empty()).then(|| media.to_ascii_lowercase())
}

/// The `charset` parameter of a `Content-Type`, as it stands but for quotes.
fn charset(content_type: &str) -> Option<String> {
    let label = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).trim())
    })?;
    (!label.is_empty() && label.len() <= MAX_LABEL).then(|| label.to_owned())
}

/// How long a `Retry-After` asks to wait, at most `longest`. It holds seconds or a date; a date counts from
/// the server's own `date`, if it sent one, because clocks differ.
pub(super) fn retry_after(
    value: &str,
    date: Option<&str>,
    now: Timestamp,
    longest: Duration,
) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // What does not fit into 64 bits is a long time too.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(longest));
    }
    let until = http_date(value)?;
    let from = date.and_then(http_date).unwrap_or(now);
    let wait = Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO);
    Some(wait.min(longest))
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_type_counts() {
        let check = |lines: &[&str], media: &str, label: &str| {
            let (of_lines, charset) = content_type(lines.iter().copied());
            let found = (of_lines.unwrap_or_default(), charset.unwrap_or_default());
            assert_eq!(found, (media.to_owned(), label.to_owned()), "{lines:?}");
        };
        check(&[], "", "");
        check(&["text/html; charset=a"], "text/html", "a");
        check(&["; charset=a"], "", "a");
        check(&["text/html; charset=a", "text/plain"], "text/plain", "");
        check(&["text/html; charset=a", "Text/HTML"], "text/html", "a");
        check(&["text/html; charset=a", "text/html; charset=b"], "text/html", "b");
        check(&["text/html; charset=a", "", "*/*; charset=b"], "text/html", "a");
        check(&["*/*", "text/plain"], "text/plain", "");
    }

    fn check_type(header: &str, media: Option<&str>, label: Option<&str>) {
        assert_eq!(media_type(header).as_deref(), media, "{header}");
        assert_eq!(charset(header).as_deref(), label, "{header}");
    }

    #[test]
    fn media_type_and_charset_are_read_as_servers_write_them() {
        check_type("text/html", Some("text/html"), None);
        check_type("Text/HTML; charset=UTF-8", Some("text/html"), Some("UTF-8"));
        check_type("text/html;CharSet = \"iso-8859-1\" ; x=y", Some("text/html"), Some("iso-8859-1"));
        check_type("text/html; boundary=charset; charset='koi8-r'", Some("text/html"), Some("koi8-r"));
        check_type("text/html; charset=no-such-label", Some("text/html"), Some("no-such-label"));
        check_type("; charset=utf-8", None, Some("utf-8"));
        check_type("text/html; charset=", Some("text/html"), None);
        check_type("text/html; charset", Some("text/html"), None);
        check_type(&format!("a/b; charset={}", "x".repeat(65)), Some("a/b"), None);
        check_type("", None, None);
    }

    fn check_wait(value: &str, date: Option<&str>, seconds: Option<u64>) {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = retry_after(value, date, now, Duration::from_secs(600));
        assert_eq!(wait, seconds.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_a_cap() {
        check_wait("120", None, Some(120));
        check_wait(" 0 ", None, Some(0));
        check_wait("601", None, Some(600));
        check_wait("99999999999999999999999999", None, Some(600));
        check_wait("Sun, 06 Nov 1994 08:50:37 GMT", None, Some(60));
        check_wait("Sun, 06 Nov 1994 07:00:00 GMT", None, Some(0));
        check_wait("Tue, 31 Dec 2999 23:59:59 GMT", None, Some(600));
        check_wait("Sun, 06 Nov 1994 09:00:00 GMT", Some("Sun, 06 Nov 1994 08:59:50 GMT"), Some(10));
        check_wait("Sun, 06 Nov 1994 08:49:47 GMT", Some("nonsense"), Some(10));
        for nonsense in ["", "soon", "-1", "1.5", "12 s"] {
            check_wait(nonsense, None, None);
        }
    }
}
