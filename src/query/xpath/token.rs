//! Cuts an expression into tokens.
//!
//! Knows XPath 1.0 section 3.7, the rules by which `*` and words such as `div` are operators after an
//! operand and names elsewhere. Does not know the grammar.

use crate::query::xpath::case::Case;
use crate::query::xpath::source::Source;

/// What a token is. Texts are ranges of the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A text in quotes: the range between them.
    Literal(usize, usize),
    /// `name` or `prefix:name`.
    Name(usize, usize),
    /// `prefix:*`: the range of `prefix:`.
    Prefix(usize, usize),
    /// A placeholder that stands alone.
    Var(usize),
    Symbol(&'static str),
    End,
}

/// A token and where it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// Why there are no tokens.
#[derive(Debug)]
pub(super) enum LexError {
    /// Wrong text, at this offset.
    Text(usize, String),
    /// A placeholder is a part of a name or number, so its text decides what the token is.
    Glued,
}

/// Longer symbols first. A word in operator position becomes one of [`WORDS`].
const SYMBOLS: [&str; 22] = [
    "//", "::", "..", "!=", "<=", ">=", "/", "(", ")", "[", "]", "@", ",", ".", "|", "+", "-", "=", "<", ">",
    "*", "$",
];
const WORDS: [&str; 4] = ["and", "or", "div", "mod"];

/// The `*` that is a multiplication; the other one is a node test.
pub(super) const TIMES: &str = "times";

/// Cuts the text; the last token is [`Token::End`].
pub(super) fn tokens(source: &Source, case: Case) -> Result<Vec<Lexeme>, LexError> {
    let mut lexer = Lexer { source, text: source.text(), at: 0, case, found: vec![] };
    while lexer.skip_space() {
        let at = lexer.at;
        let token = lexer.next()?;
        lexer.found.push(Lexeme { token, at });
    }
    lexer.found.push(Lexeme { token: Token::End, at: lexer.at });
    Ok(lexer.found)
}

struct Lexer<'s> {
    source: &'s Source,
    text: &'s str,
    at: usize,
    case: Case,
    found: Vec<Lexeme>,
}

impl Lexer<'_> {
    /// Moves to the next token; whether there is one.
    fn skip_space(&mut self) -> bool {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.at < self.text.len()
    }

    fn next(&mut self) -> Result<Token, LexError> {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if let Some(var) = self.source.slot(self.at) {
            return self.var(var, first.len_utf8());
        }
        match first {
            '\'' | '"' => self.literal(first),
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|ch: char| ch.is_ascii_digit()) => self.number(),
            _ if starts_name(first) => self.name(),
            _ => self.symbol(first),
        }
    }

    fn var(&mut self, var: usize, length: usize) -> Result<Token, LexError> {
        let before = self.text[..self.at].chars().next_back();
        let begins = before.is_some_and(|ch| ch == '$' || (ch != '-' && continues_name(ch)))
            || self.at.checked_sub(1).is_some_and(|at| self.source.slot(at).is_some());
        self.at += length;
        let next = self.text[self.at..].chars().next();
        let continues =
            next.is_some_and(|ch| starts_name(ch) || ch.is_ascii_digit() || matches!(ch, '.' | ':' | '('));
        if begins || continues { Err(LexError::Glued) } else { Ok(Token::Var(var)) }
    }

    fn literal(&mut self, quote: char) -> Result<Token, LexError> {
        let from = self.at + 1;
        let end = self.text[from..].find(quote).map(|length| from + length);
        let Some(end) = end else {
            return Err(LexError::Text(self.at, format!("this text has no closing {quote}")));
        };
        self.at = end + 1;
        Ok(Token::Literal(from, end))
    }

    /// `1`, `1.5`, `1.`, `.5`; also with an exponent, which XPath 1.0 lacks and nothing else could mean.
    fn number(&mut self) -> Result<Token, LexError> {
        let from = self.at;
        self.digits();
        if self.text[self.at..].starts_with('.') {
            self.at += 1;
            self.digits();
        }
        let rest = &self.text[self.at..];
        if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|ch: char| ch.is_ascii_digit()) {
                self.at = self.text.len() - digits.len();
                self.digits();
            }
        }
        if self.source.slot(self.at).is_some() {
            return Err(LexError::Glued);
        }
        let text = &self.text[from..self.at];
        text.parse().map(Token::Number).map_err(|_| LexError::Text(from, format!("`{text}` is not a number")))
    }

    fn digits(&mut self) {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start_matches(|ch: char| ch.is_ascii_digit()).len();
    }

    fn name(&mut self) -> Result<Token, LexError> {
        let from = self.at;
        self.word();
        let word = &self.text[from..self.at];
        if self.after_operand() {
            let same = |known: &&&str| self.case.same(known, word);
            if let Some(operator) = WORDS.iter().find(same) {
                return Ok(Token::Symbol(operator));
            }
        }
        if let Some(rest) = self.text[self.at..].strip_prefix(':') {
            if rest.starts_with('*') {
                self.at += 2;
                return Ok(Token::Prefix(from, self.at - 1));
            }
            if rest.starts_with(starts_name) || self.source.slot(self.at + 1).is_some() {
                self.at += 1;
                self.word();
            }
        }
        if self.source.slot(self.at).is_some() {
            return Err(LexError::Glued);
        }
        Ok(Token::Name(from, self.at))
    }

    fn word(&mut self) {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start_matches(continues_name).len();
    }

    fn symbol(&mut self, first: char) -> Result<Token, LexError> {
        let rest = &self.text[self.at..];
        let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) else {
            return Err(LexError::Text(self.at, unexpected(first)));
        };
        let operand = self.after_operand();
        self.at += symbol.len();
        Ok(Token::Symbol(if symbol == "*" && operand { TIMES } else { symbol }))
    }

    /// Whether the token before is an operand, so that an operator must follow.
    fn after_operand(&self) -> bool {
        match self.found.last().map(|last| last.token) {
            None => false,
            Some(Token::Symbol(symbol)) => matches!(symbol, ")" | "]" | "." | ".." | "*"),
            Some(_) => true,
        }
    }
}

fn unexpected(ch: char) -> String {
    match ch {
        '!' => "`!` stands only in `!=`; for \"not\" write `not(…)`".to_owned(),
        '&' => "unexpected `&`; write `and`".to_owned(),
        ':' => "unexpected `:`; an axis is written `axis::test`".to_owned(),
        ch => format!("unexpected character {ch:?}"),
    }
}

/// XML's NameStartChar without the colon.
fn starts_name(ch: char) -> bool {
    matches!(ch, 'A'..='Z' | 'a'..='z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// XML's NameChar without the colon.
fn continues_name(ch: char) -> bool {
    starts_name(ch)
        || matches!(ch, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
