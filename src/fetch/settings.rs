//! Every limit of a fetch, as one typed value.
//!
//! Knows the limits, their defaults, their keys and which values make sense. Does not read configuration;
//! that is `conf`, which fills this struct.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::conf::ProxyUrl;
use crate::fetch::error::FetchError;
use crate::fetch::url;
use crate::model::shown_proxy;

/// Longest time that a setting may name. It keeps every `now + limit` far from the end of the clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Most requests at a time to one host.
const MOST_PARALLEL: usize = 1024;

/// How pages are fetched. The defaults suit hosts of other people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// Longest time to look up a host, connect and agree on TLS; `scoopi.fetch.timeout.connect`.
    pub connect_timeout: Duration,
    /// Longest time from sending a request to the end of the response's head, connecting included;
    /// `scoopi.fetch.timeout.firstByte`.
    pub first_byte_timeout: Duration,
    /// Longest time between two pieces of a body; `scoopi.fetch.timeout.idle`.
    pub idle_timeout: Duration,
    /// Longest time for a fetch with all its redirects; `scoopi.fetch.timeout.total`. Waiting for one's
    /// turn at a busy host does not count.
    pub total_timeout: Duration,
    /// Most redirects of one fetch; `scoopi.fetch.maxRedirects`.
    pub max_redirects: usize,
    /// Largest body in bytes, after decompression, of pages and files alike; `scoopi.fetch.maxBody`.
    pub max_body: usize,
    /// Most requests at a time to one host (http and https only); `scoopi.loader.fetch.parallelism`.
    pub parallelism: NonZeroUsize,
    /// Shortest time between the starts of two requests to one host (http and https only);
    /// `scoopi.loader.fetch.delay`.
    pub delay: Duration,
    /// Longest time that a host's `Retry-After` may keep us away; `scoopi.fetch.maxRetryAfter`.
    pub max_retry_after: Duration,
    /// What we call ourselves; `scoopi.webClient.userAgent`.
    pub user_agent: String,
    /// Whether cookies are kept, in memory and for the life of one fetcher; `scoopi.fetch.cookies`.
    pub cookies: bool,
    /// URL of an HTTP proxy for all requests, user info allowed; `scoopi.fetch.proxy`. The environment
    /// (`HTTP_PROXY` and its kin) is not asked, so that a run does not depend on who starts it.
    pub proxy: Option<ProxyUrl>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(60),
            max_redirects: 10,
            max_body: 10 * 1024 * 1024,
            parallelism: NonZeroUsize::MIN,
            delay: Duration::from_secs(1),
            max_retry_after: Duration::from_secs(600),
            user_agent: concat!("Mozilla/5.0 (compatible; scoopi/", env!("CARGO_PKG_VERSION"), ")")
                .to_owned(),
            cookies: true,
            proxy: None,
        }
    }
}

impl FetchSettings {
    /// Refuses values that cannot work, before the first page is asked for.
    pub(super) fn check(&self) -> Result<(), FetchError> {
        for (key, value, may_be_zero) in [
            ("scoopi.fetch.timeout.connect", self.connect_timeout, false),
            ("scoopi.fetch.timeout.firstByte", self.first_byte_timeout, false),
            ("scoopi.fetch.timeout.idle", self.idle_timeout, false),
            ("scoopi.fetch.timeout.total", self.total_timeout, false),
            ("scoopi.loader.fetch.delay", self.delay, true),
            ("scoopi.fetch.maxRetryAfter", self.max_retry_after, true),
        ] {
            if value > LONGEST {
                return Err(refused(key, format!("{value:?}"), "is more than 24 hours"));
            }
            if value.is_zero() && !may_be_zero {
                return Err(refused(key, "0".to_owned(), "leaves no time at all"));
            }
        }
        if self.max_body == 0 {
            return Err(refused("scoopi.fetch.maxBody", "0".to_owned(), "leaves no room for a page"));
        }
        if self.parallelism.get() > MOST_PARALLEL {
            let value = self.parallelism.to_string();
            return Err(refused("scoopi.loader.fetch.parallelism", value, "is more than 1024"));
        }
        self.check_proxy()
    }

    fn check_proxy(&self) -> Result<(), FetchError> {
        let Some(proxy) = &self.proxy else { return Ok(()) };
        match url::Target::parse(proxy) {
            Ok(url::Target::Http(_)) => Ok(()),
            _ => Err(refused("scoopi.fetch.proxy", shown_proxy(proxy), "is not an http or https URL")),
        }
    }
}

fn refused(key: &'static str, value: String, reason: &'static str) -> FetchError {
    FetchError::Setting { key, value, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut FetchSettings), key: &str) {
        let mut settings = FetchSettings::default();
        change(&mut settings);
        let message = settings.check().unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
    }

    #[test]
    fn the_defaults_are_valid_and_polite() {
        let settings = FetchSettings::default();
        settings.check().unwrap();
        assert_eq!((settings.parallelism.get(), settings.delay), (1, Duration::from_secs(1)));
        assert!(settings.user_agent.contains("scoopi"));
    }

    #[test]
    fn a_value_that_cannot_work_is_refused_by_its_key() {
        check(|s| s.connect_timeout = Duration::ZERO, "scoopi.fetch.timeout.connect");
        check(|s| s.first_byte_timeout = Duration::ZERO, "scoopi.fetch.timeout.firstByte");
        check(|s| s.idle_timeout = Duration::MAX, "scoopi.fetch.timeout.idle");
        check(|s| s.total_timeout = Duration::ZERO, "scoopi.fetch.timeout.total");
        check(|s| s.delay = Duration::MAX, "scoopi.loader.fetch.delay");
        check(|s| s.max_retry_after = Duration::MAX, "scoopi.fetch.maxRetryAfter");
        check(|s| s.max_body = 0, "scoopi.fetch.maxBody");
        check(|s| s.parallelism = NonZeroUsize::MAX, "scoopi.loader.fetch.parallelism");
    }

    #[test]
    fn a_proxy_is_an_http_url_and_its_password_is_not_shown() {
        let settings = FetchSettings { proxy: Some("http://u:p@proxy:3128".into()), ..Default::default() };
        settings.check().unwrap();
        let settings = FetchSettings { proxy: Some("socks5://u:secret@proxy".into()), ..Default::default() };
        let message = settings.check().unwrap_err().to_string();
        assert!(message.contains("socks5://***@proxy") && !message.contains("secret"), "{message}");
    }
}
