//! Which redirects are followed.
//!
//! Knows URLs and the limit; sends nothing. Redirects are followed one by one by us and not by the HTTP
//! library, because each is a request to a host that has its own gate.

use std::collections::HashSet;

use ::url::Url;

use crate::fetch::error::FetchError;
use crate::fetch::url;

/// An answer that sends us elsewhere.
#[derive(Debug)]
pub(super) struct Redirect {
    /// The `Location` header.
    pub(super) location: String,
    /// Whether it brought a cookie that was kept.
    pub(super) cookie: bool,
}

/// The redirects of one fetch so far.
#[derive(Debug)]
pub(super) struct Redirects {
    first: String,
    limit: usize,
    count: usize,
    seen: HashSet<String>,
}

impl Redirects {
    /// Begins with a page at `url` to which the URLs in `via` redirected, the first one in front.
    pub(super) fn new(url: &Url, via: &[String], limit: usize) -> Self {
        let first = via.first().map_or(url.as_str(), String::as_str);
        Self { first: url::shown_url(first), limit, count: via.len(), seen: via.iter().cloned().collect() }
    }

    /// Where to go from `from`, which answered with `redirect`.
    ///
    /// # Errors
    /// [`FetchError::RedirectForbidden`], [`FetchError::TooManyRedirects`] or [`FetchError::RedirectLoop`].
    pub(super) fn follow(&mut self, from: &Url, redirect: &Redirect) -> Result<Url, FetchError> {
        let to = target(from, &redirect.location).map_err(|reason| FetchError::RedirectForbidden {
            url: url::shown_url(from.as_str()),
            to: url::shown_url(&redirect.location),
            reason,
        })?;
        self.count += 1;
        if redirect.cookie {
            // With it, the same URLs may well answer otherwise; some sites ask for it in just this way.
            self.seen.clear();
        } else {
            self.seen.insert(from.to_string());
        }
        let shown = || url::shown_url(to.as_str());
        if self.seen.contains(to.as_str()) {
            return Err(FetchError::RedirectLoop { url: self.first.clone(), to: shown() });
        }
        if self.count > self.limit {
            return Err(FetchError::TooManyRedirects {
                url: self.first.clone(),
                to: shown(),
                limit: self.limit,
            });
        }
        Ok(to)
    }
}

fn target(from: &Url, location: &str) -> Result<Url, String> {
    if location.len() > url::MAX_URL {
        return Err(format!("it has {} bytes, more than {}", location.len(), url::MAX_URL));
    }
    let mut to = from.join(location.trim()).map_err(|error| error.to_string())?;
    if !url::is_web(to.scheme()) {
        return Err(format!("its scheme is `{}`", to.scheme()));
    }
    url::tidy(&mut to);
    keep_user_info(from, &mut to);
    Ok(to)
}

/// User info stays on the same origin, as servers with passwords expect, and goes nowhere else.
fn keep_user_info(from: &Url, to: &mut Url) {
    if from.origin() != to.origin() || !to.username().is_empty() || to.password().is_some() {
        return;
    }
    // Both calls fail for URLs without host only, and these have none to keep.
    let kept = to.set_username(from.username()).and_then(|()| to.set_password(from.password()));
    debug_assert!(kept.is_ok(), "an http URL has a host");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(location: &str) -> Redirect {
        Redirect { location: location.to_owned(), cookie: false }
    }

    fn follow(from: &str, location: &str) -> Result<String, String> {
        let from = Url::parse(from).unwrap();
        let next = Redirects::new(&from, &[], 10).follow(&from, &to(location));
        next.map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    fn check(from: &str, location: &str, to: &str) {
        assert_eq!(follow(from, location).as_deref(), Ok(to), "{from} -> {location}");
    }

    #[test]
    fn a_location_is_resolved_against_the_url_that_answered() {
        check("http://h/a/b?c", "d", "http://h/a/d");
        check("http://h/a/b", "/d#f", "http://h/d");
        check("http://h/a/b", "//i/d", "http://i/d");
        check("http://h/a", "https://h/a", "https://h/a");
        check("http://h/a", "/ä b|c", "http://h/%C3%A4%20b%7Cc");
    }

    #[test]
    fn a_password_stays_on_its_origin() {
        check("http://u:p@h/a", "/b", "http://u:p@h/b");
        check("http://u:p@h/a", "http://h/b", "http://u:p@h/b");
        check("http://u:p@h/a", "http://h:81/b", "http://h:81/b");
        check("http://u:p@h/a", "https://h/b", "https://h/b");
        check("http://u:p@h/a", "//i/b", "http://i/b");
        check("http://u:p@h/a", "http://v@h/b", "http://v@h/b");
    }

    #[test]
    fn a_redirect_leads_to_the_web_only() {
        for location in
            ["file:///etc/passwd", "ftp://h/", "javascript:1", "data:,x", "FILE:/x", "http://[", "http://"]
        {
            let message = follow("http://u:secret@h/", location).unwrap_err();
            assert!(message.contains("redirects to") && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn a_circle_is_seen_at_once_unless_a_cookie_came() {
        let first = Url::parse("http://h/a").unwrap();
        let mut redirects = Redirects::new(&first, &[], 10);
        let second = redirects.follow(&first, &to("/b")).unwrap();
        let cookie = Redirect { location: "/a".to_owned(), cookie: true };
        assert_eq!(redirects.follow(&second, &cookie).unwrap(), first);
        assert_eq!(redirects.follow(&first, &cookie).unwrap(), first);
        assert!(matches!(redirects.follow(&first, &to("/a")), Err(FetchError::RedirectLoop { .. })));
        redirects.follow(&first, &to("/b")).unwrap();
        assert!(matches!(redirects.follow(&second, &to("/a")), Err(FetchError::RedirectLoop { .. })));
    }

    #[test]
    fn what_redirected_before_counts_and_closes_the_circle() {
        let via = ["http://h/0".to_owned(), "http://h/1".to_owned()];
        let at = Url::parse("http://h/2").unwrap();
        let circle = Redirects::new(&at, &via, 3).follow(&at, &to("/1"));
        assert!(matches!(circle, Err(FetchError::RedirectLoop { url, .. }) if url == "http://h/0"));
        assert!(Redirects::new(&at, &via, 3).follow(&at, &to("/3")).is_ok());
        let far = Redirects::new(&at, &via, 2).follow(&at, &to("/3"));
        assert!(matches!(far, Err(FetchError::TooManyRedirects { limit: 2, .. })));
    }

    #[test]
    fn the_limit_counts_redirects() {
        let mut at = Url::parse("http://h/0").unwrap();
        let mut redirects = Redirects::new(&at, &[], 3);
        for step in 1..=3 {
            at = redirects.follow(&at, &to(&format!("/{step}"))).unwrap();
        }
        let error = redirects.follow(&at, &to("/4")).unwrap_err();
        assert!(matches!(error, FetchError::TooManyRedirects { limit: 3, .. }), "{error}");
    }
}
