//! The engine on sled: a folder, one tree, pairs inserted one after the other and flushed together.
//!
//! Knows what sled 0.34.7 does and does not promise, read from its source and seen in its system calls:
//!
//! - `flush` writes its buffers, then waits with `sync_file_range`. That survives the process, but flushes neither
//!   the file's length nor the device's cache; so power-loss durability adds an `fdatasync` of the same file.
//! - Values over a quarter of a segment go to files of their own that are never synced; so values stay small enough
//!   that a full leaf of them is below that.
//! - Recovery keeps the writes up to the first that is not intact; so an interrupted `put` leaves a prefix.
//! - Space is only reclaimed by its flusher thread, so that is left running.
//! - An index file that it had not finished writing when the process ended makes it refuse the whole folder; so such
//!   files are removed before an open.
//! - Its file lock can outlive the last handle for a moment, held by a thread that finishes a write.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sled::Db;

use crate::durable;

use super::Durability;
use super::engine::Engine;
use super::engine::Fault;
use super::engine::Pairs;
use super::engine::Put;
use super::engine::Removal;
use super::engine::caught;
use super::folder::sync_dir;

const DIR: &str = "sled";
/// For pages. The log is written once and read once, so a cache gains little.
const CACHE_BYTES: u64 = 16 << 20;
/// How often a lock that the previous handle may still hold is tried, and the pause between.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Keys removed per flush: bounds what a removal gathers in memory.
const REMOVE_BATCH: usize = 1024;
/// How long a close may take. sled waits for its flusher without end, also where that thread has panicked.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// A log's map in a sled folder.
pub(super) struct Sled {
    /// `None` only while dropping.
    database: Option<Db>,
    /// The file that sled writes, opened a second time to sync it.
    file: File,
    durability: Durability,
}

impl Engine for Sled {
    /// A leaf has up to 16 values and must stay below 128 KiB, where sled would move it to an unsynced file.
    const VALUE_LIMIT: usize = 7 << 10;
    const ATOMIC: bool = false;

    fn open(dir: &Path, durability: Durability) -> Result<Self, Fault> {
        let dir = dir.join(DIR);
        durable::create_private_folder(&dir).map_err(Fault::Io)?;
        for name in ["db", "conf"] {
            // sled would wait for ever at a pipe, and write to the target of a link.
            match durable::open(&dir.join(name), File::options().read(true)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Fault::Io(error)),
                _ => {}
            }
        }
        remove_unfinished_index(&dir).map_err(Fault::Io)?;
        let database = open_retrying(&dir)?;
        let file = File::open(dir.join("db")).map_err(Fault::Io)?;
        for name in ["db", "conf"] {
            File::open(dir.join(name)).and_then(|file| file.sync_all()).map_err(Fault::Io)?;
        }
        sync_dir(&dir).map_err(Fault::Io)?;
        dir.parent().map_or(Ok(()), sync_dir).map_err(Fault::Io)?;
        Ok(Self { database: Some(database), file, durability })
    }

    fn exists(dir: &Path) -> bool {
        dir.join(DIR).join("db").metadata().is_ok_and(|meta| meta.len() > 0)
    }

    fn discard(dir: &Path) -> io::Result<()> {
        fs::remove_dir_all(dir.join(DIR))
    }

    fn put(&mut self, pairs: &mut dyn Iterator<Item = Put<'_>>) -> Result<(), Fault> {
        let database = self.database()?;
        for put in pairs {
            let mut value = Vec::with_capacity(put.len());
            value.extend_from_slice(&put.head);
            value.extend_from_slice(put.body);
            database.insert(put.key, value).map_err(fault)?;
        }
        self.flush()
    }

    fn remove(&mut self, from: &[u8], to: &[u8], removal: Removal) -> Result<(), Fault> {
        loop {
            let range = self.database()?.range(from..to);
            let keys: Result<Vec<_>, _> = match removal {
                Removal::LowestFirst => range.keys().take(REMOVE_BATCH).collect(),
                Removal::HighestFirst => {
                    range.rev().take(REMOVE_BATCH).map(|pair| pair.map(|(k, _)| k)).collect()
                }
            };
            let keys = keys.map_err(fault)?;
            if keys.is_empty() {
                return Ok(());
            }
            for key in keys {
                self.database()?.remove(key).map_err(fault)?;
            }
            self.flush()?;
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.database()?.get(key).map_err(fault)?.map(|value| value.to_vec()))
    }

    fn scan(&self, from: &[u8], to: &[u8]) -> Result<Pairs<'_>, Fault> {
        Ok(Box::new(self.database()?.range(from..to).map(|pair| {
            let (key, value) = pair.map_err(fault)?;
            Ok((key.to_vec(), value.to_vec()))
        })))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let last = self.database()?.range(from..to).next_back();
        last.map(|pair| pair.map(|(key, _)| key.to_vec()).map_err(fault)).transpose()
    }
}

impl Sled {
    fn database(&self) -> Result<&Db, Fault> {
        self.database.as_ref().ok_or_else(|| Fault::Damaged("it is closed".to_owned()))
    }

    fn flush(&self) -> Result<(), Fault> {
        self.database()?.flush().map_err(fault)?;
        match self.durability {
            Durability::Fsync => self.file.sync_data().map_err(Fault::Io),
            Durability::Process => Ok(()),
        }
    }
}

impl Drop for Sled {
    /// Closes in a thread of its own, and leaves it behind where sled does not come back.
    fn drop(&mut self) {
        let database = self.database.take();
        let (closed, is_closed) = mpsc::sync_channel::<()>(1);
        let close = move || {
            // The result of closing is not needed: what was acknowledged is durable already.
            let _nobody_asks = caught(|| {
                drop(database);
                Ok(())
            });
            drop(closed);
        };
        if thread::Builder::new().name("log-close".to_owned()).spawn(close).is_ok() {
            // Either outcome ends the wait: the thread is done, or it has had its time.
            let _done_or_late = is_closed.recv_timeout(CLOSE_LIMIT);
        }
    }
}

/// Removes `snap.….generating`: sled writes its page index under that name, renames it when it is complete, and takes
/// a leftover for the newest index. Without it the older index, or none, is used and brought up to date.
fn remove_unfinished_index(dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn open_retrying(dir: &Path) -> Result<Db, Fault> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES);
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(sled::Error::Io(e)) if is_locked(&e) => thread::sleep(LOCK_PAUSE),
            opened => return opened.map_err(fault),
        }
    }
    Err(Fault::InUse)
}

/// sled tells a held lock only by its text.
fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn fault(error: sled::Error) -> Fault {
    match error {
        sled::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => Fault::Damaged(e.to_string()),
        sled::Error::Io(e) => Fault::Io(e),
        other => Fault::Damaged(other.to_string()),
    }
}
