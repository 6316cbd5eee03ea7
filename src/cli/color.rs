//! Whether what is said on stderr has colours: `--color`, the variable `NO_COLOR`, the terminal.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;

use clap::{ColorChoice, ValueEnum};

/// The option, which is read before all others: their errors have colours, too.
const OPTION: &str = "--color";

/// Whether stderr has colours, once it is decided.
static IS_COLORED: OnceLock<bool> = OnceLock::new();

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Error,
    Warning,
    Good,
    Detail,
    Dim,
}

impl Color {
    /// Returns what the command line says, without judging it: a value that is not valid counts as `auto`.
    pub(super) fn of(words: &[OsString]) -> Self {
        let words =
            words.iter().map(|word| word.to_str().unwrap_or_default()).take_while(|word| *word != "--");
        let (mut last, mut follows) = (None, false);
        for word in words {
            let value = word.strip_prefix(OPTION).and_then(|rest| rest.strip_prefix('='));
            last = value.or(follows.then_some(word)).or(last);
            follows = word == OPTION;
        }
        last.and_then(|value| Self::from_str(value, false).ok()).unwrap_or(Self::Auto)
    }

    /// Decides for stderr, once.
    pub(super) fn decide(self) {
        let variable = |name| std::env::var_os(name).unwrap_or_default();
        let is_colored = self.is_used(stderr().is_terminal(), &variable("NO_COLOR"), &variable("TERM"));
        // The first decision stays; `main` makes it before anything is said.
        let _decided = IS_COLORED.set(is_colored);
    }

    /// The same choice for the messages of clap.
    pub(super) fn of_clap(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }

    fn is_used(self, is_terminal: bool, no_color: &OsStr, terminal: &OsStr) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && no_color.is_empty() && terminal != "dumb",
        }
    }
}

/// Whether stderr has colours.
pub(super) fn is_colored() -> bool {
    IS_COLORED.get().copied().unwrap_or_default()
}

/// Returns `text` in a style. The text must not contain what a terminal obeys.
pub(super) fn painted(style: Style, text: impl Display) -> String {
    let code = match style {
        Style::Error => "1;31",
        Style::Warning => "33",
        Style::Good => "32",
        Style::Detail => "34",
        Style::Dim => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_found_before_other_options_are_read() {
        for (line, expected) in [
            ("scoopi", Color::Auto),
            ("scoopi --color never run", Color::Never),
            ("scoopi run --color=always", Color::Always),
            ("scoopi --color=always --color never", Color::Never),
            ("scoopi --color=pink", Color::Auto),
            ("scoopi --color", Color::Auto),
            ("scoopi shell -- --color=always", Color::Auto),
        ] {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(Color::of(&words), expected, "{line}");
        }
    }

    #[test]
    fn a_terminal_has_colours_unless_the_user_says_no() {
        let used = |color: Color, is_terminal, no_color: &str, terminal: &str| {
            color.is_used(is_terminal, no_color.as_ref(), terminal.as_ref())
        };
        assert!(used(Color::Auto, true, "", "xterm"));
        assert!(!used(Color::Auto, true, "1", "xterm"));
        assert!(!used(Color::Auto, true, "", "dumb"));
        assert!(!used(Color::Auto, false, "", "xterm"));
        assert!(used(Color::Always, false, "1", "dumb"));
        assert!(!used(Color::Never, true, "", "xterm"));
    }
}
