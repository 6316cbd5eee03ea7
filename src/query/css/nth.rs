//! The argument of `:nth-child` and its like: `3`, `odd`, `even`, `an+b`.
//!
//! Knows numbers only. The meaning is that of CSS, also for `-n+2`.

/// Most digits of a number; more would not fit.
const MAX_DIGITS: usize = 9;

/// The positions `a*n + b` for `n` from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nth {
    a: i64,
    b: i64,
}

impl Nth {
    /// The first position only.
    pub(super) const FIRST: Self = Self { a: 0, b: 1 };

    /// Reads an argument; `None` if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("odd") {
            return Some(Self { a: 2, b: 1 });
        }
        if text.eq_ignore_ascii_case("even") {
            return Some(Self { a: 2, b: 0 });
        }
        let Some((a, b)) = text.split_once(['n', 'N']) else {
            return Some(Self { a: 0, b: number(text)? });
        };
        let a = match a.trim_end() {
            "" | "+" => 1,
            "-" => -1,
            other => number(other)?,
        };
        let b = b.trim_start();
        if b.is_empty() {
            return Some(Self { a, b: 0 });
        }
        // A sign parts the two, with blanks on both sides of it or none.
        let (sign, digits) = b.split_at_checked(1)?;
        let digits = digits.trim_start();
        let unsigned = digits.starts_with(|c: char| c.is_ascii_digit());
        match (sign, unsigned) {
            ("+", true) => Some(Self { a, b: number(digits)? }),
            ("-", true) => Some(Self { a, b: -number(digits)? }),
            _ => None,
        }
    }

    /// This position only; `None` for a number that has too many digits for [`Nth::parse`].
    pub(super) fn at(position: u32) -> Option<Self> {
        (position < 10_u32.pow(MAX_DIGITS as u32)).then(|| Self { a: 0, b: i64::from(position) })
    }

    /// The position, if there is only one.
    pub(super) fn only(self) -> Option<i64> {
        (self.a == 0).then_some(self.b)
    }

    /// Whether the 1-based `position` is one of them.
    pub(super) fn has(self, position: i64) -> bool {
        let beyond = position - self.b;
        if self.a == 0 { beyond == 0 } else { beyond % self.a == 0 && beyond / self.a >= 0 }
    }
}

/// A whole number with an optional sign.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, positions: &[i64]) {
        let nth = Nth::parse(text).unwrap();
        let found: Vec<i64> = (1..=8).filter(|position| nth.has(*position)).collect();
        assert_eq!(found, positions, "{text}");
    }

    #[test]
    fn a_number_is_what_its_text_is() {
        for number in [0, 1, 7, 999_999_999, 1_000_000_000, u32::MAX] {
            assert_eq!(Nth::at(number), Nth::parse(&number.to_string()), "{number}");
        }
    }

    #[test]
    fn arguments_name_positions() {
        check("3", &[3]);
        check(" +3 ", &[3]);
        check("0", &[]);
        check("-1", &[]);
        check("odd", &[1, 3, 5, 7]);
        check("EVEN", &[2, 4, 6, 8]);
        check("2n+1", &[1, 3, 5, 7]);
        check("2N - 1", &[1, 3, 5, 7]);
        check("3n", &[3, 6]);
        check("n", &[1, 2, 3, 4, 5, 6, 7, 8]);
        check("-n+2", &[1, 2]);
        check("-n + 2", &[1, 2]);
        check("n+7", &[7, 8]);
        check("-2n+5", &[1, 3, 5]);
        check("+3n-2", &[1, 4, 7]);
        check("0n+4", &[4]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "abc", "2n1", "n+", "2n+-1", "1.5", "--1", "n n", "99999999999", "+", "é", "né", "2 3"]
        {
            assert_eq!(Nth::parse(text), None, "{text}");
        }
    }
}
