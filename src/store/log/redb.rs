//! The engine on redb: one file, one table, every write a transaction.
//!
//! Knows redb's types and errors; nothing of entries. Transactions are atomic, so no torn write is ever seen from
//! above. The file's checksums are verified at every open, not only after a crash: redb may panic on files that
//! were changed behind its back, and the log is read from end to end after an open anyway.

use std::fs;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::BackendError;
use redb::Builder;
use redb::Database;
use redb::ReadableDatabase;
use redb::StorageBackend;
use redb::TableDefinition;
use redb::backends::FileBackend;

use crate::durable;

use super::Durability;
use super::engine::Engine;
use super::engine::Fault;
use super::engine::Pairs;
use super::engine::Put;
use super::engine::Removal;
use super::folder::sync_dir;

const FILE: &str = "log.redb";
const TABLE: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("log");
/// For pages. The log is written once and read once, so a cache gains little; a larger one is filled all the same (8 MiB
/// made a run take 12 MB more and a little more time).
const CACHE_BYTES: usize = 2 << 20;

/// A log's map in a redb file.
pub(super) struct Redb {
    database: Database,
}

impl Engine for Redb {
    /// Values over a page get runs of pages in powers of two; much longer ones would waste up to half.
    const VALUE_LIMIT: usize = 256 << 10;
    const ATOMIC: bool = true;

    fn open(dir: &Path, durability: Durability) -> Result<Self, Fault> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = durable::open_private(&dir.join(FILE), &mut options).map_err(Fault::Io)?;
        let backend = Backend { file: FileBackend::new(file).map_err(fault)?, durability };
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)
            .map_err(fault)?;
        let engine = Self { database };
        // Makes the table, so that readers find one.
        engine.transact(|_| Ok(()))?;
        sync_dir(dir).map_err(Fault::Io)?;
        Ok(engine)
    }

    fn exists(dir: &Path) -> bool {
        // redb takes an empty file for a new database.
        dir.join(FILE).metadata().is_ok_and(|meta| meta.len() > 0)
    }

    fn discard(dir: &Path) -> io::Result<()> {
        fs::remove_file(dir.join(FILE))
    }

    fn put(&mut self, pairs: &mut dyn Iterator<Item = Put<'_>>) -> Result<(), Fault> {
        self.transact(|table| {
            for put in pairs {
                let mut value = table.insert_reserve(put.key.as_slice(), put.len()).map_err(fault)?;
                let (head, body) = value.as_mut().split_at_mut(put.head.len());
                head.copy_from_slice(&put.head);
                body.copy_from_slice(put.body);
            }
            Ok(())
        })
    }

    fn remove(&mut self, from: &[u8], to: &[u8], _removal: Removal) -> Result<(), Fault> {
        if !self.holds_any(from, to)? {
            return Ok(());
        }
        self.transact(|table| table.retain_in::<&[u8], _>(from..to, |_, _| false).map_err(fault))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.table()?.get(key).map_err(fault)?.map(|value| value.value().to_vec()))
    }

    fn scan(&self, from: &[u8], to: &[u8]) -> Result<Pairs<'_>, Fault> {
        let pairs = self.table()?.range::<&[u8]>(from..to).map_err(fault)?;
        Ok(Box::new(pairs.map(|pair| {
            let (key, value) = pair.map_err(fault)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        })))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let last = self.table()?.range::<&[u8]>(from..to).map_err(fault)?.next_back();
        last.map(|pair| pair.map(|(key, _)| key.value().to_vec()).map_err(fault)).transpose()
    }
}

impl Redb {
    fn transact(
        &self,
        change: impl FnOnce(&mut redb::Table<'_, &'static [u8], &'static [u8]>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let transaction = self.database.begin_write().map_err(fault)?;
        change(&mut transaction.open_table(TABLE).map_err(fault)?)?;
        transaction.commit().map_err(fault)
    }

    fn table(&self) -> Result<redb::ReadOnlyTable<&'static [u8], &'static [u8]>, Fault> {
        self.database.begin_read().map_err(fault)?.open_table(TABLE).map_err(fault)
    }

    fn holds_any(&self, from: &[u8], to: &[u8]) -> Result<bool, Fault> {
        let first = self.table()?.range::<&[u8]>(from..to).map_err(fault)?.next();
        first.transpose().map(|first| first.is_some()).map_err(fault)
    }
}

fn fault(error: impl Into<redb::Error>) -> Fault {
    match error.into() {
        redb::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => Fault::Damaged(e.to_string()),
        redb::Error::Io(e) => Fault::Io(e),
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Fault::InUse,
        other => Fault::Damaged(other.to_string()),
    }
}

/// The file below the database, which knows whether "durable" includes a power loss.
///
/// redb's own weaker setting keeps commits in the memory of the process, and would lose them when it is killed.
/// Here every commit is written out in full; only the wait for the device is left out.
#[derive(Debug)]
struct Backend {
    file: FileBackend,
    durability: Durability,
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.durability {
            Durability::Fsync => self.file.sync_data(),
            Durability::Process => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
