//! What lies in the place of files that are written or read: pipes, folders, links, sockets, devices.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{PLAIN, RUN, folder, run};
use crate::cases::Cases;
use crate::support::scoopi::Running;
use crate::support::scoopi::STAMP;
use crate::support::scoopi::Scoopi;

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
        let ended = run(&scoopi, &["--set", "store.kind=sled"]);
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
            let ended = run(&scoopi, &[]);
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
