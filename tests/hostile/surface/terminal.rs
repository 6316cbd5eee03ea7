//! What a terminal obeys, in pages, definitions and names of nodes: it is shown, and neither obeyed nor hidden.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::{PLAIN, folder, outlets, run};
use crate::cases::Cases;
use crate::support::cluster::free_address;
use crate::support::response::Response;
use crate::support::scoopi::Running;
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

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n' || OBEYED.iter().any(|(known, _)| *known == c)
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
            let ended = run(&scoopi, &["-vv", "--log-format", format]);
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
        let ended = run(&scoopi, &["-vv"]);
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
