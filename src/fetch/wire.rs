//! One request over the wire, whichever client carries it.
//!
//! Knows two clients: [`Direct`], and [`Proxied`] if a proxy is set. Both send the same headers and keep the same
//! cookies. Does not interpret answers: [`super::http`] handles redirects, statuses and bodies.

mod connection;
mod direct;
mod guard;
mod pool;
mod proxied;

use std::sync::Arc;
use std::time::Duration;

use ::url::Url;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, GetAll, HeaderMap, HeaderName, HeaderValue};

use tokio::sync::OwnedSemaphorePermit;

use crate::fetch::coding;
use crate::fetch::cookies::Cookies;
use crate::fetch::settings::FetchSettings;
use crate::fetch::transport::{self, Cause, Stage};

use direct::Direct;
use proxied::Proxied;

/// What we like to get. Servers that choose by this header choose HTML.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Time that an idle connection is kept for the next request, beyond the delay between two requests.
const IDLE_CONNECTION: Duration = Duration::from_secs(5);
const LONGEST_IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The client cannot be made.
    Client(String),
    /// The system has no certificates, and so no https site can be trusted.
    NoCertificates(String),
    /// The URL cannot be asked for.
    Url(String),
    /// No connection within its time.
    ConnectTime,
    /// A further connection is not possible now: the request was not sent and can be tried again.
    Lacks(Lack),
    /// The line, or what came over it.
    Broken(Cause, String),
}

/// The reason why a further connection is not possible.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lack {
    /// All allowed connections are in use.
    Place,
    /// All descriptors of the system are in use.
    Descriptor,
}

/// The permit for one more connection, where the request has one already.
pub(super) type Room = Option<OwnedSemaphorePermit>;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Wire {
    /// What goes with each request.
    headers: HeaderMap,
    cookies: Option<Arc<Cookies>>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Direct(Box<Direct>),
    Proxied(Box<Proxied>),
}

/// The head of an answer, with its body to come.
pub(super) enum Response {
    Direct(Box<direct::Response>),
    Proxied(reqwest::Response),
}

impl Wire {
    pub(super) fn new(settings: &FetchSettings, user_agent: HeaderValue) -> Self {
        let headers = HeaderMap::from_iter([
            (header::USER_AGENT, user_agent),
            (header::ACCEPT, HeaderValue::from_static(ACCEPT)),
            (header::ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPT_ENCODING)),
        ]);
        let cookies: Option<Arc<Cookies>> = settings.cookies.then(Arc::default);
        let idle = idle_time(settings);
        let way = match settings.proxy.clone() {
            None => Way::Direct(Box::new(Direct::new(settings, idle))),
            Some(proxy) => {
                let (headers, cookies) = (headers.clone(), cookies.clone());
                Way::Proxied(Box::new(Proxied::new(settings, proxy, headers, cookies, idle)))
            }
        };
        Self { headers, cookies, way }
    }

    /// Asks for the page at `url`, with the room for a connection that [`Wire::room`] may have given. The future may be
    /// dropped at any moment.
    pub(super) async fn get(&self, url: &Url, room: Room) -> Result<Response, Fault> {
        match &self.way {
            Way::Direct(direct) => {
                let response = direct.get(url, self.headers.clone(), self.cookies.as_deref(), room).await?;
                Ok(Response::Direct(Box::new(response)))
            }
            Way::Proxied(proxied) => proxied.get(url).await.map(Response::Proxied),
        }
    }

    /// Waits until a further connection may be possible. Returns the room for it, or none if an idle connection may make
    /// room.
    pub(super) async fn room(&self) -> Room {
        match &self.way {
            Way::Direct(direct) => direct.room().await,
            Way::Proxied(_) => None,
        }
    }

    /// Closes idle connections, because descriptors are short.
    pub(super) fn give_up_waiting(&self) {
        match &self.way {
            Way::Direct(direct) => direct.give_up_waiting(),
            Way::Proxied(proxied) => proxied.give_up_waiting(),
        }
    }
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Direct(response) => response.status(),
            Self::Proxied(response) => response.status(),
        }
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<&HeaderValue> {
        self.headers().get(name)
    }

    /// Returns all lines of a header.
    pub(super) fn all(&self, name: HeaderName) -> GetAll<'_, HeaderValue> {
        self.headers().get_all(name)
    }

    fn headers(&self) -> &HeaderMap {
        match self {
            Self::Direct(response) => response.headers(),
            Self::Proxied(response) => response.headers(),
        }
    }

    /// A header that is text; others are as if they were not there.
    pub(super) fn text(&self, name: HeaderName) -> Option<&str> {
        self.header(name)?.to_str().ok()
    }

    /// The bytes that the body will have as it is sent, where the server says so.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Direct(response) => response.length(),
            Self::Proxied(response) => response.content_length(),
        }
    }

    /// Ends an answer whose body is not wanted.
    pub(super) async fn leave(self) {
        match self {
            Self::Direct(response) => response.leave().await,
            Self::Proxied(response) => drop(response),
        }
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Direct(response) => response.piece().await,
            Self::Proxied(response) => {
                response.chunk().await.map_err(|error| broken(&error.without_url(), Stage::Body))
            }
        }
    }
}

fn idle_time(settings: &FetchSettings) -> Duration {
    settings.delay.saturating_add(IDLE_CONNECTION).min(LONGEST_IDLE_CONNECTION)
}

fn broken(error: &(dyn std::error::Error + 'static), stage: Stage) -> Fault {
    Fault::Broken(transport::cause(error, stage), transport::condensed(error))
}
