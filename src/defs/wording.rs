//! How messages quote what the author wrote.
//!
//! Quoted text is shortened and its control characters are escaped: it goes to a terminal.

use crate::model::{self, nearest};

/// Most characters of a quoted text.
const LONGEST: usize = 60;

/// `text` in backticks.
pub(super) fn shown(text: &str) -> String {
    format!("`{}`", printable(text))
}

/// All of `names` in backticks, with commas.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    /// Most names in one message.
    const MOST: usize = 20;
    let mut list = String::new();
    for (position, name) in names.into_iter().enumerate() {
        if position == MOST {
            list.push_str(", ...");
            break;
        }
        list.push_str(if position > 0 { ", " } else { "" });
        list.push_str(&shown(name));
    }
    list
}

/// `text` shortened, without anything that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::new();
    for (position, c) in text.chars().enumerate() {
        if position == LONGEST {
            out.push_str("...");
            break;
        }
        out.push(c);
    }
    model::shown(&out).into_owned()
}

/// `, did you mean ...` when one of `known` is near to `written`, else nothing.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map_or_else(String::new, |name| format!(", did you mean {}?", shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[2Jb"), "`a\\u{1b}[2Jb`");
        assert_eq!(printable(&"x".repeat(100)).len(), 63);
    }
}
