//! How many may be through a gate at a time: a number that changes while some are.
//!
//! When the number shrinks, requests that are through stay: a permit that comes back is not free again until there are
//! as few as there may be.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::HostPlaces;

/// Slots of one host, whose number can change.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    told: Mutex<Told>,
}

/// How many there may be, as was told last.
#[derive(Debug)]
struct Told {
    request: u64,
    count: usize,
    /// Slots in use beyond that.
    over: usize,
}

/// A slot in use, until dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let told = Mutex::new(Told { request: 0, count, over: 0 });
        Arc::new(Self { free: Arc::new(Semaphore::new(count)), told })
    }

    /// Takes note of how many there may be, unless a later answer was heard before.
    pub(super) fn hear(&self, places: HostPlaces) {
        let mut told = self.told.lock();
        if places.request <= told.request {
            return;
        }
        told.request = places.request;
        let (before, count) = (told.count, places.count.max(1) as usize);
        told.count = count;
        if count < before {
            let fewer = before - count;
            told.over += fewer - self.free.forget_permits(fewer);
        } else {
            let more = count - before;
            let kept = more.min(told.over);
            told.over -= kept;
            self.free.add_permits(more - kept);
        }
    }

    /// Waits for a slot.
    pub(super) async fn enter(self: &Arc<Self>) -> Slot {
        loop {
            // Never closed; without a slot the delay still holds.
            let permit = Arc::clone(&self.free).acquire_owned().await.ok();
            let mut told = self.told.lock();
            match permit {
                // It comes from a waiter that was next and gave up; only the semaphore knew of it.
                Some(permit) if told.over > 0 => {
                    told.over -= 1;
                    permit.forget();
                }
                permit => return Slot { slots: Arc::clone(self), permit },
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut told = self.slots.told.lock();
        if told.over > 0
            && let Some(permit) = self.permit.take()
        {
            told.over -= 1;
            permit.forget();
        }
        // Given back under the lock, or not at all: a slot that is on its way back is in use still.
        drop(self.permit.take());
    }
}
