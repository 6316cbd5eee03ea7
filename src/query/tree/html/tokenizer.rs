//! From text to tokens, quickly where pages are plain.
//!
//! html5ever's own tokenizer goes from character to character, which costs more than all that follows. Nearly all
//! of a page is text without references and tags without oddities: these are cut out of the page here, by
//! searching for the byte that ends them. What is rare and intricate (most character references, comments,
//! doctypes, CDATA) is handed to html5ever's tokenizer piece by piece (`piece`), so its rules are written down once, there.
//!
//! ```text
//! page ─ data ──┬─ text ─────────────────────────────▶ Guard ─▶ TreeBuilder
//!               ├─ tag (`tag`, `names`) ─────────────▶
//!               ├─ content of title, script (`raw`) ─▶
//!               └─ all else ─ piece ─ html5ever ─────▶
//! ```

mod names;
mod piece;
mod raw;
mod reference;
mod tag;
#[cfg(test)]
mod tests;

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::states::State;

use super::guard::Guard;
use names::Names;

/// Lines are not needed.
const LINE: u64 = 1;

/// Reads one page, whose lines end in line feeds only.
pub(super) struct Tokenizer<'g> {
    /// The page, shared by all texts that are cut out of it.
    page: &'g StrTendril,
    text: &'g str,
    guard: &'g Guard,
    at: usize,
    names: Names,
}

/// What the text after a tag is.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Text and markup.
    Data,
    /// Text up to the end tag of this name, if anything can end it.
    Raw(RawKind, Option<LocalName>),
    /// Text up to the end.
    Plain,
}

impl Content {
    /// What a tokenizer that begins in a state reads.
    pub(super) fn of(state: State) -> Self {
        match state {
            State::RawData(kind) => Self::Raw(kind, None),
            State::Plaintext => Self::Plain,
            _ => Self::Data,
        }
    }
}

impl<'g> Tokenizer<'g> {
    /// A tokenizer for `page`, in front of `guard`.
    pub(super) fn new(page: &'g StrTendril, guard: &'g Guard) -> Self {
        // A byte order mark is not a part of the page.
        let at = if page.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { page, text: page, guard, at, names: Names::default() }
    }

    /// Reads the page to its end, or until a limit is passed.
    pub(super) fn run(mut self, mut content: Content) {
        while self.at < self.text.len() && self.guard.failure().is_none() {
            content = match content {
                Content::Data => self.data(),
                Content::Raw(kind, name) => self.raw(kind, name.as_ref()),
                Content::Plain => self.plain(),
            };
        }
        self.send(Token::EOFToken);
        self.guard.end();
    }

    /// Reads text, and the markup after it.
    fn data(&mut self) -> Content {
        let start = self.at;
        self.at = self.end_of_text();
        self.send_text_with_references(start, State::Data);
        match self.peek(1) {
            None => Content::Data,
            Some(b'/') if self.peek(2) == Some(b'>') => {
                self.at += 3;
                Content::Data
            }
            Some(b'/') if !self.peek(2).is_some_and(|byte| byte.is_ascii_alphabetic()) => self.odd_markup(),
            Some(b'!' | b'?') => self.odd_markup(),
            Some(_) => self.tag(),
        }
    }

    /// The next `<` that begins markup, or the end of the page.
    fn end_of_text(&self) -> usize {
        let mut from = self.at;
        while let Some(found) = memchr::memchr(b'<', self.text.as_bytes().get(from..).unwrap_or_default()) {
            from += found;
            match self.byte(from + 1) {
                Some(b'/') if from + 2 < self.text.len() => return from,
                Some(b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z') => return from,
                _ => from += 1,
            }
        }
        self.text.len()
    }

    /// Comments, doctypes and what is taken for a comment.
    fn odd_markup(&mut self) -> Content {
        let read = piece::read_markup(self.guard, self.page, self.at);
        self.at += read;
        Content::Data
    }

    fn plain(&mut self) -> Content {
        let start = std::mem::replace(&mut self.at, self.text.len());
        self.send_raw_text(start, self.at);
        Content::Plain
    }

    /// The byte so many after the current one.
    fn peek(&self, offset: usize) -> Option<u8> {
        self.byte(self.at + offset)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// These ends are always those of whole characters.
    fn slice(&self, from: usize, to: usize) -> &'g str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn cut(&self, from: usize, to: usize) -> StrTendril {
        // A page of 4 GiB was refused before, so nothing is truncated.
        self.page.try_subtendril(from as u32, to.saturating_sub(from) as u32).unwrap_or_default()
    }

    /// Text as it stands in the page.
    fn send_text(&self, from: usize, to: usize) {
        if from < to {
            self.send(Token::CharacterTokens(self.cut(from, to)));
        }
    }

    /// Text from `start` up to here; `state` says what NUL means in it.
    fn send_text_with_references(&self, start: usize, state: State) {
        let plain = memchr::memchr2(b'&', 0, self.slice(start, self.at).as_bytes());
        let Some(plain) = plain else { return self.send_text(start, self.at) };
        self.send_text(start, start + plain);
        match reference::read(self.slice(start + plain, self.at)) {
            Some(text) => self.send(Token::CharacterTokens(text)),
            None => piece::read_text(self.guard, self.cut(start + plain, self.at), state),
        }
    }

    /// Text in which references mean nothing, and NUL is replaced.
    fn send_raw_text(&self, from: usize, to: usize) {
        let text = self.slice(from, to);
        match text.contains('\0') {
            false => self.send_text(from, to),
            true => {
                let replaced = text.replace('\0', "\u{fffd}");
                self.send(Token::CharacterTokens(StrTendril::from(replaced)));
            }
        }
    }

    /// Hands on what changes nothing about the text after it.
    fn send(&self, token: Token) {
        drop(self.guard.process_token(token, LINE));
    }
}
