//! `scoopi shell` as somebody uses it: the program, a page, lines on stdin, and what comes out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;

use tempfile::TempDir;

const PAGE: &str = r#"<!DOCTYPE html>
<title>Prices</title>
<h1>Prices</h1>
<table id="prices">
<tr><th>Item</th><th>2024</th><th>2025</th></tr>
<tr><td>Tea</td><td>1.50</td><td>1.75</td></tr>
<tr><td>Salt &amp; pepper</td><td></td><td>0.90</td></tr>
</table>
<p>See <a href="next.html">next</a>, <a href='more.html' title="a &quot;b&quot;">more</a>.</p>
"#;

/// A folder with the page in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("defs")).unwrap();
    fs::write(folder.path().join("defs/page.html"), PAGE).unwrap();
    folder
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scoopi"));
    without_settings(&mut command);
    command
        .arg("shell")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Takes away the settings that stand in the environment: they would decide what is tested.
fn without_settings(command: &mut Command) {
    let is_setting = |name: &OsString| name.to_string_lossy().starts_with("SCOOPI_");
    std::env::vars_os().map(|(name, _)| name).filter(is_setting).for_each(|name| {
        command.env_remove(name);
    });
}

fn run(folder: &Path, arguments: &[&str], lines: &str) -> Output {
    let mut child = start(folder, arguments);
    let mut stdin = child.stdin.take().unwrap();
    // A program that has ended already reads nothing.
    let _unread = stdin.write_all(lines.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// These lines give exactly this.
fn check(lines: &str, expected: &str) {
    let folder = folder();
    let output = run(folder.path(), &["/defs/page.html"], lines);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{lines}\n{stderr}");
    assert_eq!(stderr, "/defs/page.html: 333 bytes, charset as the page says, 46 nodes\n", "{lines}");
    assert_eq!(output.status.code(), Some(0), "{lines}");
}

#[test]
fn a_query_in_css_shows_elements_and_the_value() {
    check("h1\n", "-----\n<h1>Prices</h1>\n-----\nelements found: 1\nvalue: Prices\n");
    check(
        "p > a attribute: href",
        "-----\n<a href=\"next.html\">next</a>\n-----\n<a href=\"more.html\" title=\"a &quot;b&quot;\">more</a>\n\
         -----\nelements found: 2\nvalue: next.html more.html\n",
    );
    check("td:eq(1)", "-----\n<td>1.50</td>\n-----\n<td></td>\n-----\nelements found: 2\nvalue: 1.50\n");
    check("h2", "elements found: 0\nvalue: (none)\n");
}

#[test]
fn a_query_in_xpath_shows_nodes_and_the_value() {
    check(
        "//tr[3]/td[1]\n//a/@href\nxpath:count(//td)\n//h2\n",
        "-----\n<td>Salt &amp; pepper</td>\n-----\nelements found: 1\nvalue: Salt & pepper\n\
         -----\nhref=\"next.html\"\n-----\nhref=\"more.html\"\n-----\nnodes found: 2\nvalue: more.html\n\
         value: 6\n\
         elements found: 0\nvalue: (none)\n",
    );
}

#[test]
fn a_block_narrows_what_follows() {
    check(
        ":block #prices tr:nth-child(2)\ntd:nth-child(3)\n:block //tr[2]\ntd[3]\nh1\n:block\nh1\n",
        "block: 1 node\n\
         -----\n<td>1.75</td>\n-----\nelements found: 1\nvalue: 1.75\n\
         block: 1 node\n\
         -----\n<td>1.75</td>\n-----\nelements found: 1\nvalue: 1.75\n\
         elements found: 0\nvalue: (none)\n\
         block: the page\n\
         -----\n<h1>Prices</h1>\n-----\nelements found: 1\nvalue: Prices\n",
    );
}

#[test]
fn long_elements_are_shortened() {
    check(
        ":lines 1\n#prices\n",
        "lines: the first and last 1 of each node\n\
         -----\n<table id=\"prices\">\n...\n</tbody></table>\n-----\nelements found: 1\nvalue: (blank)\n",
    );
}

#[test]
fn a_mistake_is_pointed_at_and_the_next_line_answered() {
    check(
        "td:frist-child\n//td[@class='x'\nh1\n",
        "error: unknown pseudo class `:frist-child`, did you mean `:first-child`? known are: :first-child :last-child \
         :only-child :first-of-type :last-of-type :only-of-type :nth-child :nth-last-child :nth-of-type \
         :nth-last-of-type :empty :root :eq :lt :gt :has :not :is :contains :containsOwn :containsData :matches \
         :matchesOwn\n    td:frist-child\n      ^\n\
         error: expected `]` or an operator, found the end\n    //td[@class='x'\n                   ^\n\
         -----\n<h1>Prices</h1>\n-----\nelements found: 1\nvalue: Prices\n",
    );
}

#[test]
fn the_source_of_the_page_is_printed_as_it_is() {
    check(":page\n", PAGE);
}

#[test]
fn an_empty_line_and_quit_end() {
    check("\nh1\n", "");
    check(":quit\nh1\n", "");
    check("", "");
}

#[test]
fn the_page_is_saved_into_a_new_file_only() {
    let folder = folder();
    let arguments = ["-q", "defs/page.html"];
    let output =
        run(folder.path(), &arguments, ":save copy of page.html\n:save defs/page.html\n:save no/x\n");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "saved 333 bytes to copy of page.html\n\
         error: defs/page.html is there already; name another file\n\
         error: unable to write no/x: No such file or directory (os error 2)\n"
    );
    assert_eq!(fs::read_to_string(folder.path().join("copy of page.html")).unwrap(), PAGE);
    assert!(output.stderr.is_empty());
}

#[test]
fn any_file_is_a_page() {
    let (here, elsewhere) = (folder(), folder());
    let file = elsewhere.path().join("defs/page.html");
    for page in [file.to_string_lossy().into_owned(), format!("file://{}", file.display())] {
        let output = run(here.path(), &[&page], "h1\n");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(&format!("file://{}: 333 bytes, ", file.display())), "{stderr}");
        assert!(output.stdout.ends_with(b"value: Prices\n"));
    }
    let output = run(&here.path().join("defs"), &["../defs/page.html"], "h1\n");
    assert!(output.stdout.ends_with(b"value: Prices\n"));
}

#[test]
fn a_page_that_cannot_be_loaded_ends_with_1() {
    let folder = folder();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (page, message) in [
        (
            "/defs/none.html".to_owned(),
            "scoopi: cannot read file `./defs/none.html` of URL `/defs/none.html`: ",
        ),
        ("defs".to_owned(), "scoopi: `./defs` of URL `/defs` is a directory, not a plain file; "),
        ("ftp://example.org/".to_owned(), "scoopi: unknown scheme `ftp` in "),
        (format!("http://{closed}/x"), "scoopi: `http://127.0.0.1:"),
    ] {
        let output = run(folder.path(), &[&page], "h1\n");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(message), "{page}: {stderr}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{page}");
    }
}

#[test]
fn a_page_over_a_limit_ends_with_1() {
    let folder = folder();
    let output = run(folder.path(), &["/defs/page.html", "--set", "page.nodes=10"], "h1\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("limit `scoopi.page.nodes`") && stderr.contains("/defs/page.html"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = folder();
    for arguments in [&[][..], &["a", "b"], &["/defs/page.html", "--set", "fetch.maxBoddy=1"]] {
        let output = run(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn input_that_is_no_line_ends_with_2() {
    let output = run(folder().path(), &["-q", "/defs/page.html"], &"x".repeat(1 << 20));
    assert_eq!(output.status.code(), Some(2));
    let message = "scoopi: unable to read a query from stdin: a line is longer than 64 KiB\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), message);
}

#[test]
fn it_ends_quietly_when_nobody_reads_the_answers() {
    let folder = folder();
    let mut child = start(folder.path(), &["-q", "/defs/page.html"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    while stdin.write_all(b":page\n").is_ok() {}
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Answers each request with the response for its path; ends with the test.
fn serve(responses: &'static [(&str, &[u8])]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut piece) = (vec![], [0; 1024]);
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let length = stream.read(&mut piece).unwrap();
                request.extend_from_slice(&piece[..length]);
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap();
            let (_, response) = responses.iter().find(|(known, _)| *known == path).unwrap();
            stream.write_all(response).unwrap();
        }
    });
    format!("http://{host}")
}

#[test]
fn a_page_from_the_network_is_fetched_as_a_run_does_but_at_once() {
    let host = serve(&[
        ("/old", b"HTTP/1.1 301 Moved\r\nLocation: /new\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (
            "/new",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=ISO-8859-1\r\nContent-Length: 12\r\n\
              Connection: close\r\n\r\n<p>Gr\xfc\xdfe</p>",
        ),
        ("/none", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    ]);
    let folder = folder();
    let slow = ["--set", "loader.fetch.delay=600000"];
    let output = run(folder.path(), &[&format!("{host}/old"), slow[0], slow[1]], "p\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, format!("{host}/new: 12 bytes, text/html, charset ISO-8859-1 (header), 6 nodes\n"));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "-----\n<p>Grüße</p>\n-----\nelements found: 1\nvalue: Grüße\n");

    let output = run(folder.path(), &[&format!("{host}/none")], "p\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, format!("scoopi: HTTP response: 404, URL: {host}/none\n"));
    assert_eq!(output.status.code(), Some(1));
}

/// A text block of the guide: a command, what is typed, and what is seen.
struct Transcript<'a> {
    command: &'a str,
    typed: String,
    seen: String,
}

impl<'a> Transcript<'a> {
    fn new(block: &'a str) -> Self {
        let (command, rest) = block.split_once('\n').unwrap();
        let (mut typed, mut seen) = (String::new(), String::new());
        for line in rest.lines() {
            // Hints and prompts are for terminals only.
            let prompt = line
                .strip_prefix("scoopi")
                .filter(|rest| rest.starts_with([' ', '>']) && rest.contains("> "));
            let answered = prompt.and_then(|rest| match rest.strip_prefix(" [") {
                Some(block) => block.split_once("]> "),
                None => rest.split_once("> "),
            });
            if let Some((_, query)) = answered {
                typed.push_str(&format!("{query}\n"));
            } else if !line.starts_with("a line is a query") {
                seen.push_str(&format!("{line}\n"));
            }
        }
        Self { command: command.strip_prefix("$ ").unwrap(), typed, seen }
    }

    /// What the program says to the same, in the folder of this project.
    fn run(&self) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_scoopi")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("sh");
        without_settings(&mut command);
        let mut child = command
            .args(["-c", &format!("{} 2>&1", self.command)])
            .env("PATH", format!("{}:{path}", program.display()))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let _unread = child.stdin.take().unwrap().write_all(self.typed.as_bytes());
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }
}

#[test]
fn the_guide_shows_what_the_program_says() {
    let guide =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/shell.md")).unwrap();
    let blocks: Vec<&str> =
        guide.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() > 5, "{}", blocks.len());
    for block in blocks {
        let transcript = Transcript::new(block);
        let found = transcript.run();
        // `...` stands for any number of lines; the first part stands at the beginning.
        let seen = format!("\n{}", transcript.seen);
        let mut rest = format!("\n{found}");
        for (number, part) in seen.split("...\n").enumerate() {
            let at = rest.find(part).filter(|at| number > 0 || *at == 0);
            let at = at.unwrap_or_else(|| panic!("{}: {part}--- found\n{found}", transcript.command));
            rest.drain(..at + part.len());
        }
        assert!(transcript.seen.ends_with("...\n") || rest.is_empty(), "{}: {rest}", transcript.command);
    }
}
