//! The text of an element as a reader sees it: white space collapsed, breaks as blanks, scripts left out.
//!
//! The rules are jsoup's (1.13), because definitions are written against its results: `own_text` is its
//! `Element.ownText()`, `normal_text` its `Element.text()`. XPath takes the text as it is written, which
//! is [`Tree::text`].

use html5ever::LocalName;
use html5ever::local_name;

use crate::query::tree::Kind;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

/// How far up `pre` and its like are looked for: the element and five above it.
const PRESERVING_LEVELS: usize = 6;

/// Appends the text directly in `node`, not that of elements below it, to `out`; trimmed.
pub fn own_text(tree: &Tree, node: NodeId, out: &mut String) {
    let mut text = Normal::new(out);
    let preserves = preserves_white_space(tree, node);
    let is_data = holds_data(tree, node);
    for child in tree.children(node) {
        match tree.kind(child) {
            Kind::Text if is_data => {}
            Kind::Text => text.add(tree.text(child), preserves),
            Kind::Element if *tree.name(child) == local_name!("br") => text.add_blank(),
            _ => {}
        }
    }
    text.finish();
}

/// Appends the text in `node` and in all elements below it to `out`; blocks are set off by a blank, the
/// ends are trimmed.
pub fn normal_text(tree: &Tree, node: NodeId, out: &mut String) {
    let mut text = Normal::new(out);
    // The parent of the text seen last, and how it treats text: neighbours mostly share it.
    let mut last = (node, preserves_white_space(tree, node), holds_data(tree, node));
    for below in node + 1..tree.end(node) {
        match tree.kind(below) {
            Kind::Text => {
                let parent = tree.parent(below).unwrap_or(node);
                if parent != last.0 {
                    last = (parent, preserves_white_space(tree, parent), holds_data(tree, parent));
                }
                if last.2 {
                    continue;
                }
                if tree.prev_sibling(below).is_some_and(|prev| is_block(tree.name(prev))) {
                    text.add_blank();
                }
                text.add(tree.text(below), last.1);
            }
            Kind::Element if breaks_line(tree.name(below)) => text.add_blank(),
            _ => {}
        }
    }
    text.finish();
}

fn breaks_line(name: &LocalName) -> bool {
    *name == local_name!("br") || is_block(name)
}

/// Whether the text in an element is data, not text.
fn holds_data(tree: &Tree, node: NodeId) -> bool {
    matches!(*tree.name(node), local_name!("script") | local_name!("style"))
}

fn preserves_white_space(tree: &Tree, node: NodeId) -> bool {
    std::iter::successors(Some(node), |above| tree.parent(*above)).take(PRESERVING_LEVELS).any(|above| {
        matches!(
            *tree.name(above),
            local_name!("pre") | local_name!("plaintext") | local_name!("title") | local_name!("textarea")
        )
    })
}

/// Text that is normal up to where it was written.
struct Normal<'a> {
    out: &'a mut String,
    /// Where this text begins in `out`.
    start: usize,
}

impl<'a> Normal<'a> {
    fn new(out: &'a mut String) -> Self {
        let start = out.len();
        Self { out, start }
    }

    fn is_empty(&self) -> bool {
        self.out.len() == self.start
    }

    fn ends_in_blank(&self) -> bool {
        !self.is_empty() && self.out.ends_with(' ')
    }

    /// Adds a blank unless there is one. At the start it would only be trimmed.
    fn add_blank(&mut self) {
        if !self.is_empty() && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
    }

    fn add(&mut self, text: &str, preserves: bool) {
        // What is trimmed from the start need not get in.
        let text = if self.is_empty() { text.trim_start_matches(is_trimmed) } else { text };
        if preserves {
            self.out.push_str(text);
        } else {
            self.add_collapsed(text);
        }
    }

    /// Adds text in runs that need no change; text that is normal already is one run.
    fn add_collapsed(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let after_blank = self.is_empty() || self.ends_in_blank();
        let (mut at, mut after_blank) = skip_normal(bytes, after_blank);
        let mut run = 0;
        while let Some(&byte) = bytes.get(at) {
            let (length, is_blank) = match byte {
                b' ' if !after_blank => {
                    // A single blank is part of the run.
                    after_blank = true;
                    at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c => (1, true),
                0xc2 if bytes.get(at + 1) == Some(&0xa0) => (2, true),
                0xc2 if bytes.get(at + 1) == Some(&0xad) => (2, false),
                0xe2 if bytes.get(at + 1..at + 3) == Some(&[0x80, 0x8b]) => (3, false),
                _ => {
                    after_blank = false;
                    at += 1;
                    continue;
                }
            };
            self.out.push_str(text.get(run..at).unwrap_or_default());
            if is_blank && !after_blank {
                self.out.push(' ');
                after_blank = true;
            }
            at += length;
            run = at;
        }
        self.out.push_str(text.get(run..).unwrap_or_default());
    }

    fn finish(self) {
        let text = self.out.get(self.start..).unwrap_or_default();
        let end = self.start + text.trim_end_matches(is_trimmed).len();
        self.out.truncate(end);
    }
}

/// Returns the length of the words of eight bytes at the beginning that are normal, as most values are: ASCII with single
/// blanks and without control characters. Also returns whether a blank stands at their end.
fn skip_normal(bytes: &[u8], mut after_blank: bool) -> (usize, bool) {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    let mut length = 0;
    for word in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*word);
        // A byte beyond ASCII has a high bit, and one below the blank gets one.
        if (word | word.wrapping_sub(ONES * u64::from(b' '))) & HIGH != 0 {
            break;
        }
        // The high bit of each byte that is a blank.
        let blanks = !((word ^ (ONES * u64::from(b' '))) + (HIGH - ONES)) & HIGH;
        if blanks & ((blanks << 8) | (u64::from(after_blank) << 7)) != 0 {
            break;
        }
        after_blank = blanks >> 63 != 0;
        length += 8;
    }
    (length, after_blank)
}

/// What Java's `String.trim` takes off.
fn is_trimmed(c: char) -> bool {
    c <= ' '
}

/// Elements that begin on a line of their own, as jsoup has them.
fn is_block(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("html")
            | local_name!("head")
            | local_name!("body")
            | local_name!("frameset")
            | local_name!("script")
            | local_name!("noscript")
            | local_name!("style")
            | local_name!("meta")
            | local_name!("link")
            | local_name!("title")
            | local_name!("frame")
            | local_name!("noframes")
            | local_name!("section")
            | local_name!("nav")
            | local_name!("aside")
            | local_name!("hgroup")
            | local_name!("header")
            | local_name!("footer")
            | local_name!("p")
            | local_name!("h1")
            | local_name!("h2")
            | local_name!("h3")
            | local_name!("h4")
            | local_name!("h5")
            | local_name!("h6")
            | local_name!("ul")
            | local_name!("ol")
            | local_name!("pre")
            | local_name!("div")
            | local_name!("blockquote")
            | local_name!("hr")
            | local_name!("address")
            | local_name!("figure")
            | local_name!("figcaption")
            | local_name!("form")
            | local_name!("fieldset")
            | local_name!("ins")
            | local_name!("del")
            | local_name!("dl")
            | local_name!("dt")
            | local_name!("dd")
            | local_name!("li")
            | local_name!("table")
            | local_name!("caption")
            | local_name!("thead")
            | local_name!("tfoot")
            | local_name!("tbody")
            | local_name!("colgroup")
            | local_name!("col")
            | local_name!("tr")
            | local_name!("th")
            | local_name!("td")
            | local_name!("video")
            | local_name!("audio")
            | local_name!("canvas")
            | local_name!("details")
            | local_name!("menu")
            | local_name!("plaintext")
            | local_name!("template")
            | local_name!("article")
            | local_name!("main")
            | local_name!("svg")
            | local_name!("math")
            | local_name!("center")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::limits::Limits;

    fn texts(page: &str, name: &str) -> (String, String) {
        let tree = Tree::parse_html(page, &Limits::default()).unwrap();
        let node = (0..tree.len()).find(|node| &**tree.name(*node) == name).unwrap();
        // Both append, so that what is there already must neither change nor matter.
        let (mut own, mut normal) = (String::from("|  "), String::from("|"));
        own_text(&tree, node, &mut own);
        normal_text(&tree, node, &mut normal);
        (own.strip_prefix("|  ").unwrap().to_owned(), normal.strip_prefix('|').unwrap().to_owned())
    }

    fn check(page: &str, name: &str, own: &str, normal: &str) {
        assert_eq!(texts(page, name), (own.to_owned(), normal.to_owned()), "{page}");
    }

    #[test]
    fn white_space_collapses_and_breaks_are_blanks() {
        check("<div>a&nbsp; b<br>c <b>bold</b> tail\n\t x</div>", "div", "a b c tail x", "a b c bold tail x");
        check("<div> \t\n a\r\n\u{c}b &nbsp;</div>", "div", "a b", "a b");
        check("<div>a<br><br>b<br></div>", "div", "a b", "a b");
        check("<div>a <b> b</b> c</div>", "div", "a c", "a b c");
        check("<div>&nbsp;</div>", "div", "", "");
        check("<div>plain text</div>", "div", "plain text", "plain text");
        check("<div>é à\u{2009}ü—«»</div>", "div", "é à\u{2009}ü—«»", "é à\u{2009}ü—«»");
    }

    #[test]
    fn a_text_is_normal_wherever_its_words_of_eight_bytes_begin() {
        for at in 0..20 {
            let dots = ".".repeat(at);
            let check = |written: &str, normal: &str| {
                let (written, normal) = (format!("<p>{dots}{written}.</p>"), format!("{dots}{normal}."));
                check(&written, "p", &normal, &normal);
            };
            check("a b  c", "a b c");
            check("a \nb", "a b");
            check("a\tb!", "a b!");
            check("a b c d e f g h", "a b c d e f g h");
            check("a\u{a0} b\u{ad}!", "a b!");
            check("~\u{7f}~ é", "~\u{7f}~ é");
            check("a<!-- -->  b <!-- --> c", "a b c");
        }
    }

    #[test]
    fn invisible_characters_are_dropped() {
        check("<p>p\u{200b}z\u{ad}e</p>", "p", "pze", "pze");
        check("<p>a \u{200b} b\u{ad}</p>", "p", "a b", "a b");
        check("<p>\u{200b} \u{ad}x</p>", "p", "x", "x");
        check("<p>a\u{200c}b\u{200d}c</p>", "p", "a\u{200c}b\u{200d}c", "a\u{200c}b\u{200d}c");
    }

    #[test]
    fn comments_do_not_part_words() {
        check("<p>a<!-- c -->b</p>", "p", "ab", "ab");
        check("<p>a <!-- c --> b</p>", "p", "a b", "a b");
    }

    #[test]
    fn white_space_is_kept_where_the_element_keeps_it() {
        check("<pre>  k\n  l </pre>", "pre", "k\n  l", "k\n  l");
        check("<textarea>  x </textarea>", "textarea", "x", "x");
        check("<textarea> x  y\n</textarea>", "textarea", "x  y", "x  y");
        check("<title> x  y </title>", "title", "x  y", "x  y");
        check("<pre>a  <b>c  d</b></pre>", "b", "c  d", "c  d");
        check("<pre>a  <b>c  d</b></pre>", "pre", "a", "a  c  d");
    }

    #[test]
    fn preserving_reaches_five_levels_down() {
        check("<pre><a><b><i><u><q> x  y </q></u></i></b></a></pre>", "q", "x  y", "x  y");
        check("<pre><a><b><i><u><s><q> x  y </q></s></u></i></b></a></pre>", "q", "x y", "x y");
    }

    #[test]
    fn scripts_and_styles_are_no_text() {
        check("<div>a<script>b</script>c<style>d</style></div>", "div", "ac", "a c");
        check("<script>b</script>", "script", "", "");
        check("<style>b</style>", "style", "", "");
    }

    #[test]
    fn blocks_are_set_off_and_inline_elements_are_not() {
        check("<div>One<p>Two</p>Three</div>", "div", "OneThree", "One Two Three");
        check("<div><div>One</div>Two</div>", "div", "Two", "One Two");
        check("<div><i>One</i><b>Two</b><span>3</span></div>", "div", "", "OneTwo3");
        check("<table><tr><td>1<td>2<tr><td>3</table>", "table", "", "1 2 3");
        check("<ul><li>1 <li> 2</ul>", "ul", "", "1 2");
        check("<div>a<x-y>b</x-y>c</div>", "div", "ac", "abc");
        check("<div>a<hr>b<br>c</div>", "div", "ab c", "a b c");
        check("<div><p></p>x</div>", "div", "x", "x");
    }

    #[test]
    fn the_ends_are_trimmed_as_java_does() {
        check("<p>&#1; a &#1;</p>", "p", "a", "a");
        check("<pre>\u{a0}x\u{a0}</pre>", "pre", "\u{a0}x\u{a0}", "\u{a0}x\u{a0}");
    }

    #[test]
    fn the_document_has_the_text_of_the_page() {
        let tree = Tree::parse_html("<title>t</title><p>a<p>b", &Limits::default()).unwrap();
        let mut text = String::new();
        normal_text(&tree, 0, &mut text);
        assert_eq!(text, "t a b");
    }
}
