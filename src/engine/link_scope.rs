//! Which hosts links may lead to: any, or those that the run begins with.
//!
//! Knows hosts by name alone, as politeness does. Files and resource paths do not have a host; links to them are not its
//! concern.

use std::collections::HashSet;
use std::str::FromStr;

use compact_str::CompactString;

use crate::model::{Fingerprint, Locator};

/// The hosts that are allowed besides that of the page itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkHosts {
    /// All.
    #[default]
    Any,
    /// Those of the locators.
    Same,
    /// Those of the locators, without a leading `www.`, and all below them.
    Domain,
}

/// The hosts that links may lead to.
#[derive(Debug, Default)]
pub struct LinkScope {
    kind: LinkHosts,
    hosts: HashSet<CompactString>,
    /// The pages that the run begins with.
    starts: HashSet<Fingerprint>,
}

impl LinkHosts {
    /// Their names in settings.
    pub const NAMES: [&str; 3] = ["any", "same", "domain"];
}

impl FromStr for LinkHosts {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "any" => Ok(Self::Any),
            "same" => Ok(Self::Same),
            "domain" => Ok(Self::Domain),
            _ => Err(()),
        }
    }
}

impl LinkScope {
    /// The scope of a run that begins with these locators.
    #[must_use]
    pub fn new(kind: LinkHosts, seeds: &[Locator]) -> Self {
        let seeds = if kind == LinkHosts::Any { &[] } else { seeds };
        let hosts = seeds.iter().filter_map(Locator::host);
        let starts = seeds.iter().map(|seed| start(&seed.group, &seed.name, &seed.url));
        Self { kind, hosts: hosts.map(|host| base(kind, host).into()).collect(), starts: starts.collect() }
    }

    /// Whether the run begins with this page; not known if links may lead to any host.
    pub(super) fn is_start(&self, group: &str, name: &str, url: &str) -> bool {
        self.starts.contains(&start(group, name, url))
    }

    /// Whether links may lead to any host.
    pub(super) fn is_open(&self) -> bool {
        self.kind == LinkHosts::Any
    }

    /// Whether a link or redirect may lead to `url`, which is canonical, from a page at one of the URLs `from`.
    pub(super) fn allows(&self, from: [&str; 2], url: &str) -> bool {
        if self.is_open() {
            return true;
        }
        let Some(host) = Locator::host_of(url) else { return true };
        let is_own = |host: &str| {
            from.iter().filter_map(|page| Locator::host_of(page)).any(|page| base(self.kind, page) == host)
        };
        let is_allowed = |host: &str| self.hosts.contains(host) || is_own(host);
        match self.kind {
            LinkHosts::Domain => parents(host).any(is_allowed),
            LinkHosts::Any | LinkHosts::Same => is_allowed(host),
        }
    }
}

fn start(group: &str, name: &str, url: &str) -> Fingerprint {
    Fingerprint::of([group, name, url].map(str::as_bytes))
}

/// The part of a host that other hosts are compared with.
fn base(kind: LinkHosts, host: &str) -> &str {
    match host.strip_prefix("www.") {
        // `www.com` is a site, and `com` is not.
        Some(rest) if kind == LinkHosts::Domain && rest.contains('.') => rest,
        _ => host,
    }
}

/// The host, and what is above it: `a.b.c`, `b.c`, `c`.
fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, parent)| parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: LinkHosts, seed: &str, url: &str, is_allowed: bool) {
        let seed = Locator { group: "g".into(), name: "n".into(), url: seed.to_owned() };
        let page = "http://own.test/page";
        let scope = LinkScope::new(kind, &[seed]);
        assert_eq!(scope.allows([page, page], url), is_allowed, "{kind:?}: {url}");
    }

    #[test]
    fn the_hosts_of_the_locators_and_of_the_page_are_allowed() {
        let seed = "https://www.a.test:8443/x";
        for kind in [LinkHosts::Any, LinkHosts::Same, LinkHosts::Domain] {
            for url in [
                "http://www.a.test/",
                "http://www.a.test.:80/",
                "http://own.test/",
                "/page.html",
                "file:///x",
            ] {
                check(kind, seed, url, true);
            }
            check(kind, seed, "http://b.test/?http://www.a.test/", kind == LinkHosts::Any);
            check(kind, seed, "http://a.test/", kind != LinkHosts::Same);
            check(kind, seed, "http://x.y.a.test/", kind != LinkHosts::Same);
            check(kind, seed, "http://x.own.test/", kind != LinkHosts::Same);
            check(kind, seed, "http://nota.test/", kind == LinkHosts::Any);
            check(kind, seed, "http://www.a.test@b.test/", kind == LinkHosts::Any);
            check(kind, seed, "http://www.a.test.b.test/", kind == LinkHosts::Any);
        }
    }

    #[test]
    fn a_domain_is_not_wider_than_its_name() {
        check(LinkHosts::Domain, "http://www.test/", "http://other.test/", false);
        check(LinkHosts::Domain, "http://127.0.0.1/", "http://127.0.0.2/", false);
        check(LinkHosts::Domain, "http://127.0.0.1/", "http://127.0.0.1:81/", true);
        check(LinkHosts::Domain, "http://[::1]/", "http://[::2]/", false);
        check(LinkHosts::Domain, "/pages/a.html", "http://a.test/", false);
    }
}
