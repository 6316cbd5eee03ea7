//! The vote of one node, its file, its numbers, and the messages for people.

use std::fs;
use std::time::Duration;

use super::*;
use crate::cluster::forming::ballot::Ballot;
use crate::cluster::forming::declared::Declared;
use crate::cluster::forming::message::{Answer, Numbers, Request, Standing};
use crate::cluster::forming::proposal::{Proposal, Step};
use crate::cluster::forming::voter::Forming;
use crate::cluster::forming::waiting::Waiting;

const THREE: Numbers = Numbers { size: 3, quorum: 2 };

fn ballot(round: u64, node: u64) -> Ballot {
    Ballot { round, node: NodeId(node) }
}

/// Node 1 of three, with its vote in that folder.
fn open(dir: &std::path::Path) -> Forming {
    let declared = Declared::new(&address(1), &[address(2), address(3)], None, None).unwrap();
    Forming::open(dir, NodeId(1), peer(1), declared, Standing::Forming).unwrap()
}

/// Asks node 1, which is killed and started again after each question, and compares the answers.
async fn check(questions: &[(u64, Request, Answer)]) {
    let dir = tempfile::tempdir().unwrap();
    for (from, question, answer) in questions {
        let given = open(dir.path()).answer(NodeId(*from), question.clone()).await;
        match (&given, answer) {
            (Answer::Unable(given), Answer::Unable(part)) => assert!(given.contains(part), "{given}"),
            _ => assert_eq!(given, *answer, "{question:?}"),
        }
    }
}

#[tokio::test]
async fn a_vote_outlives_its_node() {
    let (a, b) = (founding(1, &[1, 2]), founding(2, &[1, 3]));
    let refused = |round, node| Answer::Refused(ballot(round, node));
    check(&[
        (2, Request::Prepare(ballot(2, 2), THREE), Answer::Promise(ballot(2, 2), None)),
        (3, Request::Prepare(ballot(1, 3), THREE), refused(2, 2)),
        (2, Request::Prepare(ballot(2, 2), THREE), refused(2, 2)),
        (3, Request::Accept(ballot(1, 3), b.clone(), THREE), refused(2, 2)),
        (2, Request::Accept(ballot(2, 2), a.clone(), THREE), Answer::Accepted(ballot(2, 2))),
        (2, Request::Accept(ballot(2, 2), a.clone(), THREE), Answer::Accepted(ballot(2, 2))),
        (2, Request::Accept(ballot(2, 2), b.clone(), THREE), refused(2, 2)),
        (
            3,
            Request::Prepare(ballot(2, 3), THREE),
            Answer::Promise(ballot(2, 3), Some((ballot(2, 2), a.clone()))),
        ),
        (2, Request::Accept(ballot(2, 2), a.clone(), THREE), refused(2, 3)),
        (3, Request::Accept(ballot(2, 3), a.clone(), THREE), Answer::Accepted(ballot(2, 3))),
        (3, Request::Chosen(a.clone()), Answer::Chosen(a.clone())),
        (2, Request::Chosen(b.clone()), Answer::Chosen(a.clone())),
        (2, Request::Prepare(ballot(9, 2), THREE), Answer::Chosen(a.clone())),
        (2, Request::Accept(ballot(9, 2), b, THREE), Answer::Chosen(a)),
    ])
    .await;
}

#[tokio::test]
async fn what_nobody_may_ask_is_refused_and_changes_nothing() {
    let unable = |why: &str| Answer::Unable(why.to_owned());
    let long = Peer { address: address(2), name: "x".repeat(600).into() };
    let mut endless = founding(1, &[1]);
    endless.members.insert(NodeId(2), long);
    check(&[
        (3, Request::Prepare(ballot(5, 2), THREE), unable("does not belong to node 3")),
        (3, Request::Accept(ballot(5, 2), founding(1, &[1]), THREE), unable("does not belong to node 3")),
        (
            3,
            Request::Prepare(ballot(5, 3), Numbers { size: 5, quorum: 3 }),
            unable("5 nodes with a quorum of 3"),
        ),
        (2, Request::Accept(ballot(5, 2), founding(1, &[]), THREE), unable("without members")),
        (2, Request::Accept(ballot(5, 2), endless.clone(), THREE), unable("endless names")),
        (2, Request::Chosen(endless), unable("endless names")),
        (2, Request::Prepare(ballot(1, 2), THREE), Answer::Promise(ballot(1, 2), None)),
    ])
    .await;
}

#[tokio::test]
async fn a_node_that_does_not_form_has_no_vote() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    let cluster = ClusterId([7; 16]);
    for standing in
        [Standing::Member { cluster }, Standing::Paused { cluster }, Standing::Waiting { cluster }]
    {
        node.stand(standing);
        let answer = node.answer(NodeId(2), Request::Prepare(ballot(1, 2), THREE)).await;
        assert!(matches!(&answer, Answer::Hello(hello) if hello.standing == standing), "{answer:?}");
        let answer = node.answer(NodeId(2), Request::Chosen(founding(1, &[2]))).await;
        assert!(matches!(answer, Answer::Hello(_)) && node.chosen().is_none());
    }
}

#[tokio::test]
async fn a_vote_that_cannot_be_kept_is_not_given() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    fs::remove_dir_all(dir.path()).unwrap();
    let answer = node.answer(NodeId(2), Request::Prepare(ballot(1, 2), THREE)).await;
    assert!(matches!(answer, Answer::Unable(_)), "{answer:?}");
    fs::create_dir(dir.path()).unwrap();
    let answer = node.answer(NodeId(2), Request::Prepare(ballot(1, 2), THREE)).await;
    assert!(matches!(answer, Answer::Promise(..)), "{answer:?}");
}

#[tokio::test]
async fn a_damaged_vote_is_an_error_that_names_the_file_and_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).answer(NodeId(2), Request::Accept(ballot(1, 2), founding(1, &[1, 2]), THREE)).await;
    let path = dir.path().join("forming");
    let good = fs::read(&path).unwrap();
    let declared = Declared::new(&address(1), &[address(2)], None, None).unwrap();
    for at in 0..good.len() {
        for bad in [[&good[..at], &[good[at] ^ 0x10], &good[at + 1..]].concat(), good[..at].to_vec()] {
            fs::write(&path, bad).unwrap();
            let opened = Forming::open(dir.path(), NodeId(1), peer(1), declared.clone(), Standing::Forming);
            let error = opened.unwrap_err().to_string();
            assert!(error.contains("/forming is damaged") && error.contains("--fresh"), "{at}: {error}");
        }
    }
}

#[test]
fn a_vote_counts_once_for_its_node_and_once_for_its_address() {
    let accepted = |node| Answer::Promise(ballot(1, 1), Some((ballot(0, node), founding(9, &[node]))));
    let plain = Answer::Promise(ballot(1, 1), None);
    let begin = || Proposal::new(ballot(1, 1), 2, founding(1, &[1, 2]));
    for (what, answers, leads) in [
        ("two nodes", [(1, 1, &plain), (2, 2, &plain)], true),
        ("one node at two addresses", [(1, 1, &plain), (2, 1, &plain)], false),
        ("two nodes at one address", [(1, 1, &plain), (1, 2, &plain)], false),
        ("another ballot", [(1, 1, &plain), (2, 2, &Answer::Promise(ballot(1, 2), None))], false),
        ("an acceptance too early", [(1, 1, &plain), (2, 2, &Answer::Accepted(ballot(1, 1)))], false),
    ] {
        let mut proposal = begin();
        let mut steps = answers
            .iter()
            .map(|(at, from, answer)| proposal.hear(&address(*at), NodeId(*from), (*answer).clone()));
        assert_eq!(steps.next(), Some(Step::Wait), "{what}");
        let expected = if leads { Step::Accept(founding(1, &[1, 2])) } else { Step::Wait };
        assert_eq!(steps.next(), Some(expected), "{what}");
    }
    for order in [[2, 3], [3, 2]] {
        let mut proposal = begin();
        let steps = order.map(|node| proposal.hear(&address(node), NodeId(node), accepted(node)));
        assert_eq!(steps[1], Step::Accept(founding(9, &[3])), "that of the highest ballot is adopted");
    }
}

#[test]
fn numbers_that_cannot_be_name_themselves_and_the_way_out() {
    for (join, size, quorum, expected) in [
        (3, None, None, Ok((4, 3))),
        (2, None, None, Ok((3, 2))),
        (1, None, None, Ok((2, 2))),
        (0, None, None, Ok((1, 1))),
        (0, Some(5), None, Ok((5, 3))),
        (2, None, Some(3), Ok((3, 3))),
        (4, Some(4), None, Ok((4, 3))),
        (2, None, Some(1), Err("a quorum of 1 is not more than half of 3 nodes")),
        (3, None, Some(2), Err("say --quorum 3 or more")),
        (2, None, Some(4), Err("say --quorum 3 or less")),
        (2, None, Some(0), Err("a quorum of 0")),
        (3, Some(2), None, Err("cluster.size = 3 or more")),
        (0, Some(0), None, Err("cluster.size")),
        (2000, None, None, Err("at most 1024")),
    ] {
        let join: Vec<Address> = (2..join + 2).map(|n| format!("n{n}:1").parse().unwrap()).collect();
        let declared = Declared::new(&address(1), &join, size, quorum);
        match (declared.and_then(|declared| declared.check(0)), expected) {
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (given, expected) => assert_eq!(given.ok(), expected.ok(), "{join:?} {size:?} {quorum:?}"),
        }
    }
}

#[test]
fn quorums_that_could_miss_each_other_do_not_meet() {
    for ((size, quorum), meet) in
        [((3, 2), true), ((4, 3), true), ((2, 2), true), ((5, 3), false), ((5, 4), true), ((4, 2), false)]
    {
        assert_eq!(THREE.meet(Numbers { size, quorum }), meet, "{size} {quorum}");
    }
}

#[test]
fn people_see_how_far_it_is() {
    for (here, held, quorum, expected) in [
        (2, 0, 3, "2 of 3 nodes, waiting for 1, 41 s left"),
        (1, 0, 2, "1 of 3 nodes, waiting for 1, 41 s left"),
        (2, 0, 2, "2 of 3 nodes, waiting for 1, 41 s left"),
        (3, 0, 2, "3 of 3 nodes, agreeing on the cluster, 41 s left"),
        (2, 1, 2, "2 of 3 nodes, 1 of them with an unfinished run, waiting for 1, 41 s left"),
    ] {
        let left = Duration::from_millis(40_300);
        let waiting = Waiting { here, held, size: 3, quorum, left, missing: vec![] };
        assert_eq!(waiting.to_string(), expected);
    }
}
