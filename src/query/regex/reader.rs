//! The place in a Java pattern that is read, and what is written so far.
//!
//! Knows characters, flags, open groups and how an error names its place. What the characters mean is in `translate`,
//! `class` and `group`.

use super::JavaRegexError;
use super::flags::Flags;

/// A pattern that needs no engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) from_start: bool,
    pub(super) text: String,
    pub(super) to_end: bool,
}

/// What stands before the place that is read, as a quantifier sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Atom,
    LookAround,
    Quantifier,
}

/// A group that is open.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) at: usize,
    /// The flags around it.
    pub(super) flags: Flags,
    pub(super) look_around: bool,
}

/// Reads one pattern.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) pattern: &'a str,
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    pub(super) flags: Flags,
    /// The pattern for the engine, as far as it is written.
    pub(super) out: String,
    pub(super) before: Before,
    pub(super) open: Vec<Group>,
    /// Names of the groups seen so far, by number; the first is the whole match.
    pub(super) groups: Vec<String>,
    /// References to groups, with their places.
    pub(super) references: Vec<(usize, usize)>,
    /// The pattern as plain text, while it is nothing else.
    pub(super) literal: Option<Literal>,
}

impl<'a> Reader<'a> {
    /// At the beginning of `pattern`.
    pub(super) fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            chars: pattern.chars().collect(),
            at: 0,
            flags: Flags::default(),
            out: String::with_capacity(pattern.len() * 2),
            before: Before::Nothing,
            open: vec![],
            groups: vec![String::new()],
            references: vec![],
            literal: Some(Literal { from_start: false, text: String::new(), to_end: false }),
        }
    }

    /// Something other than a character, that can be repeated.
    pub(super) fn atom(&mut self, text: &str) {
        self.mark(text, Before::Atom);
    }

    pub(super) fn mark(&mut self, text: &str, before: Before) {
        self.out.push_str(text);
        self.before = before;
        self.literal = None;
    }

    /// The next character of `\Q...\E`, or `None` at its end.
    pub(super) fn next_quoted(&mut self) -> Option<char> {
        if self.eat("\\E") { None } else { self.next() }
    }

    /// Skips what the flag `x` makes a comment, whose first character has been read.
    pub(super) fn skip_comment(&mut self, first: char) {
        if first == '#' {
            while self.next().is_some_and(|c| !matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
            {
            }
        }
    }

    pub(super) fn folds_by_unicode(&self) -> bool {
        self.flags.fold && self.flags.unicode_fold
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn peek_is(&self, c: char) -> bool {
        self.peek() == Some(c)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let found = text.chars().count() <= rest.len()
            && text.chars().eq(rest.iter().copied().take(text.chars().count()));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// An error at the character before `at`, counted from 1.
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> JavaRegexError {
        JavaRegexError::Syntax { pattern: self.pattern.to_owned(), at: at.max(1), message: message.into() }
    }
}

/// Writes a character so that it stands for itself, inside a class and outside.
pub(super) fn push_escaped(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || c == ' ' {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
    }
}
