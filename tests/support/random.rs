//! Chance that can be had again.

/// A sequence without pattern, the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of `SCOOPI_SEED`, or of `seed` if that is not set. Says which, for the day when it matters.
    pub(crate) fn new(test: &str, seed: u64) -> Self {
        let set = std::env::var("SCOOPI_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = set.unwrap_or(seed);
        println!("{test}: SCOOPI_SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}
