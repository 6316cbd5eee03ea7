//! Passwords: in URLs and settings, and what of them could be seen, kept or handed to a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use super::{PLAIN, RUN, folder, outlets, run};
use crate::cases::Cases;
use crate::support::response::Response;
use crate::support::scoopi::LIMIT;
use crate::support::server::Server;

const SECRET: &str = "hunter2";

/// Rows with the URL wherever a definition can have it.
const URLS: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: "URL" } ] } }
taskGroups: { g: { title: { dataDef: title, steps: toFile } } }
steps:
  toFile:
    - parser: css
    - script: tag.js
    - appender: [ file: { file: data.txt, encoder: { csv: { columns: [ url, from, tag, fact ] } } } ]
dataDefs:
  title:
    query: { block: body, selector: h1 }
    items: [ { name: title, value: T } ]
    dims: [ { name: from, script: "document.getUrl()" }, { name: tag, value: x } ]
"#;

#[test]
fn a_password_in_a_url_is_seen_nowhere() {
    let mut cases = Cases::of("passwords in URLs");
    let server = Server::start(|request| match request.path.split('?').next().unwrap() {
        "/good" => Response::html("<h1>Acme</h1>"),
        "/away" => Response::redirect("http://other:hunter2@127.0.0.1:1/"),
        "/round" => Response::redirect("/round"),
        "/file" => Response::redirect("file://other:hunter2@h/etc/passwd"),
        "/empty" => Response::html("<p>"),
        "/deep" => Response::html("<div>".repeat(1000)),
        _ => Response::status(404),
    });
    let port = server.address().port();
    let at = |path: &str| format!("http://user:{SECRET}@127.0.0.1:{port}{path}");
    for (url, code) in [
        (at("/good"), 0),
        (format!("http://{SECRET}@127.0.0.1:{port}/good"), 0),
        (format!("http://user:{SECRET}%40x@127.0.0.1:{port}/good?mail=a@b"), 0),
        (format!("http://user:{SECRET}@x@127.0.0.1:{port}/good"), 0),
        (format!("HTTP:user:{SECRET}@127.0.0.1:{port}/good"), 0),
        (format!("http:\\\\\\\\user:{SECRET}@127.0.0.1:{port}\\\\good"), 0),
        (at("/missing"), 3),
        (at("/away"), 3),
        (at("/round"), 3),
        (at("/file"), 3),
        (at("/deep"), 3),
        (format!("http://user:{SECRET}@127.0.0.1:1/"), 3),
        (format!("https://user:{SECRET}@127.0.0.1:{port}/"), 3),
        (format!("ftp://user:{SECRET}@h/"), 2),
        (format!("http://user:{SECRET}@[::/"), 2),
        (format!("http://user:{SECRET}@h:99999/"), 2),
        (format!("file://user:{SECRET}@h/x"), 2),
    ] {
        for format in ["text", "json"] {
            let scoopi = folder(&URLS.replace("URL", &url));
            let ended = run(&scoopi, &["-vv", "--log-format", format]);
            cases.check(format!("{url}, {format}: exit code"), ended.code() == Some(code), || {
                format!("{ended:?}")
            });
            for (outlet, text) in outlets(&scoopi, &ended).into_iter().chain([("rows", scoopi.rows())]) {
                cases.check(format!("{url}, {format}: {outlet}"), !text.contains(SECRET), || text.clone());
            }
            if code == 0 {
                let rows = scoopi.rows();
                let is_good = rows.starts_with("http://127.0.0.1:") && rows.contains("Acme");
                cases.check(format!("{url}: the row names the page"), is_good, || rows.clone());
            }
        }
    }
}

#[test]
fn what_is_kept_with_a_run_is_private_and_knows_no_password_of_the_machine() {
    let mut cases = Cases::of("a data folder");
    for (kind, arguments, names) in [
        ("redb", &["--set", "store.kind=redb"][..], &["log/log.redb", "log/lock", "log/kind"][..]),
        ("sled", &["--set", "store.kind=sled"], &["log/lock", "log/kind"]),
        (
            "cluster",
            &["--mode", "cluster", "--listen", "127.0.0.1:0"],
            &["log/log.redb", "node.key", "cluster"],
        ),
    ] {
        // The proxy takes the request and does not answer.
        let proxy = Server::start(|_| Response::silent());
        let scoopi = folder(&PLAIN.replace("/page.html", "http://pages.example/"));
        let set = format!("fetch.proxy=http://user:{SECRET}@{}", proxy.address());
        let arguments = [&RUN[..], &["-vv"], arguments].concat();
        let running = scoopi.start(&[&arguments[..], &["--set", &set]].concat());
        let begun = Instant::now();
        while proxy.hits() == 0 {
            assert!(begun.elapsed() < LIMIT, "{kind}: the proxy is not asked");
            std::thread::yield_now();
        }
        let killed = running.kill();
        let authorized = proxy.requests()[0].header("proxy-authorization").is_some();
        cases.check(format!("{kind}: the proxy is told the password"), authorized, || {
            format!("{:?}", proxy.requests())
        });
        let run = scoopi.path("data/run");
        for name in names {
            cases.check(format!("{kind}: {name} is there"), run.join(name).is_file(), || {
                "it is not".to_owned()
            });
        }
        for (path, mode) in tree(&scoopi.path("data")) {
            let name = path.strip_prefix(scoopi.path("")).unwrap().display().to_string();
            // sled makes files of its own, in a folder that nobody else enters.
            let is_closed = mode & 0o077 == 0 || kind == "sled" && name.starts_with("data/run/log/sled/");
            cases.check(format!("{kind}: {name} is private"), is_closed, || format!("{mode:o}"));
            if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                let knows = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
                cases.check(format!("{kind}: {name} without password"), !knows, || {
                    "it is in there".to_owned()
                });
            }
        }
        for (outlet, text) in outlets(&scoopi, &killed) {
            cases
                .check(format!("{kind}: {outlet} without password"), !text.contains(SECRET), || text.clone());
        }
        drop(proxy);
        // A resumed run takes the password from today's settings.
        let proxy = Server::start(|_| Response::html("<h1>Acme</h1>"));
        let set = format!("fetch.proxy=http://user:other@{}", proxy.address());
        let ended = scoopi.run(&[&arguments[..], &["--resume", "--set", &set]].concat());
        let is_good = ended.code() == Some(0) && proxy.hits() == 1;
        cases.check(format!("{kind}: a resumed run has today's proxy"), is_good, || format!("{ended:?}"));
    }
    let kept = PLAIN.replace("{ title: { dataDef", "{ live: P1W, title: { dataDef");
    let scoopi = folder(&kept);
    let ended = run(&scoopi, &[]);
    let is_kept = ended.code() == Some(0) && scoopi.path("data/pages").is_dir();
    cases.check("pages are kept", is_kept, || format!("{ended:?}"));
    for (path, mode) in tree(&scoopi.path("data")) {
        cases.check(format!("{} is private", path.display()), mode & 0o077 == 0, || format!("{mode:o}"));
    }
    // What an earlier version left open is closed.
    fs::set_permissions(scoopi.path("data/pages"), fs::Permissions::from_mode(0o755)).unwrap();
    run(&scoopi, &["--set", "runDateTimeText=2020-07-02T10:59:59.000+0000"]);
    let mode = fs::metadata(scoopi.path("data/pages")).unwrap().permissions().mode() & 0o777;
    cases.check("pages of an earlier version are closed", mode == 0o700, || format!("{mode:o}"));
}

/// Files and folders below a folder, itself included, with their modes.
fn tree(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        let about = fs::symlink_metadata(&path).unwrap();
        if about.is_dir() {
            folders.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.push((path, about.permissions().mode() & 0o777));
    }
    found
}

#[test]
fn a_script_is_not_given_the_password_of_the_proxy() {
    let mut cases = Cases::of("secrets in settings");
    let script = "configs.getConfig('scoopi.fetch.proxy')";
    let definitions =
        PLAIN.replace("value: T }", &format!("value: T }} ], dims: [ {{ name: d, script: \"{script}\" }}"));
    let scoopi = folder(&definitions);
    let set = format!("fetch.proxy=http://user:{SECRET}@127.0.0.1:1");
    let ended = run(&scoopi, &["--set", &set]);
    let rows = scoopi.rows();
    let is_good = ended.code() == Some(0) && rows.contains("http://127.0.0.1:1") && !rows.contains(SECRET);
    cases.check(script, is_good, || format!("{rows} {ended:?}"));
    for proxy in
        [format!("socks5://user:{SECRET}@h"), format!("user:{SECRET}@h"), format!("http://user:{SECRET}@[::")]
    {
        let ended = scoopi.run(&["check", "--set", &format!("fetch.proxy={proxy}")]);
        let is_good =
            ended.code() == Some(2) && ended.stderr.contains("fetch.proxy") && !ended.stderr.contains(SECRET);
        cases.check(proxy, is_good, || ended.stderr.clone());
    }
}
