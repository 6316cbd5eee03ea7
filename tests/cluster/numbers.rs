//! The smallest job: pages with a number each, which becomes a row, and nothing that leads from one to the other.

use crate::support::response::Response;
use crate::support::server::Request;

/// The page at `/n/7` and the like.
pub(crate) fn page(request: &Request) -> Response {
    let number = request.path.strip_prefix("/n/").unwrap();
    Response::html(format!("<i>{number}</i>"))
}

/// Definitions of a run over the pages from 1 up to `pages` of the server at `url`.
pub(crate) fn definitions(url: &str, pages: usize) -> String {
    let locators = (1..=pages).map(|number| format!("{{ name: l{number}, url: \"{url}/n/{number}\" }}"));
    let locators = locators.collect::<Vec<_>>().join(", ");
    format!(
        r#"
locatorGroups: {{ n: {{ locators: [ {locators} ] }} }}
taskGroups: {{ n: {{ rows: {{ dataDef: d, steps: toFile }} }} }}
steps:
  toFile:
    - parser: css
    - appender: [ file: {{ file: data.txt, encoder: {{ csv: {{ delimiter: "|" }} }} }} ]
dataDefs:
  d: {{ query: {{ block: body, selector: i }}, items: [ {{ name: number, value: N }} ] }}
"#
    )
}

/// The row of a page.
pub(crate) fn row(number: usize) -> String {
    format!("l{number}|n|N|{number}")
}

/// The rows of all pages.
pub(crate) fn rows(pages: usize) -> Vec<String> {
    (1..=pages).map(row).collect()
}
