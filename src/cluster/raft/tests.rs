//! openraft's own questions to a storage, put to ours on each engine; and openraft itself on top of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use openraft::error::{Fatal, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use openraft::testing::{StoreBuilder, Suite};
use openraft::{
    Config, Entry, EntryPayload, LogId, Raft, Snapshot, SnapshotMeta, SnapshotPolicy, StorageError,
    StoredMembership, Vote,
};
use tempfile::TempDir;

use crate::cluster::peer::Peer;
use crate::model::NodeId;
use crate::store::log::LogKind;

use super::story::{LogEntry, Story, content, killed, on_disk, output_in, output_of, soon};
use super::types::{Replies, SnapshotFiles, TypeConfig};
use super::{Applied, LogStore, StateMachine};

struct Builder(LogKind);

impl StoreBuilder<TypeConfig, LogStore, Transferring, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, Transferring), StorageError<u64>> {
        let folder = tempfile::tempdir().unwrap();
        let log = LogStore::open(&folder.path().join("log"), &on_disk(self.0)).unwrap();
        let (machine, _) =
            StateMachine::open(folder.path().join("snapshots"), NodeId(1), 1 << 20, &on_disk(LogKind::Redb))
                .unwrap();
        Ok((folder, log, Transferring(machine)))
    }
}

/// The state machine, with files of another node copied before they are installed: the suite hands over the sender's.
struct Transferring(StateMachine);

impl RaftSnapshotBuilder<TypeConfig> for Transferring {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError<u64>> {
        self.0.build_snapshot().await
    }
}

impl RaftStateMachine<TypeConfig> for Transferring {
    type SnapshotBuilder = StateMachine;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<u64>>, StoredMembership<u64, Peer>), StorageError<u64>> {
        self.0.applied_state().await
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Replies>, StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + Send,
        I::IntoIter: Send,
    {
        self.0.apply(entries).await
    }

    async fn get_snapshot_builder(&mut self) -> StateMachine {
        self.0.get_snapshot_builder().await
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<SnapshotFiles>, StorageError<u64>> {
        self.0.begin_receiving_snapshot().await
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, Peer>,
        snapshot: Box<SnapshotFiles>,
    ) -> Result<(), StorageError<u64>> {
        let received = self.0.begin_receiving_snapshot().await?;
        std::fs::copy(&snapshot.state, &received.state).unwrap();
        self.0.install_snapshot(meta, received).await
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError<u64>> {
        self.0.get_current_snapshot().await
    }
}

#[test]
fn openraft_is_content_with_redb() {
    Suite::test_all(Builder(LogKind::Redb)).unwrap();
}

#[test]
fn openraft_is_content_with_sled() {
    Suite::test_all(Builder(LogKind::Sled)).unwrap();
}

/// A network without other nodes.
struct Alone;

fn nobody() -> Unreachable {
    Unreachable::new(&io::Error::from(io::ErrorKind::NotConnected))
}

impl RaftNetworkFactory<TypeConfig> for Alone {
    type Network = Self;

    async fn new_client(&mut self, _: u64, _: &Peer) -> Self {
        Self
    }
}

impl RaftNetwork<TypeConfig> for Alone {
    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<TypeConfig>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, Peer, RaftError<u64>>> {
        Err(nobody().into())
    }

    async fn vote(
        &mut self,
        _: VoteRequest<u64>,
        _: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, Peer, RaftError<u64>>> {
        Err(nobody().into())
    }

    async fn full_snapshot(
        &mut self,
        _: Vote<u64>,
        _: Snapshot<TypeConfig>,
        _: impl Future<Output = ReplicationClosed> + Send + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<TypeConfig, Fatal<u64>>> {
        Err(nobody().into())
    }
}

/// A node of one, with its output handed over while Raft starts.
async fn start(dir: &Path, kind: LogKind) -> (Raft<TypeConfig>, LogStore, Applied) {
    let config = Config {
        heartbeat_interval: 20,
        election_timeout_min: 50,
        election_timeout_max: 100,
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: 2,
        ..Config::default()
    };
    let log = LogStore::open(&dir.join("log"), &on_disk(kind)).unwrap();
    let (machine, applied) =
        StateMachine::open(dir.join("snapshots"), NodeId(1), 1 << 20, &on_disk(LogKind::Redb)).unwrap();
    let config = Arc::new(config.validate().unwrap());
    let raft = tokio::spawn(Raft::new(1, config, Alone, log.clone(), machine));
    applied.open_output(output_in(&dir.join("output"))).await.unwrap();
    let raft = raft.await.unwrap().unwrap();
    if !raft.is_initialized().await.unwrap() {
        raft.initialize(BTreeMap::from([(1, Peer::default())])).await.unwrap();
    }
    raft.wait(None).metrics(|metrics| metrics.current_leader == Some(1), "leads").await.unwrap();
    (raft, log, applied)
}

async fn write(raft: &Raft<TypeConfig>, entries: &[LogEntry]) {
    for entry in entries {
        let EntryPayload::Normal(batch) = entry.payload.clone() else { panic!("{entry:?}") };
        let written = raft.client_write(batch).await.unwrap();
        assert!(!written.data.0.is_empty());
    }
}

async fn end(raft: Raft<TypeConfig>, log: LogStore, applied: Applied) {
    raft.shutdown().await.unwrap();
    applied.close().await.unwrap();
    log.close().await;
}

#[test]
fn raft_goes_on_where_it_was_after_an_end_and_after_a_kill_also_with_snapshot_and_purge() {
    for kind in LogKind::ALL {
        soon(async {
            let dir = tempfile::tempdir().unwrap();
            let (story, entries) = Story::whole(12);
            let (first, rest) = entries.split_at(12);
            let (second, third) = rest.split_at(4);
            let (raft, log, applied) = start(dir.path(), kind).await;
            write(&raft, first).await;
            end(raft, log, applied).await;

            let (raft, log, applied) = start(dir.path(), kind).await;
            write(&raft, second).await;
            raft.trigger().snapshot().await.unwrap();
            let purged = |metrics: &openraft::RaftMetrics<u64, Peer>| metrics.purged.is_some();
            raft.wait(None).metrics(purged, "purges").await.unwrap();
            write(&raft, &third[..2]).await;
            let copy = killed(dir.path());
            end(raft, log, applied).await;

            for dir in [copy.path(), dir.path()] {
                let (raft, log, applied) = start(dir, kind).await;
                write(&raft, &third[2..]).await;
                assert_eq!(content(&applied.machine().read()), content(story.machine()));
                let [rows, failed] = output_of(&dir.join("output"));
                assert_eq!((rows.lines().count(), failed.lines().count()), (8, 4));
                end(raft, log, applied).await;
            }
        });
    }
}
