//! One value of a CSV line, written so that it stays one value of one line.
//!
//! Knows quotes, delimiters and what a spreadsheet runs as a formula. Does not know rows.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::append::encoder::line_break::{breaks_line, push_flat};

/// A word of eight bytes that are 1.
const ONES: u64 = u64::MAX / 0xff;
/// The high bit of each byte of a word.
const HIGH: u64 = ONES << 7;

/// Handling of a text that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Formula {
    /// Writes it as the page has it.
    #[default]
    Keep,
    /// Puts an apostrophe in front.
    Escape,
}

/// Format of the values of a file.
#[derive(Debug)]
pub(super) struct Fields {
    delimiter: String,
    quote: bool,
    formula: Formula,
    /// Bytes that need a closer look; plain values do not contain them.
    special: [bool; 256],
    /// Those of them that are printable ASCII, eight times each: if values are quoted, the quote and the first byte of the
    /// delimiter.
    marks: [u64; 2],
}

impl Fields {
    pub(super) fn new(delimiter: &str, quote: bool, formula: Formula) -> Self {
        let mut special = [false; 256];
        let breaks = [b'\n', b'\r', 0xb, 0xc, 0x1c, 0x1d, 0x1e, 0xc2, 0xe2];
        // If a value ends like the delimiter begins, the next value could complete a delimiter. Both it and a whole delimiter
        // have the delimiter's first byte.
        let first = delimiter.bytes().next().unwrap_or(b'"');
        let marks = if quote { [b'"', first] } else { [b'\n'; 2] };
        for byte in marks.into_iter().chain(breaks) {
            special[usize::from(byte)] = true;
        }
        let marks = marks.map(|mark| ONES * u64::from(mark));
        Self { delimiter: delimiter.to_owned(), quote, formula, special, marks }
    }

    pub(super) fn push_delimiter(&self, out: &mut Vec<u8>) {
        match self.delimiter.as_bytes() {
            // Nearly all are one byte, which costs less by itself.
            [byte] => out.push(*byte),
            bytes => out.extend_from_slice(bytes),
        }
    }

    /// Whether values are quoted if necessary.
    pub(super) fn quote(&self) -> bool {
        self.quote
    }

    /// Writes a value. Returns whether a line break in it was replaced.
    pub(super) fn push(&self, out: &mut Vec<u8>, text: &str) -> bool {
        let escapes = self.formula == Formula::Escape && is_formula(text);
        if escapes || self.has_special(text.as_bytes()) {
            return self.push_special(out, text, escapes);
        }
        out.extend_from_slice(text.as_bytes());
        false
    }

    /// The same for a value that needs a closer look, as most do not: it is not on the way of the others.
    #[inline(never)]
    fn push_special(&self, out: &mut Vec<u8>, text: &str, escapes: bool) -> bool {
        // The apostrophe is part of the value: it may begin a delimiter, too.
        let text = if escapes { Cow::Owned(["'", text].concat()) } else { Cow::Borrowed(text) };
        if !self.quote {
            return push_flat(out, &text);
        }
        if self.needs_quotes(&text) {
            out.push(b'"');
            out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(text.as_bytes());
        }
        false
    }

    /// Whether a byte of the text needs a closer look. Looks at eight bytes at a time first: most values are plain ASCII.
    fn has_special(&self, text: &[u8]) -> bool {
        let is_special = |bytes: &[u8]| bytes.iter().any(|byte| self.special[usize::from(*byte)]);
        let Some(last) = text.last_chunk::<8>() else { return is_special(text) };
        let (words, _) = text.as_chunks::<8>();
        // The last eight bytes stand for those that fill no word.
        let doubts = words.iter().fold(self.doubts(*last), |doubts, word| doubts | self.doubts(*word));
        doubts & HIGH != 0 && is_special(text)
    }

    /// Returns a word with a high bit that is set if one of these bytes may be special: a control character, one beyond ASCII,
    /// or one of the marks.
    fn doubts(&self, word: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(word);
        // The high bit of each byte that is below `limit`, of bytes that are ASCII.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
        let [quote, delimiter] = self.marks.map(|mark| below(word ^ mark, 1));
        word | below(word, 0x20) | quote | delimiter
    }

    fn needs_quotes(&self, text: &str) -> bool {
        text.contains(|c| c == '"' || breaks_line(c))
            || text.contains(&self.delimiter)
            || self.begins_at_the_end_of(text)
    }

    /// Whether the text ends with a beginning of the delimiter.
    fn begins_at_the_end_of(&self, text: &str) -> bool {
        let beginnings = self.delimiter.char_indices().map(|(at, _)| &self.delimiter[..at]);
        beginnings.filter(|beginning| !beginning.is_empty()).any(|beginning| text.ends_with(beginning))
    }
}

/// Whether a spreadsheet would run the text as a formula: its first character begins one, and it is not a number.
///
/// Spreadsheets of East Asian systems also take the full-width signs `＝＋－＠`.
#[inline(never)]
fn is_formula(text: &str) -> bool {
    let mut rest = text.chars();
    let first = rest.next();
    let rest = rest.as_str();
    match first {
        Some('+' | '-' | '\u{ff0b}' | '\u{ff0d}') => !rest.is_empty() && !is_number(rest.as_bytes()),
        Some('=' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff20}') => !rest.is_empty(),
        _ => false,
    }
}

/// Whether the text is digits with separators, with an optional percent sign or exponent.
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"%").unwrap_or(text);
    let exponent = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b"0"[..]),
    };
    let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
    let digits = |text: &[u8], others: &[u8]| {
        text.iter().any(u8::is_ascii_digit)
            && text.iter().all(|byte| byte.is_ascii_digit() || others.contains(byte))
    };
    digits(mantissa, b".,") && digits(exponent, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &Fields, text: &str) -> (String, bool) {
        let mut out = vec![];
        let replaced = fields.push(&mut out, text);
        (String::from_utf8(out).unwrap(), replaced)
    }

    #[test]
    fn a_special_byte_is_seen_at_every_place_of_every_length() {
        let fields = Fields::new("|", true, Formula::Keep);
        for length in 1..30 {
            assert!(!fields.has_special(&vec![b'~'; length]) && !fields.has_special(&vec![b' '; length]));
            for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut text = vec![b'{'; length];
                text[at] = byte;
                assert_eq!(
                    fields.has_special(&text),
                    fields.special[usize::from(byte)],
                    "{length} {at} {byte}"
                );
            }
        }
    }

    #[test]
    fn quotes_stand_where_they_are_needed() {
        let check = |delimiter: &str, text: &str, expected: &str| {
            let fields = Fields::new(delimiter, true, Formula::Keep);
            assert_eq!(written(&fields, text), (expected.to_owned(), false), "{delimiter:?} {text:?}");
        };
        check(",", "plain", "plain");
        check(",", "", "");
        check(",", "a,b", "\"a,b\"");
        check(",", "a|b", "a|b");
        check("|", "a|b", "\"a|b\"");
        check(",", "say \"yes\"", "\"say \"\"yes\"\"\"");
        for line_break in
            ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}"]
        {
            check(",", &format!("a{line_break}b"), &format!("\"a{line_break}b\""));
        }
        check(",", "€ Â é", "€ Â é");
        check("€", "1€", "\"1€\"");
        // A reader must not read `a:` and `b` with `::` between them as `a`, `:b`.
        check("::", "a:", "\"a:\"");
        check("::", "a:b", "a:b");
        check(" :: ", "a b", "a b");
        check(" :: ", "a ", "\"a \"");
        check("€€", "a€", "\"a€\"");
    }

    #[test]
    fn without_quotes_line_breaks_are_blanks() {
        let fields = Fields::new("|", false, Formula::Keep);
        assert_eq!(written(&fields, "a|\"b\""), ("a|\"b\"".to_owned(), false));
        assert_eq!(written(&fields, "a\r\nb\u{2028}c"), ("a b c".to_owned(), true));
        assert_eq!(written(&fields, "€"), ("€".to_owned(), false));
    }

    #[test]
    fn formulas_are_texts_that_are_not_numbers() {
        for text in [
            "=1+1",
            "=cmd|'/c calc'!A1",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "-a",
            "+4 9",
            "--1",
            "\u{ff1d}1+1",
            "\u{ff0b}1+1",
            "\u{ff0d}2+3",
            "\u{ff20}SUM(A1)",
            "-1e",
            "-.",
        ] {
            assert!(is_formula(text), "{text:?}");
        }
        for text in [
            "",
            "-",
            "+",
            "=",
            "@",
            "\u{ff1d}",
            "\u{ff0b}1.5",
            "a\u{ff1d}1",
            "-1",
            "+1.5",
            "-1,234.50",
            "-5%",
            "-1e3",
            "-1E-3",
            "+1e+3",
            "a=1",
            " =1",
            "'=1",
        ] {
            assert!(!is_formula(text), "{text:?}");
        }
    }

    #[test]
    fn an_escaped_formula_has_an_apostrophe_within_its_quotes() {
        let check = |quote: bool, text: &str, expected: &str| {
            assert_eq!(written(&Fields::new(",", quote, Formula::Escape), text).0, expected, "{text:?}");
        };
        check(true, "=1+1", "'=1+1");
        check(true, "=A1,2", "\"'=A1,2\"");
        check(true, "-5", "-5");
        check(false, "@x\ny", "'@x y");
        check(false, "\r=1", "' =1");
        check(true, "\u{ff1d}1", "'\u{ff1d}1");
        for delimiter in ["'", "'="] {
            let fields = Fields::new(delimiter, true, Formula::Escape);
            assert_eq!(written(&fields, "=1+1").0, "\"'=1+1\"", "{delimiter}");
            assert_eq!(written(&fields, "5").0, "5", "{delimiter}");
        }
        let keep = Fields::new(",", true, Formula::Keep);
        assert_eq!(written(&keep, "=1+1").0, "=1+1");
    }
}
