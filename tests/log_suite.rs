//! What every durable log must do, told once and asked of each kind at each durability.
//!
//! Knows only the trait and the folder layout that users see. Damage is tested in a child process, since the
//! databases may do anything with files that they did not write; see `an_open_of_damaged_files`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

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

use proptest::prelude::*;
use proptest::sample::Index;
use scoopi::store::log;
use scoopi::store::log::Durability;
use scoopi::store::log::DurableLog;
use scoopi::store::log::ENTRY_LIMIT;
use scoopi::store::log::LogError;
use scoopi::store::log::LogKind;
use scoopi::store::log::META_NAME_LIMIT;
use scoopi::store::log::META_VALUE_LIMIT;
use tempfile::TempDir;

/// Every log there is. A new engine is one more kind in `LogKind::ALL`.
fn cases() -> impl Iterator<Item = Case> {
    LogKind::ALL.into_iter().flat_map(|kind| {
        [Durability::Fsync, Durability::Process].map(|durability| Case {
            kind,
            durability,
            dir: tempfile::tempdir().unwrap(),
        })
    })
}

/// One kind of log in a folder of its own.
struct Case {
    kind: LogKind,
    durability: Durability,
    dir: TempDir,
}

impl Case {
    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn try_open(&self) -> Result<Box<dyn DurableLog>, LogError> {
        log::open(self.kind, &self.path(), self.durability)
    }

    fn open(&self) -> Box<dyn DurableLog> {
        self.try_open().unwrap()
    }
}

/// Asks a question of every log: once as it is, so that a check may reopen it by the case.
fn check(question: impl Fn(&Case)) {
    for case in cases() {
        println!("{} with {:?}", case.kind, case.durability);
        question(&case);
    }
}

fn all(log: &dyn DurableLog, from: u64) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
    log.read(from)?.collect()
}

/// An entry that is recognised by its number.
fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn append(log: &mut dyn DurableLog, indexes: std::ops::RangeInclusive<u64>) {
    let entries: Vec<_> = indexes.clone().map(entry).collect();
    let entries: Vec<_> = entries.iter().map(Vec::as_slice).collect();
    log.append(*indexes.start(), &entries).unwrap();
}

fn numbered(indexes: std::ops::RangeInclusive<u64>) -> Vec<(u64, Vec<u8>)> {
    indexes.map(|index| (index, entry(index))).collect()
}

#[test]
fn a_new_log_is_empty() {
    check(|case| {
        let log = case.open();
        assert_eq!((log.bounds(), log.purged()), (None, None));
        assert!(all(&*log, 0).unwrap().is_empty());
        assert_eq!(log.meta("vote").unwrap(), None);
    });
}

#[test]
fn what_was_appended_is_read_back_in_order_from_anywhere() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1..=3);
        append(&mut *log, 4..=40);
        assert_eq!(log.bounds(), Some((1, 40)));
        assert_eq!(all(&*log, 0).unwrap(), numbered(1..=40));
        assert_eq!(all(&*log, 17).unwrap(), numbered(17..=40));
        assert!(all(&*log, 41).unwrap().is_empty());
    });
}

#[test]
fn a_log_begins_at_any_number() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1000..=1001);
        assert_eq!(log.bounds(), Some((1000, 1001)));
        drop(log);
        let mut log = case.open();
        append(&mut *log, 1002..=1002);
        assert_eq!(all(&*log, 0).unwrap(), numbered(1000..=1002));
    });
}

#[test]
fn everything_is_there_after_a_reopen() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1..=100);
        log.put_meta("vote", b"term 4").unwrap();
        log.purge(30).unwrap();
        log.truncate(91).unwrap();
        drop(log);
        let log = case.open();
        assert_eq!((log.bounds(), log.purged()), (Some((31, 90)), Some(30)));
        assert_eq!(all(&*log, 31).unwrap(), numbered(31..=90));
        assert_eq!(log.meta("vote").unwrap().unwrap(), b"term 4");
    });
}

#[test]
fn an_append_that_does_not_follow_is_refused_and_changes_nothing() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 5..=9);
        for wrong in [0, 4, 5, 9, 11, u64::MAX] {
            let refused = log.append(wrong, &[b"x"]);
            assert!(
                matches!(refused, Err(LogError::NotConsecutive { expected: 10, got }) if got == wrong),
                "{refused:?}"
            );
        }
        append(&mut *log, 10..=10);
        assert_eq!(all(&*log, 5).unwrap(), numbered(5..=10));
    });
}

#[test]
fn nothing_appended_is_no_write() {
    check(|case| {
        let mut log = case.open();
        log.append(77, &[]).unwrap();
        assert_eq!(log.bounds(), None);
        append(&mut *log, 1..=1);
    });
}

#[test]
fn numbers_end_before_they_overflow() {
    check(|case| {
        let mut log = case.open();
        let refused = log.append(u64::MAX, &[b"x"]);
        assert!(matches!(refused, Err(LogError::Exhausted { .. })), "{refused:?}");
        log.append(u64::MAX - 1, &[b"x"]).unwrap();
        assert!(log.append(u64::MAX, &[b"x"]).is_err());
        assert!(log.purge(u64::MAX).is_err());
        assert_eq!(log.bounds(), Some((u64::MAX - 1, u64::MAX - 1)));
    });
}

#[test]
fn purged_entries_are_gone_and_asking_for_them_is_an_error() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1..=50);
        log.purge(20).unwrap();
        log.purge(10).unwrap();
        assert_eq!((log.bounds(), log.purged()), (Some((21, 50)), Some(20)));
        let refused = log.read(20).err();
        assert!(matches!(refused, Some(LogError::Purged { wanted: 20, purged: 20 })), "{refused:?}");
        assert_eq!(all(&*log, 21).unwrap(), numbered(21..=50));
    });
}

#[test]
fn a_log_purged_to_its_end_or_beyond_goes_on_after_it() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1..=3);
        log.purge(3).unwrap();
        assert_eq!(log.bounds(), None);
        assert!(matches!(log.append(1, &[b"x"]), Err(LogError::NotConsecutive { expected: 4, .. })));
        append(&mut *log, 4..=5);
        log.purge(100).unwrap();
        drop(log);
        let mut log = case.open();
        assert_eq!((log.bounds(), log.purged()), (None, Some(100)));
        append(&mut *log, 101..=102);
        assert_eq!(all(&*log, 101).unwrap(), numbered(101..=102));
    });
}

#[test]
fn a_truncated_tail_is_gone_and_is_written_anew() {
    check(|case| {
        let mut log = case.open();
        append(&mut *log, 1..=3000);
        log.truncate(3001).unwrap();
        log.truncate(11).unwrap();
        assert_eq!(log.bounds(), Some((1, 10)));
        log.append(11, &[b"other"]).unwrap();
        let read = all(&*log, 10).unwrap();
        assert_eq!(read, [(10, entry(10)), (11, b"other".to_vec())]);
        log.truncate(0).unwrap();
        assert_eq!(log.bounds(), None);
        append(&mut *log, 7..=7);
    });
}

#[test]
fn metadata_is_replaced_and_kept_apart_from_entries() {
    check(|case| {
        let mut log = case.open();
        log.put_meta("vote", b"1").unwrap();
        log.put_meta("votes", b"other").unwrap();
        log.put_meta("vote", b"2").unwrap();
        log.put_meta("", b"").unwrap();
        append(&mut *log, 1..=2);
        log.purge(2).unwrap();
        assert_eq!(log.meta("vote").unwrap().unwrap(), b"2");
        assert_eq!(log.meta("votes").unwrap().unwrap(), b"other");
        assert_eq!(log.meta("").unwrap().unwrap(), b"");
        assert_eq!(log.meta("vot").unwrap(), None);
    });
}

#[test]
fn limits_are_kept_and_an_entry_at_the_limit_is_read_back() {
    check(|case| {
        let mut log = case.open();
        let too_large = vec![1; ENTRY_LIMIT + 1];
        let refused = log.append(1, &[b"small", &too_large]);
        assert!(matches!(refused, Err(LogError::EntryTooLarge { index: 2, .. })), "{refused:?}");
        assert_eq!(log.bounds(), None, "all or none of an append is refused");
        if case.durability == Durability::Process {
            log.append(1, &[&too_large[1..], b"next"]).unwrap();
            let read = all(&*log, 1).unwrap();
            assert!(read[0].1 == too_large[1..] && read[1].1 == b"next");
        }
        let name = "n".repeat(META_NAME_LIMIT);
        let value = vec![2; META_VALUE_LIMIT + 1];
        log.put_meta(&name, &value[1..]).unwrap();
        assert_eq!(log.meta(&name).unwrap().unwrap(), value[1..]);
        assert!(matches!(log.put_meta("n", &value), Err(LogError::MetaTooLarge { .. })));
        assert!(matches!(log.put_meta(&format!("{name}é"), b""), Err(LogError::MetaTooLarge { .. })));
    });
}

#[test]
fn entries_of_every_size_survive() {
    check(|case| {
        let sizes = [0, 1, 4095, 7_000, 7_152, 7_153, 14_320, 14_321, 262_128, 262_129, 700_000];
        let entries: Vec<_> = sizes.iter().map(|size| vec![*size as u8; *size]).collect();
        let slices: Vec<_> = entries.iter().map(Vec::as_slice).collect();
        let mut log = case.open();
        log.append(0, &slices).unwrap();
        drop(log);
        let log = case.open();
        let read: Vec<_> = all(&*log, 0).unwrap().into_iter().map(|(_, bytes)| bytes).collect();
        assert!(read == entries);
    });
}

#[test]
fn a_folder_in_use_is_refused_by_name_and_free_after_the_drop() {
    check(|case| {
        let log = case.open();
        let refused = case.try_open().err().unwrap();
        assert!(matches!(refused, LogError::InUse { .. }));
        assert!(refused.to_string().contains(case.path().to_str().unwrap()));
        let other = log::open(other_kind(case.kind), &case.path(), case.durability).err().unwrap();
        assert!(matches!(other, LogError::InUse { .. }));
        drop(log);
        for _ in 0..10 {
            drop(case.open());
        }
    });
}

#[test]
fn a_folder_of_the_other_kind_is_not_taken_for_an_empty_one() {
    check(|case| {
        append(&mut *case.open(), 1..=1);
        let refused = log::open(other_kind(case.kind), &case.path(), case.durability).err().unwrap();
        assert!(matches!(refused, LogError::OtherKind { found, .. } if found == case.kind), "{refused}");
        assert!(refused.to_string().contains("--fresh"));
    });
}

fn other_kind(kind: LogKind) -> LogKind {
    LogKind::ALL.into_iter().find(|other| *other != kind).unwrap()
}

#[test]
fn database_files_that_vanished_are_damage_and_not_a_fresh_start() {
    check(|case| {
        append(&mut *case.open(), 1..=9);
        let kept = ["lock", "kind"];
        for file in fs::read_dir(case.path()).unwrap().map(Result::unwrap) {
            if !kept.contains(&file.file_name().to_str().unwrap()) {
                fs::rename(file.path(), case.dir.path().join(file.file_name())).unwrap();
            }
        }
        let refused = case.try_open().err().unwrap();
        assert!(matches!(refused, LogError::Unreadable { .. }), "{refused}");
        assert!(refused.to_string().contains("--fresh"));
    });
}

#[test]
fn a_first_open_that_was_interrupted_is_started_over() {
    check(|case| {
        drop(case.open());
        // As if the crash came before the folder was known: the database half made, the kind not noted.
        fs::remove_file(case.path().join("kind")).unwrap();
        for file in database_files(&case.path()) {
            let half = fs::metadata(&file).unwrap().len() / 2;
            fs::write(&file, vec![0; half as usize]).unwrap();
        }
        append(&mut *case.open(), 1..=2);
        assert_eq!(all(&*case.open(), 1).unwrap(), numbered(1..=2));
    });
}

/// sled by itself refuses the folder; found by cutting the power while it opened one.
#[test]
fn an_open_that_was_killed_while_sled_wrote_its_index_is_no_damage() {
    let case = cases().find(|case| case.kind == LogKind::Sled).unwrap();
    append(&mut *case.open(), 1..=50);
    fs::write(case.path().join("sled/snap.00000000FFFFFFFF.generating"), "half of it").unwrap();
    assert_eq!(all(&*case.open(), 1).unwrap(), numbered(1..=50));
}

#[test]
fn a_foreign_kind_file_is_refused() {
    check(|case| {
        drop(case.open());
        for foreign in ["", "scoopi log 2\nsled", "scoopi log 1\nrocks", "\u{0}", &"x".repeat(1 << 20)] {
            fs::write(case.path().join("kind"), foreign).unwrap();
            let refused = case.try_open().err().unwrap();
            assert!(matches!(refused, LogError::Unreadable { .. }), "{refused}");
        }
    });
}

#[test]
fn a_path_that_cannot_be_a_folder_is_an_error_that_names_it() {
    check(|case| {
        fs::write(case.path(), "a file").unwrap();
        let refused = case.try_open().err().unwrap();
        assert!(matches!(refused, LogError::Io { .. }));
        assert!(refused.to_string().contains(case.path().to_str().unwrap()));
    });
}

#[test]
fn kinds_are_read_by_name() {
    for kind in LogKind::ALL {
        assert_eq!(kind.to_string().parse::<LogKind>().unwrap(), kind);
    }
    let error = "rocks".parse::<LogKind>().unwrap_err().to_string();
    assert_eq!(error, "unknown log `rocks`, known are: sled, redb");
}

/// Appends and purges in a circle: what is given back must be used again.
#[test]
fn the_files_do_not_grow_without_bound_over_appends_and_purges() {
    check(|case| {
        if case.durability == Durability::Fsync {
            return;
        }
        let mut log = case.open();
        let row = vec![0x5a; 4096];
        let batch = vec![row.as_slice(); 128];
        let (mut next, mut largest) = (1, 0);
        // 16 rounds of 4 MiB, of which 2 MiB stay.
        for _ in 0..16 {
            for _ in 0..8 {
                log.append(next, &batch).unwrap();
                next += batch.len() as u64;
            }
            log.purge(next - 513).unwrap();
            largest = largest.max(log.size_on_disk().unwrap());
        }
        println!("{}: at most {} KiB for 64 MiB appended", case.kind, largest >> 10);
        assert!(largest < 40 << 20, "{} grew to {largest} bytes", case.kind);
    });
}

// Damage: a child opens what the parent has spoilt, so that a hang or an abort is seen and not suffered.

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

fn database_files(dir: &Path) -> Vec<PathBuf> {
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
        .args(["--exact", "an_open_of_damaged_files", "--nocapture"])
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

// The model: what the log must be after any sequence of calls.

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<usize>),
    AppendWrongly(u64),
    Purge(Index),
    PurgeBeyond(u64),
    Truncate(Index),
    PutMeta(u8, Vec<u8>),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 0..200_usize, 2 => 7_000..15_000_usize, 1 => 200_000..300_000_usize];
    let step = prop_oneof![
        6 => prop::collection::vec(size, 0..12).prop_map(Step::Append),
        1 => any::<u64>().prop_map(Step::AppendWrongly),
        1 => any::<Index>().prop_map(Step::Purge),
        1 => (1..5_u64).prop_map(Step::PurgeBeyond),
        1 => any::<Index>().prop_map(Step::Truncate),
        1 => (0..3_u8, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(name, v)| Step::PutMeta(name, v)),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..24)
}

/// The log as a list.
#[derive(Debug, Default)]
struct Model {
    first: u64,
    entries: Vec<Vec<u8>>,
    purged: Option<u64>,
    meta: BTreeMap<u8, Vec<u8>>,
    made: u64,
}

impl Model {
    fn next(&self) -> u64 {
        if self.entries.is_empty() {
            self.purged.map_or(self.first, |purged| purged + 1)
        } else {
            self.first + self.entries.len() as u64
        }
    }

    fn bounds(&self) -> Option<(u64, u64)> {
        (!self.entries.is_empty()).then(|| (self.first, self.next() - 1))
    }

    fn new_entry(&mut self, len: usize) -> Vec<u8> {
        self.made += 1;
        self.made.to_le_bytes().into_iter().cycle().take(len).collect()
    }

    fn purge(&mut self, up_to: u64) {
        if self.purged.is_none_or(|purged| up_to > purged) {
            let gone = (up_to + 1).saturating_sub(self.first).min(self.entries.len() as u64);
            self.entries.drain(..gone as usize);
            self.first = up_to + 1;
            self.purged = Some(up_to);
        }
    }
}

fn run(case: &Case, steps: Vec<Step>) {
    let mut model = Model { first: 1, ..Model::default() };
    let mut log = case.open();
    for step in steps {
        match step {
            Step::Append(sizes) => {
                let next = model.next();
                let entries: Vec<_> = sizes.into_iter().map(|size| model.new_entry(size)).collect();
                log.append(next, &entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
                if model.entries.is_empty() {
                    model.first = next;
                }
                model.entries.extend(entries);
            }
            Step::AppendWrongly(index) if index != model.next() && model.bounds().is_some() => {
                assert!(log.append(index, &[b"wrong"]).is_err());
            }
            Step::AppendWrongly(_) => {}
            Step::Purge(at) => {
                if let Some((first, last)) = model.bounds() {
                    let up_to = first + at.index((last - first + 1) as usize) as u64;
                    log.purge(up_to).unwrap();
                    model.purge(up_to);
                }
            }
            Step::PurgeBeyond(by) => {
                let up_to = model.next() + by;
                log.purge(up_to).unwrap();
                model.purge(up_to);
            }
            Step::Truncate(at) => {
                let keep = at.index(model.entries.len() + 1);
                log.truncate(model.first + keep as u64).unwrap();
                model.entries.truncate(keep);
            }
            Step::PutMeta(name, value) => {
                log.put_meta(&name.to_string(), &value).unwrap();
                model.meta.insert(name, value);
            }
            Step::Reopen => {
                drop(log);
                log = case.open();
            }
        }
        assert_eq!((log.bounds(), log.purged()), (model.bounds(), model.purged));
    }
    compare(&*log, &model);
    drop(log);
    compare(&*case.open(), &model);
}

fn compare(log: &dyn DurableLog, model: &Model) {
    let read = all(log, model.first).unwrap();
    let expected: Vec<_> = (model.first..).zip(model.entries.iter().cloned()).collect();
    assert!(read == expected, "the entries differ");
    for (name, value) in &model.meta {
        assert_eq!(log.meta(&name.to_string()).unwrap().as_ref(), Some(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_leaves_what_a_list_would_hold(steps in steps()) {
        for kind in LogKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            run(&Case { kind, durability: Durability::Process, dir }, steps.clone());
        }
    }
}
