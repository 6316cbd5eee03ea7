//! Snapshots from the leader to a member: files, in pieces, each file with its hash behind it.
//!
//! Neither side holds more than a piece in memory. A transfer that breaks leaves nothing behind; the leader starts
//! over. What is in the files is not known here, only how long they are.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openraft::error::{Fatal, NetworkError, StreamingError};
use openraft::raft::SnapshotResponse;
use openraft::{AnyError, Raft, Snapshot, SnapshotMeta, StorageError, StorageIOError, Vote};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::cluster::frame;
use crate::cluster::peer::{ClusterId, Peer};
use crate::model::NodeId;

use super::sender::prove;
use super::types::{SnapshotFiles, TypeConfig};

/// Bytes of a file in one frame.
const PIECE: usize = 256 << 10;

/// Largest frame: a piece and what is around it, or the beginning.
const FRAME: usize = 1 << 20;

/// Files of one snapshot; there is one for the state, and one for each output.
const FILES: usize = 4096;

/// Without a piece for so long, a transfer is broken. Disks may be slow.
const STALLED: Duration = Duration::from_secs(30);

/// For the receiver to install a snapshot that it has.
const INSTALLED: Duration = Duration::from_secs(600);

/// What a transfer begins with.
#[derive(Debug, Serialize, Deserialize)]
struct Begin {
    cluster: ClusterId,
    vote: Vote<u64>,
    meta: SnapshotMeta<u64, Peer>,
    /// How long each file is; the state comes first.
    lengths: Vec<u64>,
}

/// What follows: pieces up to the length of a file, then the hash of the file.
#[derive(Debug, Serialize, Deserialize)]
enum Part {
    Piece(ByteBuf),
    Hash([u8; 32]),
}

/// What the receiver says at the end, or as soon as it wants no more.
#[derive(Debug, Serialize, Deserialize)]
enum Verdict {
    Installed(SnapshotResponse<u64>),
    Refused(String),
}

type Sent = Result<SnapshotResponse<u64>, StreamingError<TypeConfig, Fatal<u64>>>;

/// Sends a snapshot, and waits until it is installed.
///
/// # Errors
/// The files cannot be read, the stream breaks, or the receiver refuses.
pub(super) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    cluster: ClusterId,
    vote: Vote<u64>,
    snapshot: Snapshot<TypeConfig>,
) -> Sent {
    let failed = |error: io::Error| StreamingError::Network(NetworkError::new(&error));
    let lost = |error: io::Error| {
        let signature = snapshot.meta.signature();
        StreamingError::StorageError(StorageError::IO {
            source: StorageIOError::read_snapshot(Some(signature), AnyError::new(&error)),
        })
    };
    let files = lengths(&snapshot.snapshot).await.map_err(lost)?;
    let lengths = files.iter().map(|(_, length)| *length).collect();
    let begin = Begin { cluster, vote, meta: snapshot.meta.clone(), lengths };
    let (mut from, mut to) = tokio::io::split(stream);
    let sending = async {
        in_time(STALLED, frame::write(&mut to, &begin)).await.map_err(failed)?;
        for (path, length) in &files {
            send_file(path, *length, &mut to, failed, lost).await?;
        }
        Ok::<_, StreamingError<TypeConfig, Fatal<u64>>>(())
    };
    // A receiver that refuses does so at once, and does not read to the end.
    tokio::select! {
        biased;
        early = frame::read::<Verdict>(&mut from, FRAME) => return early.and_then(installed).map_err(failed),
        sent = sending => sent?,
    }
    in_time(INSTALLED, frame::read(&mut from, FRAME)).await.and_then(installed).map_err(failed)
}

fn installed(verdict: Verdict) -> io::Result<SnapshotResponse<u64>> {
    match verdict {
        Verdict::Installed(response) => Ok(response),
        Verdict::Refused(why) => Err(io::Error::other(why)),
    }
}

async fn in_time<T>(limit: Duration, done: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, done).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn lengths(files: &SnapshotFiles) -> io::Result<Vec<(PathBuf, u64)>> {
    let state = tokio::fs::metadata(&files.state).await?.len();
    let state = std::iter::once((files.state.clone(), state));
    Ok(state.chain(files.parts.iter().cloned()).collect())
}

async fn send_file<E>(
    path: &Path,
    length: u64,
    to: &mut (impl AsyncWrite + Unpin),
    failed: impl Fn(io::Error) -> E,
    lost: impl Fn(io::Error) -> E,
) -> Result<(), E> {
    let mut hash = blake3::Hasher::new();
    let mut left = length;
    // A file of which nothing counts need not be there.
    let mut file = if left > 0 { Some(File::open(path).await.map_err(&lost)?) } else { None };
    while let Some(file) = file.as_mut().filter(|_| left > 0) {
        let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
        file.read_exact(&mut piece).await.map_err(&lost)?;
        hash.update(&piece);
        left -= piece.len() as u64;
        let piece = Part::Piece(ByteBuf::from(piece));
        in_time(STALLED, frame::write(to, &piece)).await.map_err(&failed)?;
    }
    let end = Part::Hash(*hash.finalize().as_bytes());
    in_time(STALLED, frame::write(to, &end)).await.map_err(&failed)
}

/// Takes the snapshot that comes on one stream of [`Purpose::Snapshot`](crate::cluster::caller::Purpose), and has it
/// installed.
///
/// # Errors
/// The snapshot is incomplete or of another cluster, its sender is not the node that it claims to be, or the disk
/// refuses.
pub(crate) async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    raft: &Raft<TypeConfig>,
    cluster: ClusterId,
    from: NodeId,
    mut stream: S,
) -> io::Result<()> {
    let verdict = match take(raft, cluster, from, &mut stream).await {
        Ok(response) => Verdict::Installed(response),
        Err(error) => {
            tracing::warn!(node = %from, %error, "a snapshot was not taken");
            Verdict::Refused(error.to_string())
        }
    };
    in_time(STALLED, frame::write(&mut stream, &verdict)).await?;
    in_time(STALLED, stream.shutdown()).await
}

async fn take<S: AsyncRead + Unpin>(
    raft: &Raft<TypeConfig>,
    cluster: ClusterId,
    from: NodeId,
    stream: &mut S,
) -> io::Result<SnapshotResponse<u64>> {
    let Begin { cluster: theirs, vote, meta, lengths } = in_time(STALLED, frame::read(stream, FRAME)).await?;
    prove(from, &vote)?;
    if theirs != cluster {
        return Err(invalid(format!("it is of cluster {theirs}, this node is a member of {cluster}")));
    }
    let place = raft.begin_receiving_snapshot().await.map_err(io::Error::other)?;
    // What is in the place goes with it, unless the state machine takes it over.
    let snapshot = Box::new(arrive(*place, &lengths, stream).await?);
    raft.install_full_snapshot(vote, Snapshot { meta, snapshot }).await.map_err(io::Error::other)
}

/// Writes what comes to `place`.
async fn arrive<S: AsyncRead + Unpin>(
    mut place: SnapshotFiles,
    lengths: &[u64],
    stream: &mut S,
) -> io::Result<SnapshotFiles> {
    let Some((state, parts)) = lengths.split_first() else {
        return Err(invalid("it has no files".into()));
    };
    if lengths.len() > FILES {
        return Err(invalid(format!("it has {} files, the limit is {FILES}", lengths.len())));
    }
    arrive_file(File::create(&place.state).await?, *state, stream).await?;
    for (number, length) in parts.iter().enumerate() {
        let path = place.part(number);
        arrive_file(File::create(&path).await?, *length, stream).await?;
        place.parts.push((path, *length));
    }
    Ok(place)
}

async fn arrive_file<S: AsyncRead + Unpin>(mut file: File, length: u64, stream: &mut S) -> io::Result<()> {
    let mut hash = blake3::Hasher::new();
    let mut left = length;
    loop {
        match in_time(STALLED, frame::read(stream, FRAME)).await? {
            Part::Piece(piece) if !piece.is_empty() && piece.len() as u64 <= left => {
                left -= piece.len() as u64;
                hash.update(&piece);
                file.write_all(&piece).await?;
            }
            Part::Piece(_) => return Err(invalid("a file of it is longer than it said".into())),
            Part::Hash(_) if left > 0 => return Err(invalid(format!("{left} bytes of a file are missing"))),
            Part::Hash(expected) if hash.finalize() != expected => {
                return Err(invalid("a file of it was damaged on its way".into()));
            }
            Part::Hash(_) => {
                file.flush().await?;
                return file.sync_all().await;
            }
        }
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the snapshot is refused: {why}"))
}

#[cfg(test)]
mod tests;
