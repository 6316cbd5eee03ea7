//! Very many hosts, and few descriptors for them.

use std::process::{Command, Stdio};

use crate::support::response::Response;
use crate::support::scoopi::{Ended, RUN_DATE, Running, Scoopi, bare};
use crate::support::server::Server;

/// Definitions that ask each URL for its title.
pub(crate) fn definitions(urls: impl IntoIterator<Item = String>) -> String {
    let list: String =
        urls.into_iter().map(|url| format!("      - {{ name: page, url: \"{url}\" }}\n")).collect();
    format!(
        "locatorGroups:\n  plain:\n    locators:\n{list}taskGroups:\n  plain: {{ titles: {{ dataDef: title, steps: toFile }} \
         }}\ndataDefs:\n  title: {{ query: {{ block: body, selector: h1 }}, items: [ {{ name: title, value: title }} ] \
         }}\nsteps:\n  toFile:\n    - parser: css\n    - appender: [ file: {{ file: data.txt, encoder: {{ csv: {{ delimiter: \"|\" }} }} }} ]\n"
    )
}

/// Runs to the end as a process that may not have more descriptors, whatever it does.
fn run(scoopi: &Scoopi, descriptors: usize) -> Ended {
    let program = scoopi.command(&["--output", "output"]);
    let mut shell: Command = bare("sh");
    shell
        .args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(scoopi.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running::start(&mut shell).ended()
}

/// An address of loopback for each number.
fn host(number: usize) -> String {
    format!("127.{}.{}.{}", 1 + number / 65536, number / 256 % 256, number % 256)
}

#[test]
fn thousands_of_hosts_are_asked_with_few_descriptors() {
    const HOSTS: usize = 3000;
    let server = Server::start_at("0.0.0.0".parse().unwrap(), |request| {
        Response::html(format!("<h1>{}</h1>", request.header("host").unwrap_or_default()))
    });
    let port = server.address().port();
    let urls = (0..HOSTS).map(|number| format!("http://{}:{port}/", host(number)));
    let scoopi = Scoopi::new(&definitions(urls)).with(&[RUN_DATE, "loader.fetch.delay=0", "job.maxTries=1"]);
    let ended = run(&scoopi, 256);
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(scoopi.rows().lines().filter(|line| line.contains("127.")).count(), HOSTS);
    assert_eq!(
        (server.hits(), server.connections()),
        (HOSTS, HOSTS),
        "a connection was made twice, or kept too short"
    );
}

#[test]
fn hosts_are_asked_where_more_requests_wait_than_connections_are_allowed() {
    const HOSTS: usize = 600;
    let server = Server::start_at("0.0.0.0".parse().unwrap(), |request| {
        Response::html(format!("<h1>{}</h1>", request.header("host").unwrap_or_default()))
    });
    let port = server.address().port();
    let urls = (0..HOSTS).map(|number| format!("http://{}:{port}/", host(number)));
    let many = ["poolsize.loader=300", "job.takeLimit=600"];
    let scoopi = Scoopi::new(&definitions(urls)).with(&[RUN_DATE, "loader.fetch.delay=0"]).with(&many);
    let ended = run(&scoopi, 128);
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(scoopi.rows().lines().filter(|line| line.contains("127.")).count(), HOSTS);
}

#[test]
fn pages_that_are_files_wait_for_a_descriptor() {
    const PAGES: usize = 500;
    let scoopi = Scoopi::new(&definitions((0..PAGES).map(|number| format!("/pages/{number}.html"))));
    (0..PAGES)
        .for_each(|number| scoopi.write(&format!("pages/{number}.html"), format!("<h1>Page {number}</h1>")));
    let scoopi = scoopi.with(&[RUN_DATE, "poolsize.loader=200", "job.takeLimit=400", "job.maxTries=1"]);
    let ended = run(&scoopi, 44);
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(scoopi.rows().lines().filter(|line| line.contains("Page")).count(), PAGES);
}
