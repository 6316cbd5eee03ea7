//! A process that works through jobs is killed at any moment, again and again.
//!
//! The child is this test binary again, told by an environment variable to work until it dies. It says which
//! jobs it was told are finished; those must be in the output after each kill, once.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use scoopi::internals::model::{FailureClass, Incarnation, Job, NodeId};
use scoopi::internals::store::log::{Durability, LogKind};
use scoopi::internals::store::machine::Phase;
use scoopi::internals::store::solo::{Recovery, RunFolder, SoloCommit};
use scoopi::internals::store::{Commit, JobStore, NodeStore};

use super::output::Lines;
use super::stories::{fail, link, page, prepare, rows, within};

const CHILD: &str = "SCOOPI_STORE_CHILD";
const KILLS: u64 = 10;
/// Jobs of the run: the page `n` links to `2n + 1` and `2n + 2`.
const JOBS: usize = 1500;
/// Small, so that kills hit snapshots too.
const SNAPSHOT_AFTER: u64 = 2_000;

fn open(kind: LogKind, dir: &Path) -> SoloCommit {
    let recovery = Recovery::open(RunFolder::new(dir.join("run")), kind, Durability::Process).unwrap();
    let output = dir.join("output");
    recovery.snapshot_after(SNAPSHOT_AFTER).start(|progress| Ok(Lines::open(&output, progress))).unwrap()
}

/// The child: works until it is killed or all is done.
pub(crate) async fn child_works() {
    if let Ok(what) = std::env::var(CHILD) {
        within(works(&what)).await;
    }
}

async fn works(what: &str) {
    let (kind, dir) = what.split_once(':').unwrap();
    let commit = open(kind.parse().unwrap(), Path::new(dir));
    let store = Arc::new(NodeStore::join(commit.clone(), NodeId(1), Incarnation(1)).await.unwrap());
    prepare(&store, &[page(0)]).await.unwrap();
    let mut working = tokio::task::JoinSet::new();
    while store.status().borrow().phase == Phase::Running {
        for job in store.take(16 - working.len() as u32).await.unwrap() {
            let store = Arc::clone(&store);
            working.spawn(async move { work(&store, &job).await });
        }
        if working.join_next().await.is_none() {
            store.vote_done().await.unwrap();
        }
    }
    store.leave().await.unwrap();
    commit.close().await.unwrap();
    say("all done");
}

/// Some jobs fail at first.
async fn work(store: &NodeStore<SoloCommit>, job: &Job) {
    let number: usize = job.locator.url[1..].parse().unwrap();
    if number % 17 == 3 && job.failures == 0 {
        assert!(fail(store, job, FailureClass::Recoverable, Duration::ZERO).await);
        return;
    }
    let links = [2 * number + 1, 2 * number + 2].into_iter().filter(|link| *link < JOBS);
    let links = links.map(|number| link(&format!("/{number}"))).collect();
    assert!(store.finish(job, rows(&format!("{:<80}", job.locator.url)), links).await.unwrap());
    say(&job.locator.url);
}

/// One write past the test harness, which would hold back what is printed.
fn say(line: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("said {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn start(kind: LogKind, dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_worker", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{kind}:{}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    (child, said)
}

/// Kills the child at any moment, and looks at what is left each time.
pub(crate) async fn survives_kills(kind: LogKind) {
    let dir = tempfile::tempdir().unwrap();
    let mut promised = BTreeSet::new();
    for kill in 0..KILLS {
        let (mut child, said) = start(kind, dir.path());
        let mut said = said.lines().map(Result::unwrap);
        let mut left = 1 + kill * 5;
        while left > 0 {
            let line =
                said.next().unwrap_or_else(|| panic!("{kind}: the child ended by itself at kill {kill}"));
            left -= u64::from(hear(&line, &mut promised));
        }
        // Into the middle of what comes next.
        let moment = Instant::now() + Duration::from_micros(kill * 977 % 4000);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died, and nobody had heard yet, was promised too.
        for line in said {
            hear(&line, &mut promised);
        }
        let commit = within(async { open(kind, dir.path()) }).await;
        let lines = output(dir.path());
        let once = lines.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(lines.len(), once.len(), "{kind}, kill {kill}: rows twice");
        assert!(promised.is_subset(&once), "{kind}, kill {kill}: rows lost");
        assert_eq!(commit.status().borrow().counts.done, lines.len() as u64, "{kind}, kill {kill}");
        commit.close().await.unwrap();
    }
    let snapshots = fs::read_dir(dir.path().join("run/snapshots")).map_or(0, Iterator::count);
    println!("{kind}: {} jobs promised over {KILLS} kills, {snapshots} snapshot files", promised.len());
    assert!(snapshots > 0, "{kind}: no snapshot was ever made");
    let (mut child, said) = start(kind, dir.path());
    // All of it is read: a child that cannot say what it has to say ends badly.
    let said: Vec<_> = said.lines().map(Result::unwrap).collect();
    assert!(said.iter().any(|line| line.ends_with("all done")), "{kind}: the run did not end");
    assert!(child.wait().unwrap().success());
    let mut lines = output(dir.path());
    lines.sort_unstable();
    let mut expected: Vec<_> = (0..JOBS).map(|number| format!("/{number}")).collect();
    expected.sort_unstable();
    assert_eq!(lines, expected, "{kind}: every job's rows once");
}

fn hear(line: &str, promised: &mut BTreeSet<String>) -> bool {
    let Some((_, url)) = line.split_once("said /") else { return false };
    promised.insert(format!("/{url}"))
}

fn output(dir: &Path) -> Vec<String> {
    fs::read_to_string(dir.join("output")).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
}
