//! What reaches terminals, logs and disks: control characters, passwords, floods; and what lies in the place of files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;

use crate::cases::Cases;
use crate::support::cluster::free_address;
use crate::support::response::Response;
use crate::support::scoopi::Ended;
use crate::support::scoopi::LIMIT;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Running;
use crate::support::scoopi::STAMP;
use crate::support::scoopi::Scoopi;
use crate::support::server::Server;

/// One of each class of what a terminal obeys or hides.
const OBEYED: [(char, &str); 24] = [
    ('\u{1}', "C0"),
    ('\u{7}', "bell"),
    ('\u{8}', "backspace"),
    ('\u{b}', "vertical tab"),
    ('\u{e}', "shift out"),
    ('\u{1b}', "escape"),
    ('\u{7f}', "delete"),
    ('\u{85}', "next line"),
    ('\u{90}', "device control string"),
    ('\u{9b}', "control sequence"),
    ('\u{9d}', "operating system command"),
    ('\u{ad}', "soft hyphen"),
    ('\u{61c}', "Arabic letter mark"),
    ('\u{200b}', "zero width space"),
    ('\u{200d}', "zero width joiner"),
    ('\u{200e}', "left-to-right mark"),
    ('\u{2028}', "line separator"),
    ('\u{2029}', "paragraph separator"),
    ('\u{202e}', "right-to-left override"),
    ('\u{2060}', "word joiner"),
    ('\u{2066}', "left-to-right isolate"),
    ('\u{feff}', "byte order mark"),
    ('\u{fff9}', "annotation anchor"),
    ('\u{e0041}', "tag"),
];

/// Those that a value of a page does not have in the first place.
const STRIPPED: [char; 2] = ['\u{ad}', '\u{200b}'];

const SECRET: &str = "hunter2";

const RUN: [&str; 2] = ["--output", "output"];

/// What is left of a page: its title in a failure, in a line of a script and in a link that leads nowhere.
const TELLING: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: /page.html } ] } }
taskGroups:
  g:
    next: { dataDef: next, steps: [ parser: css, links ] }
    title: { dataDef: title, steps: [ parser: css, script: clean.js ] }
dataDefs:
  title: { query: { block: body, selector: h1 }, items: [ { name: title, value: T } ] }
  next: { query: { block: body }, items: [ { name: next, selector: "a attribute: href", linkGroup: g } ] }
"#;

const CLEAN: &str = "function execute(data) {
  var text = data.getItems().get(0).getValue('fact');
  console.log(text);
  throw new Error(text);
}";

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

const TAG: &str = "function execute(data) {
  data.getItems().get(0).getAxisByItemName('tag').setValue(data.getTagValue('url'));
  return data;
}";

/// Links of a page, up to 1,000.
const LINKS: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: /page.html } ] } }
taskGroups: { g: { next: { dataDef: next, steps: [ parser: css, links ] } } }
dataDefs:
  next:
    query: { block: body }
    items:
      - { name: next, selector: "a:nth-child(%{index}) attribute: href", indexRange: 1-1000, linkGroup: g }
"#;

/// One page, one row.
const PLAIN: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: /page.html } ] } }
taskGroups: { g: { title: { dataDef: title, steps: toFile } } }
steps: { toFile: [ parser: css, appender: [ file: { file: data.txt, encoder: csv } ] ] }
dataDefs: { title: { query: { block: body, selector: h1 }, items: [ { name: title, value: T } ] } }
"#;

fn folder(definitions: &str) -> Scoopi {
    let scoopi = Scoopi::new(definitions).with(&[RUN_DATE, "loader.fetch.delay=0", "job.maxTries=1"]);
    scoopi.write("page.html", "<h1>Acme</h1>");
    scoopi.write("clean.js", CLEAN);
    scoopi.write("tag.js", TAG);
    scoopi
}

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n' || OBEYED.iter().any(|(known, _)| *known == c)
}

/// What goes to people after a run: name and text.
fn outlets(scoopi: &Scoopi, ended: &Ended) -> [(&'static str, String); 4] {
    [
        ("stdout", ended.stdout.clone()),
        ("stderr", ended.stderr.clone()),
        ("log", scoopi.read("logs/scoopi.log")),
        ("failed.ndjson", scoopi.read("output/failed.ndjson")),
    ]
}

#[test]
fn what_a_page_says_is_shown_and_not_obeyed() {
    let mut cases = Cases::of("control characters");
    for (c, class) in OBEYED {
        let scoopi = folder(TELLING);
        let escape = format!("\\u{{{:x}}}", u32::from(c));
        // The percent-escape is what a link has of it; the title has it as it is.
        scoopi
            .write("page.html", format!("<meta charset=utf-8><h1>a{c}[31mb</h1><a href='ftp://h/{c}'>x</a>"));
        for format in ["text", "json"] {
            let ended = scoopi.run(&[&RUN[..], &["-vv", "--log-format", format]].concat());
            cases.check(format!("{class}, {format}: exit code"), ended.code() == Some(3), || {
                format!("{ended:?}")
            });
            for (outlet, text) in outlets(&scoopi, &ended) {
                let shows = STRIPPED.contains(&c)
                    || text.contains(&escape)
                    || text.contains(&escape.replace('\\', "\\\\"));
                let is_good = shows && !text.contains(is_obeyed);
                cases.check(format!("{class}, {format}: {outlet}"), is_good, || format!("{text:?}"));
            }
            if format == "json" {
                let is_json = |line: &str| {
                    serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string())
                };
                let is_good = ended.stderr.lines().all(is_json);
                cases.check(format!("{class}: every line is JSON"), is_good, || ended.stderr.clone());
            }
        }
        let shown = shell(&scoopi, "h1\n:page\na attribute: href\n");
        let is_good = (STRIPPED.contains(&c) || shown.contains(&escape)) && !shown.contains(is_obeyed);
        cases.check(format!("{class}: shell"), is_good, || format!("{shown:?}"));
    }
}

/// What the shell answers to lines about the page.
fn shell(scoopi: &Scoopi, lines: &str) -> String {
    scoopi.write("lines", lines);
    let mut command = scoopi.command(&["shell", "/page.html"]);
    command.stdin(fs::File::open(scoopi.path("lines")).unwrap()).stderr(Stdio::piped());
    let ended = Running::start(&mut command).ended();
    ended.stdout + &ended.stderr
}

#[test]
fn a_line_end_does_not_make_a_line() {
    let mut cases = Cases::of("forged lines");
    for end in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}"] {
        let scoopi = folder(TELLING);
        let forged = format!("{end}2026-01-01T00:00:00.000000Z ERROR forged");
        scoopi.write(
            "clean.js",
            format!("function execute() {{ console.log({forged:?}); throw new Error({forged:?}) }}")
                .replace("\\u{85}", "\\u0085")
                .replace("\\u{2028}", "\\u2028"),
        );
        let ended = scoopi.run(&[&RUN[..], &["-vv"]].concat());
        for (outlet, text) in outlets(&scoopi, &ended) {
            let is_good =
                text.contains("ERROR forged") && text.lines().all(|line| !line.starts_with("2026-01-01"));
            cases.check(format!("{end:?}: {outlet}"), is_good, || format!("{text:?}"));
        }
    }
}

#[test]
fn definitions_are_not_obeyed_either() {
    let mut cases = Cases::of("control characters in definitions");
    for (c, class) in OBEYED {
        // What is no character of YAML is refused before anything is made of it.
        for place in
            ["dataDefs: { a: { KEY: 1 } }", "locatorGroups: { KEY: 1 }", "steps: { s: [ { KEY: 1 } ] }"]
        {
            let scoopi = Scoopi::new(&place.replace("KEY", &format!("\"x{c}\\nerror: forged\"")));
            let ended = scoopi.run(&["check"]);
            let said = ended.stdout.clone() + &ended.stderr;
            let is_good = ended.code() == Some(2)
                && !said.contains(is_obeyed)
                && said.lines().all(|line| !line.starts_with("error: forged"));
            cases.check(format!("{class} in {place}"), is_good, || format!("{said:?}"));
        }
    }
}

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
        (format!("ftp://user:{SECRET}@h/"), 3),
        (format!("http://user:{SECRET}@[::/"), 3),
        (format!("http://user:{SECRET}@h:99999/"), 3),
        (format!("file://user:{SECRET}@h/x"), 3),
    ] {
        for format in ["text", "json"] {
            let scoopi = folder(&URLS.replace("URL", &url));
            let ended = scoopi.run(&[&RUN[..], &["-vv", "--log-format", format]].concat());
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
    let ended = scoopi.run(&RUN);
    let is_kept = ended.code() == Some(0) && scoopi.path("data/pages").is_dir();
    cases.check("pages are kept", is_kept, || format!("{ended:?}"));
    for (path, mode) in tree(&scoopi.path("data")) {
        cases.check(format!("{} is private", path.display()), mode & 0o077 == 0, || format!("{mode:o}"));
    }
    // What an earlier version left open is closed.
    fs::set_permissions(scoopi.path("data/pages"), fs::Permissions::from_mode(0o755)).unwrap();
    scoopi.run(&[&RUN[..], &["--set", "runDateTimeText=2020-07-02T10:59:59.000+0000"]].concat());
    let mode = fs::metadata(scoopi.path("data/pages")).unwrap().permissions().mode() & 0o777;
    cases.check("pages of an earlier version are closed", mode == 0o700, || format!("{mode:o}"));
}

#[test]
fn what_a_node_is_called_is_shown_by_status_and_not_obeyed() {
    let mut cases = Cases::of("names of nodes");
    let server = Server::start(|_| Response::silent());
    for (c, class) in OBEYED {
        let scoopi = folder(&PLAIN.replace("/page.html", &server.at("/")));
        let at = free_address().to_string();
        let name = format!("n{c}\nleader       forged");
        let running = scoopi.start(&["--mode", "cluster", "--listen", &at, "--name", &name, "-v"]);
        running.says("work begins");
        let escape = format!("\\u{{{:x}}}", u32::from(c));
        for (format, arguments) in [("text", &[][..]), ("json", &["--json"])] {
            let ended = scoopi.run(&[&["status", "--at", &at][..], arguments].concat());
            let text = ended.stdout.clone();
            let is_shown = match format {
                "text" => text.contains(&escape),
                _ => serde_json::from_str::<Value>(&text).is_ok_and(|status| status["node"] == name.as_str()),
            };
            let is_good = ended.code() == Some(0)
                && is_shown
                && !text.contains(is_obeyed)
                && text.lines().all(|line| line != "leader       forged");
            cases.check(format!("{class}, {format}"), is_good, || format!("{ended:?}"));
        }
        let said = running.kill();
        cases.check(format!("{class}: stderr"), !said.stderr.contains(is_obeyed), || format!("{said:?}"));
    }
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
    let ended = scoopi.run(&[&RUN[..], &["--set", &set]].concat());
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

#[test]
fn links_that_lead_nowhere_do_not_flood_the_log() {
    let mut cases = Cases::of("floods");
    let warnings = |ended: &Ended| ended.stderr.lines().filter(|line| line.contains(" WARN ")).count();
    for (name, link, most) in [
        ("forbidden", "ftp://h/", 4),
        ("too long", "http://h/", 4),
        ("not valid", "http://[", 4),
        ("mailto", "mailto:a@b", 0),
        ("tel", "tel:1", 0),
        ("javascript", "javascript:void(0)", 0),
        ("javascript in capitals", "JavaScript:void(0)", 0),
        ("data", "data:text/html,x", 0),
    ] {
        let scoopi = folder(LINKS);
        let (count, long) =
            if name == "too long" { (500, "x".repeat(17_000)) } else { (1000, "x".repeat(1_000)) };
        let links = (0..count).map(|number| format!("<a href=\"{link}{number}{long}\">x</a>"));
        scoopi.write("page.html", links.collect::<String>());
        let ended = scoopi.run(&RUN);
        let is_good =
            warnings(&ended) <= most && (most == 0 || warnings(&ended) > 1) && ended.stderr.len() < 64 << 10;
        cases.check(format!("{name}: lines"), is_good, || {
            format!("{} warnings, {} bytes: {}", warnings(&ended), ended.stderr.len(), ended.stderr)
        });
        let size = scoopi.read("logs/scoopi.log").len();
        cases.check(format!("{name}: log"), size < 64 << 10, || format!("{size} bytes"));
        let counted = most == 0 || ended.stderr.contains(&format!("more={}", count - 3));
        cases.check(format!("{name}: the others are counted"), counted, || ended.stderr.clone());
    }
    // Many pages with a few each.
    let pages = (0..400).map(|number| format!("{{ name: l{number}, url: /pages/{number}.html }}"));
    let many = LINKS.replace("{ name: l, url: /page.html }", &pages.collect::<Vec<_>>().join(", "));
    for (name, link, most) in [("mailto", "mailto:a@b", 0), ("forbidden", "ftp://h/", 301)] {
        let scoopi = folder(&many);
        (0..400).for_each(|number| {
            scoopi.write(&format!("pages/{number}.html"), format!("<a href='{link}'>x</a>"))
        });
        let ended = scoopi.run(&RUN);
        let is_good = warnings(&ended) <= most && ended.code() == Some(0);
        cases.check(format!("400 pages, {name}"), is_good, || {
            format!("{} warnings, {ended:?}", warnings(&ended))
        });
    }
}

/// What may lie in the place of a file.
const KINDS: [(&str, &str); 5] = [
    ("pipe", "a named pipe"),
    ("folder", "a folder"),
    ("link", "a symbolic link"),
    ("dangling link", "a symbolic link"),
    ("socket", "a socket"),
];

/// Places something where a file is to be. A link leads to the file `victim`.
fn put(scoopi: &Scoopi, kind: &str, name: &str) {
    let path = scoopi.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if path.is_file() {
        fs::remove_file(&path).unwrap();
    }
    scoopi.write("victim", "kept");
    match kind {
        "pipe" => mkfifo(&path, Mode::S_IRWXU).unwrap(),
        "folder" => fs::create_dir(&path).unwrap(),
        "link" => symlink(scoopi.path("victim"), &path).unwrap(),
        "dangling link" => symlink(scoopi.path("nowhere"), &path).unwrap(),
        "socket" => drop(UnixListener::bind(&path).unwrap()),
        "device" => symlink("/dev/zero", &path).unwrap(),
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_written_is_a_plain_file_and_nothing_else() {
    let mut cases = Cases::of("in the place of what is written");
    let (data, failing) = (format!("output/{STAMP}/data.txt"), PLAIN.replace("/page.html", "/none.html"));
    for (kind, called) in KINDS {
        let scoopi = folder(PLAIN);
        put(&scoopi, kind, "data/run/log/sled/db");
        let ended = scoopi.run(&[&RUN[..], &["--set", "store.kind=sled"]].concat());
        let is_good = ended.code().is_some_and(|code| code > 0) && ended.stderr.contains("data/run");
        cases.check(format!("{kind} at the file of sled"), is_good, || format!("{ended:?}"));
        for (name, definitions, code) in [
            ("logs/scoopi.log", PLAIN, 0),
            ("data/lock", PLAIN, 1),
            ("data/run/log/lock", PLAIN, 1),
            ("data/run/log/log.redb", PLAIN, 1),
            (&*data, PLAIN, 1),
            ("output/failed.ndjson", &*failing, 1),
        ] {
            let scoopi = folder(definitions);
            put(&scoopi, kind, name);
            let ended = scoopi.run(&RUN);
            // What failed in the run before is removed when one begins, whatever it is.
            // A run that cannot be opened is in the way: `--fresh` is asked for, or another folder.
            let is_replaced = name == "output/failed.ndjson" && kind != "folder";
            let code = if is_replaced { 3 } else { code };
            let is_good =
                ended.code() == Some(code) || name.starts_with("data/run") && ended.code() == Some(2);
            cases.check(format!("{kind} at {name}: exit code"), is_good, || format!("{ended:?}"));
            let says =
                ended.stderr.contains(called) || kind == "folder" && ended.stderr.contains("directory");
            let names = ended.stderr.contains(name)
                || name.starts_with("data/run") && ended.stderr.contains("data/run");
            let is_plain = fs::symlink_metadata(scoopi.path(name)).is_ok_and(|found| found.is_file());
            let is_good = if is_replaced { is_plain } else { says && names };
            cases.check(format!("{kind} at {name}: message"), is_good, || ended.stderr.clone());
            let is_kept = scoopi.read("victim") == "kept" && !scoopi.path("nowhere").exists();
            cases.check(format!("{kind} at {name}: nothing is followed"), is_kept, || scoopi.read("victim"));
        }
        let scoopi = folder(PLAIN);
        put(&scoopi, kind, "key");
        let ended = scoopi.run(&["keygen", "key"]);
        let is_good =
            ended.code() == Some(2) && scoopi.read("victim") == "kept" && !scoopi.path("nowhere").exists();
        cases.check(format!("{kind} at the key to be made"), is_good, || format!("{ended:?}"));
    }
}

#[test]
fn what_is_read_has_an_end() {
    let mut cases = Cases::of("in the place of what is read");
    let script = PLAIN.replace("[ parser: css,", "[ parser: css, script: clean.js,");
    for kind in ["pipe", "folder", "dangling link", "socket", "device"] {
        for (name, definitions, arguments) in [
            ("settings.toml", PLAIN, &["check", "--conf", "settings.toml"][..]),
            ("settings.properties", PLAIN, &["check", "--conf", "settings.properties"]),
            ("clean.js", &*script, &["check"]),
            ("page.html", PLAIN, &["shell", "/page.html"]),
            ("page.html", PLAIN, &RUN),
            ("cluster.key", PLAIN, &["--mode", "cluster", "--key-file", "cluster.key"]),
            ("cluster.key", PLAIN, &["status", "--at", "127.0.0.1:1", "--key-file", "cluster.key"]),
        ] {
            let scoopi = folder(definitions);
            put(&scoopi, kind, name);
            let ended = scoopi.run(arguments);
            let is_good = ended.code().is_some_and(|code| code > 0);
            cases.check(format!("{kind} at {name}: exit code of {arguments:?}"), is_good, || {
                format!("{ended:?}")
            });
            let said = ended.stderr.clone() + &scoopi.read("output/failed.ndjson");
            cases.check(format!("{kind} at {name}: message"), said.contains(name), || said.clone());
        }
        // Besides a good definition file, what is not a file is passed over; where there is no other, that is said.
        let scoopi = folder(PLAIN);
        put(&scoopi, kind, "defs/second.yml");
        let ended = scoopi.run(&["check"]);
        cases.check(format!("{kind} at defs/second.yml"), ended.code().is_some(), || format!("{ended:?}"));
    }
}

#[test]
fn a_configuration_may_be_handed_over_by_the_shell() {
    let scoopi = folder(PLAIN);
    let mut command = crate::support::scoopi::bare("bash");
    let line = "\"$0\" check --conf <(echo '[loader.fetch]'; echo 'delay = 7000000000000')";
    command.args(["-c", line, env!("CARGO_BIN_EXE_scoopi")]).current_dir(scoopi.path(""));
    let ended = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped())).ended();
    assert_eq!(ended.code(), Some(2));
    ended.said(&["loader.fetch.delay", "/dev/fd/"]);
}

#[test]
fn a_setting_that_cannot_be_is_said_with_its_value_its_place_and_what_is_expected() {
    let mut cases = Cases::of("settings");
    let scoopi = folder(PLAIN);
    for (set, expected) in [
        ("store.kind=foo", "expected one of redb, sled"),
        ("store.kind=", "expected one of redb, sled"),
        ("store.durability=never", "expected one of process, fsync"),
        ("cluster.listen=zzz", "HOST:PORT"),
        ("cluster.listen=h:99999", "HOST:PORT"),
        ("cluster.advertise=zzz", "HOST:PORT"),
        ("cluster.join=zzz,h:1", "HOST:PORT"),
        ("timeZone=Mars/Base", "Europe/Berlin"),
        ("dateTimePattern=yyyy-QQQ'", "dateTimePattern"),
        ("runDateTimeText=yesterday", "yesterday"),
        ("highDate=never", "never"),
        ("loader.fetch.parallelism=0", "1 or more"),
        ("loader.fetch.parallelism=5000", "1024"),
        ("loader.fetch.delay=100000000000", "24 hours"),
        ("loader.fetch.delay=soon", "expected"),
        ("loader.fetch.delay=-1", "expected"),
        ("fetch.timeout.connect=0", "no time"),
        ("fetch.timeout.total=100000000000", "24 hours"),
        ("fetch.maxBody=0", "no room"),
        ("fetch.maxRetryAfter=10000000", "24 hours"),
        ("fetch.proxy=ftp://h", "http"),
        ("fetch.proxy=", "http"),
        ("fetch.cookies=maybe", "expected"),
        ("webClient.userAgent=a\u{1b}b", "header"),
        ("appender.maxRowBytes=0", "1 or more"),
        ("appender.maxRowBytes=100000000", "at most"),
        ("page.depth=0", "1 or more"),
        ("page.nodes=0", "1 or more"),
        ("query.visits=0", "1 or more"),
        ("parse.maxRows=0", "1 or more"),
        ("script.memory=0", "1 or more"),
        ("script.stack=0", "1 or more"),
        ("script.time=0", "1 or more"),
        ("script.time=18446744073709551615", "script.time"),
        ("job.retryDelay=100000000000000", "a year"),
        ("job.maxRetryDelay=100000000000000", "a year"),
        ("job.takeLimit=99999999999", "expected"),
        ("monitor.timerPeriod=100000000000000", "a year"),
        ("cluster.session=100000000000000", "a year"),
        ("cluster.keepAlive=100000000000000", "a year"),
        ("cluster.election=100000000000000", "a year"),
        ("cluster.voterTimeout=100000000000000", "a year"),
        ("cluster.quorum.timeout=100000000000000", "a year"),
        ("cluster.size=many", "expected"),
        ("poolsize.loader=many", "expected"),
        ("store.dir=", "a path"),
        ("log.dir=", "a path"),
        ("datastore.path=", "a path"),
        ("persist.locator=2.5", "expected"),
    ] {
        let (key, value) = set.split_once('=').unwrap();
        for arguments in [&["check", "--set", set][..], &["--output", "output", "--set", set]] {
            let ended = scoopi.run(arguments);
            let shown: String = value.chars().take_while(|c| c.is_ascii_graphic() && *c != ',').collect();
            let words = [key, &*shown, expected, "--set"];
            let is_good = ended.code() == Some(2)
                && ended.stdout.is_empty()
                && words.iter().all(|word| ended.stderr.contains(word));
            cases.check(format!("{set} of {arguments:?}"), is_good, || format!("{words:?}: {ended:?}"));
        }
    }
    for (name, text) in
        [("nul.toml", "[store]\ndir = \"a\\u0000b\"\n"), ("nul2.toml", "[log]\ndir = \"a\\u0000b\"\n")]
    {
        scoopi.write(name, text);
        let ended = scoopi.run(&["check", "--conf", name]);
        let is_good = ended.code() == Some(2) && ended.stderr.contains("NUL") && ended.stderr.contains(name);
        cases.check(name, is_good, || format!("{ended:?}"));
    }
    let two = scoopi.run(&["check", "--set", "store.kind=foo", "--set", "cluster.listen=zzz"]);
    let is_good =
        two.code() == Some(2) && two.stderr.contains("store.kind") && two.stderr.contains("cluster.listen");
    cases.check("two at once", is_good, || two.stderr.clone());
    let flag = scoopi.run(&["check", "--listen", "zzz"]);
    cases.check("a flag is named", flag.code() == Some(2) && flag.stderr.contains("--listen"), || {
        flag.stderr.clone()
    });
    for arguments in [
        &["check", "--mode", "cluster", "--listen", "10.0.0.1:4001"][..],
        &["check", "--mode", "cluster", "--join", "127.0.0.1:1,127.0.0.1:2", "--quorum", "1"],
        &["check", "--mode", "cluster", "--join", "127.0.0.1:1", "--quorum", "9"],
        &["check", "--mode", "cluster", "--set", "cluster.mdns=true"],
        &["check", "--mode", "cluster", "--key-file", "none"],
        &["check", "--mode", "cluster", "--listen", "0.0.0.0:4001", "--set", "cluster.size=3"],
    ] {
        let ended = scoopi.run(arguments);
        cases.check(format!("{arguments:?}"), ended.code() == Some(2), || format!("{ended:?}"));
    }
    assert!(!scoopi.path("output").exists() && !scoopi.path("data").exists(), "nothing of this began a run");
}

#[test]
fn a_file_name_that_cannot_be_is_found_by_check() {
    let mut cases = Cases::of("file names");
    for (name, expected) in [
        ("a\\0b.txt", "NUL"),
        ("output/", "does not name a file"),
        ("..", "does not name a file"),
        ("", "does not name a file"),
        (&*format!("{}.txt", "x".repeat(300)), "255 bytes"),
        (&*format!("{}/data.txt", "x".repeat(300)), "255 bytes"),
    ] {
        let scoopi = folder(&PLAIN.replace("file: data.txt", &format!("file: \"{name}\"")));
        let ended = scoopi.run(&["check"]);
        let is_good = ended.code() == Some(2) && ended.stderr.contains(expected);
        cases.check(name, is_good, || format!("{ended:?}"));
    }
}
