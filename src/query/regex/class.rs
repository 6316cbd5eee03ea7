//! Character classes and escapes of a Java pattern.
//!
//! A class is written back as nested brackets, so that unions, intersections and negations mean what they
//! meant: `[a-z&&[^bc]]` becomes `[[a-z]&&[[^bc]]]`. Knows characters; names of properties are looked up in
//! `property`.

use super::JavaRegexError;
use super::property;
use super::reader::{Reader, push_escaped};

/// Deepest nesting of classes.
const MAX_DEPTH: usize = 16;
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Z_a-z";
const SPACE: &str = r" \t\n\x{b}\f\r";
const HORIZONTAL: &str = r" \t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
const VERTICAL: &str = r"\n\x{b}\f\r\x{85}\x{2028}\x{2029}";

/// What an escape stands for.
#[derive(Debug)]
pub(super) enum Item {
    /// One character.
    Char(char),
    /// A class in brackets, which can stand alone or within another class.
    Set(String),
}

impl Reader<'_> {
    /// Reads a class whose `[` has been read.
    pub(super) fn class(&mut self) -> Result<String, JavaRegexError> {
        let class = self.nested_class(1)?;
        Ok(if self.folds_by_unicode() { format!("(?i:{class})") } else { class })
    }

    fn nested_class(&mut self, depth: usize) -> Result<String, JavaRegexError> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(self.error(start, format!("classes are nested more than {MAX_DEPTH} deep")));
        }
        let opening = if self.eat("^") { "[^" } else { "[" };
        // The operands of `&&`; the last one is being read.
        let mut operands = vec![String::new()];
        loop {
            let Some(c) = self.next() else {
                return Err(self.error(start, "`[` is never closed"));
            };
            let last = operands.len() - 1;
            let empty = operands[last].is_empty();
            match c {
                ']' if !(empty && last == 0) => {
                    if empty {
                        return Err(self.error(self.at, "expected what to intersect with after `&&`"));
                    }
                    break;
                }
                '[' => {
                    let inner = self.nested_class(depth + 1)?;
                    operands[last].push_str(&inner);
                }
                '&' if self.peek_is('&') => {
                    self.at += 1;
                    if empty {
                        return Err(self.error(self.at, "expected what to intersect before `&&`"));
                    }
                    operands.push(String::new());
                }
                c if self.flags.comments && (c.is_ascii_whitespace() || c == '\u{b}' || c == '#') => {
                    self.skip_comment(c);
                }
                c => self.member(c, &mut operands[last])?,
            }
        }
        let body = match operands.as_slice() {
            [only] => only.clone(),
            several => several.iter().map(|operand| format!("[{operand}]")).collect::<Vec<_>>().join("&&"),
        };
        Ok(format!("{opening}{body}]"))
    }

    /// A character, a range, a set or a quotation.
    fn member(&mut self, c: char, out: &mut String) -> Result<(), JavaRegexError> {
        let first = match c {
            '\\' if self.peek_is('Q') => {
                self.at += 1;
                while let Some(c) = self.next_quoted() {
                    self.push_member(out, c, c);
                }
                return Ok(());
            }
            '\\' => match self.simple_escape(self.at)? {
                Item::Char(c) => c,
                Item::Set(set) => {
                    out.push_str(&set);
                    return Ok(());
                }
            },
            c => c,
        };
        let last = if self.is_range() { self.range_end(first)? } else { first };
        self.push_member(out, first, last);
        Ok(())
    }

    /// Whether a `-` follows that makes a range.
    fn is_range(&self) -> bool {
        self.peek_is('-') && !matches!(self.chars.get(self.at + 1), None | Some(']' | '['))
    }

    fn range_end(&mut self, first: char) -> Result<char, JavaRegexError> {
        let at = self.at + 1;
        self.at += 1;
        let end = match self.next() {
            Some('\\') => match self.simple_escape(self.at)? {
                Item::Char(c) => Some(c),
                Item::Set(_) => None,
            },
            other => other,
        };
        match end {
            Some(last) if last >= first => Ok(last),
            Some(last) => Err(self.error(at, format!("the range `{first}-{last}` is upside down"))),
            None => {
                Err(self
                    .error(at, format!("the range that begins with `{first}` does not end with a character")))
            }
        }
    }

    /// Adds a range, and its other case where the flag `i` asks for it.
    fn push_member(&self, out: &mut String, first: char, last: char) {
        push_range(out, first, last);
        if !self.flags.fold || self.flags.unicode_fold {
            return;
        }
        for (from, to, other) in [('a', 'z', 'A'), ('A', 'Z', 'a')] {
            let (low, high) = (first.max(from), last.min(to));
            if low <= high {
                let turned = |c: char| char::from((c as u8) - (from as u8) + (other as u8));
                push_range(out, turned(low), turned(high));
            }
        }
    }

    /// Reads the escape whose backslash has been read, of those that classes know too.
    pub(super) fn simple_escape(&mut self, at: usize) -> Result<Item, JavaRegexError> {
        let Some(c) = self.next() else {
            return Err(self.error(at, "nothing follows the backslash, write `\\\\` for the character"));
        };
        Ok(match c {
            't' => Item::Char('\t'),
            'n' => Item::Char('\n'),
            'r' => Item::Char('\r'),
            'f' => Item::Char('\u{c}'),
            'a' => Item::Char('\u{7}'),
            'e' => Item::Char('\u{1b}'),
            'c' => Item::Char(self.control(at)?),
            '0' => Item::Char(self.octal(at)?),
            'x' => Item::Char(self.hexadecimal(at)?),
            'u' => Item::Char(self.utf16(at)?),
            'd' | 'D' => Item::Set(self.predefined(c, DIGIT, r"\p{Nd}")),
            'w' | 'W' => {
                Item::Set(self.predefined(c, WORD, r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}"))
            }
            's' | 'S' => Item::Set(self.predefined(c, SPACE, r"\p{White_Space}")),
            'h' | 'H' => Item::Set(self.predefined(c, HORIZONTAL, HORIZONTAL)),
            'v' | 'V' => Item::Set(self.predefined(c, VERTICAL, VERTICAL)),
            'p' | 'P' => Item::Set(self.property(c == 'P', at)?),
            c if c.is_ascii_alphanumeric() => {
                return Err(
                    self.error(at, format!("`\\{c}` means nothing here, write `{c}` for the character"))
                );
            }
            c => Item::Char(c),
        })
    }

    fn predefined(&self, c: char, ascii: &str, unicode: &str) -> String {
        let set = if self.flags.unicode_classes { unicode } else { ascii };
        bracket(c.is_ascii_uppercase(), set)
    }

    fn control(&mut self, at: usize) -> Result<char, JavaRegexError> {
        match self.next() {
            Some(c) if c.is_ascii() => Ok(char::from(c as u8 ^ 64)),
            _ => Err(self.error(at, "expected an ASCII character after `\\c`")),
        }
    }

    /// `\0n`, `\0nn` or `\0mnn`, up to `\0377`; the zero has been read.
    fn octal(&mut self, at: usize) -> Result<char, JavaRegexError> {
        let mut value: Option<u32> = None;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            let longer = value.unwrap_or(0) * 8 + digit;
            if longer > 0o377 {
                break;
            }
            value = Some(longer);
            self.at += 1;
        }
        value.and_then(char::from_u32).ok_or_else(|| self.error(at, "expected octal digits after `\\0`"))
    }

    /// `\xhh` or `\x{h...h}`; the `x` has been read.
    fn hexadecimal(&mut self, at: usize) -> Result<char, JavaRegexError> {
        let value = if self.eat("{") {
            let mut digits = String::new();
            while let Some(c) = self.next().filter(|c| *c != '}') {
                digits.push(c);
            }
            u32::from_str_radix(&digits, 16).ok()
        } else {
            self.digits(2)
        };
        let wrong = "expected `\\xhh` or `\\x{h...h}` with the code of a character";
        value.and_then(char::from_u32).ok_or_else(|| self.error(at, wrong))
    }

    /// `\uhhhh`, or two of them that make one character; the `u` has been read.
    fn utf16(&mut self, at: usize) -> Result<char, JavaRegexError> {
        let wrong = "expected `\\uhhhh` with the code of a character";
        let high = self.digits(4).ok_or_else(|| self.error(at, wrong))?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        let low = if self.eat("\\u") { self.digits(4) } else { None };
        let pair = low.map(|low| [high as u16, low as u16]);
        let decoded = pair.and_then(|pair| char::decode_utf16(pair).next()?.ok());
        decoded.ok_or_else(|| self.error(at, "half of a surrogate pair is not a character"))
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits: String = self.chars.get(self.at..self.at + count)?.iter().collect();
        if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        self.at += count;
        u32::from_str_radix(&digits, 16).ok()
    }

    /// `\p{name}` or `\pL`; the letter has been read.
    fn property(&mut self, negated: bool, at: usize) -> Result<String, JavaRegexError> {
        let mut name = String::new();
        if self.eat("{") {
            loop {
                match self.next() {
                    Some('}') => break,
                    Some(c) => name.push(c),
                    None => return Err(self.error(at, "`{` of the property is never closed")),
                }
            }
        } else if let Some(c) = self.next() {
            name.push(c);
        }
        match property::set(&name, self.flags) {
            Ok(set) => Ok(bracket(negated, &set)),
            Err(message) => Err(self.error(at, message)),
        }
    }
}

fn bracket(negated: bool, set: &str) -> String {
    if negated { format!("[^{set}]") } else { format!("[{set}]") }
}

fn push_range(out: &mut String, first: char, last: char) {
    push_escaped(out, first);
    // A lone colon would come out bare, and `[:` begins a POSIX class for the engine.
    if last > first || first == ':' {
        out.push('-');
        push_escaped(out, last);
    }
}
