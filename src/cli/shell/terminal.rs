//! Lines in.
//!
//! Knows no query. A line is bounded, because input may never have a line end.

use std::io::{self, BufRead, Read};

/// Longest line, in bytes; the longest query is far shorter.
const MAX_LINE: usize = 64 * 1024;

/// Reads a line without its end; `None` at the end of input. What is not UTF-8 is replaced.
///
/// # Errors
/// Input breaks, or a line is longer than 64 KiB.
pub(super) fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = vec![];
    input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > MAX_LINE {
        return Err(io::Error::other("a line is longer than 64 KiB"));
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<String> {
        std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn lines_come_without_their_ends() {
        assert_eq!(lines(b"a\n\nb c\r\nd"), ["a", "", "b c", "d"]);
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut input = io::repeat(b'x');
        let mut input = io::BufReader::new(&mut input);
        assert!(read_line(&mut input).unwrap_err().to_string().contains("64 KiB"));
        let longest = "x".repeat(MAX_LINE - 1) + "\n";
        assert_eq!(read_line(&mut longest.as_bytes()).unwrap().unwrap().len(), MAX_LINE - 1);
    }
}
