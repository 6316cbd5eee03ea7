//! Pages of web servers.
//!
//! Knows HTTP: one request at a time through the gate of its host, redirects one by one, limits on every
//! wait and on the body. Does not know files, and does not retry.
//!
//! ```text
//! gate ─▶ send ─▶ head ─┬─ redirect: the other URL becomes a job of its own
//!                       ├─ redirect with a cookie: gate of the next host, again
//!                       ├─ other status: error, and the host is left alone as long as it asks
//!                       └─ 2xx: body, piece by piece
//! ```

use std::time::Duration;

use ::url::Url;
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use crate::fetch::coding::{Coding, Inflow};
use crate::fetch::decode::Fault;
use crate::fetch::descriptors::Shortage;
use crate::fetch::error::{FetchError, Limit};
use crate::fetch::gate::{Denied, Gates, Pass, Word};
use crate::fetch::headers;
use crate::fetch::media;
use crate::fetch::page::{Fetched, Page};
use crate::fetch::redirects::{Redirect, Redirects};
use crate::fetch::settings::FetchSettings;
use crate::fetch::transport::Cause;
use crate::fetch::url;
use crate::fetch::wire::{self, Lack, Response, Room, Wire};
use crate::model::HostPlaces;

/// Fetches from web servers.
#[derive(Debug)]
pub(super) struct Http {
    gates: Gates,
    wire: Wire,
    shortage: Shortage,
}

/// What one request led to.
enum Answer {
    Page(Page),
    Redirect(Redirect),
    /// The request was not sent: the connection limit is reached.
    NoRoom(Lack),
}

impl Http {
    pub(super) fn new(settings: &FetchSettings) -> Result<Self, FetchError> {
        let user_agent = HeaderValue::from_str(&settings.user_agent).map_err(|_| FetchError::Setting {
            key: "scoopi.webClient.userAgent",
            value: settings.user_agent.escape_default().to_string(),
            reason: "holds characters that a header cannot carry",
        })?;
        let gates = Gates::new(settings.parallelism, settings.delay);
        Ok(Self { gates, wire: Wire::new(settings, user_agent), shortage: Shortage::default() })
    }

    /// Fetches `url` with what the caller knows of its host; the URLs in `via` redirected to it.
    pub(super) async fn get(
        &self,
        settings: &FetchSettings,
        mut url: Url,
        word: Word<'_>,
        via: &[String],
    ) -> Result<Fetched, FetchError> {
        let mut redirects = Redirects::new(&url, via, settings.max_redirects);
        let mut left = settings.total_timeout;
        let entered = self.gates.enter_if_open(url::host(&url), word).await;
        let mut pass = entered.map_err(|denied| not_asked(&url, denied))?;
        let first = pass.host().to_owned();
        // Whether a cookie came: all pages that it leads to belong to it.
        let mut has_cookie = false;
        let mut room = None;
        loop {
            let started = Instant::now();
            let request = timeout(left, self.request(settings, &url, &pass, room.take())).await;
            let answer = request.unwrap_or_else(|_| Err(late(&url, Limit::Total, settings.total_timeout)));
            match answer.map_err(|error| of_host(&first, &url, error))? {
                Answer::Page(page) => return Ok(Fetched::Page(page)),
                Answer::Redirect(redirect) => {
                    left = left.saturating_sub(started.elapsed());
                    url = redirects.follow(&url, &redirect)?;
                    has_cookie |= redirect.cookie;
                    if !has_cookie {
                        return Ok(Fetched::Moved(url.into()));
                    }
                    let word = Word { busy: Some(settings.total_timeout), ..word };
                    let passed = self.pass_on(pass, &url, word).await;
                    pass = passed.map_err(|error| of_host(&first, &url, error))?;
                }
                // The server did not cause this wait, so it does not count for the limits.
                Answer::NoRoom(lack) => {
                    let found = self.room(lack).await;
                    room = found.ok_or_else(|| not_asked(&url, Denied::Closed))?;
                }
            }
        }
    }

    /// Waits until a further connection may be possible. `None` if the gates are closed: the fetch has not begun, so it ends.
    async fn room(&self, lack: Lack) -> Option<Room> {
        let waiting = async {
            match lack {
                Lack::Place => self.wire.room().await,
                Lack::Descriptor => {
                    self.descriptor().await;
                    None
                }
            }
        };
        tokio::select! {
            biased;
            () = self.gates.closed() => None,
            room = waiting => Some(room),
        }
    }

    /// Closes idle connections and pauses, because all descriptors are in use.
    pub(super) async fn descriptor(&self) {
        self.wire.give_up_waiting();
        self.shortage.pause().await;
    }

    /// Whether the gates are closed, so that no new fetch may begin.
    pub(super) fn is_closed(&self) -> bool {
        self.gates.are_closed()
    }

    /// The places that there are at the host of `url`.
    pub(super) fn hear(&self, url: &Url, places: HostPlaces) {
        self.gates.hear(url::host(url), places);
    }

    /// Stops new fetches; redirects of those that have started are still followed.
    pub(super) fn close(&self) {
        self.gates.close();
    }

    /// The right to ask for `url` after a redirect. One pass is given back before another is waited for: two
    /// hosts that redirect to each other would otherwise wait for each other.
    async fn pass_on<'p>(
        &self,
        mut pass: Pass<'p>,
        url: &Url,
        word: Word<'p>,
    ) -> Result<Pass<'p>, FetchError> {
        let host = url::host(url);
        if pass.host() == host {
            let started = pass.again(word).await;
            return started.map(|()| pass).map_err(|denied| not_asked(url, denied));
        }
        drop(pass);
        // The caller's knowledge of its own host says nothing about this host.
        let word = Word { moves: 0, places: None, ..word };
        self.gates.enter(host, word).await.map_err(|denied| not_asked(url, denied))
    }

    /// One request and its answer, under the host's `pass`.
    async fn request(
        &self,
        settings: &FetchSettings,
        url: &Url,
        pass: &Pass<'_>,
        room: Room,
    ) -> Result<Answer, FetchError> {
        let response = match self.head(settings, url, room).await? {
            Ok(response) => response,
            Err(lack) => return Ok(Answer::NoRoom(lack)),
        };
        let status = response.status();
        if status == StatusCode::PARTIAL_CONTENT {
            // The request was for the whole page; a part is not the page.
            return Err(FetchError::Partial { url: url::shown_url(url.as_str()) });
        }
        if status.is_success() {
            return page(settings, url, response).await.map(Answer::Page);
        }
        if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
            && let Some(location) = response.header(header::LOCATION)
        {
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            let cookie = settings.cookies && response.header(header::SET_COOKIE).is_some();
            response.leave().await;
            return Ok(Answer::Redirect(Redirect { location, cookie }));
        }
        let retry_after = retry_after(settings, &response);
        response.leave().await;
        if let Some(time) = retry_after {
            pass.hold(time);
        }
        Err(FetchError::Status { url: url::shown_url(url.as_str()), status: status.as_u16(), retry_after })
    }

    async fn head(
        &self,
        settings: &FetchSettings,
        url: &Url,
        room: Room,
    ) -> Result<Result<Response, Lack>, FetchError> {
        let response = timeout(settings.first_byte_timeout, self.wire.get(url, room)).await;
        match response.map_err(|_| late(url, Limit::FirstByte, settings.first_byte_timeout))? {
            Ok(response) => Ok(Ok(response)),
            Err(wire::Fault::Lacks(lack)) => Ok(Err(lack)),
            Err(fault) => Err(unanswered(settings, url, fault)),
        }
    }
}

/// Reads the body. The limit holds for the decompressed size and is checked for each piece, so a decompression bomb fails
/// early; the media check reads only the first bytes, so a film is not loaded to its end.
async fn page(settings: &FetchSettings, url: &Url, mut response: Response) -> Result<Page, FetchError> {
    let limit = settings.max_body;
    let lines = response.all(header::CONTENT_TYPE).iter().filter_map(|line| line.to_str().ok());
    let (media_type, charset) = headers::content_type(lines);
    let fault = |fault| match (fault, &media_type) {
        (Fault::TooLarge, Some(name)) if media::is_other_than_text(name) => {
            FetchError::NotText { url: url::shown_url(url.as_str()), what: format!("its type is {name}") }
        }
        (fault, _) => faulty(url, fault, limit),
    };
    let text = |start: &[u8]| {
        let other = media::other_than_text(media_type.as_deref(), charset.as_deref(), start);
        other.map_or(Ok(()), |what| {
            Err(FetchError::NotText { url: url::shown_url(url.as_str()), what: what.into_owned() })
        })
    };
    let mut body = Inflow::new(&codings(url, &response)?, response.length(), limit).map_err(fault)?;
    let mut is_text = false;
    loop {
        let piece = timeout(settings.idle_timeout, response.piece())
            .await
            .map_err(|_| late(url, Limit::Idle, settings.idle_timeout))?
            .map_err(|fault| unanswered(settings, url, fault))?;
        let Some(piece) = piece else { break };
        body.push(&piece).map_err(fault)?;
        if !is_text && body.so_far().len() >= media::START {
            text(body.so_far().get(..media::START).unwrap_or_default())?;
            is_text = true;
        }
    }
    let body = body.finish().map_err(fault)?;
    if !is_text {
        text(&body)?;
    }
    let status = Some(response.status().as_u16());
    Ok(Page { url: url.to_string(), body, charset, content_type: media_type, status })
}

/// Returns the codings of the body, in order. Several header lines are one list.
fn codings(url: &Url, response: &Response) -> Result<Vec<Coding>, FetchError> {
    let lines =
        response.all(header::CONTENT_ENCODING).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    let names = lines.collect::<Vec<_>>().join(",");
    Coding::listed(&names).ok_or_else(|| FetchError::Encoding {
        url: url::shown_url(url.as_str()),
        encoding: url::shown_url(&names),
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
    let value = response.text(header::RETRY_AFTER)?;
    headers::retry_after(value, response.text(header::DATE), Timestamp::now(), settings.max_retry_after)
}

fn not_asked(url: &Url, denied: Denied) -> FetchError {
    let url = url::shown_url(url.as_str());
    match denied {
        Denied::Closed => FetchError::Closed { url },
        Denied::Busy => FetchError::HostBusy { url },
        Denied::Waits(time) => FetchError::HostWaits { url, time },
    }
}

/// The error of a request for `url`, in a fetch that began at host `first`.
fn of_host(first: &str, url: &Url, error: FetchError) -> FetchError {
    if url::host(url) == first { error } else { error.after_redirect() }
}

fn late(url: &Url, limit: Limit, after: Duration) -> FetchError {
    FetchError::Timeout { url: url::shown_url(url.as_str()), limit, after }
}

fn unanswered(settings: &FetchSettings, url: &Url, fault: wire::Fault) -> FetchError {
    let shown = url::shown_url(url.as_str());
    match fault {
        wire::Fault::Client(reason) => FetchError::Client { reason },
        wire::Fault::NoCertificates(reason) => FetchError::NoCertificates { url: shown, reason },
        wire::Fault::Url(reason) => FetchError::Url { url: shown, reason },
        wire::Fault::ConnectTime => late(url, Limit::Connect, settings.connect_timeout),
        wire::Fault::Lacks(_) => {
            let reason = "the limit of connections is reached".to_owned();
            FetchError::Transport { url: shown, cause: Cause::Connect, reason }
        }
        wire::Fault::Broken(cause, reason) => FetchError::Transport { url: shown, cause, reason },
    }
}
