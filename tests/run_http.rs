//! Whole runs over real sockets: what a server may do to a run, and what a run may do to a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

#[path = "run_http/redirects.rs"]
mod redirects;
#[path = "run_http/scope.rs"]
mod scope;
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use support::response::Response;
use support::scoopi::Ended;
use support::scoopi::RUN_DATE;
use support::scoopi::Scoopi;
use support::server::Request;
use support::server::Server;
use support::server::closed_port;

const RUN: [&str; 2] = ["--output", "output"];

/// Settings that hurry, also with what cannot be.
const QUICK: [&str; 12] = [
    RUN_DATE,
    "loader.fetch.delay=0",
    "loader.fetch.parallelism=16",
    "job.maxTries=2",
    "job.retryDelay=10",
    "fetch.timeout.firstByte=700",
    "fetch.timeout.idle=700",
    "fetch.maxBody=300000",
    "fetch.maxRedirects=3",
    "page.nodes=20000",
    "query.visits=200000",
    "script.time=300",
];

/// What a group of pages is asked for, as a dataDef and its steps.
const GROUPS: [(&str, &str); 4] = [
    ("plain", r#"query: { block: body, selector: h1 }, items: [ { name: title, value: title } ]"#),
    (
        "costly",
        r#"query: { block: body, selector: "div:contains(x%{item.index})" }, items: [ { name: title, value: title, indexRange: 1-900 } ]"#,
    ),
    (
        "scripted",
        r#"query: { block: body, selector: h1 }, items: [ { name: title, script: "while (true) {}" } ]"#,
    ),
    (
        "chosen",
        r#"query: { block: body, selector: "h1:matchesOwn(%{dim.words.value})" }, items: [ { name: title, value: title } ], dims: [ { name: words, selector: i } ]"#,
    ),
];

/// Definitions that ask each URL for its title, group by group.
fn definitions(pages: &[(&str, String)]) -> String {
    let (mut locators, mut tasks, mut defs) = (String::new(), String::new(), String::new());
    for (group, def) in GROUPS {
        let of_group: Vec<_> = pages.iter().filter(|(of, _)| *of == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let list: Vec<_> = of_group
            .iter()
            .map(|(_, url)| format!("      - {{ name: \"{}\", url: \"{url}\" }}\n", name(url)))
            .collect();
        locators.push_str(&format!("  {group}:\n    locators:\n{}", list.concat()));
        tasks.push_str(&format!("  {group}: {{ {group}: {{ dataDef: {group}, steps: toFile }} }}\n"));
        defs.push_str(&format!("  {group}: {{ {def} }}\n"));
    }
    format!(
        "locatorGroups:\n{locators}taskGroups:\n{tasks}dataDefs:\n{defs}steps:\n  toFile:\n    - parser: css\n    \
         - appender: [ file: {{ file: data.txt, encoder: {{ csv: {{ delimiter: \"|\" }} }} }} ]\n"
    )
}

/// The last part of a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn titled(title: &str) -> Response {
    Response::html(format!("<h1>{title}</h1>"))
}

/// The titles by page name, from rows such as `name|group|title|Title`.
fn titles(scoopi: &Scoopi) -> BTreeMap<String, String> {
    let rows = scoopi.rows();
    let pairs = rows.lines().map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (cells[0].to_owned(), (*cells.last().unwrap()).to_owned())
    });
    pairs.collect()
}

/// What becomes of a page.
enum Fate {
    /// A row with this title.
    Row(&'static str),
    /// A line in the list of what failed: state, step, tries, words of the reason.
    Lost(&'static str, &'static str, u64, &'static [&'static str]),
}

use Fate::{Lost, Row};

/// Every page of the test, in what group, what the server does, and what becomes of it.
fn fates() -> Vec<(&'static str, &'static str, Fate)> {
    vec![
        ("plain", "good", Row("Good")),
        ("plain", "flaky", Row("Flaky")),
        ("plain", "reset-once", Row("Reset once")),
        ("plain", "moved", Row("Good")),
        ("plain", "latin", Row("Größe")),
        ("plain", "no-such-charset", Row("Größe")),
        ("plain", "slow", Row("Slow")),
        ("plain", "missing", Lost("failed", "loader", 1, &["HTTP response: 404"])),
        ("plain", "forbidden", Lost("failed", "loader", 1, &["HTTP response: 403"])),
        ("plain", "down", Lost("quarantined", "loader", 2, &["HTTP response: 503"])),
        ("plain", "reset", Lost("quarantined", "loader", 2, &[])),
        ("plain", "cut", Lost("quarantined", "loader", 2, &[])),
        ("plain", "silent", Lost("quarantined", "loader", 2, &["scoopi.fetch.timeout.firstByte"])),
        ("plain", "stuck", Lost("quarantined", "loader", 2, &["scoopi.fetch.timeout.idle"])),
        ("plain", "endless", Lost("failed", "loader", 1, &["scoopi.fetch.maxBody"])),
        ("plain", "bomb", Lost("failed", "loader", 1, &["scoopi.fetch.maxBody"])),
        ("plain", "circle", Lost("failed", "loader", 1, &["in a circle"])),
        ("plain", "far", Lost("failed", "loader", 1, &["scoopi.fetch.maxRedirects"])),
        ("plain", "to-file", Lost("failed", "loader", 1, &["file:///etc/passwd", "http and https"])),
        ("plain", "deep", Lost("failed", "parser", 1, &["task `plain`", "limit `scoopi.page.depth`"])),
        ("plain", "wide", Lost("failed", "parser", 1, &["task `plain`", "limit `scoopi.page.nodes`"])),
        ("costly", "costly", Lost("failed", "parser", 1, &["task `costly`", "limit `scoopi.query.visits`"])),
        ("scripted", "scripted", Lost("failed", "parser", 1, &["task `scripted`", "scoopi.script.time"])),
        ("chosen", "chosen", Row("Chosen")),
        ("chosen", "badly-chosen", Lost("failed", "parser", 1, &["task `chosen`"])),
    ]
}

fn answer(request: &Request, flaky: &[AtomicUsize; 2]) -> Response {
    let first = |which: usize| flaky[which].fetch_add(1, Ordering::Relaxed) == 0;
    match request.path.trim_start_matches('/') {
        "good" => titled("Good"),
        "flaky" if first(0) => Response::status(503),
        "flaky" => titled("Flaky"),
        "reset-once" if first(1) => Response::reset("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<h1>"),
        "reset-once" => titled("Reset once"),
        "moved" => Response::redirect("good"),
        "latin" => {
            Response::ok(*b"<h1>Gr\xf6\xdfe</h1>").header("Content-Type", "text/html; charset=iso-8859-1")
        }
        "no-such-charset" => Response::ok("<meta charset=utf-8><h1>Größe</h1>")
            .header("Content-Type", "text/html; charset=no-such-charset"),
        "slow" => Response::drip(["<h1>Sl", "ow</h1>"], Duration::from_millis(50)),
        "forbidden" => Response::status(403),
        "down" => Response::status(503),
        "reset" => Response::reset(""),
        "cut" => Response::cut(1000, "<h1>"),
        "silent" => Response::silent(),
        "stuck" => Response::drip(["<h1>", "</h1>"], Duration::from_secs(30)),
        "endless" => Response::endless(vec![b'x'; 50_000]),
        "bomb" => Response::gzip_bomb(3_000_000),
        "circle" => Response::redirect("circle2"),
        "circle2" => Response::redirect("circle"),
        "far" | "far1" | "far2" | "far3" => {
            let step: usize = request.path.trim_start_matches("/far").parse().unwrap_or(0);
            Response::redirect(format!("far{}", step + 1))
        }
        "to-file" => Response::redirect("file:///etc/passwd"),
        "deep" => Response::html("<div>".repeat(600)),
        "wide" => Response::html("<p>x".repeat(15_000)),
        "costly" => Response::html("<div></div>".repeat(4000)),
        "scripted" => titled("Scripted"),
        "chosen" => Response::html("<i>Ch.*</i><h1>Chosen</h1>"),
        "badly-chosen" => Response::html("<i>[</i><h1>Chosen</h1>"),
        path => match path.strip_prefix("page") {
            Some(number) => titled(&format!("Page {number}")),
            None => Response::status(404),
        },
    }
}

#[test]
fn every_bad_page_is_listed_with_its_reason_and_all_others_give_their_rows() {
    let flaky = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let server = Server::start(move |request| answer(request, &flaky));
    let fates = fates();
    let mut pages: Vec<_> =
        fates.iter().map(|(group, path, _)| (*group, server.at(&format!("/{path}")))).collect();
    pages.extend((0..100).map(|number| ("plain", server.at(&format!("/page{number}")))));
    pages.push(("plain", format!("http://{}/refused", closed_port())));
    pages.push(("plain", "/nowhere/page.html".to_owned()));
    let scoopi = Scoopi::new(&definitions(&pages)).with(&QUICK);
    let ended = scoopi.exits(3, &RUN);

    let titles = titles(&scoopi);
    let failed = scoopi.failed();
    let lost = |name_of: &str| failed.iter().find(|line| line["locator"] == name_of);
    // What fails is the page that was redirected to last.
    let last = |path: &'static str| match path {
        "circle" => "circle2",
        "far" => "far3",
        path => path,
    };
    for (group, path, fate) in &fates {
        match fate {
            Row(title) => {
                assert_eq!(titles.get(*path).map(String::as_str), Some(*title), "{path}: {:?}", lost(path));
            }
            Lost(state, step, tries, words) => {
                let line = lost(path).unwrap_or_else(|| panic!("{path} is not listed: {titles:?}"));
                check_lost(
                    line,
                    &server.at(&format!("/{}", last(path))),
                    (group, path),
                    (state, step, *tries),
                    words,
                );
            }
        }
    }
    (0..100).for_each(|number| assert_eq!(titles[&format!("page{number}")], format!("Page {number}")));
    check_lost(
        lost("refused").unwrap(),
        &pages[pages.len() - 2].1,
        ("plain", "refused"),
        ("quarantined", "loader", 2),
        &[],
    );
    check_lost(
        lost("page.html").unwrap(),
        "/nowhere/page.html",
        ("plain", "page.html"),
        ("failed", "loader", 1),
        &["resource root"],
    );
    let rows = fates.iter().filter(|(_, _, fate)| matches!(fate, Row(_))).count() + 100;
    check_summary(&ended, rows, &failed);
    for (path, tries) in [("/down", 2), ("/missing", 1), ("/silent", 2), ("/flaky", 2), ("/deep", 1)] {
        assert_eq!(server.hits_of(path), tries, "{path}");
    }
}

fn check_lost(
    line: &Value,
    url: &str,
    (group, locator): (&str, &str),
    (state, step, tries): (&str, &str, u64),
    words: &[&str],
) {
    let expected = serde_json::json!({
        "locator": locator, "group": group, "url": url, "state": state, "step": step, "tries": tries,
        "reason": line["reason"],
    });
    assert_eq!(*line, expected);
    let reason = line["reason"].as_str().unwrap();
    assert!(!reason.is_empty() && words.iter().all(|word| reason.contains(word)), "{words:?}: {line}");
}

fn check_summary(ended: &Ended, rows: usize, failed: &[Value]) {
    assert_eq!(ended.summary("status"), "finished with errors");
    assert_eq!(ended.summary("rows"), rows.to_string());
    let of = |state: &str| failed.iter().filter(|line| line["state"] == state).count();
    let (failures, quarantined) = (of("failed"), of("quarantined"));
    assert_eq!(ended.summary("failed"), format!("{failures} failed, {quarantined} quarantined"));
    assert!(ended.stdout.contains("output/failed.ndjson"), "{}", ended.stdout);
    // Five of them with their reasons, a line each, and the file that has them all.
    let listed = ended.stdout.lines().filter(|line| line.starts_with("             "));
    assert_eq!(listed.count(), 6, "{}", ended.stdout);
}

/// Pages with these names on a server, as a run of them.
fn run_of(server: &Server, names: &[&str], settings: &[&str]) -> Scoopi {
    let pages: Vec<_> = names.iter().map(|name| ("plain", server.at(&format!("/{name}")))).collect();
    Scoopi::new(&definitions(&pages)).with(&[RUN_DATE]).with(settings)
}

/// Times between the starts of requests, by the server's clock.
fn gaps(server: &Server) -> Vec<Duration> {
    server.requests().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// What the way to the server may take off or put on a time that is measured there.
const JITTER: Duration = Duration::from_millis(100);

#[test]
fn a_host_is_left_alone_as_long_as_it_asks() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.path.as_str() {
        "/limited" if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
            Response::status(429).header("Retry-After", "2")
        }
        _ => titled("Title"),
    });
    let settings = ["loader.fetch.delay=0", "job.retryDelay=1"];
    let scoopi = run_of(&server, &["limited", "other"], &settings);
    let ended = scoopi.exits(0, &RUN);
    assert_eq!(titles(&scoopi).len(), 2);
    assert!(ended.summary("errors").starts_with("1, 1 tried again"), "{ended:#?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let refused = requests.iter().position(|request| request.path == "/limited").unwrap();
    for later in &requests[refused + 1..] {
        let after = later.at - requests[refused].at;
        assert!(after >= Duration::from_secs(2) - JITTER, "{} {after:?}", later.path);
    }
}

#[test]
fn a_host_cannot_ask_for_ever() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Response::status(429).header("Retry-After", "86400"),
        _ => titled("Title"),
    });
    let scoopi = run_of(&server, &["limited"], &["fetch.maxRetryAfter=1", "job.retryDelay=1"]);
    scoopi.exits(0, &RUN);
    assert!(gaps(&server)[0] >= Duration::from_secs(1) - JITTER, "{:?}", gaps(&server));
}

#[test]
fn a_run_is_polite_unless_it_is_told_otherwise() {
    let server = Server::start(|_| titled("Title").delayed(Duration::from_millis(20)));
    run_of(&server, &["1", "2", "3", "4"], &[]).exits(0, &RUN);
    let gaps = gaps(&server);
    assert_eq!((gaps.len(), server.most_at_once()), (3, 1));
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_secs(1) - JITTER), "{gaps:?}");
    assert!(gaps.iter().sum::<Duration>() >= Duration::from_secs(3) - JITTER, "{gaps:?}");
}

#[test]
fn no_more_requests_run_at_a_time_than_are_allowed() {
    let server = Server::start(|_| titled("Title").delayed(Duration::from_millis(40)));
    let names: Vec<_> = (0..40).map(|number| number.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let scoopi = run_of(&server, &names, &["loader.fetch.delay=0", "loader.fetch.parallelism=4"]);
    scoopi.exits(0, &RUN);
    assert_eq!((server.hits(), server.most_at_once()), (40, 4));
}

#[test]
fn files_are_not_delayed() {
    let pages: Vec<_> = (0..60).map(|number| ("plain", format!("/pages/{number}.html"))).collect();
    let scoopi = Scoopi::new(&definitions(&pages)).with(&[RUN_DATE]);
    pages.iter().for_each(|(_, path)| scoopi.write(path.trim_start_matches('/'), "<h1>Title</h1>"));
    let begun = Instant::now();
    scoopi.exits(0, &RUN);
    assert_eq!(titles(&scoopi).len(), 60);
    // A second between any two of them would be a minute.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// Definitions that follow every link of a page and take the titles of the pages behind them.
fn links_of(start: &str) -> String {
    format!(
        r#"
locatorGroups:
  lists:
    locators: [ {{ name: list, url: "{start}" }} ]
taskGroups:
  lists: {{ links: {{ dataDef: links, steps: [ parser: css, links ] }} }}
  pages: {{ page: {{ dataDef: page, steps: toFile }} }}
steps:
  toFile:
    - parser: css
    - appender: [ file: {{ file: data.txt, encoder: {{ csv: {{ delimiter: "|" }} }} }} ]
dataDefs:
  links:
    query: {{ block: "li:nth-child(%{{item.index}})" }}
    items: [ {{ name: link, selector: "a attribute: href", indexRange: 1-12, linkGroup: pages }} ]
  page:
    query: {{ block: body, selector: h1 }}
    items: [ {{ name: title, value: title }} ]
"#
    )
}

fn list(links: &[&str]) -> Response {
    Response::html(links.iter().map(|link| format!("<li><a href=\"{link}\">x</a></li>")).collect::<String>())
}

#[test]
fn a_page_from_the_network_cannot_make_us_read_a_file() {
    let links = [
        "good",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "javascript:alert(1)",
        "data:text/html,<h1>x</h1>",
    ];
    let server = Server::with_routes([
        ("/dir/list", list(&links)),
        ("/dir/good", titled("Good")),
        ("/list", Response::redirect("/dir/list")),
    ]);
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    let ended = scoopi.exits(0, &RUN);
    assert_eq!(scoopi.rows(), "list|pages|title|Good\n", "a link is relative to where its page really is");
    let refused: Vec<_> = ended.stderr.lines().filter(|line| line.contains("link is left out")).collect();
    assert_eq!(refused.len(), 2, "scripts and data are no pages, which needs no warning: {ended:#?}");
    ended.said(&["file:///etc/passwd", "FILE:/etc/passwd", "may not lead to"]);
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/list", "/dir/list", "/dir/good"]);
}

#[test]
fn a_path_on_a_page_from_the_network_stays_on_its_host() {
    let server = Server::with_routes([
        ("/list", list(&["/pages/secret.html", "../../pages/secret.html", "//127.0.0.1:1/x"])),
        ("/pages/secret.html", titled("From the server")),
    ]);
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    scoopi.write("pages/secret.html", "<h1>From the disk</h1>");
    scoopi.exits(3, &RUN);
    assert_eq!(scoopi.rows(), "list|pages|title|From the server\n");
    let failed = scoopi.failed();
    assert_eq!((failed.len(), &failed[0]["url"]), (1, &Value::from("http://127.0.0.1:1/x")));
}

#[test]
fn links_beyond_the_limit_of_jobs_are_counted_and_said() {
    let names: Vec<_> = (0..10).map(|number| format!("page{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let page = list(&names);
    let server = Server::start(move |request| match request.path.as_str() {
        "/list" => page.clone(),
        _ => titled("Title"),
    });
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK).with(&["job.maxJobs=4"]);
    let ended = scoopi.exits(3, &RUN);
    assert_eq!(scoopi.rows().lines().count(), 3);
    assert!(
        ended.summary("links").starts_with("7 not followed") && ended.stdout.contains("scoopi.job.maxJobs")
    );
}

#[test]
fn a_back_off_outlives_the_process() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Response::status(503),
        _ => titled("Title"),
    });
    let scoopi = run_of(&server, &["page"], &["job.retryDelay=1500", "loader.fetch.delay=0"]);
    let running = scoopi.start(&RUN);
    running.says("will be tried again");
    assert!(running.kill().was_killed());
    let ended = scoopi.exits(0, &["--output", "output", "--resume"]);
    assert_eq!((scoopi.rows().lines().count(), server.hits()), (1, 2));
    assert_eq!(ended.summary("errors"), "0, 1 tried again");
}

/// Hosts, three pages of each, that `of_kind` answers in its way; behind them, pages of other hosts. All of them are asked
/// for through one proxy, which is the server. Whether the pages of the others come, though the hosts in front do not.
fn others_come(hosts: usize, of_kind: impl Fn(&str) -> Response + Send + Sync + 'static) {
    const OTHERS: usize = 100;
    let (send, came) = mpsc::channel();
    let send = parking_lot::Mutex::new(send);
    let proxy = Server::start(move |request| {
        if ["//kind", "//held"].iter().any(|host| request.path.contains(host)) {
            return of_kind(&request.path);
        }
        send.lock().send(()).unwrap();
        titled("Title")
    });
    let kind = (0..3 * hosts).map(|number| format!("http://kind{}.test/{number}", number % hosts));
    let others = (0..OTHERS).map(|number| format!("http://other{}.test/{number}", number % 40));
    let pages: Vec<_> = kind.chain(others).map(|url| ("plain", url)).collect();
    let proxied = [RUN_DATE, &format!("fetch.proxy={}", proxy.url), "loader.fetch.delay=0"];
    let scoopi = Scoopi::new(&definitions(&pages)).with(&proxied);
    let running = scoopi.start(&RUN);
    for number in 0..OTHERS {
        let page = came.recv_timeout(Duration::from_secs(40));
        assert!(page.is_ok(), "{number} of {OTHERS} pages of the other hosts came");
    }
    running.kill();
}

#[test]
fn hosts_that_ask_to_be_left_alone_hold_up_no_other() {
    others_come(120, |_| Response::status(429).header("Retry-After", "600"));
}

#[test]
fn hosts_that_do_not_answer_hold_up_no_other() {
    others_come(50, |_| Response::silent());
}

#[test]
fn hosts_that_redirect_with_a_cookie_to_one_that_waits_hold_up_no_other() {
    others_come(140, |url| match url.contains("//held") {
        true => Response::status(429).header("Retry-After", "600"),
        false => Response::redirect("http://held.test/").header("Set-Cookie", "k=v"),
    });
}

#[test]
fn links_are_relative_to_the_base_that_a_page_names() {
    let server = Server::start(|request| match request.path.as_str() {
        "/list" => {
            Response::html("<base target=x><base href='/below/x/'><base href=/no/><li><a href=one>x</a>")
        }
        "/below/x/one" => titled("One"),
        _ => Response::status(404),
    });
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    scoopi.exits(0, &RUN);
    assert_eq!(scoopi.rows(), "list|pages|title|One\n");
    // It may lead to another host, but not away from the web.
    let page = "<base href='file:///etc/'><li><a href=passwd>x</a>";
    let server = Server::start(move |request| match request.path.as_str() {
        "/list" => Response::html(page),
        "/passwd" => titled("Page"),
        _ => Response::status(404),
    });
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    scoopi.exits(0, &RUN);
    assert_eq!(scoopi.rows(), "list|pages|title|Page\n");
}

#[test]
fn a_query_that_finds_nothing_on_any_page_is_told_once() {
    const WORDS: &str = "no query of the dataDef found anything on the pages that this process read";
    let server = Server::start(|request| match request.path.as_str() {
        "/none" => Response::html("<p>x</p>"),
        _ => titled("Title"),
    });
    let said = |names: &[&str]| {
        let ended = run_of(&server, names, &["loader.fetch.delay=0"]).exits(0, &RUN);
        ended.stderr.matches(WORDS).count()
    };
    assert_eq!([said(&["none"]), said(&["none", "page"]), said(&["page"])], [1, 0, 0]);
}

#[test]
fn a_run_that_only_waits_says_for_what_and_until_when() {
    let server = Server::start(|_| Response::status(503).header("Retry-After", "600"));
    let scoopi = run_of(&server, &["page"], &["loader.fetch.delay=0"]);
    let running = scoopi.start(&RUN);
    running.says("the run waits");
    running.says("/page");
    running.says("until=");
    running.kill();
}

/// Pages that each lead to twelve others, whose URLs have at least so many bytes.
fn trap(bytes: usize) -> Server {
    Server::start(move |request| {
        let number = request.path.len();
        let names: Vec<_> = (0..12).map(|link| format!("/{number}-{link}{}", "x".repeat(bytes))).collect();
        list(&names.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// Definitions that follow all links of all pages.
fn endless_links_of(start: &str) -> String {
    links_of(start).replace("linkGroup: pages", "linkGroup: lists")
}

#[test]
fn links_with_long_urls_are_not_followed_and_counted() {
    let server = trap(16_000);
    let scoopi = Scoopi::new(&endless_links_of(&server.at("/list"))).with(&QUICK);
    let ended = scoopi.exits(3, &RUN);
    assert_eq!(server.hits(), 1);
    assert_eq!(ended.summary("links"), "12 not followed (limit `scoopi.job.maxLink`)");
    assert!(ended.stderr.contains("more than 2048 bytes"), "{ended:#?}");
}

#[test]
fn urls_that_wait_have_a_limit_and_so_has_depth() {
    let server = trap(1_000);
    let definitions = endless_links_of(&server.at("/list"));
    let scoopi = Scoopi::new(&definitions).with(&QUICK).with(&["job.maxUrlBytes=9000", "job.maxDepth=3"]);
    let ended = scoopi.exits(3, &RUN);
    assert!(ended.stdout.contains("scoopi.job.maxUrlBytes") && ended.stdout.contains("scoopi.job.maxDepth"));
}
