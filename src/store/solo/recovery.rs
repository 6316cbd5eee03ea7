//! From a folder to a machine that stands where it stood.
//!
//! In two steps, because output can only be set back once it is known where it goes, and that stands in
//! the definitions that the run's own log holds: first up to where they are known, then the rest.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};

use crate::model::{Rows, codec};
use crate::store::log::{self, Durability, DurableLog, LogError, LogKind};
use crate::store::machine::{Command, Lost, Machine, Phase};
use crate::store::projection::{Projection, project};
use crate::store::snapshot::SnapshotReader;
use crate::store::{ProjectionError, Status};

use super::folder::{FolderState, RunFolder, SoloError};
use super::writer::{SNAPSHOT_AFTER, Writer};
use super::{NODE, QUEUE, SoloCommit};

/// A run that is open and does not continue yet.
pub struct Recovery {
    folder: RunFolder,
    log: Box<dyn DurableLog>,
    machine: Machine,
    /// The last entry that was applied to `machine`.
    position: u64,
    /// Bytes of entries applied since the snapshot.
    replayed: u64,
    progress: Option<Vec<u8>>,
    kept: Kept,
    snapshot_after: u64,
    /// Bytes of the snapshot.
    snapshot_size: u64,
}

/// What output still has to be shown of the entries read in the first step.
#[derive(Default)]
struct Kept(Vec<Decided>);

enum Decided {
    Rows(Rows),
    Lost(Lost),
}

impl Projection for Kept {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        self.0.push(Decided::Rows(rows.clone()));
        Ok(())
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError> {
        self.0.push(Decided::Lost(lost.clone()));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        Ok(vec![])
    }
}

impl Recovery {
    /// Opens the run in `folder`, making an empty one if there is none, and reads as far as its definitions.
    ///
    /// # Errors
    /// The folder is in use, damaged, or cannot be read.
    pub fn open(folder: RunFolder, kind: LogKind, durability: Durability) -> Result<Self, SoloError> {
        let log = log::open(kind, &folder.log(), durability)?;
        let mut recovery = Self {
            folder,
            log,
            machine: Machine::default(),
            position: 0,
            replayed: 0,
            progress: None,
            kept: Kept::default(),
            snapshot_after: SNAPSHOT_AFTER,
            snapshot_size: 0,
        };
        recovery.read_snapshot()?;
        recovery.read_definitions()?;
        Ok(recovery)
    }

    /// The machine, as far as it was read.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Lets a snapshot be made after so many bytes of log, instead of 64 MiB.
    #[must_use]
    pub fn snapshot_after(mut self, bytes: u64) -> Self {
        self.snapshot_after = bytes;
        self
    }

    /// What lies in the folder. Reads the whole log, so it is for messages, not for going on.
    ///
    /// # Errors
    /// The log is damaged.
    pub fn state(&self) -> Result<FolderState, SoloError> {
        let mut machine = self.machine.clone();
        let mut lost = vec![];
        self.entries(self.position + 1, |commands, _, _| {
            for command in &commands {
                machine.apply(command, &mut lost);
                lost.clear();
            }
            Ok(true)
        })?;
        Ok(match machine.phase() {
            Phase::Forming | Phase::Composing => FolderState::Empty,
            Phase::Shutdown | Phase::Terminated => FolderState::Finished,
            phase => FolderState::Unfinished { phase, counts: machine.counts() },
        })
    }

    /// Closes the log and removes the run.
    ///
    /// # Errors
    /// The file system refused.
    pub fn discard(self) -> Result<RunFolder, SoloError> {
        let Self { folder, log, .. } = self;
        drop(log);
        folder.clear()?;
        Ok(folder)
    }

    /// Sets the output back to where the snapshot was, reads the rest of the log, and continues from there. `output`
    /// gets what the projection returned at the snapshot, or `None` to begin at the start.
    ///
    /// # Errors
    /// The log is damaged, output cannot be set back or written, or no thread can be started.
    pub fn start(
        mut self,
        output: impl FnOnce(Option<&[u8]>) -> Result<Box<dyn Projection>, ProjectionError>,
    ) -> Result<SoloCommit, SoloError> {
        let mut projection = output(self.progress.as_deref())?;
        self.show_kept(&mut *projection)?;
        self.replay(&mut *projection, |_| true)?;
        projection.flush()?;
        let (messages, queue) = mpsc::channel(QUEUE);
        let (sender, status) = watch::channel(Status::of(&self.machine, self.position, NODE));
        let machine = Arc::new(RwLock::new(self.machine));
        let writer = Writer {
            folder: self.folder,
            log: self.log,
            machine: Arc::clone(&machine),
            projection,
            status: sender,
            position: self.position,
            snapshot_after: self.snapshot_after,
            since_snapshot: self.replayed,
            last_snapshot: self.snapshot_size,
        };
        let path = writer.folder.path().to_owned();
        std::thread::Builder::new()
            .name("scoopi-log".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|source| SoloError::Io { doing: "starting the log writer of", path, source })?;
        Ok(SoloCommit { messages, status, machine })
    }

    fn read_snapshot(&mut self) -> Result<(), SoloError> {
        if let Some((index, reader)) = SnapshotReader::open_latest(&self.folder.snapshots())? {
            self.snapshot_size = reader.bytes();
            for (number, record) in reader.enumerate() {
                let record = record?;
                if number == 0 {
                    self.progress = Some(record);
                } else {
                    self.machine.restore(&record).map_err(|source| SoloError::Restore {
                        path: self.folder.path().to_owned(),
                        source,
                    })?;
                }
            }
            self.position = index;
            // Removes what a crash left of the entries that the snapshot stands for. If the log lost its end (a power
            // loss, without fsync), it continues behind the snapshot.
            self.log.purge(index)?;
        }
        match self.log.purged() {
            Some(purged) if purged > self.position => {
                Err(LogError::Purged { wanted: self.position + 1, purged }.into())
            }
            _ => Ok(()),
        }
    }

    fn read_definitions(&mut self) -> Result<(), SoloError> {
        if self.machine.phase() > Phase::Composing {
            return Ok(());
        }
        // Before definitions are known there are no jobs, so nothing of this can concern output, but for
        // what the last of these entries held after them.
        let mut kept = Kept::default();
        self.replay(&mut kept, |machine| machine.phase() <= Phase::Composing)?;
        self.kept = kept;
        Ok(())
    }

    /// Applies the entries after the position while `goes_on` says so, and shows them to `projection`.
    fn replay(
        &mut self,
        projection: &mut dyn Projection,
        goes_on: impl Fn(&Machine) -> bool,
    ) -> Result<(), SoloError> {
        let mut machine = std::mem::take(&mut self.machine);
        let (mut position, mut replayed, mut lost) = (self.position, self.replayed, vec![]);
        self.entries(self.position + 1, |commands, index, bytes| {
            for command in &commands {
                let reply = machine.apply(command, &mut lost);
                project(projection, command, &reply, &mut lost)?;
            }
            (position, replayed) = (index, replayed + bytes);
            Ok(goes_on(&machine))
        })?;
        (self.machine, self.position, self.replayed) = (machine, position, replayed);
        Ok(())
    }

    fn show_kept(&mut self, projection: &mut dyn Projection) -> Result<(), ProjectionError> {
        self.kept.0.drain(..).try_for_each(|decided| match decided {
            Decided::Rows(rows) => projection.rows(&rows),
            Decided::Lost(lost) => projection.lost(&lost),
        })
    }

    /// Shows each log entry from `from` on, with its number and size, until `each` says false.
    fn entries(
        &self,
        from: u64,
        mut each: impl FnMut(Vec<Command>, u64, u64) -> Result<bool, SoloError>,
    ) -> Result<(), SoloError> {
        if self.log.bounds().is_none_or(|(_, last)| last < from) {
            return Ok(());
        }
        for entry in self.log.read(from)? {
            let (index, bytes) = entry?;
            let commands = codec::decode(&bytes)
                .map_err(|source| SoloError::Record { path: self.folder.path().to_owned(), source })?;
            if !each(commands, index, bytes.len() as u64)? {
                break;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recovery").field("folder", &self.folder).field("position", &self.position).finish()
    }
}
