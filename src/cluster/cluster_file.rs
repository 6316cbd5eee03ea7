//! The files that say which cluster the data in a folder belongs to, and how often a process has used it.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::durable;
use crate::model::{Incarnation, codec};

use super::error::ClusterError;
use super::peer::ClusterId;

/// Their names in the folder of the run.
const CLUSTER: &str = "cluster";
const PROCESSES: &str = "processes";
const BOOT: &str = "boot";

/// Another text after each start of the machine (Linux).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// More bytes than any of these files has.
const LIMIT: u64 = 64 << 10;

/// How many lives a process may have in the run, each after the others took it for dead.
const LIVES: u64 = 1 << 16;

/// Whether the machine rebooted after the folder was first used. Entries that a log without fsync acknowledged may be
/// missing then. False where the system does not report its boots.
pub(super) fn is_of_earlier_boot(folder: &Path) -> Result<bool, ClusterError> {
    let Ok(now) = fs::read_to_string(BOOT_ID) else { return Ok(false) };
    match read::<String>(folder, BOOT)? {
        Some(noted) => Ok(noted != now),
        None => note_boot(folder).map(|()| false),
    }
}

/// Notes that the folder is used since the machine was started last.
pub(super) fn note_boot(folder: &Path) -> Result<(), ClusterError> {
    match fs::read_to_string(BOOT_ID) {
        Ok(now) => write(folder, BOOT, &now),
        Err(_) => Ok(()),
    }
}

/// The cluster that the data in a folder belongs to.
pub(super) fn read_cluster(folder: &Path) -> Result<Option<ClusterId>, ClusterError> {
    read(folder, CLUSTER)
}

/// Notes it, durably.
pub(super) fn write_cluster(folder: &Path, cluster: ClusterId) -> Result<(), ClusterError> {
    write(folder, CLUSTER, &cluster)
}

/// The first life of this process in the run: later than all lives of those before it, which is noted, durably.
pub(super) fn next_life(folder: &Path) -> Result<Incarnation, ClusterError> {
    let process = read(folder, PROCESSES)?.unwrap_or(0_u64) + 1;
    write(folder, PROCESSES, &process)?;
    Ok(Incarnation(process.saturating_mul(LIVES)))
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>, ClusterError> {
    let path = folder.join(name);
    let failed = |source| ClusterError::File { doing: "reading", path: path.clone(), source };
    let mut bytes = vec![];
    match durable::read(&path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(_) => codec::decode(&bytes).map(Some).map_err(|error| failed(io::Error::other(error))),
    }
}

fn write<T: Serialize>(folder: &Path, name: &str, value: &T) -> Result<(), ClusterError> {
    let path = folder.join(name);
    let written = || {
        let bytes = codec::encode(value).map_err(io::Error::other)?;
        let new = folder.join(format!("{name}.new"));
        let mut file = durable::create_private(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(folder)?.sync_all()
    };
    written().map_err(|source| ClusterError::File { doing: "writing", path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_later_lives_than_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let lives = [0; 3].map(|_| next_life(folder.path()).unwrap().0);
        assert!(lives.windows(2).all(|pair| pair[0] + LIVES <= pair[1]), "{lives:?}");
    }

    #[test]
    fn another_boot_is_seen_until_it_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let seen = || is_of_earlier_boot(folder.path()).unwrap();
        assert_eq!([seen(), seen()], [false; 2]);
        write(folder.path(), BOOT, &"another".to_owned()).unwrap();
        let is_told = Path::new(BOOT_ID).exists();
        assert_eq!([seen(), seen()], [is_told; 2]);
        note_boot(folder.path()).unwrap();
        assert!(!seen());
    }

    #[test]
    fn the_cluster_is_known_again_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_cluster(folder.path()).unwrap(), None);
        write_cluster(folder.path(), ClusterId([7; 16])).unwrap();
        assert_eq!(read_cluster(folder.path()).unwrap(), Some(ClusterId([7; 16])));
        fs::write(folder.path().join(CLUSTER), "?").unwrap();
        let error = read_cluster(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&*folder.path().to_string_lossy()), "{error}");
    }
}
