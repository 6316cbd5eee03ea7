//! Simulated time: milliseconds since the simulation of this thread began.

use std::cell::Cell;

/// What the first moment is called, in milliseconds since 1970.
const BEGINNING: i64 = 1_700_000_000_000;

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

/// The time as nodes tell it each other.
pub(super) fn since_1970() -> i64 {
    BEGINNING + i64::try_from(now()).unwrap()
}
