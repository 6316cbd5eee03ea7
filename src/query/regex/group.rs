//! Groups of a Java pattern, their flags, and references to them.
//!
//! Flags hold until the group around them ends. Groups get numbers in the order in which they open, also
//! those with a name, and are known to the engine by number only.

use super::JavaRegexError;
use super::reader::{Before, Group, Reader};

/// Deepest nesting of groups; the engine stops at 64.
const MAX_DEPTH: usize = 48;

impl Reader<'_> {
    pub(super) fn open_group(&mut self) -> Result<(), JavaRegexError> {
        let at = self.at;
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(at, format!("groups are nested more than {MAX_DEPTH} deep")));
        }
        let outer = self.flags;
        let Some(opening) = self.opening(at)? else {
            self.before = Before::Nothing;
            return Ok(());
        };
        let look_around = matches!(opening, "(?=" | "(?!" | "(?<=" | "(?<!");
        self.open.push(Group { at, flags: outer, look_around });
        self.mark(opening, Before::Nothing);
        Ok(())
    }

    /// The opening of the group, as it is written for the engine; `None` for flags that open none.
    fn opening(&mut self, at: usize) -> Result<Option<&'static str>, JavaRegexError> {
        if !self.peek_is('?') {
            self.groups.push(String::new());
            return Ok(Some("("));
        }
        for opening in ["(?:", "(?>", "(?=", "(?!", "(?<=", "(?<!"] {
            if self.eat(&opening[1..]) {
                return Ok(Some(opening));
            }
        }
        if self.eat("?<") {
            let name = self.group_name(at)?;
            if self.groups.contains(&name) {
                return Err(self.error(at, format!("there are two groups named `{name}`")));
            }
            self.groups.push(name);
            return Ok(Some("("));
        }
        Ok(self.flag_group(at)?.then_some("(?:"))
    }

    pub(super) fn close_group(&mut self) -> Result<(), JavaRegexError> {
        let Some(group) = self.open.pop() else {
            return Err(self.error(self.at, "`)` closes nothing, write `\\)` for the character"));
        };
        self.flags = group.flags;
        self.mark(")", if group.look_around { Before::LookAround } else { Before::Atom });
        Ok(())
    }

    /// Reads `name>`.
    fn group_name(&mut self, at: usize) -> Result<String, JavaRegexError> {
        let mut name = String::new();
        while let Some(c) = self.next() {
            match c {
                '>' if !name.is_empty() => return Ok(name),
                c if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty()) => name.push(c),
                _ => break,
            }
        }
        Err(self.error(at, "expected a group name of letters and digits that ends with `>`"))
    }

    /// `(?i)` or `(?i:`; true if a group is opened, false if the flags hold until the group around ends.
    fn flag_group(&mut self, at: usize) -> Result<bool, JavaRegexError> {
        self.at += 1;
        let mut on = true;
        while let Some(c) = self.next() {
            match c {
                '-' if on => on = false,
                'i' => self.flags.fold = on,
                'm' => self.flags.multi_line = on,
                's' => self.flags.dot_all = on,
                'x' => self.flags.comments = on,
                'd' => self.flags.unix_lines = on,
                'u' => self.flags.unicode_fold = on,
                'U' => {
                    self.flags.unicode_classes = on;
                    self.flags.unicode_fold = on;
                }
                ')' => return Ok(false),
                ':' => return Ok(true),
                c => {
                    let known =
                        "known are `(?:` `(?=` `(?!` `(?<=` `(?<!` `(?>` `(?<name>` and the flags `idmsuxU`";
                    return Err(
                        self.error(at, format!("`{c}` is neither a flag nor a kind of group, {known}"))
                    );
                }
            }
        }
        Err(self.error(at, "`(?` is never closed"))
    }

    pub(super) fn named_reference(&mut self, at: usize) -> Result<(), JavaRegexError> {
        self.at += 1;
        if !self.eat("<") {
            return Err(self.error(at, "expected `\\k<name>`"));
        }
        let name = self.group_name(at)?;
        let Some(group) = self.groups.iter().position(|known| *known == name) else {
            return Err(self.error(at, format!("there is no group named `{name}` before this")));
        };
        self.reference(at, group);
        Ok(())
    }

    /// Takes further digits only while such a group exists, as Java does.
    pub(super) fn numbered_reference(&mut self, at: usize, first: char) {
        self.at += 1;
        let mut group = first.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer >= self.groups.len() {
                break;
            }
            group = longer;
            self.at += 1;
        }
        self.reference(at, group);
    }

    fn reference(&mut self, at: usize, group: usize) {
        self.references.push((at, group));
        let reference = format!(r"\k<{group}>");
        if self.flags.fold {
            self.atom(&format!("(?i:{reference})"));
        } else {
            self.atom(&reference);
        }
    }
}
