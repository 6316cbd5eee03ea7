//! What can go wrong with a log, said to the person who has to act on it.
//!
//! Every variant that a damaged disk can cause names the folder and the way out. What the databases below say is
//! carried as text, because their error types must not leak into the store's interface.

use std::io;
use std::path::PathBuf;

use super::LogKind;

/// The way out where the disk or the file system refused what belongs to a run.
pub(crate) const MEND: &str =
    "fix this and continue with `--resume`, or start over elsewhere with `--data DIR`";

/// Why the log refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Another process has the folder open.
    #[error("another scoopi uses the folder {}; stop it, or give this run another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The disk or the file system refused.
    #[error("{doing} in {}: {source}; {MEND}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// One entry is missing or not what was written.
    #[error("log entry {index} in {} is damaged: {why}; `--fresh` discards this log and starts over", path.display())]
    Damaged {
        /// The number of the entry.
        index: u64,
        /// The folder.
        path: PathBuf,
        /// What did not fit.
        why: String,
    },
    /// A metadata value is not what was written.
    #[error("log value `{name}` in {} is damaged; `--fresh` discards this log and starts over", path.display())]
    MetaDamaged {
        /// The name of the value.
        name: String,
        /// The folder.
        path: PathBuf,
    },
    /// The files as a whole cannot be used.
    #[error("the log in {} cannot be used: {why}; `--fresh` discards it and starts over", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the database said.
        why: String,
    },
    /// The folder holds a log of another kind; opening it as a new one would hide a run.
    #[error("the log in {} is kept by {found}, not {wanted}; set {found}, or discard it with `--fresh`", path.display())]
    OtherKind {
        /// The folder.
        path: PathBuf,
        /// What made the folder.
        found: LogKind,
        /// What was asked for.
        wanted: LogKind,
    },
    /// An entry would leave a gap or overwrite.
    #[error("log entry {got} does not follow: the log continues with {expected}")]
    NotConsecutive {
        /// The only number that can be appended.
        expected: u64,
        /// The number that was given.
        got: u64,
    },
    /// The numbers are used up.
    #[error("log entries cannot be numbered beyond {first_index}")]
    Exhausted {
        /// The first number of the refused entries.
        first_index: u64,
    },
    /// An entry is over the limit.
    #[error("log entry {index} has {size} bytes, the limit is {limit}")]
    EntryTooLarge {
        /// The number it would have had.
        index: u64,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A metadata name or value is over the limit.
    #[error(
        "log value `{name}` is too large: name and value are limited to {name_limit} and {value_limit} bytes"
    )]
    MetaTooLarge {
        /// The name, cut to the limit.
        name: String,
        /// The limit of a name in bytes.
        name_limit: usize,
        /// The limit of a value in bytes.
        value_limit: usize,
    },
    /// Entries that were asked for are gone on purpose.
    #[error(
        "log entries from {wanted} were asked for, but those up to {purged} were purged: a snapshot must stand for them"
    )]
    Purged {
        /// The first number asked for.
        wanted: u64,
        /// The highest number purged.
        purged: u64,
    },
    /// An earlier write failed.
    #[error("the log in {} stopped after a failed write; start again to resume from what the disk kept", path.display())]
    Stopped {
        /// The folder.
        path: PathBuf,
    },
    /// A kind that does not exist.
    #[error("unknown log `{name}`, known are: sled, redb")]
    UnknownKind {
        /// What was written.
        name: String,
    },
}
