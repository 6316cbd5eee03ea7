//! Reads a Java pattern and writes the same for `fancy_regex`.
//!
//! Every construct is read and written again, so nothing of the other dialect can slip in: characters come out
//! escaped, flags are resolved here, groups are numbered here. Knows one pattern; runs nothing.
//!
//! What is written is ASCII, which leaves room for one mark: [`SOFT_END`] stands for Java's `$`.

use super::JavaRegexError;
use super::class::Item;
use super::flags::Flags;
use super::reader::{Before, Literal, Reader, push_escaped};

/// Most repetitions that can be asked for.
const MAX_REPEAT: u32 = 100_000;
/// Stands for `$` and `\Z` until it is known which form is wanted.
const SOFT_END: char = '§';
/// The end of the text, or before the line end that ends it.
const BEFORE_FINAL_LINE_END: &str = r"(?:\z|(?=\r\n\z)|(?=[\r\x{85}\x{2028}\x{2029}]\z)|(?<!\r)(?=\n\z))";
const LINE_START: &str = r"(?:(?!\z)(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n)))";
const LINE_END: &str = r"(?:\z|(?=[\r\x{85}\x{2028}\x{2029}])|(?<!\r)(?=\n))";
const ANY_BUT_LINE_END: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";
const LINE_BREAK: &str = r"(?:\r\n|[\n\x{b}\f\r\x{85}\x{2028}\x{2029}])";

/// A pattern for the engine.
#[derive(Debug)]
pub(super) struct Translation {
    /// Right for texts that do not end in a line end.
    pub(super) plain: String,
    /// Right for all texts, where that needs another pattern.
    pub(super) exact: Option<String>,
    /// Set if the pattern is plain text between optional anchors.
    pub(super) literal: Option<Literal>,
}

/// Translates `pattern`.
pub(super) fn translate(pattern: &str) -> Result<Translation, JavaRegexError> {
    let mut reader = Reader::new(pattern);
    reader.read()?;
    let out = reader.out;
    let exact = out.contains(SOFT_END).then(|| out.replace(SOFT_END, BEFORE_FINAL_LINE_END));
    let literal = reader.literal.filter(|literal| !literal.text.is_empty());
    Ok(Translation { plain: out.replace(SOFT_END, r"\z"), exact, literal })
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), JavaRegexError> {
        while let Some(c) = self.next() {
            self.item(c)?;
        }
        if let Some(group) = self.open.last() {
            return Err(self.error(group.at, "`(` is never closed"));
        }
        for (at, group) in &self.references {
            if *group >= self.groups.len() {
                return Err(self.error(*at, format!("there is no group {group} to refer to")));
            }
        }
        Ok(())
    }

    fn item(&mut self, c: char) -> Result<(), JavaRegexError> {
        match c {
            '\\' => self.escape(),
            '[' => {
                let class = self.class()?;
                self.atom(&class);
                Ok(())
            }
            '(' => self.open_group(),
            ')' => self.close_group(),
            '|' => {
                self.mark("|", Before::Nothing);
                Ok(())
            }
            '.' => {
                let any = match (self.flags.dot_all, self.flags.unix_lines) {
                    (true, _) => "(?s:.)",
                    (false, true) => r"[^\n]",
                    (false, false) => ANY_BUT_LINE_END,
                };
                self.atom(any);
                Ok(())
            }
            '^' => {
                self.line_start();
                Ok(())
            }
            '$' => {
                self.line_end();
                Ok(())
            }
            '*' | '+' | '?' | '{' => self.quantifier(c),
            c if self.flags.comments && (c.is_ascii_whitespace() || c == '\u{b}' || c == '#') => {
                self.skip_comment(c);
                Ok(())
            }
            c => {
                self.character(c);
                Ok(())
            }
        }
    }

    fn line_start(&mut self) {
        if self.flags.multi_line {
            let start = if self.flags.unix_lines { r"(?:(?!\z)(?m:^))" } else { LINE_START };
            return self.atom(start);
        }
        let at_start = self.out.is_empty();
        let literal = self.literal.take().filter(|_| at_start);
        self.atom(r"\A");
        self.literal = literal.map(|literal| Literal { from_start: true, ..literal });
    }

    fn line_end(&mut self) {
        match (self.flags.multi_line, self.flags.unix_lines) {
            (true, true) => self.atom("(?m:$)"),
            (true, false) => self.atom(LINE_END),
            (false, true) => self.atom(r"(?:(?=\n\z)|\z)"),
            (false, false) => self.soft_end(),
        }
    }

    /// `$` and `\Z`: the end, or before the line end that ends the text.
    fn soft_end(&mut self) {
        let literal = self.literal.take().filter(|literal| !literal.to_end);
        self.atom(&SOFT_END.to_string());
        self.literal = literal.map(|literal| Literal { to_end: true, ..literal });
    }

    /// A character that stands for itself.
    fn character(&mut self, c: char) {
        if let Some(literal) = &mut self.literal {
            if literal.to_end || (self.flags.fold && c.is_alphabetic()) {
                self.literal = None;
            } else {
                literal.text.push(c);
            }
        }
        push_character(&mut self.out, c, self.flags);
        self.before = Before::Atom;
    }

    fn quantifier(&mut self, c: char) -> Result<(), JavaRegexError> {
        let at = self.at;
        let wrong = match self.before {
            Before::Nothing => {
                Some(format!("there is nothing to repeat before `{c}`, write `\\{c}` for the character"))
            }
            Before::Quantifier => {
                Some(format!("`{c}` repeats a repetition, put what is repeated into `(?:...)`"))
            }
            Before::LookAround => Some(format!("`{c}` repeats a look-around, which has no length")),
            Before::Atom => None,
        };
        if let Some(message) = wrong {
            return Err(self.error(at, message));
        }
        let text = if c == '{' { self.repetition(at)? } else { c.to_string() };
        self.mark(&text, Before::Quantifier);
        if self.peek_is('?') || self.peek_is('+') {
            let kind = self.next().unwrap_or('?');
            self.out.push(kind);
        }
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,5}`; the brace has been read.
    fn repetition(&mut self, at: usize) -> Result<String, JavaRegexError> {
        let wrong = "expected a repetition such as `{2}`, `{2,}` or `{2,5}`, write `\\{` for a brace";
        let least = self.number(at)?.ok_or_else(|| self.error(at, wrong))?;
        let mut text = format!("{{{least}");
        if self.peek_is(',') {
            self.at += 1;
            text.push(',');
            if let Some(most) = self.number(at)? {
                if most < least {
                    return Err(
                        self.error(at, format!("`{{{least},{most}}}` has more at least than at most"))
                    );
                }
                text.push_str(&most.to_string());
            }
        }
        if !self.peek_is('}') {
            return Err(self.error(at, wrong));
        }
        self.at += 1;
        text.push('}');
        Ok(text)
    }

    fn number(&mut self, at: usize) -> Result<Option<u32>, JavaRegexError> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            number = Some(number.unwrap_or(0) * 10 + digit);
            if number > Some(MAX_REPEAT) {
                return Err(self.error(at, format!("more than {MAX_REPEAT} repetitions")));
            }
        }
        Ok(number)
    }

    fn escape(&mut self) -> Result<(), JavaRegexError> {
        let at = self.at;
        let Some(c) = self.peek() else {
            return Err(self.error(at, "nothing follows the backslash, write `\\\\` for the character"));
        };
        match c {
            'b' => self.assertion(r"\b"),
            'B' => self.assertion(r"\B"),
            'A' => self.assertion(r"\A"),
            'z' => self.assertion(r"\z"),
            'Z' => {
                self.at += 1;
                self.soft_end();
            }
            'R' => self.assertion(LINE_BREAK),
            'X' => self.assertion(r"(?>\P{M}\p{M}*|\p{M}+)"),
            'G' => {
                return Err(self.error(
                    at,
                    "`\\G` (the end of the match before) is not supported, each search is the first",
                ));
            }
            'Q' => {
                self.at += 1;
                while let Some(c) = self.next_quoted() {
                    self.character(c);
                }
            }
            'k' => self.named_reference(at)?,
            '1'..='9' => self.numbered_reference(at, c),
            _ => {
                match self.simple_escape(at)? {
                    Item::Char(c) => self.character(c),
                    Item::Set(set) => {
                        let set = if self.folds_by_unicode() { format!("(?i:{set})") } else { set };
                        self.atom(&set);
                    }
                };
            }
        }
        Ok(())
    }

    fn assertion(&mut self, text: &str) {
        self.at += 1;
        self.atom(text);
    }
}

fn push_character(out: &mut String, c: char, flags: Flags) {
    if !flags.fold || !c.is_alphabetic() {
        push_escaped(out, c);
    } else if flags.unicode_fold {
        out.push_str("(?i:");
        push_escaped(out, c);
        out.push(')');
    } else if c.is_ascii() {
        out.extend(['[', c.to_ascii_lowercase(), c.to_ascii_uppercase(), ']']);
    } else {
        push_escaped(out, c);
    }
}
