//! The log over an engine: numbering, bounds, checks and what is left of an interrupted call.
//!
//! Knows every promise of `DurableLog`; knows no database. Bounds are kept in memory and found again at open, so
//! that an append costs the engine nothing but the write.

use super::Durability;
use super::DurableLog;
use super::ENTRY_LIMIT;
use super::Entries;
use super::LogError;
use super::META_NAME_LIMIT;
use super::META_VALUE_LIMIT;
use super::engine::Engine;
use super::engine::Fault;
use super::engine::Pairs;
use super::engine::Put;
use super::engine::Removal;
use super::engine::caught;
use super::folder::Folder;
use super::record;
use super::record::Assembly;

/// A log whose entries lie in an engine.
pub(super) struct Framed<E> {
    /// Before `folder`: the engine closes its files, then the folder is free for the next one.
    engine: E,
    folder: Folder,
    bounds: Option<(u64, u64)>,
    purged: Option<u64>,
    /// Set by the first failed write; nothing is written after it.
    is_stopped: bool,
}

impl<E: Engine> Framed<E> {
    /// Opens the log, and tidies up after a call that a crash interrupted.
    pub(super) fn open(folder: Folder, durability: Durability) -> Result<Self, LogError> {
        if folder.is_known() && !E::exists(folder.path()) {
            let why = "its files are gone or empty".to_owned();
            return Err(LogError::Unreadable { path: folder.path().to_owned(), why });
        }
        let engine = caught(|| E::open(folder.path(), durability))
            .or_else(|fault| Self::open_anew(&folder, durability, fault))
            .map_err(|fault| from_fault(&folder, "opening the log", fault))?;
        Self::over(engine, folder)
    }

    fn over(engine: E, folder: Folder) -> Result<Self, LogError> {
        let mut log = Self { engine, folder, bounds: None, purged: None, is_stopped: false };
        log.check_birth_mark()?;
        log.folder.note_kind()?;
        log.purged = log.read_purge_mark()?;
        if let Some(purged) = log.purged {
            log.remove_purged(purged)?;
        }
        log.bounds = log.find_bounds()?;
        Ok(log)
    }

    /// Starts over where the very first open was interrupted: its half-made files cannot be opened, and hold
    /// nothing, because the folder becomes known before that open returns.
    fn open_anew(folder: &Folder, durability: Durability, fault: Fault) -> Result<E, Fault> {
        match fault {
            Fault::Damaged(_) if !folder.is_known() => {
                E::discard(folder.path()).map_err(Fault::Io)?;
                caught(|| E::open(folder.path(), durability))
            }
            fault => Err(fault),
        }
    }

    fn find_bounds(&mut self) -> Result<Option<(u64, u64)>, LogError> {
        let Some((mut last, _)) = self.last_key()? else { return Ok(None) };
        if !E::ATOMIC && self.is_torn(last)? {
            // Never acknowledged: an append returns only when all parts are durable.
            self.write("removing a torn entry", |engine| {
                engine.remove(&record::entry_key(last, 0), record::ENTRIES_END, Removal::HighestFirst)
            })?;
            match self.last_key()? {
                Some((before, _)) => last = before,
                None => return Ok(None),
            }
        }
        let first = self.first_index()?.unwrap_or(last);
        match self.purged {
            Some(purged) if first != purged + 1 => {
                Err(damaged(&self.folder, purged + 1, "it is missing".to_owned()))
            }
            _ => Ok(Some((first, last))),
        }
    }

    fn first_index(&self) -> Result<Option<u64>, LogError> {
        let first = caught(|| {
            let mut pairs = self.engine.scan(&record::entry_key(0, 0), record::ENTRIES_END)?;
            pairs.next().transpose()
        });
        let first = first.map_err(|fault| self.fault("reading the first entry", fault))?;
        first.map(|(key, _)| self.split_key(&key).map(|(index, _)| index)).transpose()
    }

    fn last_key(&self) -> Result<Option<(u64, u32)>, LogError> {
        let last = caught(|| self.engine.last_key(&record::entry_key(0, 0), record::ENTRIES_END))
            .map_err(|fault| self.fault("reading the last entry", fault))?;
        last.map(|key| self.split_key(&key)).transpose()
    }

    fn split_key(&self, key: &[u8]) -> Result<(u64, u32), LogError> {
        record::split_key(key).ok_or_else(|| self.unreadable("it holds a key that no log wrote"))
    }

    /// Whether parts are missing at the end of the entry. Any other fault of it is damage, for `read` to tell.
    fn is_torn(&self, index: u64) -> Result<bool, LogError> {
        let mut parts = Parts::new(self.scan(index)?, index);
        Ok(matches!(caught(|| Ok(parts.next_entry())), Ok(Err(Flaw::Torn))))
    }

    fn scan(&self, from: u64) -> Result<Pairs<'_>, LogError> {
        caught(|| self.engine.scan(&record::entry_key(from, 0), record::ENTRIES_END))
            .map_err(|fault| self.fault("reading the log", fault))
    }

    /// Distinguishes a log that lost everything from a new one: an engine may take files whose beginning is damaged for
    /// empty ones.
    fn check_birth_mark(&mut self) -> Result<(), LogError> {
        let mark = caught(|| self.engine.get(record::BIRTH_MARK))
            .map_err(|fault| self.fault("reading the log", fault))?;
        match mark {
            Some(_) => Ok(()),
            None if self.folder.is_known() => Err(self.unreadable("nothing of what was written is left")),
            None => self.put("making the log", record::sealed(record::BIRTH_MARK.to_vec(), &[])),
        }
    }

    fn read_purge_mark(&self) -> Result<Option<u64>, LogError> {
        let stored = caught(|| self.engine.get(record::PURGE_MARK))
            .map_err(|fault| self.fault("reading the purge mark", fault))?;
        let Some(stored) = stored else { return Ok(None) };
        record::unsealed(record::PURGE_MARK, stored)
            .and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)))
            // The number after it must exist, because the log continues with it.
            .filter(|purged| *purged < u64::MAX)
            .map(Some)
            .ok_or_else(|| self.unreadable("its purge mark is damaged"))
    }

    fn remove_purged(&mut self, purged: u64) -> Result<(), LogError> {
        self.write("purging the log", |engine| {
            let to = record::entry_key(purged + 1, 0);
            engine.remove(&record::entry_key(0, 0), &to, Removal::LowestFirst)
        })
    }

    /// The only number that can be appended, or `None` if any can.
    fn next_index(&self) -> Option<u64> {
        self.bounds.map(|(_, last)| last).or(self.purged).map(|before| before + 1)
    }

    /// Returns the number of the last entry, if the entries may be appended.
    fn check_append(&self, first_index: u64, entries: &[&[u8]]) -> Result<u64, LogError> {
        if let Some(expected) = self.next_index().filter(|next| *next != first_index) {
            return Err(LogError::NotConsecutive { expected, got: first_index });
        }
        // The number after the last one must exist too.
        let after = first_index.checked_add(entries.len() as u64);
        let after = after.ok_or(LogError::Exhausted { first_index })?;
        for (entry, index) in entries.iter().zip(first_index..) {
            if entry.len() > ENTRY_LIMIT {
                return Err(LogError::EntryTooLarge { index, size: entry.len(), limit: ENTRY_LIMIT });
            }
        }
        Ok(after - 1)
    }

    /// Writes through the engine, and stops the log for good where that fails.
    fn write(
        &mut self,
        doing: &'static str,
        call: impl FnOnce(&mut E) -> Result<(), Fault>,
    ) -> Result<(), LogError> {
        if self.is_stopped {
            return Err(LogError::Stopped { path: self.folder.path().to_owned() });
        }
        self.is_stopped = true;
        caught(|| call(&mut self.engine)).map_err(|fault| from_fault(&self.folder, doing, fault))?;
        self.is_stopped = false;
        Ok(())
    }

    fn put(&mut self, doing: &'static str, put: Put<'_>) -> Result<(), LogError> {
        self.write(doing, |engine| engine.put(&mut std::iter::once(put)))
    }

    fn fault(&self, doing: &'static str, fault: Fault) -> LogError {
        from_fault(&self.folder, doing, fault)
    }

    fn unreadable(&self, why: &str) -> LogError {
        LogError::Unreadable { path: self.folder.path().to_owned(), why: why.to_owned() }
    }
}

impl<E: Engine> DurableLog for Framed<E> {
    fn append(&mut self, first_index: u64, entries: &[&[u8]]) -> Result<(), LogError> {
        if entries.is_empty() {
            return Ok(());
        }
        let last = self.check_append(first_index, entries)?;
        self.write("appending to the log", |engine| {
            // In this order the numbers are never counted beyond the last entry.
            let numbered = entries.iter().zip(first_index..);
            engine.put(
                &mut numbered.flat_map(|(entry, index)| record::entry_parts(index, entry, E::VALUE_LIMIT)),
            )
        })?;
        let first = self.bounds.map_or(first_index, |(first, _)| first);
        self.bounds = Some((first, last));
        Ok(())
    }

    fn read(&self, from: u64) -> Result<Entries<'_>, LogError> {
        if let Some(purged) = self.purged.filter(|purged| from <= *purged) {
            return Err(LogError::Purged { wanted: from, purged });
        }
        let Some((first, last)) = self.bounds.filter(|(_, last)| from <= *last) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let from = from.max(first);
        let folder = &self.folder;
        let mut parts = Some(Parts::new(self.scan(from)?, from));
        let mut next = from;
        Ok(Box::new(std::iter::from_fn(move || {
            // An error or the last entry ends the iteration.
            let mut current = parts.take().filter(|_| next <= last)?;
            let index = next;
            let read = caught(|| Ok(current.next_entry()));
            match read.unwrap_or_else(|fault| Err(Flaw::Engine(fault))) {
                Ok(entry) => {
                    (next, parts) = (next + 1, Some(current));
                    Some(Ok((index, entry)))
                }
                Err(Flaw::Engine(Fault::Io(e))) => {
                    Some(Err(from_fault(folder, "reading the log", Fault::Io(e))))
                }
                Err(flaw) => Some(Err(damaged(folder, index, flaw.text()))),
            }
        })))
    }

    fn bounds(&self) -> Option<(u64, u64)> {
        self.bounds
    }

    fn purged(&self) -> Option<u64> {
        self.purged
    }

    fn purge(&mut self, up_to_inclusive: u64) -> Result<(), LogError> {
        if self.purged.is_some_and(|purged| up_to_inclusive <= purged) {
            return Ok(());
        }
        if up_to_inclusive == u64::MAX {
            return Err(LogError::Exhausted { first_index: up_to_inclusive });
        }
        // The mark goes first: what a crash leaves below it is removed by the next open.
        let mark = up_to_inclusive.to_le_bytes();
        self.put("purging the log", record::sealed(record::PURGE_MARK.to_vec(), &mark))?;
        self.purged = Some(up_to_inclusive);
        self.bounds = self
            .bounds
            .filter(|(_, last)| *last > up_to_inclusive)
            .map(|(first, last)| (first.max(up_to_inclusive + 1), last));
        self.remove_purged(up_to_inclusive)
    }

    fn truncate(&mut self, from_inclusive: u64) -> Result<(), LogError> {
        let Some((first, _)) = self.bounds.filter(|(_, last)| from_inclusive <= *last) else {
            return Ok(());
        };
        let from = from_inclusive.max(first);
        self.write("truncating the log", |engine| {
            engine.remove(&record::entry_key(from, 0), record::ENTRIES_END, Removal::HighestFirst)
        })?;
        self.bounds = (from > first).then(|| (first, from - 1));
        Ok(())
    }

    fn put_meta(&mut self, name: &str, value: &[u8]) -> Result<(), LogError> {
        if name.len() > META_NAME_LIMIT || value.len() > META_VALUE_LIMIT {
            let name = name.chars().take(META_NAME_LIMIT).collect();
            let (name_limit, value_limit) = (META_NAME_LIMIT, META_VALUE_LIMIT);
            return Err(LogError::MetaTooLarge { name, name_limit, value_limit });
        }
        self.put("writing a value of the log", record::sealed(record::meta_key(name), value))
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        let key = record::meta_key(name);
        let stored = caught(|| self.engine.get(&key))
            .map_err(|fault| self.fault("reading a value of the log", fault))?;
        stored
            .map(|stored| {
                let path = || self.folder.path().to_owned();
                record::unsealed(&key, stored)
                    .ok_or_else(|| LogError::MetaDamaged { name: name.to_owned(), path: path() })
            })
            .transpose()
    }

    fn size_on_disk(&self) -> Result<u64, LogError> {
        self.folder.size()
    }
}

fn from_fault(folder: &Folder, doing: &'static str, fault: Fault) -> LogError {
    let path = folder.path().to_owned();
    match fault {
        Fault::Io(source) => LogError::Io { path, doing, source },
        Fault::InUse => LogError::InUse { path },
        Fault::Damaged(why) => LogError::Unreadable { path, why },
    }
}

fn damaged(folder: &Folder, index: u64, why: String) -> LogError {
    LogError::Damaged { index, path: folder.path().to_owned(), why }
}

/// Why an entry could not be read.
enum Flaw {
    /// The engine failed.
    Engine(Fault),
    /// Its last parts are missing.
    Torn,
    /// It is not what was written.
    Wrong(&'static str),
}

impl Flaw {
    fn text(self) -> String {
        match self {
            Self::Engine(Fault::Damaged(why)) => why,
            Self::Engine(fault) => format!("{fault:?}"),
            Self::Torn => "a part of it is missing".to_owned(),
            Self::Wrong(why) => why.to_owned(),
        }
    }
}

/// Puts consecutive entries together from a scan.
struct Parts<'e> {
    pairs: Pairs<'e>,
    next: u64,
}

impl<'e> Parts<'e> {
    fn new(pairs: Pairs<'e>, next: u64) -> Self {
        Self { pairs, next }
    }

    fn next_entry(&mut self) -> Result<Vec<u8>, Flaw> {
        let index = self.next;
        let first = self.part(index, 0)?.ok_or(Flaw::Wrong("it is missing"))?;
        let mut assembly = Assembly::begin(index, first).map_err(Flaw::Wrong)?;
        for part in 1.. {
            if assembly.is_complete() {
                break;
            }
            let bytes = self.part(index, part)?.ok_or(Flaw::Torn)?;
            assembly.add(&bytes).map_err(Flaw::Wrong)?;
        }
        self.next += 1;
        assembly.finish().ok_or(Flaw::Wrong("it does not fit its checksum"))
    }

    /// The next pair of the scan, which must be this part; `None` if the scan is at its end.
    fn part(&mut self, index: u64, part: u32) -> Result<Option<Vec<u8>>, Flaw> {
        let Some(pair) = self.pairs.next() else { return Ok(None) };
        let (key, value) = pair.map_err(Flaw::Engine)?;
        if record::split_key(&key) == Some((index, part)) {
            Ok(Some(value))
        } else {
            Err(Flaw::Wrong(if part == 0 { "it is missing" } else { "a part of it is missing" }))
        }
    }
}

#[cfg(test)]
mod tests;
