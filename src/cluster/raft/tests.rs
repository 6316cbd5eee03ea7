//! openraft's own questions to a storage, put to ours on each engine.

use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use openraft::testing::{StoreBuilder, Suite};
use openraft::{Entry, LogId, Snapshot, SnapshotMeta, StorageError, StoredMembership};
use tempfile::TempDir;

use crate::cluster::peer::Peer;
use crate::model::NodeId;
use crate::store::log::{Durability, LogKind};

use super::types::{Replies, SnapshotFiles, TypeConfig};
use super::{LogStore, StateMachine};

struct Builder(LogKind);

impl StoreBuilder<TypeConfig, LogStore, Transferring, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, Transferring), StorageError<u64>> {
        let folder = tempfile::tempdir().unwrap();
        let log = LogStore::open(&folder.path().join("log"), self.0, Durability::Process).unwrap();
        let (machine, _) = StateMachine::open(folder.path().join("snapshots"), NodeId(1), 1 << 20).unwrap();
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
