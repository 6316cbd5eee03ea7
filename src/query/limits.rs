//! What a page may cost, and how running over it is said.
//!
//! Limits are counts, not times: the same page and the same query give the same answer on a fast and on a
//! slow machine, which a replicated run relies on.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// The run is being stopped, and the page takes too long to wait for.
    #[error("the run is being stopped, and the queries of this page take long: they were not finished")]
    Stopped,
}

/// Visits that a page pays for before the meter checks again whether the run is being stopped.
const SLICE: u64 = 1 << 20;
/// Slices that a page still gets while the run is being stopped, so that all but the longest pages are finished.
const LAST_SLICES: u32 = 8;

/// Counts the work of queries on one page.
///
/// `Cell`s: only one thread at a time queries a page.
#[derive(Debug)]
pub struct Meter<'a> {
    /// Visits that can be paid for without another check.
    slice: Cell<u64>,
    rest: Cell<u64>,
    limit: u64,
    stop: Option<&'a AtomicBool>,
    last_slices: Cell<u32>,
}

impl Meter<'_> {
    /// A meter that allows `limits.visits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Meter<'static> {
        Meter {
            slice: Cell::new(0),
            rest: Cell::new(limits.visits),
            limit: limits.visits,
            stop: None,
            last_slices: Cell::new(LAST_SLICES),
        }
    }

    /// Returns a meter that also ends a long page soon after `stop` is set.
    #[must_use]
    pub fn stoppable<'a>(limits: &Limits, stop: &'a AtomicBool) -> Meter<'a> {
        Meter { stop: Some(stop), ..Meter::new(limits) }
    }

    /// Returns the visits that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.slice.get() + self.rest.get()
    }

    /// Pays for `visits` node visits.
    ///
    /// # Errors
    /// [`QueryError::TooExpensive`] when the limit is exceeded, [`QueryError::Stopped`] when the run stops.
    pub fn pay(&self, visits: u64) -> Result<(), QueryError> {
        match self.slice.get().checked_sub(visits) {
            Some(left) => {
                self.slice.set(left);
                Ok(())
            }
            None => self.pay_from_the_rest(visits),
        }
    }

    #[cold]
    fn pay_from_the_rest(&self, visits: u64) -> Result<(), QueryError> {
        let Some(left) = self.left().checked_sub(visits) else {
            self.slice.set(0);
            self.rest.set(0);
            return Err(QueryError::TooExpensive { limit: self.limit });
        };
        if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            let slices = self.last_slices.get().checked_sub(1).ok_or(QueryError::Stopped)?;
            self.last_slices.set(slices);
        }
        let slice = left.min(SLICE);
        self.slice.set(slice);
        self.rest.set(left - slice);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(visits: u64) -> Limits {
        Limits { visits, ..Limits::default() }
    }

    #[test]
    fn what_is_paid_is_gone() {
        let meter = Meter::new(&limits(3 * SLICE));
        for paid in [0, 1, SLICE, SLICE - 1, SLICE] {
            assert_eq!(meter.pay(paid), Ok(()));
        }
        assert_eq!(meter.left(), 0);
        assert_eq!(meter.pay(0), Ok(()));
        assert_eq!(meter.pay(1), Err(QueryError::TooExpensive { limit: 3 * SLICE }));
    }

    #[test]
    fn a_stopped_page_gets_a_little_more_and_then_nothing() {
        let stop = AtomicBool::new(false);
        let meter = Meter::stoppable(&limits(u64::MAX), &stop);
        assert_eq!(meter.pay(100 * SLICE), Ok(()));
        stop.store(true, Ordering::Relaxed);
        let paid = (0..100).take_while(|_| meter.pay(SLICE).is_ok()).count();
        assert!((1..=2 * LAST_SLICES as usize + 1).contains(&paid), "{paid}");
        assert_eq!(meter.pay(SLICE), Err(QueryError::Stopped));
        assert_eq!(
            Meter::stoppable(&limits(u64::MAX), &stop).pay(1000),
            Ok(()),
            "a short page is not given up"
        );
    }
}
