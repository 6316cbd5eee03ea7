//! The file that says which cluster the data in a folder belongs to.

use std::fs;
use std::io;
use std::path::Path;

use crate::model::codec;

use super::error::ClusterError;
use super::peer::ClusterId;

/// Its name in the folder of the run.
const CLUSTER: &str = "cluster";

/// The cluster that the data in a folder belongs to.
pub(super) fn read_cluster(folder: &Path) -> Result<Option<ClusterId>, ClusterError> {
    let path = folder.join(CLUSTER);
    let failed = |source| ClusterError::File { doing: "reading", path: path.clone(), source };
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(bytes) => codec::decode(&bytes).map(Some).map_err(|error| failed(io::Error::other(error))),
    }
}

/// Notes it, durably.
pub(super) fn write_cluster(folder: &Path, cluster: ClusterId) -> Result<(), ClusterError> {
    let path = folder.join(CLUSTER);
    let written = || {
        let bytes = codec::encode(&cluster).map_err(io::Error::other)?;
        let new = folder.join("cluster.new");
        fs::write(&new, bytes)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(folder)?.sync_all()
    };
    written().map_err(|source| ClusterError::File { doing: "writing", path: path.clone(), source })
}
