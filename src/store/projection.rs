//! What is made of the log outside of the machine: output.
//!
//! A projection sees every decision once and in log order. It can be set back to where it was at a
//! snapshot, so that replaying the log after it gives the same bytes again.

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
    /// They could not be written; the run cannot go on.
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError>;

    /// A job that ended without rows.
    ///
    /// # Errors
    /// It could not be written; the run cannot go on.
    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError>;

    /// Hands everything to the operating system: it survives the death of this process.
    ///
    /// # Errors
    /// It could not be written; the run cannot go on.
    fn flush(&mut self) -> Result<(), ProjectionError>;

    /// Makes everything durable, and gives what is needed to go on from here.
    ///
    /// # Errors
    /// It could not be written; the run cannot go on.
    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError>;
}

/// Shows an applied command to a projection.
pub(super) fn project(
    projection: &mut dyn Projection,
    command: &Command,
    reply: &Reply,
    lost: &mut Vec<Lost>,
) -> Result<(), ProjectionError> {
    if let (Command::Finish { rows, .. }, Reply::Accepted) = (command, reply)
        && !rows.is_empty()
    {
        projection.rows(rows)?;
    }
    lost.drain(..).try_for_each(|job| projection.lost(&job))
}
