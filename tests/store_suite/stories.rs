//! What runs are made of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use scoopi::internals::model::{
    Epoch, Failure, FailureClass, Fingerprint, HostHint, Incarnation, Job, Link, Locator, NodeId, Rows,
    RunId, SinkRows,
};
use scoopi::internals::store::machine::{Barricade, Claim, Command, Pacing, Reply, Rules, Run, seed_digest};
use scoopi::internals::store::{Barricades, Commit, JobStore, NodeStore, Status, StoreError};
use tokio::sync::watch;

pub(crate) const RULES: Rules = Rules {
    max_tries: 3,
    max_crashes: 1000,
    host_leases: 1000,
    host_first: 1000,
    pacing: Pacing::AnyNode,
    max_jobs: 10_000,
    max_url_bytes: 1 << 20,
    max_depth: 1000,
};

/// No question may take longer.
const LIMIT: Duration = Duration::from_secs(40);

/// A store that counts the claims that it answered.
#[derive(Clone)]
pub(crate) struct Counted<C> {
    inner: C,
    claims: Arc<AtomicUsize>,
}

impl<C> Counted<C> {
    pub(crate) fn new(inner: C) -> Self {
        Self { inner, claims: Arc::default() }
    }

    pub(crate) fn claims(&self) -> usize {
        self.claims.load(Ordering::SeqCst)
    }
}

impl<C: Commit> Commit for Counted<C> {
    async fn propose(&self, command: Command) -> Result<Reply, StoreError> {
        let is_claim = matches!(command, Command::Claim { .. });
        let reply = self.inner.propose(command).await;
        self.claims.fetch_add(usize::from(is_claim), Ordering::SeqCst);
        reply
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.inner.status()
    }

    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.inner.value(key)
    }

    fn last_incarnation(&self, node: NodeId) -> Option<Incarnation> {
        self.inner.last_incarnation(node)
    }
}

/// The future's answer, within the limit.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it hangs")
}

/// A future that was begun.
pub(crate) type Begun<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Begins a future: what it does before it first waits is done. Unconstrained, because a task that begins many
/// would be made to yield in the middle of one.
pub(crate) fn begin<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Begun<'a, T> {
    let mut future: Begun<'a, T> = Box::pin(tokio::task::unconstrained(future));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it did not wait");
    future
}

pub(crate) fn run() -> Run {
    Run { id: RunId([7; 16]), date_time: 0, fingerprint: Fingerprint::default(), rules: RULES }
}

pub(crate) fn page(number: usize) -> Locator {
    Locator { group: "g".into(), name: format!("n{number}").into(), url: format!("/{number}") }
}

pub(crate) fn pages(count: usize) -> Vec<Locator> {
    (0..count).map(page).collect()
}

pub(crate) fn rows(text: &str) -> Rows {
    Rows { parts: vec![SinkRows { sink: 0, count: 1, bytes: text.as_bytes().to_vec() }] }
}

pub(crate) fn link(url: &str) -> Link {
    Link { group: "g".into(), url: url.to_owned() }
}

pub(crate) fn failure(class: FailureClass) -> Failure {
    Failure { class, step: "load".into(), reason: "no answer".to_owned() }
}

pub(crate) fn finish_command(job: &Job) -> Command {
    Command::Finish { job: job.key, epoch: job.epoch, rows: rows(&job.locator.url), links: vec![] }
}

/// The commands of a node that composes and seeds alone.
pub(crate) fn publish(epoch: Epoch) -> Command {
    Command::Publish { epoch, entries: vec![("defs".into(), b"some definitions".to_vec())] }
}

pub(crate) fn seed_commands(epoch: Epoch, locators: &[Locator]) -> [Command; 2] {
    let digest = seed_digest(Fingerprint::default(), locators);
    [
        Command::SeedChunk { epoch, number: 0, locators: locators.to_vec() },
        Command::SeedDone { epoch, count: locators.len() as u64, digest },
    ]
}

pub(crate) async fn join<C: Commit + Clone>(commit: &C, node: u64) -> NodeStore<C> {
    NodeStore::join(commit.clone(), NodeId(node), Incarnation(1)).await.unwrap()
}

/// Brings a run from wherever it is to the point where jobs can be taken.
pub(crate) async fn prepare<C: Commit>(store: &NodeStore<C>, locators: &[Locator]) -> Result<(), StoreError> {
    store.propose(Command::Begin(run())).await?;
    store.propose(Command::Resume).await?;
    if let Claim::Work(epoch) = store.enter(Barricade::Compose).await? {
        store.propose(publish(epoch)).await?;
    }
    if let Claim::Work(epoch) = store.enter(Barricade::Seed).await? {
        for command in seed_commands(epoch, locators) {
            store.propose(command).await?;
        }
    }
    Ok(())
}

/// A node of a run with these jobs.
pub(crate) async fn running<C: Commit + Clone>(commit: &C, locators: &[Locator]) -> NodeStore<C> {
    let store = join(commit, 1).await;
    prepare(&store, locators).await.unwrap();
    store
}

pub(crate) async fn take<C: Commit>(store: &NodeStore<C>, max: u32) -> Vec<Job> {
    store.take(max).await.unwrap()
}

/// Ends a try of a job. Says whether there will be another, after `wait`.
pub(crate) async fn fail<C: Commit>(
    store: &NodeStore<C>,
    job: &Job,
    class: FailureClass,
    wait: Duration,
) -> bool {
    store.fail(job, failure(class), wait, HostHint::Nothing).await.unwrap()
}

/// Finishes a job with its URL as its row.
pub(crate) async fn finish<C: Commit>(store: &NodeStore<C>, job: &Job) -> bool {
    store.finish(job, rows(&job.locator.url), vec![]).await.unwrap()
}
