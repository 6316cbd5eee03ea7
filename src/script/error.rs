//! Why a script did not give a result.
//!
//! Every message names the script, and either the place in it or the limit that it ran into, because the
//! person who reads it wrote the script and not the engine.

use std::fmt;
use std::io;

use thiserror::Error;

use super::Limit;

/// Why a script did not give a result. The task that asked for it fails; nothing else does.
#[derive(Debug, Error)]
pub enum ScriptError {
    /// It is not JavaScript.
    #[error("script `{script}`, {place}: syntax error: {reason}")]
    Syntax {
        /// The script: its file, or its text where a definition holds it.
        script: String,
        /// Where.
        place: Place,
        /// The compiler's message.
        reason: String,
    },
    /// It threw.
    #[error("script `{script}`{}: {reason}", at(.place.as_ref()))]
    Thrown {
        /// The script: its file, or its text where a definition holds it.
        script: String,
        /// Where, if the engine knows.
        place: Option<Place>,
        /// What was thrown.
        reason: String,
    },
    /// It ran into a limit.
    #[error("script `{script}` was stopped: {limit}")]
    Limit {
        /// The script: its file, or its text where a definition holds it.
        script: String,
        /// The limit.
        limit: Limit,
    },
    /// The file does not define the function that is to be called.
    #[error(
        "script `{script}` has no function `{entry_point}`; define it, or name another one as entryPoint"
    )]
    EntryPoint {
        /// The file of the main script.
        script: String,
        /// The function that was looked for.
        entry_point: String,
    },
    /// The function did not return the data that it was given.
    #[error("script `{script}`: the function `{entry_point}` {reason}")]
    Result {
        /// The file of the main script.
        script: String,
        /// The function.
        entry_point: String,
        /// What is wrong with its result.
        reason: String,
    },
    /// Too many scripts were given up and still hang.
    #[error(
        "script `{script}` was not run: {stuck} earlier scripts hang in built-in functions that cannot be \
         interrupted; correct the scripts that were given up, and restart this node if they never end"
    )]
    Exhausted {
        /// The script that was not run.
        script: String,
        /// The number of scripts that hang.
        stuck: usize,
    },
    /// No thread to run it on.
    #[error("script `{script}` was not run: no thread for it")]
    Thread {
        /// The script that was not run.
        script: String,
        /// The system's message.
        source: io::Error,
    },
    /// The thread that ran it is gone: a panic of the node, not of the script.
    #[error("script `{script}` failed: its engine broke down; please report this")]
    Lost {
        /// The script that ran.
        script: String,
    },
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File, or `script` for a script that stands in a definition.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {} column {}", self.file, self.line, self.column)
    }
}

impl Place {
    /// The innermost place in a stack trace of the engine that is script text, and not `own_file`.
    ///
    /// Lines are `    at name (file:line:column)`, `    at file:line:column` or `    at name (native)`.
    pub(super) fn innermost(stack: &str, own_file: &str) -> Option<Self> {
        stack.lines().filter_map(Self::of_line).find(|place| place.file != own_file)
    }

    fn of_line(line: &str) -> Option<Self> {
        let line = line.trim().strip_prefix("at ")?;
        let inner = match line.strip_suffix(')') {
            Some(open) => open.split_once(" (").map_or(open, |(_, inner)| inner),
            None => line,
        };
        let (rest, column) = inner.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some(Self { file: file.to_owned(), line: line.parse().ok()?, column: column.parse().ok()? })
    }
}

/// The name of a script that stands in a definition: its text on one line, cut to what a message can bear.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut name = String::with_capacity(text.len().min(LONGEST + 4));
    for word in text.split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
        if let Some((cut, _)) = name.char_indices().nth(LONGEST) {
            name.truncate(cut);
            name.push('…');
            break;
        }
    }
    name
}

fn at(place: Option<&Place>) -> String {
    place.map(|place| format!(", {place}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stack: &str, expected: Option<(&str, u32, u32)>) {
        let place = Place::innermost(stack, "scoopi");
        let place = place.as_ref().map(|p| (p.file.as_str(), p.line, p.column));
        assert_eq!(place, expected, "{stack}");
    }

    #[test]
    fn the_place_is_the_innermost_line_of_script_text() {
        check("    at f (a.js:3:14)\n    at <eval> (a.js:9:1)\n", Some(("a.js", 3, 14)));
        check("    at a b.js:1:2\n", Some(("a b.js", 1, 2)));
        check("    at sort (native)\n    at <eval> (C:/x (1).js:2:7)\n", Some(("C:/x (1).js", 2, 7)));
        check("    at getConfig (scoopi:40:2)\n    at <eval> (script:1:9)\n", Some(("script", 1, 9)));
        check("    at sort (native)\n", None);
        check("", None);
        check("    at x:99999999999:1", None);
    }

    #[test]
    fn a_long_script_is_named_by_its_beginning() {
        assert_eq!(excerpt("  a +\n  b "), "a + b");
        assert_eq!(excerpt(&"ü".repeat(200)).chars().count(), 81);
        assert_eq!(excerpt(""), "");
    }
}
