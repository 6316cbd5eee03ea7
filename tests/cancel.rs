//! Stopping a run in good order, and what may be done with a run that has stopped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::pty::OpenptFlags;
use rustix::pty::grantpt;
use rustix::pty::openpt;
use rustix::pty::ptsname;
use rustix::pty::unlockpt;
use support::held::Held;
use support::random::Random;
use support::scoopi::Ended;
use support::scoopi::RUN_DATE;
use support::scoopi::Running;
use support::scoopi::STAMP;
use support::scoopi::Scoopi;
use support::scoopi::bare;
use support::site::Site;

/// 51 pages.
const SITE: Site = Site { lists: 1, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 4;

const RUN: [&str; 2] = ["--output", "output"];
const RESUME: [&str; 3] = ["--output", "output", "--resume"];

fn folder(server: &Held) -> Scoopi {
    let parallelism = format!("loader.fetch.parallelism={AT_ONCE}");
    Scoopi::new(&SITE.definitions(&server.start_url())).with(&[
        RUN_DATE,
        "loader.fetch.delay=0",
        &parallelism,
    ])
}

/// Starts a run and waits until as many pages are in flight as may be.
fn in_flight(scoopi: &Scoopi, server: &Held) -> Running {
    let running = scoopi.start(&["--output", "output", "-vv"]);
    server.wait_for_items(AT_ONCE);
    running
}

/// A run that was cancelled with pages in flight, which were then answered.
fn cancelled(scoopi: &Scoopi, server: &Held, signal: &str) -> Ended {
    let running = in_flight(scoopi, server);
    running.signal(signal);
    // One page came before, so one job was taken ahead.
    running.says("given back");
    server.open();
    let ended = running.ended();
    assert_eq!(ended.code(), Some(130), "{ended:#?}");
    ended
}

/// The items that rows are there of.
fn items(rows: &str) -> BTreeSet<String> {
    rows.lines().map(|row| row.split('|').nth(3).unwrap().to_owned()).collect()
}

/// All rows of the site are there, each once.
fn verify(scoopi: &Scoopi, ended: &Ended) {
    assert_eq!(ended.code(), Some(0), "{ended:#?}");
    let text = scoopi.rows();
    let mut rows: Vec<_> = text.lines().collect();
    rows.sort_unstable();
    assert_eq!(rows, SITE.rows());
}

#[test]
fn a_signal_lets_what_is_in_flight_end_and_begins_nothing_new() {
    for signal in ["INT", "TERM", "HUP"] {
        let server = Held::start(SITE);
        let scoopi = folder(&server);
        let ended = cancelled(&scoopi, &server, signal);
        let asked: BTreeSet<String> = server.items().into_iter().collect();
        assert_eq!(
            items(&scoopi.rows()),
            asked,
            "{signal}: what was asked for was committed, and nothing else"
        );
        assert_eq!(asked.len(), AT_ONCE, "{signal}: {asked:?}");
        let left = SITE.items() - asked.len();
        assert_eq!(
            ended.summary("status"),
            format!("cancelled, {left} jobs left; `--resume` continues with them")
        );
        assert_eq!(ended.summary("rows"), (2 * asked.len()).to_string());
        let ended = scoopi.run(&RESUME);
        verify(&scoopi, &ended);
        assert_eq!(server.items().len(), SITE.items(), "{signal}: a page was asked for twice");
        assert!(!scoopi.path("data/run").exists());
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_the_run_can_be_resumed() {
    for signals in [["INT", "INT"], ["TERM", "INT"], ["HUP", "INT"]] {
        let server = Held::start(SITE);
        let scoopi = folder(&server);
        let running = in_flight(&scoopi, &server);
        running.signal(signals[0]);
        running.says("cancel requested");
        running.signal(signals[1]);
        // The server still holds its answers.
        let ended = running.ended();
        assert_eq!(ended.code(), Some(130), "{ended:#?}");
        ended.said(&["leaving at once", "--resume"]);
        assert_eq!(ended.stdout, "");
        assert_eq!(scoopi.rows(), "");
        server.open();
        verify(&scoopi, &scoopi.run(&RESUME));
    }
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_is_ignored_as_nohup_wants_it() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    let own = scoopi.command(&["--output", "output", "-vv"]);
    let mut command = bare("sh");
    command.args(["-c", r#"trap '' HUP; exec "$0" "$@""#]).arg(own.get_program()).args(own.get_args());
    command.current_dir(scoopi.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::start(&mut command);
    server.wait_for_items(AT_ONCE);
    running.signal("HUP");
    running.signal("INT");
    running.says("given back");
    server.open();
    let ended = running.ended();
    assert_eq!(ended.code(), Some(130), "{ended:#?}");
    assert!(!ended.stderr.contains("leaving at once"), "the hangup counted: {ended:#?}");
    assert!(ended.summary("status").starts_with("cancelled, "), "{ended:#?}");
    verify(&scoopi, &scoopi.run(&RESUME));
}

/// A terminal: the side of its user, and the side of programs.
fn terminal() -> (OwnedFd, File) {
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let name = ptsname(&user, vec![]).unwrap().into_string().unwrap();
    let not_ours = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
    let program = File::options().read(true).write(true).custom_flags(not_ours).open(name).unwrap();
    (user, program)
}

#[test]
fn a_terminal_that_is_closed_lets_what_is_in_flight_end() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    let (user, program) = terminal();
    let running = Running::start(scoopi.command(&RUN).stderr(program));
    server.wait_for_items(AT_ONCE);
    let (mut shown, mut user) = (vec![], File::from(user));
    while !String::from_utf8_lossy(&shown).contains("pages 1 done") {
        let mut piece = [0; 4096];
        let length = user.read(&mut piece).unwrap();
        shown.extend_from_slice(&piece[..length]);
    }
    drop(user);
    // The shell sends one, and the kernel another one.
    running.signal("HUP");
    running.signal("HUP");
    server.open();
    let ended = running.ended();
    assert!(matches!(ended.code(), Some(0 | 130)), "{ended:#?}");
    assert!(ended.stdout.starts_with("status "), "{ended:#?}");
    let log = scoopi.read("logs/scoopi.log");
    assert!(log.contains("cancel requested") && !log.contains("leaving at once"), "{log}");
    verify(&scoopi, &scoopi.run(&RESUME));
    assert_eq!(server.items().len(), SITE.items(), "a page was asked for twice");
}

#[test]
fn a_cancel_when_only_the_last_pages_are_in_flight_leaves_nothing_undone() {
    let server = Held::start(SITE);
    let at_once = format!("loader.fetch.parallelism={}", SITE.items());
    let scoopi = folder(&server).with(&[&at_once]);
    let running = scoopi.start(&RUN);
    server.wait_for_items(SITE.items());
    running.signal("INT");
    running.says("cancel requested");
    server.open();
    let ended = running.ended();
    verify(&scoopi, &ended);
    assert!(!scoopi.path("data/run").exists());
}

#[test]
fn an_unfinished_run_is_not_touched_until_somebody_says_what_to_do_with_it() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    let ended = cancelled(&scoopi, &server, "INT");
    let (done, rows) = (ended.summary("pages").split(' ').next().unwrap().to_owned(), scoopi.rows());
    for _ in 0..2 {
        let ended = scoopi.exits(2, &RUN);
        ended.said(&[
            "an unfinished run lies in data/run",
            &format!("{done} jobs done"),
            "--resume",
            "--fresh",
        ]);
        assert_eq!((scoopi.rows(), &*ended.stdout), (rows.clone(), ""));
    }
    scoopi.exits(2, &["--resume", "--fresh"]).said(&["--resume", "--fresh"]);
    let before = server.items().len();
    let ended = scoopi.run(&["--output", "output", "--fresh"]);
    verify(&scoopi, &ended);
    assert_eq!(server.items().len() - before, SITE.items(), "`--fresh` begins at the start");
}

#[test]
fn a_resumed_run_goes_on_in_its_own_folder_of_output() {
    let server = Held::start(SITE);
    let definitions = SITE.definitions(&server.start_url());
    let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
    let scoopi = Scoopi::new(&definitions).with(&["loader.fetch.delay=0", &at_once]);
    cancelled(&scoopi, &server, "INT");
    let ended = scoopi.exits(0, &["--output", "elsewhere", "--resume"]);
    ended.said(&["the run continues with its own values of scoopi.appender.file.baseDir"]);
    assert!(!scoopi.path("elsewhere").exists());
    let folders: Vec<_> =
        fs::read_dir(scoopi.path("output")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let mut rows: Vec<_> =
        fs::read_to_string(folders[0].join("data.txt")).unwrap().lines().map(str::to_owned).collect();
    rows.sort();
    assert_eq!(rows, SITE.rows());
    assert!(
        ended
            .summary("output")
            .contains(&*folders[0].strip_prefix(scoopi.path("")).unwrap().to_string_lossy())
    );
}

#[test]
fn a_resumed_run_goes_on_with_the_definitions_that_it_began_with_and_says_so() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    cancelled(&scoopi, &server, "INT");
    let changed = scoopi.read("defs/job.yml").replace("delimiter: \"|\"", "delimiter: \";\"");
    for content in [changed.as_str(), "locatorGroups: nonsense"] {
        scoopi.write("defs/job.yml", content);
        scoopi.exits(2, &RUN).said(&["an unfinished run"]);
    }
    let ended = scoopi.run(&RESUME);
    ended.said(&["the definitions are not those that the run began with", "--fresh"]);
    verify(&scoopi, &ended);
}

#[test]
fn a_moved_definition_is_no_changed_definition() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    cancelled(&scoopi, &server, "INT");
    scoopi.write("defs/job.yml", format!("# a comment\n\n{}", scoopi.read("defs/job.yml")));
    let ended = scoopi.run(&RESUME);
    assert_eq!(ended.stderr, "");
    verify(&scoopi, &ended);
}

#[test]
fn with_nothing_to_resume_a_new_run_begins_and_says_so() {
    let server = Held::start(SITE);
    server.open();
    let scoopi = folder(&server);
    let ended = scoopi.run(&RESUME);
    ended.said(&["nothing to resume", "new run"]);
    verify(&scoopi, &ended);
    // The run is over, so there is nothing to resume, to refuse or to discard.
    for arguments in [&RESUME[..], &RUN, &["--output", "output", "--fresh"]] {
        verify(&scoopi, &scoopi.run(arguments));
    }
}

#[test]
fn a_second_process_on_the_same_data_says_so_and_does_no_harm() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    let running = in_flight(&scoopi, &server);
    let log = scoopi.read("logs/scoopi.log");
    for arguments in [&RUN[..], &RESUME, &["--output", "output", "--fresh"]] {
        let ended = scoopi.exits(1, arguments);
        ended.said(&["another scoopi uses", "data"]);
    }
    assert!(scoopi.read("logs/scoopi.log").starts_with(&log));
    server.open();
    verify(&scoopi, &running.ended());
    assert_eq!(server.items().len(), SITE.items());
}

#[test]
fn a_run_goes_on_only_with_the_kind_of_log_that_it_has() {
    let server = Held::start(SITE);
    let scoopi = folder(&server);
    cancelled(&scoopi, &server, "INT");
    let ended = scoopi.exits(1, &["--output", "output", "--resume", "--set", "store.kind=sled"]);
    ended.said(&["kept by redb, not sled"]);
    verify(&scoopi, &scoopi.run(&RESUME));
    assert!(scoopi.path("output").join(STAMP).is_dir());
}

#[test]
fn a_page_that_waits_for_its_turn_at_the_host_is_left_to_the_resumed_run() {
    let server = Held::start(SITE);
    // The list is asked for at once, the first item would be in ten minutes.
    let scoopi = Scoopi::new(&SITE.definitions(&server.start_url())).with(&[RUN_DATE]);
    let running = scoopi.start(&["--output", "output", "-vv", "--set", "loader.fetch.delay=600000"]);
    running.says("done locator=shop");
    running.signal("INT");
    let ended = running.ended();
    assert_eq!(ended.code(), Some(130), "{ended:#?}");
    assert_eq!(ended.summary("status"), "cancelled, 50 jobs left; `--resume` continues with them");
    assert!(ended.summary("errors").starts_with("0, 0 tried again"), "{ended:#?}");
    assert_eq!(server.items(), [""; 0]);
    server.open();
    verify(&scoopi, &scoopi.run(&["--output", "output", "--resume", "--set", "loader.fetch.delay=0"]));
}

#[test]
fn a_signal_at_any_moment_leaves_a_run_that_can_be_resumed() {
    let server = Held::start(SITE);
    server.open();
    let mut random = Random::new("cancel", 1);
    let scoopi = folder(&server);
    let begun = Instant::now();
    verify(&scoopi, &scoopi.run(&RUN));
    let most = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let mut cancelled = 0;
    for trial in 0..20 {
        let after = Duration::from_micros(random.below(most));
        let ended = scoopi.start(&RUN).ended_within(after).unwrap_or_else(|running| {
            running.signal(if trial % 2 == 0 { "INT" } else { "TERM" });
            running.ended()
        });
        // In its very first moments nobody listens yet, and the signal ends the process.
        assert!(matches!(ended.code(), Some(0 | 130) | None), "{after:?}: {ended:#?}");
        cancelled += usize::from(ended.code() == Some(130));
        verify(&scoopi, &scoopi.run(&RESUME));
    }
    assert!(cancelled > 2, "{cancelled} of 20 signals met a run");
}
