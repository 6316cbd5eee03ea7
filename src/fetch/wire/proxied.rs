//! Requests through a proxy, by reqwest.
//!
//! Knows what a proxy needs of a client. The client limits the idle connections of each host, but not those of all hosts.
//! So this file counts the connections that it makes: at the limit a new client takes its place, and the idle connections
//! of the old one are closed.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use ::url::Url;
use hyper::header::HeaderMap;
use parking_lot::Mutex;
use reqwest::Client;
use tower_layer::Layer;
use tower_service::Service;

use crate::conf::ProxyUrl;
use crate::fetch::cookies::Cookies;
use crate::fetch::descriptors;
use crate::fetch::settings::FetchSettings;
use crate::fetch::tls::Tls;
use crate::fetch::transport::{self, Stage};

use super::{Fault, Lack, broken};

/// Requests through a proxy.
#[derive(Debug)]
pub(super) struct Proxied {
    proxy: ProxyUrl,
    headers: HeaderMap,
    cookies: Option<Arc<Cookies>>,
    connect_timeout: Duration,
    parallelism: usize,
    idle: Duration,
    /// Read at the first request: reading the system's certificates takes longer than many a run over files.
    tls: OnceLock<Result<Tls, String>>,
    current: Mutex<Option<Counted>>,
}

/// A client and the connections that it has made.
#[derive(Debug)]
struct Counted {
    client: Client,
    made: Connections,
    most: usize,
}

/// Counts connections.
#[derive(Debug, Clone, Default)]
struct Connections(Arc<AtomicUsize>);

/// The connector, with a counter.
#[derive(Debug, Clone)]
struct Connector<S> {
    inner: S,
    made: Connections,
}

impl Proxied {
    pub(super) fn new(
        settings: &FetchSettings,
        proxy: ProxyUrl,
        headers: HeaderMap,
        cookies: Option<Arc<Cookies>>,
        idle: Duration,
    ) -> Self {
        Self {
            proxy,
            headers,
            cookies,
            connect_timeout: settings.connect_timeout,
            parallelism: settings.parallelism.get(),
            idle,
            tls: OnceLock::new(),
            current: Mutex::default(),
        }
    }

    /// Requests the page at `url`.
    pub(super) async fn get(&self, url: &Url) -> Result<reqwest::Response, Fault> {
        let client = self.client(url.scheme() == "https")?;
        client.get(url.clone()).send().await.map_err(|error| {
            let error = error.without_url();
            if transport::io_errors(&error).any(descriptors::are_used_up) {
                return Fault::Lacks(Lack::Descriptor);
            }
            match (error.is_connect(), error.is_timeout()) {
                (true, true) => Fault::ConnectTime,
                _ if error.is_builder() => Fault::Url(transport::condensed(&error)),
                (true, false) => broken(&error, Stage::Connect),
                (false, _) => broken(&error, Stage::Head),
            }
        })
    }

    /// Closes idle connections, because descriptors are short.
    pub(super) fn give_up_waiting(&self) {
        *self.current.lock() = None;
    }

    fn client(&self, is_secure: bool) -> Result<Client, Fault> {
        let tls = self.tls.get_or_init(|| Tls::new().map_err(|error| error.to_string()));
        let tls = tls.as_ref().map_err(|reason| Fault::Client(reason.clone()))?;
        if let (Some(reason), true) = (&tls.no_certificates, is_secure) {
            return Err(Fault::NoCertificates(reason.clone()));
        }
        let mut current = self.current.lock();
        if let Some(counted) = current.as_ref().filter(|counted| !counted.is_full()) {
            return Ok(counted.client.clone());
        }
        let made = Connections::default();
        let client = self.build(tls, made.clone()).map_err(Fault::Client)?;
        *current = Some(Counted { client: client.clone(), made, most: descriptors::for_connections() });
        Ok(client)
    }

    fn build(&self, tls: &Tls, made: Connections) -> Result<Client, String> {
        let proxy =
            reqwest::Proxy::all(&*self.proxy).map_err(|error| transport::condensed(&error.without_url()))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls.config.clone())
            .default_headers(self.headers.clone())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.parallelism)
            .pool_idle_timeout(self.idle)
            .connector_layer(made)
            // `fetch` decompresses bodies itself, whichever features of reqwest another crate turns on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_proxy()
            .proxy(proxy);
        if let Some(cookies) = &self.cookies {
            client = client.cookie_provider(Arc::clone(cookies));
        }
        client.build().map_err(|error| transport::condensed(&error))
    }
}

impl Counted {
    /// Whether the client has made half of the allowed connections. The connections of the client before it, up to the
    /// other half, may still be in use.
    fn is_full(&self) -> bool {
        self.made.0.load(Ordering::Relaxed) >= self.most.div_ceil(2)
    }
}

impl<S> Layer<S> for Connections {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, made: self.clone() }
    }
}

impl<S: Service<R>, R> Service<R> for Connector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.made.0.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}
