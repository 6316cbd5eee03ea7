//! The comments and the strings of a Rust source. Knows just enough of the language to tell them from code.

use crate::text::Text;

/// Paragraphs of comments: comments in adjacent lines are one.
pub(crate) fn comments(file: &str, source: &str) -> Vec<Text> {
    let mut texts: Vec<Text> = vec![];
    let (mut last_line, mut last_kind, mut is_code) = (0, "", false);
    for piece in pieces(source).into_iter().filter(|piece| piece.is_comment) {
        let body = piece.text.trim_start_matches(['/', '!', '*']).trim_end_matches("*/");
        let kind = &piece.text[..piece.text.len() - body.len()];
        let is_next = piece.line == last_line + 1 && kind == last_kind;
        if !is_next || body.trim().is_empty() || texts.is_empty() {
            texts.push(Text::new(file));
            is_code &= is_next;
        }
        (last_line, last_kind) = (piece.line, kind);
        if body.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code && let Some(text) = texts.last_mut() {
            text.push(piece.line, body);
        }
    }
    texts.retain(|text| !text.words().is_empty());
    texts
}

/// Every string literal that is not empty.
pub(crate) fn strings(file: &str, source: &str) -> Vec<Text> {
    let mut texts = vec![];
    for piece in pieces(source).into_iter().filter(|piece| !piece.is_comment) {
        let mut text = Text::new(file);
        for (number, line) in (piece.line..).zip(piece.text.lines()) {
            let line = line.strip_suffix('\\').unwrap_or(line);
            text.push(number, &line.replace("\\n", " ").replace("\\\"", "\""));
        }
        texts.push(text);
    }
    texts.retain(|text| !text.words().is_empty());
    texts
}

/// A comment with its slashes, or a string without its quotes.
struct Piece<'source> {
    is_comment: bool,
    /// The number of its first line.
    line: usize,
    text: &'source str,
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut at, mut line, mut counted) = (vec![], 0, 1, 0);
    while let Some(rest) = source.get(at..)
        && !rest.is_empty()
    {
        let length = rest.chars().next().map_or(1, char::len_utf8);
        let (skipped, taken, end, is_comment) = if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            (0, end, end, true)
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            (0, end, end, true)
        } else if rest.starts_with('"') {
            let end = end_of_string(rest);
            (1, end - 1, end, false)
        } else if let Some((quotes, end)) = raw(source, at) {
            (quotes, end - (quotes - 1), end, false)
        } else {
            at += if rest.starts_with('\'') { character(rest) } else { length };
            continue;
        };
        line += source[counted..at].matches('\n').count();
        counted = at;
        pieces.push(Piece { is_comment, line, text: rest.get(skipped..taken).unwrap_or_default() });
        at += end;
    }
    pieces
}

/// The length of the string that `rest` begins with, quotes included.
fn end_of_string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return offset + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Of a raw string at `at`: the length of what opens it, and its whole length.
fn raw(source: &str, at: usize) -> Option<(usize, usize)> {
    let rest = source[at..].strip_prefix('r')?;
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let before = source[..at].strip_suffix('b').unwrap_or(&source[..at]);
    if before.ends_with(is_name) {
        return None;
    }
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let inner = rest[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let opening = 2 + hashes;
    Some((opening, opening + inner.find(&close)? + close.len()))
}

/// The length of a character literal, or of the quote that begins a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((escaped, _))) => {
            rest[escaped + 1..].find('\'').map_or(1, |end| escaped + 1 + end + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}
