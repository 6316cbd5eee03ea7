//! HTTP/1.1 without TLS and proxy, by hyper, at the least cost.
//!
//! Knows connections and messages. A connection has no task of its own: whoever waits for an answer drives it, so that
//! bytes cross from no thread to another on their way. One that the server has closed while it waited for its
//! next request is replaced, once, by a new one: our requests change nothing, so sending one twice harms nobody.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::url::{Position, Url};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Empty;
use hyper::StatusCode;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::response::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::rt::TokioIo;
use reqwest::cookie::CookieStore;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use crate::fetch::cookies::Cookies;
use crate::fetch::settings::FetchSettings;
use crate::fetch::transport::{self, Cause, Stage, Unresolved};
use crate::fetch::url;

use super::pool::Pool;
use super::{Fault, broken};

/// A line that is silent for so long is asked whether it still stands; so often, at such distances.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_TRIES: u32 = 3;

/// Pieces of a body that nobody wants, read to keep the connection.
const MOST_LEFT: usize = 4;

/// See the module docs.
#[derive(Debug)]
pub(super) struct Plain {
    connector: HttpConnector<Names>,
    connect_timeout: Duration,
    pool: Arc<Pool<Connection>>,
}

/// One connection to a server.
#[derive(Debug)]
struct Connection {
    sender: http1::SendRequest<Empty<Bytes>>,
    /// Until it has ended.
    line: Option<http1::Connection<TokioIo<TcpStream>, Empty<Bytes>>>,
}

/// The head of an answer; its body is read piece by piece.
pub(in crate::fetch) struct Response {
    head: Parts,
    body: Incoming,
    /// Until the body has ended.
    connection: Option<Connection>,
    pool: Arc<Pool<Connection>>,
    host: String,
}

impl Plain {
    pub(super) fn new(settings: &FetchSettings, idle: Duration) -> Self {
        let mut connector = HttpConnector::new_with_resolver(Names(GaiResolver::new()));
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect_timeout));
        connector.set_keepalive(Some(KEEP_ALIVE));
        connector.set_keepalive_interval(Some(KEEP_ALIVE));
        connector.set_keepalive_retries(Some(KEEP_ALIVE_TRIES));
        let pool = Arc::new(Pool::new(settings.parallelism.get(), idle));
        Self { connector, connect_timeout: settings.connect_timeout, pool }
    }

    /// Asks for the page at `url`, with these headers and those that the URL and the cookies give.
    pub(super) async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        cookies: Option<&Cookies>,
    ) -> Result<Response, Fault> {
        // User info is no part of it, and a port only where it is not 80.
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let request = request(url, host, headers, cookies)?;
        let (connection, answer) = match self.waiting(host).await {
            None => self.ask_anew(host, request).await?,
            Some(mut connection) => match connection.ask(request.clone()).await {
                Ok(answer) => (connection, answer),
                Err(Fault::Broken(Cause::Closed, _)) => self.ask_anew(host, request).await?,
                Err(fault) => return Err(fault),
            },
        };
        let (head, body) = answer.into_parts();
        if let Some(cookies) = cookies {
            let mut set = head.headers.get_all(header::SET_COOKIE).iter().peekable();
            if set.peek().is_some() {
                cookies.set_cookies(&mut set, url);
            }
        }
        let (pool, host) = (Arc::clone(&self.pool), host.to_owned());
        Ok(Response { head, body, connection: Some(connection), pool, host })
    }

    /// A connection to `host` that waited and is still open.
    async fn waiting(&self, host: &str) -> Option<Connection> {
        loop {
            let mut connection = self.pool.take(host)?;
            if poll_fn(|cx| Poll::Ready(connection.is_ready(cx))).await {
                return Some(connection);
            }
        }
    }

    async fn ask_anew(&self, host: &str, request: Question) -> Result<(Connection, Answer), Fault> {
        let mut connection = self.connect(host).await?;
        let answer = connection.ask(request).await?;
        Ok((connection, answer))
    }

    async fn connect(&self, host: &str) -> Result<Connection, Fault> {
        let place: Uri = format!("http://{host}").parse().map_err(|error| invalid(&error))?;
        let connected = timeout(self.connect_timeout, self.connector.clone().call(place));
        let stream = connected.await.map_err(|_| Fault::ConnectTime)?.map_err(|error| {
            let is_late = transport::io_kinds(&error).any(|kind| kind == io::ErrorKind::TimedOut);
            if is_late { Fault::ConnectTime } else { broken(&error, Stage::Connect) }
        })?;
        let shaken = http1::handshake(stream).await;
        let (sender, line) = shaken.map_err(|error| broken(&error, Stage::Connect))?;
        Ok(Connection { sender, line: Some(line) })
    }
}

type Question = Request<Empty<Bytes>>;
type Answer = hyper::Response<Incoming>;

impl Connection {
    /// Sends a request; the head of the answer to it.
    async fn ask(&mut self, request: Question) -> Result<Answer, Fault> {
        let mut answer = pin!(self.sender.send_request(request));
        poll_fn(|cx| {
            let is_open = drive(&mut self.line, cx);
            match answer.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(answer.map_err(|error| broken(&error, Stage::Head))),
                Poll::Pending if is_open => Poll::Pending,
                Poll::Pending => Poll::Ready(Err(closed())),
            }
        })
        .await
    }

    /// Whether it can carry another request.
    fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.line, cx) && self.sender.is_ready()
    }
}

/// Lets a connection read and write what it can. Whether it is still open; what it ends of is told to those who wait
/// for an answer or a body.
fn drive<L: Future + Unpin>(line: &mut Option<L>, cx: &mut Context<'_>) -> bool {
    let has_ended = line.as_mut().is_none_or(|open| Pin::new(open).poll(cx).is_ready());
    if has_ended {
        *line = None;
    }
    !has_ended
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// Keeps the connection, if what is left of the body is here already.
    pub(super) async fn leave(mut self) {
        poll_fn(|cx| {
            for _ in 0..MOST_LEFT {
                if !matches!(self.poll_piece(cx), Poll::Ready(Ok(Some(_)))) {
                    break;
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            match self.poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.keep_connection(cx);
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault)),
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are nothing to us.
                    if let Ok(piece) = frame.into_data() {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
            }
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let mut frame = Pin::new(&mut self.body).poll_frame(cx);
        let mut is_open = true;
        if frame.is_pending() {
            is_open = self.connection.as_mut().is_some_and(|connection| drive(&mut connection.line, cx));
            // What the line has brought just now; where there is nothing, the line wakes us.
            frame = Pin::new(&mut self.body).poll_frame(cx);
        }
        match frame {
            Poll::Pending if !is_open => Poll::Ready(Some(Err(closed()))),
            frame => frame.map_err(|error| broken(&error, Stage::Body)),
        }
    }

    fn keep_connection(&mut self, cx: &mut Context<'_>) {
        if let Some(mut connection) = self.connection.take()
            && connection.is_ready(cx)
        {
            self.pool.put(&self.host, connection);
        }
    }
}

fn request(
    url: &Url,
    host: &str,
    mut headers: HeaderMap,
    cookies: Option<&Cookies>,
) -> Result<Question, Fault> {
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let target: PathAndQuery = target.parse().map_err(|error| invalid(&error))?;
    headers.insert(header::HOST, HeaderValue::from_str(host).map_err(|error| invalid(&error))?);
    if let Some(authorization) = authorization(url) {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    if let Some(cookie) = cookies.and_then(|cookies| cookies.cookies(url)) {
        headers.insert(header::COOKIE, cookie);
    }
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = Uri::from(target);
    *request.headers_mut() = headers;
    Ok(request)
}

/// The user info of a URL, as servers want it.
fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let (name, password) = (url::decoded(url.username())?, url::decoded(url.password().unwrap_or_default())?);
    let code = BASE64_STANDARD.encode(format!("{name}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {code}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn invalid(error: &dyn Error) -> Fault {
    Fault::Url(error.to_string())
}

fn closed() -> Fault {
    Fault::Broken(Cause::Closed, "the connection has ended".to_owned())
}

/// The system's name service, whose errors are told from those of connections.
#[derive(Debug, Clone)]
struct Names(GaiResolver);

impl Service<Name> for Names {
    type Response = GaiAddrs;
    type Error = Unresolved;
    type Future = BoxFuture<'static, Result<GaiAddrs, Unresolved>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.0.poll_ready(cx).map_err(Unresolved)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.0.call(name);
        Box::pin(async move { addresses.await.map_err(Unresolved) })
    }
}
