//! Comparing texts without regard to case, as Java's `toLowerCase` and `equalsIgnoreCase` do.
//!
//! ASCII, which is nearly everything, is compared in place; only other text is turned into lower case first.

/// Whether two texts are the same but for case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!(one.is_ascii() && other.is_ascii())
            && one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase)))
}

/// Whether `text` begins with `lower`, which is in lower case.
pub(super) fn starts(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        let head = text.as_bytes().get(..lower.len());
        return head.is_some_and(|head| head.eq_ignore_ascii_case(lower.as_bytes()));
    }
    text.to_lowercase().starts_with(lower)
}

/// Whether `text` ends with `lower`, which is in lower case.
pub(super) fn ends(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        let from = text.len().checked_sub(lower.len());
        let tail = from.and_then(|from| text.as_bytes().get(from..));
        return tail.is_some_and(|tail| tail.eq_ignore_ascii_case(lower.as_bytes()));
    }
    text.to_lowercase().ends_with(lower)
}

/// Appends `text` to `out` in lower case.
pub(super) fn push_lower(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_makes_no_difference() {
        for (one, other, equal) in
            [("aB", "Ab", true), ("é", "É", true), ("a", "b", false), ("", "", true), ("a", "é", false)]
        {
            assert_eq!(same(one, other), equal, "{one} {other}");
        }
        assert!(starts("ABc", "ab") && !starts("ABc", "bc") && !starts("A", "ab") && starts("Éa", "é"));
        assert!(ends("aBC", "bc") && !ends("aBC", "ab") && !ends("C", "bc") && ends("aÉ", "é"));
    }
}
