//! What a kind of sink is: how a definition asks for one, and how committed rows get into it.
//!
//! A sink sees every commit once and in the order of the log, on every node alike. It never refuses rows for what they
//! say: what cannot be written is found before the commit, while rows are encoded.

use std::fmt;
use std::path::PathBuf;

use crate::model::SinkRows;
use crate::store::ProjectionError;

use super::delivery::Deliveries;
use super::place::OutputPlace;

/// A sink as a definition asks for it.
pub trait Target: fmt::Debug + Send + Sync {
    /// Which sink it is: its kind, and what tells it from others of the kind. Appenders whose targets have the same
    /// name write to one sink.
    fn name(&self) -> String;

    /// The files that it writes, always in the same order.
    fn files(&self, _place: &OutputPlace) -> Vec<PathBuf> {
        vec![]
    }

    /// Opens it, at its start or where the cursor says.
    ///
    /// # Errors
    /// It cannot be opened, or does not hold what the cursor promises.
    fn open(&self, opening: &Opening<'_>) -> Result<Box<dyn Sink>, ProjectionError>;
}

/// What a sink is opened with.
pub struct Opening<'a> {
    /// Where files lie.
    pub place: &'a OutputPlace,
    /// First line of a text, if it has one.
    pub header: Option<&'a [u8]>,
    /// What the last [`Sink::sync`] returned, here or on the node that the snapshot came from; none at the start.
    pub cursor: Option<&'a Cursor>,
    /// The channel of the program that runs scoopi as a library, if it wants rows.
    pub deliveries: Option<&'a Deliveries>,
}

/// How far a sink is. Opaque to all but the sink; small, as snapshots hold it.
pub type Cursor = Vec<u8>;

/// An open sink.
pub trait Sink: Send {
    /// Where its rows are, for people.
    fn place(&self) -> String;

    /// Takes the rows of one commit.
    ///
    /// # Errors
    /// They could not be written; the run cannot continue.
    fn write(&mut self, rows: &SinkRows) -> Result<(), ProjectionError>;

    /// Hands everything to the operating system: it survives the death of this process.
    ///
    /// # Errors
    /// It could not be written; the run cannot continue.
    fn flush(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    /// Makes everything durable. Returns what the sink needs to continue from here.
    ///
    /// # Errors
    /// It could not be written; the run cannot continue.
    fn sync(&mut self) -> Result<Cursor, ProjectionError>;

    /// The files of [`Target::files`], and how many bytes of each belong to the last sync: what a node that joins late
    /// is sent.
    fn parts(&self) -> Vec<(PathBuf, u64)> {
        vec![]
    }
}
