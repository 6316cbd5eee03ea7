//! Definitions in, rows out: values that want to be rows, cells that want all memory, queries that want all time.
//!
//! Pages go through the steps of their tasks without a run: nothing is fetched or stored. What a case may cost is a count,
//! not a time, so a case either gives rows or names the limit that it came to.

mod cells;
mod expressions;
mod links;
mod pages;
mod patterns;
mod rows;
mod written;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use scoopi::internals::defs;
use scoopi::internals::engine::Plan;
use scoopi::internals::model::{Document, Source};
use scoopi::internals::query::Limits;
use scoopi::internals::steps::{Facts, Outcome, Page, Payload, Services};

use crate::support::steps;

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

fn facts() -> Arc<Facts> {
    steps::facts(Duration::from_secs(20), Some("-"))
}

/// Limits of a size that a test without optimisation comes to soon.
fn services() -> Services {
    Services {
        limits: Limits { visits: 1_000_000, ..Limits::default() },
        max_rows: 20_000,
        max_cell_bytes: 64 << 10,
        max_row_bytes: 1 << 20,
        ..steps::services()
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

/// Definitions of one item: the parser, the selectors of the query, and the one of the item.
fn one_item(parser: &str, block: &str, fact: &str, item: &str) -> String {
    definitions(
        parser,
        &format!(
            "    query: {{ block: \"{block}\", selector: \"{fact}\" }}\n    items: [ {{ name: i, selector: \"{item}\" }} ]\n"
        ),
    )
}

fn csv(settings: &str) -> String {
    format!("[ parser: css, appender: {{ file: {{ file: o.csv, encoder: {{ csv: {{ {settings} }} }} }} }} ]")
}

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
