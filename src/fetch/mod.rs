//! Bytes, politely: pages from web servers, files and the resource root.
//!
//! Knows URLs, HTTP, files, time limits and what a host may be asked. Does not know what a page means: no decoding of
//! text, no HTML, no job, no retry. The caller decides from [`FetchError::is_recoverable`] whether to ask again.
//! Everything that a peer sends is bounded: body, header, redirects, cookies, time.
//!
//! ```text
//! URL ─ Target::parse ─┬─ http(s): ─ gate of the host ─ request ─ redirects ─┐
//!                      ├─ file:     ─────────── read ──────────────────────────┼─▶ Page
//!                      └─ no scheme ─ below the resource root ─ read ────────┘
//! ```

mod body;
mod coding;
mod cookies;
mod decode;
mod deflate;
mod descriptors;
mod error;
mod fetcher;
mod file;
mod gate;
mod gzip;
mod headers;
mod http;
mod link;
mod media;
mod page;
mod redirects;
mod settings;
mod tls;
mod transport;
mod url;
mod wire;

pub use error::{FetchError, Limit};
pub use fetcher::Fetcher;
pub use link::{LinkError, resolve_link};
pub use page::{Fetched, Page, Request};
pub use settings::FetchSettings;
pub use transport::Cause;
pub use url::{Target, canonical_url, host_of, shown_url};
