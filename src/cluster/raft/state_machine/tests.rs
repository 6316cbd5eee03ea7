//! Applying, output that comes late or fails, snapshots built here and taken over from another node, also by a node
//! that is killed meanwhile.

use std::fs;
use std::path::Path;
use std::time::Duration;

use openraft::Membership;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::cluster::raft::story::{
    self, LogEntry, Story, content, id, on_disk, opaque, output_in, output_of, soon,
};
use crate::model::codec;
use crate::store::log::LogKind;
use crate::store::machine::Phase;
use crate::store::{Earlier, Projection, ProjectionError, StoreError, part_name};

use super::*;

/// A node: its snapshots and its output, in a folder that outlives it.
struct Node {
    machine: StateMachine,
    applied: Applied,
}

fn output(dir: &Path) -> PathBuf {
    dir.join("output")
}

fn start(dir: &Path) -> Node {
    let (machine, applied) =
        StateMachine::open(dir.join("snapshots"), NodeId(1), u64::MAX, &on_disk(LogKind::Redb)).unwrap();
    Node { machine, applied }
}

async fn start_with_output(dir: &Path) -> Node {
    let node = start(dir);
    node.applied.open_output(output_in(&output(dir))).await.unwrap();
    node
}

impl Node {
    /// Ends as a killed process does: nothing is synced, and no caller gets an answer.
    async fn kill(self) {
        let Self { machine, applied } = self;
        let mut status = applied.status();
        drop((machine, applied));
        // The thread has ended when its channel is closed.
        while status.changed().await.is_ok() {}
    }
}

/// Copies a snapshot as the network would, into a place that the receiver gave.
fn transfer(from: &SnapshotFiles, to: &mut SnapshotFiles) {
    fs::copy(&from.state, &to.state).unwrap();
    for (number, (path, length)) in from.parts.iter().enumerate() {
        let bytes = fs::read(path).unwrap_or_default();
        let part = to.part(number);
        fs::write(&part, &bytes[..usize::try_from(*length).unwrap()]).unwrap();
        to.parts.push((part, *length));
    }
}

/// A sender with a snapshot, on which it has written more since. Also the entries since.
async fn sender(dir: &TempDir) -> (Node, Snapshot<TypeConfig>, Vec<LogEntry>) {
    let mut node = start_with_output(dir.path()).await;
    let (_, entries) = Story::whole(12);
    let (before, after) = entries.split_at(20);
    node.machine.apply(before.to_vec()).await.unwrap();
    node.machine.build_snapshot().await.unwrap();
    node.machine.apply(after.to_vec()).await.unwrap();
    let snapshot = node.machine.get_current_snapshot().await.unwrap().unwrap();
    (node, snapshot, after.to_vec())
}

/// The receiver becomes what the sender is once it has applied the rest, too.
async fn check_same(receiver: &mut Node, dir: &Path, rest: &[LogEntry], sender: &Node, from: &Path) {
    receiver.machine.apply(rest.to_vec()).await.unwrap();
    assert_eq!(output_of(&output(dir)), output_of(&output(from)));
    assert_eq!(content(&receiver.applied.machine().read()), content(&sender.applied.machine().read()));
    let names: Vec<_> =
        fs::read_dir(dir.join("snapshots")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_is_committed_is_applied_shown_and_answered_in_its_order() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start_with_output(dir.path()).await;
        let (story, mut entries) = Story::whole(5);
        let last = id(1, entries.len() as u64);
        let unreadable = id(1, last.index + 1);
        entries.push(opaque(1, unreadable.index, 10));
        let members = Membership::new(vec![[1].into()], Some(Default::default()));
        let change = id(1, last.index + 2);
        entries.push(Entry { log_id: change, payload: openraft::EntryPayload::Membership(members.clone()) });
        let replies = node.machine.apply(entries).await.unwrap();
        assert_eq!(replies.len(), usize::try_from(change.index).unwrap());
        assert_eq!(replies[0].0.len(), 3);
        assert_eq!(
            (&replies[replies.len() - 2], &replies[replies.len() - 1]),
            (&Replies::default(), &Replies::default())
        );
        assert_eq!(content(&node.applied.machine().read()), content(story.machine()));
        let [rows, failed] = output_of(&output(dir.path()));
        assert_eq!((&*rows, &*failed), ("row 0\nrow 1\nrow 3\nrow 4\n", "http://h/2\n"));
        let (position, membership) = node.machine.applied_state().await.unwrap();
        assert_eq!((position, membership), (Some(change), StoredMembership::new(Some(change), members)));
        let status = node.applied.status().borrow().clone();
        assert_eq!((status.position, status.phase), (change.index, Phase::Running));
        assert_eq!(node.applied.value("definitions"), Some(b"x".to_vec()));
        node.applied.close().await.unwrap();
        assert!(node.machine.apply([opaque(1, 99, 1)]).await.is_err());
    });
}

#[test]
fn entries_wait_for_output_from_the_first_that_concerns_it() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start(dir.path());
        let mut story = Story::new();
        let mut entries = story.begin(10);
        entries.extend(story.job(Some("row\n")));
        let mut waiting = node.machine.clone();
        let applying = tokio::spawn(async move { waiting.apply(entries).await });
        // Definitions are seen while the last entry waits.
        let mut status = node.applied.status();
        status.wait_for(|status| status.phase == Phase::Running).await.unwrap();
        assert!(!applying.is_finished());
        assert_eq!(output_of(&output(dir.path())), ["", ""]);
        let again = output_in(&dir.path().join("other"));
        let snapshot = node.machine.build_snapshot();
        let handed_over = async {
            node.applied.open_output(output_in(&output(dir.path()))).await.unwrap();
            node.applied.open_output(again).await.unwrap_err()
        };
        let (snapshot, refused) = tokio::join!(snapshot, handed_over);
        assert!(refused.to_string().contains("before"), "{refused}");
        assert_eq!(applying.await.unwrap().unwrap().len(), 6);
        assert_eq!(output_of(&output(dir.path())), ["row\n", ""]);
        // A snapshot that was asked for meanwhile is none of an entry that was applied by half.
        let snapshot = snapshot.unwrap();
        assert_eq!(snapshot.meta.last_log_id, Some(id(1, 6)));
        assert_eq!(snapshot.snapshot.parts[0].1, 4);
    });
}

#[test]
fn close_ends_the_wait_for_output() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let node = start(dir.path());
        let (_, entries) = Story::whole(1);
        let mut waiting = node.machine.clone();
        let applying = tokio::spawn(async move { waiting.apply(entries).await });
        node.applied.status().wait_for(|status| status.phase == Phase::Running).await.unwrap();
        node.applied.close().await.unwrap();
        assert!(applying.await.unwrap().unwrap_err().to_string().contains("closed"));
        assert_eq!(node.applied.status().borrow().failure, None);
    });
}

#[test]
fn output_that_fails_stops_the_node_with_its_reason() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start_with_output(dir.path()).await;
        let (_, entries) = Story::whole(3);
        node.machine.apply(entries[..6].to_vec()).await.unwrap();
        fs::write(output(dir.path()).join("full"), "").unwrap();
        let error = node.machine.apply(entries[6..].to_vec()).await.unwrap_err().to_string();
        assert!(error.contains("no space left"), "{error}");
        let failure = node.applied.status().borrow().failure.clone();
        assert!(failure.unwrap().contains("no space left"));
        let StoreError::Stopped(reason) = node.applied.close().await.unwrap_err() else { panic!() };
        assert!(reason.contains("no space left"), "{reason}");
        assert!(node.machine.apply([]).await.unwrap_err().to_string().contains("no space left"));
    });
}

#[test]
fn output_that_cannot_be_opened_stops_the_node_with_its_reason() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start(dir.path());
        let refuse =
            |_: Option<Earlier<'_>>| Err::<Box<dyn Projection>, _>(ProjectionError("no such folder".into()));
        let error = node.applied.open_output(Box::new(refuse)).await.unwrap_err();
        assert!(error.to_string().contains("no such folder"), "{error}");
        let error = node.machine.build_snapshot().await.unwrap_err().to_string();
        assert!(error.contains("no such folder"), "{error}");
    });
}

#[test]
fn a_snapshot_that_cannot_be_written_stops_the_node_with_its_reason() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start(dir.path());
        fs::remove_dir(dir.path().join("snapshots")).unwrap();
        fs::write(dir.path().join("snapshots"), "no folder").unwrap();
        let error = node.machine.build_snapshot().await.unwrap_err().to_string();
        assert!(error.contains("snapshots") && error.contains("start this node again"), "{error}");
        assert!(node.applied.status().borrow().failure.is_some());
    });
}

#[test]
fn a_node_that_is_killed_goes_on_from_its_snapshot_and_writes_the_same_bytes() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let (node, snapshot, rest) = sender(&dir).await;
        let whole = (content(&node.applied.machine().read()), output_of(&output(dir.path())));
        node.kill().await;
        let mut node = start(dir.path());
        assert_eq!(node.applied.status().borrow().position, 20);
        let state = node.machine.applied_state().await.unwrap();
        assert_eq!(state, (snapshot.meta.last_log_id, snapshot.meta.last_membership.clone()));
        // Where its output lies is not known before it is handed over.
        let mut asking = node.machine.clone();
        let asked = tokio::spawn(async move { asking.get_current_snapshot().await.unwrap().unwrap() });
        node.applied.open_output(output_in(&output(dir.path()))).await.unwrap();
        let current = asked.await.unwrap();
        assert_eq!((current.meta, current.snapshot), (snapshot.meta, snapshot.snapshot));
        node.machine.apply(rest).await.unwrap();
        assert_eq!((content(&node.applied.machine().read()), output_of(&output(dir.path()))), whole);
    });
}

#[test]
fn a_snapshot_makes_another_node_the_same() {
    // What the receiver had before: nothing, output that is shorter, longer, or other; handed over before or after.
    for (old, late) in [(None, false), (None, true), (Some("x"), false), (Some("x"), true), (Some(""), false)]
    {
        for length in [0, 1, 5, 5000] {
            soon(async {
                let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                let (sender, snapshot, rest) = sender(&from).await;
                if let Some(text) = old {
                    fs::create_dir_all(output(to.path())).unwrap();
                    fs::write(output(to.path()).join("rows"), text.repeat(length)).unwrap();
                    fs::write(output(to.path()).join("failed"), text.repeat(length)).unwrap();
                }
                let mut node = if late { start(to.path()) } else { start_with_output(to.path()).await };
                let mut files = node.machine.begin_receiving_snapshot().await.unwrap();
                transfer(&snapshot.snapshot, &mut files);
                node.machine.install_snapshot(&snapshot.meta, files).await.unwrap();
                assert_eq!(node.applied.status().borrow().position, 20);
                if late {
                    node.applied.open_output(output_in(&output(to.path()))).await.unwrap();
                }
                let current = node.machine.get_current_snapshot().await.unwrap().unwrap();
                assert_eq!(current.meta, snapshot.meta);
                let lengths =
                    |files: &SnapshotFiles| files.parts.iter().map(|part| part.1).collect::<Vec<_>>();
                assert_eq!(lengths(&current.snapshot), lengths(&snapshot.snapshot));
                check_same(&mut node, to.path(), &rest, &sender, from.path()).await;
            });
        }
    }
}

#[test]
fn a_node_whose_rows_came_from_the_log_takes_a_later_snapshot_over() {
    soon(async {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (sender, snapshot, rest) = sender(&from).await;
        let mut node = start_with_output(to.path()).await;
        let (_, entries) = Story::whole(12);
        node.machine.apply(entries[..10].to_vec()).await.unwrap();
        node.machine.build_snapshot().await.unwrap();
        node.machine.apply(entries[10..12].to_vec()).await.unwrap();
        let mut files = node.machine.begin_receiving_snapshot().await.unwrap();
        transfer(&snapshot.snapshot, &mut files);
        node.machine.install_snapshot(&snapshot.meta, files).await.unwrap();
        check_same(&mut node, to.path(), &rest, &sender, from.path()).await;
        // And passes it on.
        node.machine.build_snapshot().await.unwrap();
        node.kill().await;
        let node = start_with_output(to.path()).await;
        assert_eq!(content(&node.applied.machine().read()), content(&sender.applied.machine().read()));
    });
}

/// How far a node comes with taking a snapshot over before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Step {
    Received,
    SetAside,
    Adopted,
    OnePartPut,
    AllPartsPut,
    HalfRemoved,
}

/// Does what installing does, up to this step, in the folder of a node that does not run.
async fn install_up_to(step: Step, dir: &Path, snapshot: &Snapshot<TypeConfig>) {
    let (mut folder, _) = SnapshotFolder::open(dir.join("snapshots")).unwrap();
    let index = snapshot.meta.last_log_id.unwrap().index;
    let mut files = folder.receive().unwrap();
    transfer(&snapshot.snapshot, &mut files);
    match step {
        // As with a process that is killed: the files are not removed.
        Step::Received => return std::mem::forget(files),
        Step::SetAside => drop(folder.set_aside(&files, index).unwrap()),
        _ => drop(folder.adopt(&files, index).unwrap()),
    }
    let parts = folder.parts(index).unwrap();
    for (number, name) in ["rows", "failed"].iter().enumerate() {
        if step >= Step::AllPartsPut || (step == Step::OnePartPut && number == 0) {
            story::put(&parts.join(part_name(number)), &output(dir).join(name));
        }
    }
    if step == Step::HalfRemoved {
        fs::rename(&parts, dir.join("snapshots/receiving-7")).unwrap();
    }
}

#[test]
fn a_node_that_is_killed_while_it_takes_a_snapshot_over_comes_up_before_or_after_it() {
    for step in [
        Step::Received,
        Step::SetAside,
        Step::Adopted,
        Step::OnePartPut,
        Step::AllPartsPut,
        Step::HalfRemoved,
    ] {
        soon(async {
            let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (sender, snapshot, rest) = sender(&from).await;
            let (_, entries) = Story::whole(12);
            let mut node = start_with_output(to.path()).await;
            node.machine.apply(entries[..8].to_vec()).await.unwrap();
            node.machine.build_snapshot().await.unwrap();
            node.machine.apply(entries[8..10].to_vec()).await.unwrap();
            node.kill().await;
            install_up_to(step, to.path(), &snapshot).await;
            let mut node = start_with_output(to.path()).await;
            let position = node.applied.status().borrow().position;
            let is_after = step >= Step::Adopted;
            assert_eq!(position, if is_after { 20 } else { 8 }, "{step:?}");
            let rest = if is_after { rest } else { entries[8..].to_vec() };
            check_same(&mut node, to.path(), &rest, &sender, from.path()).await;
        });
    }
}

#[test]
fn what_was_received_and_does_not_fit_changes_nothing() {
    type Spoil = fn(&mut SnapshotFiles, &mut SnapshotMeta<u64, Peer>);
    let cases: [(&str, Spoil, &str); 5] = [
        ("another snapshot", |_, meta| meta.snapshot_id = "other".to_owned(), "announced"),
        ("another number", |_, meta| meta.last_log_id = Some(id(1, 21)), "damaged"),
        ("a part too short", |files, _| fs::write(files.part(0), "r").unwrap(), "missing"),
        ("a part that is not there", |files, _| fs::remove_file(files.part(1)).unwrap(), "missing"),
        ("no state", |files, _| fs::remove_file(&files.state).unwrap(), "No such file"),
    ];
    for (name, spoil, expected) in cases {
        soon(async {
            let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (_sender, mut snapshot, _) = sender(&from).await;
            let mut node = start(to.path());
            let mut files = node.machine.begin_receiving_snapshot().await.unwrap();
            transfer(&snapshot.snapshot, &mut files);
            spoil(&mut files, &mut snapshot.meta);
            let error = node.machine.install_snapshot(&snapshot.meta, files).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
            drop(node);
            let mut node = start(to.path());
            assert_eq!(node.machine.applied_state().await.unwrap(), Default::default(), "{name}");
            assert_eq!(fs::read_dir(to.path().join("snapshots")).unwrap().count(), 0, "{name}");
        });
    }
}

#[test]
fn a_transfer_that_is_given_up_leaves_nothing_behind() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let mut node = start(dir.path());
        let files = node.machine.begin_receiving_snapshot().await.unwrap();
        let other = node.machine.begin_receiving_snapshot().await.unwrap();
        fs::write(&files.state, "half").unwrap();
        drop(files);
        assert!(other.state.parent().unwrap().exists());
        assert_eq!(fs::read_dir(dir.path().join("snapshots")).unwrap().count(), 1);
    });
}

#[test]
fn a_damaged_snapshot_is_told_with_its_file_and_the_way_out() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let (node, snapshot, _) = sender(&dir).await;
        node.kill().await;
        let mut bytes = fs::read(&snapshot.snapshot.state).unwrap();
        bytes[100] ^= 1;
        fs::write(&snapshot.snapshot.state, &bytes).unwrap();
        let opened = StateMachine::open(dir.path().join("snapshots"), NodeId(1), 1, &on_disk(LogKind::Redb));
        let error = opened.err().unwrap().to_string();
        assert!(error.contains("snapshot-") && error.contains("--fresh"), "{error}");
        // Intact, and no snapshot of ours.
        let mut writer =
            crate::store::snapshot::SnapshotWriter::create(&dir.path().join("snapshots"), 30).unwrap();
        writer.write_record(&codec::encode(&"no head").unwrap()).unwrap();
        writer.finish().unwrap();
        let opened = StateMachine::open(dir.path().join("snapshots"), NodeId(1), 1, &on_disk(LogKind::Redb));
        let error = opened.err().unwrap().to_string();
        assert!(error.contains("snapshot-") && error.contains("--fresh"), "{error}");
    });
}

#[test]
fn a_snapshot_is_due_after_so_many_bytes_and_four_times_its_own_size() {
    soon(async {
        let dir = tempfile::tempdir().unwrap();
        let (mut machine, applied) =
            StateMachine::open(dir.path().join("snapshots"), NodeId(1), 10_000, &on_disk(LogKind::Redb))
                .unwrap();
        let is_due = async || timeout(Duration::ZERO, applied.snapshot_due().notified()).await.is_ok();
        let mut index = 0;
        let mut apply = async |bytes| {
            index += 1;
            machine.apply([opaque(1, index, bytes)]).await.unwrap();
        };
        apply(10_000).await;
        assert!(!is_due().await);
        apply(1).await;
        assert!(is_due().await);
        apply(9_999).await;
        assert!(!is_due().await, "no node gets it twice");
        apply(2).await;
        assert!(is_due().await, "but reminded after as much again");
        let mut builder = StateMachine { messages: applied.messages.clone(), status: applied.status() };
        builder.build_snapshot().await.unwrap();
        apply(10_000).await;
        assert!(!is_due().await);
    });
}
