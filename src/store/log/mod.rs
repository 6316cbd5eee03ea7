//! The durable log of one node: numbered entries that are still there after the process was killed.
//!
//! Knows: the order of entries, what "durable" means, how damage and misuse are reported. Does not know what an entry
//! means: it is bytes here, so that solo's command batches and Raft's entries lie in the same log.
//!
//! Shape: one type (`Framed`) holds every promise once: numbering, checksums, limits, bounds, torn tails. Below
//! it an `Engine` is little more than an ordered map of bytes, with one file per database. A new engine is a file,
//! an arm in [`open`] and a line in the suite's table; it can break no promise that the suite does not ask for.
//!
//! ```text
//!  DurableLog ── Framed ── Engine ──┬── sled      folder/   lock   held while the log is open
//!  (promises)   (numbers,           └── redb                kind   which engine, which format
//!                checksums)                                 sled/ or log.redb
//! ```

mod engine;
mod error;
mod folder;
mod framed;
mod record;
mod redb;
mod sled;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use engine::Engine;
pub use error::LogError;
pub(crate) use error::MEND;
use folder::Folder;
use framed::Framed;

/// The largest entry, in bytes. Both writing and reading refuse more.
pub const ENTRY_LIMIT: usize = 64 << 20;
/// The longest name of a metadata value, in bytes.
pub const META_NAME_LIMIT: usize = 128;
/// The largest metadata value, in bytes. Metadata is for votes and positions, not for state.
pub const META_VALUE_LIMIT: usize = 4096;

/// What [`DurableLog::read`] gives: entries in order, one in memory at a time.
///
/// It ends after the last entry or after the first error.
pub type Entries<'log> = Box<dyn Iterator<Item = Result<(u64, Vec<u8>), LogError>> + Send + 'log>;

/// A log of consecutively numbered entries on the local disk, and a few named metadata values.
///
/// Every call that changes something is durable when it returns, in the sense of the [`Durability`] that the log
/// was opened with. One `append` is one group commit: gather what can wait a moment and append it together.
///
/// After a failed write the log refuses further writes ([`LogError::Stopped`]): what a disk kept of a failed write
/// is unknown, and only opening the log again finds out.
pub trait DurableLog: Send {
    /// Adds `entries`, the first of them numbered `first_index`.
    ///
    /// After a crash inside this call, any number of its first entries may be in the log, each complete. An empty slice
    /// is not a write.
    ///
    /// # Errors
    ///
    /// [`LogError::NotConsecutive`] if `first_index` is not the number after the last entry (or after the last
    /// purged one). A log that never held an entry starts at any number. [`LogError::EntryTooLarge`] over
    /// [`ENTRY_LIMIT`]. These leave the log as it was. [`LogError::Io`] if the disk refused.
    fn append(&mut self, first_index: u64, entries: &[&[u8]]) -> Result<(), LogError>;

    /// Reads the entries from `from` to the last one.
    ///
    /// # Errors
    ///
    /// [`LogError::Purged`] if entries from `from` on were purged: what is left is not the whole story.
    /// An entry that is missing or fails its checksum is [`LogError::Damaged`], from the iterator.
    fn read(&self, from: u64) -> Result<Entries<'_>, LogError>;

    /// The numbers of the first and the last entry, or `None` if there is no entry.
    fn bounds(&self) -> Option<(u64, u64)>;

    /// The highest number that was ever purged.
    fn purged(&self) -> Option<u64>;

    /// Removes the entries up to and including `up_to_inclusive`, which a snapshot now stands for.
    ///
    /// A number above the last entry is allowed (a snapshot came from elsewhere): the log is then empty and continues
    /// with the number after it. Purging less than before is not a write.
    ///
    /// # Errors
    ///
    /// [`LogError::Io`] if the disk refused.
    fn purge(&mut self, up_to_inclusive: u64) -> Result<(), LogError>;

    /// Removes the entries from `from_inclusive` to the last one.
    ///
    /// After a crash inside this call, any number of them from the last one back may be gone.
    ///
    /// # Errors
    ///
    /// [`LogError::Io`] if the disk refused.
    fn truncate(&mut self, from_inclusive: u64) -> Result<(), LogError>;

    /// Stores the metadata value `name`, replacing the one before.
    ///
    /// # Errors
    ///
    /// [`LogError::MetaTooLarge`] over [`META_NAME_LIMIT`] or [`META_VALUE_LIMIT`]; [`LogError::Io`] if the disk
    /// refused.
    fn put_meta(&mut self, name: &str, value: &[u8]) -> Result<(), LogError>;

    /// Returns the metadata value `name`.
    ///
    /// # Errors
    ///
    /// [`LogError::MetaDamaged`] if it fails its checksum.
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, LogError>;

    /// The bytes that the log's files take, by their lengths.
    ///
    /// # Errors
    ///
    /// [`LogError::Io`] if the folder cannot be read.
    fn size_on_disk(&self) -> Result<u64, LogError>;
}

/// Which database holds the log. Fixed when a folder is first used; see `docs/decisions/0003-sled-or-redb.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogKind {
    /// sled 0.34.
    Sled,
    /// redb 4.
    #[default]
    Redb,
}

impl LogKind {
    /// Every kind, by the order in which they are named to users.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Redb];

    /// The name users write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LogKind {
    type Err = LogError;

    fn from_str(name: &str) -> Result<Self, LogError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| LogError::UnknownKind { name: name.to_owned() })
    }
}

/// What a returned write has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Power loss: the bytes were flushed to the device.
    #[default]
    Fsync,
    /// The end of the process by any means: the bytes were handed to the operating system. After a power loss the
    /// log may have lost its newest entries, or be refused as damaged; it never gives wrong bytes.
    Process,
}

/// Opens the log in the folder `dir`, which is made if it is not there.
///
/// # Errors
///
/// [`LogError::InUse`] while another process (or another value in this one) has the folder open,
/// [`LogError::OtherKind`] if the folder holds a log of another kind, [`LogError::Unreadable`] if its files are
/// damaged beyond what an unclean end leaves, [`LogError::Io`] if the disk refused.
pub fn open(kind: LogKind, dir: &Path, durability: Durability) -> Result<Box<dyn DurableLog>, LogError> {
    let folder = Folder::claim(dir, kind)?;
    match kind {
        LogKind::Sled => boxed::<sled::Sled>(folder, durability),
        LogKind::Redb => boxed::<redb::Redb>(folder, durability),
    }
}

fn boxed<E: Engine + 'static>(
    folder: Folder,
    durability: Durability,
) -> Result<Box<dyn DurableLog>, LogError> {
    Ok(Box::new(Framed::<E>::open(folder, durability)?))
}
