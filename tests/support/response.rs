//! What a test server may answer, well behaved or not.

use std::time::Duration;

use tokio::sync::watch;

/// An answer: a status, headers and one of many kinds of body.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: Duration,
    /// It is not sent before this is true.
    pub(crate) gate: Option<watch::Receiver<bool>>,
    pub(crate) body: Body,
}

/// How the body, and with it the connection, behaves.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// All at once, with `Content-Length` and keep-alive.
    Whole(Vec<u8>),
    /// Chunked, with a pause after each piece.
    Drip { pieces: Vec<Vec<u8>>, pause: Duration },
    /// `Content-Length` promises more than is sent before the connection closes.
    Cut { promised: u64, sent: Vec<u8> },
    /// Chunked, the same piece for ever.
    Endless(Vec<u8>),
    /// These bytes are all that is sent, without a head of ours; then the connection closes.
    Raw(Vec<u8>),
    /// These bytes, then a reset (RST) instead of an end. No head of ours.
    Reset(Vec<u8>),
    /// These bytes again and again, without a head of ours, until the client goes away.
    Flood(Vec<u8>),
    /// Nothing, ever; the connection stays open.
    Silent,
}

impl Response {
    /// 200 with `body`.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Whole(body.into()))
    }

    /// 200 with a page of HTML in UTF-8.
    pub(crate) fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::ok(body).header("Content-Type", "text/html; charset=utf-8")
    }

    /// `status` and no body.
    pub(crate) fn status(status: u16) -> Self {
        Self::of(status, Body::Whole(Vec::new()))
    }

    /// 302 to `location`.
    pub(crate) fn redirect(location: impl Into<String>) -> Self {
        Self::status(302).header("Location", location)
    }

    /// 200 with these pieces, each sent `pause` after the one before.
    pub(crate) fn drip(pieces: impl IntoIterator<Item = impl Into<Vec<u8>>>, pause: Duration) -> Self {
        Self::of(200, Body::Drip { pieces: pieces.into_iter().map(Into::into).collect(), pause })
    }

    /// 200 that promises more than it sends.
    pub(crate) fn cut(promised: u64, sent: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Cut { promised, sent: sent.into() })
    }

    /// 200 that never ends.
    pub(crate) fn endless(piece: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Endless(piece.into()))
    }

    /// Bytes instead of an answer.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(0, Body::Raw(bytes.into()))
    }

    /// Bytes instead of an answer, again and again.
    pub(crate) fn flood(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(0, Body::Flood(bytes.into()))
    }

    /// A reset connection, after `sent`.
    pub(crate) fn reset(sent: impl Into<Vec<u8>>) -> Self {
        Self::of(0, Body::Reset(sent.into()))
    }

    /// No answer at all.
    pub(crate) fn silent() -> Self {
        Self::of(0, Body::Silent)
    }

    /// 200 with `length` zeros, which gzip makes a thousandth of.
    pub(crate) fn gzip_bomb(length: usize) -> Self {
        Self::ok(gzip(&vec![0; length])).header("Content-Encoding", "gzip")
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same, `delay` later.
    pub(crate) fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same, not before `gate` is true.
    pub(crate) fn behind(mut self, gate: watch::Receiver<bool>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The same with another status.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn of(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), delay: Duration::ZERO, gate: None, body }
    }
}

/// `bytes` as one gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
