//! Cells that want all memory: large ones, and those that stand in many rows.

use super::{Case, Must, csv, definitions, one_item, run};

#[test]
fn large_cells() {
    let letters = |count: usize| "x".repeat(count);
    let table = |title: &str, rows: usize| {
        let row = "<tr><td>a<td>b<td>c<td>d<td>e<td>f</tr>";
        format!("<h1>{title}</h1><h2>short</h2><table>{}</table>", row.repeat(rows))
    };
    // The definition of the report: a heading as a dim of an ordinary table.
    let heading = |heading: &str| {
        format!(
            r#"
    query: {{ block: body, selector: "tr:nth-child(%{{item.index}}) > td:nth-child(%{{dim.year.index}})" }}
    items: [ {{ name: i, selector: "tr:nth-child(%{{index}}) > td:nth-child(1)", indexRange: 1-100 }} ]
    dims: [ {{ name: title, selector: {heading} }}, {{ name: year, selector: "tr:nth-child(1) > td:nth-child(%{{index}})", indexRange: 2-6 }} ]
"#
        )
    };
    let css = |title: &str| definitions("css", &heading(title));
    // The whole page as a fact.
    let xpath = |item: &str| one_item("xpath", "//body", "string(.)", item);
    let prefix = format!(
        r#"
    query: {{ block: body, selector: h2 }}
    items: [ {{ name: i, selector: h2, prefix: [ "{}" ] }} ]
"#,
        letters(70_000)
    );
    let values = r#"
    query: { block: body, selector: "p:contains(%{item.value})" }
    items: [ { name: i, selector: h1 } ]
    dims: [ { name: n, value: n, indexRange: 1-20000 } ]
"#;
    let script = r#"
    query: { block: body, selector: h1 }
    items: [ { name: i, script: "'x'.repeat(100000)" } ]
"#;
    let cell = "limit `scoopi.parse.maxCellBytes`";
    let all = "limit `scoopi.appender.maxRowBytes`";
    // The parser says it while it makes the rows, before the encoder makes them a second time.
    let early = "the longest value of the last one is that of dim `title`, index 1: 60000 bytes";
    run(&[
        Case::new("9 MB as a dim", css("h1"), table(&letters(9 << 20), 100), Must::Fail(cell)),
        Case::new("a cell at its limit", css("h1"), table(&letters(64 << 10), 1), Must::Fail(all)),
        Case::new("60 KB in 500 rows", css("h1"), table(&letters(60_000), 100), Must::Fail(early)),
        Case::new("2 KB in 500 rows", css("h1"), table(&letters(2000), 100), Must::Count(500)),
        Case::new("a short heading", css("h2"), table(&letters(9 << 20), 100), Must::Count(500)),
        Case::new("the page as a fact", xpath("//h2"), table(&letters(1 << 20), 1), Must::Fail(cell)),
        Case::new("the page as an item", xpath("//h1"), table(&letters(1 << 20), 1), Must::Fail(cell)),
        Case::new(
            "a text made twice as long",
            xpath("concat(//h1, //h1)"),
            table(&letters(40_000), 1),
            Must::Fail(cell),
        ),
        Case::new("a prefix", definitions("css", &prefix), table("", 1), Must::Fail(cell)),
        Case::new(
            "a large value in 20,000 queries",
            definitions("css", values),
            table(&letters(50_000), 1),
            Must::Settle,
        ),
        Case::new("a script", definitions("css", script), table("", 1), Must::Fail(cell)),
        Case::new(
            "blanks as a fact",
            xpath("//h2"),
            format!("<h2>i</h2>{}", " ".repeat(1000)),
            Must::Count(1),
        ),
        Case::new(
            "quotes that double",
            definitions(&csv(""), &heading("h1")),
            table(&"&quot;".repeat(2000), 100),
            Must::Fail(all),
        ),
    ]);
}
