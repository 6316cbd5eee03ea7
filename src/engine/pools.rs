//! How many jobs may be in a step at a time.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Places of the step `loader`, where settings do not say: it waits for servers most of its time.
const LOADER: usize = 64;

/// One semaphore per step name.
#[derive(Debug)]
pub struct Pools(HashMap<CompactString, Semaphore>);

impl Pools {
    /// Pools for these steps, of the given sizes; a step without one has `others` places, `loader` 64.
    #[must_use]
    pub fn new<'a>(
        sizes: &BTreeMap<String, u32>,
        others: usize,
        steps: impl IntoIterator<Item = &'a CompactString>,
    ) -> Self {
        let size = |step: &CompactString| match sizes.get(step.as_str()) {
            Some(size) => *size as usize,
            None if step == "loader" => LOADER,
            None => others,
        };
        Self(steps.into_iter().map(|step| (step.clone(), Semaphore::new(size(step).max(1)))).collect())
    }

    /// Returns the pool of a step.
    pub(super) fn of(&self, step: &str) -> Option<&Semaphore> {
        self.0.get(step)
    }

    /// A place in the pool of a step; waits for one. `None` for a step that has no pool.
    pub(super) async fn enter(&self, step: &str) -> Option<SemaphorePermit<'_>> {
        // Semaphores are never closed, so the only way to have no place is to have no pool.
        self.of(step)?.acquire().await.ok()
    }
}
