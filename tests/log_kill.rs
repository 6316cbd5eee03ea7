//! What a log acknowledged is there after the writing process was killed at any moment.
//!
//! The child is this test binary again, told by an environment variable to write until it dies. Entries are a
//! function of their number, so the parent can check each one, acknowledged or not, without remembering it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use scoopi::internals::store::log;
use scoopi::internals::store::log::Durability;
use scoopi::internals::store::log::DurableLog;
use scoopi::internals::store::log::LogKind;

const CHILD: &str = "SCOOPI_LOG_CHILD";
const KILLS: u64 = 15;
/// The child purges every so many entries, keeping as many.
const KEPT: u64 = 300;

/// A sequence without pattern, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Mostly rows of some hundred bytes; now and then one that an engine must cut.
fn entry(index: u64) -> Vec<u8> {
    let len = if index.is_multiple_of(40) { 30_000 } else { index * 7919 % 900 };
    let mut bytes = index.to_le_bytes().to_vec();
    bytes.resize(8 + len as usize, index as u8);
    bytes
}

/// The child: appends and purges, and says so after each call, until it is killed.
#[test]
fn child_writer() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let [kind, durability, seed, dir]: [&str; 4] =
        what.splitn(4, ':').collect::<Vec<_>>().try_into().unwrap();
    let mut log = log::open(kind.parse().unwrap(), Path::new(dir), durability_of(durability)).unwrap();
    let mut random = Random(seed.parse().unwrap());
    let mut next = log.bounds().map(|(_, last)| last).or(log.purged()).unwrap_or(0) + 1;
    loop {
        let entries: Vec<_> = (next..=next + random.below(30)).map(entry).collect();
        log.append(next, &entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        next += entries.len() as u64;
        say("appended", next - 1);
        if log.bounds().is_some_and(|(first, last)| last - first > 2 * KEPT) {
            log.purge(next - KEPT).unwrap();
            say("purged", next - KEPT);
        }
        if random.below(20) == 0 {
            // What is cut off is written again, so that its acknowledgement stays true in the end.
            log.truncate(next - 1).unwrap();
            log.append(next - 1, &[&entry(next - 1)]).unwrap();
        }
    }
}

/// One write past the test harness, which would hold back what is printed.
fn say(word: &str, index: u64) {
    let line = format!("{word} {index}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

fn durability_of(name: &str) -> Durability {
    if name == "Fsync" { Durability::Fsync } else { Durability::Process }
}

/// What the child was promised.
#[derive(Debug, Default)]
struct Promised {
    appended: u64,
    purged: u64,
}

impl Promised {
    fn hear(&mut self, line: &str) -> bool {
        let Some((word, index)) = line.split_once(' ') else { return false };
        let Ok(index) = index.parse() else { return false };
        match word {
            // The last entry may be cut off and written again at the moment of the kill: it is not yet promised.
            "appended" => self.appended = index - 1,
            "purged" => self.purged = index,
            _ => return false,
        }
        true
    }
}

fn check(kind: LogKind, durability: Durability) {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed + kind as u64 * 2 + durability as u64);
    let mut promised = Promised::default();
    for kill in 0..KILLS {
        let (mut child, said) = start(kind, durability, random.below(u64::MAX), dir.path());
        let mut said = BufReader::new(said).lines().map(Result::unwrap);
        let mut acknowledgements = 5 + random.below(60);
        while acknowledgements > 0 {
            let line =
                said.next().unwrap_or_else(|| panic!("{kind}: the child ended by itself at kill {kill}"));
            acknowledgements -= u64::from(promised.hear(&line));
        }
        // Into the middle of what comes next.
        let moment = Instant::now() + Duration::from_micros(random.below(3000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died, and nobody had heard yet, was promised too.
        for line in said {
            promised.hear(&line);
        }
        let log = log::open(kind, dir.path(), durability).unwrap();
        verify(&*log, &promised, &format!("{kind} {durability:?}, kill {kill}"));
    }
    println!("{kind} {durability:?}: {KILLS} kills, {promised:?}");
}

fn start(kind: LogKind, durability: Durability, seed: u64, dir: &Path) -> (Child, ChildStdout) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_writer", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{kind}:{durability:?}:{}:{}", seed | 1, dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = child.stdout.take().unwrap();
    (child, said)
}

fn verify(log: &dyn DurableLog, promised: &Promised, when: &str) {
    let purged = log.purged().unwrap_or(0);
    let (first, last) = log.bounds().unwrap_or_else(|| panic!("{when}: everything is gone"));
    assert!(purged >= promised.purged, "{when}: purged entries came back");
    assert!(last >= promised.appended, "{when}: {last} is the last, {promised:?}");
    assert_eq!(first, purged + 1, "{when}");
    let mut next = first;
    for read in log.read(first).unwrap() {
        let (index, bytes) = read.unwrap_or_else(|e| panic!("{when}: {e}"));
        assert_eq!(index, next, "{when}");
        assert!(bytes == entry(index), "{when}: entry {index} has other bytes");
        next += 1;
    }
    assert_eq!(next, last + 1, "{when}");
}

#[test]
fn sled_keeps_what_it_acknowledged_when_killed() {
    check(LogKind::Sled, Durability::Fsync);
    check(LogKind::Sled, Durability::Process);
}

#[test]
fn redb_keeps_what_it_acknowledged_when_killed() {
    check(LogKind::Redb, Durability::Fsync);
    check(LogKind::Redb, Durability::Process);
}
