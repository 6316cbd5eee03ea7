//! The text of a query as it is read: characters and placeholders in one row, each with its place.
//!
//! Knows templates, escapes and balanced brackets; no selector. Places are those of the query as its author
//! wrote it, so that an error points at the right character although a placeholder is one symbol here.

use compact_str::CompactString;

use crate::query::limits::QueryError;
use crate::query::template::Bindings;
use crate::query::template::Part;
use crate::query::template::Template;

/// One character, or the placeholder that stands for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sym {
    /// A character as written.
    Char(char),
    /// The placeholder with this index.
    Var(usize),
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// A mistake, at this 1-based place.
    Mistake { at: usize, message: String },
    /// A placeholder stands for a piece of the selector itself.
    Structure,
}

/// A whole query, split into symbols.
#[derive(Debug)]
pub(super) struct Source {
    syms: Vec<Sym>,
    /// The 1-based place of each symbol, and that of the end.
    places: Vec<usize>,
}

/// A text with placeholders in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    parts: Vec<Part>,
}

/// Reads a range of a [`Source`].
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    source: &'a Source,
    at: usize,
    end: usize,
}

/// How a closing bracket is looked for.
#[derive(Debug, Clone, Copy)]
struct Scan {
    open: char,
    close: char,
    /// Whether quotes hide brackets.
    quotes: bool,
    /// Whether classes of a regular expression hide them.
    classes: bool,
}

impl Source {
    pub(super) fn new(template: &Template) -> Self {
        let mut source = Self { syms: vec![], places: vec![] };
        let mut place = 1;
        for part in template.parts() {
            match part {
                Part::Text(text) => source.push_text(text, &mut place),
                Part::Var(var) => {
                    source.push(Sym::Var(*var), place);
                    place += 3 + template.names().get(*var).map_or(0, |name| name.chars().count());
                }
            }
        }
        source.places.push(place);
        source
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { source: self, at: 0, end: self.syms.len() }
    }

    /// Where `text` begins for the last time.
    pub(super) fn last_position_of(&self, text: &str) -> Option<usize> {
        let wanted: Vec<Sym> = text.chars().map(Sym::Char).collect();
        self.syms.windows(wanted.len()).rposition(|window| window == wanted)
    }

    fn push_text(&mut self, text: &str, place: &mut usize) {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            self.push(Sym::Char(c), *place);
            // `%{` in a text was written `%%{`.
            *place += if c == '%' && chars.peek() == Some(&'{') { 2 } else { 1 };
        }
    }

    fn push(&mut self, sym: Sym, place: usize) {
        self.syms.push(sym);
        self.places.push(place);
    }
}

impl Text {
    pub(super) fn push_char(&mut self, c: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(c);
        } else {
            self.parts.push(Part::Text(c.to_string()));
        }
    }

    pub(super) fn push(&mut self, sym: Sym) {
        match sym {
            Sym::Char(c) => self.push_char(c),
            Sym::Var(var) => self.parts.push(Part::Var(var)),
        }
    }

    pub(super) fn append(&mut self, text: Self) {
        for part in text.parts {
            match part {
                Part::Text(text) => text.chars().for_each(|c| self.push_char(c)),
                var @ Part::Var(_) => self.parts.push(var),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The text, if there is no placeholder in it.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with all values put in.
    pub(super) fn fill(&self, values: &(impl Bindings + ?Sized)) -> CompactString {
        match self.parts.as_slice() {
            [Part::Var(var)] => values.value(*var),
            parts => parts.iter().fold(CompactString::default(), |mut filled, part| {
                match part {
                    Part::Text(text) => filled.push_str(text),
                    Part::Var(var) => filled.push_str(&values.value(*var)),
                }
                filled
            }),
        }
    }

    /// The placeholder that is all of the text.
    pub(super) fn only_var(&self) -> Option<usize> {
        match self.parts.as_slice() {
            [Part::Var(var)] => Some(*var),
            _ => None,
        }
    }

    /// The placeholders in the text.
    pub(super) fn vars(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Var(var) => Some(*var),
            Part::Text(_) => None,
        })
    }

    /// Takes off the quotes around the text; whether there were any. With `escapes`, a quote that was escaped
    /// within becomes plain.
    pub(super) fn unquote(&mut self, escapes: bool) -> bool {
        let first = match self.parts.first() {
            Some(Part::Text(text)) => text.chars().next().filter(|c| matches!(c, '\'' | '"')),
            _ => None,
        };
        let Some(quote) = first else { return false };
        let alone = self.parts.len() == 1;
        let closed = match self.parts.last() {
            Some(Part::Text(text)) => text.ends_with(quote) && !(alone && text.len() == 1),
            _ => false,
        };
        if !closed {
            return false;
        }
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.pop();
        }
        if let Some(Part::Text(text)) = self.parts.first_mut() {
            text.remove(0);
        }
        self.parts.retain(|part| *part != Part::Text(String::new()));
        for part in &mut self.parts {
            if let Part::Text(text) = part
                && escapes
            {
                *text = text.replace("\\'", "'").replace("\\\"", "\"");
            }
        }
        true
    }

    /// Takes blanks off both ends; a placeholder ends the search for them.
    pub(super) fn trim(&mut self) {
        if let Some(Part::Text(text)) = self.parts.first_mut() {
            *text = text.trim_start_matches(is_blank).to_owned();
        }
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.truncate(text.trim_end_matches(is_blank).len());
        }
        self.parts.retain(|part| *part != Part::Text(String::new()));
    }
}

impl<'a> Cursor<'a> {
    /// A cursor on the symbols from `from` to `to`.
    pub(super) fn within(&self, from: usize, to: usize) -> Cursor<'a> {
        Cursor { source: self.source, at: from, end: to }
    }

    /// Index of the symbol to be read next.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn peek(&self) -> Option<Sym> {
        self.peek_after(0)
    }

    pub(super) fn peek_after(&self, skipped: usize) -> Option<Sym> {
        let at = self.at + skipped;
        if at < self.end { self.source.syms.get(at).copied() } else { None }
    }

    pub(super) fn peek_is(&self, c: char) -> bool {
        self.peek() == Some(Sym::Char(c))
    }

    pub(super) fn next(&mut self) -> Option<Sym> {
        let sym = self.peek()?;
        self.at += 1;
        Some(sym)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek_is(c);
        self.at += usize::from(found);
        found
    }

    /// Whether `text` stands before the symbol to be read next.
    pub(super) fn follows(&self, text: &str) -> bool {
        let read = self.source.syms.get(..self.at).unwrap_or_default();
        read.len() >= text.len()
            && text.chars().rev().map(Sym::Char).eq(read.iter().rev().copied().take(text.len()))
    }

    /// Returns the text before the next symbol, without the last `skipped` symbols; `None` if it contains a placeholder.
    pub(super) fn before(&self, skipped: usize) -> Option<String> {
        self.written(0, self.at.saturating_sub(skipped))
    }

    /// Returns the text of the symbols from `from` to `to`; `None` if it contains a placeholder.
    pub(super) fn written(&self, from: usize, to: usize) -> Option<String> {
        let written = |sym: &Sym| match sym {
            Sym::Char(c) => Some(*c),
            Sym::Var(_) => None,
        };
        self.source.syms.get(from..to)?.iter().map(written).collect()
    }

    /// Skips blanks; whether there were any.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let from = self.at;
        while matches!(self.peek(), Some(Sym::Char(c)) if is_blank(c)) {
            self.at += 1;
        }
        self.at > from
    }

    /// 1-based place of the symbol to be read next.
    pub(super) fn place(&self) -> usize {
        self.place_of(self.at)
    }

    pub(super) fn place_of(&self, index: usize) -> usize {
        self.source.places.get(index).copied().unwrap_or(1)
    }

    /// What comes next, for a message.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            Some(Sym::Char(c)) => format!("found `{c}`"),
            Some(Sym::Var(_)) => "found a placeholder".to_owned(),
            None => "found the end".to_owned(),
        }
    }

    pub(super) fn mistake(&self, message: impl Into<String>) -> Stop {
        Stop::Mistake { at: self.place(), message: message.into() }
    }

    /// Reads a name: letters, digits, `-`, `_`, escapes and placeholders. Empty if there is none.
    pub(super) fn name(&mut self) -> Result<Text, Stop> {
        let mut name = Text::default();
        while let Some(sym) = self.peek() {
            match sym {
                Sym::Char('\\') => {
                    let c = self.escape()?;
                    name.push_char(c);
                }
                Sym::Char(c) if !is_name_char(c) => break,
                sym => {
                    self.at += 1;
                    name.push(sym);
                }
            }
        }
        Ok(name)
    }

    /// `\:` is `:`, and up to six hexadecimal digits with an optional blank are the code of a character.
    fn escape(&mut self) -> Result<char, Stop> {
        self.at += 1;
        let mut code = None;
        for _ in 0..6 {
            let Some(Sym::Char(c)) = self.peek() else { break };
            let Some(digit) = c.to_digit(16) else { break };
            code = Some(code.unwrap_or(0) * 16 + digit);
            self.at += 1;
        }
        if let Some(code) = code {
            if matches!(self.peek(), Some(Sym::Char(c)) if is_blank(c)) {
                self.at += 1;
            }
            return char::from_u32(code)
                .ok_or_else(|| self.mistake("the escape before this is not a character"));
        }
        match self.next() {
            Some(Sym::Char(c)) => Ok(c),
            _ => Err(self.mistake("expected a character after the backslash")),
        }
    }

    /// Reads to the bracket that closes the one that has been read, and returns what lies between.
    ///
    /// Escaped brackets do not count, nor do those in `\Q...\E` and between quotes. A quote within a word is
    /// an apostrophe, and one that is never closed is a character like others.
    pub(super) fn balanced(&mut self, open: char, close: char) -> Result<(usize, usize), Stop> {
        let quoted = Scan { open, close, quotes: true, classes: false };
        let to = self.closing(quoted).or_else(|| self.closing(Scan { quotes: false, ..quoted }));
        self.between(open, to)
    }

    /// As [`Cursor::balanced`] for the parentheses around a regular expression: there, quotes mean nothing,
    /// and what stands in a class does not count.
    pub(super) fn balanced_pattern(&mut self) -> Result<(usize, usize), Stop> {
        let to = self.closing(Scan { open: '(', close: ')', quotes: false, classes: true });
        self.between('(', to)
    }

    fn between(&mut self, open: char, to: Option<usize>) -> Result<(usize, usize), Stop> {
        let from = self.at;
        let Some(to) = to else {
            let at = self.place_of(from.saturating_sub(1));
            let message = format!("`{open}` is never closed, write `\\{open}` for the character");
            return Err(Stop::Mistake { at, message });
        };
        self.at = to + 1;
        Ok((from, to))
    }

    fn closing(&self, scan: Scan) -> Option<usize> {
        let mut depth = 1_usize;
        let (mut quote, mut verbatim, mut after_word) = (None, false, false);
        // How many classes are open, and where the innermost began.
        let (mut classes, mut class_from) = (0_usize, 0);
        let mut at = self.at;
        while at < self.end {
            let sym = self.source.syms.get(at).copied()?;
            let next = self.source.syms.get(at + 1).copied();
            match (sym, quote) {
                (Sym::Char('\\'), _) if verbatim && next == Some(Sym::Char('E')) => {
                    verbatim = false;
                    at += 1;
                }
                _ if verbatim => {}
                (Sym::Char('\\'), _) => {
                    verbatim = next == Some(Sym::Char('Q'));
                    at += 1;
                }
                (Sym::Char('['), _) if scan.classes => {
                    classes += 1;
                    class_from = at + 1 + usize::from(next == Some(Sym::Char('^')));
                }
                // A class does not end with its first character.
                (Sym::Char(']'), _) if classes > 0 && at > class_from => classes -= 1,
                _ if classes > 0 => {}
                (Sym::Char(c), Some(opened)) if c == opened => quote = None,
                (_, Some(_)) => {}
                (Sym::Char(c @ ('\'' | '"')), None) if scan.quotes && !after_word => quote = Some(c),
                (Sym::Char(c), None) if c == scan.open => depth += 1,
                (Sym::Char(c), None) if c == scan.close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
            after_word = matches!(sym, Sym::Char(c) if c.is_alphanumeric());
            at += 1;
        }
        None
    }

    /// The rest as a text, as it is.
    pub(super) fn rest(&mut self) -> Text {
        let mut text = Text::default();
        while let Some(sym) = self.next() {
            text.push(sym);
        }
        text
    }
}

impl Stop {
    /// The error that the author of `query` sees; the other kind of stop is not for authors.
    pub(super) fn into_error(self, query: &str) -> QueryError {
        let (at, message) = match self {
            Self::Mistake { at, message } => (at, message),
            Self::Structure => (1, "a placeholder cannot stand here".to_owned()),
        };
        QueryError::Syntax { query: query.to_owned(), at, message }
    }
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r')
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}
