//! What is said to people, on stdout and stderr.
//!
//! A reader that is gone (`scoopi plugins | head`, a closed terminal) is no fault of the program: there is
//! nobody left to tell, and what was asked is done all the same. So nothing here fails or panics.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{Write, stderr, stdout};
use std::panic;

use crate::model::shown_lines;

use super::color::{Style, is_colored, painted};

/// Clears a terminal and moves its cursor to the top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Writes `text` to stdout. Characters that a terminal would obey become escapes, because text may come from anywhere.
pub(super) fn print(text: &str) {
    write(shown_lines(text).as_bytes());
}

/// Writes text of the program's own to stdout, as it is.
pub(super) fn print_own(text: &[u8]) {
    write(text);
}

/// Clears the terminal.
pub(super) fn clear() {
    write(CLEAR.as_bytes());
}

fn write(text: &[u8]) {
    let _gone = stdout().write_all(text).and_then(|()| stdout().flush());
}

/// Writes `line` to stderr, as a line, with escapes as in [`print()`].
pub(super) fn tell(line: &str) {
    write_line(&shown_lines(line));
}

fn write_line(line: &str) {
    // One write: lines of threads and processes that share the terminal do not mix.
    let _gone = stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes a warning to stderr.
pub(super) fn warn(message: &str) {
    tell_as(Style::Warning, "warning:", message);
}

/// Writes why the program ends early to stderr.
pub(super) fn fail(message: &str) {
    tell_as(Style::Error, "scoopi:", message);
}

fn tell_as(style: Style, label: &str, message: &str) {
    let label = if is_colored() { painted(style, label) } else { label.to_owned() };
    write_line(&format!("{label} {}", shown_lines(message)));
}

/// Prints panics with escapes as well: a panic message may quote a page.
pub(super) fn tell_panics() {
    panic::set_hook(Box::new(|panic| {
        tell(&panic.to_string());
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            tell(&trace.to_string());
        }
    }));
}
