//! The one way to a page, whatever its URL.
//!
//! Knows that there are files and web servers; how each is read is theirs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tracing::debug;

use crate::fetch::descriptors;
use crate::fetch::error::FetchError;
use crate::fetch::file::{self, Place};
use crate::fetch::gate::Word;
use crate::fetch::http::Http;
use crate::fetch::media;
use crate::fetch::page::{Fetched, Page, Request};
use crate::fetch::settings::FetchSettings;
use crate::fetch::url::{self, Target};
use crate::model::HostPlaces;

/// Fetches pages. Clones share connections, cookies and the gates of hosts.
#[derive(Debug, Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: FetchSettings,
    root: PathBuf,
    http: Http,
}

impl Fetcher {
    /// A fetcher with these limits; URLs without scheme are paths below `root`.
    ///
    /// # Errors
    /// [`FetchError::Setting`] if a setting cannot work.
    pub fn new(settings: FetchSettings, root: PathBuf) -> Result<Self, FetchError> {
        settings.check()?;
        let http = Http::new(&settings)?;
        Ok(Self { inner: Arc::new(Inner { settings, root, http }) })
    }

    /// Lets requests that are under way come to their end and starts no other one: fetches that wait for
    /// their turn at a host, and later ones, end with [`FetchError::Closed`]. Files are not concerned.
    pub fn close(&self) {
        self.inner.http.close();
    }

    /// Sets the places of this fetcher at the host of `url`, unless a later answer did so before.
    pub fn hear(&self, url: &str, places: HostPlaces) {
        if let Ok(Target::Http(url)) = Target::parse(url) {
            self.inner.http.hear(&url, places);
        }
    }

    /// Fetches one page, wherever redirects lead, on a tokio runtime with time and I/O. The future may be dropped at any
    /// moment: the request ends, and its place at the host is free.
    ///
    /// # Errors
    /// Any [`FetchError`] but [`FetchError::Setting`]; whether to try again, [`FetchError::is_recoverable`]
    /// says.
    pub async fn fetch(&self, request: Request<'_>) -> Result<Page, FetchError> {
        let mut via = request.via.to_vec();
        let mut url = request.url.to_owned();
        loop {
            match self.visit(Request { url: &url, via: &via, ..request }).await? {
                Fetched::Page(page) => return Ok(page),
                Fetched::Moved(to) => via.push(std::mem::replace(&mut url, to)),
            }
        }
    }

    /// Fetches one page as [`Fetcher::fetch`] does, but stops at a redirect to another page. It follows a redirect that sets
    /// a cookie all the same: without the cookie, the other page would be different.
    ///
    /// # Errors
    /// As of [`Fetcher::fetch`].
    pub async fn visit(&self, request: Request<'_>) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let result = self.inner.fetch(request).await;
        let elapsed = started.elapsed();
        match &result {
            Ok(Fetched::Moved(to)) => debug!(url = %url::shown_url(to), ?elapsed, "page has moved"),
            Ok(Fetched::Page(page)) => {
                debug!(url = %url::shown_url(&page.url), bytes = page.body.len(), ?elapsed, "page fetched");
            }
            Err(error) => debug!(%error, ?elapsed, "page not fetched"),
        }
        result
    }
}

impl Inner {
    async fn fetch(&self, request: Request<'_>) -> Result<Fetched, FetchError> {
        let target = Target::parse(request.url)?;
        let (path, place) = match &target {
            Target::Http(url) => {
                let Request { host_moves: moves, host_places: places, patience, pool, via, .. } = request;
                // Every request waits for the delay: if the host went to another node meanwhile, its wait would start again.
                let patience = patience.map(|patience| patience.saturating_add(self.settings.delay));
                let word = Word { moves, places, patience, busy: None, pool };
                return self.http.get(&self.settings, url.clone(), word, via).await;
            }
            Target::File(path) => (path.clone(), Place::Anywhere),
            Target::Resource(path) => (self.root.join(path), Place::ResourceRoot),
        };
        let _place = request.place().await;
        self.read(&target, path, place).await.map(Fetched::Page)
    }

    async fn read(&self, target: &Target, path: PathBuf, place: Place) -> Result<Page, FetchError> {
        let url = target.canonical();
        let body = loop {
            match file::read(&url, path.clone(), place, self.settings.max_body).await {
                Err(FetchError::File { cause, .. })
                    if descriptors::are_used_up(&cause) && !self.http.is_closed() =>
                {
                    self.http.descriptor().await;
                }
                read => break read?,
            }
        };
        if let Some(what) = media::other_than_text(None, None, body.get(..media::START).unwrap_or(&body)) {
            return Err(FetchError::NotText { url: url::shown_url(&url), what: what.into_owned() });
        }
        Ok(Page { url, body, charset: None, content_type: None, status: None })
    }
}
