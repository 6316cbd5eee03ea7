//! Pages that are no pages, or endless nestings and repetitions.

use super::{Case, Must, definitions, run};

#[test]
fn pages_that_are_no_pages() {
    let yaml = definitions(
        "css",
        "    query: { block: body, selector: b }\n    items: [ { name: i, selector: \"p:nth-of-type(%{index})\", indexRange: 1-3 } ]\n",
    );
    let cases: Vec<Case> = [
        ("nothing", String::new()),
        ("NUL", "\0".repeat(1000)),
        ("not UTF-8", "\u{fffd}".repeat(1000)),
        ("one tag without an end", "<p ".to_owned()),
        ("many tags without an end", "<p".repeat(10_000)),
        ("open tags", "<b>".repeat(10_000)),
        ("open formatting elements", "<b><i><u><s>".repeat(500)),
        ("tables in tables", "<table><tr><td>".repeat(200)),
        ("misnested tables", "<table><b><tr><i>".repeat(500)),
        ("deep nesting", "<div>".repeat(600)),
        ("many attributes", format!("<p {}>", (0..3000).map(|n| format!("a{n}=x ")).collect::<String>())),
        ("a long attribute", format!("<p a={}>x</p>", "x".repeat(2 << 20))),
        ("a long tag name", format!("<{}>", "x".repeat(1 << 20))),
        ("comments", "<!--".repeat(10_000)),
        ("character references", "&amp;&#x110000;&#0;&nosuch;".repeat(5000)),
        ("closing tags", "</p></b></html>".repeat(5000)),
        ("templates", "<template>".repeat(600)),
        ("select in select", "<select><option>".repeat(2000)),
        ("frames", "<frameset><frame>".repeat(500)),
        ("svg and math", "<svg><math><mi><foreignObject>".repeat(200)),
        ("scripts", "<script>/*<!--<script>".repeat(2000)),
        ("a text that never ends", format!("<textarea>{}", "<p>".repeat(20_000))),
        ("CDATA", "<![CDATA[".repeat(5000)),
        ("doctypes", "<!DOCTYPE x>".repeat(5000)),
    ]
    .into_iter()
    .map(|(name, page)| Case::new(name, yaml.as_str(), page, Must::Settle))
    .collect();
    run(&cases);
}
