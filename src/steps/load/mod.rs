//! Gets the page of a job: kept from an earlier run, or fetched.

mod loader;

use std::future::Future;
use std::pin::Pin;

use crate::model::{Document, Job};

use super::StepError;

pub(super) use loader::ENTRY;

/// The future that a loader returns.
pub type LoadFuture<'a> = Pin<Box<dyn Future<Output = Result<Document, StepError>> + Send + 'a>>;

/// Gets pages.
pub trait Loader: Send + Sync {
    /// Gets the page of `job`.
    fn load<'a>(&'a self, job: &'a Job) -> LoadFuture<'a>;

    /// The host of a job that is being loaded may be asked as often at a time as the job says now.
    fn hear(&self, _job: &Job) {}

    /// Loads that did not begin yet fail from now on, in a way that may pass; the others come to their end.
    fn close(&self);
}
