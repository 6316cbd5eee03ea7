//! A loaded page.

use bytes::Bytes;

/// The bytes of a page, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it was found in the end, after redirects.
    pub url: String,
    /// When it was fetched: the date-time of the run that fetched it, in milliseconds since 1970.
    pub fetched_at: i64,
    /// The charset that the server named.
    pub charset: Option<String>,
    /// The media type that the server named, in lower case.
    pub media_type: Option<String>,
    /// The content.
    pub body: Bytes,
}
