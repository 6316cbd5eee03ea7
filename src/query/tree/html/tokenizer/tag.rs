//! Tags with their attributes.
//!
//! Follows the tag states of the HTML standard, a name or a value at a time. Each attribute is compared with those
//! before it, so their number is limited while they are read.

use html5ever::Attribute;
use html5ever::QualName;
use html5ever::ns;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::EndTag;
use html5ever::tokenizer::StartTag;
use html5ever::tokenizer::Tag;
use html5ever::tokenizer::TagKind;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;

use super::Content;
use super::LINE;
use super::Tokenizer;
use super::piece;
use super::reference;
use crate::query::tree::TreeError;
use crate::query::tree::html::MAX_ATTRIBUTES;

/// What is read of a tag.
#[derive(Default)]
struct Parts {
    attrs: Vec<Attribute>,
    /// Attributes that the tag has already; only the first counts.
    duplicates: u32,
    self_closing: bool,
}

impl Tokenizer<'_> {
    /// Reads the tag that begins here with `<` and a letter or `</` and a letter.
    pub(super) fn tag(&mut self) -> Content {
        let kind = if self.peek(1) == Some(b'/') { EndTag } else { StartTag };
        let start = self.at + if kind == EndTag { 2 } else { 1 };
        self.at = self.find(start, |byte| is_blank(byte) || matches!(byte, b'/' | b'>'));
        let name = self.names.get(self.slice(start, self.at));
        let Some(parts) = self.parts() else {
            // The page ends within the tag, or a limit was passed: there is no such tag.
            self.at = self.text.len();
            return Content::Data;
        };
        let tag = Tag {
            kind,
            name,
            self_closing: parts.self_closing,
            attrs: parts.attrs,
            had_duplicate_attributes: parts.duplicates > 0,
        };
        self.send_tag(tag, kind, parts.duplicates)
    }

    fn send_tag(&self, tag: Tag, kind: TagKind, duplicates: u32) -> Content {
        self.guard.count_duplicates(duplicates);
        let name = tag.name.clone();
        match self.guard.process_token(Token::TagToken(tag), LINE) {
            TokenSinkResult::RawData(raw) if kind == StartTag => Content::Raw(raw, Some(name)),
            TokenSinkResult::RawData(raw) => Content::Raw(raw, None),
            TokenSinkResult::Plaintext => Content::Plain,
            _ => Content::Data,
        }
    }

    /// Reads what follows the name, with the `>`. `None` if the page ends first, or attributes are too many.
    fn parts(&mut self) -> Option<Parts> {
        let mut parts = Parts::default();
        loop {
            self.at = self.find(self.at, |byte| !is_blank(byte));
            match self.peek(0)? {
                b'>' => {
                    self.at += 1;
                    return Some(parts);
                }
                b'/' if self.peek(1) == Some(b'>') => {
                    self.at += 2;
                    parts.self_closing = true;
                    return Some(parts);
                }
                b'/' => self.at += 1,
                _ => self.attribute(&mut parts)?,
            }
        }
    }

    fn attribute(&mut self, parts: &mut Parts) -> Option<()> {
        let start = self.at;
        // What comes first belongs to the name, also `=`.
        self.at = self.find(start + 1, |byte| is_blank(byte) || matches!(byte, b'/' | b'>' | b'='));
        let name = self.names.get(self.slice(start, self.at));
        self.at = self.find(self.at, |byte| !is_blank(byte));
        let mut value = StrTendril::new();
        if self.peek(0)? == b'=' {
            self.at = self.find(self.at + 1, |byte| !is_blank(byte));
            value = self.value()?;
        }
        if parts.attrs.iter().any(|attr| attr.name.local == name) {
            parts.duplicates += 1;
        } else {
            parts.attrs.push(Attribute { name: QualName::new(None, ns!(), name), value });
        }
        if parts.attrs.len() as u32 + parts.duplicates > MAX_ATTRIBUTES {
            self.guard.fail(TreeError::Attributes { limit: MAX_ATTRIBUTES });
            return None;
        }
        Some(())
    }

    fn value(&mut self) -> Option<StrTendril> {
        let quote = self.peek(0)?;
        let (whole, from, to) = match quote {
            b'"' | b'\'' => {
                let from = self.at + 1;
                let rest = self.text.as_bytes().get(from..)?;
                let to = from + memchr::memchr(quote, rest)?;
                (self.at..to + 1, from, to)
            }
            b'>' => return Some(StrTendril::new()),
            _ => {
                let to = self.find(self.at, |byte| is_blank(byte) || byte == b'>');
                (self.at..to, self.at, to)
            }
        };
        self.at = whole.end;
        let value = self.slice(from, to);
        Some(match memchr::memchr2(b'&', 0, value.as_bytes()) {
            None => self.cut(from, to),
            Some(_) => reference::read(value)
                .unwrap_or_else(|| piece::read_value(self.slice(whole.start, whole.end))),
        })
    }

    /// The first byte from `from` on that is it, or the end of the page.
    fn find(&self, from: usize, is_it: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|byte| is_it(*byte)).map_or(self.text.len(), |found| from + found)
    }
}

/// White space between the parts of a tag.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b' ')
}
