//! Something wrong in a definition, and where it was written.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::shown;

/// Where in the definitions something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the definitions folder.
    pub file: Arc<str>,
    /// 1-based line; 0 when the thing is not written anywhere (a default).
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
    /// Keys and list positions from the top, such as `dataDefs.price.items[0].selector`.
    pub path: Arc<str>,
}

/// A value, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

/// Whether a run can start in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but the author should know.
    Warning,
}

/// One thing that the author of a definition should change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether a run can start in spite of it.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to write instead; empty when the message says it already.
    pub help: String,
}

/// Most problems that are kept; further ones are only counted.
const MAX_PROBLEMS: usize = 1_000;

/// Everything that is wrong, in the order of files and lines. Keeps the first 1,000, and counts all.
#[derive(Debug, Clone, Default, Error)]
pub struct Problems {
    kept: Vec<Problem>,
    more_errors: usize,
    more_warnings: usize,
}

impl Place {
    /// The place of something that stands in no file.
    #[must_use]
    pub fn nowhere(path: &str) -> Self {
        Self { file: "".into(), line: 0, column: 0, path: path.into() }
    }

    /// The same place, one key further down.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{key}", self.path).into(), ..self.clone() }
    }
}

impl<T> Spanned<T> {
    /// Puts value and place together.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

impl Problem {
    /// An error at `place`.
    pub fn error(place: &Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place: place.clone(), message: message.into(), help: help.into() }
    }

    /// A warning at `place`.
    pub fn warning(place: &Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message, help) }
    }
}

impl Problem {
    /// What it says, without how severe it is.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !(self.place.file.is_empty() && self.place.path.is_empty()) {
            text = format!("{}: ", self.place);
        }
        text.push_str(&shown(&self.message));
        if !self.help.is_empty() {
            text.push_str("\n    help: ");
            text.push_str(&shown(&self.help));
        }
        text
    }

    /// Returns it as one line, for a log.
    #[must_use]
    pub fn line(&self) -> String {
        self.text().replace("\n    help: ", "; help: ")
    }
}

impl Problems {
    /// Adds a problem, unless it is there already.
    pub fn push(&mut self, problem: Problem) {
        if self.kept.len() < MAX_PROBLEMS {
            if !self.kept.contains(&problem) {
                self.kept.push(problem);
            }
        } else if problem.severity == Severity::Error {
            self.more_errors += 1;
        } else {
            self.more_warnings += 1;
        }
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Problem>) {
        others.into_iter().for_each(|problem| self.push(problem));
    }

    /// Adds all that `others` holds and counts.
    pub fn merge(&mut self, others: Self) {
        self.more_errors += others.more_errors;
        self.more_warnings += others.more_warnings;
        self.extend(others.kept);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether there is an error among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.counts().0 > 0
    }

    /// How many errors and how many warnings there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.kept.iter().filter(|problem| problem.severity == Severity::Error).count();
        (errors + self.more_errors, self.kept.len() - errors + self.more_warnings)
    }

    /// All that are kept, by file, line and column.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut all: Vec<&Problem> = self.kept.iter().collect();
        all.sort_by_key(|problem| {
            let place = &problem.place;
            (&place.file, place.line, place.column, problem.severity, &place.path, &problem.message)
        });
        all
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.file.is_empty() && !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&shown(&self.path))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", self.text())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, problem) in self.sorted().into_iter().enumerate() {
            if line > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        let more = self.more_errors + self.more_warnings;
        if more > 0 {
            write!(f, "\n... and {more} more")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &Place, line: &str) {
        assert_eq!(Problem::warning(place, "it is wrong", "").to_string(), line);
    }

    #[test]
    fn a_place_is_shown_as_far_as_it_is_known() {
        let place = Place { file: "a.yml".into(), line: 3, column: 5, path: "dataDefs.x".into() };
        check(&place, "warning: a.yml:3:5: dataDefs.x: it is wrong");
        check(&Place { path: "".into(), ..place.clone() }, "warning: a.yml:3:5: it is wrong");
        check(&Place { line: 0, path: "".into(), ..place }, "warning: a.yml: it is wrong");
        check(&Place::nowhere("steps.css"), "warning: steps.css: it is wrong");
        check(&Place::nowhere(""), "warning: it is wrong");
        assert_eq!(&*Place::nowhere("").key("a").key("b").path, "a.b");
    }

    #[test]
    fn problems_come_sorted_and_once() {
        let at = |file: &str, line| Place { file: file.into(), line, column: 1, path: "p".into() };
        let mut problems = Problems::default();
        problems.push(Problem::error(&at("b", 1), "third", "do it"));
        problems.push(Problem::error(&at("a", 10), "second", ""));
        problems.push(Problem::warning(&at("a", 9), "first", ""));
        problems.push(Problem::error(&at("b", 1), "third", "do it"));
        let text =
            "warning: a:9:1: p: first\nerror: a:10:1: p: second\nerror: b:1:1: p: third\n    help: do it";
        assert_eq!(problems.to_string(), text);
        assert_eq!(problems.counts(), (2, 1));
    }

    #[test]
    fn beyond_a_thousand_problems_are_only_counted() {
        let mut problems = Problems::default();
        for number in 0..1_500 {
            problems.push(Problem::warning(&Place::nowhere("p"), number.to_string(), ""));
        }
        problems.push(Problem::error(&Place::nowhere("p"), "the last one", ""));
        assert_eq!(problems.counts(), (1, 1_500));
        assert!(problems.has_errors());
        assert!(problems.to_string().ends_with("\n... and 501 more"));
    }
}
