//! What is made of the log outside of the machine: output.
//!
//! A projection sees every decision once and in log order. It can be set back to where it was at a
//! snapshot, so that replaying the log after it gives the same bytes again. A node that takes a snapshot over from
//! another one gets the bytes before it as files, the parts.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::Rows;

use super::machine::{Command, Lost, Reply};

/// Why output could not be written.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct ProjectionError(pub String);

/// Writes what was committed.
pub trait Projection: Send {
    /// Rows of a job that was finished.
    ///
    /// # Errors
    /// They could not be written; the run cannot continue.
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError>;

    /// A job that ended without rows.
    ///
    /// # Errors
    /// It could not be written; the run cannot continue.
    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError>;

    /// Hands everything to the operating system: it survives the death of this process.
    ///
    /// # Errors
    /// It could not be written; the run cannot continue.
    fn flush(&mut self) -> Result<(), ProjectionError>;

    /// Makes everything durable, and returns what is needed to continue from here.
    ///
    /// # Errors
    /// It could not be written; the run cannot continue.
    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError>;

    /// The files that were written, always in the same order, and how many bytes of each belong to what was synced
    /// last. A file that is not there has none. What writes no files has no parts.
    fn parts(&self) -> Vec<(PathBuf, u64)> {
        vec![]
    }
}

/// The output at the snapshot with which a node continues.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// What [`Projection::sync`] gave, here or on the node that the snapshot came from.
    pub progress: &'a [u8],
    /// Where the snapshot came from another node: the folder with the bytes up to there, a file for each of
    /// [`Projection::parts`], by [`part_name`]. They replace what this node wrote. They are moved or copied; one that is
    /// not there was moved by an earlier attempt.
    pub parts: Option<&'a Path>,
}

/// The name of a part: the number is its place in [`Projection::parts`].
#[must_use]
pub fn part_name(number: usize) -> String {
    format!("part-{number}")
}

/// Opens output. More than once, where a node takes a snapshot over from another one; what was opened before is
/// dropped before that.
pub trait OpenProjection: Send {
    /// Opens output at its start, or where `earlier` says.
    ///
    /// # Errors
    /// It cannot be opened or set back.
    fn open(&mut self, earlier: Option<Earlier<'_>>) -> Result<Box<dyn Projection>, ProjectionError>;
}

impl<F> OpenProjection for F
where
    F: FnMut(Option<Earlier<'_>>) -> Result<Box<dyn Projection>, ProjectionError> + Send,
{
    fn open(&mut self, earlier: Option<Earlier<'_>>) -> Result<Box<dyn Projection>, ProjectionError> {
        self(earlier)
    }
}

/// Whether an applied command is of interest to a projection.
pub(crate) fn concerns_output(command: &Command, reply: &Reply, lost: &[Lost]) -> bool {
    !lost.is_empty() || rows_of(command, reply).is_some()
}

/// The rows that an applied command committed, unless there are none.
fn rows_of<'a>(command: &'a Command, reply: &Reply) -> Option<&'a Rows> {
    match (command, reply) {
        (Command::Finish { rows, .. }, Reply::Accepted) => Some(rows).filter(|rows| !rows.is_empty()),
        _ => None,
    }
}

/// Shows an applied command to a projection.
pub(crate) fn project(
    projection: &mut dyn Projection,
    command: &Command,
    reply: &Reply,
    lost: &mut Vec<Lost>,
) -> Result<(), ProjectionError> {
    if let Some(rows) = rows_of(command, reply) {
        projection.rows(rows)?;
    }
    lost.drain(..).try_for_each(|job| projection.lost(&job))
}
