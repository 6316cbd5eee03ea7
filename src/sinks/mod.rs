//! Sinks: where committed rows go.
//!
//! Knows files and lists; a kind of sink is one folder, a `mod` line and an entry of the catalogue. Does not know how rows
//! were made: they come as the bytes that their encoder wrote.
//!
//! ```text
//! definition ─ Entry::make ─▶ Target ─ open ─▶ Sink ◀─ write ── Output ◀── commits, in the order of the log
//!                                                                  │
//!                                                                  └──▶ failed.ndjson
//! ```

mod delivery;
mod entry;
mod failure;
mod file;
mod list;
mod output;
mod parts;
mod place;
mod report;
mod sink;
mod spec;

pub use delivery::Delivery;
pub use entry::Entry;
pub use output::Output;
pub use place::OutputPlace;
pub use report::{OutputReport, SinkReport};
pub use sink::{Cursor, Opening, Sink, Target};
pub use spec::{SinkSpec, Sinks};

/// Every kind of sink, by the name users write. Add yours here.
#[rustfmt::skip] // one per line, so that two additions do not conflict
pub const CATALOG: &[Entry] = &[
    file::ENTRY,
    list::ENTRY,
];
