//! What openraft is told about our types.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cluster::peer::Peer;
use crate::model::codec::{self, CodecError};
use crate::store::machine::{Command, Reply};
use crate::store::part_name;

openraft::declare_raft_types!(
    /// Our types.
    pub(crate) TypeConfig:
        D = Batch,
        R = Replies,
        NodeId = u64,
        Node = Peer,
        SnapshotData = SnapshotFiles,
);

/// Commands that are decided together, as the proposing node encoded them: they are stored and sent as they are, and
/// decoded once on each node, to be applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch(pub(crate) Bytes);

impl Batch {
    /// The commands.
    ///
    /// # Errors
    /// The bytes are not what a node of this version writes.
    pub(crate) fn commands(&self) -> Result<Vec<Command>, CodecError> {
        codec::decode(&self.0)
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_bytes::ByteBuf::deserialize(deserializer).map(|bytes| Self(bytes.into_vec().into()))
    }
}

/// The machine's answers to a batch, in its order. Empty for entries that hold no batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replies(pub(crate) Vec<Reply>);

/// A snapshot on its way: files in a folder, never a value in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotFiles {
    /// The machine and the progress of output, as [`SnapshotWriter`](crate::store::snapshot::SnapshotWriter) wrote
    /// them.
    pub(crate) state: PathBuf,
    /// Output up to there, in the order of the sinks: each file, and how many bytes of it count. Whoever receives
    /// puts it where [`SnapshotFiles::part`] says; a file of which no byte counts need not be there.
    pub(crate) parts: Vec<(PathBuf, u64)>,
    /// Where it is being received.
    receiving: Option<Arc<Receiving>>,
}

/// A folder in which files are received. Removed with the last value that knows it, if it is still there: what was
/// taken over has another name by then.
#[derive(Debug, PartialEq, Eq)]
struct Receiving(PathBuf);

impl Drop for Receiving {
    fn drop(&mut self) {
        // What stays behind is removed when the state machine is opened next.
        let _removed_later = std::fs::remove_dir_all(&self.0);
    }
}

impl SnapshotFiles {
    /// The files of a snapshot, which stay where they are.
    pub(crate) fn new(state: PathBuf, parts: Vec<(PathBuf, u64)>) -> Self {
        Self { state, parts, receiving: None }
    }

    /// Files that are received into `folder`, which nobody else uses.
    pub(super) fn receiving(folder: PathBuf) -> Self {
        let state = folder.join("state");
        Self { state, parts: vec![], receiving: Some(Arc::new(Receiving(folder))) }
    }

    /// Where whoever receives puts the part with this number.
    pub(crate) fn part(&self, number: usize) -> PathBuf {
        self.state.with_file_name(part_name(number))
    }
}
