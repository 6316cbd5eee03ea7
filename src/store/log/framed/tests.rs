//! The promises of the log over an engine that is a map in memory: what the databases' own checks would catch first is
//! reached here, byte by byte and write by write.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::*;
use crate::store::log::LogKind;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A map that fails, panics or stops in the middle of a write on request.
#[derive(Default)]
struct InMemory {
    map: Map,
    /// Pairs that are still stored before the disk is full.
    room: Option<usize>,
    panics: bool,
}

impl Engine for InMemory {
    const VALUE_LIMIT: usize = 40;
    const ATOMIC: bool = false;

    fn open(_dir: &Path, _durability: Durability) -> Result<Self, Fault> {
        Ok(Self::default())
    }

    fn exists(_dir: &Path) -> bool {
        true
    }

    fn discard(_dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn put(&mut self, pairs: &mut dyn Iterator<Item = Put<'_>>) -> Result<(), Fault> {
        for put in pairs {
            assert!(!self.panics, "a panic on request");
            if let Some(room) = &mut self.room {
                *room = room.checked_sub(1).ok_or_else(|| Fault::Io(io::ErrorKind::StorageFull.into()))?;
            }
            self.map.insert(put.key, [&put.head, put.body].concat());
        }
        Ok(())
    }

    fn remove(&mut self, from: &[u8], to: &[u8], _removal: Removal) -> Result<(), Fault> {
        self.map.retain(|key, _| key.as_slice() < from || key.as_slice() >= to);
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.map.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8]) -> Result<Pairs<'_>, Fault> {
        assert!(!self.panics, "a panic on request");
        let pairs = self.map.range(from.to_vec()..to.to_vec());
        Ok(Box::new(pairs.map(|(key, value)| Ok((key.clone(), value.clone())))))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.map.range(from.to_vec()..to.to_vec()).next_back().map(|(key, _)| key.clone()))
    }
}

/// Opens a log over this map, in a folder that was used before if `is_known`.
fn open(map: Map, is_known: bool) -> Result<Framed<InMemory>, LogError> {
    let dir = tempfile::tempdir().unwrap();
    if is_known {
        // As `note_kind` does it, without waiting for the disk some thousand times.
        fs::write(dir.path().join("kind"), "scoopi log 1\nsled\n").unwrap();
    }
    let folder = Folder::claim(dir.path(), LogKind::Sled).unwrap();
    assert_eq!(folder.is_known(), is_known);
    Framed::over(InMemory { map, ..InMemory::default() }, folder)
}

/// One entry of one part, one of three, an empty one, and one of two.
const ENTRIES: [&[u8]; 4] = [b"one", &[7; 100], b"", &[9; 50]];

/// The map of a log that holds `ENTRIES` from number 3 on, everything before being purged.
fn written() -> Map {
    let mut log = open(Map::new(), false).unwrap();
    log.append(1, &[b"gone", b"gone"]).unwrap();
    log.purge(2).unwrap();
    log.put_meta("vote", b"4").unwrap();
    log.append(3, &ENTRIES).unwrap();
    log.engine.map
}

/// The entries of a log and its value.
type Content = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// What a log over this map gives.
fn read(map: Map) -> Result<Content, LogError> {
    let log = open(map, true)?;
    let entries: Result<Vec<_>, _> = log.read(3)?.map(|read| read.map(|(_, bytes)| bytes)).collect();
    Ok((entries?, log.meta("vote")?))
}

/// Asserts that what is read is right, or that the error says what to do.
fn check(map: Map, spoilt: &str) -> bool {
    match read(map) {
        Ok((entries, vote)) => {
            assert!(entries == ENTRIES && vote == Some(b"4".to_vec()), "{spoilt}: {entries:?} {vote:?}");
            true
        }
        Err(error) => {
            assert!(error.to_string().contains("--fresh"), "{spoilt}: {error}");
            false
        }
    }
}

#[test]
fn any_changed_byte_of_any_value_is_an_error() {
    let good = written();
    assert!(check(good.clone(), "nothing"));
    for (key, value) in &good {
        // Of the birth mark only the presence counts.
        for at in (0..value.len()).filter(|_| key != record::BIRTH_MARK) {
            for flip in [0x01, 0x80] {
                let mut map = good.clone();
                map.get_mut(key).unwrap()[at] ^= flip;
                assert!(
                    !check(map, &format!("byte {at} of {key:?}")),
                    "byte {at} of {key:?} made no difference"
                );
            }
        }
    }
}

#[test]
fn a_value_cut_short_or_made_longer_is_an_error() {
    let good = written();
    for (key, value) in &good {
        if key == record::BIRTH_MARK {
            continue;
        }
        for len in 0..value.len() {
            let mut map = good.clone();
            map.get_mut(key).unwrap().truncate(len);
            // A last entry that is too short looks like a torn write, and is taken for one.
            assert!(read(map).is_err() || is_of_last_entry(key), "{key:?} cut to {len}");
        }
        let mut map = good.clone();
        map.get_mut(key).unwrap().push(0);
        assert!(!check(map, &format!("{key:?} with a byte more")));
    }
}

fn is_of_last_entry(key: &[u8]) -> bool {
    record::split_key(key).is_some_and(|(index, _)| index == 6)
}

#[test]
fn a_missing_part_is_an_error_unless_it_is_the_end_of_the_last_entry() {
    for key in written().into_keys() {
        let mut map = written();
        map.remove(&key);
        match read(map) {
            Ok((entries, _)) if key == record::entry_key(6, 1) => assert_eq!(entries, ENTRIES[..3]),
            Ok((_, None)) => assert_eq!(key, record::meta_key("vote")),
            // A log may begin at any number, so this one alone is not missed.
            Ok((entries, _)) => assert!(key == record::PURGE_MARK && entries == ENTRIES, "{key:?}"),
            Err(error) => assert!(error.to_string().contains("--fresh"), "{key:?}: {error}"),
        }
    }
}

#[test]
fn an_append_cut_off_after_any_pair_leaves_its_first_entries_and_goes_on_after_them() {
    // The parts of one entry each.
    let parts = [1, 3, 1, 2];
    for room in 0..parts.iter().sum() {
        let mut log = open(Map::new(), false).unwrap();
        log.append(1, &[b"before"]).unwrap();
        log.engine.room = Some(room);
        assert!(matches!(log.append(2, &ENTRIES), Err(LogError::Io { .. })), "room for {room}");
        assert_eq!(log.bounds(), Some((1, 1)));

        let complete = (0..=4).rev().find(|n| parts[..*n].iter().sum::<usize>() <= room).unwrap() as u64;
        let mut log = open(log.engine.map, true).unwrap();
        assert_eq!(log.bounds(), Some((1, 1 + complete)), "room for {room}");
        log.append(2 + complete, &[b"after"]).unwrap();
        assert!(log.read(1).unwrap().all(|read| read.is_ok()), "room for {room}");
    }
}

#[test]
fn a_failed_write_stops_the_log() {
    let mut log = open(Map::new(), false).unwrap();
    log.append(1, &[b"one"]).unwrap();
    log.engine.room = Some(0);
    assert!(matches!(log.append(2, &[b"two"]), Err(LogError::Io { .. })));
    log.engine.room = None;
    assert!(matches!(log.append(2, &[b"two"]), Err(LogError::Stopped { .. })));
    assert!(matches!(log.put_meta("vote", b""), Err(LogError::Stopped { .. })));
    assert!(matches!(log.purge(1), Err(LogError::Stopped { .. })));
    assert!(matches!(log.truncate(1), Err(LogError::Stopped { .. })));
    assert_eq!(log.read(1).unwrap().count(), 1);
}

#[test]
fn a_panic_in_the_engine_is_an_error() {
    let mut log = open(written(), true).unwrap();
    log.engine.panics = true;
    assert!(matches!(log.append(7, &[b"x"]), Err(LogError::Unreadable { .. })));
    assert!(matches!(log.read(3).err(), Some(LogError::Unreadable { .. })));
}

#[test]
fn what_an_interrupted_purge_left_is_removed() {
    let mut map = written();
    map.extend(
        open(Map::new(), false)
            .map(|mut log| {
                log.append(1, &[b"left", b"left"]).unwrap();
                log.engine.map.split_off(&record::entry_key(0, 0))
            })
            .unwrap(),
    );
    assert!(check(map.clone(), "a purge"));
    assert_eq!(open(map, true).unwrap().engine.map, written());
}

#[test]
fn a_known_folder_whose_log_is_empty_is_not_a_new_log() {
    assert!(open(Map::new(), false).is_ok());
    assert!(matches!(open(Map::new(), true), Err(LogError::Unreadable { .. })));
}

#[test]
fn keys_that_no_log_writes_are_refused() {
    for foreign in [
        &b"e12345"[..],
        &[b'e', 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0],
        &[b'e', 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0],
    ] {
        let mut map = written();
        map.insert(foreign.to_vec(), b"x".to_vec());
        assert!(!check(map, &format!("{foreign:?}")));
    }
}

#[test]
fn a_length_that_lies_does_not_decide_how_much_memory_is_taken() {
    let mut part = vec![0; record::HEAD_LEN];
    part[8..12].fill(0xff);
    for index in [0, 3, u64::MAX - 1] {
        assert!(Assembly::begin(index, part.clone()).is_err());
    }
}
