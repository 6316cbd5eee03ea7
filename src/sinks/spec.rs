//! The sinks of a run: one for each file, list or table that any of its definitions names.

use std::io;
use std::sync::Arc;

use crate::store::ProjectionError;

use super::failure::failure;
use super::place::OutputPlace;
use super::sink::Target;

/// All sinks of a run, by number.
#[derive(Debug, Clone, Default)]
pub struct Sinks(Vec<SinkSpec>);

/// A sink.
#[derive(Debug, Clone)]
pub struct SinkSpec {
    /// What it is.
    pub target: Arc<dyn Target>,
    /// First line of it, if it has one.
    pub header: Option<Vec<u8>>,
}

impl Sinks {
    /// The number of the sink, which is new or was asked for before. `None` if it was asked for with
    /// another header.
    pub fn number(&mut self, sink: SinkSpec) -> Option<u32> {
        let name = sink.target.name();
        if let Some(number) = self.0.iter().position(|known| known.target.name() == name) {
            // Cannot truncate: sinks are as many as appenders in definitions.
            return (self.0[number].header == sink.header).then_some(number as u32);
        }
        self.0.push(sink);
        Some(self.0.len() as u32 - 1)
    }

    /// All sinks, by number.
    #[must_use]
    pub fn all(&self) -> &[SinkSpec] {
        &self.0
    }

    /// Whether output of an earlier run lies where this one would write.
    #[must_use]
    pub fn are_taken(&self, place: &OutputPlace) -> bool {
        self.0.iter().any(|sink| sink.target.files(place).iter().any(|file| file.exists()))
    }

    /// Removes the files of a run whose rows another node keeps, and their folders if they are empty then.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove_files(&self, place: &OutputPlace) -> Result<(), ProjectionError> {
        let files = self.0.iter().flat_map(|sink| sink.target.files(place));
        for path in files.chain([place.failed.clone()]) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failure(&path, &error)),
                _ => {}
            }
            // What else is in the folder does not belong to the run.
            let _not_empty = path.parent().map(std::fs::remove_dir);
        }
        Ok(())
    }
}
