//! Cookies of one run, in memory, with a bound.
//!
//! reqwest's jar decides which cookie goes where. That jar takes whatever it is given, so this file counts: if a site
//! makes up new cookies for ever, further ones are not kept, and no request carries more than a request header may
//! hold. This file also checks who may set a cookie: a site cannot set one for a public suffix such as `co.uk` (public
//! suffix list), and it enforces the prefixes `__Host-` and `__Secure-` (RFC 6265bis). The jar reads names and domains
//! more generously than this file: it trims Unicode white space and maps other letters to ASCII (IDNA). So this file
//! refuses what the jar could read otherwise.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use ::url::Url;
use memchr::memchr;
use parking_lot::Mutex;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::HeaderValue;

/// Largest `Set-Cookie` header that is kept, in bytes, as browsers do it.
const MAX_COOKIE: usize = 4096;
/// Most cookies of one host.
const MAX_PER_HOST: usize = 100;
/// Most cookies of all hosts.
const MAX_COOKIES: usize = 20_000;
/// Largest `Cookie` header that is sent, in bytes.
const MAX_HEADER: usize = 8192;

/// A jar that does not overflow.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    jar: Jar,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    hasher: RandomState,
    cookies: HashSet<u64>,
    per_host: HashMap<String, usize>,
}

impl CookieStore for Cookies {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let mut known = self.known.lock();
        let host = url.host_str().unwrap_or_default();
        let is_secure = url.scheme() == "https";
        let allowed =
            headers.filter_map(|header| Attributes::of(header.as_bytes())?.allowed(header, host, is_secure));
        let kept: Vec<_> = allowed.filter(|header| known.admits(host, header.as_bytes())).collect();
        self.jar.set_cookies(&mut kept.iter().map(|header| &**header), url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        // Most sites give none, and each page would pay for a look into the jar.
        if self.known.lock().cookies.is_empty() {
            return None;
        }
        let header = self.jar.cookies(url)?;
        if header.len() <= MAX_HEADER {
            return Some(header);
        }
        let fitting = header.as_bytes().get(..MAX_HEADER)?;
        let end = fitting.iter().rposition(|byte| *byte == b';')?;
        HeaderValue::from_bytes(fitting.get(..end)?).ok()
    }
}

/// The attributes of a `Set-Cookie` header. The last one of a name counts, as in browsers.
#[derive(Default)]
struct Attributes<'a> {
    name: &'a [u8],
    /// Empty if the last one is.
    domain: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    is_secure: bool,
}

impl<'a> Attributes<'a> {
    /// `None` if the jar could read them otherwise: white space and letters beyond ASCII. A value may have them.
    fn of(header: &'a [u8]) -> Option<Self> {
        let (cookie, attributes) = header.split_at(memchr(b';', header).unwrap_or(header.len()));
        let name = cookie.get(..memchr(b'=', cookie)?)?;
        if !name.is_ascii() || !attributes.is_ascii() {
            return None;
        }
        let mut parts = header.split(|byte| *byte == b';').map(|part| {
            let mut pair = part.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
            (pair.next().unwrap_or_default(), pair.next().unwrap_or_default())
        });
        let name = parts.next().map_or(&b""[..], |(name, _)| name);
        let mut attributes = Self { name, ..Self::default() };
        for (name, value) in parts {
            if name.eq_ignore_ascii_case(b"domain") {
                attributes.domain = Some(value.strip_prefix(b".").unwrap_or(value));
            } else if name.eq_ignore_ascii_case(b"path") {
                attributes.path = Some(value);
            } else if name.eq_ignore_ascii_case(b"secure") {
                attributes.is_secure = true;
            }
        }
        Some(attributes)
    }

    /// Returns the cookie as it may be stored; `None` if `host` may not set it.
    fn allowed<'h>(
        &self,
        header: &'h HeaderValue,
        host: &str,
        is_secure: bool,
    ) -> Option<Cow<'h, HeaderValue>> {
        let begins = |prefix: &[u8]| {
            self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_host_bound = begins(b"__Host-");
        if (self.is_secure || begins(b"__Secure-") || is_host_bound) && !(self.is_secure && is_secure) {
            return None;
        }
        if is_host_bound && (self.domain.is_some_and(|domain| !domain.is_empty()) || self.path != Some(b"/"))
        {
            return None;
        }
        match self.domain {
            // The jar ignores an empty one and would take the one before it.
            Some([]) => without_domain(header).map(Cow::Owned),
            // The jar trims again after the leading dot.
            Some(domain) if !domain.iter().all(|byte| is_of_host(*byte)) => None,
            Some(domain) if is_public(domain) => {
                // A host that is a public suffix itself may set cookies, for itself only.
                domain
                    .eq_ignore_ascii_case(host.as_bytes())
                    .then(|| without_domain(header).map(Cow::Owned))?
            }
            _ => Some(Cow::Borrowed(header)),
        }
    }
}

/// Whether names and addresses of hosts have this character.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b':' | b']')
}

/// Whether the domain is a public suffix: its subdomains belong to different people.
fn is_public(domain: &[u8]) -> bool {
    let domain = domain.to_ascii_lowercase();
    psl::suffix(&domain).is_some_and(|suffix| suffix.as_bytes() == domain)
}

fn without_domain(header: &HeaderValue) -> Option<HeaderValue> {
    let parts = header.as_bytes().split(|byte| *byte == b';').filter(|part| {
        let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
        !name.trim_ascii().eq_ignore_ascii_case(b"domain")
    });
    HeaderValue::from_bytes(&parts.collect::<Vec<_>>().join(&b';')).ok()
}

impl Known {
    /// Whether there is room for this cookie. One that replaces another of the same name always fits.
    fn admits(&mut self, host: &str, header: &[u8]) -> bool {
        if header.len() > MAX_COOKIE {
            return false;
        }
        let key = self.key(host, header);
        if self.cookies.contains(&key) {
            return true;
        }
        if self.cookies.len() >= MAX_COOKIES
            || self.per_host.get(host).is_some_and(|count| *count >= MAX_PER_HOST)
        {
            return false;
        }
        self.cookies.insert(key);
        *self.per_host.entry(host.to_owned()).or_default() += 1;
        true
    }

    /// Host, name, domain and path say which cookie it is; a value or a date does not.
    fn key(&self, host: &str, header: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        host.hash(&mut hasher);
        for (index, part) in header.split(|byte| *byte == b';').enumerate() {
            let mut pair = part.splitn(2, |byte| *byte == b'=');
            let name = pair.next().unwrap_or_default().trim_ascii();
            if index == 0 {
                name.hash(&mut hasher);
            } else if name.eq_ignore_ascii_case(b"path") || name.eq_ignore_ascii_case(b"domain") {
                name.to_ascii_lowercase().hash(&mut hasher);
                pair.next().unwrap_or_default().trim_ascii().hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookies: &Cookies, url: &str, header: &str) {
        let header = HeaderValue::from_bytes(header.as_bytes()).unwrap();
        cookies.set_cookies(&mut std::iter::once(&header), &Url::parse(url).unwrap());
    }

    fn sent(cookies: &Cookies, url: &str) -> String {
        let header = cookies.cookies(&Url::parse(url).unwrap());
        header.map_or_else(String::new, |header| String::from_utf8(header.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_only() {
        let cookies = Cookies::default();
        set(&cookies, "http://a.test/", "k=1; Path=/");
        set(&cookies, "http://a.test/x", "k=2; path=/");
        assert_eq!(sent(&cookies, "http://a.test/y"), "k=2");
        assert_eq!(sent(&cookies, "http://b.test/"), "");
    }

    #[test]
    fn a_site_that_makes_up_cookies_for_ever_is_stopped_and_may_still_change_its_first_ones() {
        let cookies = Cookies::default();
        for number in 0..10_000 {
            set(&cookies, "http://a.test/", &format!("k{number}=1"));
        }
        set(&cookies, "http://a.test/", "k0=2");
        let header = sent(&cookies, "http://a.test/");
        assert_eq!(header.split("; ").count(), MAX_PER_HOST);
        assert!(header.split("; ").any(|cookie| cookie == "k0=2"));
    }

    #[test]
    fn many_hosts_of_one_domain_fill_neither_memory_nor_a_request() {
        let cookies = Cookies::default();
        let value = "v".repeat(2000);
        for number in 0..300 {
            let header = format!("k{number}={value}; Domain=a.test");
            set(&cookies, &format!("http://h{number}.a.test/"), &header);
        }
        let header = sent(&cookies, "http://a.test/");
        assert!(header.len() <= MAX_HEADER && header.len() > MAX_HEADER / 2, "{}", header.len());
        assert!(header.split("; ").all(|cookie| cookie.ends_with(&value)));
    }

    /// Checks which cookies the URL `to` gets after `from` has set a cookie.
    fn check(from: &str, header: &str, to: &str, expected: &str) {
        let cookies = Cookies::default();
        set(&cookies, from, header);
        assert_eq!(sent(&cookies, to), expected, "`{header}` of {from} at {to}");
    }

    #[test]
    fn nobody_sets_a_cookie_for_a_domain_of_many_people() {
        for (host, domain) in [
            ("a.co.uk", "co.uk"),
            ("a.co.uk", ".CO.UK"),
            ("a.com", "com"),
            ("a.github.io", "github.io"),
            ("a.b.ck", "b.ck"),
            ("x.a.kawasaki.jp", "a.kawasaki.jp"),
            ("a.unknown-top-level", "unknown-top-level"),
        ] {
            let other = format!("http://other.{}/", domain.trim_start_matches('.'));
            check(&format!("http://{host}/"), &format!("k=1; Domain={domain}"), &other, "");
            check(
                &format!("http://{host}/"),
                &format!("k=1; Domain={domain}"),
                &format!("http://{host}/"),
                "",
            );
        }
        check("http://www.a.co.uk/", "k=1; Domain=a.co.uk", "http://x.a.co.uk/", "k=1");
        check("http://a.github.io/", "k=1", "http://a.github.io/", "k=1");
    }

    #[test]
    fn a_host_that_is_such_a_domain_sets_cookies_for_itself() {
        check("http://github.io/", "k=1; Domain=github.io; Path=/", "http://github.io/x", "k=1");
        check("http://github.io/", "k=1; Domain=.github.io", "http://a.github.io/", "");
        check("http://localhost/", "k=1; domain=localhost", "http://localhost/", "k=1");
    }

    #[test]
    fn a_prefix_holds_what_it_says() {
        let (plain, secure) = ("http://a.test/", "https://a.test/");
        for (from, header, expected) in [
            (secure, "__Secure-k=1; Secure", "__Secure-k=1"),
            (secure, "__Secure-k=1", ""),
            (secure, "__SECURE-k=1", ""),
            (plain, "__Secure-k=1; Secure", ""),
            (secure, "__Host-k=1; Secure; Path=/", "__Host-k=1"),
            (secure, "__Host-k=1; Secure", ""),
            (secure, "__Host-k=1; Secure; Path=/x", ""),
            (secure, "__Host-k=1; Secure; Path=/; Domain=a.test", ""),
            (secure, "__host-k=1; Path=/", ""),
            (plain, "__Host-k=1; Secure; Path=/", ""),
            (plain, "k=1; Secure", ""),
            (secure, "k=1; Secure", "k=1"),
            (plain, "k=1; Domain=", "k=1"),
        ] {
            check(from, header, secure, expected);
        }
    }

    /// The jar reads more generously than browsers do: what it could read otherwise than this file must not reach it.
    #[test]
    fn nobody_hides_a_domain_from_the_check() {
        let domains = [
            "Domain=\u{a0}co.uk",
            "Domain=co.uk\u{a0}",
            "Domain=\u{2003}co.uk",
            "Domain\u{a0}=co.uk",
            "\u{85}Domain=co.uk",
            "Domain=\u{ff43}\u{ff4f}.uk",
            "Domain=c\u{ad}o.uk",
            "Domain=co\u{3002}uk",
            "Domain=. co.uk",
            "Domain=.\tco.uk",
            "Domain=co.uk; Domain=",
            "Domain=co.uk; Domain",
            "Domain=co.uk; Domain=.",
            "Domain=a.co.uk; Domain=co.uk",
            "Domain=co.uk; \u{a0}Domain=a.co.uk",
            "Domain=CO.UK",
            "Domain = co.uk ",
            "Domain=%63o.uk",
            "Domain=co.uk:80",
        ];
        let hidden = domains.into_iter().filter(|domain| {
            let cookies = Cookies::default();
            set(&cookies, "http://a.co.uk/", &format!("k=1; Path=/; {domain}"));
            !sent(&cookies, "http://other.co.uk/").is_empty()
        });
        assert_eq!(hidden.collect::<Vec<_>>(), [""; 0]);
        check("http://a.co.uk./", "k=1; Domain=co.uk.", "http://other.co.uk./", "");
        check("http://a.co.uk/", "k=1; Domain=co.uk; Domain=", "http://a.co.uk/", "k=1");
        check("http://a.co.uk/", "k=1; Domain=co.uk; Domain=a.co.uk", "http://x.a.co.uk/", "k=1");
        check("http://[::1]/", "k=1; Domain=[::1]", "http://[::1]/", "k=1");
        check("http://a_b.test/", "k=1; Domain=a_b.test", "http://a_b.test/", "k=1");
    }

    #[test]
    fn nobody_hides_a_prefix_from_the_check() {
        for header in [
            "\u{a0}__Host-k=1",
            "\u{85}__Secure-k=1",
            "\u{2003}__Host-k=1; Path=/",
            "__Host-k\u{a0}=1",
            "\t__Host-k=1",
        ] {
            check("http://a.test/", header, "https://a.test/", "");
        }
        check("https://a.test/", "__Host-k=1; Secure; Path=/; \u{a0}Domain=a.test", "https://x.a.test/", "");
        check("https://a.test/", "__Host-k=1; Secure; Path=/; \u{a0}Path=/x", "https://a.test/x", "");
        check("http://a.test/", "k=1; \u{a0}Secure", "https://a.test/", "");
        // A value may be any text.
        check("http://a.test/", "k=\u{e4}\u{a0}b; Path=/", "http://a.test/", "k=\u{e4}\u{a0}b");
    }

    #[test]
    fn a_giant_cookie_is_not_kept() {
        let cookies = Cookies::default();
        set(&cookies, "http://a.test/", &format!("k={}", "v".repeat(MAX_COOKIE)));
        assert_eq!(sent(&cookies, "http://a.test/"), "");
    }
}
