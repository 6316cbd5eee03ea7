//! What a plain YAML scalar is: nothing, a truth value, a number or text.
//!
//! Narrower than the YAML core schema on purpose: only what every reader would call a number is one, in the
//! notation of JSON. `2-6`, `P1W`, `012`, `0x1F`, `1_000`, `.5` and `yes` are text.

use std::sync::Arc;

use super::node::Kind;

/// The value of a scalar without quotes.
pub(super) fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true, text.into()),
        "false" | "False" | "FALSE" => Kind::Bool(false, text.into()),
        _ if is_number(text) => Kind::Number(text.into()),
        _ => Kind::Text(text.into()),
    }
}

/// The value of a scalar with a tag of the YAML core schema, such as `!!str`; `None` when it does not fit.
pub(super) fn tagged(tag: &str, text: &str) -> Option<Kind> {
    let source: Arc<str> = text.into();
    match (tag, plain(text)) {
        ("str", _) => Some(Kind::Text(source)),
        ("int", kind @ Kind::Number(_)) if !text.contains(['.', 'e', 'E']) => Some(kind),
        ("float", kind @ Kind::Number(_)) | ("bool", kind @ Kind::Bool(..)) | ("null", kind @ Kind::Null) => {
            Some(kind)
        }
        _ => None,
    }
}

/// Whether `text` is a number in JSON notation.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(|text| all_digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], wanted: fn(&Kind) -> bool) {
        for text in texts {
            assert!(wanted(&plain(text)), "{text} is {:?}", plain(text));
        }
    }

    #[test]
    fn what_is_clearly_a_number_is_one() {
        check(&["0", "5", "-5", "12.50", "1e3", "-0.5E-7"], |kind| matches!(kind, Kind::Number(_)));
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        check(
            &[
                "2-6",
                "012",
                "0x1F",
                "0o7",
                "1_000",
                ".5",
                "5.",
                "+5",
                "1e",
                "-",
                "--5",
                ".inf",
                ".nan",
                "12:30",
                "2016-12-31",
                "P1W",
                "1.2.3",
                "٣",
            ],
            |kind| matches!(kind, Kind::Text(_)),
        );
    }

    #[test]
    fn only_true_and_false_are_truth_values() {
        check(&["true", "false", "True", "FALSE"], |kind| matches!(kind, Kind::Bool(..)));
        check(&["yes", "no", "on", "off", "y", "tRue"], |kind| matches!(kind, Kind::Text(_)));
        check(&["", "~", "null"], |kind| matches!(kind, Kind::Null));
    }

    #[test]
    fn a_tag_decides() {
        assert!(matches!(tagged("str", "5"), Some(Kind::Text(_))));
        assert!(matches!(tagged("int", "5"), Some(Kind::Number(_))));
        assert!(tagged("int", "5.5").is_none());
        assert!(tagged("bool", "yes").is_none());
        assert!(tagged("binary", "5").is_none());
    }
}
