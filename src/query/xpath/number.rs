//! Numbers as XPath 1.0 reads, prints and rounds them.
//!
//! Knows nothing of trees or expressions. Reading is stricter than Rust's own (no exponent, no plus sign,
//! no `inf`), printing never uses an exponent, rounding is half up and keeps the sign of zero.

use std::fmt::Write;

use compact_str::CompactString;

/// Whether XPath calls this character white space. A non-breaking space is not white space.
pub(super) fn is_space(ch: char) -> bool {
    matches!(ch, ' ' | '\t' | '\n' | '\r')
}

/// `number(text)`: NaN unless the whole text is a number.
pub(super) fn parse(text: &str) -> f64 {
    parse_exact(text).unwrap_or(f64::NAN)
}

/// The number that the text is, if it is one.
pub(super) fn parse_exact(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let mut dots = 0;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {}
            b'.' if dots == 0 => dots = 1,
            _ => return None,
        }
    }
    if digits.len() == dots {
        return None;
    }
    text.parse().ok()
}

/// `string(number)`: decimal digits, no exponent.
pub(super) fn format(number: f64) -> CompactString {
    if number.is_nan() {
        return CompactString::const_new("NaN");
    }
    if number.is_infinite() {
        return CompactString::const_new(if number > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let mut text = CompactString::default();
    // Adding zero turns -0 into 0, which XPath prints without a sign. Writing to a text cannot fail.
    let printed = write!(text, "{}", number + 0.0);
    debug_assert!(printed.is_ok());
    text
}

/// `round(number)`: to the nearest integer, halves towards positive infinity.
pub(super) fn round(number: f64) -> f64 {
    // `floor(x + 0.5)` would be wrong for 0.49999999999999994 and for odd numbers above 2^52.
    let floor = number.floor();
    let rounded = if number - floor >= 0.5 { floor + 1.0 } else { floor };
    if rounded == 0.0 { rounded.copysign(number) } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, printed: &str) {
        assert_eq!(format(parse(text)), printed, "{text}");
    }

    #[test]
    fn numbers_are_read_and_printed_without_exponents() {
        check(" \t12.50\r\n", "12.5");
        check("-.5", "-0.5");
        check("7.", "7");
        check("-0", "0");
        check("000", "0");
        check("1000000000000000000000", "1000000000000000000000");
        check("0.0000000000000000000000001", "0.0000000000000000000000001");
        for wrong in [
            "", " ", "-", ".", "-.", "1e3", "+1", "1 2", "- 1", "--1", "1.2.3", "inf", "NaN", "0x1",
            "\u{a0}1",
        ] {
            check(wrong, "NaN");
        }
        assert_eq!(format(f64::INFINITY), "Infinity");
        assert_eq!(format(f64::NEG_INFINITY), "-Infinity");
    }

    #[test]
    fn halves_round_up_and_zero_keeps_its_sign() {
        for (number, rounded) in [
            (2.5, 3.0),
            (-2.5, -2.0),
            (-2.6, -3.0),
            (0.499_999_999_999_999_94, 0.0),
            (4_503_599_627_370_497.0, 4_503_599_627_370_497.0),
            (1e300, 1e300),
        ] {
            assert_eq!(round(number), rounded, "{number}");
        }
        assert!(round(-0.5).is_sign_negative());
        assert!(round(-0.0).is_sign_negative());
        assert!(round(-1e-20).is_sign_negative());
        assert!(round(0.2).is_sign_positive());
        assert!(round(f64::NAN).is_nan());
        assert_eq!(round(f64::INFINITY), f64::INFINITY);
    }
}
