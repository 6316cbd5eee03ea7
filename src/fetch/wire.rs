//! One request over the wire, whichever client carries it.
//!
//! Knows two clients: reqwest for TLS, HTTP/2 and proxies, and [`Plain`] for everything else, which takes far less of
//! the processor for a page. Both send the same headers and keep the same cookies. Does not know what an answer means:
//! redirects, statuses and bodies are the matter of [`super::http`].

mod plain;
mod pool;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::url::Url;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::Client;

use crate::fetch::coding;
use crate::fetch::cookies::Cookies;
use crate::fetch::settings::FetchSettings;
use crate::fetch::tls::Tls;
use crate::fetch::transport::{self, Cause, Stage};

use plain::Plain;

/// What we like to get. Servers that choose by this header choose HTML.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// How long a connection is kept for the next request, beyond the delay between two requests. Longer, and a
/// crawl over many hosts runs out of descriptors.
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
    /// The line, or what came over it.
    Broken(Cause, String),
}

/// Sends requests.
#[derive(Debug)]
pub(super) struct Wire {
    /// What goes with each request.
    headers: HeaderMap,
    cookies: Option<Arc<Cookies>>,
    /// Unless all goes through a proxy.
    plain: Option<Plain>,
    /// Made at the first request that needs it, because reading the system's certificates takes longer than many a
    /// run over files.
    full: OnceLock<Result<Full, String>>,
}

/// The client for everything that [`Plain`] cannot do, and what it lacks.
#[derive(Debug)]
struct Full {
    client: Client,
    no_certificates: Option<String>,
}

/// The head of an answer, with its body to come.
pub(super) enum Response {
    Plain(Box<plain::Response>),
    Full(reqwest::Response),
}

impl Wire {
    pub(super) fn new(settings: &FetchSettings, user_agent: HeaderValue) -> Self {
        let headers = HeaderMap::from_iter([
            (header::USER_AGENT, user_agent),
            (header::ACCEPT, HeaderValue::from_static(ACCEPT)),
            (header::ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPT_ENCODING)),
        ]);
        let cookies = settings.cookies.then(Arc::default);
        let plain = settings.proxy.is_none().then(|| Plain::new(settings, idle_time(settings)));
        Self { headers, cookies, plain, full: OnceLock::new() }
    }

    /// Asks for the page at `url`. The future may be dropped at any moment.
    pub(super) async fn get(&self, settings: &FetchSettings, url: &Url) -> Result<Response, Fault> {
        match self.plain.as_ref().filter(|_| url.scheme() == "http") {
            Some(plain) => {
                let headers = self.headers.clone();
                let response = plain.get(url, headers, self.cookies.as_deref()).await?;
                Ok(Response::Plain(Box::new(response)))
            }
            None => self.full(settings)?.get(url).await.map(Response::Full),
        }
    }

    fn full(&self, settings: &FetchSettings) -> Result<&Full, Fault> {
        let full = self.full.get_or_init(|| Full::new(settings, &self.headers, self.cookies.as_ref()));
        full.as_ref().map_err(|reason| Fault::Client(reason.clone()))
    }
}

impl Full {
    fn new(
        settings: &FetchSettings,
        headers: &HeaderMap,
        cookies: Option<&Arc<Cookies>>,
    ) -> Result<Self, String> {
        let tls = Tls::new().map_err(|error| error.to_string())?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls.config)
            .default_headers(headers.clone())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(settings.parallelism.get())
            .pool_idle_timeout(idle_time(settings))
            // Bodies are decompressed here, whichever features of reqwest another crate turns on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_proxy();
        if let Some(cookies) = cookies {
            client = client.cookie_provider(Arc::clone(cookies));
        }
        if let Some(proxy) = &settings.proxy {
            let proxy =
                reqwest::Proxy::all(&**proxy).map_err(|error| transport::condensed(&error.without_url()))?;
            client = client.proxy(proxy);
        }
        let client = client.build().map_err(|error| transport::condensed(&error))?;
        Ok(Self { client, no_certificates: tls.no_certificates })
    }

    async fn get(&self, url: &Url) -> Result<reqwest::Response, Fault> {
        if let (Some(reason), "https") = (&self.no_certificates, url.scheme()) {
            return Err(Fault::NoCertificates(reason.clone()));
        }
        self.client.get(url.clone()).send().await.map_err(|error| {
            let error = error.without_url();
            match (error.is_connect(), error.is_timeout()) {
                (true, true) => Fault::ConnectTime,
                _ if error.is_builder() => Fault::Url(transport::condensed(&error)),
                (true, false) => broken(&error, Stage::Connect),
                (false, _) => broken(&error, Stage::Head),
            }
        })
    }
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Plain(response) => response.status(),
            Self::Full(response) => response.status(),
        }
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<&HeaderValue> {
        let headers = match self {
            Self::Plain(response) => response.headers(),
            Self::Full(response) => response.headers(),
        };
        headers.get(name)
    }

    /// A header that is text; others are as if they were not there.
    pub(super) fn text(&self, name: HeaderName) -> Option<&str> {
        self.header(name)?.to_str().ok()
    }

    /// The bytes that the body will have as it is sent, where the server says so.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Plain(response) => response.length(),
            Self::Full(response) => response.content_length(),
        }
    }

    /// Ends an answer whose body nobody wants.
    pub(super) async fn leave(self) {
        match self {
            Self::Plain(response) => response.leave().await,
            Self::Full(response) => drop(response),
        }
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Plain(response) => response.piece().await,
            Self::Full(response) => {
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
