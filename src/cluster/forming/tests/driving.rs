//! Nodes that form on the network in memory, with time that does not pass by itself.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cluster::forming::driver::Formed;
use crate::cluster::forming::error::FormingError;
use crate::cluster::forming::message::{Request, Standing};

use super::place::{Door, Node, Place, Post};
use super::*;

const THREE: &[u64] = &[1, 2, 3];

fn nodes(place: &Place, list: &[u64]) -> Vec<Node> {
    list.iter().map(|id| Node::of(place, *id, list)).collect()
}

fn members(founding: &Founding) -> Vec<u64> {
    founding.members.keys().map(|node| node.0).collect()
}

fn failure(result: Result<Formed, FormingError>) -> String {
    result.unwrap_err().to_string()
}

/// Starts these nodes and expects one founding, by those members.
async fn check(nodes: &[Node], expected: &[u64]) -> Founding {
    let forming: Vec<_> = nodes.iter().map(Node::start).collect();
    let mut all = Vec::new();
    for forms in forming {
        all.push(forms.founding().await);
    }
    assert!(all.iter().all(|other| *other == all[0]), "{all:#?}");
    assert_eq!(members(&all[0]), expected);
    all.swap_remove(0)
}

#[tokio::test(start_paused = true)]
async fn nodes_that_start_together_found_at_once_and_all_of_them() {
    for count in [1, 2, 3, 5] {
        let begun = Instant::now();
        let place = Place::default();
        let list: Vec<u64> = (1..=count).collect();
        let founding = check(&nodes(&place, &list), &list).await;
        assert!(begun.elapsed() < Duration::from_millis(1_000), "{count}: {:?}", begun.elapsed());
        assert_eq!(founding.members[&NodeId(1)], peer(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_quorum_waits_a_moment_for_the_rest_which_is_told_when_it_comes() {
    let (begun, place) = (Instant::now(), Place::default());
    let three = nodes(&place, THREE);
    let founding = check(&three[1..], &[2, 3]).await;
    assert!(begun.elapsed() >= Duration::from_secs(1) && begun.elapsed() < Duration::from_secs(2));
    assert_eq!(three[0].start().founding().await, founding, "node 1 came too late to be a member");
}

#[tokio::test(start_paused = true)]
async fn a_late_node_completes_the_quorum() {
    let place = Place::default();
    let three = nodes(&place, THREE);
    let (first, begun) = (three[2].start(), Instant::now());
    sleep(Duration::from_millis(50_600)).await;
    let waiting = three[2].progress.borrow().clone();
    assert_eq!(waiting.to_string(), "1 of 3 nodes, waiting for 1, 10 s left");
    assert_eq!(waiting.missing, [address(1), address(2)]);
    let second = three[0].start();
    assert_eq!(first.founding().await, second.founding().await);
    assert!(begun.elapsed() < Duration::from_secs(53), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nobody_in_time_is_an_error_that_says_who_is_missing_and_why() {
    let place = Place::default();
    place.open(address(3), Door::Hangs);
    place.open(address(4), Door::Closes);
    let mut five = nodes(&place, &[1, 2, 3, 4, 5]);
    let mut held = five.pop().unwrap();
    held.standing = Standing::Waiting { cluster: ClusterId([0xab; 16]) };
    held.serve();
    let begun = Instant::now();
    let text = failure(five[0].start().end().await);
    for part in [
        "1 of 5 nodes after 60 s, 3 would do",
        "10.0.0.2:4001: refused",
        "10.0.0.3:4001: no answer in time",
        "10.0.0.4:4001: the connection was closed before it answered",
        "10.0.0.5:4001: holds an unfinished run of cluster abababababab",
        "start the missing nodes",
    ] {
        assert!(text.contains(part), "`{part}` in: {text}");
    }
    assert!(begun.elapsed() < Duration::from_secs(61), "{:?}", begun.elapsed());
    let shown = five[0].progress.borrow().to_string();
    assert!(shown.starts_with("2 of 5 nodes, 1 of them with an unfinished run, waiting for 2, "), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_proposer_that_dies_at_any_step_is_replaced_and_comes_back_to_the_same_cluster() {
    for steps in 0..8 {
        for last in [Post::Lost, Post::AnswerLost] {
            let place = Place::default();
            let three = nodes(&place, THREE);
            let mut left = steps;
            place.decide(move |from, _, request| {
                if *from != address(1) || (left > 0 && matches!(request, Request::Hello(_))) {
                    return Post::Answered;
                }
                let post = match left {
                    0 => Post::Lost,
                    1 => last,
                    _ => Post::Answered,
                };
                left = usize::saturating_sub(left, 1);
                post
            });
            let mut forming: Vec<_> = three.iter().map(Node::start).collect();
            sleep(Duration::from_millis(1_200)).await;
            drop(forming.remove(0));
            place.doors.lock().remove(&address(1));
            let second = forming.remove(0).founding().await;
            assert_eq!(forming.remove(0).founding().await, second, "{steps}");
            place.decide(|_, _, _| Post::Answered);
            assert_eq!(three[0].start().founding().await, second, "{steps}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_smaller_part_of_a_partition_founds_nothing_and_follows_once_it_heals() {
    let place = Place::default();
    let five = nodes(&place, &[1, 2, 3, 4, 5]);
    place.cut(&[&[1, 2], &[3, 4, 5]]);
    let minority: Vec<_> = five[..2].iter().map(Node::start).collect();
    let founding = check(&five[2..], &[3, 4, 5]).await;
    for forms in minority {
        let text = failure(forms.end().await);
        assert!(text.contains("2 of 5 nodes after 60 s, 3 would do"), "{text}");
    }
    let again: Vec<_> = five[..2].iter().map(Node::start).collect();
    sleep(Duration::from_secs(30)).await;
    place.decide(|_, _, _| Post::Answered);
    for forms in again {
        assert_eq!(forms.founding().await, founding);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_again_and_again_never_found_two_clusters() {
    for seed in 0..40_u64 {
        let place = Place::default();
        let five = nodes(&place, &[1, 2, 3, 4, 5]);
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        place.decide(move |_, _, _| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match state % 10 {
                0..=1 => Post::Lost,
                2..=4 => Post::AnswerLost,
                _ => Post::Answered,
            }
        });
        let mut forming = Vec::new();
        for node in &five {
            forming.push(node.start());
            sleep(Duration::from_millis(seed * 13)).await;
        }
        let mut all = Vec::new();
        for forms in forming {
            all.push(forms.founding().await);
        }
        assert!(all.iter().all(|other| *other == all[0]), "{seed}: {all:#?}");
        assert!(all[0].members.len() >= 3, "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_node_at_two_addresses_is_one_node() {
    let place = Place::default();
    let mut one = Node::of(&place, 1, THREE);
    let two = Node::of(&place, 2, THREE);
    place.open(address(3), Door::Node(NodeId(2), two.serve()));
    one.quorum = Some(3);
    let text = failure(one.start().end().await);
    assert!(text.contains("2 of 3 nodes after 60 s, 3 would do"), "{text}");
    assert!(text.contains("10.0.0.3:4001: is the node that 10.0.0.2:4001 is"), "{text}");
    assert!(text.contains("--quorum could be as low as 2"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn every_host_may_be_given_the_same_line_with_itself_in_it() {
    let place = Place::default();
    let mut three = nodes(&place, THREE);
    for node in &mut three {
        node.own = "0.0.0.0:4001".parse().unwrap();
    }
    let founding = check(&three[..2], &[1, 2]).await;
    let places: Vec<_> = founding.members.values().map(|peer| peer.address.clone()).collect();
    assert_eq!(places, [address(1), address(2)], "no node listens at 0.0.0.0");
    assert_eq!(three[0].progress.borrow().size, 3);
}

#[tokio::test(start_paused = true)]
async fn nodes_that_were_told_other_numbers_do_not_count_and_both_are_named() {
    let place = Place::default();
    let one = Node::of(&place, 1, &[1, 2]);
    let other = Node::of(&place, 2, &[1, 2, 3, 4, 5]);
    let (one, other) = (one.start(), other.start());
    let text = failure(one.end().await);
    for part in ["node-1", "2 nodes with a quorum of 2", "node-2", "5 nodes with a quorum of 3"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(failure(other.end().await).contains("1 of 5 nodes"));
}

#[tokio::test(start_paused = true)]
async fn lists_that_differ_in_names_only_are_no_hindrance() {
    let place = Place::default();
    let mut three = nodes(&place, THREE);
    let by_name: Address = "node-2:4001".parse().unwrap();
    three[0].join[1] = by_name.clone();
    let two = three[1].serve();
    place.open(by_name, Door::Node(NodeId(2), two));
    // The door by address is opened again when node 2 starts; the door by name leads to a vote of its own. Node 2 must
    // be one object, so only nodes 1 and 3 form here.
    place.doors.lock().remove(&address(2));
    let (one, last) = (three[0].start(), three[2].start());
    let founding = one.founding().await;
    assert_eq!(last.founding().await, founding);
    assert_eq!(founding.members[&NodeId(2)].address.to_string(), "node-2:4001");
}

#[tokio::test(start_paused = true)]
async fn more_nodes_than_declared_are_an_error() {
    let place = Place::default();
    let mut four: Vec<_> = (1..=4).map(|id| Node::of(&place, id, &[])).collect();
    for node in &mut four {
        (node.size, node.quorum) = (Some(3), Some(3));
        node.found.send_replace((1..=4).map(address).collect());
    }
    place.decide(
        |_, _, request| if matches!(request, Request::Hello(_)) { Post::Answered } else { Post::Lost },
    );
    let forming: Vec<_> = four.iter().map(Node::start).collect();
    for forms in forming {
        assert!(failure(forms.end().await).contains("4 nodes are here, but the declared size is 3"));
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_that_are_found_rather_than_named_found_as_well() {
    let place = Place::default();
    let mut three: Vec<_> = THREE.iter().map(|id| Node::of(&place, *id, &[])).collect();
    for node in &mut three {
        node.size = Some(3);
        node.found.send_replace(THREE.iter().map(|id| address(*id)).collect());
    }
    check(&three, THREE).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_members_than_wanted_found() {
    let place = Place::default();
    let mut five = nodes(&place, &[1, 2, 3, 4, 5]);
    five.iter_mut().for_each(|node| node.founders = 3);
    check(&five, &[1, 2, 3]).await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_ends_the_node_with_its_name() {
    let place = Place::default();
    let two = nodes(&place, &[1, 2]);
    let gone = two[0].dir.path().to_owned();
    let (one, _other) = (two[0].start(), two[1].serve());
    std::fs::remove_dir_all(&gone).unwrap();
    let text = failure(one.end().await);
    assert!(text.contains("keeping the vote of this node") && text.contains("/forming"), "{text}");
}
