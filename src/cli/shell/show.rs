//! How nodes are shown: their HTML between lines of dashes, long ones shortened.
//!
//! Knows no query. A page decides how much a query finds, so nodes, lines, their length and the work in all are
//! bounded.

use std::fmt::Write;

use crate::query::tree::Kind;
use crate::query::xpath::XNode;
use crate::query::{Tree, outer_html, own_text};

use super::query::Language;

/// Nodes that are shown unless all are wanted.
const MOST_NODES: usize = 20;
/// Longest line, in characters.
const LONGEST_LINE: usize = 1_000;
/// HTML that is made for one answer, in bytes, shortened or not: nodes may lie in each other.
const MOST_HTML: usize = 64 << 20;
/// Set before and after each node.
const DASHES: &str = "-----\n";

/// What of nodes is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// Lines at the beginning and at the end of a node.
    pub(super) lines: usize,
    /// Whether all nodes are shown.
    pub(super) all: bool,
    /// Whether the text of a node, as its language reads it, is shown below it.
    pub(super) text: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { lines: 5, all: false, text: false }
    }
}

impl View {
    /// The nodes, as text that ends with a line end; empty if there are none.
    pub(super) fn show(self, tree: &Tree, nodes: &[XNode], language: Language) -> String {
        self.show_within(MOST_HTML, tree, nodes, language)
    }

    fn show_within(self, most_html: usize, tree: &Tree, nodes: &[XNode], language: Language) -> String {
        let mut shown = String::new();
        let most = if self.all { nodes.len() } else { MOST_NODES };
        let (mut left, mut html, mut count) = (most_html, String::new(), 0);
        for node in nodes.iter().take(most) {
            html.clear();
            if !write_node(tree, *node, left, &mut html) {
                break;
            }
            left -= html.len();
            count += 1;
            shown.push_str(DASHES);
            self.shorten(&html, &mut shown);
            if self.text {
                let _infallible = writeln!(shown, "text: {}", text_of(tree, *node, language));
            }
        }
        if count > 0 {
            shown.push_str(DASHES);
        }
        let _infallible = match nodes.len() - count {
            0 => Ok(()),
            more if count == most => writeln!(shown, "... and {more} more, `:all` shows them"),
            more => writeln!(shown, "... and {more} more, too much HTML to show"),
        };
        shown
    }

    /// Adds the first and the last lines of a text.
    fn shorten(self, text: &str, shown: &mut String) {
        let count = text.lines().count();
        for (number, line) in text.lines().enumerate() {
            if number < self.lines || number + self.lines >= count {
                push_line(line, shown);
            } else if number == self.lines {
                shown.push_str("...\n");
            }
        }
    }
}

fn push_line(line: &str, shown: &mut String) {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => {
            shown.push_str(line.get(..end).unwrap_or_default());
            shown.push('…');
        }
        None => shown.push_str(line),
    }
    shown.push('\n');
}

/// Adds the HTML of a node, or the text that an attribute is. Returns whether `max` bytes are enough.
fn write_node(tree: &Tree, node: XNode, max: usize, html: &mut String) -> bool {
    match node {
        XNode::Node(node) => outer_html(tree, node, max, html),
        XNode::Attr(attr) => {
            let (name, value) = (tree.attr_name(attr), tree.attr_value(attr));
            // Writing to a String cannot fail.
            let _infallible = write!(html, "{name}=\"{value}\"");
            html.len() <= max
        }
    }
}

/// The text that a value would be made of, whatever attribute is asked for.
fn text_of(tree: &Tree, node: XNode, language: Language) -> String {
    let mut text = String::new();
    match (language, node) {
        (Language::Css, XNode::Node(node)) => own_text(tree, node, &mut text),
        (_, node) => text.push_str(node.text(tree)),
    }
    text
}

/// What the nodes are called: `elements` if they all are.
pub(super) fn noun(tree: &Tree, nodes: &[XNode]) -> &'static str {
    let is_element = |node: &XNode| matches!(node, XNode::Node(node) if tree.kind(*node) == Kind::Element);
    if nodes.iter().all(is_element) { "elements" } else { "nodes" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Limits;

    fn tree(page: &str) -> Tree {
        Tree::parse_html(page, &Limits::default()).unwrap()
    }

    fn named(tree: &Tree, name: &str) -> Vec<XNode> {
        (0..tree.len()).filter(|node| &**tree.name(*node) == name).map(XNode::Node).collect()
    }

    fn check(page: &str, view: View, expected: &str) {
        let tree = tree(page);
        assert_eq!(view.show(&tree, &named(&tree, "p"), Language::Css), expected, "{page}");
    }

    #[test]
    fn nodes_stand_between_dashes() {
        check("<p>a<p>b", View::default(), "-----\n<p>a</p>\n-----\n<p>b</p>\n-----\n");
        check("<i>a", View::default(), "");
    }

    #[test]
    fn long_nodes_lose_their_middle() {
        let two = View { lines: 2, ..View::default() };
        check("<p>1\n2\n3\n4</p>", two, "-----\n<p>1\n2\n3\n4</p>\n-----\n");
        check("<p>1\n2\n3\n4\n5</p>", two, "-----\n<p>1\n2\n...\n4\n5</p>\n-----\n");
        check("<p>1\n2\n3\n4\n5\n6</p>", two, "-----\n<p>1\n2\n...\n5\n6</p>\n-----\n");
        check("<p>1\n2\n3</p>", View { lines: 1, ..two }, "-----\n<p>1\n...\n3</p>\n-----\n");
    }

    #[test]
    fn long_lines_lose_their_end() {
        let page = format!("<p>{}</p>", "é".repeat(2_000));
        let expected = format!("-----\n<p>{}…\n-----\n", "é".repeat(LONGEST_LINE - 3));
        check(&page, View::default(), &expected);
    }

    #[test]
    fn twenty_nodes_are_shown_unless_all_are_wanted() {
        let page = "<p>x</p>".repeat(23);
        let node = "<p>x</p>\n-----\n";
        let some = format!("-----\n{}... and 3 more, `:all` shows them\n", node.repeat(20));
        check(&page, View::default(), &some);
        check(&page, View { all: true, ..View::default() }, &format!("-----\n{}", node.repeat(23)));
    }

    #[test]
    fn the_text_of_a_node_is_what_its_language_reads() {
        let view = View { text: true, ..View::default() };
        check("<p>a <b>b</b>  c", view, "-----\n<p>a <b>b</b>  c</p>\ntext: a c\n-----\n");
        let tree = tree("<p>a <b>b</b>  c");
        let shown = view.show(&tree, &named(&tree, "p"), Language::XPath);
        assert_eq!(shown, "-----\n<p>a <b>b</b>  c</p>\ntext: a b  c\n-----\n");
    }

    #[test]
    fn nodes_within_nodes_cannot_fill_the_memory() {
        let page = format!("{}{}", "<p><object>".repeat(200), "x".repeat(1 << 10));
        let tree = tree(&page);
        let view = View { all: true, ..View::default() };
        let nodes = named(&tree, "p");
        let shown = view.show_within(1 << 16, &tree, &nodes, Language::Css);
        assert!(shown.ends_with("more, too much HTML to show\n"), "{shown}");
        assert!(shown.len() < 1 << 17);
        assert_eq!(view.show(&tree, &nodes, Language::Css).matches("-----").count(), nodes.len() + 1);
    }

    #[test]
    fn attributes_texts_and_comments_are_nodes_too() {
        let tree = tree("<p title='a b'>x &lt; y<!--c-->");
        let attr = XNode::Attr(0);
        let nodes = [attr, XNode::Node(5), XNode::Node(6)];
        let shown = View::default().show(&tree, &nodes, Language::XPath);
        assert_eq!(shown, "-----\ntitle=\"a b\"\n-----\nx &lt; y\n-----\n<!--c-->\n-----\n");
        assert_eq!(noun(&tree, &nodes), "nodes");
        assert_eq!(noun(&tree, &named(&tree, "p")), "elements");
    }
}
