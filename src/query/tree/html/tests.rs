//! Pages as trees: repairs, limits, hostile pages.

use super::*;
use crate::query::tree::Kind;
use crate::query::tree::NodeId;

/// A tree in one line: `html(head body(p[id=a]("x")))`.
fn shape(tree: &Tree, node: NodeId, out: &mut String) {
    match tree.kind(node) {
        Kind::Document => {}
        Kind::Text => *out += &format!("{:?}", tree.text(node)),
        Kind::Comment => *out += &format!("<{}>", tree.text(node)),
        Kind::Element => {
            *out += tree.name(node);
            for attr in tree.attrs(node) {
                assert_eq!(tree.attr_owner(attr), node);
                *out += &format!("[{}={}]", tree.attr_name(attr), tree.attr_value(attr));
            }
        }
    }
    let children: Vec<_> = tree.children(node).collect();
    if !children.is_empty() {
        *out += "(";
        for (index, child) in children.iter().enumerate() {
            assert_eq!(tree.parent(*child), Some(node));
            assert_eq!(tree.prev_sibling(*child), index.checked_sub(1).map(|before| children[before]));
            *out += if index > 0 { " " } else { "" };
            shape(tree, *child, out);
        }
        *out += ")";
    }
}

fn parse(page: &str) -> Result<Tree, TreeError> {
    Tree::parse_html(page, &Limits::default())
}

fn check(page: &str, body: &str) {
    let tree = parse(page).unwrap();
    let mut found = String::new();
    shape(&tree, 0, &mut found);
    assert_eq!(found, format!("(html(head body{body}))"), "{page}");
}

#[test]
fn the_base_of_links_is_the_first_that_has_an_address() {
    let check = |page: &str, base: Option<&str>| {
        let tree = Tree::parse_html(page, &Limits::default()).unwrap();
        assert_eq!(tree.base(), base, "{page}");
    };
    check("<a href=x>y</a>", None);
    check("<base target=x>", None);
    check("<link href=x><base target=y><base id=b href=/a><base href=/b>", Some("/a"));
    check("<p><base href>x", Some(""));
}

#[test]
fn pages_are_repaired_as_html_demands() {
    check("", "");
    check("<p>a<p id=b>c", "(p(\"a\") p[id=b](\"c\"))");
    check("<table><tr><td>1<td>2</table>", "(table(tbody(tr(td(\"1\") td(\"2\")))))");
    check("<b><p>x</b>y", "(b p(b(\"x\") \"y\"))");
    check("<table>x<tr><td>y</table>", "(\"x\" table(tbody(tr(td(\"y\")))))");
    check("a<!-- b -->c<?php x ?>d", "(\"a\" < b > \"c\" <?php x ?> \"d\")");
    check("<body a=1><body a=2 b=3><html>", "[a=1][b=3]");
}

#[test]
fn text_that_arrives_in_turns_with_other_text_is_one_node() {
    check("<table>a<tr><td>1</td></tr>b<tr><td>2</td></tr>c</table>", {
        "(\"abc\" table(tbody(tr(td(\"1\")) tr(td(\"2\")))))"
    });
}

#[test]
fn the_content_of_a_template_lies_below_it() {
    check("<p><template><li>a</template>b", "(p(template(li(\"a\")) \"b\"))");
}

#[test]
fn scripts_do_not_run() {
    check("<p><noscript><i>a</i></noscript>", "(p(noscript(i(\"a\"))))");
    check("<p><script>a<b</script>c", "(p(script(\"a<b\") \"c\"))");
}

#[test]
fn names_are_lower_case_and_foreign_ones_are_kept_beside() {
    let page = "<DIV ID=A><svg viewBox=1 xlink:href=x xmlns=y><foreignObject/></svg>";
    check(page, "(div[id=A](svg[viewbox=1][xlink:href=x][xmlns=y](foreignobject)))");
    let tree = parse(page).unwrap();
    let svg = (0..tree.len()).find(|node| &**tree.name(*node) == "svg").unwrap();
    assert_eq!(tree.vocabulary(svg), Vocabulary::Svg);
    assert_eq!(tree.written_name(svg + 1), "foreignObject");
    let names: Vec<_> = tree.attrs(svg).map(|attr| tree.written_attr_name(attr).1).collect();
    assert_eq!(names, ["viewBox", "href", "xmlns"]);
    assert_eq!(tree.written_name(svg), "svg");
}

#[test]
fn the_doctype_lies_beside_the_tree() {
    let tree = parse("<!--a--><!DOCTYPE html PUBLIC \"p\" \"s\"><p>").unwrap();
    let doctype = tree.doctype().unwrap();
    assert_eq!((&*doctype.name, &*doctype.public_id, &*doctype.system_id), ("html", "p", "s"));
    assert_eq!(doctype.before, 2);
    assert_eq!(tree.children(0).count(), 2);
    assert!(parse("<p>").unwrap().doctype().is_none());
}

#[test]
fn a_long_page_is_read_to_its_end() {
    let text = "é€x ".repeat(1 << 14);
    check(&format!("<p t='{text}'>{text}"), &format!("(p[t={text}]({text:?}))", text = text));
}

fn check_error(page: &str, limits: Limits, expected: Option<TreeError>) {
    let found = Tree::parse_html(page, &limits).err();
    assert_eq!(found, expected, "{}", page.get(..60).unwrap_or(page));
}

#[test]
fn depth_is_limited_exactly() {
    let limits = Limits { depth: 5, ..Limits::default() };
    let error = Some(TreeError::Depth { limit: 5 });
    check_error("<div><div><div>x", limits, None);
    check_error("<div><div><div><div>x", limits, error);
    check_error("<div><div><br></div></div><div><div></div></div>x", limits, None);
    check_error("<div><div><svg></svg></div></div><div><template><b><br>", limits, error);
    check_error(&"<div>".repeat(510), Limits::default(), None);
    check_error(&"<div>".repeat(511), Limits::default(), Some(TreeError::Depth { limit: 512 }));
}

#[test]
fn nodes_and_attributes_are_limited() {
    // The document, html, head and body are four.
    let limits = Limits { nodes: 8, ..Limits::default() };
    let error = Some(TreeError::Nodes { limit: 8 });
    check_error("<br><br><br a>", limits, None);
    check_error("<br><br><br><br><br>", limits, error);
    check_error("<p a b c d e>", limits, error);
    check_error("a<!--b-->c<!--d-->e", limits, error);
    check_error("<p></p x y z></p u v w></p r s t>", limits, error);
}

#[test]
fn a_tag_has_a_limited_number_of_attributes() {
    let error = Some(TreeError::Attributes { limit: MAX_ATTRIBUTES });
    let attrs = |count: u32| (0..count).map(|index| format!(" a{index}")).collect::<String>();
    check_error(&format!("<p{}>", attrs(MAX_ATTRIBUTES)), Limits::default(), None);
    check_error(&format!("<p{}>", attrs(MAX_ATTRIBUTES + 1)), Limits::default(), error);
    check_error(&format!("</p{}>", attrs(MAX_ATTRIBUTES + 1)), Limits::default(), error);
    check_error(&format!("<p{}>", " a".repeat(MAX_ATTRIBUTES as usize + 1)), Limits::default(), error);
    let (first, second) = (attrs(600), attrs(1200).split_off(attrs(600).len()));
    check_error(&format!("<body{first}><body{second}>"), Limits::default(), error);
}

#[test]
fn long_values_and_comments_are_not_taken_for_many_attributes() {
    let words = "word ".repeat(100_000);
    check_error(&format!("<p title='{words}'>{words}"), Limits::default(), None);
    check_error(&format!("x<p title=\"{words}\" a b c>"), Limits::default(), None);
    check_error(&format!("x<!-- {words} -->y"), Limits::default(), None);
    check_error(&format!("<script>if (a<b) {words}</script>y"), Limits::default(), None);
}

#[test]
fn attributes_copied_by_repair_are_limited() {
    let value = "v".repeat(100_000);
    let page = format!("<b t={value}>{}", "<p>x".repeat(1000).replace("<p>", "</p><p>"));
    check_error(&page, Limits::default(), None);
    let page = format!("<p><b t={value}>{}", "<p>x".repeat(1000));
    let limit = page.len() as u32 * 4 + (16 << 20);
    check_error(&page, Limits::default(), Some(TreeError::Size { limit }));
}

#[test]
fn errors_name_the_limit_and_the_setting() {
    let limits = Limits { depth: 512, nodes: 1_000_000, ..Limits::default() };
    assert_eq!(
        TreeError::Depth { limit: limits.depth }.to_string(),
        "page nests elements deeper than 512 (limit `scoopi.page.depth`)"
    );
    assert_eq!(
        TreeError::Nodes { limit: limits.nodes }.to_string(),
        "page has more than 1000000 nodes and attributes (limit `scoopi.page.nodes`)"
    );
}

/// Pages made to be slow or to grow: each is stopped by the limit named, or is merely long.
#[test]
fn hostile_pages_are_stopped_by_a_limit() {
    let limits = Limits { nodes: 10_000, ..Limits::default() };
    for (name, page, expected) in hostile_pages() {
        let found = match Tree::parse_html(&page, &limits) {
            Ok(_) => "",
            Err(TreeError::Depth { .. }) => "depth",
            Err(TreeError::Nodes { .. }) => "nodes",
            Err(TreeError::Attributes { .. }) => "attributes",
            Err(TreeError::Repair { .. }) => "repair",
            Err(TreeError::Size { .. } | TreeError::TooLong { .. }) => "size",
        };
        assert_eq!(found, expected, "{name}");
    }
}

fn hostile_pages() -> Vec<(&'static str, String, &'static str)> {
    let long = |unit: &str| unit.repeat(LONG / unit.len());
    let attrs = numbered(" a#", 1000);
    let tags = numbered("<b a#>", 400);
    vec![
        ("div", long("<div>"), "depth"),
        ("b i", long("<b><i>"), "depth"),
        ("a", long("<a>"), "nodes"),
        ("a div", long("<a><div>"), "depth"),
        ("nobr", long("<nobr>"), "nodes"),
        ("tables", long("<table><tr><td>"), "depth"),
        ("fostered elements", long("<table><div>"), "nodes"),
        ("fostered text", format!("<table>{}", long("x<tr><td>y")), "nodes"),
        ("fostered tags", format!("<table>{}", long("<b>x")), "depth"),
        ("svg", long("<svg>"), "depth"),
        ("foreignObject", long("<svg><foreignObject>"), "depth"),
        ("math", long("<math><mi>"), "depth"),
        ("template", long("<template>"), "depth"),
        ("select", long("<select><optgroup><option>"), "depth"),
        ("marquee", long("<marquee><b>"), "depth"),
        ("frames", long("<frameset>"), "depth"),
        ("forms", long("<form><div></form>"), "depth"),
        ("lists", long("<ul><li>"), "depth"),
        ("adoption", format!("{}{}", &tags[..1500], long("<div></b>")), "nodes"),
        ("comments", long("<!---->"), "nodes"),
        ("body", long("<body a><html b>"), "nodes"),
        ("attributes", format!("<p {}", long("a b c d e f ")), "attributes"),
        ("distinct attributes", format!("<p {}", numbered("a# ", LONG / 7)), "attributes"),
        ("attributes of an end tag", format!("x</p {}", numbered("a#=1 ", LONG / 9)), "attributes"),
        ("an attribute again and again", format!("<p{attrs}{}", long(" a999")), "attributes"),
        ("many tags of many attributes", long(&format!("</p{attrs}>")), "nodes"),
        ("attributes in an endless comment", format!("<!--{}", long("<b a b c")), ""),
        ("distinct formatting elements", numbered("<b a#>", LONG / 10), "repair"),
        ("formatting elements opened again", format!("<p>{tags}{}", long("<p>x")), "nodes"),
        ("formatting elements compared", format!("{tags}{}", long("</b><b x>")), "repair"),
        ("closed below many", format!("{}{}", "<div>".repeat(500), "</h1>".repeat(50_000)), "repair"),
        ("ampersands", long("&"), ""),
        ("entities", long("&nGt;"), ""),
        ("nulls", long("\0"), ""),
        ("lines", long("\r\n"), ""),
        ("brackets", long("<"), ""),
    ]
}

/// Length of a hostile page in bytes.
const LONG: usize = 1 << 17;

fn numbered(unit: &str, count: usize) -> String {
    (0..count).map(|index| unit.replace('#', &index.to_string())).collect()
}
