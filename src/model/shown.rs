//! Text on its way to a terminal, a log or a message.
//!
//! Text from a page, a peer, a file or a user may contain characters that a terminal or a reader obeys or hides:
//! control characters move the cursor and set colours, line ends start a second log line, bidirectional controls change
//! the order in which text is read, and format characters are invisible. This module replaces each of them by its
//! escape, such as `\u{1b}`. All other text stays as it is. The module does not know where the text goes.

use std::borrow::Cow;
use std::fmt::Write;

/// Longest text of one line, in bytes: far more than a message needs, far less than a page may send.
const LONGEST_LINE: usize = 16 << 10;

/// Returns `text` as one line: escapes line ends, too, and cuts the text after 16 KiB.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    within(text, LONGEST_LINE)
}

/// The same with at most `longest` bytes of `text`, and with the number of bytes that were cut.
#[must_use]
pub fn shown_within(text: &str, longest: usize) -> Cow<'_, str> {
    within(text, longest)
}

/// Returns `text` with its layout: line ends and tabs stay (`\r\n` becomes `\n`), and the text is not cut.
#[must_use]
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    let stays = |c| matches!(c, '\n' | '\t');
    if !text.contains(|c| is_obeyed(c) && !stays(c)) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let (line, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
            (Some(line), _) | (None, Some(line)) => (line, "\n"),
            (None, None) => (line, ""),
        };
        line.chars().for_each(|c| if c == '\t' { shown.push(c) } else { push(c, &mut shown) });
        shown.push_str(end);
    }
    shown.into()
}

/// Returns a JSON text with JSON's own escapes for such characters, which stand only within strings. Its meaning does
/// not change.
#[must_use]
pub fn shown_json(json: &str) -> Cow<'_, str> {
    // A writer of JSON escapes the C0 controls itself; those that remain are layout.
    let is_layout = |c| matches!(c, '\n' | '\t' | '\r');
    if !json.contains(|c| is_obeyed(c) && !is_layout(c)) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_obeyed(c) && !is_layout(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _infallible = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

fn within(text: &str, longest: usize) -> Cow<'_, str> {
    let (kept, left) = if text.len() > longest { cut(text, longest) } else { (text, 0) };
    if left == 0 && !kept.contains(is_obeyed) {
        return kept.into();
    }
    let mut shown = String::with_capacity(kept.len() + 16);
    kept.chars().for_each(|c| push(c, &mut shown));
    if left > 0 {
        // Writing to a String cannot fail.
        let _infallible = write!(shown, "… ({left} bytes more)");
    }
    shown.into()
}

/// Returns the beginning of a text, and the number of bytes after it.
fn cut(text: &str, longest: usize) -> (&str, usize) {
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let (kept, left) = text.split_at(end);
    (kept, left.len())
}

/// Adds a character, or its escape.
pub(super) fn push(c: char, shown: &mut String) {
    match c {
        '\n' | '\t' | '\r' => shown.extend(c.escape_default()),
        c if is_obeyed(c) => shown.extend(c.escape_unicode()),
        c => shown.push(c),
    }
}

/// Whether a terminal obeys a character, or does not show it.
pub(super) fn is_obeyed(c: char) -> bool {
    // Nearly every character is one of these two ranges.
    match c {
        ' '..='~' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{a0}'..='\u{5ff}' => matches!(c, '\u{ad}' | '\u{34f}'),
        c => matches!(c,
            // Bidirectional marks, embeddings, overrides and isolates; line and paragraph separators.
            '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // No width: spaces, joiners, byte order mark, invisible operators, fillers.
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{180b}'..='\u{180f}' | '\u{115f}'..='\u{1160}' | '\u{3164}' | '\u{ffa0}'
            // Annotations, and the tags that spell a hidden text.
            | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One of each class.
    const OBEYED: [char; 20] = [
        '\0',
        '\u{7}',
        '\u{8}',
        '\u{b}',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{2028}',
        '\u{2029}',
        '\u{202e}',
        '\u{2066}',
        '\u{feff}',
        '\u{fff9}',
        '\u{e0041}',
    ];

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for c in OBEYED {
            let (text, escape) = (format!("a{c}b"), format!("a\\u{{{:x}}}b", u32::from(c)));
            assert_eq!(shown(&text), escape);
            assert_eq!(shown_lines(&text), escape);
        }
        assert_eq!(shown("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(shown_lines("a\r\nb\tc\rd\n"), "a\nb\tc\\rd\n");
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["", "plain", "Zürich 東京 Ελλάδα שלום عربي हिन्दी", "1.234,50 €", "😀 ≤ …", "a\u{a0}b"]
        {
            assert!(matches!(shown(text), Cow::Borrowed(same) if same == text), "{text}");
            assert!(matches!(shown_json(text), Cow::Borrowed(same) if same == text), "{text}");
        }
        assert!(matches!(shown_lines("a\n\tb\n"), Cow::Borrowed("a\n\tb\n")));
    }

    #[test]
    fn a_line_has_an_end() {
        let text = "é".repeat(LONGEST_LINE);
        let line = shown(&text);
        assert!(line.ends_with("é… (16384 bytes more)"), "{}", &line[line.len() - 40..]);
        assert_eq!(shown_within("aéé", 4), "aé… (2 bytes more)");
        assert_eq!(shown_within("abc", 3), "abc");
        assert_eq!(shown_within("abc", 0), "… (3 bytes more)");
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_left(text: String) {
            prop_assert!(!shown(&text).contains(is_obeyed));
            prop_assert!(!shown_lines(&text).contains(|c| is_obeyed(c) && !matches!(c, '\n' | '\t')));
        }

        #[test]
        fn json_means_what_it_meant(text: String) {
            let text = OBEYED.iter().collect::<String>() + &text;
            let json = serde_json::to_string_pretty(&serde_json::json!({ &text: [&text] })).unwrap();
            let shown = shown_json(&json);
            prop_assert!(!shown.contains(|c| is_obeyed(c) && c != '\n'));
            let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
            prop_assert_eq!(&read[&text][0], &text);
        }
    }
}
