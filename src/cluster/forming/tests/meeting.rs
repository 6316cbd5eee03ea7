//! Nodes that meet a cluster that runs already.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::cluster::forming::driver::Formed;
use crate::cluster::forming::error::FormingError;
use crate::cluster::forming::message::{Request, Standing};
use crate::cluster::forming::running::{Running, find_running};

use super::place::{Door, Node, Place};
use super::*;

const LIST: &[u64] = &[1, 2, 3];
const A: ClusterId = ClusterId([0xa; 16]);
const B: ClusterId = ClusterId([0xb; 16]);

fn stand(place: &Place, id: u64, standing: Standing) -> Node {
    let mut node = Node::of(place, id, LIST);
    node.standing = standing;
    node.serve();
    node
}

/// What node 1, which holds data of cluster A, finds where node 2 is doing that.
async fn check(standing: Option<Standing>) -> Result<Option<Running>, FormingError> {
    let place = Place::default();
    let node = Node::of(&place, 1, LIST);
    let _other = standing.map(|standing| stand(&place, 2, standing));
    place.open(address(3), Door::Hangs);
    let forming = node.serve();
    forming.stand(Standing::Waiting { cluster: A });
    let (view, found) = (node.view(), node.found.subscribe());
    timeout(Duration::from_secs(60), find_running(&forming, A, &found, &view)).await.expect("it ends")
}

#[tokio::test(start_paused = true)]
async fn data_finds_its_run_or_learns_that_nobody_runs_it() {
    let begun = Instant::now();
    let running = Running { cluster: A, at: vec![address(2)] };
    assert_eq!(check(Some(Standing::Member { cluster: A })).await.unwrap(), Some(running));
    assert!(begun.elapsed() < Duration::from_secs(1));
    for standing in [None, Some(Standing::Forming), Some(Standing::Waiting { cluster: A })] {
        let begun = Instant::now();
        assert_eq!(check(standing).await.unwrap(), None);
        assert!((5_000..6_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn data_of_another_run_is_refused_with_both_names() {
    let text = check(Some(Standing::Member { cluster: B })).await.unwrap_err().to_string();
    for part in ["cluster 0a0a0a0a0a0a", "10.0.0.2:4001 runs cluster 0b0b0b0b0b0b", "--fresh"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_late_joins_what_runs() {
    let place = Place::default();
    let _members = [2, 3].map(|id| stand(&place, id, Standing::Member { cluster: A }));
    let formed = Node::of(&place, 1, LIST).start().end().await.unwrap();
    assert_eq!(formed, Formed::Running(Running { cluster: A, at: vec![address(2), address(3)] }));
}

#[tokio::test(start_paused = true)]
async fn members_without_a_quorum_are_no_cluster_but_for_who_has_data_of_theirs() {
    let paused = Standing::Paused { cluster: A };
    let running = Running { cluster: A, at: vec![address(2)] };
    assert_eq!(check(Some(paused)).await.unwrap(), Some(running));
    assert_eq!(check(Some(Standing::Paused { cluster: B })).await.unwrap(), None);
    // A node that was left behind at an address of the list: the two others found a cluster of their own.
    let place = Place::default();
    let _left_behind = stand(&place, 3, paused);
    let nodes = [1, 2].map(|id| Node::of(&place, id, LIST));
    let [one, other] = nodes.each_ref().map(Node::start);
    let (one, other) = (one.end().await.unwrap(), other.end().await.unwrap());
    assert!(matches!(&one, Formed::Founded(founding) if founding.members.len() == 2), "{one:?}");
    assert_eq!(one, other);
}

#[tokio::test(start_paused = true)]
async fn a_founder_that_missed_the_choice_learns_it_from_a_member() {
    for (members, is_founder) in [(&[1, 2][..], true), (&[2, 3][..], false)] {
        let place = Place::default();
        let other = Node::of(&place, 2, LIST);
        let member = other.serve();
        let chosen = founding(0xa, members);
        member.answer(NodeId(3), Request::Chosen(chosen.clone())).await;
        member.stand(Standing::Member { cluster: A });
        let formed = Node::of(&place, 1, LIST).start().end().await.unwrap();
        assert_eq!(formed == Formed::Founded(chosen), is_founder, "{formed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_clusters_among_the_peers_are_an_error() {
    let place = Place::default();
    let _one = stand(&place, 2, Standing::Member { cluster: A });
    let _other = stand(&place, 3, Standing::Member { cluster: B });
    let text = Node::of(&place, 1, LIST).start().end().await.unwrap_err().to_string();
    assert!(
        text.contains("10.0.0.2:4001 runs cluster 0a") && text.contains("3:4001 runs cluster 0b"),
        "{text}"
    );
}
