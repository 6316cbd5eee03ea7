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
    /// The host and port that an http page is asked from; `None` for files and resources.
    ///
    /// Relies on `url` being canonical: lower-case scheme and host, no default port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        Self::host_of(&self.url)
    }

    /// The same of a canonical URL that is not in a locator yet.
    #[must_use]
    pub fn host_of(url: &str) -> Option<&str> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
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
        check("http://a.b:8080/x?http://y", Some("a.b:8080"));
        check("https://u:p@a.b?q", Some("a.b"));
        check("https://[::1]:80/", Some("[::1]:80"));
        check("/defs/x.html", None);
        check("file:///x", None);
    }
}
