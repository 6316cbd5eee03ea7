//! What every durable log must do, told once and asked of each kind at each durability.
//!
//! Knows only the trait and the folder layout that users see. `damage` spoils the files; `model` asks for any sequence
//! of calls.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod damage;
mod model;

use std::fs;
use std::path::PathBuf;

use damage::database_files;
use scoopi::internals::store::log;
use scoopi::internals::store::log::Durability;
use scoopi::internals::store::log::DurableLog;
use scoopi::internals::store::log::ENTRY_LIMIT;
use scoopi::internals::store::log::LogError;
use scoopi::internals::store::log::LogKind;
use scoopi::internals::store::log::META_NAME_LIMIT;
use scoopi::internals::store::log::META_VALUE_LIMIT;
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
