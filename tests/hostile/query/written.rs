//! Values that want to be more than a value in what is written: rows of their own, further columns, formulas.

use std::fmt::Write;

use super::{Case, Must, attribute, came_of, csv, definitions, facts, run, services};

/// An item, a dim and a fact, each an attribute of its own: attributes are read as they stand.
const ATTRIBUTES: &str = r#"
    query: { block: p, selector: "p attribute: fact" }
    items: [ { name: i, selector: "p attribute: item" } ]
    dims: [ { name: x, selector: "p attribute: dim" } ]
"#;

const BREAKS: [(&str, &str); 12] = [
    ("LF", "\n"),
    ("CR", "\r"),
    ("CRLF", "\r\n"),
    ("LFCR", "\n\r"),
    ("VT", "\u{b}"),
    ("FF", "\u{c}"),
    ("FS", "\u{1c}"),
    ("GS", "\u{1d}"),
    ("RS", "\u{1e}"),
    ("NEL", "\u{85}"),
    ("LS", "\u{2028}"),
    ("PS", "\u{2029}"),
];

/// Values that want to be rows; `~` stands for a line break.
const FORGED: [&str; 12] = [
    "~",
    "~~",
    "x~",
    "~x",
    "x~l,g,forged,1,2",
    "x~l|g|forged|1|2",
    "\"~\"",
    "\",\"~\"l\",\"g\",\"forged\"",
    "a\"~b\"\"~c",
    "{}~{\"locator\":\"l\"}",
    "\\~\\n",
    "\"",
];

fn page_of(item: &str, dim: &str, fact: &str) -> String {
    format!(
        "<!DOCTYPE html><meta charset=utf-8><p item=\"{}\" dim=\"{}\" fact=\"{}\">p</p>",
        attribute(item),
        attribute(dim),
        attribute(fact)
    )
}

/// Reads CSV as RFC 4180 says.
fn read_csv(text: &str, delimiter: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut value) = (vec![], vec![], String::new());
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '"' if quoted && after.starts_with('"') => {
                value.push('"');
                &after[1..]
            }
            '"' if quoted || value.is_empty() => {
                quoted = !quoted;
                after
            }
            _ if !quoted && rest.starts_with(delimiter) => {
                row.push(std::mem::take(&mut value));
                &rest[delimiter.len()..]
            }
            '\n' if !quoted => {
                row.push(std::mem::take(&mut value));
                rows.push(std::mem::take(&mut row));
                after
            }
            c => {
                value.push(c);
                after
            }
        };
    }
    assert!(!quoted && row.is_empty() && value.is_empty(), "{text:?} does not end with a row");
    rows
}

fn breaks_line(c: char) -> bool {
    BREAKS.iter().any(|(_, text)| text.starts_with(c))
}

/// Lines as the most eager tool sees them.
fn eager_lines(text: &str) -> usize {
    text.strip_suffix('\n').unwrap_or(text).split(breaks_line).count()
}

/// The value as it stands in rows: a blank fact is replaced.
fn as_fact(value: &str) -> String {
    if value.trim().is_empty() { "-".to_owned() } else { value.to_owned() }
}

#[test]
fn no_value_makes_a_row() {
    let (services, facts) = (services(), facts());
    let old_class = "{ jsoupDefault: { appender: { class: org.codetab.scoopi.step.load.DataAppender, previous: filter, next: end, plugins: [ plugin: { name: f, class: org.codetab.scoopi.plugin.appender.FileAppender, file: o.txt, plugins: [ plugin: { name: c, class: org.codetab.scoopi.plugin.encoder.CsvEncoder, delimiter: \"|\" } ] } ] } } }";
    let quoted = [
        ("csv", csv(""), ","),
        ("csv |", csv("delimiter: \"|\""), "|"),
        ("csv ::", csv("delimiter: \"::\""), "::"),
        ("csv tab", csv("delimiter: \"\\t\""), "\t"),
        ("css", "css".to_owned(), "|"),
        ("the usual appender", "[ parser: css ]".to_owned(), "|"),
    ];
    let flat = [
        ("csv without quotes", csv("quote: false, delimiter: \"|\"")),
        ("old class", old_class.to_owned()),
        ("jsoupDefault", "jsoupDefault".to_owned()),
    ];
    let json = "[ parser: css, appender: { file: { file: o.jsonl, encoder: jsonLines } } ]";
    let mut wrong = String::new();
    let mut cases = 0;
    for (break_name, line_break) in BREAKS {
        for forged in FORGED {
            let value = forged.replace('~', line_break);
            let page = page_of(&value, &value, &value);
            let rows = |steps: &str| {
                let case = Case::new("", definitions(steps, ATTRIBUTES), page.as_str(), Must::Settle);
                came_of(&case, &services, &facts).unwrap()
            };
            let mut check = |encoder: &str, fine: bool, text: &str| {
                cases += 1;
                if !fine {
                    writeln!(wrong, "{encoder}, {break_name}, {forged:?}: {text:?}").unwrap();
                }
            };
            let expected = ["l".to_owned(), "g".to_owned(), value.clone(), value.clone(), as_fact(&value)];
            for (name, steps, delimiter) in &quoted {
                let text = rows(steps);
                check(name, read_csv(&text, delimiter) == [expected.to_vec()], &text);
            }
            for (name, steps) in &flat {
                let text = rows(steps);
                check(name, eager_lines(&text) == 1, &text);
            }
            let text = rows(json);
            let row: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let same = row["i"] == *value && row["x"] == *value && row["fact"] == *expected[4];
            check("jsonLines", eager_lines(&text) == 1 && same, &text);
        }
    }
    assert!(cases >= 1000, "{cases}");
    assert!(wrong.is_empty(), "of {cases} cases:\n{wrong}");
}

#[test]
fn delimiters_and_formulas() {
    let mut cases = vec![];
    for (name, delimiter) in [
        ("quote", "'\"'"),
        ("LF", "\"\\n\""),
        ("CR", "\"\\r\""),
        ("CRLF", "\"\\r\\n\""),
        ("VT", "\"\\v\""),
        ("FF", "\"\\f\""),
        ("NEL", "\"\\N\""),
        ("LS", "\"\\L\""),
        ("PS", "\"\\P\""),
        ("FS", "\"\\x1c\""),
        ("several with a quote", "'::\"'"),
        ("several with a line break", "\"a\\nb\""),
    ] {
        let yaml = definitions(&csv(&format!("delimiter: {delimiter}")), ATTRIBUTES);
        cases.push(Case::new(format!("delimiter {name}"), yaml, "", Must::Refuse("the delimiter contains")));
    }
    let empty = definitions(&csv("delimiter: \"\""), ATTRIBUTES);
    cases.push(Case::new("no delimiter", empty, "", Must::Refuse("the delimiter is empty")));
    for (value, escaped) in [
        ("=1+1", "'=1+1"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""),
        ("\n=1", "\"'\n=1\""),
        ("=a,b", "\"'=a,b\""),
        ("=\"a\"", "\"'=\"\"a\"\"\""),
        ("-5", "-5"),
        ("+5.25", "+5.25"),
        ("-1,5", "\"-1,5\""),
        ("-5%", "-5%"),
        ("-1e-3", "-1e-3"),
        ("-", "-"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
    ] {
        let page = page_of(value, "x", "y");
        let yaml = definitions(&csv("formula: escape"), ATTRIBUTES);
        cases.push(Case::new(
            format!("escape {value:?}"),
            yaml,
            page.as_str(),
            Must::Give(format!("l,g,{escaped},x,y\n")),
        ));
        let quoted = value.contains(['"', ',', '\r', '\n']);
        let kept = if quoted { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() };
        let yaml = definitions(&csv("formula: keep"), ATTRIBUTES);
        cases.push(Case::new(format!("keep {value:?}"), yaml, page, Must::Give(format!("l,g,{kept},x,y\n"))));
    }
    run(&cases);
}
