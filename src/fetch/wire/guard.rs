//! A stream that counts what a server sends in addition to pages.
//!
//! Neither HTTP library limits what a server may send before its answer and around it: endless interim answers (1xx)
//! in HTTP/1, endless frames without content in HTTP/2 (WINDOW_UPDATE, PING, SETTINGS, empty DATA). Each of them costs
//! little, but together they could keep a core busy. The stream fails when its server exceeds the limit.
//!
//! Knows streams with and without TLS, and the nine bytes before each frame; does not interpret them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes that may come before the head of an answer is complete; more than twice the limit of the head itself.
pub(super) const MOST_BEFORE_HEAD: usize = 1 << 20;

/// Frames without content that may come with one answer.
pub(super) const MOST_IDLE_FRAMES: usize = 1024;

/// What the stream counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Bytes before a head, in HTTP/1.
    Bytes,
    /// Frames without content, in HTTP/2.
    Frames,
}

/// The count of one stream, shared by its reader and its connection.
#[derive(Debug)]
pub(super) struct Toll {
    counted: Counted,
    left: AtomicUsize,
    is_passed: AtomicBool,
}

impl Toll {
    pub(super) fn new(counted: Counted) -> Arc<Self> {
        Arc::new(Self { counted, left: AtomicUsize::new(usize::MAX), is_passed: AtomicBool::new(false) })
    }

    /// Starts the count: a request is about to be sent.
    pub(super) fn begin(&self) {
        let most = match self.counted {
            Counted::Bytes => MOST_BEFORE_HEAD,
            Counted::Frames => MOST_IDLE_FRAMES,
        };
        self.left.store(most, Ordering::Relaxed);
    }

    /// Ends the count for HTTP/1 when the head is complete. The body that follows has a limit of its own.
    pub(super) fn head_is_there(&self) {
        if self.counted == Counted::Bytes {
            self.left.store(usize::MAX, Ordering::Relaxed);
        }
    }

    /// Returns what the server did, if it exceeded the limit.
    pub(super) fn passed(&self) -> Option<String> {
        self.is_passed.load(Ordering::Relaxed).then(|| match self.counted {
            Counted::Bytes => format!(
                "the server sends interim answers (1xx) or headers without end: more than {MOST_BEFORE_HEAD} bytes before \
                 the answer"
            ),
            Counted::Frames => format!(
                "the server sends HTTP/2 frames without content (WINDOW_UPDATE, PING and the like) without end: more \
                 than {MOST_IDLE_FRAMES} with one answer"
            ),
        })
    }

    fn pay(&self, amount: usize) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        if amount == 0 || left == usize::MAX {
            return Ok(());
        }
        if amount > left {
            self.is_passed.store(true, Ordering::Relaxed);
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server sends too much in addition to the page",
            ));
        }
        self.left.store(left - amount, Ordering::Relaxed);
        Ok(())
    }
}

/// A stream that counts what a server sends.
#[derive(Debug)]
pub(super) struct Guard {
    stream: Stream,
    toll: Arc<Toll>,
    frames: Frames,
}

/// A connection with or without TLS.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Guard {
    pub(super) fn new(stream: Stream, toll: Arc<Toll>) -> Self {
        Self { stream, toll, frames: Frames::default() }
    }
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        if let Poll::Ready(Ok(())) = polled {
            let came = buf.filled().get(before..).unwrap_or_default();
            let amount = match self.toll.counted {
                Counted::Bytes => came.len(),
                Counted::Frames => self.frames.idle_in(came),
            };
            self.toll.pay(amount)?;
        }
        polled
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

/// Length of the header of each frame.
const FRAME_HEADER: usize = 9;

/// The type of frames that carry a page.
const DATA: u8 = 0;

/// The position of a stream among the frames of HTTP/2.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; FRAME_HEADER],
    /// Bytes of the header that have arrived.
    came: usize,
    /// Bytes of the frame that have not arrived yet.
    left: usize,
}

impl Frames {
    /// Counts the frames without content whose headers end in `bytes`; `bytes` continue those of the last call.
    fn idle_in(&mut self, mut bytes: &[u8]) -> usize {
        let mut idle = 0;
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let (slots, mut read) = (self.header.iter_mut().skip(self.came), 0);
            for (slot, byte) in slots.zip(bytes) {
                *slot = *byte;
                read += 1;
            }
            self.came += read;
            bytes = bytes.get(read..).unwrap_or_default();
            if self.came == FRAME_HEADER {
                let [a, b, c, kind, ..] = self.header;
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
                idle += usize::from(kind != DATA || self.left == 0);
                self.came = 0;
            }
        }
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, length: usize) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
        [a, b, c, kind, 0, 0, 0, 0, 1].into_iter().chain(std::iter::repeat_n(8, length)).collect()
    }

    #[test]
    fn frames_without_content_are_counted_however_the_network_cuts_them() {
        let (data, empty, update, ping) = (frame(DATA, 300), frame(DATA, 0), frame(8, 4), frame(6, 8));
        let bytes = [&data, &update, &empty, &data, &ping, &data].map(|part| part.as_slice()).concat();
        for cut in 1..bytes.len() {
            let mut frames = Frames::default();
            assert_eq!(bytes.chunks(cut).map(|part| frames.idle_in(part)).sum::<usize>(), 3, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_fails_when_its_server_has_sent_too_much_before_the_answer_and_not_in_it() {
        let toll = Toll::new(Counted::Bytes);
        toll.begin();
        toll.pay(MOST_BEFORE_HEAD).unwrap();
        assert_eq!(toll.passed(), None);
        toll.pay(1).unwrap_err();
        assert!(toll.passed().unwrap().contains("1xx"));
        let toll = Toll::new(Counted::Bytes);
        toll.begin();
        toll.head_is_there();
        toll.pay(usize::MAX).unwrap();
    }

    #[test]
    fn frames_are_counted_until_the_next_request() {
        let toll = Toll::new(Counted::Frames);
        for _ in 0..3 {
            toll.begin();
            toll.head_is_there();
            toll.pay(MOST_IDLE_FRAMES).unwrap();
        }
        toll.pay(1).unwrap_err();
        assert!(toll.passed().unwrap().contains("WINDOW_UPDATE"));
    }
}
