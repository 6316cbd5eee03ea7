//! What a URL means, as pure functions: which kind it is, its canonical form, its host, and how it is shown.
//!
//! Three kinds: `http(s):` URLs, `file:` URLs of absolute paths, and paths without a scheme, which lie below
//! the resource root. Nothing here looks at a disk: whether `..` leaves the root is decided by the text
//! alone, so a link that the user placed inside the root may lead anywhere.
//!
//! People write definitions, so blanks, non-ASCII and `|` in http URLs are escaped rather than refused.

use std::fmt::{self, Write};
use std::path::{Component, Path, PathBuf};

use ::url::Url;

use crate::fetch::error::FetchError;

pub use crate::model::shown_url;
pub(super) use crate::model::{is_web, scheme_of};

/// Longest URL in bytes. Servers refuse far shorter ones; the limit keeps a hostile link small in memory.
pub(super) const MAX_URL: usize = 16 * 1024;

/// A URL that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An `http:` or `https:` URL without fragment.
    Http(Url),
    /// An absolute path, decoded and without `.` and `..`.
    File(PathBuf),
    /// A path below the resource root, without `.` and `..`, never empty and never absolute.
    Resource(PathBuf),
}

impl Target {
    /// Reads a URL. White space around it is ignored.
    ///
    /// # Errors
    /// [`FetchError::Url`] if it is malformed or longer than 16 KiB, [`FetchError::Scheme`] if its scheme is not
    /// supported, [`FetchError::OutsideRoot`] if it is a path with too many `..`.
    pub fn parse(url: &str) -> Result<Self, FetchError> {
        let text = url.trim();
        let wrong = |reason: String| FetchError::Url { url: shown_url(text), reason };
        if text.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        if text.len() > MAX_URL {
            return Err(wrong(format!("it has {} bytes, more than {MAX_URL}", text.len())));
        }
        match scheme_of(text) {
            None => resource_path(text).map(Self::Resource).map_err(|fault| match fault {
                PathFault::Outside => FetchError::OutsideRoot { url: shown_url(text) },
                PathFault::Invalid(reason) => wrong(reason.to_owned()),
            }),
            Some((scheme, _)) if is_web(scheme) => parse_web(text).map(Self::Http).map_err(wrong),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                parse_file(text, rest).map(Self::File).map_err(wrong)
            }
            Some((scheme, _)) => Err(FetchError::Scheme { url: shown_url(text), scheme: scheme.to_owned() }),
        }
    }

    /// The one spelling of this URL; see [`canonical_url`].
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            Self::Http(url) => url.to_string(),
            Self::File(path) => match Url::from_file_path(path) {
                Ok(url) => url.to_string(),
                Err(()) => format!("file://{}", path.display()),
            },
            Self::Resource(path) => {
                let mut text = String::with_capacity(path.as_os_str().len() + 1);
                for part in path {
                    text.push('/');
                    text.push_str(&part.to_string_lossy());
                }
                text
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

/// The one spelling of a URL, so that the same page asked for in two ways is the same job.
///
/// `http(s):` lower-case scheme and host, no default port, no fragment, `/` for an empty path, no `.` and
/// `..`, no empty query (`?`), escapes only where needed and in capitals. `file:` has the same form of the path. Without a
/// scheme: `/` and the path below the resource root without `.`, `..` and doubled slashes. A URL that cannot be fetched
/// stays as it is, without the white space around it.
#[must_use]
pub fn canonical_url(url: &str) -> String {
    Target::parse(url).map_or_else(|_| url.trim().to_owned(), |target| target.canonical())
}

/// The host of an `http(s):` URL in lower case, without port; IPv6 addresses stand in brackets. `None` for
/// every other URL.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    match Target::parse(url) {
        Ok(Target::Http(url)) => Some(host(&url).to_owned()),
        _ => None,
    }
}

/// The host that has to be treated politely: a dot at the end of a name makes no other machine.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_end_matches('.')
}

fn parse_web(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    tidy(&mut url);
    Ok(url)
}

/// Removes the parts that do not change the page (fragment, empty query) and normalises escapes, so that two spellings of
/// the same page are one job.
pub(super) fn tidy(url: &mut Url) {
    url.set_fragment(None);
    if let Some(path) = normal(url.path()) {
        url.set_path(&path);
    }
    match url.query() {
        Some("") => url.set_query(None),
        Some(query) => {
            if let Some(query) = normal(query) {
                url.set_query(Some(&query));
            }
        }
        None => {}
    }
}

/// What stands at one position of a URL.
enum Piece {
    /// An escaped byte, in capitals or not.
    Escape(u8),
    /// A byte that must be escaped.
    Bare(u8),
    /// A `%` that does not begin an escape.
    Stray,
    /// Any other byte.
    Other,
}

impl Piece {
    fn at(bytes: &[u8], at: usize) -> Self {
        match bytes.get(at) {
            Some(byte @ (b'|' | b'^' | b'`' | b'{' | b'}')) => Self::Bare(*byte),
            Some(b'%') => {
                let digits = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<2>());
                let byte = digits.and_then(|[high, low]| Some(hex(*high)? * 16 + hex(*low)?));
                byte.map_or(Self::Stray, Self::Escape)
            }
            _ => Self::Other,
        }
    }
}

/// Returns `part` in the normal form of RFC 3986 (6.2.2): escapes of letters, digits and `- . _ ~` decoded, all others in
/// capitals. Also escapes `| ^ { }` and backquote, which the URL standard lets pass. A `%` that does not begin an escape
/// stays as it is: the servers that make such links know only this form. `None` if `part` is in this form already.
fn normal(part: &str) -> Option<String> {
    let bytes = part.as_bytes();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    bytes.iter().find(|byte| matches!(byte, b'%' | b'|' | b'^' | b'`' | b'{' | b'}'))?;
    let mut text = String::with_capacity(part.len() + 8);
    let (mut rest, mut stray) = (part.char_indices(), None);
    while let Some((at, c)) = rest.next() {
        // After a stray `%`, two digits would form another escape than the one that they come from.
        let is_behind_stray = stray.is_some_and(|stray| text.len() - stray <= 2);
        match Piece::at(bytes, at) {
            Piece::Escape(byte) => {
                if is_plain(byte) && !(is_behind_stray && byte.is_ascii_hexdigit()) {
                    text.push(char::from(byte));
                } else {
                    write!(text, "%{byte:02X}").ok()?;
                }
                rest.nth(1);
            }
            Piece::Bare(byte) => write!(text, "%{byte:02X}").ok()?,
            Piece::Stray => {
                stray = Some(text.len());
                text.push(c);
            }
            Piece::Other => text.push(c),
        }
    }
    (text != part).then_some(text)
}

/// Returns the value of a hexadecimal digit.
fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `text` with its percent-escapes undone; a `%` that escapes nothing stays. `None` if that is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        match rest.as_slice().first_chunk::<2>().map(|[high, low]| (hex(*high), hex(*low))) {
            Some((Some(high), Some(low))) if byte == b'%' => {
                bytes.push(high * 16 + low);
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn parse_file(text: &str, rest: &str) -> Result<PathBuf, String> {
    if !rest.starts_with('/') {
        let reason = "a `file:` URL needs an absolute path, as in `file:///data/page.html`; a path below the resource \
                      root is written without `file:`";
        return Err(reason.to_owned());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let path = url.to_file_path().map_err(|()| {
        let host = url.host_str().unwrap_or_default();
        format!(
            "it names the host `{host}`, and only files of this machine can be read; write `file:///path`"
        )
    })?;
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err("it contains a NUL".to_owned());
    }
    Ok(without_dots(&path))
}

/// Lexical, as in every URL; `%2F..` reaches us only after decoding.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::with_capacity(path.as_os_str().len());
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Why a text is not a resource path.
pub(super) enum PathFault {
    /// It leaves the resource root.
    Outside,
    /// It means no file.
    Invalid(&'static str),
}

/// The path below the resource root that `text` means; a leading slash is the root itself.
pub(super) fn resource_path(text: &str) -> Result<PathBuf, PathFault> {
    if text.contains('\0') {
        return Err(PathFault::Invalid("it contains a NUL"));
    }
    let mut path = PathBuf::with_capacity(text.len());
    for part in Path::new(text).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return Err(PathFault::Outside);
                }
            }
            Component::Prefix(_) => return Err(PathFault::Outside),
        }
    }
    if path.as_os_str().is_empty() {
        return Err(PathFault::Invalid("it names the resource root itself, not a file in it"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
