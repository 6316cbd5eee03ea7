//! Definitions that want to be more rows than there may be, or more axes.

use super::{Case, Must, definitions, run};

/// Definitions with these items and dims.
fn axes(items: &str, dims: &str) -> String {
    definitions(
        "css",
        &format!("    query: {{ block: body, selector: b }}\n    items: [ {items} ]\n    dims: [ {dims} ]\n"),
    )
}

#[test]
fn too_many_rows() {
    let limit = "limit `scoopi.parse.maxRows`";
    let page = "<b>x</b>";
    run(&[
        Case::new(
            "a range of all numbers",
            axes("{ name: i, value: v, indexRange: 1-4294967295 }", "{ name: x, value: w }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a product",
            axes("{ name: i, value: v, indexRange: 1-1000 }", "{ name: x, value: w, indexRange: 1-1000 }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a range without an end that never ends",
            axes("{ name: i, selector: b, indexRange: 1-, breakAfter: [ never ] }", "{ name: x, value: w }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a range without an end whose values end",
            axes(
                "{ name: i, selector: \"b:nth-child(%{index})\", indexRange: 1-, breakAfter: [ never ] }",
                "{ name: x, value: w }",
            ),
            page,
            Must::Fail("value is null, unable to apply breakAfter"),
        ),
        Case::new(
            "empty values",
            axes("{ name: i, value: \"\" }", "{ name: x, value: \"\" }"),
            page,
            Must::Give("l|g|||x\n".to_owned()),
        ),
    ]);
}

#[test]
fn many_items_times_many_dims() {
    let yaml = |items: usize, dims: usize| {
        let list = |name: &str, count: usize| {
            (0..count)
                .map(|number| format!("{{ name: {name}{number}, value: v }}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        axes(&list("i", items), &list("x", dims))
    };
    let tasks = |count: usize| {
        let tasks: String = (0..count).map(|number| format!("t{number}: {{ dataDef: d }}, ")).collect();
        yaml(200, 400).replace("t: { dataDef: d, steps: css }", tasks.trim_end_matches(", "))
    };
    run(&[
        Case::new(
            "2,000 times 2,000",
            yaml(2000, 2000),
            "",
            Must::Refuse("2000 items, each with 2000 dims and the fact, are 4004000 axes"),
        ),
        Case::new("400 times 400", yaml(400, 400), "", Must::Refuse("are 160800 axes: more than 100000")),
        Case::new("100 times 100", yaml(100, 100), "<b>x</b>", Must::Count(100)),
        Case::new("many tasks", tasks(10), "", Must::Refuse("more than 500000 axes")),
    ]);
}
