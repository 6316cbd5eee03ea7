//! What this node has done so far, for progress and for the end.

use crate::observe::Counter;

/// Counted while jobs are worked on.
#[derive(Debug, Default)]
pub struct Figures {
    /// Pages that were loaded.
    pub pages: Counter,
    /// Bytes of these pages.
    pub bytes: Counter,
    /// Tries that failed.
    pub errors: Counter,
    /// Links that were not followed because their URLs are too long.
    pub long_links: Counter,
    /// Links and redirects that were not followed because they lead to hosts beyond the scope of the run.
    pub links_beyond: Counter,
    /// Pages that were skipped, because they are not text.
    pub skipped: Counter,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FiguresView {
    /// Pages that were loaded.
    pub pages: u64,
    /// Bytes of these pages.
    pub bytes: u64,
    /// Tries that failed.
    pub errors: u64,
    /// Links that were not followed because their URLs are too long.
    pub long_links: u64,
    /// Links and redirects that were not followed because they lead to hosts beyond the scope of the run.
    pub links_beyond: u64,
    /// Pages that were skipped, because they are not text.
    pub skipped: u64,
}

impl Figures {
    /// The figures now.
    #[must_use]
    pub fn view(&self) -> FiguresView {
        FiguresView {
            pages: self.pages.get(),
            bytes: self.bytes.get(),
            errors: self.errors.get(),
            long_links: self.long_links.get(),
            links_beyond: self.links_beyond.get(),
            skipped: self.skipped.get(),
        }
    }
}
