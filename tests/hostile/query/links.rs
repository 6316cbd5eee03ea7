//! Links of a page: each match, and no more of them than there may be.

use super::{Case, Must, definitions, run};

#[test]
fn each_match_is_a_link() {
    let links = |steps: &str, selector: &str, more: &str| {
        definitions(
            steps,
            &format!(
                "    query: {{ block: {} }}\n    items: [ {{ name: i, selector: \"{selector}\", linkGroup: g{more} }} ]\n",
                if selector.starts_with('/') { "//body" } else { "body" }
            ),
        )
    };
    let page = "<body><a href=1.html>1</a><a href='2.html'>2</a><a href='1.html'>1</a><a href=' '>3</a><a>4</a><p>x</p></body>";
    let css = "[ parser: css, links ]";
    let xpath = "[ parser: xpath, links ]";
    let old = |base: &str| {
        format!(
            "{{ {base}: {{ process: {{ class: org.codetab.scoopi.step.process.LocatorCreator, previous: parser, next: seeder }} }} }}"
        )
    };
    const ALL: &[&str] =
        &["http://a.example/dir/1.html", "http://a.example/dir/2.html", "http://a.example/dir/1.html"];
    run(&[
        Case::new("css", links(css, "a attribute: href", ""), page, Must::Lead(ALL)),
        Case::new("xpath", links(xpath, "//a/@href", ""), page, Must::Lead(ALL)),
        Case::new("old css", links(&old("jsoupDefault"), "a attribute: href", ""), page, Must::Lead(ALL)),
        Case::new(
            "old xpath",
            links(&old("htmlUnitDefault"), "//a[position() < 3]/@href", ""),
            page,
            Must::Lead(&["http://a.example/dir/2.html"]),
        ),
        Case::new(
            "one match",
            links(css, "a:eq(1) attribute: href", ""),
            page,
            Must::Lead(&["http://a.example/dir/2.html"]),
        ),
        Case::new("no match", links(css, "b attribute: href", ""), page, Must::Lead(&[])),
        Case::new(
            "a prefix",
            links(css, "a attribute: href", ", prefix: [ \"http://a.example/x/\" ]"),
            page,
            Must::Lead(&[
                "http://a.example/x/1.html",
                "http://a.example/x/2.html",
                "http://a.example/x/1.html",
            ]),
        ),
        Case::new(
            "an end",
            links(css, "a attribute: href", ", linkBreakOn: [ 1.html ]"),
            page,
            Must::Lead(&["http://a.example/dir/2.html"]),
        ),
        Case::new(
            "25,000 links",
            links(css, "a attribute: href", ""),
            "<a href=x>x</a>".repeat(25_000),
            Must::Fail("limit `scoopi.parse.maxRows`"),
        ),
        Case::new(
            "links of 16 KB",
            links(css, "a attribute: href", ""),
            format!("<a href={}>x</a>", "x".repeat(16_000)).repeat(100),
            Must::Fail("limit `scoopi.appender.maxRowBytes`"),
        ),
    ]);
}
