//! URLs in output: messages and logs show `***` for user name and password, rows and scripts do not get them. Only
//! requests to a server contain them.
//!
//! Works on any text, because the text may not be a URL. It finds user info where a URL parser finds it.

use std::borrow::Cow;
use std::fmt;

use super::shown::{is_obeyed, push};

/// Longest part of a URL in a message, in characters.
const LONGEST: usize = 2048;

/// Characters that a URL parser skips at any position.
const DROPPED: [char; 3] = ['\t', '\n', '\r'];

/// A URL as messages and logs show it; see [`shown_url`]. It costs only when it is written.
#[derive(Clone, Copy)]
pub struct ShownUrl<'a>(pub &'a str);

impl fmt::Display for ShownUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_url(self.0))
    }
}

/// Returns `url` for messages: replaces user name and password by `***`, escapes characters that a terminal would obey,
/// and cuts the text after 2048 characters.
#[must_use]
pub fn shown_url(url: &str) -> String {
    shown_url_within(url, LONGEST)
}

/// The same with at most `longest` characters.
#[must_use]
pub fn shown_url_within(url: &str, longest: usize) -> String {
    // A URL parser drops these characters, so they could hide user info.
    let text: Cow<'_, str> = if url.contains(DROPPED) { url.replace(DROPPED, "").into() } else { url.into() };
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c <= ' ').trim_end();
    let (start, end) = user_info_of(text).or_else(|| without_scheme(text)).unwrap_or_default();
    let mut shown = String::with_capacity(text.len().min(longest));
    for (at, c) in text.char_indices().take(longest) {
        if (start..end).contains(&at) {
            if at == start {
                shown.push_str("***");
            }
        } else if is_obeyed(c) {
            push(c, &mut shown);
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns the URL of a proxy for messages. It may lack its scheme, so the part before the first colon may be a user
/// name.
#[must_use]
pub fn shown_proxy(url: &str) -> String {
    let shown = shown_url(url);
    match shown.rsplit_once('@') {
        Some((before, after)) if !before.ends_with("***") => format!("***@{after}"),
        _ => shown,
    }
}

/// Returns `url` without user name, password and the `@` after them, for rows and scripts. It names the same page, for a
/// reader who knows the password.
#[must_use]
pub fn without_user_info(url: &str) -> Cow<'_, str> {
    if !url.contains('@') {
        return url.into();
    }
    match user_info_of(url) {
        Some((start, end)) => {
            let (before, after) =
                (url.get(..start).unwrap_or_default(), url.get(end + 1..).unwrap_or_default());
            [before, after].concat().into()
        }
        None => url.into(),
    }
}

/// Returns the range of the user info of a URL, without the `@`.
fn user_info_of(text: &str) -> Option<(usize, usize)> {
    let (scheme, rest) = scheme_of(text).unwrap_or(("", text));
    let authority = rest.trim_start_matches(['/', '\\']);
    // `mailto:a@b` does not have an authority, `http:a@b` has one.
    if !rest.starts_with("//") && !is_web(scheme) {
        return None;
    }
    let start = text.len() - authority.len();
    let end = authority.find(['/', '\\', '?', '#']).unwrap_or(authority.len());
    let at = authority.get(..end)?.rfind('@')?;
    Some((start, start + at))
}

/// Schemes whose URLs have an `@` that does not follow a password.
const WITHOUT_PASSWORDS: [&str; 6] = ["mailto", "sip", "sips", "xmpp", "javascript", "data"];

/// Returns the range of what may be a user name and a password in a URL whose scheme is missing: the text before the
/// colon is then taken for a scheme.
fn without_scheme(text: &str) -> Option<(usize, usize)> {
    let (scheme, rest) = scheme_of(text)?;
    if rest.starts_with("//") || WITHOUT_PASSWORDS.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let end = text.find(['/', '\\', '?', '#']).unwrap_or(text.len());
    Some((0, text.get(..end)?.rfind('@')?))
}

/// Returns scheme and rest: the text before and after the first colon, if only letters, digits, `+`, `-` and `.`
/// precede it.
#[must_use]
pub fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(valid))
        .then_some((scheme, rest))
}

/// Whether a scheme is http or https.
#[must_use]
pub fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, shown: &str, without: &str) {
        assert_eq!(shown_url(url), shown, "{url}");
        assert_eq!(ShownUrl(url).to_string(), shown, "{url}");
        assert_eq!(without_user_info(url), without, "{url}");
    }

    #[test]
    fn a_password_is_neither_shown_nor_handed_on() {
        check("http://u:p@h:1/a?b@c", "http://***@h:1/a?b@c", "http://h:1/a?b@c");
        check("https://token@h", "https://***@h", "https://h");
        check("HTTP:\\\\u:p@h\\", "HTTP:\\\\***@h\\", "HTTP:\\\\h\\");
        check("http://u:p@q@h/", "http://***@h/", "http://h/");
        check("//u:p@h/", "//***@h/", "//h/");
        check("ftp://u:p@h/", "ftp://***@h/", "ftp://h/");
        check("http://h/a@b", "http://h/a@b", "http://h/a@b");
        check("mailto:a@b", "mailto:a@b", "mailto:a@b");
        check("user:secret@h/x@y", "***@h/x@y", "user:secret@h/x@y");
        check("ftp:user:secret@h", "***@h", "ftp:user:secret@h");
        check("user:secret", "user:secret", "user:secret");
        check("/defs/a@b.html", "/defs/a@b.html", "/defs/a@b.html");
    }

    #[test]
    fn a_proxy_without_scheme_has_a_password_too() {
        for (url, shown) in [
            ("http://u:p@h:1", "http://***@h:1"),
            ("u:p@h:1", "***@h:1"),
            ("u:p@q@h:1", "***@h:1"),
            ("u:/p@h", "***@h"),
            ("h:1", "h:1"),
        ] {
            assert_eq!(shown_proxy(url), shown);
        }
    }

    #[test]
    fn a_password_does_not_hide() {
        for url in ["ht\ntp://u:p@h/", "http:/\t/u:p@h/", " http://u:\r\np@h/\n", "\u{1}http://u:p@h/"] {
            assert_eq!(shown_url(url), "http://***@h/", "{url:?}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(shown_url("http://h/\u{1b}\u{202e}"), "http://h/\\u{1b}\\u{202e}");
        let long = format!("/{}", "é".repeat(3000));
        assert_eq!(shown_url(&long).chars().count(), 2049);
        assert_eq!(shown_url_within("http://u:p@h/abc", 14), "http://***@h/a…");
    }
}
