//! The types of ours that openraft works with.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

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
/// decoded once on each node, to be applied. The first byte says whether they are compressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch(pub(crate) Bytes);

/// Encoded commands of so many bytes are compressed: below it the rows of a few pages are not worth the time.
const COMPRESSED_FROM: usize = 64 << 10;

/// How much trouble the compressor takes: the least, since rows shrink well and a page is waiting.
const LEVEL: i32 = 1;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// Why a batch is none.
#[derive(Debug, Error)]
pub(crate) enum BatchError {
    /// The commands cannot be written or read.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// They cannot be compressed, or what was read was not.
    #[error("compressed commands: {0}")]
    Compression(#[from] io::Error),
    /// There is nothing, or nothing that a node of this version writes.
    #[error("no batch of commands")]
    Unknown,
}

impl Batch {
    /// Encodes commands: a value that is read back as a list of them.
    ///
    /// # Errors
    /// They cannot be encoded, or are larger than a frame may be.
    pub(crate) fn of(commands: &impl Serialize) -> Result<Self, BatchError> {
        let frame = codec::encode(commands)?;
        let mut bytes = vec![PLAIN];
        if frame.len() < COMPRESSED_FROM {
            bytes.extend_from_slice(&frame);
        } else {
            bytes = vec![ZSTD];
            zstd::stream::copy_encode(&frame[..], &mut bytes, LEVEL)?;
        }
        Ok(Self(bytes.into()))
    }

    /// The commands.
    ///
    /// # Errors
    /// The bytes are not what a node of this version writes.
    pub(crate) fn commands(&self) -> Result<Vec<Command>, BatchError> {
        match self.0.split_first() {
            Some((&PLAIN, frame)) => Ok(codec::decode(frame)?),
            Some((&ZSTD, compressed)) => {
                let mut frame = vec![];
                // However much a few bytes may blow up to, more than a frame is none.
                let limit = codec::MAX_FRAME as u64 + 2;
                zstd::stream::Decoder::new(compressed)?.take(limit).read_to_end(&mut frame)?;
                Ok(codec::decode(&frame)?)
            }
            _ => Err(BatchError::Unknown),
        }
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
    /// Output up to there, in the order of the sinks: each file, and how many bytes of it count. The receiver puts it
    /// where [`SnapshotFiles::part`] says; a file of which no byte counts need not be there.
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

    /// Files that are received into `folder`, which has no other user.
    pub(super) fn receiving(folder: PathBuf) -> Self {
        let state = folder.join("state");
        Self { state, parts: vec![], receiving: Some(Arc::new(Receiving(folder))) }
    }

    /// Where the receiver puts the part with this number.
    pub(crate) fn part(&self, number: usize) -> PathBuf {
        self.state.with_file_name(part_name(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, JobKey, Rows, SinkRows};

    /// A finished job with so many bytes of rows.
    fn commands(bytes: usize) -> Vec<Command> {
        let part = SinkRows { sink: 0, count: 1, bytes: b"price|12.5|".repeat(bytes / 11) };
        let rows = Rows { parts: vec![part] };
        vec![Command::Finish { job: JobKey([7; 16]), epoch: Epoch(1), rows, links: vec![] }, Command::Cancel]
    }

    #[test]
    fn commands_come_back_and_many_rows_take_less_room() {
        for bytes in [0, 1000, COMPRESSED_FROM * 2, 8 << 20] {
            let commands = commands(bytes);
            let batch = Batch::of(&commands).unwrap();
            assert_eq!(batch.commands().unwrap(), commands);
            assert!(batch.0.len() < COMPRESSED_FROM, "{bytes} bytes became {}", batch.0.len());
        }
    }

    #[test]
    fn what_is_no_batch_is_an_error_and_a_bomb_has_a_limit() {
        let bomb = {
            let mut bytes = vec![ZSTD];
            zstd::stream::copy_encode(std::io::repeat(0).take(3 * codec::MAX_FRAME as u64), &mut bytes, 1)
                .unwrap();
            bytes
        };
        for bytes in [vec![], vec![9, 1], vec![ZSTD, 1, 2, 3], vec![PLAIN, 77], bomb] {
            assert!(Batch(bytes.into()).commands().is_err());
        }
    }
}
