//! What is asked for and what comes back.
//!
//! Does not know transports: a page of a file and a page of a server look the same to their reader.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::model::HostPlaces;

/// What to fetch.
///
/// A struct and not a bare URL, so that a caller keeps compiling when a request learns more than its URL.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    /// An `http:`, `https:` or `file:` URL, or a path below the resource root.
    pub url: &'a str,
    /// How often the right to ask its host had gone over from one fetcher to another.
    pub host_moves: u32,
    /// How many requests of this fetcher its host may have at a time; if none, those of
    /// [`FetchSettings::parallelism`](crate::fetch::FetchSettings::parallelism).
    pub host_places: Option<HostPlaces>,
    /// Longest wait for its host, beyond the delay between two requests. After that the request fails with
    /// [`FetchError::HostWaits`](crate::fetch::FetchError) or `HostBusy`.
    pub patience: Option<Duration>,
    /// The pool of permits for pages that are fetched at a time, whatever their host.
    pub pool: Option<&'a Semaphore>,
    /// The URLs that redirected to this one.
    pub via: &'a [String],
}

impl<'a> Request<'a> {
    /// Asks for the page at `url`.
    #[must_use]
    pub fn new(url: &'a str) -> Self {
        Self { url, host_moves: 0, host_places: None, patience: None, pool: None, via: &[] }
    }

    /// Sets the host's handover count. A count higher than before makes the fetcher wait one full delay, because the
    /// previous owner may just have sent a request.
    #[must_use]
    pub fn after_moves(self, host_moves: u32) -> Self {
        Self { host_moves, ..self }
    }

    /// Sets the places that this fetcher has at the host. Those of the highest request number hold until a later answer
    /// changes them.
    #[must_use]
    pub fn within(self, host_places: Option<HostPlaces>) -> Self {
        Self { host_places, ..self }
    }

    /// Sets the longest wait for the host, in addition to the delay between two requests. After that the request fails.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Sets a pool. The request holds a permit of it while the page is fetched, but not while it waits for its host.
    #[must_use]
    pub fn in_pool(self, pool: Option<&'a Semaphore>) -> Self {
        Self { pool, ..self }
    }

    /// Sets the URLs that redirected to this one, beginning with the one that was asked for first.
    #[must_use]
    pub fn after_redirects(self, via: &'a [String]) -> Self {
        Self { via, ..self }
    }

    /// Waits for a permit of the pool.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'a>> {
        // The pool is never closed: no permit means no pool.
        self.pool?.acquire().await.ok()
    }
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The page.
    Page(Page),
    /// The server redirects to another URL, here in canonical form.
    Moved(String),
}

/// A page as it was sent, not decoded to text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where the body came from after all redirects, in canonical form and with user info, if the request
    /// had any: links on the page are resolved against it. Show it through [`crate::fetch::shown_url`].
    pub url: String,
    /// The body after decompression, at most [`crate::fetch::FetchSettings::max_body`] bytes.
    pub body: Bytes,
    /// The charset label of the `Content-Type` header as sent, at most 64 bytes; it may be wrong or unknown.
    pub charset: Option<String>,
    /// The media type of the `Content-Type` header in lower case, without parameters; `None` for files.
    pub content_type: Option<String>,
    /// The HTTP status, 200 to 299; `None` for files.
    pub status: Option<u16>,
}
