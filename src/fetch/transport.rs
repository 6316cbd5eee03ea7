//! What went wrong below HTTP, told in one line and sorted by whether it may pass.
//!
//! Knows the error types of the libraries below, which callers should not have to know. Their chains repeat the same
//! thing; only the last two links carry information.

use std::error::Error;
use std::io;

use crate::model::shown_within;

/// The kind of failure of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No such host.
    UnknownHost,
    /// The name service did not answer.
    NameService,
    /// No connection: refused, unreachable, reset.
    Connect,
    /// No agreement on TLS, or a certificate that is not trusted.
    Tls,
    /// The answer was not valid HTTP, or exceeded the limits of an answer.
    Protocol,
    /// The connection was closed or reset before the answer was complete.
    Closed,
    /// The body cannot be decompressed, or its framing is broken.
    Corrupt,
}

impl Cause {
    /// Whether the same request may well succeed later.
    #[must_use]
    pub fn is_recoverable(self) -> bool {
        matches!(self, Self::NameService | Self::Connect | Self::Closed)
    }

    /// What to check.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownHost => "check the host's name in the URL",
            Self::NameService => "check the network and its name server, or try again later",
            Self::Connect => "check host and port in the URL and that the server runs, or try again later",
            Self::Tls => "check that the server speaks https and that its certificate is valid",
            Self::Protocol => "check that an HTTP server listens there, and what it sends",
            Self::Closed => "try again later",
            Self::Corrupt => "the server sends a broken page",
        }
    }
}

/// The name service has no address for a host.
#[derive(Debug, thiserror::Error)]
#[error("dns error")]
pub(super) struct Unresolved(#[source] pub(super) io::Error);

/// Where in a fetch an error came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before there was a connection.
    Connect,
    /// Before the head of the response was complete.
    Head,
    /// While the body came.
    Body,
}

/// The cause of `error`.
pub(super) fn cause(error: &(dyn Error + 'static), stage: Stage) -> Cause {
    let links = chain(error);
    let any = |test: &dyn Fn(&(dyn Error + 'static)) -> bool| links.iter().any(|link| test(*link));
    if any(&|link| link.is::<rustls::Error>()) {
        return Cause::Tls;
    }
    if any(&is_unresolved) {
        return if any(&|link| says_unknown_host(&link.to_string())) {
            Cause::UnknownHost
        } else {
            Cause::NameService
        };
    }
    if stage == Stage::Connect {
        return Cause::Connect;
    }
    if any(&|link| link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)) {
        return Cause::Protocol;
    }
    // The reader of chunks reports broken data as such; everything else is the line.
    let broken = |link: &(dyn Error + 'static)| {
        let kind = link.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other))
    };
    match stage {
        Stage::Body if any(&broken) && !any(&is_lost) => Cause::Corrupt,
        _ => Cause::Closed,
    }
}

/// Replaces the HTTP library's message for a head that is too large; it reports a length that is not valid in the same way.
const TOO_LARGE: &str = "the head of the answer is larger than 400 KiB or has more than 100 headers, or its \
                         Content-Length is not valid";

/// `error` in one line: its last two distinct messages.
pub(super) fn condensed(error: &(dyn Error + 'static)) -> String {
    let is_too_large = |link: &&(dyn Error + 'static)| {
        // The library distinguishes this for servers only.
        let error = link.downcast_ref::<hyper::Error>().filter(|error| error.is_parse());
        error.is_some_and(|error| error.to_string().contains("head is too large"))
    };
    if chain(error).iter().any(is_too_large) {
        return TOO_LARGE.to_owned();
    }
    let mut messages: Vec<String> = Vec::new();
    for link in chain(error) {
        let message = shown_within(&link.to_string(), MAX_MESSAGE).into_owned();
        match messages.last_mut() {
            // A link that repeats the next one's message says nothing itself.
            Some(last) if last.contains(&message) => *last = message,
            _ => messages.push(message),
        }
    }
    let start = messages.len().saturating_sub(2);
    messages.split_off(start).join(": ")
}

/// Longest message of one layer, in bytes; some messages quote data from the peer.
const MAX_MESSAGE: usize = 300;

/// Most layers that are looked at.
const MAX_LINKS: usize = 16;

/// The error and its sources. An `io::Error` hides what it wraps from `source`, so that is asked for apart.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut links: Vec<&'a (dyn Error + 'static)> = Vec::new();
    let mut next = Some(error);
    while let Some(link) = next
        && links.len() < MAX_LINKS
    {
        links.push(link);
        let wrapped = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => link.source(),
        };
    }
    links
}

/// Returns all errors of the system in `error`.
pub(super) fn io_errors<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a io::Error> {
    chain(error).into_iter().filter_map(|link| link.downcast_ref::<io::Error>())
}

fn is_unresolved(link: &(dyn Error + 'static)) -> bool {
    link.is::<Unresolved>() || link.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_dns)
}

fn is_lost(link: &(dyn Error + 'static)) -> bool {
    let kind = link.downcast_ref::<io::Error>().map(io::Error::kind);
    link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
        || matches!(
            kind,
            Some(
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::TimedOut
            )
        )
}

/// A name that does not exist and a name server that does not answer have the same type and differ by their
/// text only: glibc, musl, macOS and Windows in this order.
fn says_unknown_host(message: &str) -> bool {
    ["Name or service not known", "Name does not resolve", "nodename nor servname", "No such host is known"]
        .iter()
        .any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn check(layers: &[&'static str], line: &str) {
        let mut error = None;
        for text in layers.iter().rev() {
            error = Some(Box::new(Layer { text, source: error }));
        }
        assert_eq!(condensed(&*error.unwrap()), line);
    }

    #[test]
    fn a_chain_becomes_one_line_without_repetition() {
        check(&["error sending request"], "error sending request");
        check(&["sending", "client error", "tcp connect error", "refused"], "tcp connect error: refused");
        check(&["sending", "tls: bad certificate", "bad certificate"], "sending: bad certificate");
        check(&["peer said\r\n\u{1b}[31m"], "peer said\\r\\n\\u{1b}[31m");
    }

    #[test]
    fn what_an_io_error_wraps_is_found() {
        let wrapped =
            io::Error::new(io::ErrorKind::InvalidData, io::Error::from(io::ErrorKind::UnexpectedEof));
        assert!(chain(&wrapped).into_iter().any(is_lost));
    }

    #[test]
    fn an_unknown_host_is_final_and_a_silent_name_server_is_not() {
        assert!(says_unknown_host("failed to lookup address information: Name or service not known"));
        assert!(!says_unknown_host(
            "failed to lookup address information: Temporary failure in name resolution"
        ));
        assert!(!Cause::UnknownHost.is_recoverable());
        assert!(Cause::NameService.is_recoverable());
    }
}
