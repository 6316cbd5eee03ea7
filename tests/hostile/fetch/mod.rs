//! Web servers that send what no server should.

mod bodies;
mod content;
mod cookies;
mod heads;
mod redirects;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use scoopi::internals::fetch::{FetchError, FetchSettings, Fetcher, Page, Request};
use scoopi::internals::query::decode;

use crate::cases::Cases;
use crate::support::response::Response;
use crate::support::scoopi::LIMIT;
use crate::support::server::Server;

/// Largest page of these tests.
const MAX_BODY: usize = 200_000;

/// What must come of a case.
#[derive(Debug, Clone)]
enum Must {
    /// A page with this text.
    Text(String),
    /// A failure whose message has these words.
    Fail(&'static [&'static str]),
    /// A page with this text, or a failure: both are right, anything else is not.
    TextOrFail(&'static str),
}

use Must::{Fail, TextOrFail};

fn text(text: &str) -> Must {
    Must::Text(text.to_owned())
}

/// An input, and what must come of it.
struct Case {
    name: String,
    response: Response,
    must: Must,
}

fn case(name: impl Into<String>, response: Response, must: Must) -> Case {
    Case { name: name.into(), response, must }
}

/// An answer byte by byte.
fn raw(name: impl Into<String>, bytes: impl Into<Vec<u8>>, must: Must) -> Case {
    case(name, Response::raw(bytes), must)
}

fn fetcher() -> Fetcher {
    let settings = FetchSettings {
        delay: Duration::ZERO,
        parallelism: NonZeroUsize::new(16).unwrap(),
        max_body: MAX_BODY,
        max_redirects: 4,
        first_byte_timeout: Duration::from_secs(20),
        ..FetchSettings::default()
    };
    Fetcher::new(settings, PathBuf::from(".")).unwrap()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Page, FetchError> {
    tokio::time::timeout(LIMIT, fetcher.fetch(Request::new(url))).await.expect("it takes too long")
}

/// Serves all cases, asks for each, and prints all that went wrong.
async fn check(table: &'static str, cases: Vec<Case>) {
    let names: Vec<_> = cases.iter().map(|case| (case.name.clone(), case.must.clone())).collect();
    let routes: HashMap<_, _> =
        cases.into_iter().enumerate().map(|(number, case)| (format!("/{number}"), case.response)).collect();
    let server = Server::start(move |request| match routes.get(&request.path) {
        Some(response) => response.clone(),
        None => Response::html("elsewhere"),
    });
    let fetcher = fetcher();
    let mut table = Cases::of(table);
    for (number, (name, must)) in names.iter().enumerate() {
        let came = get(&fetcher, &server.at(&format!("/{number}"))).await;
        let shown = match &came {
            Ok(page) => decode(&page.body, page.charset.as_deref()).into_owned(),
            Err(error) => format!("FAILS: {error}"),
        };
        let is_right = match (must, &came) {
            (Must::Text(text), Ok(_)) => shown == *text,
            (TextOrFail(text), came) => came.is_err() || shown == *text,
            (Fail(words), Err(_)) => words.iter().all(|word| shown.contains(word)) && !shown.contains('\n'),
            _ => false,
        };
        table.check(name, is_right, || format!("{must:?}, and not: {shown}"));
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\n";

fn with_head(headers: &str, body: &str) -> String {
    format!("{HEAD}{headers}\r\n\r\n{body}")
}
