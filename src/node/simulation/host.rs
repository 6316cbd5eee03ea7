//! A simulated machine: its disk, and the process that runs on it, which is all of a node but libp2p and the pages.
//!
//! A process is a runtime of its own. So a crash is what it is elsewhere: everything stops where it is. One that is
//! paused does not notice, but that it is later than it thought.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep, sleep_until};

use crate::api::{Definitions, Existing, Outcome, Report, RunError, RunRequest};
use crate::cluster::{Conversation, Peer, SimulatedDisk, Storage, Waiting, start};
use crate::compose::node_options;
use crate::conf::Settings;
use crate::engine::{CancelLatch, Shutdown};
use crate::model::NodeId;
use crate::node::cluster::{Cluster, Opening};
use crate::sinks::OutputReport;
use crate::store::{Commit, Status};

use super::clock;
use super::network::{End, SimulatedNetwork, Switch, address};
use super::random::Random;
use super::site::{DEFINITIONS, SimulatedLoader, Site};
use super::stream::SimulatedStream;

/// Without a sign of life for so long, a node counts as crashed.
pub(super) const SESSION: u64 = 2_000;

/// How long others are waited for.
const PATIENCE: u64 = 20_000;

/// How long nodes stay for members that were away at the end.
pub(super) const LINGER: u64 = 10_000;

/// What is the same for all hosts.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) switch: Switch,
    pub(super) site: Arc<Site>,
    pub(super) random: Random,
    pub(super) hosts: usize,
    pub(super) max_crashes: u32,
    pub(super) snapshot_after: u64,
    pub(super) parallelism: u32,
    /// How long each node is a member before it joins the run.
    pub(super) entrances: Arc<[u64]>,
}

/// A simulated machine.
pub(super) struct Host {
    setup: Setup,
    index: usize,
    disk: Disk,
    pub(super) state: HostState,
}

struct Disk {
    log: SimulatedDisk,
    folder: TempDir,
}

pub(super) enum HostState {
    Down,
    Up(Box<Process>),
    /// The process has ended by itself.
    Over(Result<Box<Report>, String>),
}

pub(super) struct Process {
    runtime: Runtime,
    node: JoinHandle<Result<Report, RunError>>,
    begun: (u64, Instant),
    paused_at: Option<u64>,
    cancel: Shutdown,
    view: Arc<View>,
}

/// What can be seen of a process from outside.
#[derive(Default)]
struct View {
    dies: Arc<AtomicBool>,
    status: Mutex<Option<watch::Receiver<Status>>>,
    output: Mutex<Option<Arc<OutputReport>>>,
    /// The cluster that it is a member of.
    cluster: Mutex<Option<Vec<u8>>>,
}

impl Disk {
    fn new(random: &Random) -> Self {
        let mut folder = tempfile::Builder::new();
        folder.prefix("scoopi-simulation-");
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { folder.tempdir_in(memory) } else { folder.tempdir() };
        let delays = random.fork();
        let delay = move || Duration::from_millis(delays.of(0..5));
        Self { log: SimulatedDisk::new(delay), folder: folder.unwrap() }
    }
}

impl Host {
    pub(super) fn new(setup: Setup, index: usize) -> Self {
        let disk = Disk::new(&setup.random);
        Self { setup, index, disk, state: HostState::Down }
    }

    /// Starts a process.
    pub(super) fn start(&mut self) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let view = Arc::<View>::default();
        let (cancel, latch) = Shutdown::new();
        let node = {
            let _entered = runtime.enter();
            tokio::spawn(self.node(latch, Arc::clone(&view)))
        };
        let begun = (clock::now(), runtime.block_on(async { Instant::now() }));
        self.state = HostState::Up(Box::new(Process { runtime, node, begun, paused_at: None, cancel, view }));
    }

    fn node(
        &self,
        latch: CancelLatch,
        view: Arc<View>,
    ) -> impl Future<Output = Result<Report, RunError>> + Send + use<> {
        let id = self.identity();
        let wire = Wire {
            id,
            index: self.index,
            network: self.setup.switch.host(self.index),
            incoming: self.setup.switch.listen(self.index, id),
            log: self.disk.log.clone(),
        };
        live(self.setup.clone(), self.request(), wire, latch, view)
    }

    /// The number of the node, which is as new as the run in its data folder.
    fn identity(&self) -> NodeId {
        let folder = self.disk.folder.path().join("data/run");
        let file = folder.join("node.key");
        let id = fs::read_to_string(&file)
            .map_or_else(|_| self.setup.random.next().max(1), |id| id.parse().unwrap());
        fs::create_dir_all(folder).unwrap();
        fs::write(file, id.to_string()).unwrap();
        NodeId(id)
    }

    fn request(&self) -> RunRequest {
        let folder = self.disk.folder.path();
        let text = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let mut settings = Settings::default();
        settings.store.dir = text("data");
        settings.appender.file.base_dir = text("output");
        settings.run_date_time_text = Some("2020-07-01T10:59:59.000+0000".to_owned());
        settings.job.take_limit = 3;
        settings.job.max_crashes = self.setup.max_crashes;
        settings.job.max_tries = 4;
        settings.job.retry_delay = 400;
        settings.job.max_retry_delay = 2_000;
        settings.cluster.enable = true;
        settings.cluster.session = SESSION;
        settings.cluster.keep_alive = SESSION / 5;
        settings.cluster.election = 300;
        settings.cluster.voter_timeout = 3 * SESSION;
        settings.cluster.linger = LINGER;
        settings.cluster.quorum.timeout = PATIENCE;
        settings.loader.fetch.parallelism = self.setup.parallelism;
        settings.loader.fetch.delay = 0;
        // A process that finds a part of a run here continues it.
        let is_there = folder.join("data/run/cluster").exists();
        let existing = if is_there { Existing::Resume } else { Existing::Refuse };
        let definitions = Definitions::text("job.yml", DEFINITIONS);
        RunRequest { definitions, root: folder.to_owned(), existing, ..RunRequest::new(settings) }
    }

    /// Lets the process run up to now.
    pub(super) fn step(&mut self) {
        let HostState::Up(process) = &mut self.state else { return };
        if process.paused_at.is_some() {
            return;
        }
        let (since, instant) = process.begun;
        let _entered = tracing::error_span!("on", node = self.index).entered();
        let until = instant + Duration::from_millis(clock::now() - since);
        process.runtime.block_on(async { sleep_until(until).await });
        if process.node.is_finished() {
            let ended = process.runtime.block_on(&mut process.node);
            let ended = ended.map_err(|error| error.to_string());
            let ended = ended.and_then(|ended| ended.map(Box::new).map_err(|error| error.to_string()));
            self.end(End::Killed);
            self.state = HostState::Over(ended);
        }
    }

    /// Ends the process where it is.
    pub(super) fn end(&mut self, end: End) {
        self.setup.switch.end(self.index, end);
        self.state = HostState::Down;
    }

    pub(super) fn pause(&mut self) {
        if let HostState::Up(process) = &mut self.state {
            process.paused_at = Some(clock::now());
            self.setup.switch.pause(self.index, true);
        }
    }

    pub(super) fn go_on(&mut self) {
        let HostState::Up(process) = &mut self.state else { return };
        let Some(since) = process.paused_at.take() else { return };
        let missed = Duration::from_millis(clock::now() - since);
        process.runtime.block_on(async { advance(missed).await });
        self.setup.switch.pause(self.index, false);
    }

    /// Asks the process to come to its end.
    pub(super) fn stop(&self) {
        if let HostState::Up(process) = &self.state {
            process.cancel.cancel();
        }
    }

    /// Puts an empty disk in.
    pub(super) fn wipe(&mut self) {
        self.disk = Disk::new(&self.setup.random);
    }

    /// Whether a process works.
    pub(super) fn is_working(&self) -> bool {
        matches!(&self.state, HostState::Up(process) if process.paused_at.is_none())
    }

    /// Whether it holds the end of the run.
    pub(super) fn ended_well(&self) -> bool {
        matches!(&self.state, HostState::Over(Ok(report))
            if matches!(report.outcome, Outcome::Complete | Outcome::WithErrors))
    }

    /// Whether a page has brought it down.
    pub(super) fn is_poisoned(&self) -> bool {
        matches!(&self.state, HostState::Up(process) if process.view.dies.load(Ordering::Relaxed))
    }

    /// What the process says of the run.
    pub(super) fn status(&self) -> Option<Status> {
        let HostState::Up(process) = &self.state else { return None };
        let status = process.view.status.lock();
        Some(status.as_ref()?.borrow().clone())
    }

    /// Whether the process shows whole entries of the log only: one that waits for its output is shown in part.
    pub(super) fn has_output(&self) -> bool {
        let HostState::Up(process) = &self.state else { return false };
        process.view.output.lock().as_ref().is_some_and(|output| !output.view().0.is_empty())
    }

    /// The cluster that the process is a member of.
    pub(super) fn cluster(&self) -> Option<Vec<u8>> {
        let HostState::Up(process) = &self.state else { return None };
        process.view.cluster.lock().clone()
    }

    /// What lies in the output folder, by name.
    pub(super) fn output(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = BTreeSet::from([self.disk.folder.path().join("output")]);
        while let Some(folder) = folders.pop_first() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.insert(path);
                } else {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    files.insert(name, fs::read_to_string(path).unwrap());
                }
            }
        }
        files
    }
}

/// What a node has instead of libp2p and a database.
struct Wire {
    id: NodeId,
    index: usize,
    network: SimulatedNetwork,
    incoming: mpsc::Receiver<Conversation<SimulatedStream>>,
    log: SimulatedDisk,
}

/// A process, from its first to its last moment.
async fn live(
    setup: Setup,
    request: RunRequest,
    wire: Wire,
    latch: CancelLatch,
    view: Arc<View>,
) -> Result<Report, RunError> {
    let (opening, on_composed) = Opening::new(request, None)?;
    let folder = opening.data.run().path().to_owned();
    let me = Peer { address: address(wire.index), name: format!("node-{}", wire.index).into() };
    let join = (0..setup.hosts).map(address).collect();
    let mut options = node_options(&opening.request, folder.clone(), me, join)?;
    options.storage = Storage::Simulated(wire.log);
    options.snapshot_after = setup.snapshot_after;
    let (_found, found) = watch::channel(BTreeSet::new());
    let progress = watch::Sender::new(Waiting::default());
    let node = start(wire.network, wire.incoming, wire.id, options, on_composed, found, progress)
        .await
        .map_err(|error| RunError::Cluster(Box::new(error)))?;
    *view.cluster.lock() = fs::read(folder.join("cluster")).ok();
    *view.status.lock() = Some(node.commit().status());
    sleep(Duration::from_millis(setup.entrances[wire.index])).await;
    let mut opened = opening.go_on(node).await?;
    *view.output.lock() = Some(Arc::clone(&opened.work.output));
    let loader = SimulatedLoader {
        site: Arc::clone(&setup.site),
        dies: Arc::clone(&view.dies),
        is_closed: AtomicBool::new(false),
    };
    Arc::get_mut(&mut opened.work.plan).unwrap().load_from(Arc::new(loader));
    Cluster::of(opened).work_to_the_end(latch).await
}
