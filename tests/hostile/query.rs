//! Definitions in, rows out: values that want to be rows, cells that want all memory, queries that want all time.
//!
//! Pages go through the steps of their tasks without a run: nothing is fetched or stored. What a case may cost is a count,
//! not a time, so a case either gives rows or names the limit that it came to.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use scoopi::defs;
use scoopi::engine::Plan;
use scoopi::fetch::{FetchSettings, Fetcher};
use scoopi::model::date::DatePattern;
use scoopi::model::{Document, Source};
use scoopi::query::Limits;
use scoopi::script::{Configs, Sandbox, ScriptLimits};
use scoopi::steps::{Facts, Outcome, Page, Payload, Replacements, ScriptTexts, Services};

/// Rows, or why there are none.
type Came = Result<String, String>;

/// What must come of a case.
enum Must {
    /// These lines and no others.
    Give(String),
    /// So many rows; nothing is said of their values.
    Count(usize),
    /// An error that says this.
    Fail(&'static str),
    /// Definitions that are refused with a message that says this.
    Refuse(&'static str),
    /// Links to these URLs.
    Lead(&'static [&'static str]),
    /// Rows, or an error that names a limit.
    Settle,
}

struct Case {
    name: String,
    yaml: String,
    page: String,
    must: Must,
}

impl Case {
    fn new(name: impl Into<String>, yaml: impl Into<String>, page: impl Into<String>, must: Must) -> Self {
        Self { name: name.into(), yaml: yaml.into(), page: page.into(), must }
    }

    /// What is wrong with what came; `None` if nothing is.
    fn wrong(&self, came: Came) -> Option<String> {
        let fine = match (&self.must, &came) {
            (Must::Give(lines), Ok(rows)) => lines == rows,
            (Must::Count(count), Ok(rows)) => rows.lines().count() == *count,
            (Must::Fail(part) | Must::Refuse(part), Err(message)) => message.contains(part),
            (Must::Lead(urls), Ok(rows)) => rows.lines().eq(urls.iter().copied()),
            (Must::Settle, Ok(_)) => true,
            (Must::Settle, Err(message)) => {
                ["limit `scoopi.", "gave up after", "more than"].iter().any(|part| message.contains(part))
            }
            _ => false,
        };
        let shown = |came: &Came| format!("{came:?}").chars().take(600).collect::<String>();
        (!fine).then(|| format!("{}: came {}", self.name, shown(&came)))
    }
}

/// Runs all cases, and says which ones went wrong. A panic is one of them.
fn run(cases: &[Case]) {
    let (services, facts) = (services(), facts());
    let mut wrong = String::new();
    for case in cases {
        let came = catch_unwind(AssertUnwindSafe(|| came_of(case, &services, &facts)));
        let came = came.unwrap_or_else(|_| Err("a panic".to_owned()));
        if let Some(said) = case.wrong(came) {
            writeln!(wrong, "{said}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "of {} cases:\n{wrong}", cases.len());
}

/// Takes the page of a case through the first task of its first group.
fn came_of(case: &Case, services: &Services, facts: &Arc<Facts>) -> Came {
    came_while(false, case, services, facts)
}

/// The same, in a run that may be being stopped.
fn came_while(stopping: bool, case: &Case, services: &Services, facts: &Arc<Facts>) -> Came {
    let source = defs::SourceFile::new("job.yml", case.yaml.as_str());
    let (definitions, problems) = defs::check(vec![source], "css");
    let definitions = definitions.ok_or_else(|| problems.to_string())?;
    let (plan, problems) = Plan::compile(&definitions, services, facts);
    let plan = plan.ok_or_else(|| problems.to_string())?;
    let group = plan.group("g").unwrap();
    let url = "http://a.example/dir/page.html".to_owned();
    let document = Document {
        url: url.clone(),
        fetched_at: 0,
        charset: None,
        media_type: None,
        body: case.page.clone().into(),
    };
    let page = Arc::new(Page::new(document, services.limits));
    let task = group.tasks.first().unwrap();
    let source = Arc::new(Source {
        id: "1".into(),
        locator: "l".into(),
        group: "g".into(),
        task: task.name.clone(),
        page_url: url.clone(),
        url,
        encoding: encoding_rs::UTF_8,
        fetched_at: 0,
        page: 1,
    });
    let mut payload = Payload::Page(page);
    for (_, step) in &task.steps {
        if stopping {
            step.close();
        }
        match step.run(&source, payload).map_err(|error| error.to_string())? {
            Outcome::Next(next) => payload = next,
            Outcome::Links(links) => return Ok(links.iter().map(|link| format!("{}\n", link.url)).collect()),
            Outcome::Rows(rows, _) => {
                let bytes: Vec<u8> = rows.parts.into_iter().flat_map(|part| part.bytes).collect();
                return Ok(String::from_utf8(bytes).unwrap());
            }
        }
    }
    Err("the task has no appender".to_owned())
}

struct NoConfigs;

impl Configs for NoConfigs {
    fn get(&self, _: &str) -> Option<String> {
        None
    }

    fn nearest(&self, _: &str) -> Option<String> {
        None
    }

    fn run_date(&self) -> i64 {
        0
    }

    fn run_date_time(&self) -> i64 {
        0
    }

    fn high_date(&self) -> i64 {
        0
    }

    fn is_cluster(&self) -> bool {
        false
    }

    fn user_agent(&self) -> String {
        String::new()
    }

    fn format_date(&self, _: i64) -> Option<String> {
        None
    }
}

fn facts() -> Arc<Facts> {
    let limits = ScriptLimits { memory: 8 << 20, stack: 256 << 10, time: Duration::from_secs(20) };
    Arc::new(Facts {
        date_time_pattern: DatePattern::compile("yyyy-MM-dd").unwrap(),
        replacements: Replacements { not_found: "not found".into(), blank: Some("-".into()) },
        configs: Arc::new(NoConfigs),
        sandbox: Sandbox::new(limits),
    })
}

/// Limits of a size that a test without optimisation comes to soon.
fn services() -> Services {
    let root = PathBuf::from(".");
    Services {
        fetcher: Fetcher::new(FetchSettings::default(), root.clone()).unwrap(),
        keeper: None,
        keep_data: false,
        limits: Limits { visits: 1_000_000, ..Limits::default() },
        max_rows: 20_000,
        max_cell_bytes: 64 << 10,
        max_row_bytes: 1 << 20,
        root,
        scripts: Arc::new(ScriptTexts::from_disk()),
        run_date_time: Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC),
    }
}

/// Definitions of one task: the parser, more of its steps, and the dataDef.
fn definitions(steps: &str, data_def: &str) -> String {
    format!(
        "locatorGroups: {{ g: {{ locators: [ {{ name: l, url: /p.html }} ] }} }}\n\
         taskGroups: {{ g: {{ t: {{ dataDef: d, steps: {steps} }} }} }}\n\
         dataDefs:\n  d:\n{data_def}"
    )
}

fn csv(settings: &str) -> String {
    format!("[ parser: css, appender: {{ file: {{ file: o.csv, encoder: {{ csv: {{ {settings} }} }} }} }} ]")
}

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

/// How a value stands in an attribute. HTML takes CR for LF, unless it is written by its number.
fn attribute(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

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
        cases.push(Case::new(format!("delimiter {name}"), yaml, "", Must::Refuse("the delimiter has")));
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
    let xpath = |heading: &str| {
        format!(
            r#"
    query: {{ block: //body, selector: "string(.)" }}
    items: [ {{ name: i, selector: "{heading}" }} ]
"#
        )
    };
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
    run(&[
        Case::new(
            "9 MB as a dim",
            definitions("css", &heading("h1")),
            table(&letters(9 << 20), 100),
            Must::Fail(cell),
        ),
        Case::new(
            "a cell at its limit",
            definitions("css", &heading("h1")),
            table(&letters(64 << 10), 1),
            Must::Fail(all),
        ),
        Case::new(
            "60 KB in 500 rows",
            definitions("css", &heading("h1")),
            table(&letters(60_000), 100),
            Must::Fail(all),
        ),
        Case::new(
            "2 KB in 500 rows",
            definitions("css", &heading("h1")),
            table(&letters(2000), 100),
            Must::Count(500),
        ),
        Case::new(
            "a short heading",
            definitions("css", &heading("h2")),
            table(&letters(9 << 20), 100),
            Must::Count(500),
        ),
        Case::new(
            "the page as a fact",
            definitions("xpath", &xpath("//h2")),
            table(&letters(1 << 20), 1),
            Must::Fail(cell),
        ),
        Case::new(
            "the page as an item",
            definitions("xpath", &xpath("//h1")),
            table(&letters(1 << 20), 1),
            Must::Fail(cell),
        ),
        Case::new(
            "a text made twice as long",
            definitions("xpath", &xpath("concat(//h1, //h1)")),
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
            definitions("xpath", &xpath("//h2")),
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

#[test]
fn too_many_rows() {
    let rows = |items: &str, dims: &str| {
        definitions(
            "css",
            &format!(
                "    query: {{ block: body, selector: b }}\n    items: [ {items} ]\n    dims: [ {dims} ]\n"
            ),
        )
    };
    let limit = "limit `scoopi.parse.maxRows`";
    let page = "<b>x</b>";
    run(&[
        Case::new(
            "a range of all numbers",
            rows("{ name: i, value: v, indexRange: 1-4294967295 }", "{ name: x, value: w }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a product",
            rows("{ name: i, value: v, indexRange: 1-1000 }", "{ name: x, value: w, indexRange: 1-1000 }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a range without an end that never ends",
            rows("{ name: i, selector: b, indexRange: 1-, breakAfter: [ never ] }", "{ name: x, value: w }"),
            page,
            Must::Fail(limit),
        ),
        Case::new(
            "a range without an end whose values end",
            rows(
                "{ name: i, selector: \"b:nth-child(%{index})\", indexRange: 1-, breakAfter: [ never ] }",
                "{ name: x, value: w }",
            ),
            page,
            Must::Fail("value is null, unable to apply breakAfter"),
        ),
        Case::new(
            "empty values",
            rows("{ name: i, value: \"\" }", "{ name: x, value: \"\" }"),
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
        definitions(
            "css",
            &format!(
                "    query: {{ block: body, selector: b }}\n    items: [ {} ]\n    dims: [ {} ]\n",
                list("i", items),
                list("x", dims)
            ),
        )
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

/// Patterns that read a long text again and again, or part ways without an end.
const PATTERNS: [&str; 40] = [
    "a(?!.*z)b",
    "a(?=.*z)b",
    "a(?=.*a)b",
    "(?=.*z)",
    "(?!.*a)b",
    "(?=(a+)+$)z",
    "(?=(a|a)*$)z",
    "(?=(?:a?){30}a{30}z)",
    "(?:(?=.*z)a)*b",
    "(?:(?!.*z)a)*b",
    "(?:a(?!.*z))*b",
    "(?:(?=.*a)a)*b",
    "(?:(?!b)(?:a.*z|a))*b",
    "(?=(?=(?=.*z).*z).*z)b",
    "(?!(?!(?!.*z).*z).*z)b",
    "^(?=.*0)(?=.*A)(?=.*z).*$",
    "(?<=a)b",
    "(?<=a{1,100})b",
    "(?<!a{1,100})b",
    "(?<=a.{50})b",
    "(?<=(?=.*z)a)b",
    "a*+b",
    "a++b",
    "(?>a*)b",
    "(?>a|aa)*b",
    "(?>(?:a+)+)b",
    "(?:a*+)*b",
    r"(a*)\\1b",
    r"(a|aa)+\\1b",
    r"(a+)+\\1b",
    r"(?=(a*))\\1b",
    r"(?:(a)|(b))*\\1\\2",
    r"(.*)(.*)(.*)\\1\\2\\3b",
    "(?:(?:a*)*)*(?!a)b",
    "(?:a?){200}(?=b)",
    "(?=a)(?=a)(?=a)(?=a)(?=a)b",
    "(?i)a(?!.*é)B",
    "(?m)^(?!.*z)b$",
    "(?s)a(?!.*z)b",
    r"\\b(?!.*z)b",
];

#[test]
fn regular_expressions_that_look_around() {
    let page = format!("<p>{}</p>", "a".repeat(30_000));
    let nested = format!("{}{}{}", "<div>".repeat(20), "a".repeat(3000), "</div>".repeat(20));
    let value =
        definitions("css", "    query: { block: p, selector: p }\n    items: [ { name: i, selector: p } ]\n");
    let mut cases = vec![];
    for pattern in PATTERNS {
        let asks = |selector: &str| {
            let selector = selector.replace('~', pattern);
            definitions(
                "css",
                &format!(
                    "    query: {{ block: body, selector: b }}\n    items: [ {{ name: i, selector: \"{selector}\" }} ]\n"
                ),
            )
        };
        for (name, selector, page) in [
            ("matches", "p:matches(~)", &page),
            ("matchesOwn", "p:matchesOwn(~)", &page),
            ("nested", "div:matches(~)", &nested),
            ("not", "p:not(:matches(~))", &page),
        ] {
            cases.push(Case::new(format!("{name} {pattern}"), asks(selector), page.as_str(), Must::Settle));
        }
        let filter = value.replace(
            "name: i, selector: p }",
            &format!("name: i, selector: p, filters: [ {{ value: \"{pattern}\" }} ] }}"),
        );
        let short = format!("<p>{}</p>", "a".repeat(5000));
        cases.push(Case::new(format!("filter {pattern}"), filter, short, Must::Settle));
    }
    // What takes steps in proportion to the text has its answer.
    for (pattern, rows) in [("a(?!.*z)b", "null"), ("a(?=.*z)b", "null"), ("^(?=.*a).*$", "found")] {
        let yaml = format!(
            "    query: {{ block: body, selector: b }}\n    items: [ {{ name: i, selector: \"p:matches({pattern}) > i\" }} ]\n"
        );
        let page = format!("<p>{}<i>found</i></p>", "a".repeat(20_000));
        cases.push(Case::new(
            format!("answer {pattern}"),
            definitions("css", &yaml),
            page,
            Must::Give(format!("l|g|{rows}|not found\n")),
        ));
    }
    run(&cases);
}

#[test]
fn queries_that_want_all_time() {
    let css = |selector: &str| {
        definitions(
            "css",
            &format!(
                "    query: {{ block: \"*\", selector: b }}\n    items: [ {{ name: i, selector: \"{selector}\" }} ]\n"
            ),
        )
    };
    let xpath = |selector: &str| {
        definitions(
            "xpath",
            &format!(
                "    query: {{ block: //body, selector: //b }}\n    items: [ {{ name: i, selector: \"{selector}\" }} ]\n"
            ),
        )
    };
    let flat = "<p><a>x</a></p>".repeat(3000);
    let deep = format!("{}x{}", "<div>".repeat(500), "</div>".repeat(500));
    let mut cases = vec![];
    for selector in [
        "*",
        "* * * * * *",
        "* > * > * > *",
        "* ~ * ~ * ~ *",
        "* + * + * + *",
        "a ~ a ~ a",
        "*:has(*:has(*:has(*)))",
        "*:not(:has(:not(:has(*))))",
        "p:contains(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxy)",
        "*:contains(x):contains(x):contains(x)",
        ":nth-child(99999n+99999)",
        ":nth-last-child(odd) :nth-last-of-type(even)",
        "*:matches((x*)*y)",
        "*:gt(0):lt(999999)",
        "[a=b], [c=d], *, *, *",
        "*:is(*, *, *):is(*, *)",
    ] {
        for (name, page) in [("flat", &flat), ("deep", &deep)] {
            cases.push(Case::new(
                format!("css {name} {selector}"),
                css(selector),
                page.as_str(),
                Must::Settle,
            ));
        }
    }
    for selector in [
        "//*//*//*",
        "//*//*//*//*//*",
        "//*[.//*[.//*]]",
        "count(//*//*//*)",
        "//*/ancestor::*/descendant::*",
        "//a/preceding::*/following::*",
        "//*[count(.//*) > count(..//*)]",
        "//*[. = //*]",
        "//*[contains(., 'y')]",
        "string(//*[last()]/preceding::*[last()])",
        "concat(//body, //body, //body, //body)",
        "translate(//body, 'x', 'yyyy')",
        "normalize-space(//body)",
        "//*[position() = last() - 1]/..//*",
        "//a | //p | //* | //a/.. | //p/..",
        "sum(//*)",
        "//@*/../@*/..",
        "id('a b c d e f')//*",
    ] {
        for (name, page) in [("flat", &flat), ("deep", &deep)] {
            cases.push(Case::new(
                format!("xpath {name} {selector}"),
                xpath(selector),
                page.as_str(),
                Must::Settle,
            ));
        }
    }
    let long = "a ".repeat(9000);
    let nested = format!("{}a{}", ":not(".repeat(200), ")".repeat(200));
    let parens = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    cases.extend([
        Case::new("css too long", css(&long), "", Must::Refuse("too long")),
        Case::new("css too deep", css(&nested), "", Must::Refuse("nested")),
        Case::new(
            "xpath too long",
            xpath(&format!("//{}", "a/".repeat(9000))),
            "",
            Must::Refuse("at most 16384"),
        ),
        Case::new("xpath too deep", xpath(&parens), "", Must::Refuse("nest")),
        Case::new(
            "regex too long",
            css(&format!("p:matches({})", "a".repeat(16_380))),
            "",
            Must::Refuse("too long"),
        ),
        Case::new(
            "regex too large",
            css("p:matches((?:\\\\p{L}{1000}){1000})"),
            "",
            Must::Refuse("too large"),
        ),
        Case::new(
            "regex too large, step by step",
            css("p:matches((?:(?=a)b{1000}){1000})"),
            "",
            Must::Refuse("too large"),
        ),
        Case::new(
            "regex too deep",
            css(&format!("p:matches({}a{})", "(?=".repeat(60), ")".repeat(60))),
            "",
            Must::Refuse("nested more than"),
        ),
    ]);
    run(&cases);
}

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

#[test]
fn values_do_not_become_code() {
    let yaml = |steps: &str, selector: &str| {
        definitions(
            steps,
            &format!(
                "    query: {{ block: {}, selector: \"{selector}\" }}\n    items: [ {{ name: i, selector: {} }} ]\n",
                if steps == "css" { "body" } else { "//body" },
                if steps == "css" { "h1" } else { "//h1" }
            ),
        )
    };
    let mut cases = vec![];
    for value in [
        "'",
        "\"",
        "' or '1'='1",
        "\"]",
        ")",
        "(",
        "*",
        "a, *",
        "](",
        "\\",
        "%{item.value}",
        "%",
        "'\"",
        "//*",
        "a:has(*)",
        "{",
        "\u{0}",
    ] {
        let text = value.replace('\0', "");
        let page =
            format!("<h1>{}</h1><b>secret</b><p>{}</p>", attribute(&text).replace('<', "&lt;"), "other");
        // A value within a literal is a text: no element has it but the heading itself.
        cases.push(Case::new(
            format!("xpath {value:?}"),
            yaml("xpath", "//*[self::b][.='%{item.value}']"),
            page.as_str(),
            Must::Count(1),
        ));
        cases.push(Case::new(
            format!("contains {value:?}"),
            yaml("css", "b:containsOwn(%{item.value}x)"),
            page.as_str(),
            Must::Settle,
        ));
    }
    run(&cases);
    for case in &cases {
        let came = came_of(case, &services(), &facts()).unwrap_or_default();
        assert!(!came.contains("secret"), "{}: {came:?}", case.name);
    }
}

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

#[test]
fn a_run_that_is_stopped_waits_for_short_pages_only() {
    let limits = Limits { visits: u64::MAX, ..Limits::default() };
    let (services, facts) = (Services { limits, ..services() }, facts());
    let data_def = |selector: &str| {
        format!(
            "    query: {{ block: //body, selector: //b }}\n    items: [ {{ name: i, selector: \"{selector}\" }} ]\n"
        )
    };
    let links = "<a>x</a>".repeat(20_000);
    for (name, selector, page, rows) in [
        ("a long page", "count(//a[count(preceding::a) > 3])", links.as_str(), None),
        ("a short page", "count(//a[count(preceding::a) > 3])", "<a>x</a><b>y</b>", Some("l|g|0|y\n")),
    ] {
        let case = Case::new(name, definitions("xpath", &data_def(selector)), page, Must::Settle);
        match (came_while(true, &case, &services, &facts), rows) {
            (Ok(came), Some(rows)) => assert_eq!(came, rows, "{name}"),
            (Err(message), None) => {
                assert!(message.contains("the run is being stopped"), "{name}: {message}")
            }
            (came, _) => panic!("{name}: {came:?}"),
        }
    }
}
