//! From an address to a member of a cluster: forming, Raft, and the tasks that keep both going.

mod ask_over;
mod entering;
mod expect_nodes;
mod leaving;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openraft::{Config, Raft, SnapshotPolicy};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info, warn};

use crate::model::{Incarnation, NodeId};
use crate::observe::Workers;
use crate::store::machine::Phase;
use crate::store::{OpenProjection, StoreError};

use super::address::Address;
use super::caller::Caller;
use super::cancelling::Cancelling;
use super::cluster_file::{is_of_earlier_boot, next_life, note_boot, read_cluster, write_cluster};
use super::commit::ClusterCommit;
use super::desk::{Desk, serve};
use super::elections::hold_elections;
use super::error::ClusterError;
use super::farewell::{Farewell, Keepers};
use super::figures::NodeFigures;
use super::forming::{
    self, Ask, Declared, Formed, Forming, FormingError, Standing, Waiting, find_deciding, find_running, form,
};
use super::member::{Member, Timing};
use super::network::{Conversation, Network};
use super::office::Office;
use super::peer::{ClusterId, Peer};
use super::quorum::Quorum;
use super::quorum_watch::watch_quorum;
use super::raft::{Applied, LogStore, RaftClients, StateMachine, Storage, TypeConfig};
use super::sessions::Sessions;
use super::upkeep::{expire, keep_members, show_life};
use ask_over::AskOver;
use expect_nodes::expect_nodes;
pub(crate) use leaving::{Leave, LeftBehind};

/// How long the rest is waited for once there is a quorum to form a cluster.
const GRACE: Duration = Duration::from_secs(1);

/// Members that a cluster is founded with at most: all of them vote.
const FOUNDERS: usize = 5;

/// Entries behind a snapshot that are kept for members that are a little behind.
const KEPT_ENTRIES: u64 = 1_000;

/// What a node is started with.
#[derive(Debug)]
pub struct NodeOptions {
    /// The folder of the run, which no other node uses.
    pub folder: PathBuf,
    /// How others reach this node, and what people call it.
    pub me: Peer,
    /// The other nodes.
    pub join: Vec<Address>,
    /// How many nodes there are to be; none for those that are named.
    pub size: Option<usize>,
    /// How many are needed to begin; none for the majority.
    pub quorum: Option<usize>,
    /// How long they are waited for.
    pub patience: Duration,
    /// What the log lies on.
    pub storage: Storage,
    /// How long things may take.
    pub timing: Timing,
    /// Bytes of log after which a snapshot is due.
    pub snapshot_after: u64,
    /// Which nodes keep the rows.
    pub keepers: Keepers,
    /// Whether to continue the run in the folder although no other node does so yet.
    pub resumes: bool,
}

/// Opens the output from the values in the store; returns none if that is not possible, and then its owner knows why.
/// Called once it is known what was composed: not before, because the values hold where output goes, and not later than
/// the first rows, which wait for it.
pub type OnComposed =
    Box<dyn FnOnce(&dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Box<dyn OpenProjection>> + Send>;

/// A member of a cluster. Dropping it is like a crash: the others find out.
pub(crate) struct ClusterNode<N: Network> {
    office: Arc<Office<N>>,
    quorum: watch::Receiver<Quorum>,
    first_life: Incarnation,
    log: LogStore,
    _workers: Workers,
}

/// Becomes a member. `incoming` are the streams that others open to `network`; `found` are addresses that were found
/// rather than named; `progress` gets reports of how far the start is.
///
/// # Errors
/// See [`ClusterError`].
pub(crate) async fn start<N: Network>(
    network: N,
    incoming: mpsc::Receiver<Conversation<N::Stream>>,
    id: NodeId,
    options: NodeOptions,
    on_composed: OnComposed,
    found: watch::Receiver<BTreeSet<Address>>,
    progress: watch::Sender<Waiting>,
) -> Result<ClusterNode<N>, ClusterError> {
    let declared = Declared::new(&options.me.address, &options.join, options.size, options.quorum)
        .map_err(ClusterError::Declared)?;
    let known = read_cluster(&options.folder)?;
    let standing = known.map_or(Standing::Forming, |cluster| Standing::Waiting { cluster });
    let forming = Forming::open(&options.folder, id, options.me.clone(), declared, standing)?;
    let mut workers = Workers::default();
    let (opened, office) = watch::channel(None);
    workers.spawn(
        "expected nodes",
        expect_nodes(network.clone(), options.join.iter().cloned().collect(), office.clone()),
    );
    let caller = Arc::new(Caller::new(network));
    let desk = Desk::new(forming.clone(), office);
    workers.spawn("server", serve(Arc::new(desk), incoming));

    let asker = Arc::clone(&caller);
    let ask = AskOver(&*asker);
    let forming_options =
        forming::Options { timeout: options.patience, grace: GRACE, founders: FOUNDERS, found, progress };
    let is_forgetful = is_of_earlier_boot(&options.folder)? && options.storage.is_forgetful();
    let (cluster, at) = match known {
        Some(cluster) if is_forgetful => {
            // Those who were started again, too, and have no quorum yet, may need what is here.
            match find_deciding(&forming, cluster, &forming_options.found, &ask).await? {
                Some(_) => return Err(ClusterError::Forgetful),
                None if options.resumes => (cluster, vec![]),
                None => return Err(ClusterError::Unfinished { path: options.folder, cluster }),
            }
        }
        Some(cluster) if options.resumes => (cluster, vec![]),
        Some(cluster) => match find_running(&forming, cluster, &forming_options.found, &ask).await? {
            Some(running) => (cluster, running.at),
            None => return Err(ClusterError::Unfinished { path: options.folder, cluster }),
        },
        None => match form(&forming, &forming_options, &ask).await? {
            Formed::Running(running) => (running.cluster, running.at),
            Formed::Founded(founding) => {
                let at = founding.members.values().map(|peer| peer.address.clone());
                (founding.cluster, at.collect())
            }
        },
    };
    write_cluster(&options.folder, cluster)?;
    let first_life = next_life(&options.folder)?;
    note_boot(&options.folder)?;
    if is_forgetful {
        warn!("the machine rebooted and the log is not fsynced: after a power loss, rows may be missing");
    }

    let (member, log) = open_member(id, cluster, &options, caller, |applied| {
        // Raft begins with what the log holds, and that may be rows.
        workers.spawn("output", open_output(applied, on_composed));
    })
    .await?;
    let member = Arc::new(member);
    let commit = ClusterCommit::new(Arc::clone(&member), |proposer| {
        workers.spawn("proposer", proposer.run());
    });
    let quorum = watch::Sender::new(Quorum::Looking);
    let seen = quorum.subscribe();
    let office = Arc::new(Office {
        member: Arc::clone(&member),
        commit,
        farewell: Farewell::new(options.keepers.clone()),
        quorum: quorum.subscribe(),
        cancelling: Cancelling::default(),
        workers: workers.list(),
    });
    opened.send_replace(Some(Arc::clone(&office)));
    let stand = {
        let forming = forming.clone();
        move |quorum| {
            // Without a quorum, no node can join this node's cluster.
            let is_there = quorum == Quorum::There;
            forming.stand(if is_there { Standing::Member { cluster } } else { Standing::Paused { cluster } });
        }
    };
    stand(Quorum::Looking);
    workers.spawn("quorum", watch_quorum(Arc::clone(&member), quorum, stand));
    workers.spawn("elections", hold_elections(Arc::clone(&member)));
    workers.spawn("end", note_the_end(member.applied.clone(), log.clone()));
    workers.spawn(
        "heartbeat",
        show_life(Arc::clone(&member), at.iter().chain(&options.join).cloned().collect()),
    );
    workers.spawn("expiry", expire(Arc::clone(&member)));
    workers.spawn("members", keep_members(Arc::clone(&member)));
    workers.spawn("snapshots", make_snapshots(Arc::clone(&member)));
    let mut node = ClusterNode { office, quorum: seen, first_life, log, _workers: workers };
    if member.applied.status().borrow().phase >= Phase::Shutdown {
        node.miss_the_run();
        info!("the run is over, and all of it is on this node's disk");
        return Ok(node);
    }
    node.become_member(&forming, &options, at).await?;
    let missed = node.missed();
    tokio::select! {
        found = node.await_quorum(options.patience) => found?,
        () = missed => node.miss_the_run(),
        error = other_cluster(&forming, cluster, &forming_options.found, &ask) => return Err(error.into()),
    }
    Ok(node)
}

/// Stores at once that the end is committed: a node that is killed afterwards does not need other nodes to know it
/// after its restart.
async fn note_the_end(applied: Applied, log: LogStore) {
    let mut status = applied.status();
    if status.wait_for(|status| status.phase >= Phase::Shutdown).await.is_ok() {
        log.note_committed().await;
    }
}

/// Ends only where the peers are found to run another cluster than this node.
async fn other_cluster<A: Ask>(
    forming: &Forming,
    cluster: ClusterId,
    found: &watch::Receiver<BTreeSet<Address>>,
    ask: &A,
) -> FormingError {
    match find_running(forming, cluster, found, ask).await {
        Err(error) => error,
        Ok(_) => std::future::pending().await,
    }
}

/// Opens the log and the machine, and starts Raft.
async fn open_member<N: Network>(
    id: NodeId,
    cluster: ClusterId,
    options: &NodeOptions,
    caller: Arc<Caller<N>>,
    opened: impl FnOnce(Applied),
) -> Result<(Member<N>, LogStore), ClusterError> {
    let log = LogStore::open(&options.folder.join("log"), &options.storage)?;
    let snapshots = options.folder.join("snapshots");
    let (machine, applied) = StateMachine::open(snapshots, id, options.snapshot_after, &options.storage)?;
    opened(applied.clone());
    let patience = (options.timing.session / 2).max(options.timing.election * 4);
    let contact = Arc::clone(caller.contact());
    let peers = RaftClients::new(caller.network().clone(), cluster, contact, patience);
    let config = Arc::new(raft_config(cluster, options.timing).map_err(ClusterError::Raft)?);
    let raft: Raft<TypeConfig> = Raft::new(id.0, config, peers, log.clone(), machine)
        .await
        .map_err(|error| ClusterError::Raft(error.to_string()))?;
    let member = Member {
        id,
        me: options.me.clone(),
        cluster,
        raft,
        applied,
        caller,
        timing: options.timing,
        sessions: Mutex::new(Sessions::new(options.timing.session)),
        reports: Mutex::default(),
        candidates: Mutex::default(),
        incarnation: watch::Sender::new(Incarnation(0)),
        has_missed_the_run: AtomicBool::new(false),
        figures: Mutex::default(),
    };
    Ok((member, log))
}

/// Opens output as soon as it is known where it goes.
async fn open_output(applied: Applied, on_composed: OnComposed) {
    let mut status = applied.status();
    if status.wait_for(|status| status.phase >= Phase::Seeding).await.is_err() {
        return;
    }
    let store = applied.clone();
    // Compiling a plan would block a thread of the runtime.
    let made = tokio::task::spawn_blocking(move || on_composed(&|key| store.value(key))).await;
    if let Ok(Some(output)) = made
        && let Err(error) = applied.open_output(output).await
    {
        error!(%error, "unable to open output");
    }
}

fn raft_config(cluster: ClusterId, timing: Timing) -> Result<Config, String> {
    let election = u64::try_from(timing.election.as_millis()).unwrap_or(u64::MAX / 4).max(10);
    let config = Config {
        cluster_name: cluster.to_string(),
        heartbeat_interval: election / 5,
        // Elections are ours: see `elections.rs`. The minimum is how long openraft waits for a vote, the maximum how
        // long a member that has just heard its leader does not vote for another node.
        enable_elect: false,
        election_timeout_min: election.saturating_mul(2) - 1,
        election_timeout_max: election.saturating_mul(2),
        // Snapshots are due by bytes, which Raft does not count.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: KEPT_ENTRIES,
        ..Config::default()
    };
    config.validate().map_err(|error| error.to_string())
}

/// Makes a snapshot whenever one is due.
async fn make_snapshots<N: Network>(member: Arc<Member<N>>) {
    loop {
        member.applied.snapshot_due().notified().await;
        if let Err(error) = member.raft.trigger().snapshot().await {
            debug!(%error, "no snapshot");
            return;
        }
    }
}

impl<N: Network> ClusterNode<N> {
    /// How this node commits.
    pub(crate) fn commit(&self) -> &ClusterCommit {
        &self.office.commit
    }

    /// Its number.
    pub(crate) fn id(&self) -> NodeId {
        self.office.member.id
    }

    /// The first life of this process in the run.
    pub(crate) fn first_life(&self) -> Incarnation {
        self.first_life
    }

    /// Whether anything can be decided.
    pub(crate) fn quorum(&self) -> watch::Receiver<Quorum> {
        self.quorum.clone()
    }

    /// Whether this node leads, now and later.
    pub(crate) fn leads(&self) -> bool {
        self.office.member.leads().is_some()
    }

    /// Sets the life in which this node takes part from now on, and its figures.
    pub(crate) fn report(&self, incarnation: Incarnation, figures: NodeFigures) {
        *self.office.member.figures.lock() = figures;
        self.office
            .member
            .incarnation
            .send_if_modified(|life| std::mem::replace(life, incarnation) != incarnation);
    }

    /// Whether the run ended before this node joined it; all of the run lies on its disk.
    pub(crate) fn has_missed_the_run(&self) -> bool {
        self.office.member.has_missed_the_run.load(Ordering::Acquire)
    }

    /// Warns if this node keeps the rows because it missed the decision about them.
    pub(crate) fn warn_of_own_rows(&self) {
        self.office.farewell.warn_of_own(&self.office.member);
    }

    /// Warns if the rows are to be kept by a node that is not there.
    pub(crate) fn warn_of_name(&self) {
        self.office.farewell.warn_of_name(&self.office.member);
    }

    /// Notes that the run ended before this node joined it.
    pub(crate) fn miss_the_run(&self) {
        self.office.member.has_missed_the_run.store(true, Ordering::Release);
    }

    /// Ends Raft, and makes output and log durable.
    ///
    /// # Errors
    /// They could not be written.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        let member = &self.office.member;
        if let Err(error) = member.raft.shutdown().await {
            warn!(%error, "unable to shut down raft cleanly");
        }
        let closed = member.applied.close().await;
        self.log.close().await;
        closed
    }
}
