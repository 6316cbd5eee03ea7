//! The folder of snapshots: what lies in it, and how one that was received becomes the node's own.
//!
//! ```text
//!  snapshot-<index>     the newest one, written here or received
//!  receiving-<n>/       state, part-0 …   on their way; leftovers are removed at open
//!  parts-<index>/       part-0 …          output that belongs to snapshot-<index> and is not in its place yet
//! ```
//!
//! To take a snapshot over, its folder is renamed to `parts-<index>`, then its state file to `snapshot-<index>`. That
//! is the moment: a node that is killed before has its old snapshot, and a folder that belongs to none, which is
//! removed; one that is killed after it has the new one, and puts output in its place when that is opened. Then the
//! folder is renamed back, so that a half removed one is taken for a leftover.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use openraft::SnapshotMeta;
use serde::{Deserialize, Serialize};

use crate::cluster::peer::Peer;
use crate::cluster::raft::types::SnapshotFiles;
use crate::durable;
use crate::model::codec;
use crate::store::machine::Machine;
use crate::store::snapshot::{self, SnapshotReader, SnapshotWriter};

use super::error::StateError;

const RECEIVING: &str = "receiving-";
const PARTS: &str = "parts-";

/// The first record of a snapshot; those of the machine follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) meta: SnapshotMeta<u64, Peer>,
    pub(super) output: Option<OutputHead>,
}

/// What is known of output at a snapshot, once there is output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OutputHead {
    /// What the projection said.
    #[serde(with = "serde_bytes")]
    pub(super) progress: Vec<u8>,
    /// How many bytes of each part count.
    pub(super) lengths: Vec<u64>,
}

/// A snapshot as it was read.
pub(super) struct Restored {
    pub(super) head: Head,
    pub(super) machine: Machine,
    /// The file.
    pub(super) path: PathBuf,
    /// Its length in bytes.
    pub(super) bytes: u64,
}

/// The folder of snapshots, with the newest one.
#[derive(Debug)]
pub(super) struct SnapshotFolder {
    path: PathBuf,
    /// Numbers the folders in which is received.
    received: u64,
}

impl SnapshotFolder {
    /// Opens the folder, making it if it is not there, removes what was left behind, and reads the newest snapshot.
    pub(super) fn open(path: PathBuf) -> Result<(Self, Option<Restored>), StateError> {
        durable::create_private_folder(&path).map_err(|error| failed("making the folder", &path, error))?;
        let newest = SnapshotReader::open_latest(&path)?;
        let folder = Self { path, received: 0 };
        folder.tidy(newest.as_ref().map(|(index, _)| *index))?;
        Ok((folder, newest.map(|(_, reader)| read(reader)).transpose()?))
    }

    /// Removes folders that belong to nothing.
    fn tidy(&self, newest: Option<u64>) -> Result<(), StateError> {
        let needed = newest.map(|index| self.parts_path(index));
        let io = |error| failed("reading the folder", &self.path, error);
        for entry in fs::read_dir(&self.path).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_ours = name.starts_with(RECEIVING) || name.starts_with(PARTS);
            if is_ours && needed.as_ref() != Some(&path) {
                fs::remove_dir_all(&path).map_err(|error| failed("removing", &path, error))?;
            }
        }
        Ok(())
    }

    /// Writes a snapshot. Durable on return; older ones are gone then.
    pub(super) fn write(&self, head: &Head, machine: &Machine) -> Result<(PathBuf, u64), StateError> {
        let index = head.meta.last_log_id.map_or(0, |id| id.index);
        let mut writer = SnapshotWriter::create(&self.path, index)?;
        let first = codec::encode(head)?;
        let mut bytes = first.len() as u64;
        writer.write_record(&first)?;
        machine.save(|record| {
            bytes += record.len() as u64;
            writer.write_record(record).map_err(StateError::from)
        })?;
        Ok((writer.finish()?, bytes))
    }

    /// A place in which a snapshot can be received.
    pub(super) fn receive(&mut self) -> Result<SnapshotFiles, StateError> {
        let path = self.next_receiving();
        fs::create_dir(&path).map_err(|error| failed("making the folder", &path, error))?;
        Ok(SnapshotFiles::receiving(path))
    }

    fn next_receiving(&mut self) -> PathBuf {
        self.received += 1;
        self.path.join(format!("{RECEIVING}{}", self.received))
    }

    /// Reads a snapshot that was received, and makes sure that it is what its sender says and that all of it is there.
    pub(super) fn read_received(
        &self,
        files: &SnapshotFiles,
        meta: &SnapshotMeta<u64, Peer>,
    ) -> Result<Restored, StateError> {
        let index = meta.last_log_id.map_or(0, |id| id.index);
        let wrong = |why| StateError::Received { path: files.state.clone(), why };
        let restored = read(SnapshotReader::open(files.state.clone(), index)?)?;
        if restored.head.meta != *meta {
            return Err(wrong("it is another one than was announced"));
        }
        let lengths = restored.head.output.as_ref().map_or(&[][..], |output| &output.lengths);
        for (number, length) in lengths.iter().enumerate() {
            let found = fs::metadata(files.part(number)).map_or(0, |part| part.len());
            if found < *length {
                return Err(wrong("a part of its output is missing"));
            }
        }
        Ok(restored)
    }

    /// Makes a snapshot that was received the newest one; its parts wait in the same folder. Durable on return.
    pub(super) fn adopt(&self, files: &SnapshotFiles, index: u64) -> Result<PathBuf, StateError> {
        let parts = self.set_aside(files, index)?;
        let state = parts.join(files.state.file_name().unwrap_or_default());
        Ok(snapshot::adopt(&state, &self.path, index)?)
    }

    /// Renames the folder of what was received, after all in it is durable. What it holds does not count yet.
    pub(super) fn set_aside(&self, files: &SnapshotFiles, index: u64) -> Result<PathBuf, StateError> {
        let wrong = |why| StateError::Received { path: files.state.clone(), why };
        let folder = files.state.parent().filter(|folder| folder.parent() == Some(&*self.path));
        let folder = folder.ok_or_else(|| wrong("it does not lie where snapshots are received"))?;
        let io = |error| failed("reading the folder", folder, error);
        for entry in fs::read_dir(folder).map_err(io)? {
            sync(&entry.map_err(io)?.path())?;
        }
        sync(folder)?;
        let parts = self.parts_path(index);
        if parts.exists() {
            fs::remove_dir_all(&parts).map_err(|error| failed("removing", &parts, error))?;
        }
        fs::rename(folder, &parts).map_err(|error| failed("renaming", folder, error))?;
        sync(&self.path)?;
        Ok(parts)
    }

    /// The folder of parts that belong to the snapshot `index` and are not in their place yet.
    pub(super) fn parts(&self, index: u64) -> Option<PathBuf> {
        Some(self.parts_path(index)).filter(|path| path.exists())
    }

    /// Removes these parts: they are in their place, durably.
    pub(super) fn forget_parts(&mut self, index: u64) -> Result<(), StateError> {
        let Some(parts) = self.parts(index) else { return Ok(()) };
        // Taken for a leftover, should it be removed by halves.
        let leftover = self.next_receiving();
        fs::rename(&parts, &leftover).map_err(|error| failed("renaming", &parts, error))?;
        sync(&self.path)?;
        fs::remove_dir_all(&leftover).map_err(|error| failed("removing", &leftover, error))
    }

    fn parts_path(&self, index: u64) -> PathBuf {
        self.path.join(format!("{PARTS}{index:020}"))
    }
}

fn read(mut reader: SnapshotReader) -> Result<Restored, StateError> {
    let (path, bytes) = (reader.path().to_owned(), reader.bytes());
    let first = reader.next().transpose()?.unwrap_or_default();
    let head: Head =
        codec::decode(&first).map_err(|source| StateError::Record { path: path.clone(), source })?;
    let mut machine = Machine::default();
    for record in reader {
        let restored = machine.restore(&record?);
        restored.map_err(|source| StateError::Restore { path: path.clone(), source })?;
    }
    Ok(Restored { head, machine, path, bytes })
}

fn sync(path: &Path) -> Result<(), StateError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| failed("syncing", path, error))
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> StateError {
    StateError::Io { doing, path: path.to_owned(), source }
}
