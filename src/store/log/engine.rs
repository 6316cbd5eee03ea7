//! What the log asks of a database: an ordered map of short byte strings whose writes are durable.
//!
//! Knows nothing of entries and numbers. It is kept this small so that everything a log promises is written once,
//! above it. Databases below may panic on files that they did not write; [`caught`] turns that into a fault here,
//! at the one place where every call passes.

use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;

use super::Durability;

/// A key and its value, in the two pieces in which the log has them.
///
/// Two, because a checksum stands before bytes that belong to the caller: joining them first would copy each entry
/// again on the way to the disk.
pub(super) struct Put<'a> {
    pub(super) key: Vec<u8>,
    pub(super) head: Vec<u8>,
    pub(super) body: &'a [u8],
}

impl Put<'_> {
    /// The length of the value.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// In which order keys disappear, for engines whose removal is not atomic.
#[derive(Clone, Copy)]
pub(super) enum Removal {
    /// An interrupted removal leaves the highest keys.
    LowestFirst,
    /// An interrupted removal leaves the lowest keys.
    HighestFirst,
}

/// Pairs in key order.
pub(super) type Pairs<'e> = Box<dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), Fault>> + Send + 'e>;

/// An ordered map of bytes on disk, used by one thread at a time.
pub(super) trait Engine: Send + Sized {
    /// The longest value it stores well, in bytes.
    const VALUE_LIMIT: usize;
    /// Whether a `put` is there wholly or not at all after a crash. If not: a prefix of its pairs is.
    const ATOMIC: bool;

    /// Opens the map in `dir`, making it if it is not there.
    fn open(dir: &Path, durability: Durability) -> Result<Self, Fault>;

    /// Whether files of a map are in `dir`.
    fn exists(dir: &Path) -> bool;

    /// Removes the files of a map from `dir`.
    fn discard(dir: &Path) -> io::Result<()>;

    /// Stores pairs; durable on return.
    fn put(&mut self, pairs: &mut dyn Iterator<Item = Put<'_>>) -> Result<(), Fault>;

    /// Removes the keys in `from..to`; durable on return.
    fn remove(&mut self, from: &[u8], to: &[u8], removal: Removal) -> Result<(), Fault>;

    /// Returns one value.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Returns the pairs whose keys are in `from..to`.
    fn scan(&self, from: &[u8], to: &[u8]) -> Result<Pairs<'_>, Fault>;

    /// Returns the highest key in `from..to`.
    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, Fault>;
}

/// How an engine fails.
#[derive(Debug)]
pub(super) enum Fault {
    /// The system refused.
    Io(io::Error),
    /// Another process holds the files.
    InUse,
    /// The files are not what the engine wrote.
    Damaged(String),
}

/// Runs a call into an engine, so that a panic in it is a fault of the files.
///
/// Both databases have assertions on what they read from disk, and the disk is not trusted. After a fault the
/// caller stops writing, so state that a panic left half done is not built upon: that makes it unwind safe.
pub(super) fn caught<T>(call: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(Fault::Damaged(panic_text(panic.as_ref()))))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    format!("the database gave up on its files ({text})")
}
