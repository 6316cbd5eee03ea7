//! A stream over the simulated network, as one of its ends sees it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::network::Switch;

/// Bytes that may be on their way before a writer has to wait.
const WINDOW: usize = 256 << 10;

/// Bytes of one packet at most.
const PACKET: usize = 16 << 10;

/// One end of a stream over the simulated network.
pub(super) struct SimulatedStream {
    pub(super) switch: Switch,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl AsyncRead for SimulatedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.switch.0.lock();
        let Some(pipe) = state.pipes.get_mut(&self.reads) else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        };
        if !pipe.arrived.is_empty() {
            let count = buffer.remaining().min(pipe.arrived.len());
            for byte in pipe.arrived.drain(..count) {
                buffer.put_slice(&[byte]);
            }
            return Poll::Ready(Ok(()));
        }
        if pipe.is_broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if pipe.has_ended {
            return Poll::Ready(Ok(()));
        }
        let before = pipe.reader.replace(context.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl AsyncWrite for SimulatedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.switch.0.lock();
        let Some(last) = state.pipes.get(&self.writes).map(|pipe| pipe.packets.back().map(|(due, _)| *due))
        else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let due = state.arrival(last);
        let Some(pipe) = state.pipes.get_mut(&self.writes) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        if pipe.is_broken || pipe.ends.is_some() || pipe.is_unread {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if pipe.on_the_way >= WINDOW {
            let before = pipe.writer.replace(context.waker().clone());
            drop(state);
            drop(before);
            return Poll::Pending;
        }
        let count = bytes.len().min(PACKET);
        pipe.on_the_way += count;
        pipe.packets.push_back((due, bytes[..count].to_vec()));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

impl SimulatedStream {
    /// Writes no more.
    fn close(&self) {
        let mut state = self.switch.0.lock();
        let Some(pipe) = state.pipes.get(&self.writes) else { return };
        if pipe.ends.is_some() {
            return;
        }
        let due = state.closed(true, pipe);
        if let Some(pipe) = state.pipes.get_mut(&self.writes) {
            pipe.ends = Some(due);
        }
    }
}

impl Drop for SimulatedStream {
    fn drop(&mut self) {
        self.close();
        let mut state = self.switch.0.lock();
        let Some(pipe) = state.pipes.get(&self.reads) else { return };
        let due = state.closed(false, pipe);
        if let Some(pipe) = state.pipes.get_mut(&self.reads) {
            pipe.unread = Some(due);
        }
    }
}
