//! What only the store of a node that runs alone promises: its folder, its log, its thread.

use std::path::PathBuf;
use std::sync::Arc;

use scoopi::internals::model::codec;
use scoopi::internals::store::log::{self, Durability, LogError, LogKind};
use scoopi::internals::store::machine::{Command, Phase};
use scoopi::internals::store::solo::{Recovery, RunFolder, SoloCommit, SoloError};
use scoopi::internals::store::{Commit, JobStore, StoreError};
use tempfile::TempDir;

use super::output::{Fault, Output};
use super::stories::{begin, finish, finish_command, join, pages, running, take, within};

/// A folder for a run, with a log of some kind.
pub(crate) struct Solo {
    kind: LogKind,
    dir: TempDir,
    pub(crate) output: Output,
}

impl Solo {
    pub(crate) fn new(kind: LogKind) -> Self {
        Self { kind, dir: tempfile::tempdir().unwrap(), output: Output::default() }
    }

    pub(crate) fn kind(&self) -> LogKind {
        self.kind
    }

    pub(crate) fn folder(&self) -> RunFolder {
        RunFolder::new(self.dir.path().join("run"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().path().join(name)
    }

    pub(crate) fn try_recover(&self) -> Result<Recovery, SoloError> {
        Recovery::open(self.folder(), self.kind, Durability::Process)
    }

    /// Opens the folder, once whoever had it has let go.
    pub(crate) async fn recover(&self) -> Recovery {
        within(async {
            loop {
                match self.try_recover() {
                    Err(error) if error.is_in_use() => tokio::task::yield_now().await,
                    opened => return opened.unwrap(),
                }
            }
        })
        .await
    }

    pub(crate) async fn open(&self) -> SoloCommit {
        let output = self.output.clone();
        self.recover().await.start(|progress| Ok(output.open(progress))).unwrap()
    }

    /// The commands in the log, entry by entry. The folder must be free.
    pub(crate) fn logged(&self) -> Vec<Vec<Command>> {
        let log = log::open(self.kind, &self.path("log"), Durability::Process).unwrap();
        let (first, _) = log.bounds().unwrap();
        log.read(first).unwrap().map(|entry| codec::decode(&entry.unwrap().1).unwrap()).collect()
    }
}

pub(crate) async fn ask_solo(kind: LogKind) {
    within(commands_that_wait_for_the_disk_are_written_together(Solo::new(kind))).await;
    within(output_comes_in_the_order_of_the_log(Solo::new(kind))).await;
    within(closing_frees_the_folder_and_stops_the_store(Solo::new(kind))).await;
    within(a_folder_is_used_by_one_at_a_time(Solo::new(kind))).await;
    within(dropping_the_last_handle_closes_the_log(Solo::new(kind))).await;
    for fault in [Fault::Rows, Fault::Flush] {
        within(an_output_that_fails_stops_the_store(Solo::new(kind), fault)).await;
    }
    within(an_output_that_cannot_be_made_durable_is_told_at_the_end(Solo::new(kind))).await;
    within(an_output_that_panics_hangs_nobody(Solo::new(kind))).await;
    within(an_output_that_cannot_be_opened_leaves_the_run_as_it_is(Solo::new(kind))).await;
}

async fn commands_that_wait_for_the_disk_are_written_together(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(400)).await;
    let jobs = take(&store, 400).await;
    let before = commit.status().borrow().position;
    solo.output.hold();
    let busy = begin(commit.propose(Command::Resume));
    solo.output.wait_until_held();
    let waiting: Vec<_> = jobs.iter().map(|job| begin(finish(&store, job))).collect();
    solo.output.go_on();
    busy.await.unwrap();
    for finished in waiting {
        assert!(finished.await);
    }
    let entries = commit.status().borrow().position - before;
    assert_eq!(entries, 2, "entries for 401 commands, one of them before the others");
    assert_eq!(solo.output.lines().len(), 400);
    // More than one entry holds.
    solo.output.hold();
    let waiting: Vec<_> = (0..1000).map(|_| begin(commit.propose(Command::Resume))).collect();
    solo.output.go_on();
    for accepted in waiting {
        accepted.await.unwrap();
    }
    commit.close().await.unwrap();
    let logged = solo.logged();
    assert!(logged.iter().all(|commands| commands.len() <= 512), "an entry over the limit");
    assert_eq!(logged.len() as u64, commit.status().borrow().position);
}

async fn output_comes_in_the_order_of_the_log(solo: Solo) {
    let commit = solo.open().await;
    let store = Arc::new(running(&commit, &pages(300)).await);
    let mut working = tokio::task::JoinSet::new();
    for job in take(&store, 300).await {
        let store = Arc::clone(&store);
        working.spawn(async move { assert!(finish(&store, &job).await) });
    }
    working.join_all().await;
    commit.close().await.unwrap();
    let logged: Vec<_> = solo
        .logged()
        .iter()
        .flatten()
        .filter_map(|command| match command {
            Command::Finish { rows, .. } => Some(String::from_utf8(rows.parts[0].bytes.clone()).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(logged.len(), 300);
    assert_eq!(solo.output.lines(), logged);
}

async fn closing_frees_the_folder_and_stops_the_store(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(2)).await;
    assert!(finish(&store, &take(&store, 1).await[0]).await);
    commit.clone().close().await.unwrap();
    assert_eq!(solo.output.syncs(), 1, "output is durable");
    drop(solo.try_recover().expect("the folder is free at once"));
    let error = commit.propose(Command::Resume).await.unwrap_err();
    assert!(matches!(&error, StoreError::Stopped(_)), "{error}");
    assert!(matches!(store.take(1).await, Err(StoreError::Stopped(_))));
    assert!(commit.close().await.is_err());
}

async fn a_folder_is_used_by_one_at_a_time(solo: Solo) {
    let commit = solo.open().await;
    let error = solo.try_recover().unwrap_err();
    assert!(error.is_in_use(), "{error}");
    assert!(error.to_string().contains(&solo.path("log").display().to_string()), "{error}");
    let opened = solo.folder();
    assert!(opened.is_used());
    commit.close().await.unwrap();
    let recovery = solo.try_recover().unwrap();
    assert!(solo.try_recover().unwrap_err().is_in_use(), "one that only looks uses it too");
    let other = LogKind::ALL.into_iter().find(|kind| *kind != solo.kind).unwrap();
    let folder = recovery.discard().unwrap();
    assert!(!folder.is_used() && !folder.path().exists());
    folder.clear().unwrap();
    drop(Recovery::open(folder.clone(), other, Durability::Process).unwrap());
    let error = solo.try_recover().unwrap_err();
    assert!(matches!(error, SoloError::Log(LogError::OtherKind { .. })), "{error}");
    assert!(!error.is_in_use());
}

async fn dropping_the_last_handle_closes_the_log(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(3)).await;
    let jobs = take(&store, 2).await;
    assert!(finish(&store, &jobs[0]).await);
    let counts = commit.status().borrow().counts;
    drop((store, commit));
    let commit = solo.open().await;
    let seen = commit.status().borrow().clone();
    assert_eq!((seen.phase, seen.counts), (Phase::Running, counts));
    assert_eq!((solo.output.progress(), solo.output.lines()), (None, vec!["/0".to_owned()]));
    let node = scoopi::internals::model::NodeId(1);
    assert_eq!(commit.last_incarnation(node).unwrap().0, 1);
    assert_eq!(commit.value("defs").unwrap(), b"some definitions");
    // The lease of the life before is a crash, the job is there again.
    let store = join(&commit, 1).await;
    let urls: Vec<_> = take(&store, 9).await.into_iter().map(|job| job.locator.url).collect();
    assert_eq!(urls, ["/2"]);
    assert!(!finish(&store, &jobs[1]).await);
}

async fn an_output_that_fails_stops_the_store(solo: Solo, fault: Fault) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(50)).await;
    let jobs = take(&store, 50).await;
    assert!(finish(&store, &jobs[0]).await);
    let mut status = commit.status();
    solo.output.hold();
    let busy = begin(commit.propose(Command::Resume));
    solo.output.wait_until_held();
    let waiting: Vec<_> = jobs[1..].iter().map(|job| begin(commit.propose(finish_command(job)))).collect();
    solo.output.set_fault(Some(fault));
    solo.output.go_on();
    let busy = busy.await;
    assert_eq!(busy.is_err(), fault == Fault::Flush, "{busy:?}");
    for stopped in waiting {
        check_stopped(stopped.await.map(drop));
    }
    check_stopped(commit.propose(Command::Resume).await.map(drop));
    check_stopped(store.vote_done().await);
    check_stopped(commit.close().await);
    let seen = status.wait_for(|status| status.failure.is_some()).await.unwrap().clone();
    assert!(seen.failure.unwrap().contains("no space left"));
    // What was committed before it failed is not lost.
    solo.output.set_fault(None);
    drop((commit, store));
    let commit = solo.open().await;
    let lines = solo.output.lines();
    assert_eq!(lines.len() as u64, commit.status().borrow().counts.done);
    assert!(lines.contains(&"/0".to_owned()));
    assert!(commit.status().borrow().failure.is_none());
}

fn check_stopped(result: Result<(), StoreError>) {
    match result {
        Err(StoreError::Stopped(reason)) => assert!(reason.contains("no space left"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

async fn an_output_that_cannot_be_made_durable_is_told_at_the_end(solo: Solo) {
    let commit = solo.open().await;
    solo.output.set_fault(Some(Fault::Sync));
    check_stopped(commit.close().await);
    drop(solo.try_recover().unwrap());
}

async fn an_output_that_panics_hangs_nobody(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(1)).await;
    let job = take(&store, 1).await.remove(0);
    solo.output.set_fault(Some(Fault::Panic));
    let error = commit.propose(finish_command(&job)).await.unwrap_err();
    assert!(matches!(error, StoreError::Stopped(_)), "{error}");
    assert!(commit.propose(Command::Resume).await.is_err());
    let mut status = commit.status();
    while status.changed().await.is_ok() {}
    solo.output.set_fault(None);
    drop(solo.open().await);
    assert_eq!(solo.output.lines(), ["/0"]);
}

async fn an_output_that_cannot_be_opened_leaves_the_run_as_it_is(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(1)).await;
    assert!(finish(&store, &take(&store, 1).await[0]).await);
    commit.close().await.unwrap();
    let refuse =
        |_: Option<&[u8]>| Err(scoopi::internals::store::ProjectionError("no such folder".to_owned()));
    let error = solo.try_recover().unwrap().start(refuse).unwrap_err();
    assert_eq!(error.to_string(), "no such folder");
    drop(solo.open().await);
    assert_eq!(solo.output.lines(), ["/0"]);
}
