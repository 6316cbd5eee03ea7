//! What gets the page of a job: a trait, so that steps can be tried and simulated without a network.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::Semaphore;

use crate::model::{Document, Job};

use super::StepError;

/// The future that a loader returns.
pub type LoadFuture<'a> = Pin<Box<dyn Future<Output = Result<Loaded, StepError>> + Send + 'a>>;

/// The result of a load.
#[derive(Debug)]
pub enum Loaded {
    /// The page.
    Document(Document),
    /// The page is at this URL, in canonical form.
    Moved(String),
}

/// Gets pages.
pub trait Loader: Send + Sync {
    /// Loads the page of `job`. Holds a permit of `pool` while the page is fetched.
    fn load<'a>(&'a self, job: &'a Job, pool: Option<&'a Semaphore>) -> LoadFuture<'a>;

    /// Updates the quota at the host of a job that is being loaded.
    fn hear(&self, _job: &Job) {}

    /// Loads that did not begin yet fail from now on, in a way that may pass; the others come to their end.
    fn close(&self);
}
