//! A loaded page, parsed when a step asks for its tree.

use std::sync::OnceLock;

use encoding_rs::Encoding;

use crate::model::{Document, ShownUrl};
use crate::query::{Limits, Tree, encoding};

use super::StepError;

/// A document, and the tree that all tasks of its group share.
#[derive(Debug)]
pub struct Page {
    document: Document,
    limits: Limits,
    encoding: OnceLock<&'static Encoding>,
    tree: OnceLock<Result<Tree, StepError>>,
}

impl Page {
    /// A page that may be as large as `limits` say.
    #[must_use]
    pub fn new(document: Document, limits: Limits) -> Self {
        Self { document, limits, encoding: OnceLock::new(), tree: OnceLock::new() }
    }

    /// What was loaded.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns the encoding of the page.
    #[must_use]
    pub fn encoding(&self) -> &'static Encoding {
        let find = || encoding(&self.document.body, self.document.charset.as_deref());
        self.encoding.get_or_init(find)
    }

    /// Whether links on it are followed. Text that is not markup does not have links: what looks like one in JSON or in a
    /// script is a part of a string. But some servers label every page as plain text.
    #[must_use]
    pub fn may_have_links(&self) -> bool {
        let is_markup = match &self.document.media_type {
            Some(media_type) => {
                !WITHOUT_LINKS.contains(&media_type.as_str()) && !media_type.ends_with("+json")
            }
            None => {
                let url = self.document.url.to_ascii_lowercase();
                !ENDINGS_WITHOUT_LINKS.iter().any(|ending| url.ends_with(ending))
            }
        };
        is_markup || is_html(&self.document.body)
    }

    /// Its tree, made on the first call.
    ///
    /// # Errors
    /// The page is over a limit.
    pub fn tree(&self) -> Result<&Tree, StepError> {
        let parse = || {
            let (text, _) = self.encoding().decode_with_bom_removal(&self.document.body);
            Tree::parse_html(&text, &self.limits)
                .map_err(|error| StepError::fatal(format!("{error}, URL: {}", ShownUrl(&self.document.url))))
        };
        self.tree.get_or_init(parse).as_ref().map_err(Clone::clone)
    }
}

/// Media types of text that is not markup.
const WITHOUT_LINKS: &[&str] = &[
    "text/plain",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/markdown",
    "application/javascript",
    "application/x-javascript",
    "application/json",
    "application/x-ndjson",
    "application/x-sh",
];

/// The same by the end of the URL, where no media type is known.
const ENDINGS_WITHOUT_LINKS: &[&str] =
    &[".txt", ".css", ".csv", ".js", ".mjs", ".json", ".ndjson", ".md", ".sh"];

/// Whether a body begins like HTML.
fn is_html(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|mark| start.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(media_type: Option<&str>, url: &str, body: &'static [u8], may_have_links: bool) {
        let media_type = media_type.map(str::to_owned);
        let document =
            Document { url: url.to_owned(), fetched_at: 0, charset: None, media_type, body: body.into() };
        let page = Page::new(document, Limits::default());
        assert_eq!(page.may_have_links(), may_have_links, "{url} {:?}", page.document);
    }

    #[test]
    fn plain_text_has_no_links() {
        let link = b"see <a href=x>x</a>";
        check(Some("text/html"), "http://h/a.txt", link, true);
        check(None, "/defs/page.html", link, true);
        check(None, "http://h/", link, true);
        check(Some("text/plain"), "http://h/a.html", link, false);
        check(None, "/defs/page.TXT", link, false);
        check(None, "file:///data/robots.txt", link, false);
        for media_type in ["application/json", "application/ld+json", "text/css", "text/javascript"] {
            check(Some(media_type), "http://h/a", link, false);
            check(Some(media_type), "http://h/a", b" <!doctype html><a href=x>", true);
        }
        check(None, "/api/index.json", link, false);
        check(None, "/api/index.json.html", link, true);
        check(Some("application/xhtml+xml"), "http://h/a", link, true);
        check(Some("application/rss+xml"), "http://h/a", link, true);
        check(Some("text/plain"), "http://h/", b"\xef\xbb\xbf\n<!DOCTYPE HTML><a href=x>", true);
        check(Some("text/plain"), "http://h/", b"<HTML><a href=x>", true);
    }
}
