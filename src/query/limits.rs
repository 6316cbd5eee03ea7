//! What a page may cost, and how running over it is said.
//!
//! Limits are counts, not times: the same page and the same query give the same answer on a fast and on a
//! slow machine, which a replicated run relies on.

use std::cell::Cell;

use thiserror::Error;

/// Bounds on one page and on the queries asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of elements. html5ever needs time quadratic in depth, so this bounds time too.
    pub depth: u32,
    /// Most nodes (elements, texts, comments) and attributes in one page.
    pub nodes: u32,
    /// Most node visits by all queries of one task on one page.
    pub visits: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 512, nodes: 1_000_000, visits: 200_000_000 }
    }
}

/// Why a query could not be compiled or answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The text of the query is wrong.
    #[error("{message}, at character {at} of `{query}`")]
    Syntax {
        /// The query as written.
        query: String,
        /// 1-based position, counted in characters.
        at: usize,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// The query is well formed and cannot be answered on this page.
    #[error("{message}, in `{query}`")]
    Evaluation {
        /// The query as written.
        query: String,
        /// What went wrong.
        message: String,
    },
    /// More work than a page may cause.
    #[error("queries visited more than {limit} nodes of the page (limit `scoopi.query.visits`)")]
    TooExpensive {
        /// The limit that was passed.
        limit: u64,
    },
}

/// Counts the work of queries on one page.
///
/// A `Cell`, because one page is queried by one thread at a time.
#[derive(Debug)]
pub struct Meter {
    left: Cell<u64>,
    limit: u64,
}

impl Meter {
    /// A meter that allows `limits.visits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { left: Cell::new(limits.visits), limit: limits.visits }
    }

    /// Pays for `visits` node visits.
    ///
    /// # Errors
    /// [`QueryError::TooExpensive`] once the limit is passed.
    pub fn pay(&self, visits: u64) -> Result<(), QueryError> {
        match self.left.get().checked_sub(visits) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(QueryError::TooExpensive { limit: self.limit })
            }
        }
    }
}
