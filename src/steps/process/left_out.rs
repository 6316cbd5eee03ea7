//! Links that are left out, reported without flooding the log.
//!
//! A page decides how many there are. So the log has a warning for the first few of each kind and a count of the rest;
//! after many warnings of a task in a run, further ones are at debug level only. Links that do not lead to a page, such
//! as `mailto:`, do not cause warnings.

use std::sync::atomic::{AtomicU32, Ordering};

use tracing::{debug, warn};

use crate::fetch::LinkError;
use crate::model::{ShownUrl, Source, scheme_of};

/// Links of one kind that are logged for each page and task.
const FIRST: u32 = 3;

/// Warnings of one task in a run; later ones are written at debug level.
const MOST: u32 = 300;

/// Schemes of links that are for people or for the page itself.
const NOT_FOR_PAGES: [&str; 8] = ["mailto", "tel", "sms", "fax", "javascript", "data", "about", "blob"];

/// Characters that browsers drop from a URL.
const DROPPED: [char; 3] = ['\t', '\n', '\r'];

/// Links of one page and task.
pub(super) struct LeftOut<'a> {
    source: &'a Source,
    /// Warnings of the task so far.
    said: &'a AtomicU32,
    not_for_pages: u32,
    forbidden: u32,
    invalid: u32,
}

impl<'a> LeftOut<'a> {
    pub(super) fn new(source: &'a Source, said: &'a AtomicU32) -> Self {
        Self { source, said, not_for_pages: 0, forbidden: 0, invalid: 0 }
    }

    /// Notes a link that is left out.
    pub(super) fn note(&mut self, link: &str, error: &LinkError) {
        if is_not_for_pages(link) {
            self.not_for_pages += 1;
            return;
        }
        let count = match error {
            LinkError::Forbidden { .. } => &mut self.forbidden,
            LinkError::Invalid { .. } => &mut self.invalid,
        };
        *count += 1;
        if *count > FIRST {
            return;
        }
        let Source { locator, task, .. } = self.source;
        if self.may_warn() {
            warn!(%locator, %task, %error, "link is left out");
        } else {
            debug!(%locator, %task, %error, "link is left out");
        }
    }

    /// Logs how many more there were.
    pub(super) fn sum_up(self) {
        let Source { locator, task, page_url, .. } = self.source;
        let url = ShownUrl(page_url);
        for (count, kind) in [(self.forbidden, "forbidden"), (self.invalid, "not valid")] {
            let more = count.saturating_sub(FIRST);
            if more > 0 && self.may_warn() {
                warn!(%locator, %task, %url, kind, more, "more links of this page are left out");
            } else if more > 0 {
                debug!(%locator, %task, %url, kind, more, "more links of this page are left out");
            }
        }
        if self.not_for_pages > 0 {
            debug!(%locator, %task, %url, links = self.not_for_pages, "links that do not lead to pages");
        }
    }

    /// Whether the task may log another warning. Logs a message when it reaches the limit.
    fn may_warn(&self) -> bool {
        // Relaxed: one warning more or less does not matter.
        let said = self
            .said
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |said| (said <= MOST).then(|| said + 1));
        if said == Ok(MOST) {
            let task = &self.source.task;
            warn!(%task, "{MOST} warnings about links of this task: later ones are written with -vv only");
        }
        said.is_ok_and(|said| said < MOST)
    }
}

/// Whether a link is for people, or for the page itself.
fn is_not_for_pages(link: &str) -> bool {
    let link = if link.contains(DROPPED) { link.replace(DROPPED, "") } else { link.to_owned() };
    let scheme = scheme_of(link.trim_matches(|c: char| c <= ' ')).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| NOT_FOR_PAGES.iter().any(|name| name.eq_ignore_ascii_case(scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_for_people_are_told_from_others() {
        let check = |link: &str, expected| assert_eq!(is_not_for_pages(link), expected, "{link:?}");
        for link in [
            "mailto:a@b",
            " MailTo:a",
            "tel:1",
            "java\nscript:x()",
            "data:,x",
            "\u{1}javascript:",
            "about:blank",
        ] {
            check(link, true);
        }
        for link in ["ftp://h/", "http://[", "../../x", "file:///etc/passwd", "mailto/x", ""] {
            check(link, false);
        }
    }
}
