//! Damaged files: refused or read right, and never a panic, a hang or wrong bytes.
//!
//! A child process opens what the parent has spoilt, since the databases may do anything with files that they did not
//! write: so a hang or an abort is seen and not suffered. The child is this test binary again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use scoopi::internals::store::log;
use scoopi::internals::store::log::Durability;
use scoopi::internals::store::log::LogError;
use scoopi::internals::store::log::LogKind;

use crate::all;

const CHILD: &str = "SCOOPI_LOG_DAMAGED";
/// Ends the line in which the child reports.
const REPORT: &str = "damage report: ";

/// The child: opens the log named in the environment, reads it, writes to it, and reports.
#[test]
fn an_open_of_damaged_files() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let (kind, dir) = what.split_once(':').unwrap();
    let verdict = match log::open(kind.parse().unwrap(), Path::new(dir), Durability::Process) {
        Err(error) => refusal(&error),
        Ok(mut log) => match all(&*log, log.purged().map_or(0, |purged| purged + 1)) {
            Err(error) => refusal(&error),
            Ok(read) if read.iter().any(|(index, bytes)| *bytes != spoilt_entry(*index)) => {
                "wrong bytes".to_owned()
            }
            Ok(read) => {
                let next = read.last().map_or(1, |(last, _)| last + 1);
                let after = log.append(next, &[b"after"]).map_err(|e| refusal(&e));
                format!("read {} {after:?}", read.len())
            }
        },
    };
    // Past the test harness, which would hold back what is printed.
    writeln!(std::io::stderr(), "{REPORT}{verdict}").unwrap();
    std::process::exit(0);
}

fn refusal(error: &LogError) -> String {
    let text = error.to_string();
    let kind = match error {
        LogError::Damaged { .. } => "damaged",
        LogError::Unreadable { .. } => "unreadable",
        LogError::Io { .. } => "io",
        _ => "other",
    };
    let names_a_way_out = matches!(error, LogError::Io { .. }) || text.contains("--fresh");
    if names_a_way_out { format!("refused: {kind}") } else { format!("no way out: {text}") }
}

fn spoilt_entry(index: u64) -> Vec<u8> {
    let len = (index * 7919 % 9000) as usize;
    let mut bytes = index.to_le_bytes().to_vec();
    bytes.resize(8 + len, index as u8);
    bytes
}

/// Spoils a file: some bytes flipped, a run zeroed, or the end cut off.
fn spoil(path: &Path, random: &mut impl FnMut(u64) -> u64) {
    let mut bytes = fs::read(path).unwrap();
    let len = bytes.len() as u64;
    if len == 0 {
        return;
    }
    match random(4) {
        0 => bytes.truncate(random(len) as usize),
        1 => {
            let at = random(len) as usize;
            let end = (at + random(20_000) as usize).min(bytes.len());
            bytes[at..end].fill(0);
        }
        2 => {
            // The first page is where databases keep what they trust most.
            let at = random(len.min(512)) as usize;
            bytes[at] ^= 1 << random(8);
        }
        _ => {
            for _ in 0..=random(16) {
                let at = random(len) as usize;
                bytes[at] = random(256) as u8;
            }
        }
    }
    fs::write(path, bytes).unwrap();
}

/// Every file below a folder, in order.
pub(crate) fn database_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for found in fs::read_dir(dir).unwrap().map(|found| found.unwrap().path()) {
        if found.is_dir() {
            files.extend(database_files(&found));
        } else {
            files.push(found);
        }
    }
    files.sort();
    files
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for found in fs::read_dir(from).unwrap().map(|found| found.unwrap().path()) {
        let target = to.join(found.file_name().unwrap());
        if found.is_dir() {
            copy_folder(&found, &target);
        } else {
            fs::copy(&found, &target).unwrap();
        }
    }
}

#[test]
fn damaged_files_are_refused_or_read_right_but_never_panic_hang_or_give_wrong_bytes() {
    for kind in LogKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let good = dir.path().join("good");
        let mut log = log::open(kind, &good, Durability::Process).unwrap();
        for index in 1..=200 {
            log.append(index, &[&spoilt_entry(index)]).unwrap();
        }
        log.put_meta("vote", b"1").unwrap();
        log.purge(20).unwrap();
        drop(log);
        let rounds = std::env::var("SCOOPI_LOG_DAMAGE_ROUNDS").map_or(12, |n| n.parse().unwrap());
        let mut tally = BTreeMap::new();
        for round in 0..rounds {
            let mut state = 0x9e37_79b9_7f4a_7c15 ^ (round + 1);
            let mut random = |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            let bad = dir.path().join("bad");
            copy_folder(&good, &bad);
            let files = database_files(&bad);
            spoil(&files[random(files.len() as u64) as usize], &mut random);
            let verdict = open_in_child(kind, &bad);
            let is_allowed = verdict.starts_with("refused: ") || reads_enough(kind, &verdict);
            assert!(is_allowed, "{kind}, round {round}: {verdict}");
            *tally.entry(verdict).or_insert(0) += 1;
            fs::remove_dir_all(&bad).unwrap();
        }
        println!("{kind}: {tally:?}");
    }
}

/// sled takes the first write that is not intact for the end of an interrupted one, and forgets what came after it,
/// without a word; that is told in the decision on the default. Nothing may lose all.
fn reads_enough(kind: LogKind, verdict: &str) -> bool {
    match kind {
        LogKind::Sled => verdict.starts_with("read ") && !verdict.starts_with("read 0 "),
        LogKind::Redb => verdict == "read 180 Ok(())",
    }
}

fn open_in_child(kind: LogKind, dir: &Path) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "damage::an_open_of_damaged_files", "--nocapture"])
        .env(CHILD, format!("{kind}:{}", dir.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || std::io::read_to_string(&mut stderr).unwrap_or_default());
    let status = wait(&mut child);
    let said = reading.join().unwrap();
    let report = said.lines().find_map(|line| line.strip_prefix(REPORT));
    report.map_or_else(|| format!("no report, {status}: {said}"), str::to_owned)
}

/// Waits for the child to end, and kills it when it takes longer than any open may.
fn wait(child: &mut Child) -> String {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.to_string();
        }
        if begin.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            child.wait().unwrap();
            return "hung".to_owned();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
