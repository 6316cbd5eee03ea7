//! What openraft is told about our types.

use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cluster::peer::Peer;
use crate::model::codec::{self, CodecError};
use crate::store::machine::{Command, Reply};

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
    /// Output up to there, in the order of the sinks: each file, and how many bytes of it count.
    pub(crate) parts: Vec<(PathBuf, u64)>,
}
