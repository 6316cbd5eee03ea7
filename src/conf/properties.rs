//! Java's `.properties` format, as old configurations are written.
//!
//! `key=value`, `key: value` or `key value`; `#` and `!` begin comments; after a backslash at its end, a line continues
//! with the next one; `\uXXXX` and the usual escapes.

/// The keys and values of a text, each with its 1-based line.
pub(super) fn parse(text: &str) -> Vec<(String, String, usize)> {
    let mut found = vec![];
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        while ends_in_a_lone_backslash(&logical) {
            logical.pop();
            let Some((_, more)) = lines.next() else { break };
            logical.push_str(more.trim_start());
        }
        let (key, value) = split(&logical);
        found.push((unescape(key), unescape(value), number + 1));
    }
    found
}

fn ends_in_a_lone_backslash(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = !escaped && *c == '\\';
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let code: String = chars.by_ref().take(4).collect();
                let character = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_property_is_read() {
        let text = "# c\n! c\na=1\nb : 2\nc 3\n d = x\\\n   y\ne=\\u00e9\\t\\\\\n\nf\ng=a=b\n";
        let pairs: Vec<_> = parse(text).into_iter().map(|(k, v, line)| format!("{line} {k}={v}")).collect();
        assert_eq!(pairs, ["3 a=1", "4 b=2", "5 c=3", "6 d=xy", "8 e=é\t\\", "10 f=", "11 g=a=b"]);
    }
}
