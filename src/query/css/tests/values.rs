//! From matches to the value of an axis.

use super::*;

fn read(page: &str, block: &str, selector: &str, values: &[&str]) -> Option<String> {
    let tree = tree(page);
    let blocks = select(&tree, &[0], block);
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let selector = Selector::compile(&Template::parse(selector).unwrap()).unwrap();
    let mut scratch = Scratch::new(&tree);
    let value = |scratch: &mut Scratch<'_>| {
        selector.value(scratch, &blocks, values.as_slice(), &meter()).unwrap().map(String::from)
    };
    let first = value(&mut scratch);
    assert_eq!(value(&mut scratch), first, "a used scratch changes nothing");
    first
}

/// Each row: block, selector, value.
fn check_values(page: &str, rows: &[(&str, &str, Option<&str>)]) {
    for (block, selector, value) in rows {
        assert_eq!(read(page, block, selector, &[]).as_deref(), *value, "{block} | {selector}");
    }
}

#[test]
fn own_texts_are_joined() {
    let nested = "<div id=o class=x>0<div id=i class=x>1<div id=k class=x>2</div></div></div>";
    check_values(
        nested,
        &[("div.x", "*", Some("0 1 2")), ("#i", "div", Some("1 2")), ("#o", "> div", Some("1"))],
    );
    check_values(
        "<div id=p><span><strong>315.25</strong></span></div>",
        &[
            ("div#p", "*", Some("315.25")),
            ("div#p", "b", None),
            ("div#x", "*", None),
            ("div#p", "span", Some("")),
        ],
    );
    check_values(
        "<p>a</p><p> </p><p>b<b>c</b></p><i></i><pre>\u{a0}</pre>",
        &[("body", "p", Some("a b")), ("body", "i, p:eq(1)", Some("")), ("body", "pre", Some("\u{a0}"))],
    );
    check_values(
        "<div>a&nbsp; b<br>c <b>bold</b> tail\n\t x</div>\
        <p>p\u{200b}z\u{ad}e</p><pre>  k\n  l </pre><i>a<!-- c -->b</i>",
        &[
            ("body", "div", Some("a b c tail x")),
            ("body", "p", Some("pze")),
            ("body", "pre", Some("k\n  l")),
            ("body", "i", Some("ab")),
        ],
    );
}

#[test]
fn an_attribute_can_be_read() {
    let page =
        "<h3><a href='/x' title=' T  t '>1</a></h3><h3><a>2</a></h3><h3><a href='http://y/'>3</a></h3>";
    check_values(
        page,
        &[
            ("body", "h3 > a attribute: href", Some("/x http://y/")),
            ("body", "h3 > a attribute: HREF", Some("/x http://y/")),
            ("body", "h3 > a attribute:  title ", Some(" T  t ")),
            ("body", "h3 > a attribute: none", Some("")),
            ("body", "h3 > b attribute: href", None),
            ("body", "h3:eq(0) > a attribute: abs:href", Some("")),
            ("body", "h3:eq(2) > a attribute: abs:href", Some("http://y/")),
            ("body", "a:contains(x attribute: y), a:eq(0) attribute: title", Some(" T  t ")),
        ],
    );
    assert_eq!(read(page, "body", "h3:eq(%{i}) > a attribute: %{a}", &["0", "href"]).as_deref(), Some("/x"));
    assert_eq!(read(page, "body", "%{s} attribute: t%{a}", &["h3 > a", "itle"]).as_deref(), Some(" T  t "));
}

#[test]
fn blank_attributes_give_way() {
    let page = "<i a=' '></i><i a='1'></i><i a=''></i><i a='2'></i><b a='\t'></b><b a=' '></b>";
    check_values(page, &[("body", "i attribute: a", Some("1 2")), ("body", "b attribute: a", Some(" "))]);
}

#[test]
fn mistakes_are_placed_in_the_whole_text() {
    let compile = |text: &str| Selector::compile(&Template::parse(text).unwrap()).unwrap_err();
    let place = |error: &QueryError| if let QueryError::Syntax { at, .. } = error { *at } else { 0 };
    assert_eq!(place(&compile("a:foo attribute: href")), 2);
    assert_eq!(place(&compile("a > attribute: href")), 4);
    assert_eq!(place(&compile("a attribute: ")), 14);
    let error = compile("a attribute:href");
    assert_eq!(place(&error), 12);
    assert!(error.to_string().contains("blanks included"), "{error}");
    assert!(compile("h3 attribute:").to_string().contains("blanks included"));
}
