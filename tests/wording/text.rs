//! A text as a sequence of words, each with its line. Knows pages; [`crate::rust`] knows sources.

use crate::phrase::Phrase;

/// Characters of a find's surroundings that a message shows.
const SHOWN: usize = 40;

/// A paragraph, a string or a page.
pub(crate) struct Text {
    file: String,
    words: String,
    /// Where each line begins in `words`, and its number in the file.
    lines: Vec<(usize, usize)>,
}

impl Text {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), words: String::new(), lines: vec![] }
    }

    /// Adds the words of a line.
    pub(crate) fn push(&mut self, number: usize, line: &str) {
        for word in line.split_whitespace() {
            if !self.words.is_empty() {
                self.words.push(' ');
            }
            if self.lines.last().is_none_or(|(_, last)| *last != number) {
                self.lines.push((self.words.len(), number));
            }
            self.words.push_str(word);
        }
    }

    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// The place of each find and the words around it.
    pub(crate) fn finds(&self, phrase: &Phrase) -> Vec<String> {
        let offsets = phrase.offsets(&self.words);
        offsets.into_iter().map(|offset| self.shown(offset, phrase.text.len())).collect()
    }

    fn shown(&self, offset: usize, length: usize) -> String {
        let line =
            self.lines.iter().rev().find(|(start, _)| *start <= offset).map_or(0, |(_, number)| *number);
        let start = self.words.floor_char_boundary(offset.saturating_sub(SHOWN));
        let end = self.words.floor_char_boundary(offset + length + SHOWN);
        let start =
            if start == 0 { 0 } else { start + self.words[start..].find(' ').map_or(0, |space| space + 1) };
        let end = if end == self.words.len() { end } else { self.words[..end].rfind(' ').unwrap_or(end) };
        format!("{}:{line}: {}", self.file, &self.words[start..end])
    }
}

/// A page of Markdown or TOML, without blocks of code.
pub(crate) fn page(file: &str, content: &str) -> Text {
    let mut text = Text::new(file);
    let mut is_code = false;
    for (number, line) in (1..).zip(content.lines()) {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            text.push(number, line.trim_start_matches(['#', ' ', '>']));
        }
    }
    text
}
