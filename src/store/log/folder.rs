//! The folder of a log: who may use it, what is in it, how much it takes.
//!
//! Knows files, not records. The lock is a file of its own, because each database locks in its own way (and one of
//! them lets go a moment after it was closed). `kind` is written once the first open succeeded: from then on missing
//! database files are damage, not a fresh start, and a log of another kind is not mistaken for an empty folder.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::durable;

use super::LogError;
use super::LogKind;

const LOCK: &str = "lock";
const KIND: &str = "kind";
const KIND_TMP: &str = "kind.tmp";
/// The first line of `kind`; the number is that of the record format.
const FORMAT: &str = "scoopi log 1";
/// More than any `kind` file has; the rest of a longer one is not read.
const KIND_LIMIT: u64 = 64;

/// A folder that no other process uses while this value lives.
pub(super) struct Folder {
    path: PathBuf,
    kind: LogKind,
    is_known: bool,
    /// The operating system lets go of the lock when this is closed, however the process ends.
    lock: File,
}

impl Drop for Folder {
    /// Lets go of the lock by name: closing alone does not while a child process that is just being started
    /// still has a copy of the handle.
    fn drop(&mut self) {
        // Where it fails, closing does the same a moment later.
        let _closed_next = self.lock.unlock();
    }
}

impl Folder {
    /// Claims the folder for a log of this kind, making it if it is not there.
    pub(super) fn claim(dir: &Path, kind: LogKind) -> Result<Self, LogError> {
        let io = |doing, source| LogError::Io { path: dir.to_owned(), doing, source };
        durable::create_private_folder(dir).map_err(|e| io("making the log's folder", e))?;
        let lock =
            durable::open_private(&dir.join(LOCK), File::options().create(true).truncate(false).write(true))
                .map_err(|e| io("opening the lock", e))?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => LogError::InUse { path: dir.to_owned() },
            TryLockError::Error(e) => io("locking", e),
        })?;
        let found = read_kind(dir)?;
        if let Some(found) = found.filter(|found| *found != kind) {
            return Err(LogError::OtherKind { path: dir.to_owned(), found, wanted: kind });
        }
        Ok(Self { path: dir.to_owned(), kind, is_known: found.is_some(), lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a log was opened here before, so that its files must be there.
    pub(super) const fn is_known(&self) -> bool {
        self.is_known
    }

    /// Notes that the log exists, once its files do; durable on return.
    pub(super) fn note_kind(&mut self) -> Result<(), LogError> {
        if self.is_known {
            return Ok(());
        }
        self.write_kind().map_err(|source| LogError::Io {
            path: self.path.clone(),
            doing: "noting the kind of the log",
            source,
        })?;
        self.is_known = true;
        Ok(())
    }

    fn write_kind(&self) -> io::Result<()> {
        let tmp = self.path.join(KIND_TMP);
        let mut file = durable::create_private(&tmp)?;
        writeln!(file, "{FORMAT}\n{}", self.kind)?;
        file.sync_all()?;
        fs::rename(&tmp, self.path.join(KIND))?;
        sync_dir(&self.path)?;
        // The folder's own name must survive too, where the folder is new.
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
    }

    /// The bytes that all files below take, by their lengths.
    pub(super) fn size(&self) -> Result<u64, LogError> {
        size_of(&self.path, DEPTH_LIMIT).map_err(|source| LogError::Io {
            path: self.path.clone(),
            doing: "measuring the log",
            source,
        })
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    durable::sync_folder(dir)
}

fn read_kind(dir: &Path) -> Result<Option<LogKind>, LogError> {
    let file = match durable::read(&dir.join(KIND)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LogError::Io { path: dir.to_owned(), doing: "opening the log", source }),
    };
    let mut bytes = Vec::new();
    file.take(KIND_LIMIT).read_to_end(&mut bytes).map_err(|source| LogError::Io {
        path: dir.to_owned(),
        doing: "reading the kind of the log",
        source,
    })?;
    let known = std::str::from_utf8(&bytes).ok().and_then(|text| {
        let (format, kind) = text.trim_end().split_once('\n')?;
        (format == FORMAT).then(|| kind.parse::<LogKind>().ok()).flatten()
    });
    let why = || format!("its file `{KIND}` is not one that this version wrote");
    known.map(Some).ok_or_else(|| LogError::Unreadable { path: dir.to_owned(), why: why() })
}

/// No engine nests deeper; a link that leads back up ends here.
const DEPTH_LIMIT: u32 = 4;

fn size_of(dir: &Path, depth: u32) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(meta) if meta.is_dir() && depth > 0 => size += size_of(&entry.path(), depth - 1)?,
            Ok(meta) => size += meta.len(),
            // A database removes files of its own at any time.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(size)
}
