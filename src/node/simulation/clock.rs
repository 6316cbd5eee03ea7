//! Simulated time: milliseconds since the simulation of this thread began.

use std::cell::Cell;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

/// Sets the time.
pub(super) fn set(now: u64) {
    NOW.set(now);
}

/// The time.
pub(super) fn now() -> u64 {
    NOW.get()
}
