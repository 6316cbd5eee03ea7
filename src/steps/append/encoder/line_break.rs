//! Characters at which some tools end a line.
//!
//! CSV and JSON Lines end a row with `\n` only. `str.splitlines` of Python also splits at VT, FF, FS, GS, RS, NEL, LS
//! and PS, and some editors and loaders split at some of them. Such a tool may read a value with these characters as
//! two rows.

use memchr::memchr2;

/// Whether a tool may end a line at `c`.
pub(super) fn breaks_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}') || breaks_line_beyond_ascii(c)
}

/// Line breaks that JSON does not require to escape.
pub(super) fn breaks_line_beyond_ascii(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `text` may contain one of those beyond ASCII. Checks only the bytes that such a character begins with.
pub(super) fn may_break_beyond_ascii(text: &str) -> bool {
    memchr2(0xc2, 0xe2, text.as_bytes()).is_some()
}

/// Writes `text` with a blank for each line break, one for `\r\n`. Returns whether there was a line break.
pub(super) fn push_flat(out: &mut Vec<u8>, text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(breaks_line) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        out.push(b' ');
        let tail = &rest[at..];
        rest = tail.strip_prefix("\r\n").unwrap_or_else(|| {
            let mut chars = tail.chars();
            chars.next();
            chars.as_str()
        });
    }
    out.extend_from_slice(rest.as_bytes());
    rest.len() < text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_break_becomes_a_blank() {
        let check = |text: &str, flat: &str| {
            let mut out = vec![];
            assert_eq!(push_flat(&mut out, text), text != flat, "{text:?}");
            assert_eq!(String::from_utf8(out).unwrap(), flat, "{text:?}");
        };
        check("", "");
        check("a b\té", "a b\té");
        check("a\nb\rc\r\nd", "a b c d");
        check("\n\n", "  ");
        check("a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f\u{85}g\u{2028}h\u{2029}", "a b c d e f g h ");
        check("€ Â", "€ Â");
    }
}
