//! A stream to a proven peer. One that the peer opened holds a place among those that are granted to it.
//!
//! It ends with its connection: yamux leaves those who read from a connection that *we* have closed waiting for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A stream to a proven peer. Dropping it closes it and gives its place back.
#[derive(Debug)]
pub(crate) struct Stream {
    bytes: Compat<libp2p::Stream>,
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Stream {
    /// A stream of the connection that is there until `gone`.
    pub(super) fn new(
        stream: libp2p::Stream,
        gone: CancellationToken,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { bytes: stream.compat(), gone: Box::pin(gone.cancelled_owned()), _place: place }
    }

    /// What would have to be waited for is an error once the connection is gone.
    fn unless_gone<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_pending() && self.gone.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        poll
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.bytes).poll_read(cx, into);
        self.unless_gone(cx, poll)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.bytes).poll_write(cx, from);
        self.unless_gone(cx, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.bytes).poll_flush(cx);
        self.unless_gone(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.bytes).poll_shutdown(cx);
        self.unless_gone(cx, poll)
    }
}
