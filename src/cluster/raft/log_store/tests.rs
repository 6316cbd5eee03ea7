//! What of Raft's log survives what, and what is read from where.

use openraft::storage::RaftLogStorageExt;

use crate::cluster::raft::story::{LogEntry, id, killed, on_disk, opaque, soon};
use crate::store::log::{Durability, LogKind};

use super::writer::reason;
use super::*;

const SIZE: usize = 1000;

fn entries(term: u64, numbers: std::ops::Range<u64>) -> Vec<LogEntry> {
    numbers.map(|index| opaque(term, index, SIZE)).collect()
}

async fn indexes(store: &LogStore) -> Vec<(u64, u64)> {
    let entries = store.clone().try_get_log_entries(..).await.unwrap();
    entries.iter().map(|entry| (entry.log_id.leader_id.term, entry.log_id.index)).collect()
}

fn check_on_each_engine<F: Future<Output = ()>>(test: impl Fn(tempfile::TempDir, LogKind) -> F) {
    for kind in LogKind::ALL {
        soon(test(tempfile::tempdir().unwrap(), kind));
    }
}

fn open(dir: &Path, kind: LogKind) -> LogStore {
    LogStore::open(dir, &on_disk(kind)).unwrap()
}

#[test]
fn log_vote_and_purge_are_there_after_a_kill_and_after_an_end() {
    check_on_each_engine(async |dir, kind| {
        let mut store = open(dir.path(), kind);
        store.blocking_append(entries(1, 0..10)).await.unwrap();
        store.truncate(id(1, 7)).await.unwrap();
        store.blocking_append(entries(2, 7..9)).await.unwrap();
        store.save_vote(&Vote::new_committed(3, 4)).await.unwrap();
        store.purge(id(1, 4)).await.unwrap();
        store.purge(id(1, 2)).await.unwrap();
        let copy = killed(dir.path());
        store.close().await;
        for dir in [copy.path(), dir.path()] {
            let mut store = open(dir, kind);
            assert_eq!(indexes(&store).await, [(1, 5), (1, 6), (2, 7), (2, 8)]);
            assert_eq!(store.read_vote().await.unwrap(), Some(Vote::new_committed(3, 4)));
            let state = store.get_log_state().await.unwrap();
            assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(id(1, 4)), Some(id(2, 8))));
            store.blocking_append(entries(2, 9..10)).await.unwrap();
            store.close().await;
        }
    });
}

#[test]
fn a_log_that_was_purged_beyond_its_end_goes_on_behind_that() {
    check_on_each_engine(async |dir, kind| {
        let mut store = open(dir.path(), kind);
        store.blocking_append(entries(1, 0..3)).await.unwrap();
        store.purge(id(5, 20)).await.unwrap();
        store.close().await;
        let mut store = open(dir.path(), kind);
        let state = store.get_log_state().await.unwrap();
        assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(id(5, 20)), Some(id(5, 20))));
        store.blocking_append(entries(5, 21..22)).await.unwrap();
        assert_eq!(indexes(&store).await, [(5, 21)]);
        store.close().await;
    });
}

#[test]
fn a_purge_that_was_interrupted_is_finished() {
    check_on_each_engine(async |dir, kind| {
        let mut store = open(dir.path(), kind);
        store.blocking_append(entries(1, 0..5)).await.unwrap();
        store.close().await;
        // As it is when the process is killed between the two writes.
        let mut log = crate::store::log::open(kind, dir.path(), Durability::Process).unwrap();
        let purged = crate::model::codec::encode(&id(1, 2)).unwrap();
        log.put_meta("raft.purged", &purged).unwrap();
        drop(log);
        let store = open(dir.path(), kind);
        assert_eq!(indexes(&store).await, [(1, 3), (1, 4)]);
        store.close().await;
        let log = crate::store::log::open(kind, dir.path(), Durability::Process).unwrap();
        assert_eq!((log.purged(), log.bounds()), (Some(2), Some((3, 4))));
    });
}

#[test]
fn entries_that_were_purged_without_a_word_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = crate::store::log::open(LogKind::Redb, dir.path(), Durability::Process).unwrap();
    log.append(0, &[b"a", b"b"]).unwrap();
    log.purge(0).unwrap();
    drop(log);
    let error = LogStore::open(dir.path(), &on_disk(LogKind::Redb)).err().unwrap().to_string();
    assert!(error.contains("--fresh"), "{error}");
}

#[test]
fn how_far_is_committed_is_noted_at_the_end_and_never_beyond_the_log() {
    check_on_each_engine(async |dir, kind| {
        let mut store = open(dir.path(), kind);
        store.blocking_append(entries(1, 0..5)).await.unwrap();
        store.save_committed(Some(id(1, 3))).await.unwrap();
        assert_eq!(store.read_committed().await.unwrap(), Some(id(1, 3)));
        let copy = killed(dir.path());
        store.close().await;
        let mut killed = open(copy.path(), kind);
        assert!(killed.read_committed().await.unwrap() <= Some(id(1, 3)));
        killed.close().await;
        let mut store = open(dir.path(), kind);
        assert_eq!(store.read_committed().await.unwrap(), Some(id(1, 3)));
        // The log lost its end: what is left of it is committed.
        store.truncate(id(1, 2)).await.unwrap();
        assert_eq!(store.read_committed().await.unwrap(), Some(id(1, 1)));
        store.close().await;
    });
}

#[test]
fn entries_come_from_memory_and_from_the_disk_as_if_there_was_no_difference() {
    check_on_each_engine(async |dir, kind| {
        let mut store = LogStore::open_keeping(dir.path(), &on_disk(kind), 5 * SIZE).unwrap();
        store.blocking_append(entries(1, 0..6)).await.unwrap();
        store.blocking_append(entries(1, 6..20)).await.unwrap();
        assert!(matches!(store.tail.lock().get(0, 20, 1), Lookup::OnDisk { to: 17, .. }));
        for from in 0..20 {
            for to in from..20 {
                let read = store.try_get_log_entries(from..to).await.unwrap();
                assert_eq!(read, entries(1, from..to), "{from}..{to}");
            }
        }
        assert_eq!(store.try_get_log_entries(18..=40).await.unwrap().len(), 2);
        assert_eq!(store.try_get_log_entries(30..40).await.unwrap(), []);
        store.close().await;
    });
}

#[test]
fn what_is_read_for_a_message_is_bounded_by_bytes_but_never_nothing() {
    check_on_each_engine(async |dir, kind| {
        // All in memory, all but one on the disk.
        for (name, kept) in [("a", usize::MAX), ("b", 1)] {
            let dir = dir.path().join(name);
            let store = LogStore::open_keeping(&dir, &on_disk(kind), kept).unwrap();
            store.clone().blocking_append(entries(1, 0..20)).await.unwrap();
            store.clone().blocking_append(entries(1, 20..21)).await.unwrap();
            let count = async |limit| store.entries(3, 20, limit).await.unwrap().len();
            assert_eq!((count(1).await, count(usize::MAX).await), (1, 17), "{name}");
            let some = count(5 * SIZE).await;
            assert!((3..=5).contains(&some), "{name}: {some}");
            store.close().await;
        }
        let mut store = open(&dir.path().join("c"), kind);
        let large = (0..4).map(|index| opaque(1, index, READ / 3)).collect::<Vec<_>>();
        store.blocking_append(large).await.unwrap();
        assert_eq!(store.limited_get_log_entries(0, 4).await.unwrap().len(), 2);
        store.close().await;
    });
}

#[test]
fn appends_at_the_same_time_are_written_in_their_order() {
    check_on_each_engine(async |dir, kind| {
        let store = open(dir.path(), kind);
        let appends = (0..40).map(|index| {
            let mut store = store.clone();
            async move { store.blocking_append(entries(1, index..index + 1)).await }
        });
        for appended in futures_util::future::join_all(appends).await {
            appended.unwrap();
        }
        store.close().await;
        let store = open(dir.path(), kind);
        assert_eq!(indexes(&store).await, (0..40).map(|index| (1, index)).collect::<Vec<_>>());
        store.close().await;
    });
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path(), LogKind::Redb);
        store.blocking_append(entries(1, 0..2)).await.unwrap();
        let error = store.blocking_append(entries(1, 3..4)).await.unwrap_err().to_string();
        assert!(error.contains("continues with 2"), "{error}");
        store.blocking_append(entries(1, 2..3)).await.unwrap();
        assert_eq!(indexes(&store).await.len(), 3);
    });
}

#[test]
fn after_a_failed_write_the_first_reason_is_told_and_nothing_is_written() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path(), LogKind::Redb);
        store.blocking_append(entries(1, 0..2)).await.unwrap();
        let large = vec![opaque(1, 2, crate::store::log::ENTRY_LIMIT)];
        let error = store.blocking_append(large).await.unwrap_err().to_string();
        assert!(error.contains("entry 2"), "{error}");
        let after = store.save_vote(&Vote::new(9, 9)).await.unwrap_err().to_string();
        assert!(after.contains("entry 2"), "{after}");
        store.close().await;
        let mut store = open(dir.path(), LogKind::Redb);
        assert_eq!((indexes(&store).await.len(), store.read_vote().await.unwrap()), (2, None));
    });
}

#[test]
fn a_full_disk_is_told_with_the_folder_and_the_way_out() {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let full = LogError::Io { path: "/data/log".into(), doing: "appending to the log", source };
    let text = reason(&full);
    assert!(text.contains("/data/log") && text.contains("start this node again"), "{text}");
}

#[test]
fn a_damaged_entry_is_told_with_its_number_and_the_way_out() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut log = crate::store::log::open(LogKind::Redb, dir.path(), Durability::Process).unwrap();
        let good = crate::model::codec::encode(&opaque(1, 1, 3)).unwrap();
        log.append(0, &[b"no entry", &good]).unwrap();
        drop(log);
        let mut store = open(dir.path(), LogKind::Redb);
        let error = store.try_get_log_entries(..).await.unwrap_err().to_string();
        assert!(error.contains("entry 0") && error.contains("--fresh"), "{error}");
    });
}

#[test]
fn a_closed_log_refuses() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path(), LogKind::Sled);
        store.close().await;
        store.close().await;
        let error = store.save_vote(&Vote::new(1, 1)).await.unwrap_err().to_string();
        assert!(error.contains("closed"), "{error}");
        assert!(store.blocking_append(entries(1, 0..1)).await.is_err());
    });
}
