//! A text that is searched for without regard to case, as `:contains` does.
//!
//! Most elements do not contain what is searched for. So before an element's text is made normal, one run of
//! ASCII of the needle is looked for in the text as the tree has it, which costs nothing to get. Such a run
//! survives normalisation unless the page hides invisible characters in it.

use std::ops::Range;

use memchr::memchr2_iter;
use memchr::memmem;

use super::fold;

/// The most frequent first.
const FREQUENT: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";

/// A text to search for.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    /// In lower case, white space collapsed.
    text: String,
    /// The longest run of visible ASCII in `text`.
    run: Range<usize>,
    is_ascii: bool,
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let mut lower = String::with_capacity(text.len());
        fold::push_lower(&collapse(text), &mut lower);
        let run = longest_run(&lower);
        Self { is_ascii: lower.is_ascii(), text: lower, run }
    }

    /// Whether `text`, whose white space is collapsed, contains the needle. `buffer` is overwritten if
    /// needed.
    pub(super) fn is_in(&self, text: &str, buffer: &mut String) -> bool {
        if self.is_ascii {
            return find_ascii(text.as_bytes(), self.text.as_bytes()).is_some();
        }
        buffer.clear();
        fold::push_lower(text, buffer);
        memmem::find(buffer.as_bytes(), self.text.as_bytes()).is_some()
    }

    /// Where a part of the needle stands in `raw`, an unchanged text of a page.
    pub(super) fn trace(&self, raw: &str) -> Trace {
        let run = self.text.get(self.run.clone()).unwrap_or_default();
        if run.is_empty() {
            return Trace::Untold;
        }
        match find_ascii(raw.as_bytes(), run.as_bytes()) {
            Some(at) => Trace::Around(at, run.len()),
            None => Trace::Nowhere,
        }
    }
}

/// What a look at an unchanged text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// The needle is not there, unless characters are hidden.
    Nowhere,
    /// A part of it is here: from this byte, so many bytes.
    Around(usize, usize),
    /// The needle has no part that could be looked for.
    Untold,
}

/// White space to single blanks, as in normal text. Blanks at the ends stay: they part words.
fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for c in text.chars() {
        if !matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r' | '\u{a0}') {
            collapsed.push(c);
        } else if !collapsed.ends_with(' ') {
            collapsed.push(' ');
        }
    }
    collapsed
}

fn longest_run(text: &str) -> Range<usize> {
    let (mut longest, mut from) = (0..0, 0);
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        if !byte.is_ascii_graphic() {
            if at - from > longest.len() {
                longest = from..at;
            }
            from = at + 1;
        }
    }
    longest
}

/// Whether characters are in the text that normal text leaves out.
pub(super) fn hides_characters(text: &str) -> bool {
    memmem::find(text.as_bytes(), "\u{ad}".as_bytes()).is_some()
        || memmem::find(text.as_bytes(), "\u{200b}".as_bytes()).is_some()
}

/// Where `lower`, ASCII in lower case, stands in `text`, by its rarest letter.
fn find_ascii(text: &[u8], lower: &[u8]) -> Option<usize> {
    let (at, rare) = lower.iter().copied().enumerate().max_by_key(|(_, byte)| rarity(*byte))?;
    let last = text.len().checked_sub(lower.len())?;
    let window = text.get(at..=last + at)?;
    memchr2_iter(rare, rare.to_ascii_uppercase(), window).find(|start| {
        text.get(*start..start + lower.len()).is_some_and(|found| found.eq_ignore_ascii_case(lower))
    })
}

fn rarity(byte: u8) -> usize {
    match byte {
        b' ' => 0,
        _ => FREQUENT
            .iter()
            .position(|frequent| *frequent == byte)
            .map_or(FREQUENT.len() + 1, |place| place + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(needle: &str, text: &str, found: bool) {
        assert_eq!(Needle::new(needle).is_in(text, &mut String::new()), found, "{needle:?} in {text:?}");
    }

    #[test]
    fn case_is_ignored() {
        check("sources of", "Total SOURCES OF Funds", true);
        check("Été", "un éTÉ", true);
        check("x", "", false);
        check("abc", "ab", false);
        check("abc", "ababc", true);
        check("aab", "aaab", true);
        check("q4", "Q3 Q4", true);
        check("a \u{a0} b", "A B", true);
        check(" b", "ab", false);
        check(" b", "a b", true);
    }

    #[test]
    fn a_part_is_traced_in_unchanged_text() {
        let needle = Needle::new("of Funds");
        assert_eq!(needle.trace("Sources\n of\tFUNDS"), Trace::Around(12, 5));
        assert_eq!(needle.trace("Sources"), Trace::Nowhere);
        assert_eq!(Needle::new("é").trace("x"), Trace::Untold);
        assert!(hides_characters("fu\u{ad}nds") && hides_characters("a\u{200b}") && !hides_characters("é"));
    }
}
