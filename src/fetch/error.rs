//! Why a page did not come.
//!
//! Each message is one line that names the URL (without user info), the limit with its key where one was
//! passed, and a way out. Knows nothing of the libraries below; their errors come in as [`Cause`] and text.

use std::fmt;
use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::fetch::transport::Cause;
use crate::model::HostHint;

/// Why a page did not come. URLs in it are shown without user info.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The text cannot be read as a URL.
    #[error("`{url}` cannot be fetched: {reason}")]
    Url {
        /// The URL as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scheme that is not supported.
    #[error(
        "unknown scheme `{scheme}` in `{url}`; known are http, https and file, and no scheme at all for a path \
         below the resource root (a host needs `http://` before it, a path with a colon needs `./`)"
    )]
    Scheme {
        /// The URL as given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// A resource path climbs out of the resource root.
    #[error(
        "resource path `{url}` leaves the resource root; take out the `..`, or name a file elsewhere as \
         `file:///path/to/file`"
    )]
    OutsideRoot {
        /// The path as given.
        url: String,
    },
    /// A file that cannot be read.
    #[error("cannot read file `{path}` of URL `{url}`: {cause}; {hint}")]
    File {
        /// The URL.
        url: String,
        /// The file that it means.
        path: String,
        /// What the system said.
        cause: io::Error,
        /// What to check.
        hint: &'static str,
    },
    /// A directory, a pipe or a device where a file was expected.
    #[error("`{path}` of URL `{url}` is {kind}, not a plain file; name a file")]
    NotAFile {
        /// The URL.
        url: String,
        /// The path that it means.
        path: String,
        /// What is there.
        kind: &'static str,
    },
    /// Something took too long.
    #[error("{}", time_is_up(.url, *.limit, *.after))]
    Timeout {
        /// The URL.
        url: String,
        /// Which limit was passed.
        limit: Limit,
        /// Its value.
        after: Duration,
    },
    /// No connection, or it broke, or what came over it was not HTTP.
    #[error("`{url}` failed: {reason}; {}", .cause.hint())]
    Transport {
        /// The URL.
        url: String,
        /// The kind of failure.
        cause: Cause,
        /// What the layers below said, in one line.
        reason: String,
    },
    /// The body is larger than allowed.
    #[error(
        "body of `{url}` is larger than {limit} bytes after decompression (limit `scoopi.fetch.maxBody`); raise \
         the limit if the page is really that large"
    )]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is compressed in a way that we did not ask for.
    #[error(
        "body of `{url}` has content encoding `{encoding}`, which is not one of those asked for (gzip, deflate, br, \
         zstd); the server ignores what it is asked, so fetch the page in another way"
    )]
    Encoding {
        /// The URL.
        url: String,
        /// The value of the `Content-Encoding` header.
        encoding: String,
    },
    /// A part of a page, although the request was for the whole page.
    #[error(
        "`{url}` answers 206, a part of the page, though the whole page was asked for; the server or a cache before it is \
         broken, so try again later, or fetch the page in another way"
    )]
    Partial {
        /// The URL.
        url: String,
    },
    /// A PDF, an image, an archive: content that cannot be parsed.
    #[error("`{url}` is not text ({what}), and so cannot be parsed as a page")]
    NotText {
        /// The URL.
        url: String,
        /// What it is, or the reason for that conclusion.
        what: String,
    },
    /// Too many redirects.
    #[error(
        "more than {limit} redirects from `{url}`, the last one to `{to}` (limit `scoopi.fetch.maxRedirects`); check \
         the URL, or raise the limit"
    )]
    TooManyRedirects {
        /// The URL that was asked for.
        url: String,
        /// Where the last redirect points.
        to: String,
        /// The limit.
        limit: usize,
    },
    /// Redirects that lead back to where they came from.
    #[error(
        "redirects of `{url}` go round in a circle at `{to}`; the site may want cookies (`scoopi.fetch.cookies`) or \
         another user agent (`scoopi.webClient.userAgent`)"
    )]
    RedirectLoop {
        /// The URL that was asked for.
        url: String,
        /// The URL that came twice.
        to: String,
    },
    /// A redirect to something that is not http or https.
    #[error(
        "`{url}` redirects to `{to}`: {reason}; a page from the network may lead to http and https URLs only, so name \
         the target yourself if you want it"
    )]
    RedirectForbidden {
        /// The URL that answered with the redirect.
        url: String,
        /// Where it points.
        to: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A status outside 200 to 299 that is not a redirect.
    #[error("HTTP response: {status}, URL: {url}")]
    Status {
        /// The URL that answered.
        url: String,
        /// The status.
        status: u16,
        /// How long the host wants to be left alone, at most
        /// [`crate::fetch::FetchSettings::max_retry_after`].
        retry_after: Option<Duration>,
    },
    /// The fetcher was closed before the host was asked.
    #[error("`{url}` was not asked for: the run is being cancelled")]
    Closed {
        /// The URL.
        url: String,
    },
    /// Other requests to its host used all the time that this request may wait.
    #[error("`{url}` was not requested yet: other requests to its host take long")]
    HostBusy {
        /// The URL.
        url: String,
    },
    /// Its host asked for a wait that is longer than the request may wait.
    #[error("`{url}` was not requested yet: its host asked to wait for {time:?}")]
    HostWaits {
        /// The URL.
        url: String,
        /// The length of the wait.
        time: Duration,
    },
    /// What went wrong after a redirect that the fetch followed itself. It says nothing about the host of the page that was
    /// asked for first, and that host was asked.
    #[error("{0}")]
    AfterRedirect(Box<Self>),
    /// An https URL on a machine without CA certificates.
    #[error(
        "`{url}` needs https, and this machine has no CA certificates ({reason}); install the package \
         `ca-certificates`, or name a file of certificates in the environment variable SSL_CERT_FILE"
    )]
    NoCertificates {
        /// The URL.
        url: String,
        /// What the system said.
        reason: String,
    },
    /// A setting that cannot work.
    #[error("setting `{key}`: `{value}` {reason}")]
    Setting {
        /// The key.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be made.
    #[error(
        "the HTTP client could not be set up: {reason}; this is a fault of the installation, not of a URL"
    )]
    Client {
        /// What the layers below said.
        reason: String,
    },
}

impl FetchError {
    /// Whether the same request may well succeed later.
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            _ if self.is_not_asked() => true,
            Self::AfterRedirect(error) => error.is_recoverable(),
            Self::Transport { cause, .. } => cause.is_recoverable(),
            Self::Status { status, .. } => match status {
                408 | 425 | 429 => true,
                501 | 505 => false,
                status => (500..=599).contains(status),
            },
            Self::File { cause, .. } => is_passing(cause),
            _ => false,
        }
    }

    /// Whether the request did not reach the host, so that it says nothing about the page.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::HostBusy { .. } | Self::HostWaits { .. })
    }

    /// Whether the answer is something else than text, which is not parsed.
    #[must_use]
    pub fn is_not_text(&self) -> bool {
        match self {
            Self::NotText { .. } => true,
            Self::AfterRedirect(error) => error.is_not_text(),
            _ => false,
        }
    }

    /// The hint for other pages of the same host.
    #[must_use]
    pub fn host_hint(&self) -> HostHint {
        let waits = |time: &Duration| HostHint::Waits(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        match self {
            Self::HostBusy { .. } => HostHint::Busy,
            Self::HostWaits { time, .. } | Self::Status { retry_after: Some(time), .. } => waits(time),
            _ => HostHint::Nothing,
        }
    }

    /// How long the host asked to be left alone. Requests to it wait that long anyway.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::AfterRedirect(error) => match &**error {
                Self::HostWaits { time, .. } => Some(*time),
                error => error.retry_after(),
            },
            _ => None,
        }
    }

    /// The same error, met at another host than the one that was asked first. A fetch that was closed ends as one that
    /// has not begun.
    pub(super) fn after_redirect(self) -> Self {
        if matches!(self, Self::Closed { .. }) { self } else { Self::AfterRedirect(Box::new(self)) }
    }
}

/// File errors that go away by themselves, above all running out of descriptors on a busy machine.
fn is_passing(cause: &io::Error) -> bool {
    const TOO_MANY_OPEN_FILES: [i32; 2] = [23, 24];
    matches!(
        cause.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::StaleNetworkFileHandle
    ) || cfg!(unix) && cause.raw_os_error().is_some_and(|code| TOO_MANY_OPEN_FILES.contains(&code))
}

/// The limits on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Until a connection stands.
    Connect,
    /// Until the head of the response is there.
    FirstByte,
    /// Between two pieces of a body.
    Idle,
    /// For the whole fetch.
    Total,
}

impl Limit {
    /// The key of the setting that holds this limit.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Connect => "scoopi.fetch.timeout.connect",
            Self::FirstByte => "scoopi.fetch.timeout.firstByte",
            Self::Idle => "scoopi.fetch.timeout.idle",
            Self::Total => "scoopi.fetch.timeout.total",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

fn time_is_up(url: &str, limit: Limit, after: Duration) -> String {
    let (what, way_out) = match limit {
        Limit::Connect => ("no connection for", "check host and port"),
        Limit::FirstByte => ("no answer from", "the server is slow or hangs"),
        Limit::Idle => ("nothing more came from", "the server or the line is slow"),
        Limit::Total => ("no complete page from", "the page is large or the line is slow"),
    };
    format!(
        "{what} `{url}` within {after:?} (limit `{limit}`); {way_out}: try again later, or raise the limit"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_status(status: u16, recoverable: bool) {
        let error = FetchError::Status { url: "http://h/".to_owned(), status, retry_after: None };
        assert_eq!(error.is_recoverable(), recoverable, "{status}");
    }

    #[test]
    fn overload_and_faults_of_a_server_are_recoverable_and_refusals_are_not() {
        for status in [408, 425, 429, 500, 502, 503, 504, 520] {
            check_status(status, true);
        }
        for status in [101, 302, 304, 400, 401, 403, 404, 410, 451, 501, 505, 600] {
            check_status(status, false);
        }
    }

    #[test]
    fn every_time_limit_is_named_by_its_key() {
        for limit in [Limit::Connect, Limit::FirstByte, Limit::Idle, Limit::Total] {
            let after = Duration::from_millis(1500);
            let error = FetchError::Timeout { url: "http://h/".to_owned(), limit, after };
            let message = error.to_string();
            assert!(error.is_recoverable());
            assert!(message.contains(limit.key()) && message.contains("within 1.5s"), "{message}");
        }
    }

    #[test]
    fn a_missing_file_is_final_and_a_lack_of_descriptors_passes() {
        let file = |cause| FetchError::File { url: String::new(), path: String::new(), cause, hint: "" };
        assert!(!file(io::ErrorKind::NotFound.into()).is_recoverable());
        assert!(!file(io::ErrorKind::PermissionDenied.into()).is_recoverable());
        assert!(file(io::Error::from_raw_os_error(24)).is_recoverable());
    }
}
