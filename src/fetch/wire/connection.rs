//! One connection to a server, by hyper.
//!
//! Knows messages of HTTP/1.1 and HTTP/2, one at a time. An HTTP/1.1 connection does not have a task of its own: the caller
//! that waits for an answer drives it, so that the bytes do not cross from one thread to another. An HTTP/2 connection has
//! tasks, as hyper requires. They end soon after it, and its descriptor and permit are free when they have ended.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header;
use hyper::http::uri::Scheme;
use hyper::rt::Executor;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::fetch::transport::{Cause, Stage};

use super::guard::{Counted, Guard, Stream, Toll};
use super::{Fault, broken};

/// A request in the form of HTTP/1.1: the host is a header.
pub(super) type Question = Request<Empty<Bytes>>;

/// The head of an answer; its body follows.
pub(super) type Answer = hyper::Response<Incoming>;

/// Time that an HTTP/2 connection has to send its last frames when it is no longer needed.
const FAREWELL: Duration = Duration::from_secs(2);

/// One connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    line: Line,
    toll: Arc<Toll>,
}

#[derive(Debug)]
enum Line {
    One {
        sender: http1::SendRequest<Empty<Bytes>>,
        /// `None` after the end of the connection.
        driver: Option<Box<http1::Connection<TokioIo<Guard>, Empty<Bytes>>>>,
        /// Its permit for a descriptor.
        _place: OwnedSemaphorePermit,
    },
    Two {
        sender: http2::SendRequest<Empty<Bytes>>,
        /// Its tasks end soon after this is dropped.
        _owner: watch::Sender<()>,
    },
}

/// The tasks of an HTTP/2 connection. They hold its permit, because they hold its descriptor.
#[derive(Debug, Clone)]
struct Tasks {
    owner: watch::Receiver<()>,
    place: Arc<OwnedSemaphorePermit>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        tokio::spawn(self.clone().drive(task));
    }
}

impl Tasks {
    /// Drives a task to its end, or until a short time after the owner has gone: a task ends only after it has sent
    /// everything, and a server that does not read would keep it and its descriptor for ever.
    async fn drive(mut self, task: impl Future<Output = ()>) {
        let mut task = pin!(task);
        tokio::select! {
            () = &mut task => return,
            // Nothing is ever sent: this is the end of the sender.
            _ = self.owner.changed() => {}
        }
        let _in_time = timeout(FAREWELL, task).await;
        drop(self.place);
    }
}

impl Connection {
    /// Begins HTTP on an open stream: HTTP/2 if both sides agreed on it, else HTTP/1.1.
    pub(super) async fn begin(stream: Stream, place: OwnedSemaphorePermit) -> Result<Self, Fault> {
        let failed = |error: hyper::Error| broken(&error, Stage::Connect);
        if !speaks_two(&stream) {
            let toll = Toll::new(Counted::Bytes);
            let line = TokioIo::new(Guard::new(stream, Arc::clone(&toll)));
            let (sender, driver) = http1::handshake(line).await.map_err(failed)?;
            let line = Line::One { sender, driver: Some(Box::new(driver)), _place: place };
            return Ok(Self { line, toll });
        }
        Self::begin_two(stream, place).await
    }

    async fn begin_two(stream: Stream, place: OwnedSemaphorePermit) -> Result<Self, Fault> {
        let failed = |error: hyper::Error| broken(&error, Stage::Connect);
        let toll = Toll::new(Counted::Frames);
        let line = TokioIo::new(Guard::new(stream, Arc::clone(&toll)));
        let (owner, receiver) = watch::channel(());
        let tasks = Tasks { owner: receiver, place: Arc::new(place) };
        let (sender, driver) = http2::handshake(tasks.clone(), line).await.map_err(failed)?;
        // The driver ends when the sender is gone; those who wait for an answer or a body get its error.
        tasks.execute(async move { drop(driver.await) });
        Ok(Self { line: Line::Two { sender, _owner: owner }, toll })
    }

    /// Sends a request and returns the head of its answer.
    pub(super) async fn ask(&mut self, question: Question) -> Result<Answer, Fault> {
        self.toll.begin();
        let answer = match &mut self.line {
            Line::One { sender, driver, .. } => {
                let mut answer = pin!(sender.send_request(question));
                poll_fn(|cx| {
                    let is_open = drive(driver, cx);
                    match answer.as_mut().poll(cx) {
                        Poll::Ready(answer) => {
                            Poll::Ready(answer.map_err(|error| broken(&error, Stage::Head)))
                        }
                        Poll::Pending if is_open => Poll::Pending,
                        Poll::Pending => Poll::Ready(Err(closed())),
                    }
                })
                .await
            }
            Line::Two { sender, .. } => {
                let answer = sender.send_request(of_two(question)?).await;
                answer.map_err(|error| broken(&error, Stage::Head))
            }
        };
        self.toll.head_is_there();
        answer.map_err(|fault| self.told(fault))
    }

    /// Whether it can carry another request.
    pub(super) fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.line {
            Line::One { sender, driver, .. } => drive(driver, cx) && sender.is_ready(),
            Line::Two { sender, .. } => sender.is_ready(),
        }
    }

    /// Whether it can carry another request before a body has been read to its end.
    pub(super) fn may_leave_bodies(&self) -> bool {
        matches!(self.line, Line::Two { .. })
    }

    /// Reads and writes what it can. Returns whether more may come.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.line {
            Line::One { driver, .. } => drive(driver, cx),
            // Its own task does that, and the body gets its error.
            Line::Two { .. } => true,
        }
    }

    /// Returns the fault, or what the server did to cause it.
    pub(super) fn told(&self, fault: Fault) -> Fault {
        match self.toll.passed() {
            Some(reason) => Fault::Broken(Cause::Protocol, reason),
            None => fault,
        }
    }
}

/// Whether both sides agreed on HTTP/2; only TLS allows that.
fn speaks_two(stream: &Stream) -> bool {
    match stream {
        Stream::Plain(_) => false,
        Stream::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
    }
}

/// Returns the request in the form of HTTP/2: the host is part of the URL, which is always https here.
fn of_two(mut question: Question) -> Result<Question, Fault> {
    let host = question.headers_mut().remove(header::HOST);
    let mut parts = std::mem::take(question.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = host.as_ref().and_then(|host| host.as_bytes().try_into().ok());
    *question.uri_mut() = Uri::from_parts(parts).map_err(|error| Fault::Url(error.to_string()))?;
    Ok(question)
}

/// Drives a connection: reads and writes what it can. Returns whether it is still open; those who wait for an answer or a
/// body get its error.
fn drive<L: Future + Unpin>(line: &mut Option<L>, cx: &mut Context<'_>) -> bool {
    let has_ended = line.as_mut().is_none_or(|open| Pin::new(open).poll(cx).is_ready());
    if has_ended {
        *line = None;
    }
    !has_ended
}

pub(super) fn closed() -> Fault {
    Fault::Broken(Cause::Closed, "the connection has ended".to_owned())
}

#[cfg(test)]
pub(super) mod tests;
