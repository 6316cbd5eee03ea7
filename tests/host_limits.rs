//! Several nodes and one host: what the machine gives out and what each node's fetcher keeps make, together, one
//! polite visitor.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its own functions")]

mod support;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scoopi::internals::fetch::{FetchSettings, Fetcher, Request};
use scoopi::internals::model::{Epoch, Fingerprint, Incarnation, Job, Locator, NodeId, Rows, RunId};
use scoopi::internals::store::machine::{
    Barricade, Claim, Command, Machine, Pacing, Phase, Reply, Rules, Run, seed_digest,
};
use support::response::Response;
use support::server::Server;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

const NODES: u64 = 3;
const LIFE: Incarnation = Incarnation(1);
const LIMIT: Duration = Duration::from_secs(40);

/// Nodes that share a machine, as if every command reached all of them at once.
struct Cluster {
    machine: Mutex<Machine>,
    fetchers: Vec<Fetcher>,
    changed: Notify,
}

impl Cluster {
    /// A run with these pages, asked for with this parallelism and delay.
    fn new(pacing: Pacing, host_leases: u32, parallelism: usize, delay: Duration, urls: &[String]) -> Self {
        let settings = FetchSettings {
            delay,
            parallelism: NonZeroUsize::new(parallelism).unwrap(),
            ..FetchSettings::default()
        };
        let fetchers = (0..NODES).map(|_| Fetcher::new(settings.clone(), PathBuf::new()).unwrap()).collect();
        let cluster = Self { machine: Mutex::default(), fetchers, changed: Notify::new() };
        let rules = Rules {
            max_tries: 1,
            max_crashes: 1,
            host_leases,
            host_first: u32::MAX,
            pacing,
            max_jobs: 1000,
            max_url_bytes: 1 << 20,
            max_depth: 100,
        };
        let fingerprint = Fingerprint::default();
        cluster.apply(Command::Begin(Run { id: RunId([1; 16]), date_time: 0, fingerprint, rules }));
        for node in 1..=NODES {
            cluster.apply(Command::Join { node: NodeId(node), incarnation: LIFE });
        }
        let epoch = cluster.claim(Barricade::Compose);
        cluster.apply(Command::Publish { epoch, entries: vec![] });
        let epoch = cluster.claim(Barricade::Seed);
        let page = |(number, url): (usize, &String)| Locator {
            group: "g".into(),
            name: format!("n{number}").into(),
            url: url.clone(),
        };
        let locators: Vec<_> = urls.iter().enumerate().map(page).collect();
        let (count, digest) = (locators.len() as u64, seed_digest(fingerprint, &locators));
        cluster.apply(Command::SeedChunk { epoch, number: 0, locators });
        cluster.apply(Command::SeedDone { epoch, count, digest });
        assert_eq!(cluster.machine.lock().unwrap().phase(), Phase::Running);
        cluster
    }

    fn apply(&self, command: Command) -> Reply {
        let reply = self.machine.lock().unwrap().apply(&command, &mut vec![]);
        assert!(!matches!(reply, Reply::Refused(_)), "{command:?}: {reply:?}");
        self.changed.notify_waiters();
        reply
    }

    fn claim(&self, barricade: Barricade) -> Epoch {
        match self.apply(Command::Claim { barricade, node: NodeId(1), incarnation: LIFE }) {
            Reply::Claimed(Claim::Work(epoch)) => epoch,
            reply => panic!("{reply:?}"),
        }
    }

    fn take(&self, node: NodeId, request: u64, max: u32) -> Vec<Job> {
        match self.apply(Command::Take { node, incarnation: LIFE, request, max, now: 0 }) {
            Reply::Taken { jobs } => jobs,
            reply => panic!("{reply:?}"),
        }
    }

    /// Gets the page of a job, as the loader does, and ends it.
    async fn work(&self, node: NodeId, job: Job) {
        let request = Request::new(&job.locator.url).after_moves(job.host_moves).within(job.host_places);
        self.fetchers[node.0 as usize - 1].fetch(request).await.unwrap();
        let (rows, links) = (Rows::default(), vec![]);
        self.apply(Command::Finish { job: job.key, epoch: job.epoch, rows, links });
    }
}

/// A node takes whatever it can get, in turns with the others, and works on all of it at once.
async fn greedy(cluster: Arc<Cluster>, node: NodeId) {
    let (mut working, mut begun) = (JoinSet::new(), HashSet::new());
    for request in 1.. {
        let changed = cluster.changed.notified();
        let (is_takeable, is_over) = {
            let machine = cluster.machine.lock().unwrap();
            (machine.takeable(node), machine.counts().open() == 0)
        };
        if is_over {
            break;
        }
        if is_takeable {
            for job in cluster.take(node, request, 1) {
                if !begun.insert((job.key, job.epoch)) {
                    cluster.fetchers[node.0 as usize - 1].hear(&job.locator.url, job.host_places.unwrap());
                    continue;
                }
                let cluster = Arc::clone(&cluster);
                working.spawn(async move { cluster.work(node, job).await });
            }
            tokio::task::yield_now().await;
        } else {
            changed.await;
        }
    }
    working.join_all().await;
}

fn pages(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|number| server.at(&format!("/{number}"))).collect()
}

async fn all_greedy(cluster: Cluster) {
    let cluster = Arc::new(cluster);
    let mut nodes = JoinSet::new();
    for node in 1..=NODES {
        nodes.spawn(greedy(Arc::clone(&cluster), NodeId(node)));
    }
    tokio::time::timeout(LIMIT, nodes.join_all()).await.unwrap();
}

/// Nodes that share a host make no more than so many requests at a time.
async fn share(limit: u32) {
    let server = Server::start(|_| Response::ok("").delayed(Duration::from_millis(40)));
    let pages = pages(&server, 12 * limit as usize);
    all_greedy(Cluster::new(Pacing::Shared, limit, limit as usize, Duration::ZERO, &pages)).await;
    assert_eq!(server.hits(), pages.len());
    assert!(server.most_at_once() <= limit as usize, "{} at a time, not {limit}", server.most_at_once());
}

#[tokio::test]
async fn without_a_delay_all_nodes_together_make_no_more_requests_at_a_time_than_one() {
    for fewer_and_more_than_nodes in [1, 2, 3, 4, 7] {
        share(fewer_and_more_than_nodes).await;
    }
}

#[tokio::test]
async fn a_page_that_does_not_come_holds_up_no_other_one() {
    const PAGES: usize = 20;
    let (gate, is_open) = watch::channel(false);
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        // It comes when all others were asked for.
        gate.send_replace(asked.fetch_add(1, Ordering::Relaxed) + 1 == PAGES);
        let response = Response::ok("").delayed(Duration::from_millis(10));
        if request.path == "/0" { response.behind(is_open.clone()) } else { response }
    });
    // Each node has one place, and one job ahead of it.
    all_greedy(Cluster::new(Pacing::Shared, 3, 3, Duration::ZERO, &pages(&server, PAGES))).await;
    assert_eq!((server.hits(), server.most_at_once() <= 3), (PAGES, true));
}

#[tokio::test]
async fn with_a_delay_all_nodes_together_keep_it() {
    let server = Server::start(|_| Response::ok("").delayed(Duration::from_millis(70)));
    let delay = Duration::from_millis(40);
    let begin = Instant::now();
    all_greedy(Cluster::new(Pacing::OneNode, 4, 2, delay, &pages(&server, 24))).await;
    // A busy machine may let the server see a request late, but never early.
    let late = |(number, at): (u32, Instant)| at - begin >= delay * number;
    let requests = server.requests();
    assert!((0..).zip(requests.iter().map(|request| request.at)).all(late), "{begin:?}: {requests:?}");
    assert_eq!((requests.len(), server.most_at_once() <= 2), (24, true));
}

#[tokio::test]
async fn the_delay_is_kept_when_a_host_goes_from_node_to_node() {
    let server = Server::start(|_| Response::ok(""));
    let delay = Duration::from_millis(120);
    let cluster = Cluster::new(Pacing::OneNode, 2, 1, delay, &pages(&server, 12));
    let mut seen = 0;
    let mut ended: Option<Instant> = None;
    for (turn, node) in (1..=6).zip([1, 2, 1, 3, 2, 3]) {
        let node = NodeId(node);
        let jobs = cluster.take(node, turn, 2);
        assert_eq!(jobs.len(), 2);
        let works = jobs.into_iter().map(|job| cluster.work(node, job));
        let [first, second] = works.collect::<Vec<_>>().try_into().ok().unwrap();
        tokio::join!(first, second);
        let requests = server.requests();
        let pause = requests[seen].at.duration_since(ended.unwrap_or(requests[seen].at));
        assert!(ended.is_none() || pause >= delay, "turn {turn}: asked after {pause:?}");
        (seen, ended) = (requests.len(), Some(requests[requests.len() - 1].at));
    }
    assert_eq!(seen, 12);
}
