//! The data folder: who uses it, and how a run in it is removed.
//!
//! Knows that a run is a folder in it; not what is in the run. The run's log has a lock of its own, which it
//! lets go of before the run is removed: without this one, another process could begin in between, and lose
//! what it has just begun.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::api::{Existing, RunError};
use crate::durable;
use crate::store::solo::RunFolder;

/// A data folder that no other process uses while this value lives.
#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    /// The operating system lets go of the lock when this is closed, however the process ends.
    _lock: File,
}

impl DataFolder {
    /// Claims the folder, making it if it is not there.
    pub(super) fn claim(path: &Path) -> Result<Self, RunError> {
        durable::create_private_folder(path)
            .map_err(|error| failed("making the data folder", path, error))?;
        // Folders of an earlier version. The data folder itself stays as it is: its owner may share it on purpose.
        for name in ["run", "pages"] {
            let folder = path.join(name);
            durable::close_to_others(&folder)
                .map_err(|error| failed("setting mode 0700 of", &folder, error))?;
        }
        let file = path.join("lock");
        let lock = durable::open_private(&file, File::options().create(true).truncate(false).write(true));
        let lock = lock.map_err(|error| failed("opening the lock", &file, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RunError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(failed("locking", &file, error)),
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        remove(&folder.removed())?;
        Ok(folder)
    }

    /// The folder of the run.
    pub(super) fn run(&self) -> RunFolder {
        RunFolder::new(self.path.join("run"))
    }

    /// Makes the folder of the run ready for a member of a cluster. Returns whether it holds a part of a run.
    pub(super) fn prepare_for_cluster(&self, existing: Existing) -> Result<bool, RunError> {
        let run = self.run();
        if existing == Existing::Discard {
            self.remove_run()?;
        } else if run.is_used() && !run.is_of_cluster() {
            return Err(RunError::OtherMode { path: run.path().to_owned(), holds: "solo" });
        }
        let is_used = run.is_used();
        durable::create_private_folder(run.path())
            .map_err(|error| failed("making the folder of the run", run.path(), error))?;
        Ok(is_used)
    }

    /// Removes the run, whose log must be closed. Killed at any moment, this leaves the whole run or none:
    /// half of one could be taken for a damaged one.
    pub(super) fn remove_run(&self) -> Result<(), RunError> {
        let run = self.run();
        match fs::rename(run.path(), self.removed()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("removing the run in", run.path(), error)),
            Ok(()) => remove(&self.removed()),
        }
    }

    /// What a removed run is called until it is gone.
    fn removed(&self) -> PathBuf {
        self.path.join("run.removed")
    }
}

fn remove(folder: &Path) -> Result<(), RunError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removing", folder, error)),
        _ => Ok(()),
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> RunError {
    RunError::Data { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user_and_a_removed_run_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let data = DataFolder::claim(&path).unwrap();
        assert!(matches!(DataFolder::claim(&path), Err(RunError::InUse { .. })));
        data.remove_run().unwrap();
        fs::create_dir_all(data.run().path().join("log")).unwrap();
        data.remove_run().unwrap();
        assert!(!data.run().path().exists() && !data.removed().exists());
        fs::create_dir_all(data.removed().join("log")).unwrap();
        drop(data);
        assert!(!DataFolder::claim(&path).unwrap().removed().exists());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataFolder::claim(file.path()).unwrap_err().to_string();
        assert!(error.contains(&*file.path().to_string_lossy()), "{error}");
    }
}
