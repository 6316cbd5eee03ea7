//! Raft between real nodes on this machine, and between one node and what pretends to be one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use openraft::{Config, Entry, RaftMetrics, SnapshotPolicy};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::{mpsc, watch};

use crate::cluster::identity::Identity;
use crate::cluster::key::ClusterKey;
use crate::cluster::libp2p::{self, Libp2p, Limits, Options, Started};
use crate::cluster::network::Conversation;
use crate::cluster::raft::story::{Story, content, id, on_disk, opaque, output_in, output_of};
use crate::cluster::raft::{Applied, Batch, LogStore, StateMachine, receive, while_leading};
use crate::store::log::LogKind;

use super::*;

const OURS: ClusterId = ClusterId([1; 16]);

/// For an answer, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

fn clients<N: Network>(network: N, cluster: ClusterId) -> RaftClients<N> {
    RaftClients::new(network, cluster, Arc::default(), PATIENCE)
}

struct Node {
    id: NodeId,
    peer: Peer,
    raft: Raft<TypeConfig>,
    applied: Applied,
    network: Libp2p,
    folder: TempDir,
    /// Whom it does not hear.
    deaf_to: watch::Sender<BTreeSet<NodeId>>,
    _serving: JoinSet<()>,
}

async fn node(key: ClusterKey) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let dir: &Path = folder.path();
    let identity = Identity::open(dir).unwrap();
    let id = identity.node_id();
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, identity, key: Some(key), mdns: false, limits: Limits::default() };
    let Started { network, address, incoming, .. } = libp2p::start(options).await.unwrap();
    let config = Config {
        heartbeat_interval: 200,
        election_timeout_min: 1000,
        election_timeout_max: 2000,
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: 0,
        ..Config::default()
    };
    let log = LogStore::open(&dir.join("log"), &on_disk(LogKind::Redb)).unwrap();
    let (machine, applied) =
        StateMachine::open(dir.join("snapshots"), id, 1 << 20, &on_disk(LogKind::Redb)).unwrap();
    let clients = clients(network.clone(), OURS);
    let config = Arc::new(config.validate().unwrap());
    let raft = tokio::spawn(Raft::new(id.0, config, clients, log, machine));
    applied.open_output(output_in(&dir.join("output"))).await.unwrap();
    let raft = raft.await.unwrap().unwrap();
    let mut serving = JoinSet::new();
    let deaf_to = watch::Sender::default();
    serving.spawn(answer(raft.clone(), incoming, deaf_to.subscribe()));
    let peer = Peer { address, name: "node".into() };
    Node { id, peer, raft, applied, network, folder, deaf_to, _serving: serving }
}

async fn answer(
    raft: Raft<TypeConfig>,
    mut incoming: mpsc::Receiver<Conversation<libp2p::Stream>>,
    mut deaf_to: watch::Receiver<BTreeSet<NodeId>>,
) {
    let mut serving = JoinSet::new();
    loop {
        let next = tokio::select! {
            next = incoming.recv() => next,
            Ok(()) = deaf_to.changed() => {
                serving.abort_all();
                continue;
            }
        };
        let Some(Conversation { peer, mut stream }) = next else { return };
        if deaf_to.borrow().contains(&peer) {
            continue;
        }
        let raft = raft.clone();
        serving.spawn(async move {
            match Purpose::of(stream.read_u8().await.unwrap_or(0)) {
                Some(Purpose::Raft) => {
                    let intake = Intake::new(Arc::default(), peer, Purpose::Raft, || true);
                    serve(&raft, OURS, &Contact::default(), peer, &intake, stream).await.ok()
                }
                Some(Purpose::Snapshot) => receive(&raft, OURS, peer, stream).await.ok(),
                _ => None,
            }
        });
    }
}

async fn within<T>(seconds: u64, test: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(seconds), test).await.expect("the test takes too long")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_elect_and_follow_a_leader_and_a_late_one_gets_its_snapshot() {
    within(120, async {
        let key = ClusterKey::generate();
        let (one, other, late) = (node(key).await, node(key).await, node(key).await);
        let members = BTreeMap::from([(one.id.0, one.peer.clone()), (other.id.0, other.peer.clone())]);
        one.raft.initialize(members).await.unwrap();
        let led = one.raft.wait(None).metrics(|now| now.current_leader.is_some(), "a leader").await.unwrap();
        let (leader, follower) =
            if led.current_leader == Some(one.id.0) { (&one, &other) } else { (&other, &one) };
        let (story, entries) = Story::whole(12);
        for entry in entries {
            let EntryPayload::Normal(batch) = entry.payload else { continue };
            leader.raft.client_write(batch).await.unwrap();
        }
        leader.raft.trigger().snapshot().await.unwrap();
        leader.raft.wait(None).metrics(|now| now.purged.is_some(), "a purged log").await.unwrap();
        leader.raft.add_learner(late.id.0, late.peer.clone(), true).await.unwrap();
        let last = leader.raft.metrics().borrow().last_applied.map(|last| last.index);
        for node in [follower, &late] {
            // An election meanwhile, on a busy machine, adds entries of its own.
            node.raft.wait(None).applied_index_at_least(last, "all applied").await.unwrap();
            assert_eq!(content(&node.applied.machine().read()), content(story.machine()));
        }
        assert!(late.raft.metrics().borrow().snapshot.is_some());
        let output = |node: &Node| output_of(&node.folder.path().join("output"));
        assert_eq!(output(&late), output(leader));
        for node in [one, other, late] {
            node.raft.shutdown().await.unwrap();
        }
    })
    .await;
}

/// openraft leaves a request without an answer where a snapshot takes the place of the entry that it led to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_leader_was_asked_has_an_answer_when_another_one_sends_it_a_snapshot() {
    within(120, async {
        let key = ClusterKey::generate();
        let nodes = [node(key).await, node(key).await, node(key).await];
        let members: BTreeMap<_, _> = nodes.iter().map(|node| (node.id.0, node.peer.clone())).collect();
        nodes[0].raft.initialize(members).await.unwrap();
        let led = nodes[0].raft.wait(None).metrics(|now| now.current_leader.is_some(), "a leader").await;
        let leads = |node: &&Node| Some(node.id.0) == led.as_ref().unwrap().current_leader;
        let (leader, others): (Vec<_>, Vec<_>) = nodes.iter().partition(leads);
        let leader = leader[0];
        let (_, entries) = Story::whole(12);
        let mut batches = entries.into_iter().filter_map(|entry| match entry.payload {
            EntryPayload::Normal(batch) => Some(batch),
            _ => None,
        });
        leader.raft.client_write(batches.next().unwrap()).await.unwrap();

        // The leader neither hears the others nor reaches them: another node takes its place.
        for other in &others {
            other.deaf_to.send_replace([leader.id].into());
            leader.deaf_to.send_modify(|deaf_to| deaf_to.extend([other.id]));
        }
        let asked = tokio::spawn({
            let (raft, batch) = (leader.raft.clone(), batches.next().unwrap());
            async move { while_leading(&raft, raft.client_write(batch)).await }
        });
        let is_next = |now: &RaftMetrics<u64, Peer>| now.current_leader.is_some_and(|id| id != leader.id.0);
        let led = others[0].raft.wait(None).metrics(is_next, "another leader").await.unwrap();
        let next = others.iter().find(|node| Some(node.id.0) == led.current_leader).unwrap();
        for batch in batches.take(4) {
            next.raft.client_write(batch).await.unwrap();
        }
        next.raft.trigger().snapshot().await.unwrap();
        next.raft.wait(None).metrics(|now| now.purged.is_some(), "a purged log").await.unwrap();
        next.deaf_to.send_replace(BTreeSet::new());
        leader.deaf_to.send_replace(BTreeSet::new());
        let last = next.raft.metrics().borrow().last_applied.map(|last| last.index);
        leader.raft.wait(None).applied_index_at_least(last, "all applied").await.unwrap();
        assert!(leader.raft.metrics().borrow().snapshot.is_some(), "a snapshot came, not entries");
        assert!(asked.await.unwrap().is_none(), "it is to be asked of the next leader");
        for node in &nodes {
            node.raft.shutdown().await.unwrap();
        }
    })
    .await;
}

fn vote(term: u64, node: NodeId) -> Vote<u64> {
    Vote::new_committed(term, node.0)
}

fn entries(vote: Vote<u64>, entries: Vec<Entry<TypeConfig>>) -> AppendEntriesRequest<TypeConfig> {
    AppendEntriesRequest { vote, prev_log_id: None, entries, leader_commit: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_cluster_another_node_and_a_forged_vote_are_refused() {
    within(60, async {
        let key = ClusterKey::generate();
        let (one, other) = (node(key).await, node(key).await);
        let option = || RPCOption::new(Duration::from_secs(10));
        let vote_of = |node: &Node| VoteRequest::new(Vote::new(7, node.id.0), None);
        let (to, elsewhere) = (other.id.0, one.id.0 ^ 1);

        let theirs = ClusterId([2; 16]);
        let mut client = clients(one.network.clone(), theirs).new_client(to, &other.peer).await;
        let error = client.vote(vote_of(&one), option()).await.unwrap_err().to_string();
        assert!(error.contains("member of another cluster, 0101"), "{error}");

        let mut client = clients(one.network.clone(), OURS).new_client(elsewhere, &other.peer).await;
        let error = client.vote(vote_of(&one), option()).await.unwrap_err().to_string();
        assert!(error.contains(&format!("is node {}, not", other.id)), "{error}");

        let mut client = clients(one.network.clone(), OURS).new_client(to, &other.peer).await;
        for forged in [vote(9, other.id), vote(9, NodeId(3))] {
            client.append_entries(entries(forged, vec![]), option()).await.unwrap_err();
            client.vote(VoteRequest::new(forged, None), option()).await.unwrap_err();
        }
        assert_eq!(other.raft.metrics().borrow().vote, Vote::default());
        assert!(client.vote(vote_of(&one), option()).await.unwrap().vote_granted);
    })
    .await;
}

/// A network whose every stream is slow and leads to a member that appends whatever it is sent.
#[derive(Clone)]
struct Slow {
    /// How many entries each message had.
    told: mpsc::Sender<usize>,
    /// What each piece takes to get there.
    way: Duration,
}

impl Network for Slow {
    type Stream = DuplexStream;

    async fn open(&self, _: &Address) -> io::Result<Conversation<DuplexStream>> {
        let (near, mut wire) = duplex(64 << 10);
        let (mut far, mut member) = duplex(64 << 10);
        let way = self.way;
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(&mut far);
            let (mut back, mut forth) = tokio::io::split(&mut wire);
            let slowly = async {
                let mut bytes = vec![0; 16 << 10];
                while let Ok(read @ 1..) = back.read(&mut bytes).await {
                    tokio::time::sleep(way).await;
                    tokio::io::AsyncWriteExt::write_all(&mut to, &bytes[..read]).await.ok();
                }
            };
            tokio::join!(slowly, async { tokio::io::copy(&mut from, &mut forth).await.ok() });
        });
        let told = self.told.clone();
        tokio::spawn(async move {
            member.read_u8().await.ok();
            while let Ok(request) = frame::read::<Request>(&mut member, Purpose::Raft.limit()).await {
                let Message::Append(append) = request.message else { return };
                told.send(append.entries.len()).await.ok();
                frame::write(&mut member, &Answer::Append(AppendEntriesResponse::Success)).await.ok();
            }
        });
        Ok(Conversation { peer: NodeId(2), stream: near })
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_openraft_waits_goes_over_once_and_the_leader_is_heard_meanwhile() {
    within(600, async {
        let (tell, mut told) = mpsc::channel(1000);
        let slow = Slow { told: tell, way: Duration::from_millis(2) };
        let mut client = clients(slow, OURS).new_client(2, &Peer::default()).await;
        let beat = Duration::from_millis(100);
        let leader = vote(1, NodeId(1));
        let big = [opaque(1, 1, 4 << 20)];
        let mut answer = None;
        for tries in 0.. {
            // Openraft gives up after a beat, and comes back with more.
            let more = big.iter().cloned().chain((0..tries.min(1)).map(|_| opaque(1, 2, 10))).collect();
            let asked = client.append_entries(entries(leader, more), RPCOption::new(beat));
            if let Ok(done) = timeout(beat, asked).await {
                answer = Some((tries, done.unwrap()));
                break;
            }
        }
        let (tries, answer) = answer.unwrap();
        assert!(tries > 2, "{tries}");
        assert_eq!(answer, AppendEntriesResponse::PartialSuccess(Some(id(1, 1))));
        drop(client);
        let mut heard = vec![];
        while let Ok(count) = told.try_recv() {
            heard.push(count);
        }
        assert_eq!(heard.iter().filter(|count| **count > 0).count(), 1, "{heard:?}");
        assert!(heard.len() > 3, "{heard:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_are_answered_where_the_way_is_longer_than_openraft_waits() {
    within(600, async {
        let (tell, mut told) = mpsc::channel(1000);
        let slow = Slow { told: tell, way: Duration::from_millis(200) };
        let mut client = clients(slow, OURS).new_client(2, &Peer::default()).await;
        let beat = Duration::from_millis(70);
        let contact = Arc::clone(&client.line.shared.contact);
        let mut answers = 0;
        for _ in 0..60 {
            let asked = client.append_entries(entries(vote(1, NodeId(1)), vec![]), RPCOption::new(beat));
            answers += usize::from(timeout(beat, asked).await.is_ok_and(|answer| answer.is_ok()));
            assert!(client.signs.sending.len() <= SIGNS);
        }
        assert!(answers >= 10, "{answers}");
        let silence = contact.silence_of(NodeId(2)).unwrap();
        assert!(silence < Duration::from_millis(500), "{silence:?}");
        drop(client);
        let sent = std::iter::from_fn(|| told.try_recv().ok()).count();
        assert!(sent <= answers + SIGNS, "{sent} were sent for {answers} answers");
    })
    .await;
}

#[test]
fn entries_that_are_too_much_together_are_sent_in_smaller_numbers_but_a_single_one_as_it_is() {
    let request = |sizes: &[usize]| {
        let entry = |size: &usize| Entry {
            log_id: id(1, 1),
            payload: EntryPayload::Normal(Batch(vec![0; *size].into())),
        };
        entries(vote(1, NodeId(1)), sizes.iter().map(entry).collect())
    };
    for (sizes, expected) in [
        (&[][..], Ok(0)),
        (&[10, 20], Ok(30)),
        (&[40 << 20], Ok(40 << 20)),
        (&[20 << 20, 10 << 20, 10 << 20], Err(2)),
        (&[40 << 20, 1], Err(1)),
    ] {
        assert_eq!(fitting(&request(sizes)), expected, "{sizes:?}");
    }
    let distinct: BTreeSet<_> = [0, 1 << 10, ENTRIES].map(allowance).into();
    assert_eq!(distinct.last(), Some(&Duration::from_secs(8)));
}
