//! Selectors, from text to program.
//!
//! A descent by hand over the symbols of a [`Source`](super::source::Source), in the order in which they stand, so that every
//! mistake is found at its character. Knows the grammar; what a name or an argument means is in `recipe`,
//! `pseudo` and `brackets`.

mod brackets;

use crate::query::regex::JavaRegex;

use super::plan::Combinator;
use super::plan::List;
use super::plan::MAX_STEPS;
use super::plan::Step;
use super::plan::Test;
use super::program::Program;
use super::program::Slot;
use super::pseudo;
use super::pseudo::Pseudo;
use super::recent::Recent;
use super::recipe::Recipe;
use super::source::Cursor;
use super::source::Stop;
use super::source::Sym;
use super::source::Text;
use super::source::is_name_char;
use super::stem::Stem;
use brackets::Parsed;

/// Deepest nesting of `:has`, `:not` and `:is`.
const MAX_DEPTH: usize = 16;
/// Most steps of a query altogether, which bounds how deep its evaluation goes.
const MAX_ALL_STEPS: usize = 512;
const ATTRIBUTE_HINT: &str =
    " (an attribute is read with ` attribute: name` at the end of a selector, blanks included)";

/// Compiles the symbols of a cursor, to its end.
pub(super) fn parse(cursor: Cursor<'_>, regexes: &Recent<JavaRegex>) -> Result<Program, Stop> {
    let mut parser = Parser { cursor, regexes, slots: vec![], steps: 0 };
    let list = parser.list(0)?;
    let stem = match &list.plans[..] {
        [plan] => Stem::of(plan).map(Box::new),
        _ => None,
    };
    Ok(Program { list, slots: parser.slots, stem })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    regexes: &'a Recent<JavaRegex>,
    slots: Vec<Slot>,
    steps: usize,
}

impl Parser<'_> {
    /// Alternatives, to the end or, within a pseudo class, to the parenthesis that closes it.
    fn list(&mut self, depth: usize) -> Result<List, Stop> {
        let mut list = List::default();
        loop {
            let (steps, led) = self.complex(depth)?;
            list.push(steps, led);
            if self.cursor.is_done() || self.is_closed(depth) {
                return Ok(list);
            }
            // `complex` stops at nothing else.
            self.cursor.eat(',');
        }
    }

    fn is_closed(&self, depth: usize) -> bool {
        depth > 0 && self.cursor.peek_is(')')
    }

    /// Compound selectors and what stands between them; whether it begins with a combinator.
    fn complex(&mut self, depth: usize) -> Result<(Vec<Step>, bool), Stop> {
        self.cursor.skip_blanks();
        let mut steps = vec![];
        let mut combinator = self.combinator();
        let led = combinator.is_some();
        if led {
            steps.push(Step::default());
        }
        loop {
            self.cursor.skip_blanks();
            if steps.len() >= MAX_STEPS {
                return Err(self.cursor.mistake(format!("more than {MAX_STEPS} selectors in one row")));
            }
            let tests = self.compound(depth)?;
            steps.push(Step { combinator, tests });
            let blanks = self.cursor.skip_blanks();
            if self.cursor.is_done() || self.cursor.peek_is(',') || self.is_closed(depth) {
                return Ok((steps, led));
            }
            combinator = self.combinator();
            if combinator.is_none() {
                if !blanks {
                    return Err(self.unexpected());
                }
                combinator = Some(Combinator::Descendant);
            }
        }
    }

    fn combinator(&mut self) -> Option<Combinator> {
        let combinator = match self.cursor.peek() {
            Some(Sym::Char('>')) => Combinator::Child,
            Some(Sym::Char('+')) => Combinator::Next,
            Some(Sym::Char('~')) => Combinator::Later,
            _ => return None,
        };
        self.cursor.next();
        Some(combinator)
    }

    /// Tests of one element: `td.next[href]:nth-child(2)`.
    fn compound(&mut self, depth: usize) -> Result<Vec<Test>, Stop> {
        self.steps += 1;
        if self.steps > MAX_ALL_STEPS {
            return Err(self.cursor.mistake(format!("more than {MAX_ALL_STEPS} selectors in one query")));
        }
        let from = self.cursor.at();
        let mut tests = vec![];
        self.tag(&mut tests)?;
        loop {
            match self.cursor.peek() {
                Some(Sym::Char('#')) => {
                    self.named(Recipe::Id, "an id after `#`, as in `#price`", &mut tests)?
                }
                Some(Sym::Char('.')) => {
                    self.named(Recipe::Class, "a class after `.`, as in `.next`", &mut tests)?
                }
                Some(Sym::Char('[')) => self.attribute(&mut tests)?,
                Some(Sym::Char(':')) => self.pseudo(depth, &mut tests)?,
                Some(Sym::Var(_)) => return Err(Stop::Structure),
                _ => break,
            }
        }
        if self.cursor.at() == from {
            return Err(self.unexpected());
        }
        tests.sort_by_key(|test| test.cost(&self.slots));
        Ok(tests)
    }

    fn unexpected(&self) -> Stop {
        let found = self.cursor.found();
        let hint = match self.cursor.peek() {
            Some(Sym::Char(c)) if c == '*' || is_name_char(c) => " (the tag comes first)",
            Some(Sym::Char('@' | '/')) => " (XPath needs the XPath parser)",
            _ => "",
        };
        self.cursor.mistake(format!(
            "expected a selector such as `td`, `#id`, `.class` or `[attribute]`, {found}{hint}"
        ))
    }

    /// `*`, `td`, `ns|td`, `*|td`, or nothing.
    fn tag(&mut self, tests: &mut Vec<Test>) -> Result<(), Stop> {
        let from = self.cursor.at();
        let mut name = Text::default();
        if self.cursor.eat('*') {
            name.push_char('*');
        } else {
            name = self.cursor.name()?;
        }
        if name.is_empty() {
            return Ok(());
        }
        if self.cursor.eat('|') {
            name.push_char('|');
            if self.cursor.eat('*') {
                name.push_char('*');
            } else {
                let local = self.cursor.name()?;
                if local.is_empty() {
                    return Err(self
                        .cursor
                        .mistake(format!("expected a tag after `|`, {}", self.cursor.found())));
                }
                name.append(local);
            }
        }
        if name.literal() == Some("*") {
            return Ok(());
        }
        self.make(Recipe::Tag, name, from, tests)
    }

    fn named(&mut self, recipe: Recipe, expected: &str, tests: &mut Vec<Test>) -> Result<(), Stop> {
        self.cursor.next();
        let from = self.cursor.at();
        let name = self.cursor.name()?;
        if name.is_empty() {
            return Err(self.cursor.mistake(format!("expected {expected}, {}", self.cursor.found())));
        }
        self.make(recipe, name, from, tests)
    }

    fn attribute(&mut self, tests: &mut Vec<Test>) -> Result<(), Stop> {
        self.cursor.next();
        let (from, to) = self.cursor.balanced('[', ']')?;
        match brackets::parse(&mut self.cursor.within(from, to))? {
            Parsed::Test(test) => tests.push(test),
            Parsed::Value(recipe, text, from) => self.make(recipe, text, from, tests)?,
        }
        Ok(())
    }

    fn pseudo(&mut self, depth: usize, tests: &mut Vec<Test>) -> Result<(), Stop> {
        let at = self.cursor.place();
        let hint = if self.cursor.follows(" attribute") { ATTRIBUTE_HINT } else { "" };
        self.cursor.next();
        if self.cursor.peek_is(':') {
            return Err(Stop::Mistake { at, message: self.pseudo_element() });
        }
        let name = self.cursor.name()?;
        let Some(name) = name.literal() else {
            return Err(Stop::Structure);
        };
        if name.is_empty() {
            let found = self.cursor.found();
            return Err(self.cursor.mistake(format!("expected a pseudo class after `:`, {found}{hint}")));
        }
        let pseudo = pseudo::find(name)
            .map_err(|message| Stop::Mistake { at, message: format!("{message}{hint}") })?;
        let opened = self.cursor.eat('(');
        match (pseudo, opened) {
            (Pseudo::Plain(test), false) => tests.push(test),
            (Pseudo::Plain(_), true) => {
                return Err(Stop::Mistake { at, message: format!("`:{name}` takes nothing in parentheses") });
            }
            (_, false) => {
                return Err(Stop::Mistake {
                    at,
                    message: format!("`:{name}` needs parentheses, as in `:{name}(...)`"),
                });
            }
            (pseudo, true) => self.argument(pseudo, name, depth, tests)?,
        }
        Ok(())
    }

    /// Returns what to write instead of `::name`; its second colon comes next. Other tools read texts and attributes
    /// that way.
    fn pseudo_element(&mut self) -> String {
        // The caller has read the first colon.
        let before = self.cursor.before(1);
        self.cursor.next();
        let name = self.cursor.name().ok();
        let name = name.as_ref().and_then(Text::literal).unwrap_or_default();
        let argument = if self.cursor.eat('(') { self.cursor.balanced('(', ')').ok() } else { None };
        let argument = argument.and_then(|(from, to)| self.cursor.written(from, to));
        match (name, argument, before) {
            ("text", None, Some(before)) => {
                format!(
                    "a selector reads the text of its elements: write `{before}` instead of `{before}::text`"
                )
            }
            ("text", None, None) => {
                "a selector reads the text of its elements: leave `::text` out".to_owned()
            }
            ("attr", Some(name), Some(before)) => {
                format!("write `{before} attribute: {name}` instead of `{before}::attr({name})`")
            }
            ("attr", Some(name), None) => format!("write ` attribute: {name}` instead of `::attr({name})`"),
            _ => "pseudo elements are not supported: write one `:` before a pseudo class".to_owned(),
        }
    }

    /// What stands in the parentheses; the first one has been read.
    fn argument(
        &mut self,
        pseudo: Pseudo,
        name: &str,
        depth: usize,
        tests: &mut Vec<Test>,
    ) -> Result<(), Stop> {
        match pseudo {
            Pseudo::Is => tests.push(Test::Is(self.nested(name, depth)?)),
            Pseudo::Not => tests.push(Test::Not(self.nested(name, depth)?)),
            Pseudo::Has => tests.push(Test::Has(self.nested(name, depth)?)),
            Pseudo::Plain(test) => tests.push(test),
            Pseudo::Number(recipe) => {
                let (from, to) = self.cursor.balanced('(', ')')?;
                let mut text = self.cursor.within(from, to).rest();
                text.trim();
                self.make(recipe, text, from, tests)?;
            }
            Pseudo::Words(recipe) => {
                let (from, to) = self.cursor.balanced('(', ')')?;
                let text = self.cursor.within(from, to).rest();
                self.make(recipe, text, from, tests)?;
            }
            Pseudo::Pattern(recipe) => {
                let (from, to) = self.cursor.balanced_pattern()?;
                let text = self.cursor.within(from, to).rest();
                self.make(recipe, text, from, tests)?;
            }
        }
        Ok(())
    }

    fn nested(&mut self, name: &str, depth: usize) -> Result<List, Stop> {
        let open = self.cursor.at();
        if depth >= MAX_DEPTH {
            return Err(self.cursor.mistake(format!("pseudo classes are nested more than {MAX_DEPTH} deep")));
        }
        let list = self.list(depth + 1)?;
        if !self.cursor.eat(')') {
            let message = format!("the parenthesis of `:{name}` is never closed");
            return Err(Stop::Mistake { at: self.cursor.place_of(open.saturating_sub(1)), message });
        }
        Ok(list)
    }

    /// Adds the test that `text` makes, or a slot for it if there are placeholders.
    fn make(&mut self, recipe: Recipe, text: Text, from: usize, tests: &mut Vec<Test>) -> Result<(), Stop> {
        let Some(literal) = text.literal() else {
            self.slots.push(Slot { recipe, text });
            tests.push(Test::Slot(self.slots.len() - 1));
            return Ok(());
        };
        match recipe.make(literal, self.regexes) {
            Ok(test) => tests.push(test),
            Err(unfit) => {
                let at = self.cursor.place_of((from + unfit.at).min(self.cursor.end()));
                return Err(Stop::Mistake { at, message: unfit.message });
            }
        }
        Ok(())
    }
}
