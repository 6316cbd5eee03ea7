//! The program as people and scripts meet it: arguments, settings, exit codes, what goes where.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/environment.rs"]
mod environment;
mod support;

use std::fs;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use support::scoopi::RUN_DATE;
use support::scoopi::Running;
use support::scoopi::STAMP;
use support::scoopi::Scoopi;

/// One page from a file, one row.
const JOB: &str = r#"
locatorGroups:
  books:
    locators: [ { name: acme, url: /pages/acme.html } ]
taskGroups:
  books: { title: { dataDef: title, steps: toFile } }
steps:
  toFile:
    - parser: css
    - appender: [ file: { file: data.txt, encoder: { csv: { delimiter: "|" } } } ]
dataDefs:
  title:
    query: { block: body, selector: h1 }
    items: [ { name: title, value: title } ]
    dims: [ { name: delay, script: "configs.getConfig('scoopi.loader.fetch.delay')" } ]
"#;

const RUN: [&str; 2] = ["--output", "output"];

fn folder() -> Scoopi {
    let scoopi = Scoopi::new(JOB).with(&[RUN_DATE]);
    scoopi.write("pages/acme.html", "<h1>Acme</h1>");
    scoopi
}

/// The delay that a run was given, as it stands in its row.
fn delay(scoopi: &Scoopi, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = scoopi.command(&[&RUN[..], arguments].concat());
    command.envs(environment.iter().copied());
    let ended = Running::start(&mut command).ended();
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    let rows = scoopi.rows();
    rows.trim().strip_prefix("acme|books|title|").unwrap().strip_suffix("|Acme").unwrap().to_owned()
}

#[test]
fn a_good_run_says_its_summary_on_stdout_and_nothing_else() {
    let scoopi = folder();
    let ended = scoopi.exits(0, &RUN);
    assert_eq!(scoopi.rows(), "acme|books|title|1000|Acme\n");
    assert_eq!(ended.stderr, "");
    assert_eq!((ended.summary("status"), ended.summary("rows")), ("complete", "1"));
    assert_eq!(ended.summary("output"), format!("1 row in output/{STAMP}/data.txt"));
    assert_eq!(ended.summary("pages"), "1 done, 1 loaded by this process");
    assert!(!scoopi.path("output/failed.ndjson").exists());
    assert!(!ended.stdout.contains('\x1b') && !ended.stdout.contains('\r'), "{:?}", ended.stdout);
    assert!(scoopi.read("logs/scoopi.log").contains("the run has ended"));
}

#[test]
fn what_is_logged_goes_to_stderr_and_to_a_file() {
    let scoopi = folder();
    let quiet = scoopi.exits(0, &["--output", "output", "-q"]);
    assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
    let verbose = scoopi.exits(0, &["--output", "output", "-v"]);
    verbose.said(&["INFO", "the run has ended"]);
    let debug = scoopi.exits(0, &["--output", "output", "-vv"]);
    debug.said(&["DEBUG", "page fetched", "pages/acme.html"]);
    for ended in [&verbose, &debug] {
        assert!(ended.stdout.starts_with("status ") && !ended.stdout.contains("INFO"), "{ended:#?}");
        assert!(!ended.stderr.contains('\x1b') && !ended.stderr.contains('\r'), "{ended:#?}");
    }
    scoopi.exits(2, &["-q", "-v"]).said(&["--quiet", "--verbose"]);
}

#[test]
fn every_json_line_is_json() {
    let scoopi = folder();
    let json = |arguments: &[&str], code| {
        let ended = scoopi.exits(code, &[&RUN[..], &["-v", "--log-format", "json"], arguments].concat());
        let file = scoopi.read("logs/scoopi.log");
        let lines: Vec<Value> = ended
            .stderr
            .lines()
            .chain(file.lines())
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["level"].is_string()), "{lines:?}");
        lines
    };
    json(&[], 0);
    json(&["--resume", "--set", "wait=1"], 0);
    scoopi.write("defs/job.yml", "locatorGroups: 1");
    let lines = json(&[], 2);
    assert!(
        lines.iter().any(|line| line["fields"]["message"].as_str().unwrap().contains("job.yml:1:16")),
        "{lines:?}"
    );
}

#[test]
fn a_setting_is_taken_from_the_nearest_of_the_places_where_it_is_written() {
    let scoopi = folder();
    assert_eq!(delay(&scoopi, &[], &[]), "1000");
    scoopi.write("conf/scoopi.toml", "[loader.fetch]\ndelay = 1\n");
    assert_eq!(delay(&scoopi, &[], &[]), "1");
    scoopi.write("old.properties", "# old\nscoopi.loader.fetch.delay=2\nscoopi.webDriver.log=x\n");
    assert_eq!(delay(&scoopi, &["--conf", "old.properties"], &[]), "2");
    let environment = &[("SCOOPI_LOADER_FETCH_DELAY", "3")][..];
    assert_eq!(delay(&scoopi, &["--conf", "old.properties"], environment), "3");
    assert_eq!(delay(&scoopi, &["--set", "loader.fetch.delay=4"], environment), "4");
    assert_eq!(delay(&scoopi, &["--set", "scoopi.loader.fetch.delay=5"], environment), "5");
    let ended = scoopi.exits(0, &["--output", "output", "--conf", "old.properties"]);
    ended.said(&["`scoopi.webDriver.log` in old.properties:3", "no longer has an effect"]);
}

#[test]
fn wrong_settings_and_arguments_are_named_with_what_to_write_instead() {
    let scoopi = folder();
    scoopi.write("wrong.toml", "[loader.fetch]\ndely = 1\n");
    scoopi.write("broken.toml", "[loader.fetch\n");
    scoopi.write("wrong.properties", "\nscoopi.loader.fetch.dely=1\n");
    let check = |arguments: &[&str], words: &[&str]| {
        let ended = scoopi.exits(2, arguments);
        ended.said(words);
        assert_eq!(ended.stdout, "", "{ended:#?}");
    };
    check(&["--set", "loader.fetch.dely=1"], &["loader.fetch.dely", "--set", "scoopi.loader.fetch.delay"]);
    check(&["--conf", "wrong.toml"], &["wrong.toml", "loader.fetch.dely", "scoopi.loader.fetch.delay"]);
    check(&["--conf", "wrong.properties"], &["wrong.properties:2", "scoopi.loader.fetch.delay"]);
    check(&["--conf", "broken.toml"], &["broken.toml"]);
    check(&["--conf", "nowhere.toml"], &["nowhere.toml"]);
    check(&["--set", "loader.fetch.delay=soon"], &["loader.fetch.delay", "--set"]);
    check(&["--set", "loader.fetch.delay"], &["KEY=VALUE"]);
    check(&["--set", "loader.fetch.parallelism=0"], &["loader.fetch.parallelism", "--set"]);
    check(&["--set", "store.kind=paper"], &["store.kind is \"paper\" (--set)", "redb"]);
    check(&["--set", "store.durability=maybe"], &["store.durability is \"maybe\" (--set)", "fsync"]);
    check(&["--set", "runDateTimeText=yesterday"], &["runDateTimeText", "yesterday"]);
    check(&["--set", "timeZone=Mars/Base"], &["timeZone", "Mars/Base"]);
    check(&["--defs", "nowhere"], &["nowhere"]);
    check(&["--mode", "cluster", "--listen", "10.0.0.1"], &["cluster.listen", "HOST:PORT"]);
    check(&["--mode", "cluster", "--listen", "10.0.0.1:4001"], &["key", "scoopi keygen"]);
    check(&["--mode", "cluster", "--set", "cluster.mdns=true"], &["mdns", "cluster.size"]);
    check(&["--mode", "clutser"], &["clutser", "cluster"]);
    check(&["--flesh"], &["--flesh", "--fresh"]);
    check(&["chek"], &["chek", "check"]);
    let environment = Running::start(scoopi.command(&RUN).env("SCOOPI_LOADER_FETCH_DELY", "1")).ended();
    assert_eq!(environment.code(), Some(2));
    environment.said(&["SCOOPI_LOADER_FETCH_DELY", "scoopi.loader.fetch.delay"]);
    assert!(!scoopi.path("output").exists(), "nothing of this began a run");
}

#[test]
fn check_says_all_that_is_wrong_at_once_with_its_places() {
    let scoopi = folder();
    let good = scoopi.exits(0, &["check"]);
    assert_eq!(good.stdout, "definitions are good: 1 locator, 1 task, 1 dataDef, 0 warnings\n");
    assert_eq!(good.stderr, "");
    assert!(
        !scoopi.path("data").exists() && !scoopi.path("output").exists() && !scoopi.path("logs").exists()
    );
    let wrong = JOB
        .replace("url: /pages", "uri: /pages")
        .replace("selector: h1", "selector: \"h1[\"")
        .replace("delimiter:", "delimeter:");
    scoopi.write("defs/job.yml", wrong);
    scoopi.write("defs/sub/more.yaml", "dataDefs:\n  - 1\n");
    for arguments in [&["check"][..], &RUN] {
        let ended = scoopi.exits(2, arguments);
        ended.said(&["job.yml:4:", "unknown key `uri`", "more.yaml:2:", "nothing was fetched"]);
        assert_eq!(ended.stdout, "");
    }
    scoopi.write("defs/sub/more.yaml", "");
    scoopi.write("defs/job.yml", scoopi.read("defs/job.yml").replace("uri:", "url:"));
    let ended = scoopi.exits(2, &["check"]);
    ended.said(&["2 errors", "job.yml:10:", "job.yml:13:", "delimeter", "did you mean `delimiter`"]);
    scoopi
        .write("defs/job.yml", JOB.replace("taskGroups:", "taskGroups:\n  live: { x: { dataDef: title } }"));
    let ended = scoopi.run(&["check"]);
    ended.said(&["job.yml:"]);
    assert!(!scoopi.path("output").exists());
}

#[test]
fn plugins_lists_every_step_with_its_settings_and_old_names() {
    let scoopi = Scoopi::new("");
    let ended = scoopi.exits(0, &["plugins"]);
    for words in [
        "step `loader`",
        "step `parser`",
        "step `filter`",
        "step `converter`",
        "step `script`",
        "step `links`",
        "step `appender`",
        "converter `dateRoller`",
        "appender `file`",
        "encoder `csv`",
        "    delimiter (default \",\")",
        "    file (required)",
        "also written: org.codetab.scoopi.plugin.encoder.CsvEncoder",
        "org.codetab.scoopi.step.parse.jsoup.Parser (type: css)",
    ] {
        assert!(ended.stdout.contains(words), "`{words}` is missing:\n{}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
}

#[test]
fn version_and_help_are_no_errors() {
    let scoopi = Scoopi::new("");
    assert_eq!(scoopi.exits(0, &["--version"]).stdout, format!("scoopi {}\n", env!("CARGO_PKG_VERSION")));
    let help = scoopi.exits(0, &["--help"]);
    for words in
        ["check", "plugins", "shell", "--resume", "--fresh", "--set", "--output", "--data", "--log-format"]
    {
        assert!(help.stdout.contains(words), "{words}");
    }
    assert_eq!(help.stderr, "");
}

/// Runs the program by a shell line, in which `$0` is the program.
fn by_shell(scoopi: &Scoopi, line: &str) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_scoopi"), "--set", RUN_DATE]);
    command.current_dir(scoopi.path("")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = Running::start(&mut command).ended();
    (ended.code(), ended.stdout + &ended.stderr)
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let scoopi = folder();
    for line in [
        r#"{ "$0" plugins; echo "code $?" >&2; } | true"#,
        r#"{ "$0" check; echo "code $?" >&2; } | true"#,
        r#"{ "$0" "$@" --output output; echo "code $?" >&2; } | true"#,
        r#"{ "$0" "$@" --output output --resume 2>&1; echo "code $?" >&3; } 3>&2 | true"#,
        r#""$0" "$@" --output output >&- 2>&-; echo "code $?""#,
        r#"{ "$0" --help; echo "code $?" >&2; } | true"#,
        r#"{ "$0" man; echo "code $?" >&2; } | true"#,
    ] {
        let (_, said) = by_shell(&scoopi, line);
        assert!(said.contains("code 0") && !said.contains("panic"), "{line}: {said}");
    }
    let (_, said) = by_shell(&scoopi, r#"{ "$0" --set x=1 2>&1; echo "code $?" >&3; } 3>&2 | true"#);
    assert!(said.contains("code 2") && !said.contains("panic"), "{said}");
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let scoopi = folder();
    for command in [
        r#""$0" "$@" --output output"#,
        r#""$0" "$@" --output output --log-format json"#,
        r#""$0" check"#,
        r#""$0" config"#,
        r#""$0" config --json"#,
        r#""$0" plugins"#,
        r#""$0" man"#,
        r#""$0" completions bash"#,
        r#""$0" keygen"#,
        r#""$0" --help"#,
        r#""$0" --version"#,
        r#"echo h1 | "$0" shell pages/acme.html"#,
    ] {
        let (_, said) = by_shell(&scoopi, &format!(r#"{command} >/dev/full; echo "code $?""#));
        assert!(said.contains("code 1\n") && !said.contains("panic"), "{command}: {said}");
        let told = "unable to write to standard output: No space left on device";
        assert_eq!(said.matches(told).count(), 1, "{command}: {said}");
    }
    // The run itself came to its end.
    assert_eq!(scoopi.rows(), "acme|books|title|1000|Acme\n");
    assert!(!scoopi.path("data/run").exists());
}

#[test]
fn what_cannot_be_written_is_named_and_the_exit_code_says_so() {
    let scoopi = folder();
    let check = |arguments: &[&str], words: &[&str]| {
        let ended = scoopi.exits(1, arguments);
        ended.said(words);
        assert_eq!(ended.stdout, "", "{ended:#?}");
        assert!(!ended.stderr.contains("panic"), "{ended:#?}");
    };
    fs::create_dir_all(scoopi.path(format!("taken/{STAMP}/data.txt"))).unwrap();
    check(&["--output", "taken"], &[&format!("taken/{STAMP}/data.txt")]);
    scoopi.write("file", "");
    check(&["--output", "file/output"], &["file/output"]);
    check(&["--data", "file", "--output", "output"], &["file", "--resume", "--data DIR"]);
    check(&["--data", "file/data", "--output", "output"], &["file/data", "--resume", "--data DIR"]);
    // What stood in the way is gone: the same command goes its way.
    fs::remove_dir_all(scoopi.path("taken")).unwrap();
    scoopi.exits(0, &["--output", "taken"]);
    let ended = scoopi.exits(0, &["--output", "output", "--set", "log.dir=file/logs"]);
    ended.said(&["no log file in file/logs"]);
}

#[test]
fn a_disk_that_is_full_stops_the_run_which_can_be_resumed() {
    let scoopi = Scoopi::new(&JOB.replace("/pages/acme.html", "/pages/long.html"))
        .with(&[RUN_DATE, "parse.maxCellBytes=10000000"]);
    scoopi.write("pages/long.html", format!("<h1>{}</h1>", "x".repeat(9_000_000)));
    // Files may not grow beyond 4 MiB; the limit is a signal, which is left out so that it is an error.
    let line =
        r#"trap '' XFSZ; ulimit -f 8192; exec "$0" "$@" --set parse.maxCellBytes=10000000 --output output"#;
    let (code, said) = by_shell(&scoopi, line);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("data/run") || said.contains("output/"), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(!said.contains("panic"), "{said}");
    scoopi.exits(2, &RUN).said(&["--resume"]);
    scoopi.exits(0, &["--output", "output", "--resume"]);
    assert_eq!(scoopi.rows().len(), "acme|books|title|1000|".len() + 9_000_001);
}

#[test]
fn every_way_to_end_has_its_exit_code() {
    let scoopi = folder();
    scoopi.exits(0, &RUN);
    scoopi.exits(1, &["--output", "/proc/nowhere"]);
    scoopi.exits(2, &["--nonsense"]);
    fs::remove_file(scoopi.path("pages/acme.html")).unwrap();
    let ended = scoopi.exits(3, &RUN);
    assert_eq!(ended.summary("failed"), "1 failed, 0 quarantined");
    ended.said(&["job failed", "pages/acme.html"]);
    assert_eq!(scoopi.failed()[0]["url"], "/pages/acme.html");
    // What failed is a matter of this run: the next one that is good leaves no list behind.
    scoopi.write("pages/acme.html", "<h1>Acme</h1>");
    scoopi.exits(0, &RUN);
    assert!(!scoopi.path("output/failed.ndjson").exists());
    // 130 is a matter of tests/cancel.rs.
}
