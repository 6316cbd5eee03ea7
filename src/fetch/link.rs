//! Where a link on a page leads.
//!
//! A page is not trusted: one from the network may lead to other pages of the network and nowhere else, so
//! that no page can make us read a local file. Knows kinds of pages and URLs; nothing here fetches.

use std::borrow::Cow;
use std::path::Path;

use ::url::{ParseError, Url};
use encoding_rs::{EncoderResult, Encoding, UTF_8};
use thiserror::Error;

use crate::fetch::url::{self, Target};

/// Why a link leads nowhere. URLs in it are shown without user info.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkError {
    /// A page may not lead there.
    #[error(
        "page `{page}` may not lead to `{link}`: a page from the network leads to http and https only, a `file:` \
         page also to files, a page of the resource root also to paths below that root"
    )]
    Forbidden {
        /// The page.
        page: String,
        /// The link as it stands on the page.
        link: String,
    },
    /// The link cannot be read as a URL.
    #[error("link `{link}` on page `{page}` cannot be followed: {reason}")]
    Invalid {
        /// The page.
        page: String,
        /// The link as it stands on the page.
        link: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The canonical URL that `link`, found on the page that came from `page_url`, leads to.
///
/// `page_url` is the URL after redirects ([`crate::fetch::Page::url`]). On pages of the resource root a link
/// is a URL path: it is percent-decoded, and query and fragment are dropped. The query of a URL is sent in the
/// `encoding` of the page, as browsers do; the path always in UTF-8.
///
/// # Errors
/// [`LinkError::Forbidden`] if such a page may not lead there, [`LinkError::Invalid`] if `link` or `page_url`
/// is malformed or the link leaves the resource root.
pub fn resolve_link(page_url: &str, link: &str, encoding: &'static Encoding) -> Result<String, LinkError> {
    let step = Step { page: page_url, link: link.trim(), encoding };
    if step.link.len() > url::MAX_URL {
        return Err(step.invalid(format!("it has {} bytes, more than {}", step.link.len(), url::MAX_URL)));
    }
    match Target::parse(page_url).map_err(|error| step.invalid(error.to_string()))? {
        Target::Http(base) => step.on_web(&base),
        Target::File(path) => step.on_file(&path),
        Target::Resource(path) => step.on_resource(&path),
    }
}

/// One link on one page.
#[derive(Clone, Copy)]
struct Step<'a> {
    page: &'a str,
    link: &'a str,
    encoding: &'static Encoding,
}

impl Step<'_> {
    fn on_web(self, base: &Url) -> Result<String, LinkError> {
        let mut target = self.read(Some(base)).map_err(|error| self.invalid(error.to_string()))?;
        if !url::is_web(target.scheme()) {
            return Err(self.forbidden());
        }
        url::tidy(&mut target);
        Ok(target.to_string())
    }

    fn on_file(self, page: &Path) -> Result<String, LinkError> {
        let base = Url::from_file_path(page).map_err(|()| self.invalid("the page has no path".to_owned()))?;
        let target = self.read(Some(&base)).map_err(|error| self.invalid(error.to_string()))?;
        if !url::is_web(target.scheme()) && target.scheme() != "file" {
            return Err(self.forbidden());
        }
        self.checked(target.as_str())
    }

    fn on_resource(self, page: &Path) -> Result<String, LinkError> {
        if let Some((scheme, _)) = url::scheme_of(self.link) {
            if !url::is_web(scheme) {
                return Err(self.forbidden());
            }
            let target = self.read(None).map_err(|error| self.invalid(error.to_string()))?;
            return self.checked(target.as_str());
        }
        if self.link.starts_with("//") {
            return Err(self.invalid("a link that begins with `//` needs a scheme before it".to_owned()));
        }
        let path = self.link.split(['?', '#']).next().unwrap_or_default();
        let path = url::decoded(path).ok_or_else(|| self.invalid("its escapes are not UTF-8".to_owned()))?;
        let target = match page.parent() {
            _ if path.is_empty() => page.to_owned(),
            Some(folder) if !path.starts_with('/') => folder.join(path),
            _ => path.into(),
        };
        let target =
            target.to_str().ok_or_else(|| self.invalid("the page's path is not UTF-8".to_owned()))?;
        match url::resource_path(target) {
            Ok(path) => Ok(Target::Resource(path).canonical()),
            Err(url::PathFault::Outside) => Err(self.invalid("it leaves the resource root".to_owned())),
            Err(url::PathFault::Invalid(reason)) => Err(self.invalid(reason.to_owned())),
        }
    }

    fn read(self, base: Option<&Url>) -> Result<Url, ParseError> {
        let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| encoded(query, self.encoding);
        let is_plain = self.encoding == UTF_8 || self.link.is_ascii();
        Url::options().base_url(base).encoding_override((!is_plain).then_some(encode)).parse(self.link)
    }

    fn checked(self, target: &str) -> Result<String, LinkError> {
        match Target::parse(target) {
            Ok(target) => Ok(target.canonical()),
            Err(error) => Err(self.invalid(error.to_string())),
        }
    }

    fn forbidden(self) -> LinkError {
        LinkError::Forbidden { page: url::shown_url(self.page), link: url::shown_url(self.link) }
    }

    fn invalid(self, reason: String) -> LinkError {
        LinkError::Invalid { page: url::shown_url(self.page), link: url::shown_url(self.link), reason }
    }
}

/// Encodes a query in the encoding of its page. As the URL standard requires, a character that the encoding lacks becomes
/// an escaped HTML character reference.
fn encoded<'a>(query: &'a str, encoding: &'static Encoding) -> Cow<'a, [u8]> {
    let encoding = encoding.output_encoding();
    let (bytes, _, has_unmappable) = encoding.encode(query);
    if !has_unmappable {
        return bytes;
    }
    let (mut encoder, mut rest) = (encoding.new_encoder(), query);
    let mut bytes = Vec::with_capacity(query.len() * 2);
    loop {
        let room =
            encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len() * 4);
        bytes.reserve(room);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return bytes.into(),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(c) => {
                bytes.extend_from_slice(format!("%26%23{}%3B", u32::from(c)).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests;
