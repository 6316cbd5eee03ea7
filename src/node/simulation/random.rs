//! Chance that can be had again.

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

/// A sequence without pattern, the same for the same seed. Clones continue the same sequence.
#[derive(Debug, Clone)]
pub(super) struct Random(Arc<Mutex<u64>>);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// A sequence of its own, so that how often one part draws does not change what another gets.
    pub(super) fn fork(&self) -> Self {
        Self::new(self.next())
    }

    /// splitmix64.
    pub(super) fn next(&self) -> u64 {
        let mut state = self.0.lock();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range, which is not empty.
    pub(super) fn of(&self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&self, percent: u64) -> bool {
        self.of(0..100) < percent
    }

    /// One of them.
    pub(super) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.of(0..from.len() as u64)).unwrap()]
    }
}
