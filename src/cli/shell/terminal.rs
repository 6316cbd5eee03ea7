//! Lines in, and text that is safe to show.
//!
//! Knows no query. A line is bounded, because input may never have a line end; text for a terminal is freed of
//! what a terminal would obey, because it comes from a page.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// Longest line, in bytes; the longest query is far shorter.
const MAX_LINE: usize = 64 * 1024;

/// Reads a line without its end; `None` at the end of input. What is not UTF-8 is replaced.
///
/// # Errors
/// Input breaks, or a line is longer than 64 KiB.
pub(super) fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = vec![];
    input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > MAX_LINE {
        return Err(io::Error::other("a line is longer than 64 KiB"));
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

/// `text` with control characters written as escapes, except line ends and tabs.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
            (Some(line), _) | (None, Some(line)) => (line, "\n"),
            (None, None) => (line, ""),
        };
        for c in line.chars() {
            if is_obeyed(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
        }
        shown.push_str(end);
    }
    shown.into()
}

fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<String> {
        std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn lines_come_without_their_ends() {
        assert_eq!(lines(b"a\n\nb c\r\nd"), ["a", "", "b c", "d"]);
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut input = io::repeat(b'x');
        let mut input = io::BufReader::new(&mut input);
        assert!(read_line(&mut input).unwrap_err().to_string().contains("64 KiB"));
        let longest = "x".repeat(MAX_LINE - 1) + "\n";
        assert_eq!(read_line(&mut longest.as_bytes()).unwrap().unwrap().len(), MAX_LINE - 1);
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected, "{text:?}");
        check("a\tb\nü", "a\tb\nü");
        check("\u{1b}[2Ja\u{9b}1m\u{7}", "\\u{1b}[2Ja\\u{9b}1m\\u{7}");
        check("a\r\nb\rc\r\n", "a\nb\\rc\n");
        assert!(matches!(harmless("plain"), Cow::Borrowed("plain")));
    }
}
