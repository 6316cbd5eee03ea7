//! From a request to a member of a run: the data folder, the network, the definitions of the cluster.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::api::{Existing, RunError, RunRequest};
use crate::cluster::{
    Address, ClusterCommit, ClusterNode, Identity, Libp2p, Limits, Network, NetworkOptions, NodeFigures,
    OnComposed, Peer, Waiting, gather, start, start_network, tell,
};
use crate::compose::{MDNS_ALONE, Parts, cannot_dial, key, node_options, output_place};
use crate::defs::Problems;
use crate::engine::{Figures, Shutdown};
use crate::node::data_folder::DataFolder;
use crate::node::telling::{tell_quorum, tell_waiting};
use crate::node::work::Work;
use crate::observe::Workers;
use crate::sinks::{Delivery, OutputPlace, OutputReport};
use crate::store::NodeStore;
use crate::store::machine::Command;

use super::composing::{Composer, compare_definitions, compose, has_definitions};
use super::leaving::leave;
use super::stored::{on_composed, stopped};

/// Longest wait for the end of a network that is no longer used.
const CLOSED: Duration = Duration::from_secs(5);

/// A member of a run, with all that it works with.
pub(in crate::node) struct Opened<N: Network> {
    pub(in crate::node) work: Work<ClusterCommit>,
    pub(super) warnings: Problems,
    pub(super) resumed: bool,
    pub(super) node: ClusterNode<N>,
    pub(super) data: DataFolder,
    pub(super) place: OutputPlace,
    pub(super) workers: Workers,
}

/// What there is of a run before this node is a member.
pub(in crate::node) struct Opening {
    pub(in crate::node) request: RunRequest,
    pub(in crate::node) data: DataFolder,
    workers: Workers,
    /// Ends when the network has ended.
    network: Option<JoinHandle<()>>,
    begun: Instant,
    resumed: bool,
    output: Arc<OutputReport>,
    parts: oneshot::Receiver<Result<Parts, RunError>>,
}

impl Opening {
    /// Claims the data folder.
    pub(in crate::node) fn new(
        request: RunRequest,
        deliveries: Option<mpsc::Sender<Delivery>>,
    ) -> Result<(Self, OnComposed), RunError> {
        let begun = Instant::now();
        let data = DataFolder::claim(Path::new(&request.settings.store.dir))?;
        let resumed = data.prepare_for_cluster(request.existing)?;
        let output = Arc::new(OutputReport::default());
        let (made, parts) = oneshot::channel();
        let on_composed = on_composed(&request, deliveries, Arc::clone(&output), made);
        let workers = Workers::default();
        Ok((Self { request, data, workers, network: None, begun, resumed, output, parts }, on_composed))
    }

    /// Ends what was begun, and removes the run that was found in the data folder.
    pub(super) async fn forget(mut self) -> Result<(), RunError> {
        self.workers.stop().await;
        if let Some(network) = self.network {
            // The next one listens at the same address.
            timeout(CLOSED, network).await.ok();
        }
        self.data.remove_run()
    }

    /// Continues as a member: joins the run, and makes a plan of it.
    pub(in crate::node) async fn go_on<N: Network>(
        self,
        node: ClusterNode<N>,
    ) -> Result<Opened<N>, RunError> {
        let Self { request, data, mut workers, begun, resumed, output, parts, .. } = self;
        let patience = Duration::from_millis(request.settings.cluster.quorum.timeout);
        workers.spawn("quorum notices", tell_quorum(node.quorum()));
        let mut warnings = Problems::default();
        let entered = tokio::select! {
            entered = enter(&request, &node, &mut warnings) => entered?,
            error = node.without_quorum(patience) => return Err(RunError::Cluster(Box::new(error))),
        };
        let (store, composed) = entered;
        let prepared = match composed {
            Ok(composer) => {
                if composer == Composer::Another && has_definitions(&request) && !node.has_missed_the_run() {
                    let (request, store) = (request.clone(), Arc::clone(&store));
                    workers.spawn_blocking("comparison of definitions", move || {
                        compare_definitions(&request, &store)
                    });
                }
                parts.await.unwrap_or_else(|_| Err(stopped(&store)))
            }
            Err(error) => Err(error),
        };
        let parts = match prepared {
            Ok(parts) => parts,
            Err(error) => {
                // The log carries the cancellation to the others; no node goes before all have applied it.
                let (_never, latch) = Shutdown::new();
                leave(&store, &node, latch).await?;
                node.close().await?;
                data.remove_run()?;
                return Err(error);
            }
        };
        if request.existing == Existing::Resume && !node.has_missed_the_run() {
            tokio::select! {
                resumed = store.propose(Command::Resume) => drop(resumed?),
                error = node.without_quorum(patience) => return Err(RunError::Cluster(Box::new(error))),
            }
        }
        let place = output_place(&parts.settings, &parts.run_date_time)?;
        let Parts { settings, plan, .. } = parts;
        let figures = Arc::<Figures>::default();
        let work = Work { settings, plan: Arc::new(plan), store, figures, output, begun };
        Ok(Opened { work, warnings, resumed, node, data, place, workers })
    }
}

/// Joins the run, unless it is over already, and waits until its definitions are composed.
async fn enter<N: Network>(
    request: &RunRequest,
    node: &ClusterNode<N>,
    warnings: &mut Problems,
) -> Result<(Arc<NodeStore<ClusterCommit>>, Result<Composer, RunError>), RunError> {
    let joined = async {
        if node.has_missed_the_run() {
            return Ok(None);
        }
        tokio::select! {
            joined = NodeStore::join(node.commit().clone(), node.id(), node.first_life()) => joined.map(Some),
            () = node.missed() => Ok(None),
        }
    };
    let Some(store) = joined.await? else {
        node.miss_the_run();
        let store = NodeStore::of_the_past(node.commit().clone(), node.id());
        return Ok((Arc::new(store), Ok(Composer::Another)));
    };
    let store = Arc::new(store);
    node.report(store.incarnation(), NodeFigures::default());
    let composed = compose(request, &store, node, warnings).await;
    Ok((store, composed))
}

/// Opens the network and becomes a member.
pub(super) async fn join(
    opening: &mut Opening,
    on_composed: OnComposed,
) -> Result<ClusterNode<Libp2p>, RunError> {
    let Opening { request, data, workers, .. } = opening;
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
    workers.spawn("found addresses", gather(network.hints, network.found, found));
    workers.spawn("announcements", tell(network.network.clone(), options.me.address.clone()));
    let (progress, waiting) = watch::channel(Waiting::default());
    let telling = tokio::spawn(tell_waiting(waiting));
    let started =
        start(network.network, network.incoming, id, options, on_composed, addresses, progress).await;
    telling.abort();
    started.map_err(|error| RunError::Cluster(Box::new(error)))
}
