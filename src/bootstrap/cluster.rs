//! A run together with other nodes.
//!
//! The same steps as alone, but that this node has to become a member first, that definitions come from whoever was
//! first behind the barricade, and that the end is taken together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::cluster::{
    Address, ClusterCommit, ClusterError, ClusterKey, ClusterNode, Identity, Keepers, Leave, LeftBehind,
    Libp2p, Limits, Network, NetworkOptions, NodeFigures, NodeOptions, OnComposed, Peer, Storage, Timing,
    Waiting, gather, start, start_network, tell,
};
use crate::conf::Settings;
use crate::defs::Problems;
use crate::engine::{CancelLatch, Delivery, Figures, Output, OutputPlace, OutputReport, Shutdown};
use crate::model::codec;
use crate::store::machine::{Command, Phase, Run};
use crate::store::{Earlier, JobStore, NodeStore, Projection, Status, StoreError};

use super::compose::{Composed, Stored};
use super::composing::{Composer, compare_definitions, compose, has_definitions};
use super::data_folder::DataFolder;
use super::parts::Parts;
use super::report::{Outcome, Report};
use super::request::{Existing, RunRequest};
use super::run::RunError;
use super::solo::log_settings;
use super::telling::{tell_quorum, tell_waiting};
use super::work::{Scope, Work, output_place};

/// Longest wait for the end of a network that is not used any more.
const CLOSED: Duration = Duration::from_secs(5);

/// Key of the run in the store.
pub(super) const RUN: &str = "run";

/// A run that is ready to go.
pub(super) struct Cluster<N: Network> {
    pub(super) work: Work<ClusterCommit>,
    pub(super) warnings: Problems,
    pub(super) resumed: bool,
    node: ClusterNode<N>,
    data: DataFolder,
    place: OutputPlace,
    tasks: JoinSet<()>,
}

impl Cluster<Libp2p> {
    /// Becomes a member, and makes a plan of what the cluster's store holds or of what is asked for.
    pub(super) async fn open(
        request: RunRequest,
        deliveries: Option<mpsc::Sender<Delivery>>,
    ) -> Result<Self, RunError> {
        let mut is_new = false;
        loop {
            let (mut opening, on_composed) = Opening::new(request.clone(), deliveries.clone())?;
            match join(&mut opening, on_composed).await {
                Err(RunError::Cluster(error)) if !is_new && matches!(*error, ClusterError::Forgetful) => {
                    warn!("{error}; it takes part as a new node");
                    opening.forget().await?;
                    is_new = true;
                }
                node => return opening.go_on(node?).await,
            }
        }
    }
}

/// What there is of a run before this node is a member.
pub(super) struct Opening {
    pub(super) request: RunRequest,
    pub(super) data: DataFolder,
    tasks: JoinSet<()>,
    /// Ends when the network has ended.
    network: Option<JoinHandle<()>>,
    begun: Instant,
    resumed: bool,
    output: Arc<OutputReport>,
    parts: oneshot::Receiver<Result<Parts, RunError>>,
}

impl Opening {
    /// Claims the data folder.
    pub(super) fn new(
        request: RunRequest,
        deliveries: Option<mpsc::Sender<Delivery>>,
    ) -> Result<(Self, OnComposed), RunError> {
        let begun = Instant::now();
        let data = DataFolder::claim(Path::new(&request.settings.store.dir))?;
        let resumed = data.prepare_for_cluster(request.existing)?;
        let output = Arc::new(OutputReport::default());
        let (made, parts) = oneshot::channel();
        let on_composed = on_composed(&request, deliveries, Arc::clone(&output), made);
        let tasks = JoinSet::new();
        Ok((Self { request, data, tasks, network: None, begun, resumed, output, parts }, on_composed))
    }

    /// Ends what was begun, and removes the run that was found in the data folder.
    async fn forget(mut self) -> Result<(), RunError> {
        self.tasks.shutdown().await;
        if let Some(network) = self.network {
            // The next one listens at the same address.
            timeout(CLOSED, network).await.ok();
        }
        self.data.remove_run()
    }

    /// Goes on as a member: joins the run, and makes a plan of it.
    pub(super) async fn go_on<N: Network>(self, node: ClusterNode<N>) -> Result<Cluster<N>, RunError> {
        let Self { request, data, mut tasks, begun, resumed, output, parts, .. } = self;
        let patience = Duration::from_millis(request.settings.cluster.quorum.timeout);
        tasks.spawn(tell_quorum(node.quorum()));
        let mut warnings = Problems::default();
        let entered = tokio::select! {
            entered = enter(&request, &node, &mut warnings) => entered?,
            error = node.without_quorum(patience) => return Err(RunError::Cluster(Box::new(error))),
        };
        let (store, composed) = entered;
        let prepared = match composed {
            Ok(composer) => {
                if composer == Composer::Another && has_definitions(&request) && !node.is_over() {
                    let (request, store) = (request.clone(), Arc::clone(&store));
                    tasks.spawn_blocking(move || compare_definitions(&request, &store));
                }
                parts.await.unwrap_or_else(|_| Err(stopped(&store)))
            }
            Err(error) => Err(error),
        };
        let parts = match prepared {
            Ok(parts) => parts,
            Err(error) => {
                // The others are told by the log; nobody goes before all have heard.
                let (_never, latch) = Shutdown::new();
                leave(&store, &node, latch).await?;
                node.close().await?;
                data.remove_run()?;
                return Err(error);
            }
        };
        if request.existing == Existing::Resume && !node.is_over() {
            tokio::select! {
                resumed = store.propose(Command::Resume) => drop(resumed?),
                error = node.without_quorum(patience) => return Err(RunError::Cluster(Box::new(error))),
            }
        }
        let place = output_place(&parts.settings, &parts.run_date_time)?;
        let Parts { settings, plan, .. } = parts;
        let figures = Arc::<Figures>::default();
        let work = Work { settings, plan: Arc::new(plan), store, figures, output, begun };
        Ok(Cluster { work, warnings, resumed, node, data, place, tasks })
    }
}

/// Joins the run, unless it is over already, and waits until its definitions are composed.
async fn enter<N: Network>(
    request: &RunRequest,
    node: &ClusterNode<N>,
    warnings: &mut Problems,
) -> Result<(Arc<NodeStore<ClusterCommit>>, Result<Composer, RunError>), RunError> {
    if node.is_over() {
        return Ok((
            Arc::new(NodeStore::of_the_past(node.commit().clone(), node.id())),
            Ok(Composer::Another),
        ));
    }
    let store = Arc::new(NodeStore::join(node.commit().clone(), node.id(), node.first_life()).await?);
    node.report(store.incarnation(), NodeFigures::default());
    let composed = compose(request, &store, node, warnings).await;
    Ok((store, composed))
}

/// The reason why a node stops working.
enum Stopped {
    /// The node has finished its work, or the user stopped it.
    Worked(Result<(), RunError>),
    /// The others are gone.
    LeftBehind(LeftBehind),
    /// The user stopped it while it had no quorum.
    Paused,
}

impl<N: Network> Cluster<N> {
    /// Works until all is done, or until this node or the run is `cancelled`.
    pub(super) async fn run(mut self, cancelled: CancelLatch) -> Result<Report, RunError> {
        let stopped = if self.node.is_over() {
            Stopped::Worked(Ok(()))
        } else {
            info!("work begins");
            self.node.warn_of_name();
            self.work_on(cancelled.clone()).await
        };
        let status = self.work.store.status().borrow().clone();
        if status.phase >= Phase::Shutdown {
            info!("run is over");
        }
        let leave = match &stopped {
            Stopped::Worked(_) => leave(&self.work.store, &self.node, cancelled.clone()).await?,
            Stopped::LeftBehind(why) => {
                warn!(
                    "left behind: {why}; either they have ended the run without this node and each of them has the whole \
                     result, or they have crashed and `--resume` on this node and more than half of them continues the run"
                );
                Leave::default()
            }
            Stopped::Paused => {
                warn!(
                    "no quorum: this node leaves without handing its jobs back; the others take them over, or `--resume` does"
                );
                Leave::default()
            }
        };
        let status = self.work.store.status().borrow().clone();
        let is_over = status.phase >= Phase::Shutdown;
        if is_over {
            let mut cancelled = cancelled;
            tokio::select! {
                () = self.node.linger(&leave) => {}
                () = cancelled.cancelled() => {}
            }
        }
        self.node.close().await?;
        let is_left_behind = matches!(stopped, Stopped::LeftBehind(_)) && !is_over;
        if let Stopped::Worked(worked) = stopped {
            worked?;
        }
        if is_over {
            self.data.remove_run()?;
        }
        let kept_by = leave.kept_by.filter(|_| is_over);
        if kept_by.is_some() {
            self.place.remove(self.work.plan.sinks())?;
        }
        let others_go_on = matches!(status.phase, Phase::Seeding | Phase::Running) && !is_left_behind;
        let report = self.work.report(&status);
        let outcome = if is_left_behind { Outcome::LeftBehind } else { report.outcome };
        Ok(Report { outcome, others_go_on, kept_by, ..report })
    }

    async fn work_on(&mut self, mut cancelled: CancelLatch) -> Stopped {
        let (inner, latch) = Shutdown::new();
        self.tasks.spawn(pass_on(cancelled.clone(), self.work.store.status(), inner));
        let beside = async {
            tokio::join!(report_figures(&self.work, &self.node), self.work.store.stay());
        };
        let paused = async {
            cancelled.cancelled().await;
            self.node.paused().await;
        };
        tokio::select! {
            worked = self.work.run(latch, Scope::Node) => Stopped::Worked(worked),
            () = beside => Stopped::Worked(Ok(())),
            why = self.node.left_behind() => Stopped::LeftBehind(why),
            () = paused => Stopped::Paused,
        }
    }
}

/// Opens the network and becomes a member.
async fn join(opening: &mut Opening, on_composed: OnComposed) -> Result<ClusterNode<Libp2p>, RunError> {
    let Opening { request, data, tasks, .. } = opening;
    let settings = &request.settings;
    let own = &settings.cluster;
    let address = |text: &str, key: &str| {
        text.trim()
            .parse::<Address>()
            .map_err(|error| RunError::Settings(format!("scoopi.cluster.{key}: {error}")))
    };
    let listen = address(&own.listen, "listen")?;
    let advertised = own.advertise.as_deref().map(|text| address(text, "advertise")).transpose()?;
    let named = own.join.split(',').filter(|text| !text.trim().is_empty());
    let join = named.map(|text| address(text, "join")).collect::<Result<Vec<_>, _>>()?;
    if own.mdns && join.is_empty() && own.size == 0 {
        return Err(RunError::Settings(MDNS_ALONE.to_owned()));
    }
    let key = key(settings, [&listen].into_iter().chain(&advertised).chain(&join))?;
    let folder = data.run().path().to_owned();
    let identity = Identity::open(&folder).map_err(|error| RunError::Cluster(Box::new(error.into())))?;
    let id = identity.node_id();
    let options = NetworkOptions { listen, identity, key, mdns: own.mdns, limits: Limits::default() };
    let network = start_network(options).await.map_err(|error| RunError::Cluster(Box::new(error.into())))?;
    opening.network = Some(network.ended);
    let at = match advertised {
        Some(advertised) if advertised.port() != 0 => advertised,
        Some(advertised) => advertised.with_port(network.address.port()),
        None if network.address.is_unspecified() => {
            return Err(RunError::Settings(cannot_dial(&network.address)));
        }
        None => network.address.clone(),
    };
    let name = own.name.clone().unwrap_or_else(|| at.to_string());
    let options = node_options(request, folder, Peer { address: at, name: name.into() }, join)?;
    let (found, addresses) = watch::channel(BTreeSet::new());
    tasks.spawn(gather(network.hints, network.found, found));
    tasks.spawn(tell(network.network.clone(), options.me.address.clone()));
    let (progress, waiting) = watch::channel(Waiting::default());
    let telling = tokio::spawn(tell_waiting(waiting));
    let started =
        start(network.network, network.incoming, id, options, on_composed, addresses, progress).await;
    telling.abort();
    started.map_err(|error| RunError::Cluster(Box::new(error)))
}

/// The message for a node that finds others by multicast but does not know their number.
pub(super) const MDNS_ALONE: &str = "scoopi.cluster.mdns finds nodes, but the number of nodes is not set, so each \
                                     node could begin alone: write `--set cluster.size=N` on every node";

/// The message for a node whose listen address others cannot dial.
pub(super) fn cannot_dial(listen: &Address) -> String {
    format!(
        "scoopi.cluster.listen is {listen}, which others cannot dial: name the address that they use with \
         `--set cluster.advertise=HOST:PORT`"
    )
}

/// What the member is told that is `me` for others.
pub(super) fn node_options(
    request: &RunRequest,
    folder: PathBuf,
    me: Peer,
    join: Vec<Address>,
) -> Result<NodeOptions, RunError> {
    let own = &request.settings.cluster;
    let (kind, durability) = log_settings(&request.settings)?;
    let millis = Duration::from_millis;
    Ok(NodeOptions {
        folder,
        me,
        join,
        size: (own.size > 0).then_some(own.size as usize),
        quorum: (own.quorum.size > 0).then_some(own.quorum.size as usize),
        patience: millis(own.quorum.timeout),
        storage: Storage::Disk { kind, durability },
        timing: Timing {
            session: millis(own.session.max(100)),
            keep_alive: millis(own.keep_alive.max(10)),
            election: millis(own.election.max(50)),
            voter: millis(own.voter_timeout),
            linger: millis(own.linger),
        },
        snapshot_after: request.settings.store.snapshot_after.max(1),
        keepers: match own.output_on.as_str() {
            "all" => Keepers::All,
            "leader" => Keepers::Leader,
            name => Keepers::Named(name.into()),
        },
        resumes: request.existing == Existing::Resume,
    })
}

/// The cluster's key. There must be one unless nobody but this machine can reach any node.
pub(super) fn key<'a>(
    settings: &Settings,
    addresses: impl Iterator<Item = &'a Address>,
) -> Result<Option<ClusterKey>, RunError> {
    if let Some(file) = &settings.cluster.key_file {
        return ClusterKey::read(Path::new(file))
            .map(Some)
            .map_err(|error| RunError::Settings(error.to_string()));
    }
    let mut reachable = addresses.filter(|address| !address.is_loopback());
    match reachable.next() {
        None => Ok(None),
        Some(address) => Err(RunError::Settings(format!(
            "{address} can be reached from other machines, so the cluster needs a key: make one with `scoopi keygen \
             FILE`, copy it to every host and name it with `--key-file FILE`"
        ))),
    }
}

/// Makes output of what was composed, by this node or another one; what else was made of it goes to `made`.
fn on_composed(
    request: &RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
    written: Arc<OutputReport>,
    made: oneshot::Sender<Result<Parts, RunError>>,
) -> OnComposed {
    let (own, root) = (request.settings.clone(), request.root.clone());
    Box::new(move |value| {
        let parts = read_parts(value, &own, &root);
        let opened = parts.as_ref().ok().and_then(|parts| {
            Some((parts.plan.sinks().clone(), output_place(&parts.settings, &parts.run_date_time).ok()?))
        });
        // Nobody waits for them any more where the node is going down.
        let _gone = made.send(parts);
        let (sinks, place) = opened?;
        Some(Box::new(move |earlier: Option<Earlier<'_>>| {
            let (place, deliveries, written) = (place.clone(), deliveries.clone(), Arc::clone(&written));
            let opened = Output::open(sinks.all(), place, deliveries, earlier, written)?;
            Ok(Box::new(opened) as Box<dyn Projection>)
        }))
    })
}

/// What a run is made of, as it stands in the store, with what concerns this machine as it is here.
fn read_parts(
    value: &dyn Fn(&str) -> Option<Vec<u8>>,
    own: &Settings,
    root: &Path,
) -> Result<Parts, RunError> {
    let run = read_run(value)?;
    let Stored { definitions, settings, scripts } = Composed::read(value)?;
    let settings = settings.on_the_machine_of(own);
    Parts::of_stored(&definitions, settings, &scripts, run.date_time, Problems::default(), root)
}

pub(super) fn read_run(value: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<Run, RunError> {
    let run = value(RUN).unwrap_or_default();
    codec::decode(&run).map_err(|error| RunError::Internal(format!("the run in the store: {error}")))
}

pub(super) fn stopped(store: &NodeStore<ClusterCommit>) -> RunError {
    let reason = store.status().borrow().failure.clone();
    StoreError::Stopped(reason.unwrap_or_else(|| "the node is going down".into())).into()
}

/// Leaves the run, and waits until the others do not need this node. Without a quorum, it stops waiting if it was
/// `cancelled`, if the others are gone, or after some time.
async fn leave<N: Network>(
    store: &NodeStore<ClusterCommit>,
    node: &ClusterNode<N>,
    mut cancelled: CancelLatch,
) -> Result<Leave, RunError> {
    if node.is_over() {
        tokio::select! {
            () = node.linger_after_all() => {}
            () = cancelled.cancelled() => {}
        }
        return Ok(Leave::default());
    }
    let paused = async {
        cancelled.cancelled().await;
        node.paused().await;
    };
    let left = async {
        store.leave().await?;
        Ok(node.farewell().await)
    };
    tokio::select! {
        left = left => return left,
        () = node.abandoned() => {}
        () = paused => {}
    }
    if store.status().borrow().phase < Phase::Shutdown {
        warn!(
            "no quorum: this node leaves without handing its jobs back; the others take them over, or `--resume` does"
        );
    }
    Ok(Leave::default())
}

/// Stops the work of this node when it, or the run, is cancelled.
async fn pass_on(mut cancelled: CancelLatch, mut status: watch::Receiver<Status>, inner: Shutdown) {
    tokio::select! {
        () = cancelled.cancelled() => {}
        Ok(_) = status.wait_for(|status| status.phase == Phase::Draining) => {
            warn!("the run is cancelled: jobs in work come to their end");
        }
    }
    inner.cancel();
}

/// Tells others what this node does, for as long as it does.
async fn report_figures<N: Network>(work: &Work<ClusterCommit>, node: &ClusterNode<N>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let (mut pages, mut rate) = (0, 0.0_f64);
    loop {
        ticks.tick().await;
        let view = work.figures.view();
        rate = rate.mul_add(0.7, (view.pages - pages) as f64 * 0.3);
        pages = view.pages;
        let figures = NodeFigures { position: 0, pages, errors: view.errors, rate };
        node.report(work.store.incarnation(), figures);
    }
}
