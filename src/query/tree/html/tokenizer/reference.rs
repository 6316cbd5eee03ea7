//! The character references that nearly all pages have, and no others.
//!
//! `?a=1&amp;b=2` and `Smith &amp; Sons` need none of the rules about names without semicolons, longest matches or
//! old code pages. Where a text holds anything else, it goes to html5ever as a whole.

use html5ever::tendril::StrTendril;

/// A semicolon ends every name, so what follows does not matter.
const COMMON: [(&str, char); 16] = [
    ("amp;", '&'),
    ("nbsp;", '\u{a0}'),
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("#39;", '\''),
    ("apos;", '\''),
    ("copy;", '©'),
    ("reg;", '®'),
    ("laquo;", '«'),
    ("raquo;", '»'),
    ("middot;", '·'),
    ("bull;", '•'),
    ("ndash;", '–'),
    ("mdash;", '—'),
    ("euro;", '€'),
];

/// The text that is written so; `None` if it takes more to tell.
pub(super) fn read(written: &str) -> Option<StrTendril> {
    let mut text = StrTendril::with_capacity(u32::try_from(written.len()).ok()?);
    let mut rest = written;
    while let Some(at) = memchr::memchr2(b'&', 0, rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        text.push_slice(before);
        let after = from.strip_prefix('&')?;
        let common = |(name, character)| Some((after.strip_prefix(name)?, character));
        rest = match COMMON.into_iter().find_map(common) {
            Some((after, character)) => {
                text.push_char(character);
                after
            }
            None if after.starts_with(|next: char| next == '#' || next.is_ascii_alphanumeric()) => {
                return None;
            }
            None => {
                text.push_char('&');
                after
            }
        };
    }
    text.push_slice(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, text: Option<&str>) {
        assert_eq!(read(written).as_deref(), text, "{written}");
    }

    #[test]
    fn common_references_are_read_and_others_are_not() {
        check("a", Some("a"));
        check("a&amp;b&lt;&gt;&quot;&nbsp;", Some("a&b<>\"\u{a0}"));
        check("&#39;&apos;&copy;&reg;&laquo;&raquo;", Some("''©®«»"));
        check("& &&; &é&", Some("& &&; &é&"));
        check("&amp;amp;", Some("&amp;"));
        for other in ["&amp", "&ampx;", "&AMP;", "&#65;", "&copy", "&amp;&lt", "&x", "&amp;\0", "\0"] {
            check(other, None);
        }
    }
}
