//! The content of elements that hold text only: `title`, `textarea`, `style`, `script` and their like.
//!
//! Finds where it ends; in scripts that takes a look at what is escaped by `<!--`.

use html5ever::LocalName;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::states::State;

use super::Content;
use super::Tokenizer;
use super::tag::is_blank;

/// What a `<!--` in a script has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Escaped,
    /// Within, there was a `<script>`, so the next `</script>` ends nothing but that.
    Double,
}

impl Tokenizer<'_> {
    /// Reads text up to the end tag called `name`, and that tag.
    pub(super) fn raw(&mut self, kind: RawKind, name: Option<&LocalName>) -> Content {
        let start = self.at;
        self.at = match (kind, name) {
            (RawKind::ScriptData | RawKind::ScriptDataEscaped(_), Some(name)) => self.end_of_script(name),
            (_, Some(name)) => self.end_of_raw(name),
            (_, None) => self.text.len(),
        };
        match kind {
            RawKind::Rcdata => self.send_text_with_references(start, State::RawData(kind)),
            _ => self.send_raw_text(start, self.at),
        }
        if self.at < self.text.len() { self.tag() } else { Content::Data }
    }

    fn end_of_raw(&self, name: &str) -> usize {
        let mut at = self.at;
        while let Some(found) = memchr::memchr(b'<', self.text.as_bytes().get(at..).unwrap_or_default()) {
            at += found;
            if self.is_tag(at, b"</", name) {
                return at;
            }
            at += 1;
        }
        self.text.len()
    }

    fn end_of_script(&self, name: &str) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut escape) = (self.at, Escape::None);
        // Where the dashes may begin; two of them and a `>` end an escape.
        let mut dashes = 0;
        while let Some(found) = memchr::memchr2(b'<', b'>', bytes.get(at..).unwrap_or_default()) {
            at += found;
            let before = bytes.get(dashes..at).unwrap_or_default();
            match escape {
                Escape::None if self.is_tag(at, b"</", name) => return at,
                Escape::None if self.starts(at, b"<!--") => {
                    (escape, dashes) = (Escape::Escaped, at + 2);
                    at += 3;
                }
                Escape::None => {}
                _ if self.byte(at) == Some(b'>') && before.ends_with(b"--") => escape = Escape::None,
                Escape::Escaped if self.is_tag(at, b"</", name) => return at,
                Escape::Escaped if self.is_tag(at, b"<", "script") => escape = Escape::Double,
                Escape::Double if self.is_tag(at, b"</", "script") => escape = Escape::Escaped,
                _ => {}
            }
            at += 1;
        }
        self.text.len()
    }

    fn starts(&self, at: usize, with: &[u8]) -> bool {
        self.text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// Whether a tag of this name begins here with `open`, and the name ends.
    fn is_tag(&self, at: usize, open: &[u8], name: &str) -> bool {
        let from = at + open.len();
        let written = self.text.as_bytes().get(from..from + name.len());
        self.starts(at, open)
            && written.is_some_and(|written| written.eq_ignore_ascii_case(name.as_bytes()))
            && self.byte(from + name.len()).is_some_and(|byte| is_blank(byte) || matches!(byte, b'/' | b'>'))
    }
}
