//! From what lies in a folder to a run that goes on, whatever the moment at which it was left.

use std::fs;

use scoopi::internals::model::{Epoch, HostHint, Incarnation, Job, NodeId, codec};
use scoopi::internals::store::log::{self, Durability, LogError, LogKind};
use scoopi::internals::store::machine::{Barricade, Command, Machine, Phase, Reply};
use scoopi::internals::store::snapshot::SnapshotWriter;
use scoopi::internals::store::solo::{FolderState, SoloError};
use scoopi::internals::store::{Commit, JobStore};

use super::solo::Solo;
use super::stories::{
    finish, finish_command, join, page, pages, publish, rows, run, running, seed_commands, take, within,
};

pub(crate) async fn ask_recovery(kind: LogKind) {
    within(a_folder_says_what_lies_in_it(Solo::new(kind))).await;
    within(a_finished_run_goes_on_to_its_end(Solo::new(kind))).await;
    within(a_run_goes_on_behind_its_snapshot(Solo::new(kind))).await;
    within(a_snapshot_that_cannot_be_completed_loses_nothing(Solo::new(kind))).await;
    within(an_entry_may_hold_definitions_and_rows(Solo::new(kind))).await;
    within(a_snapshot_whose_log_was_not_purged_counts(Solo::new(kind))).await;
    within(a_log_shorter_than_its_snapshot_goes_on_behind_it(Solo::new(kind))).await;
    within(a_log_whose_snapshot_is_gone_is_refused(Solo::new(kind))).await;
    within(a_damaged_snapshot_is_refused_with_the_way_out(Solo::new(kind))).await;
    within(an_entry_of_another_version_is_refused_with_the_way_out(Solo::new(kind))).await;
}

async fn state(solo: &Solo) -> FolderState {
    solo.recover().await.state().unwrap()
}

/// Commands under the epoch of the claim that they hold.
type Commands = fn(Epoch) -> Vec<Command>;

async fn a_folder_says_what_lies_in_it(solo: Solo) {
    let steps: [(Phase, Commands); 6] = [
        (Phase::Composing, |_| vec![Command::Begin(run())]),
        (Phase::Seeding, |epoch| vec![claim(Barricade::Compose), publish(epoch)]),
        (Phase::Running, |epoch| {
            let mut commands = vec![claim(Barricade::Seed)];
            commands.extend(seed_commands(epoch, &[]));
            commands
        }),
        (Phase::Draining, |_| vec![Command::Cancel]),
        (Phase::Shutdown, |_| {
            vec![Command::Resume, Command::Done { node: NodeId(1), incarnation: Incarnation(1) }]
        }),
        (Phase::Terminated, |_| vec![Command::Leave { node: NodeId(1), incarnation: Incarnation(1) }]),
    ];
    assert!(!solo.folder().is_used());
    assert_eq!(state(&solo).await, FolderState::Empty);
    drop(join(&solo.open().await, 1).await);
    assert_eq!(state(&solo).await, FolderState::Empty, "forming");
    for (phase, commands) in steps {
        let commit = solo.open().await;
        for command in commands(Epoch(1)) {
            let reply = commit.propose(command.clone()).await.unwrap();
            assert!(!matches!(reply, Reply::Refused(_)), "{command:?}: {reply:?}");
        }
        let seen = commit.status().borrow().clone();
        assert_eq!(seen.phase, phase);
        drop(commit);
        let expected = match phase {
            Phase::Forming | Phase::Composing => FolderState::Empty,
            Phase::Seeding | Phase::Running | Phase::Draining => {
                FolderState::Unfinished { phase, counts: seen.counts }
            }
            Phase::Shutdown | Phase::Terminated => FolderState::Finished,
        };
        assert_eq!(state(&solo).await, expected, "{phase}");
    }
}

fn claim(barricade: Barricade) -> Command {
    Command::Claim { barricade, node: NodeId(1), incarnation: Incarnation(1) }
}

async fn a_finished_run_goes_on_to_its_end(solo: Solo) {
    let commit = solo.open().await;
    let store = running(&commit, &pages(1)).await;
    assert!(finish(&store, &take(&store, 1).await[0]).await);
    store.vote_done().await.unwrap();
    drop((store, commit));
    for _ in 0..2 {
        let commit = solo.open().await;
        let store = join(&commit, 1).await;
        store.propose(Command::Resume).await.unwrap();
        super::stories::prepare(&store, &pages(1)).await.unwrap();
        assert!(commit.status().borrow().phase >= Phase::Shutdown);
        store.leave().await.unwrap();
        assert_eq!(commit.status().borrow().phase, Phase::Terminated);
        assert_eq!(solo.output.lines(), ["/0"]);
        drop((store, commit));
    }
}

/// Several times through a snapshot and an end without a close.
async fn a_run_goes_on_behind_its_snapshot(solo: Solo) {
    let mut expected: Vec<String> = vec![];
    let mut progressed = 0;
    for life in 1..=6 {
        let output = solo.output.clone();
        let recovery = solo.recover().await.snapshot_after(3000);
        let commit = recovery.start(|progress| Ok(output.open(progress))).unwrap();
        assert_eq!(solo.output.lines(), expected, "life {life}");
        progressed += usize::from(solo.output.progress().is_some());
        let store = join(&commit, 1).await;
        super::stories::prepare(&store, &pages(120)).await.unwrap();
        assert_eq!(commit.status().borrow().counts.jobs(), 120);
        let jobs = take(&store, 20).await;
        for job in jobs.iter().skip(1) {
            let row = format!("{} {}", job.locator.url, "row".repeat(20));
            assert!(store.finish(job, rows(&row), vec![]).await.unwrap());
            expected.push(row.chars().take(100).collect());
        }
        let (seen, lines) = (commit.status().borrow().clone(), solo.output.lines());
        assert_eq!((seen.counts.done, lines.len()), (expected.len() as u64, expected.len()));
        drop((store, commit));
        assert!(solo.recover().await.machine().value("defs").is_some());
    }
    assert!(progressed >= 3, "went on behind a snapshot {progressed} times");
    let files = fs::read_dir(solo.path("snapshots")).unwrap().count();
    assert_eq!(files, 1, "older snapshots are removed");
    drop(solo.recover().await);
    let log = log::open(solo.kind(), &solo.path("log"), Durability::Process).unwrap();
    let purged = log.purged().expect("the log before the snapshot is purged");
    assert!(purged > 1 && log.bounds().is_none_or(|(first, _)| first == purged + 1), "{:?}", log.bounds());
}

async fn a_snapshot_that_cannot_be_completed_loses_nothing(solo: Solo) {
    let output = solo.output.clone();
    let recovery = solo.recover().await.snapshot_after(2000);
    let commit = recovery.start(|progress| Ok(output.open(progress))).unwrap();
    // No snapshot can get its name: there is a folder of that name.
    for index in 0..200 {
        fs::create_dir_all(solo.path("snapshots").join(format!("snapshot-{index:020}")).join("full"))
            .unwrap();
    }
    let store = running(&commit, &pages(100)).await;
    let mut finished = vec![];
    let error = loop {
        match store.take(1).await {
            Ok(jobs) => match store.finish(&jobs[0], rows(&jobs[0].locator.url), vec![]).await {
                Ok(is_finished) => finished.push((is_finished, jobs[0].locator.url.clone())),
                Err(error) => break error,
            },
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("naming the snapshot"), "{error}");
    fs::remove_dir_all(solo.path("snapshots")).unwrap();
    drop((store, commit));
    let commit = solo.open().await;
    let lines = solo.output.lines();
    assert!(finished.iter().all(|(is_finished, url)| *is_finished && lines.contains(url)));
    assert_eq!(commit.status().borrow().counts.done, lines.len() as u64);
}

/// A log as a writer would have left it: each inner list is an entry.
fn write_log(solo: &Solo, entries: &[Vec<Command>]) {
    let mut log = log::open(solo.kind(), &solo.path("log"), Durability::Process).unwrap();
    for (index, commands) in (1..).zip(entries) {
        log.append(index, &[&codec::encode(commands).unwrap()]).unwrap();
    }
}

/// A machine after these commands, and the jobs that were taken.
fn applied(entries: &[Vec<Command>]) -> (Machine, Vec<Job>) {
    let (mut machine, mut taken) = (Machine::default(), vec![]);
    for command in entries.iter().flatten() {
        match machine.apply(command, &mut vec![]) {
            Reply::Taken { jobs } => taken.extend(jobs),
            Reply::Refused(refusal) => panic!("{command:?}: {refusal:?}"),
            _ => {}
        }
    }
    (machine, taken)
}

/// Entries of a run with five jobs in work; how they are cut is up to the caller.
fn prelude() -> Vec<Command> {
    let (node, incarnation) = (NodeId(1), Incarnation(1));
    let mut commands = vec![Command::Begin(run()), Command::Join { node, incarnation }];
    commands.extend([claim(Barricade::Compose), publish(Epoch(1)), claim(Barricade::Seed)]);
    commands.extend(seed_commands(Epoch(1), &(0..5).map(page).collect::<Vec<_>>()));
    commands.push(Command::Take { node, incarnation, request: 1, max: 5, now: 0 });
    commands
}

fn write_snapshot(solo: &Solo, index: u64, machine: &Machine, lines: usize) {
    let mut writer = SnapshotWriter::create(&solo.path("snapshots"), index).unwrap();
    writer.write_record(&lines.to_le_bytes()).unwrap();
    machine.save(|record| writer.write_record(record).map_err(SoloError::from)).unwrap();
    writer.finish().unwrap();
}

async fn an_entry_may_hold_definitions_and_rows(solo: Solo) {
    let mut first = prelude();
    let (_, jobs) = applied(std::slice::from_ref(&first));
    first.push(finish_command(&jobs[0]));
    let mut fail = finish_command(&jobs[1]);
    if let Command::Finish { job, epoch, .. } = fail {
        let failure = super::stories::failure(scoopi::internals::model::FailureClass::Final);
        fail = Command::Fail { job, epoch, failure, now: 0, wait: 0, host: HostHint::Nothing };
    }
    first.push(fail);
    write_log(&solo, &[first, vec![finish_command(&jobs[2])]]);
    let recovery = solo.recover().await;
    assert_eq!(recovery.machine().value("defs").unwrap(), b"some definitions");
    drop(recovery);
    let commit = solo.open().await;
    assert_eq!(solo.output.lines(), ["/0", "lost /1: no answer", "/2"]);
    assert_eq!(commit.status().borrow().position, 2);
}

async fn a_snapshot_whose_log_was_not_purged_counts(solo: Solo) {
    let (_, jobs) = applied(&[prelude()]);
    let entries = [prelude(), vec![finish_command(&jobs[0])], vec![finish_command(&jobs[1])]];
    write_log(&solo, &entries);
    write_snapshot(&solo, 2, &applied(&entries[..2]).0, 1);
    drop(solo.output.open(None));
    // What the output held at the time of the snapshot, and something that was written after it.
    fill(&solo, &["/0", "torn"]);
    let commit = solo.open().await;
    assert_eq!(
        (solo.output.progress(), solo.output.lines()),
        (Some(1), vec!["/0".to_owned(), "/1".to_owned()])
    );
    assert_eq!((commit.status().borrow().position, commit.status().borrow().counts.done), (3, 2));
    commit.close().await.unwrap();
    let log = log::open(solo.kind(), &solo.path("log"), Durability::Process).unwrap();
    assert_eq!((log.purged(), log.bounds()), (Some(2), Some((3, 3))), "the purge was made up for");
}

async fn a_log_shorter_than_its_snapshot_goes_on_behind_it(solo: Solo) {
    let (machine, jobs) = applied(&[prelude()]);
    write_log(&solo, &[prelude()]);
    write_snapshot(&solo, 10, &machine, 0);
    let commit = solo.open().await;
    commit.propose(finish_command(&jobs[0])).await.unwrap();
    assert_eq!(commit.status().borrow().position, 11);
    drop(commit);
    let commit = solo.open().await;
    assert_eq!((commit.status().borrow().counts.done, solo.output.lines().len()), (1, 1));
}

async fn a_log_whose_snapshot_is_gone_is_refused(solo: Solo) {
    write_log(&solo, &[prelude(), vec![Command::Resume]]);
    let mut log = log::open(solo.kind(), &solo.path("log"), Durability::Process).unwrap();
    log.purge(2).unwrap();
    drop(log);
    let error = solo.try_recover().unwrap_err();
    assert!(matches!(error, SoloError::Log(LogError::Purged { wanted: 1, purged: 2 })), "{error}");
}

async fn a_damaged_snapshot_is_refused_with_the_way_out(solo: Solo) {
    write_log(&solo, &[prelude()]);
    write_snapshot(&solo, 1, &applied(&[prelude()]).0, 0);
    let file = fs::read_dir(solo.path("snapshots")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = solo.try_recover().unwrap_err();
    assert!(error.to_string().contains("--fresh"), "{error}");
    // A file with the right hash, of records that are no machine.
    let mut writer = SnapshotWriter::create(&solo.path("snapshots"), 2).unwrap();
    [0_usize.to_le_bytes().as_slice(), &[1, 200]]
        .iter()
        .for_each(|record| writer.write_record(record).unwrap());
    writer.finish().unwrap();
    let error = solo.try_recover().unwrap_err();
    assert!(matches!(error, SoloError::Restore { .. }), "{error}");
    assert!(error.to_string().contains("--fresh"), "{error}");
}

async fn an_entry_of_another_version_is_refused_with_the_way_out(solo: Solo) {
    let mut log = log::open(solo.kind(), &solo.path("log"), Durability::Process).unwrap();
    log.append(1, &[&[99, 1, 2]]).unwrap();
    drop(log);
    let error = solo.try_recover().unwrap_err().to_string();
    assert!(error.contains("format 99") && error.contains("--fresh"), "{error}");
}

/// Puts lines into the output.
fn fill(solo: &Solo, lines: &[&str]) {
    let mut writer = solo.output.open(None);
    lines.iter().for_each(|line| writer.rows(&rows(line)).unwrap());
}
