//! What is said to people, on stdout and stderr.
//!
//! A reader that is gone (`scoopi plugins | head`, a closed terminal) is not a fault of the program, and the command is
//! completed all the same: this is not an error. An answer that cannot be written for another reason (a full disk) is
//! one. Messages on stderr do not fail: there is no other place for them. Nothing here panics.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::File;
use std::io::{self, ErrorKind, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::panic;

use rustix::io::Errno;
use thiserror::Error;

use crate::model::shown_lines;

use super::color::{Style, is_colored, painted};

/// Clears a terminal and moves its cursor to the top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Why an answer did not get to stdout.
#[derive(Debug, Error)]
#[error("unable to write to standard output: {0}")]
pub(super) struct Unwritten(io::Error);

/// Writes `text` to stdout. Characters that a terminal would obey become escapes, because text may come from anywhere.
pub(super) fn print(text: &str) -> Result<(), Unwritten> {
    print_own(shown_lines(text).as_bytes())
}

/// Writes text of the program's own to stdout, as it is.
pub(super) fn print_own(text: &[u8]) -> Result<(), Unwritten> {
    written(stdout().write_all(text).and_then(|()| stdout().flush()))
}

/// Clears the terminal.
pub(super) fn clear() -> Result<(), Unwritten> {
    print_own(CLEAR.as_bytes())
}

/// What came of writing to stdout. A reader that is gone does not count as an error.
pub(super) fn written(result: io::Result<()>) -> Result<(), Unwritten> {
    match result {
        Err(error) if !is_gone(&error) => Err(Unwritten(error)),
        _ => Ok(()),
    }
}

/// Whether the reader is gone: the pipe or the terminal is closed.
fn is_gone(error: &io::Error) -> bool {
    let is_device = || {
        let stdout = stdout().as_fd().try_clone_to_owned().map(File::from);
        stdout.and_then(|file| file.metadata()).is_ok_and(|stdout| stdout.file_type().is_char_device())
    };
    error.kind() == ErrorKind::BrokenPipe || Errno::from_io_error(error) == Some(Errno::IO) && is_device()
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
