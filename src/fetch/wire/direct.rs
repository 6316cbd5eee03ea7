//! Requests to servers without a proxy, at the lowest cost.
//!
//! Knows hosts, their connections and the limit of connections: one budget of descriptors for http and https. When the
//! budget is used up, the connection that was idle longest is closed. If the server closed a connection while it was idle,
//! one new connection replaces it: our requests change nothing, so a second one does no harm.

use std::borrow::Cow;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use ::url::{Position, Url};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Empty;
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::response::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use reqwest::cookie::CookieStore;
use rustls::pki_types::ServerName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::fetch::cookies::Cookies;
use crate::fetch::descriptors;
use crate::fetch::settings::FetchSettings;
use crate::fetch::tls::Tls;
use crate::fetch::transport::{self, Cause, Stage, Unresolved};
use crate::fetch::url;

use super::connection::{Answer, Connection, Question, closed};
use super::guard::Stream;
use super::pool::Pool;
use super::{Fault, Lack, Room, broken};

/// TCP keep-alive: idle time before the first probe, and the interval and number of probes.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_TRIES: u32 = 3;

/// Pieces of an unwanted body that are read to keep the connection.
const MOST_LEFT: usize = 4;

/// Most idle connections; each takes memory besides its descriptor.
const MOST_WAITING: usize = 1024;

/// Connections that are closed at once when all descriptors of the system are in use.
const GIVEN_UP: usize = 32;

/// Requests to servers without a proxy.
#[derive(Debug)]
pub(super) struct Direct {
    connector: HttpConnector<Names>,
    connect_timeout: Duration,
    pool: Arc<Pool<Connection>>,
    /// One permit for each connection; counted when the first one is made, because others open what they need before that.
    places: OnceLock<Arc<Semaphore>>,
    /// Made at the first https URL: reading the system's certificates takes longer than many a run over files.
    tls: OnceLock<Result<Secure, String>>,
}

/// The TLS connector, and the reason if the system does not have certificates to trust.
struct Secure {
    connector: TlsConnector,
    no_certificates: Option<String>,
}

/// The server that a request goes to.
struct Place<'a> {
    /// Host, and port if it is not the default.
    host: &'a str,
    url: &'a Url,
}

/// The head of an answer; the caller reads its body piece by piece.
pub(in crate::fetch) struct Response {
    head: Parts,
    body: Incoming,
    /// `None` after the end of the body.
    connection: Option<Connection>,
    pool: Arc<Pool<Connection>>,
    key: String,
}

impl Direct {
    pub(super) fn new(settings: &FetchSettings, idle: Duration) -> Self {
        let mut connector = HttpConnector::new_with_resolver(Names(GaiResolver::new()));
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect_timeout));
        connector.set_keepalive(Some(KEEP_ALIVE));
        connector.set_keepalive_interval(Some(KEEP_ALIVE));
        connector.set_keepalive_retries(Some(KEEP_ALIVE_TRIES));
        Self {
            connector,
            connect_timeout: settings.connect_timeout,
            pool: Arc::new(Pool::new(settings.parallelism.get(), MOST_WAITING, idle)),
            places: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    /// Requests the page at `url`, with these headers and those that follow from the URL and the cookies. A new connection
    /// takes `room`.
    pub(super) async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        cookies: Option<&Cookies>,
        room: Room,
    ) -> Result<Response, Fault> {
        let place = Place::of(url);
        let key = place.key();
        let question = question(&place, headers, cookies)?;
        let (connection, answer) = match self.waiting(&key).await {
            None => self.ask_anew(&place, question, room).await?,
            Some(mut connection) => match connection.ask(question.clone()).await {
                Ok(answer) => (connection, answer),
                Err(Fault::Broken(Cause::Closed, _)) => {
                    drop(connection);
                    self.ask_anew(&place, question, room).await?
                }
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
        let (pool, key) = (Arc::clone(&self.pool), key.into_owned());
        Ok(Response { head, body, connection: Some(connection), pool, key })
    }

    /// Closes idle connections, because descriptors are short.
    pub(super) fn give_up_waiting(&self) {
        for _ in 0..GIVEN_UP {
            if !self.pool.close_oldest() {
                break;
            }
        }
    }

    /// Waits until a connection is closed, and returns its permit; or until one becomes idle and can be closed. Permits go
    /// to those who wait, in order: a request that gave its permit back to ask again would find it with the next one.
    pub(super) async fn room(&self) -> Room {
        let places = self.places.get()?;
        tokio::select! {
            place = Arc::clone(places).acquire_owned() => place.ok(),
            () = self.pool.one_came() => None,
        }
    }

    /// Returns an idle connection that is still open.
    async fn waiting(&self, key: &str) -> Option<Connection> {
        loop {
            let mut connection = self.pool.take(key)?;
            if poll_fn(|cx| Poll::Ready(connection.is_ready(cx))).await {
                return Some(connection);
            }
        }
    }

    async fn ask_anew(
        &self,
        place: &Place<'_>,
        question: Question,
        room: Room,
    ) -> Result<(Connection, Answer), Fault> {
        let mut connection = self.connect(place, room).await?;
        let answer = connection.ask(question).await?;
        Ok((connection, answer))
    }

    async fn connect(&self, place: &Place<'_>, room: Room) -> Result<Connection, Fault> {
        let tls = if place.is_secure() { Some(self.tls()?) } else { None };
        let permit = room.map_or_else(|| self.place(), Ok)?;
        let connected = timeout(self.connect_timeout, self.line(place, tls));
        let stream = connected.await.map_err(|_| Fault::ConnectTime)??;
        Connection::begin(stream, permit).await
    }

    /// Returns a permit for one more connection; closes an idle connection if no permit is free. The permit of an HTTP/2
    /// connection is free a moment later, so that the caller has to wait for it: closing further ones would not help.
    fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let places = self.places.get_or_init(|| Arc::new(Semaphore::new(descriptors::for_connections())));
        let free = || Arc::clone(places).try_acquire_owned().ok();
        let place = free().or_else(|| if self.pool.close_oldest() { free() } else { None });
        place.ok_or(Fault::Lacks(Lack::Place))
    }

    async fn line(&self, place: &Place<'_>, tls: Option<&Secure>) -> Result<Stream, Fault> {
        let stream = self.connector.clone().call(place.uri()?).await.map_err(|error| unconnected(&error))?;
        let stream = stream.into_inner();
        let Some(tls) = tls else { return Ok(Stream::Plain(stream)) };
        let name = place.server_name()?;
        let secured = tls.connector.connect(name, stream).await.map_err(|error| unconnected(&error))?;
        Ok(Stream::Tls(Box::new(secured)))
    }

    fn tls(&self) -> Result<&Secure, Fault> {
        let tls = self.tls.get_or_init(|| {
            let tls = Tls::new().map_err(|error| error.to_string())?;
            Ok(Secure {
                connector: TlsConnector::from(Arc::new(tls.config)),
                no_certificates: tls.no_certificates,
            })
        });
        match tls {
            Err(reason) => Err(Fault::Client(reason.clone())),
            Ok(Secure { no_certificates: Some(reason), .. }) => Err(Fault::NoCertificates(reason.clone())),
            Ok(tls) => Ok(tls),
        }
    }
}

impl<'a> Place<'a> {
    fn of(url: &'a Url) -> Self {
        // User info does not belong to it, and a port only if it is not the default.
        Self { host: &url[Position::BeforeHost..Position::AfterPort], url }
    }

    fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The pool key of its connections: connections with TLS have keys of their own.
    fn key(&self) -> Cow<'a, str> {
        if self.is_secure() { format!("tls:{}", self.host).into() } else { self.host.into() }
    }

    /// The URL for the connector, which only makes connections without TLS.
    fn uri(&self) -> Result<Uri, Fault> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        let host = self.url.host_str().unwrap_or_default();
        format!("http://{host}:{port}").parse().map_err(|error| invalid(&error))
    }

    fn server_name(&self) -> Result<ServerName<'static>, Fault> {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        ServerName::try_from(host.to_owned()).map_err(|error| invalid(&error))
    }
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

    /// Keeps the connection if the rest of the body is here already, or need not be read.
    pub(super) async fn leave(mut self) {
        poll_fn(|cx| {
            for _ in 0..MOST_LEFT {
                if !matches!(self.poll_piece(cx), Poll::Ready(Ok(Some(_)))) {
                    break;
                }
            }
            if self.connection.as_ref().is_some_and(Connection::may_leave_bodies) {
                self.keep_connection(cx);
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
                Poll::Ready(Some(Err(fault))) => {
                    let told = self.connection.take().map(|connection| connection.told(fault));
                    return Poll::Ready(Err(told.unwrap_or_else(closed)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are ignored.
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
            is_open = self.connection.as_mut().is_some_and(|connection| connection.go_on(cx));
            // Polls again what the connection has just read; if that is nothing, the connection wakes this task later.
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
            self.pool.put(&self.key, connection);
        }
    }
}

fn question(place: &Place<'_>, mut headers: HeaderMap, cookies: Option<&Cookies>) -> Result<Question, Fault> {
    let url = place.url;
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let target: PathAndQuery = target.parse().map_err(|error| invalid(&error))?;
    headers.insert(header::HOST, HeaderValue::from_str(place.host).map_err(|error| invalid(&error))?);
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

/// Returns the user info of a URL as a header value.
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

/// Returns why the connection failed.
fn unconnected(error: &(dyn Error + 'static)) -> Fault {
    if transport::io_errors(error).any(descriptors::are_used_up) {
        return Fault::Lacks(Lack::Descriptor);
    }
    let is_late = transport::io_errors(error).any(|error| error.kind() == io::ErrorKind::TimedOut);
    if is_late { Fault::ConnectTime } else { broken(error, Stage::Connect) }
}

impl std::fmt::Debug for Secure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secure").field("no_certificates", &self.no_certificates).finish_non_exhaustive()
    }
}

/// The system's name service. Its own error type distinguishes its errors from those of connections.
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

#[cfg(test)]
mod tests;
