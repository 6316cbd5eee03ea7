//! Numbers that look like chance and are the same for the same seed, everywhere.
//!
//! Knows nothing of pages. Not a crate's generator: its next version might draw other numbers, and sites would change.

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    /// The numbers that belong to a seed, a matter and one of its kind.
    pub(crate) fn new(seed: u64, matter: u64, number: usize) -> Self {
        let mut random = Self(seed ^ matter.rotate_left(48) ^ (number as u64).rotate_left(16));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// A word of two to four syllables.
    pub(crate) fn word(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "ba", "cor", "den", "el", "fir", "ga", "hol", "im", "jun", "ka", "lor", "mi", "nes", "or", "pel",
            "qua", "ri", "sto", "tan", "ul", "ver", "wen", "xa", "zo",
        ];
        (0..2 + self.below(3)).map(|_| SYLLABLES[self.below(SYLLABLES.len())]).collect()
    }

    /// Words with blanks between.
    pub(crate) fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// A figure as balance sheets have them, with commas between thousands.
    pub(crate) fn figure(&mut self) -> String {
        match self.below(20) {
            0 => "-".to_owned(),
            1 => "0.00".to_owned(),
            kind => {
                let digits = u32::try_from(1 + self.below(6)).unwrap();
                let (whole, cents) = (self.below(10_usize.pow(digits)), self.below(100));
                let sign = if kind == 2 { "-" } else { "" };
                match (whole / 1000, whole % 1000) {
                    (0, rest) => format!("{sign}{rest}.{cents:02}"),
                    (thousands, rest) => format!("{sign}{thousands},{rest:03}.{cents:02}"),
                }
            }
        }
    }
}
