//! Pages of web servers.
//!
//! Knows HTTP: one request at a time through the gate of its host, redirects one by one, limits on every
//! wait and on the body. Does not know files, and does not retry.
//!
//! ```text
//! gate ─▶ send ─▶ head ─┬─ redirect: gate of the next host, again
//!                       ├─ other status: error, and the host is left alone as long as it asks
//!                       └─ 2xx: body, piece by piece
//! ```

use std::sync::OnceLock;
use std::time::Duration;

use ::url::Url;
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout};

use crate::fetch::coding::{self, Coding, Fault, Inflow};
use crate::fetch::cookies::Cookies;
use crate::fetch::error::{FetchError, Limit};
use crate::fetch::gate::{Gates, Pass};
use crate::fetch::headers;
use crate::fetch::page::Page;
use crate::fetch::redirects::{Redirect, Redirects};
use crate::fetch::settings::FetchSettings;
use crate::fetch::tls::Tls;
use crate::fetch::transport::{self, Cause, Stage};
use crate::fetch::url;

/// What we like to get. Servers that choose by this header choose HTML.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// How long a connection is kept for the next request, beyond the delay between two requests. Longer, and a
/// crawl over many hosts runs out of descriptors.
const IDLE_CONNECTION: Duration = Duration::from_secs(5);
const LONGEST_IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// Fetches from web servers.
#[derive(Debug)]
pub(super) struct Http {
    user_agent: HeaderValue,
    gates: Gates,
    /// Made at the first request, because reading the system's certificates takes longer than many a run
    /// over files.
    wire: OnceLock<Result<Wire, String>>,
}

/// The client and what it lacks.
#[derive(Debug)]
struct Wire {
    client: Client,
    no_certificates: Option<String>,
}

/// What one request led to.
enum Answer {
    Page(Page),
    Redirect(Redirect),
}

impl Http {
    pub(super) fn new(settings: &FetchSettings) -> Result<Self, FetchError> {
        let user_agent = HeaderValue::from_str(&settings.user_agent).map_err(|_| FetchError::Setting {
            key: "scoopi.webClient.userAgent",
            value: settings.user_agent.escape_default().to_string(),
            reason: "holds characters that a header cannot carry",
        })?;
        let gates = Gates::new(settings.parallelism, settings.delay);
        Ok(Self { user_agent, gates, wire: OnceLock::new() })
    }

    /// Fetches `url`, whose host went over to another fetcher `moves` times, following redirects.
    pub(super) async fn get(
        &self,
        settings: &FetchSettings,
        mut url: Url,
        moves: u32,
    ) -> Result<Page, FetchError> {
        let wire = self.wire(settings)?;
        let mut redirects = Redirects::new(&url, settings.max_redirects);
        let mut left = settings.total_timeout;
        let Some(mut pass) = self.gates.enter_if_open(url::host(&url), moves).await else {
            return Err(FetchError::Closed { url: url::shown_url(url.as_str()) });
        };
        loop {
            let started = Instant::now();
            let request = wire.request(settings, &url, &pass);
            let answer = timeout(left, request)
                .await
                .map_err(|_| late(&url, Limit::Total, settings.total_timeout))??;
            left = left.saturating_sub(started.elapsed());
            match answer {
                Answer::Page(page) => return Ok(page),
                Answer::Redirect(redirect) => {
                    url = redirects.follow(&url, &redirect)?;
                    pass = self.pass_on(pass, url::host(&url)).await;
                }
            }
        }
    }

    /// Starts no fetch any more; redirects of those that have started are still followed.
    pub(super) fn close(&self) {
        self.gates.close();
    }

    /// The right to ask `host` after a redirect. One pass is given back before another is waited for: two
    /// hosts that redirect to each other would otherwise wait for each other.
    async fn pass_on(&self, pass: Pass, host: &str) -> Pass {
        if pass.host() == host {
            pass.again().await;
            return pass;
        }
        drop(pass);
        self.gates.enter(host).await
    }

    fn wire(&self, settings: &FetchSettings) -> Result<&Wire, FetchError> {
        let wire = self.wire.get_or_init(|| Wire::new(settings, &self.user_agent));
        wire.as_ref().map_err(|reason| FetchError::Client { reason: reason.clone() })
    }
}

impl Wire {
    fn new(settings: &FetchSettings, user_agent: &HeaderValue) -> Result<Self, String> {
        let tls = Tls::new().map_err(|error| error.to_string())?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls.config)
            .user_agent(user_agent)
            .default_headers(HeaderMap::from_iter([
                (header::ACCEPT, HeaderValue::from_static(ACCEPT)),
                (header::ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPT_ENCODING)),
            ]))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(settings.parallelism.get())
            .pool_idle_timeout(settings.delay.saturating_add(IDLE_CONNECTION).min(LONGEST_IDLE_CONNECTION))
            // Bodies are decompressed here, whichever features of reqwest another crate turns on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_proxy();
        if settings.cookies {
            client = client.cookie_provider(Cookies::default().into());
        }
        if let Some(proxy) = &settings.proxy {
            let proxy =
                reqwest::Proxy::all(proxy).map_err(|error| transport::condensed(&error.without_url()))?;
            client = client.proxy(proxy);
        }
        let client = client.build().map_err(|error| transport::condensed(&error))?;
        Ok(Self { client, no_certificates: tls.no_certificates })
    }

    /// One request and its answer, under the host's `pass`.
    async fn request(&self, settings: &FetchSettings, url: &Url, pass: &Pass) -> Result<Answer, FetchError> {
        let response = self.head(settings, url).await?;
        let status = response.status();
        if status.is_success() {
            return page(settings, url, response).await.map(Answer::Page);
        }
        if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
            && let Some(location) = response.headers().get(header::LOCATION)
        {
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            let cookie = settings.cookies && response.headers().contains_key(header::SET_COOKIE);
            return Ok(Answer::Redirect(Redirect { location, cookie }));
        }
        let retry_after = retry_after(settings, &response);
        if let Some(time) = retry_after {
            pass.hold(time);
        }
        Err(FetchError::Status { url: url::shown_url(url.as_str()), status: status.as_u16(), retry_after })
    }

    async fn head(&self, settings: &FetchSettings, url: &Url) -> Result<Response, FetchError> {
        if let (Some(reason), "https") = (&self.no_certificates, url.scheme()) {
            return Err(FetchError::NoCertificates {
                url: url::shown_url(url.as_str()),
                reason: reason.clone(),
            });
        }
        let response = timeout(settings.first_byte_timeout, self.client.get(url.clone()).send())
            .await
            .map_err(|_| late(url, Limit::FirstByte, settings.first_byte_timeout))?;
        response.map_err(|error| {
            if error.is_connect() && error.is_timeout() {
                late(url, Limit::Connect, settings.connect_timeout)
            } else {
                broken(url, error, Stage::Head)
            }
        })
    }
}

/// Reads the body. It is counted after decompression, piece by piece, so a bomb is noticed at the limit.
async fn page(settings: &FetchSettings, url: &Url, mut response: Response) -> Result<Page, FetchError> {
    let limit = settings.max_body;
    let fault = |fault| faulty(url, fault, limit);
    let coding = coding(url, &response)?;
    let mut body = Inflow::new(coding, response.content_length(), limit).map_err(fault)?;
    loop {
        let piece = timeout(settings.idle_timeout, response.chunk())
            .await
            .map_err(|_| late(url, Limit::Idle, settings.idle_timeout))?
            .map_err(|error| broken(url, error, Stage::Body))?;
        let Some(piece) = piece else { break };
        body.push(&piece).map_err(fault)?;
    }
    let content_type = text(&response, header::CONTENT_TYPE);
    Ok(Page {
        url: url.to_string(),
        body: body.finish().map_err(fault)?,
        charset: content_type.and_then(headers::charset),
        content_type: content_type.and_then(headers::media_type),
        status: Some(response.status().as_u16()),
    })
}

fn coding(url: &Url, response: &Response) -> Result<Coding, FetchError> {
    let Some(name) = response.headers().get(header::CONTENT_ENCODING) else { return Ok(Coding::Identity) };
    let name = String::from_utf8_lossy(name.as_bytes());
    Coding::named(&name).ok_or_else(|| FetchError::Encoding {
        url: url::shown_url(url.as_str()),
        encoding: url::shown_url(&name),
    })
}

fn faulty(url: &Url, fault: Fault, limit: usize) -> FetchError {
    let url = url::shown_url(url.as_str());
    let (cause, reason) = match fault {
        Fault::TooLarge => return FetchError::TooLarge { url, limit },
        Fault::Corrupt => (Cause::Corrupt, "the body cannot be decompressed"),
        Fault::EndsEarly => (Cause::Closed, "the compressed body ends early"),
    };
    FetchError::Transport { url, cause, reason: reason.to_owned() }
}

fn retry_after(settings: &FetchSettings, response: &Response) -> Option<Duration> {
    if !matches!(response.status().as_u16(), 429 | 503) {
        return None;
    }
    let value = text(response, header::RETRY_AFTER)?;
    headers::retry_after(value, text(response, header::DATE), Timestamp::now(), settings.max_retry_after)
}

fn text(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

fn late(url: &Url, limit: Limit, after: Duration) -> FetchError {
    FetchError::Timeout { url: url::shown_url(url.as_str()), limit, after }
}

fn broken(url: &Url, error: reqwest::Error, stage: Stage) -> FetchError {
    let error = error.without_url();
    let url = url::shown_url(url.as_str());
    if error.is_builder() {
        return FetchError::Url { url, reason: transport::condensed(&error) };
    }
    FetchError::Transport {
        url,
        cause: transport::cause(&error, stage),
        reason: transport::condensed(&error),
    }
}
