//! Cookies of one run, in memory, with a bound.
//!
//! Which cookie goes where is decided by reqwest's jar. That jar takes whatever it is given, so this file
//! counts: a site that makes up new cookies for ever gets no further ones kept, and nobody is sent more
//! than a request header may hold.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use ::url::Url;
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
        self.jar.set_cookies(&mut headers.filter(|header| known.admits(host, header.as_bytes())), url);
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
        let header = HeaderValue::from_str(header).unwrap();
        cookies.set_cookies(&mut std::iter::once(&header), &Url::parse(url).unwrap());
    }

    fn sent(cookies: &Cookies, url: &str) -> String {
        let header = cookies.cookies(&Url::parse(url).unwrap());
        header.map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
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

    #[test]
    fn a_giant_cookie_is_not_kept() {
        let cookies = Cookies::default();
        set(&cookies, "http://a.test/", &format!("k={}", "v".repeat(MAX_COOKIE)));
        assert_eq!(sent(&cookies, "http://a.test/"), "");
    }
}
