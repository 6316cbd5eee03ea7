//! A named URL, member of a locator group.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Where a page is, and under which names its rows appear.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Locator {
    /// The locator group, and so the task group.
    pub group: CompactString,
    /// The name that rows carry. Pages found by links carry the name of the locator they were found from.
    pub name: CompactString,
    /// The canonical URL.
    pub url: String,
}

impl Locator {
    /// The host that an http page is asked from, by its name alone, as politeness to it knows no ports;
    /// `None` for files and resources.
    ///
    /// Relies on `url` being canonical: lower-case scheme and host.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        Self::host_of(&self.url)
    }

    /// The same of a canonical URL that is not in a locator yet.
    #[must_use]
    pub fn host_of(url: &str) -> Option<&str> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let name = match host.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((name, port)) if !port.contains(']') => name,
            _ => host,
        };
        // A dot at the end of a name makes no other machine.
        Some(name.trim_end_matches('.')).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_pages_have_a_host() {
        let check = |url: &str, host: Option<&str>| {
            let locator = Locator { group: "g".into(), name: "n".into(), url: url.to_owned() };
            assert_eq!(locator.host(), host, "{url}");
        };
        check("http://a.b:8080/x?http://y", Some("a.b"));
        check("https://u:p@a.b?q", Some("a.b"));
        check("https://[::1]:80/", Some("[::1]"));
        check("https://[::1]/", Some("[::1]"));
        check("https://a.b.:8080/", Some("a.b"));
        check("http://u:p@", None);
        check("/defs/x.html", None);
        check("file:///x", None);
    }
}
