//! A part of the tree as HTML text again, for people to look at.
//!
//! Follows the HTML standard's fragment serialisation, so that a browser reads the same tree from it. It is
//! not what the page said: the page was repaired, names are lower case, references are decoded. Walks the
//! flat tree without recursion, and stops at a size that the caller gives.

use html5ever::LocalName;
use html5ever::local_name;

use crate::query::tree::AttrId;
use crate::query::tree::Doctype;
use crate::query::tree::Kind;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;
use crate::query::tree::Vocabulary;

/// Appends the HTML of `node` and of all below it to `out`, at most `max` bytes. Returns whether all of it is there.
///
/// The document is its doctype and its content. What `max` leaves out is the end, end tags included.
#[must_use]
pub fn outer_html(tree: &Tree, node: NodeId, max: usize, out: &mut String) -> bool {
    let mut writer = Writer { tree, out, left: max, open: vec![] };
    let doctype = tree.doctype().filter(|_| tree.kind(node) == Kind::Document);
    let is_written = |at: NodeId| {
        let doctype = doctype.filter(|doctype| doctype.before == at);
        writer.close(at) && doctype.is_none_or(|doctype| writer.doctype(doctype)) && writer.node(at)
    };
    let is_whole = (node..tree.end(node)).all(is_written);
    is_whole && writer.close(tree.end(node))
}

/// HTML being written. Its methods give whether there was room.
struct Writer<'a> {
    tree: &'a Tree,
    out: &'a mut String,
    /// Bytes that may still be written.
    left: usize,
    /// Elements whose end tag is still to come, the innermost last.
    open: Vec<NodeId>,
}

impl Writer<'_> {
    /// Writes the end tags of elements that have no node from `at` on.
    fn close(&mut self, at: NodeId) -> bool {
        while let Some(&node) = self.open.last().filter(|node| self.tree.end(**node) <= at) {
            self.open.pop();
            let name = self.tree.written_name(node);
            if !(self.push("</") && self.push(name) && self.push(">")) {
                return false;
            }
        }
        true
    }

    fn node(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::Document => true,
            Kind::Element => self.start_tag(node),
            Kind::Text => self.text(node),
            Kind::Comment => self.push("<!--") && self.push(tree.text(node)) && self.push("-->"),
        }
    }

    /// With its identifiers: some decide how the page is repaired.
    fn doctype(&mut self, doctype: &Doctype) -> bool {
        let Doctype { name, public_id, system_id, .. } = doctype;
        let keyword = match (public_id.is_empty(), system_id.is_empty()) {
            (true, true) => "",
            (true, false) => " SYSTEM",
            (false, _) => " PUBLIC",
        };
        let ids = [public_id, system_id].into_iter().filter(|id| !id.is_empty());
        self.push("<!DOCTYPE ")
            && self.push(name)
            && self.push(keyword)
            && ids.into_iter().all(|id| self.push(" \"") && self.push(id) && self.push("\""))
            && self.push(">")
    }

    fn start_tag(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        let is_room = self.push("<")
            && self.push(tree.written_name(node))
            && tree.attrs(node).all(|attr| self.attribute(attr))
            && self.push(">");
        if !is_void(tree, node) {
            self.open.push(node);
        }
        is_room
    }

    fn attribute(&mut self, attr: AttrId) -> bool {
        let tree = self.tree;
        let (namespace, name) = tree.written_attr_name(attr);
        self.push(" ")
            && self.push(prefix(namespace, name))
            && self.push(name)
            && self.push("=\"")
            && self.escaped(tree.attr_value(attr), &['&', '\u{a0}', '"'])
            && self.push("\"")
    }

    fn text(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        let text = tree.text(node);
        let Some(parent) = tree.parent(node) else { return self.escaped(text, &['&', '\u{a0}', '<', '>']) };
        if is_html(tree, parent) && is_raw(tree.name(parent)) {
            return self.push(text);
        }
        // A parser drops the line break that such an element begins with; this one it kept.
        let is_dropped = node == parent + 1 && text.starts_with('\n') && drops_first_break(tree.name(parent));
        (!is_dropped || self.push("\n")) && self.escaped(text, &['&', '\u{a0}', '<', '>'])
    }

    fn escaped(&mut self, text: &str, special: &[char]) -> bool {
        let mut rest = text;
        while let Some(at) = rest.find(special) {
            let (before, from) = rest.split_at(at);
            let mut chars = from.chars();
            let reference = match chars.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                _ => "&nbsp;",
            };
            if !(self.push(before) && self.push(reference)) {
                return false;
            }
            rest = chars.as_str();
        }
        self.push(rest)
    }

    fn push(&mut self, text: &str) -> bool {
        let fitting = text.floor_char_boundary(self.left);
        self.out.push_str(text.get(..fitting).unwrap_or_default());
        self.left -= fitting;
        fitting == text.len()
    }
}

fn is_html(tree: &Tree, node: NodeId) -> bool {
    tree.vocabulary(node) == Vocabulary::Html
}

/// The prefix that a parser makes a namespace of.
fn prefix(namespace: &str, name: &str) -> &'static str {
    match namespace {
        "http://www.w3.org/1999/xlink" => "xlink:",
        "http://www.w3.org/XML/1998/namespace" => "xml:",
        "http://www.w3.org/2000/xmlns/" if name != "xmlns" => "xmlns:",
        _ => "",
    }
}

/// Whether the element never has an end tag.
fn is_void(tree: &Tree, node: NodeId) -> bool {
    is_html(tree, node)
        && matches!(
            *tree.name(node),
            local_name!("area")
                | local_name!("base")
                | local_name!("basefont")
                | local_name!("bgsound")
                | local_name!("br")
                | local_name!("col")
                | local_name!("embed")
                | local_name!("frame")
                | local_name!("hr")
                | local_name!("img")
                | local_name!("input")
                | local_name!("keygen")
                | local_name!("link")
                | local_name!("meta")
                | local_name!("param")
                | local_name!("source")
                | local_name!("track")
                | local_name!("wbr")
        )
}

/// Whether references in the element's text are not decoded, so nothing may be escaped.
fn is_raw(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("style")
            | local_name!("script")
            | local_name!("xmp")
            | local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("plaintext")
    )
}

fn drops_first_break(name: &LocalName) -> bool {
    matches!(*name, local_name!("pre") | local_name!("textarea") | local_name!("listing"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;
    use crate::query::limits::Limits;

    fn tree(page: &str) -> Tree {
        Tree::parse_html(page, &Limits::default()).unwrap()
    }

    fn html(tree: &Tree, node: NodeId) -> String {
        let mut out = String::new();
        assert!(outer_html(tree, node, usize::MAX, &mut out));
        out
    }

    fn named(tree: &Tree, name: &str) -> NodeId {
        (0..tree.len()).find(|node| &**tree.name(*node) == name).unwrap()
    }

    /// The element `name` of `page` is written as `expected`.
    fn check(page: &str, name: &str, expected: &str) {
        let tree = tree(page);
        assert_eq!(html(&tree, named(&tree, name)), expected, "{page}");
    }

    #[test]
    fn an_element_is_written_with_all_below_it_and_nothing_beside_it() {
        check(
            "<ul><li>1<li CLASS=x>2 <b>3</b> 4</ul>",
            "ul",
            r#"<ul><li>1</li><li class="x">2 <b>3</b> 4</li></ul>"#,
        );
        check("<p>a<b>b</b>c", "b", "<b>b</b>");
        check("<p>a<!-- c -->b</p>", "p", "<p>a<!-- c -->b</p>");
        check("<!DOCTYPE html><p>x", "html", "<html><head></head><body><p>x</p></body></html>");
    }

    #[test]
    fn void_elements_have_no_end_tag_and_empty_ones_have() {
        check(
            "<div>a<br>b<img src=x><i></i><hr></div>",
            "div",
            r#"<div>a<br>b<img src="x"><i></i><hr></div>"#,
        );
        check("<svg><path d=m /></svg>", "svg", r#"<svg><path d="m"></path></svg>"#);
    }

    #[test]
    fn what_would_be_read_as_markup_is_escaped() {
        check(
            "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2&nbsp;\"</p>",
            "p",
            "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2&nbsp;\"</p>",
        );
        check(
            "<p title='&quot;a&nbsp;&amp;lt;<b>' hidden>x</p>",
            "p",
            r#"<p title="&quot;a&nbsp;&amp;lt;<b>" hidden="">x</p>"#,
        );
    }

    #[test]
    fn scripts_and_styles_are_written_as_they_are() {
        check(
            "<script>if (a < b && c) d(\"&amp;\")</script>",
            "script",
            "<script>if (a < b && c) d(\"&amp;\")</script>",
        );
        check("<style>a > b {}</style>", "style", "<style>a > b {}</style>");
        check("<svg><style>a &gt; b</style></svg>", "svg", "<svg><style>a &gt; b</style></svg>");
        check("<textarea>a &lt; b</textarea>", "textarea", "<textarea>a &lt; b</textarea>");
    }

    #[test]
    fn names_of_other_vocabularies_are_as_written() {
        check(
            "<svg viewbox=1><foreignobject xlink:href=a xml:lang=b>x</foreignobject></svg>",
            "svg",
            r#"<svg viewBox="1"><foreignObject xlink:href="a" xml:lang="b">x</foreignObject></svg>"#,
        );
    }

    #[test]
    fn texts_and_comments_stand_for_themselves() {
        let tree = tree("<p>a &lt; b<!--c--></p>");
        let p = named(&tree, "p");
        assert_eq!(html(&tree, p + 1), "a &lt; b");
        assert_eq!(html(&tree, p + 2), "<!--c-->");
    }

    #[test]
    fn the_document_begins_with_its_doctype() {
        check_again("<!DOCTYPE html><!--x--><html lang=en><body>a");
        check_again("<!--x--><!DOCTYPE html><p>a");
        check_again("<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 3.2//EN\"><p><table>");
        check_again("<!DOCTYPE html SYSTEM \"about:legacy-compat\"><p><table>");
        let page = tree("<!DOCTYPE html><p>a");
        assert_eq!(html(&page, 0), "<!DOCTYPE html><html><head></head><body><p>a</p></body></html>");
    }

    /// What is written gives the same tree again.
    fn check_again(page: &str) {
        let first = tree(page);
        let written = html(&first, 0);
        assert_eq!(html(&tree(&written), 0), written, "{page}");
        assert_eq!(first.len(), tree(&written).len(), "{page}");
    }

    #[test]
    fn a_line_break_at_the_start_of_pre_survives() {
        check("<pre>\n\na</pre>", "pre", "<pre>\n\na</pre>");
        check_again("<pre>\n\na</pre><textarea>\n\n</textarea><pre>\nb</pre>");
        check_again("<pre><b>\nx</b></pre>");
    }

    #[test]
    fn the_size_is_bounded_and_said() {
        let page = tree("<p title=é>grün &amp; <b>b</b></p>");
        let node = named(&page, "p");
        let whole = html(&page, node);
        for max in 0..whole.len() + 2 {
            let mut out = String::from("|");
            assert_eq!(outer_html(&page, node, max, &mut out), max >= whole.len(), "{max}");
            let out = out.strip_prefix('|').unwrap();
            assert!(
                out.len() <= max && whole.starts_with(out) && out.len() + 2 > max.min(whole.len()),
                "{max}: {out}"
            );
        }
    }

    #[test]
    fn the_deepest_page_that_is_allowed_is_written() {
        let limits = Limits { depth: 100_000, ..Limits::default() };
        let depth = 4_000;
        let page = Tree::parse_html(&"<div>".repeat(depth), &limits).unwrap();
        assert_eq!(html(&page, named(&page, "div")), "<div>".repeat(depth) + &"</div>".repeat(depth));
    }

    #[test]
    fn pages_from_the_world_give_the_same_tree_again() {
        let shared = std::env::var_os("SCOOPI_SHARED")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
        let pages = pages(&shared.join("conformance"));
        println!("{} pages; skipped if none", pages.len());
        for page in pages {
            let bytes = std::fs::read(&page).unwrap();
            let first = tree(&crate::query::decode(&bytes, None));
            let written = html(&first, 0);
            let again = tree(&written);
            assert!(html(&again, 0) == written, "{}", page.display());
        }
    }

    fn pages(folder: &Path) -> Vec<PathBuf> {
        let (mut found, mut folders) = (vec![], vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "html") {
                    found.push(path);
                }
            }
        }
        found
    }
}
