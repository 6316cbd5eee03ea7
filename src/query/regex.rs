//! Regular expressions as Java reads them.
//!
//! Definitions were written for Java's dialect, which has look-around, possessive quantifiers and `\Q..\E`,
//! and in which `\w`, `\d`, `\s` and `(?i)` mean ASCII. A pattern is therefore read completely here
//! (`translate`), errors get their place, and what comes out is a pattern for `fancy_regex` that leaves
//! nothing to chance. Knows texts only; what is searched, and why, is the business of the caller.
//!
//! Three engines share the work. A pattern that is plain text, with or without `^` and `$`, is searched as plain text.
//! A pattern without look-around, references and atomic groups runs as an automaton, which reads the text once. All
//! other patterns run step by step (`machine`), and the page pays for the steps: the work of a backtracking engine
//! between two steps has no bound, and a page could make it read a long text once for each of its characters.
//!
//! `$`, which in Java also stands before a final line end and then needs a look-around, is plain "end of the text" for all
//! texts that do not end in a line end; the other form is compiled when such a text first appears.

mod char_set;
mod class;
mod flags;
mod group;
mod machine;
mod program;
mod property;
mod reader;
mod translate;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use fancy_regex::{Error as EngineError, Expr, Regex, RegexBuilder};
use memchr::memmem::Finder;
use thiserror::Error;

use super::limits::Limits;
use super::limits::Meter;
use super::limits::QueryError;
use machine::Machine;
use program::Program as Stepped;
use reader::Literal;
use translate::Translation;

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 16 * 1024;
/// Most steps of one search.
const MAX_STEPS: u64 = 20_000_000;
/// Bytes that one automaton of a pattern may take.
const MAX_AUTOMATON: usize = 4 * 1024 * 1024;

/// Why a regular expression could not be compiled or applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JavaRegexError {
    /// The pattern is wrong.
    #[error("{message}, at character {at} of the regular expression `{pattern}`")]
    Syntax {
        /// The pattern as written.
        pattern: String,
        /// 1-based position, counted in characters.
        at: usize,
        /// What is wrong, and what to write instead.
        message: String,
    },
    /// The pattern is well formed, but too large or too involved.
    #[error("{message}, in the regular expression `{pattern}`")]
    Refused {
        /// The pattern as written; of one that is too long, its beginning.
        pattern: String,
        /// What is too much.
        message: String,
    },
    /// A search was given up.
    #[error(
        "gave up after {limit} steps on a text of {length} bytes (look-behind, references and atomic groups may read a \
         long text again for each of its characters), in the regular expression `{pattern}`"
    )]
    TooManySteps {
        /// The pattern as written.
        pattern: String,
        /// The steps that were allowed.
        limit: u64,
        /// Length of the text in bytes.
        length: usize,
    },
    /// The page must not cause more work.
    #[error("{0}, in the regular expression `{1}`")]
    Unpaid(QueryError, String),
}

/// A regular expression in Java's dialect, compiled.
///
/// Differences that remain: `\b` looks at Unicode letters and digits, as Java did up to version 18; Unicode
/// blocks (`\p{InGreek}`), `\N{name}` and `\G` are refused; a group that does not exist cannot be referred
/// to.
#[derive(Debug)]
pub struct JavaRegex {
    pattern: String,
    program: Program,
}

#[derive(Debug)]
enum Program {
    Literal { literal: Literal, finder: Box<Finder<'static>> },
    Engine(Box<Engine>),
}

/// The forms of one pattern, each compiled when it is first needed.
#[derive(Debug)]
struct Engine {
    translation: Translation,
    search: Form,
    search_exact: Form,
    whole: Form,
    whole_exact: Form,
}

type Form = OnceLock<Result<Compiled, String>>;

#[derive(Debug)]
enum Compiled {
    Automaton(Regex),
    Stepped(Stepped),
}

impl JavaRegex {
    /// Compiles `pattern`, at most 16 KiB.
    ///
    /// # Errors
    /// A mistake in the pattern, with its place; a construct that Java has and this does not; a pattern whose
    /// compiled form would be too large.
    pub fn compile(pattern: &str) -> Result<Self, JavaRegexError> {
        if pattern.len() > MAX_PATTERN {
            let message = format!("a pattern of {} bytes is too long (at most {MAX_PATTERN})", pattern.len());
            let pattern = pattern.chars().take(60).collect();
            return Err(JavaRegexError::Refused { pattern, message });
        }
        let translation = translate::translate(pattern)?;
        if let Some(literal) = translation.literal {
            let finder = Box::new(Finder::new(&literal.text).into_owned());
            return Ok(Self { pattern: pattern.to_owned(), program: Program::Literal { literal, finder } });
        }
        let engine = Engine {
            translation,
            search: Form::new(),
            search_exact: Form::new(),
            whole: Form::new(),
            whole_exact: Form::new(),
        };
        let regex = Self { pattern: pattern.to_owned(), program: Program::Engine(Box::new(engine)) };
        // Whatever the engine refuses is refused now, not on the first page.
        regex.find("", &Meter::new(&Limits::default()))?;
        Ok(regex)
    }

    /// The pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the pattern occurs anywhere in `text`. `meter` pays for the steps; the caller pays for reading the text
    /// once.
    ///
    /// # Errors
    /// [`JavaRegexError::TooManySteps`] if the search exceeds the limit of steps, [`JavaRegexError::Unpaid`] if the
    /// meter does.
    pub fn find(&self, text: &str, meter: &Meter) -> Result<bool, JavaRegexError> {
        match &self.program {
            Program::Literal { literal, finder } => Ok(literal.found_in(text, finder)),
            Program::Engine(engine) => self.run(engine.searching(text), text, meter),
        }
    }

    /// Whether the whole of `text` matches; alternatives and lazy quantifiers are tried until it does.
    ///
    /// # Errors
    /// As [`JavaRegex::find`].
    pub fn matches_whole(&self, text: &str, meter: &Meter) -> Result<bool, JavaRegexError> {
        match &self.program {
            Program::Literal { literal, .. } => Ok(literal.text == text),
            Program::Engine(engine) => self.run(engine.whole(text), text, meter),
        }
    }

    fn run(
        &self,
        form: Result<&Compiled, &String>,
        text: &str,
        meter: &Meter,
    ) -> Result<bool, JavaRegexError> {
        match form.map_err(|message| self.refused(message.clone()))? {
            Compiled::Automaton(regex) => regex.is_match(text).map_err(|error| self.refused(reason(&error))),
            Compiled::Stepped(program) => self.run_steps(program, text, meter),
        }
    }

    fn run_steps(&self, program: &Stepped, text: &str, meter: &Meter) -> Result<bool, JavaRegexError> {
        let allowed = meter.left().min(MAX_STEPS);
        let mut machine = Machine::new(program, text, allowed);
        let found = machine.search();
        let unpaid = |error| JavaRegexError::Unpaid(error, self.pattern.clone());
        meter.pay(allowed - machine.left()).map_err(unpaid)?;
        found.or_else(|_exhausted| {
            // The page had fewer steps left than a search may take, so the page is too expensive, not the pattern.
            meter.pay(MAX_STEPS - allowed).map_err(unpaid)?;
            let (pattern, limit, length) = (self.pattern.clone(), MAX_STEPS, text.len());
            Err(JavaRegexError::TooManySteps { pattern, limit, length })
        })
    }

    fn refused(&self, message: String) -> JavaRegexError {
        JavaRegexError::Refused { pattern: self.pattern.clone(), message }
    }
}

impl Engine {
    fn searching(&self, text: &str) -> Result<&Compiled, &String> {
        match &self.translation.exact {
            Some(exact) if ends_with_line_end(text) => form(&self.search_exact, || build(exact)),
            _ => form(&self.search, || build(&self.translation.plain)),
        }
    }

    fn whole(&self, text: &str) -> Result<&Compiled, &String> {
        let anchored = |pattern: &str| build(&format!(r"\A(?:{pattern})\z"));
        match &self.translation.exact {
            Some(exact) if ends_with_line_end(text) => form(&self.whole_exact, || anchored(exact)),
            _ => form(&self.whole, || anchored(&self.translation.plain)),
        }
    }
}

impl Literal {
    fn found_in(&self, text: &str, finder: &Finder<'_>) -> bool {
        match (self.from_start, self.to_end) {
            (false, false) => finder.find(text.as_bytes()).is_some(),
            (true, false) => text.starts_with(&self.text),
            (false, true) => text.ends_with(&self.text) || without_line_end(text).ends_with(&self.text),
            (true, true) => text == self.text || without_line_end(text) == self.text,
        }
    }
}

fn form(slot: &Form, build: impl FnOnce() -> Result<Compiled, String>) -> Result<&Compiled, &String> {
    slot.get_or_init(build).as_ref()
}

fn build(pattern: &str) -> Result<Compiled, String> {
    let tree = Expr::parse_tree(pattern).map_err(|error| reason(&error))?;
    if Stepped::is_needed(&tree.expr) {
        return Stepped::compile(&tree.expr).map(Compiled::Stepped);
    }
    RegexBuilder::new(pattern)
        .delegate_size_limit(MAX_AUTOMATON)
        .delegate_dfa_size_limit(MAX_AUTOMATON)
        .build()
        .map(Compiled::Automaton)
        .map_err(|error| reason(&error))
}

/// The engine's own words: only for what passed `translate`, so it is about size or a rare construct.
fn reason(error: &EngineError) -> String {
    let text = match error {
        EngineError::ParseError(_, error) => error.to_string(),
        EngineError::CompileError(error) => error.to_string(),
        other => other.to_string(),
    };
    let first = text.lines().next().unwrap_or_default();
    format!("the pattern is too large or not supported: {first}")
}

fn ends_with_line_end(text: &str) -> bool {
    text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix("\r\n").unwrap_or_else(|| if ends_with_line_end(text) { chop(text) } else { text })
}

fn chop(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next_back();
    chars.as_str()
}
