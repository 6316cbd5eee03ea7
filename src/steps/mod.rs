//! What happens to one page, one step at a time. The folders are the stations of the flow, in order: seed,
//! load, parse, process, append; each holds its plugins too.
//!
//! A step is a value in, a value out. It never sees the store, the cluster or the next step: it says what
//! came of its work as an [`Outcome`], and the engine routes it. That is why a step can be tested with two
//! values and no runtime.
//!
//! ```text
//! Locator ─ load ─▶ Page ─ parse ─▶ Data ─ process ─▶ Data | links ─ append ─▶ Rows
//! ```

pub mod append;
mod build;
mod catalog;
mod error;
mod facts;
mod load;
mod loader;
mod page;
pub mod parse;
pub mod process;
mod script_texts;
pub mod seed;

use std::sync::Arc;

use crate::model::{Data, Link, Rows, Source};

pub use build::{Build, Entry, Made, Services, Variants};
pub use catalog::{catalog, find_step, reference};
pub use error::StepError;
pub use facts::{Facts, Replacements};
pub use loader::{LoadFuture, Loaded, Loader};
pub use page::Page;
pub use script_texts::ScriptTexts;

/// A place in the flow. A chain visits them in this order; `Process` any number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Station {
    /// Gets the page.
    Load,
    /// Takes data out of the page.
    Parse,
    /// Changes data.
    Process,
    /// Ends the chain by making jobs of the data.
    Links,
    /// Makes rows of the data.
    Append,
}

/// What a step works on.
#[derive(Debug)]
pub enum Payload {
    /// A loaded page.
    Page(Arc<Page>),
    /// Data taken from it.
    Data(Data),
}

/// What came of a step.
#[derive(Debug)]
pub enum Outcome {
    /// Hand this on to the next step.
    Next(Payload),
    /// The chain ends here: each of these becomes a job.
    Links(Vec<Link>),
    /// Rows to commit; the data is handed on, if there is a next step.
    Rows(Rows, Data),
}

/// One step of a task after the page is loaded. Computes, and does no I/O but for kept data.
pub trait Step: Send + Sync {
    /// Does the work of the step on `payload`.
    ///
    /// # Errors
    /// Why the job cannot continue, and whether trying again may help.
    fn run(&self, source: &Arc<Source>, payload: Payload) -> Result<Outcome, StepError>;

    /// Whether it may wait, for a script say: the thread should then be given up first.
    fn may_wait(&self) -> bool {
        false
    }

    /// Stops: work that takes long ends with a recoverable error.
    fn close(&self) {}

    /// The run is over for this process: logs what only all pages together show.
    fn sum_up(&self) {}
}

/// A step that only computes on data. Most contributed steps are this, and no more.
pub trait DataStep: Send + Sync {
    /// Returns the data to hand on.
    ///
    /// # Errors
    /// Why the job cannot continue.
    fn process(&self, data: Data) -> Result<Data, StepError>;

    /// See [`Step::may_wait`].
    fn may_wait(&self) -> bool {
        false
    }

    /// The same as [`Step::close`].
    fn close(&self) {}
}

impl<T: DataStep> Step for T {
    fn run(&self, _source: &Arc<Source>, payload: Payload) -> Result<Outcome, StepError> {
        Ok(Outcome::Next(Payload::Data(self.process(payload.data()?)?)))
    }

    fn may_wait(&self) -> bool {
        DataStep::may_wait(self)
    }

    fn close(&self) {
        DataStep::close(self);
    }
}

impl Payload {
    /// The data.
    ///
    /// # Errors
    /// It is a page: the chain is in the wrong order, which making a plan of it rules out.
    pub fn data(self) -> Result<Data, StepError> {
        match self {
            Self::Data(data) => Ok(data),
            Self::Page(_) => Err(StepError::fatal("the step needs data and was given a page")),
        }
    }

    /// The page.
    ///
    /// # Errors
    /// It is data: the chain is in the wrong order, which making a plan of it rules out.
    pub fn page(self) -> Result<Arc<Page>, StepError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Data(_) => Err(StepError::fatal("the step needs a page and was given data")),
        }
    }
}
