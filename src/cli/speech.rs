//! What is said to people, on stdout and stderr.
//!
//! A reader that is gone (`scoopi plugins | head`, a closed terminal) is no fault of the program: there is
//! nobody left to tell, and what was asked is done all the same. So nothing here fails or panics.

use std::io::{Write, stderr, stdout};

/// Writes `text` to stdout as it is.
pub(super) fn print(text: &str) {
    let _gone = stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush());
}

/// Writes `line` to stderr, as a line.
pub(super) fn tell(line: &str) {
    // One write: lines of threads and processes that share the terminal do not mix.
    let _gone = stderr().write_all(format!("{line}\n").as_bytes());
}
