//! What every store must do, told through its traits alone, so that a replicated one can be asked too.

use std::sync::Arc;
use std::time::Duration;

use scoopi::internals::model::{Epoch, FailureClass, HostHint};
use scoopi::internals::store::machine::{Barricade, Claim, Command, Phase, Refusal};
use scoopi::internals::store::{Barricades, Commit, JobStore, NodeStore, Store, StoreError};
use tokio::task::{JoinHandle, JoinSet};

use super::output::Output;
use super::stories::{
    Counted, begin, fail, finish, join, link, page, pages, prepare, publish, rows, run, running,
    seed_commands, take, within,
};

/// Asks every question of a store of its own, which `new` makes.
pub(crate) async fn ask_all<C: Commit + Clone>(new: impl AsyncFn() -> (C, Output)) {
    within(a_run_goes_from_its_beginning_to_its_end(new().await)).await;
    within(a_job_ends_once(new().await)).await;
    within(a_failed_job_is_tried_again_and_then_told(new().await)).await;
    within(a_released_job_is_there_again(new().await)).await;
    within(after_a_cancel_nothing_is_taken(new().await)).await;
    within(those_who_wait_at_a_barricade_go_on_when_it_opens(new().await)).await;
    within(one_comes_to_the_second_barricade_before_the_first_is_open(new().await)).await;
    within(a_barricade_is_taken_over_from_one_that_left(new().await)).await;
    within(a_failure_behind_a_barricade_reaches_those_who_wait(new().await)).await;
    within(a_request_that_was_given_up_loses_no_job(new().await)).await;
    within(a_result_over_the_limit_fails_its_job(new().await)).await;
    within(every_proposal_is_answered_with_its_own_answer(new().await)).await;
}

async fn a_run_goes_from_its_beginning_to_its_end<C: Commit + Clone>((commit, output): (C, Output)) {
    let mut status = commit.status();
    assert_eq!(status.borrow_and_update().phase, Phase::Forming);
    let store = running(&commit, &pages(1)).await;
    assert_eq!(store.value("defs").unwrap(), b"some definitions");
    assert_eq!(store.value("none"), None);
    let seen = status.borrow_and_update().clone();
    assert_eq!((seen.phase, seen.takeable, seen.counts.ready), (Phase::Running, true, 1));
    let job = take(&store, 9).await.remove(0);
    assert!(store.finish(&job, rows("first"), vec![link("/more")]).await.unwrap());
    let job = take(&store, 9).await.remove(0);
    assert_eq!((job.locator.url.as_str(), job.page), ("/more", 2));
    store.vote_done().await.unwrap();
    assert_eq!(store.status().borrow().phase, Phase::Running);
    assert!(store.finish(&job, rows("second"), vec![]).await.unwrap());
    store.vote_done().await.unwrap();
    let seen = status.borrow_and_update().clone();
    assert_eq!((seen.phase, seen.counts.done, seen.counts.rows), (Phase::Shutdown, 2, 2));
    assert_eq!(take(&store, 9).await, []);
    store.leave().await.unwrap();
    store.leave().await.unwrap();
    assert_eq!(status.borrow_and_update().phase, Phase::Terminated);
    assert_eq!(output.lines(), ["first", "second"]);
}

async fn a_job_ends_once<C: Commit + Clone>((commit, output): (C, Output)) {
    let store = running(&commit, &pages(2)).await;
    let jobs = take(&store, 2).await;
    assert!(finish(&store, &jobs[0]).await);
    assert!(store.finish(&jobs[0], rows("again"), vec![link("/x")]).await.unwrap(), "it is finished");
    // Another life of the node has the other job by now.
    let later = join(&commit, 1).await;
    let again = take(&later, 9).await;
    assert_eq!((again.len(), again[0].key, again[0].alone), (1, jobs[1].key, true));
    assert!(!finish(&store, &jobs[1]).await);
    assert!(finish(&later, &again[0]).await);
    assert_eq!(output.lines(), ["/0", "/1"]);
    assert_eq!(later.status().borrow().counts.jobs(), 2);
}

async fn a_failed_job_is_tried_again_and_then_told<C: Commit + Clone>((commit, output): (C, Output)) {
    let store = running(&commit, &pages(2)).await;
    let jobs = take(&store, 2).await;
    assert!(!fail(&store, &jobs[0], FailureClass::Final, Duration::ZERO).await);
    assert!(fail(&store, &jobs[1], FailureClass::Recoverable, Duration::from_millis(1500)).await);
    let next_at = store.status().borrow().next_at.unwrap();
    assert!(until(&store, next_at) <= Duration::from_millis(1500));
    let early = take(&store, 9).await;
    // On a machine that is slow enough, the wait may be over by now.
    let jobs = if until(&store, next_at) > Duration::ZERO {
        assert_eq!(early, []);
        assert_eq!(store.status().borrow().next_at, Some(next_at));
        tokio::time::sleep(until(&store, next_at)).await;
        take(&store, 9).await
    } else {
        early
    };
    assert_eq!((jobs.len(), jobs[0].failures, store.status().borrow().next_at), (1, 1, None));
    assert!(fail(&store, &jobs[0], FailureClass::Recoverable, Duration::ZERO).await);
    let jobs = take(&store, 9).await;
    assert!(!fail(&store, &jobs[0], FailureClass::Recoverable, Duration::ZERO).await);
    assert_eq!(output.lines(), ["lost /0: no answer", "lost /1: no answer"]);
    let counts = store.status().borrow().counts;
    assert_eq!((counts.failed, counts.quarantined, counts.retries), (1, 1, 2));
}

async fn a_released_job_is_there_again<C: Commit + Clone>((commit, _): (C, Output)) {
    let store = running(&commit, &pages(1)).await;
    let job = take(&store, 1).await.remove(0);
    store.release(&job, HostHint::Nothing).await.unwrap();
    store.release(&job, HostHint::Nothing).await.unwrap();
    let again = take(&store, 1).await.remove(0);
    assert_eq!((again.key, again.failures, again.epoch.0), (job.key, 0, job.epoch.0 + 1));
}

async fn after_a_cancel_nothing_is_taken<C: Commit + Clone>((commit, output): (C, Output)) {
    let store = join(&commit, 1).await;
    store.cancel().await.unwrap();
    prepare(&store, &pages(3)).await.unwrap();
    let job = take(&store, 1).await.remove(0);
    store.cancel().await.unwrap();
    store.cancel().await.unwrap();
    let seen = store.status().borrow().clone();
    assert_eq!((seen.phase, seen.takeable, seen.takeable_alone), (Phase::Draining, false, false));
    assert_eq!(take(&store, 9).await, []);
    assert!(finish(&store, &job).await, "what is in work comes to its end");
    store.propose(Command::Resume).await.unwrap();
    assert_eq!(take(&store, 9).await.len(), 2);
    assert_eq!(output.lines(), ["/0"]);
}

/// A node that does the work behind the first barricade, and one that waits for it; also how often was asked.
async fn at_a_barricade<C: Commit + Clone>(
    commit: C,
) -> (NodeStore<Counted<C>>, Epoch, JoinHandle<NodeClaims<C>>, Counted<C>) {
    let commit = Counted::new(commit);
    let first = join(&commit, 1).await;
    let second = join(&commit, 2).await;
    first.propose(Command::Begin(run())).await.unwrap();
    let Claim::Work(epoch) = first.enter(Barricade::Compose).await.unwrap() else { panic!("not first") };
    let waiting = tokio::spawn(async move {
        let compose = second.enter(Barricade::Compose).await.unwrap();
        NodeClaims { compose, store: second }
    });
    while commit.claims() < 2 {
        tokio::task::yield_now().await;
    }
    (first, epoch, waiting, commit)
}

/// What a node that waited was told.
struct NodeClaims<C> {
    compose: Claim,
    store: NodeStore<Counted<C>>,
}

async fn those_who_wait_at_a_barricade_go_on_when_it_opens<C: Commit + Clone>((commit, _): (C, Output)) {
    let (first, epoch, waiting, commit) = at_a_barricade(commit).await;
    for _ in 0..50 {
        first.propose(Command::Resume).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(commit.claims(), 2, "those who wait ask again and again");
    first.propose(publish(epoch)).await.unwrap();
    let NodeClaims { compose, store } = waiting.await.unwrap();
    assert_eq!((compose, commit.claims()), (Claim::Open, 3));
    let Claim::Work(epoch) = first.enter(Barricade::Seed).await.unwrap() else { panic!("not first") };
    let waiting = tokio::spawn(async move { store.enter(Barricade::Seed).await });
    for command in seed_commands(epoch, &[page(0)]) {
        first.propose(command).await.unwrap();
    }
    assert_eq!(waiting.await.unwrap().unwrap(), Claim::Open);
}

async fn one_comes_to_the_second_barricade_before_the_first_is_open<C: Commit + Clone>(
    (commit, _): (C, Output),
) {
    let (first, epoch, _, commit) = at_a_barricade(commit).await;
    let third = join(&commit, 3).await;
    let waiting = tokio::spawn(async move { third.enter(Barricade::Seed).await });
    while commit.claims() < 3 {
        tokio::task::yield_now().await;
    }
    first.propose(publish(epoch)).await.unwrap();
    assert!(matches!(waiting.await.unwrap().unwrap(), Claim::Work(_)));
}

async fn a_barricade_is_taken_over_from_one_that_left<C: Commit + Clone>((commit, _): (C, Output)) {
    let (first, before, waiting, _) = at_a_barricade(commit).await;
    first.leave().await.unwrap();
    let Claim::Work(epoch) = waiting.await.unwrap().compose else { panic!("not taken over") };
    assert_ne!(epoch, before);
    let late = first.propose(publish(before)).await;
    assert!(matches!(late, Err(StoreError::Refused(Refusal::NotTheHolder))), "{late:?}");
}

async fn a_failure_behind_a_barricade_reaches_those_who_wait<C: Commit + Clone>((commit, _): (C, Output)) {
    let (first, epoch, waiting, commit) = at_a_barricade(commit).await;
    let (barricade, reason) = (Barricade::Compose, "no such file".to_owned());
    first.propose(Command::PublishFailure { barricade, epoch, reason: reason.clone() }).await.unwrap();
    assert_eq!(waiting.await.unwrap().compose, Claim::Failed(reason));
    assert_eq!(commit.status().borrow().failure.as_deref(), Some("no such file"));
}

async fn a_request_that_was_given_up_loses_no_job<C: Commit + Clone>((commit, _): (C, Output)) {
    let store = running(&commit, &pages(3)).await;
    drop(begin(store.take(2)));
    let jobs = take(&store, 2).await;
    assert_eq!(jobs.len(), 2);
    assert_eq!(take(&store, 2).await.len(), 1);
    assert_eq!(store.status().borrow().counts.leased, 3);
}

async fn a_result_over_the_limit_fails_its_job<C: Commit + Clone>((commit, output): (C, Output)) {
    let store = running(&commit, &pages(2)).await;
    let jobs = take(&store, 2).await;
    let mut most = rows(&"x".repeat((32 << 20) - 100));
    assert!(store.finish(&jobs[0], most.clone(), vec![]).await.unwrap());
    most.parts[0].bytes.resize(32 << 20, b'x');
    assert!(!store.finish(&jobs[1], most, vec![link("/more")]).await.unwrap());
    assert_eq!(output.lines()[1], "lost /1: its rows and links have 33554492 bytes, the limit is 33554432");
    assert_eq!(store.status().borrow().counts.open(), 0);
}

async fn every_proposal_is_answered_with_its_own_answer<C: Commit + Clone>((commit, output): (C, Output)) {
    let store = Arc::new(running(&commit, &pages(200)).await);
    let jobs = take(&store, 200).await;
    let mut expected: Vec<_> = jobs.iter().map(|job| job.locator.url.clone()).collect();
    let mut working = JoinSet::new();
    for job in jobs {
        let store = Arc::clone(&store);
        working.spawn(async move {
            let mut stale = job.clone();
            stale.epoch.0 += 1;
            assert!(!finish(&store, &stale).await);
            assert!(finish(&store, &job).await);
        });
    }
    while let Some(worked) = working.join_next().await {
        worked.unwrap();
    }
    let mut lines = output.lines();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

/// How long it is until a moment of the log's own time.
fn until<C: Commit + Clone>(store: &NodeStore<C>, at: u64) -> Duration {
    let seen = store.status().borrow().clone();
    store.until(&seen, at)
}
