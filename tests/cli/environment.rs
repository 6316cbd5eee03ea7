//! What environment variables do: `SCOOPI_CONFIG`, `RUST_LOG`, `NO_COLOR`, and those that are not settings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::RUN;
use super::folder;
use crate::support::needs;
use crate::support::scoopi::Ended;
use crate::support::scoopi::Running;
use crate::support::scoopi::Scoopi;
use scoopi::internals::conf::Layers;

fn run(scoopi: &Scoopi, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = scoopi.command(arguments);
    command.env_remove("RUST_LOG").env_remove("NO_COLOR").envs(variables.iter().copied());
    Running::start(&mut command).ended()
}

fn exits(scoopi: &Scoopi, code: i32, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let ended = run(scoopi, arguments, variables);
    assert_eq!(ended.code(), Some(code), "{ended:#?}");
    ended
}

#[test]
fn a_variable_names_the_configuration_file() {
    let scoopi = folder();
    for (file, delay) in [("conf/scoopi.toml", 1), ("named.toml", 2), ("option.toml", 3)] {
        scoopi.write(file, format!("[loader.fetch]\ndelay = {delay}\n"));
    }
    let delay = |arguments: &[&str], variables: &[(&str, &str)]| {
        let text = exits(&scoopi, 0, &[&["config"], arguments].concat(), variables).stdout;
        let line = text.lines().find(|line| line.starts_with("loader.fetch.delay = ")).unwrap();
        line.trim_start_matches("loader.fetch.delay = ").to_owned()
    };
    assert_eq!(delay(&[], &[]), "1  # conf/scoopi.toml:2");
    assert_eq!(delay(&[], &[("SCOOPI_CONFIG", "named.toml")]), "2  # named.toml:2");
    assert_eq!(delay(&[], &[("SCOOPI_CONFIG", "")]), "1  # conf/scoopi.toml:2");
    assert_eq!(delay(&["--conf", "option.toml"], &[("SCOOPI_CONFIG", "named.toml")]), "3  # option.toml:2");
    assert_eq!(delay(&["--conf", "option.toml"], &[("SCOOPI_CONFIG", "nowhere")]), "3  # option.toml:2");
    let ended = exits(&scoopi, 2, &RUN, &[("SCOOPI_CONFIG", "nowhere.toml")]);
    ended.said(&["nowhere.toml", "SCOOPI_CONFIG names this file"]);
}

#[test]
fn a_variable_filters_log_lines_unless_an_option_does() {
    let scoopi = folder();
    let said = |arguments: &[&str], filter: &str| {
        let ended = exits(&scoopi, 0, &[&RUN, arguments].concat(), &[("RUST_LOG", filter)]);
        (ended.stderr, scoopi.read("logs/scoopi.log"))
    };
    let (stderr, file) = said(&[], "scoopi=debug");
    assert!(stderr.contains("DEBUG page fetched") && file.contains("DEBUG page fetched"), "{stderr}{file}");
    let (stderr, file) = said(&[], "off");
    assert_eq!((&*stderr, &*file), ("", ""));
    let (stderr, file) = said(&[], "");
    assert!(stderr.is_empty() && file.contains("the run has ended"), "{stderr}{file}");
    let (stderr, file) = said(&["-v"], "off");
    assert!(stderr.contains("the run has ended") && file.contains("the run has ended"), "{stderr}{file}");
    assert_eq!(said(&["-q"], "trace").0, "");
}

#[test]
fn a_wrong_filter_is_named_and_nothing_runs() {
    let scoopi = folder();
    for arguments in [&RUN[..], &["-q", "--output", "output"]] {
        let ended = exits(&scoopi, 2, arguments, &[("RUST_LOG", "scoopi=loud")]);
        ended.said(&["the environment variable RUST_LOG is \"scoopi=loud\"", "debug"]);
        assert!(!ended.stderr.contains("panic"), "{ended:#?}");
    }
    assert!(!scoopi.path("output").exists());
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let scoopi = folder();
    let check = |arguments: &[&str], variables: &[(&str, &str)], is_colored: bool| {
        for (code, line) in [
            (0, &["--output", "output", "-v"][..]),
            (2, &["run", "--set", "loader.fetch.dely=1"]),
            (2, &["check", "--nonsense"]),
            (0, &["check", "--set", "wait=1"]),
        ] {
            let ended = exits(&scoopi, code, &[line, arguments].concat(), variables);
            assert!(!ended.stderr.is_empty(), "{ended:#?}");
            assert_eq!(ended.stderr.contains('\x1b'), is_colored, "{line:?} {arguments:?} {ended:#?}");
            assert!(!ended.stdout.contains('\x1b'), "{ended:#?}");
        }
        assert!(!scoopi.read("logs/scoopi.log").contains('\x1b'));
    };
    check(&[], &[], false);
    check(&["--color", "auto"], &[], false);
    check(&["--color=never"], &[], false);
    check(&["--color", "always"], &[], true);
    check(&["--color", "always"], &[("NO_COLOR", "1")], true);
    check(&["--color", "never"], &[("NO_COLOR", "")], false);
    let ended = exits(&scoopi, 0, &["--color", "always", "-v", "--output", "output"], &[]);
    ended.said(&["\x1b[32mINFO\x1b[0m the run has ended"]);
    let json = exits(&scoopi, 0, &["--color=always", "-v", "--log-format=json", "--output", "output"], &[]);
    assert!(
        json.stderr.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{json:#?}"
    );
    exits(&scoopi, 2, &["--color", "pink"], &[]).said(&["pink", "auto, always, never"]);
}

#[test]
fn a_terminal_has_colours_unless_no_color_is_set() {
    let scoopi = folder();
    // `script` gives the program a terminal.
    let said = |variables: &[(&str, &str)]| {
        let line = format!("'{}' check --set wait=1", env!("CARGO_BIN_EXE_scoopi"));
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(scoopi.path(""));
        command.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
        let output = command.stdin(std::process::Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("no longer has an effect"), "{text}");
        Some(text.contains("\x1b[33mwarning:"))
    };
    let Some(colored) = said(&[]) else {
        return needs::lacks("script", "this machine has no program `script`");
    };
    assert!(colored);
    assert_eq!(said(&[("NO_COLOR", "")]), Some(true));
    assert_eq!(said(&[("NO_COLOR", "1")]), Some(false));
    assert_eq!(said(&[("TERM", "dumb")]), Some(false));
}

#[test]
fn variables_that_tests_and_scripts_use_are_settings_or_are_passed_over() {
    // Names that tests write wrong on purpose, and beginnings of names.
    let wrong = ["LOADER_FETCH_DELY", "POOLSIZE_", "NONSENSE", ""];
    let mut names = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "tests", "benches", "scripts", "docs", "conf", ".ci", "examples"];
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            for rest in text.split("SCOOPI_").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
                names.insert(rest[..end].to_owned());
            }
        }
    }
    assert!(names.contains("SEED") && names.contains("CONFIG"), "{names:?}");
    for name in names.iter().filter(|name| !wrong.contains(&&***name)) {
        let variable = (format!("SCOOPI_{name}"), "1".to_owned());
        assert!(
            Layers::default().environment([variable]).is_ok(),
            "put SCOOPI_{name} into src/conf/variables.rs"
        );
    }
    let scoopi = folder();
    for name in ["SCOOPI_SEED", "SCOOPI_SHARED", "SCOOPI_REQUIRE", "SCOOPI_ADVISORIES", "SCOOPI_BLESS"] {
        exits(&scoopi, 0, &["check"], &[(name, "x")]);
    }
    exits(&scoopi, 2, &["check"], &[("SCOOPI_NONSENSE", "x")]).said(&["SCOOPI_NONSENSE"]);
}
