//! Hosts that are one node's at a time, and hosts that nodes share, rule by rule.

use scoopi::internals::model::{FailureClass, HostHint, Incarnation, Job, Locator, NodeId};
use scoopi::internals::store::machine::{Command, Pacing, Reply, Rules};

use super::told::{RULES, Told, fail, finish, page, release};

const ONE_NODE: Rules = Rules { host_leases: 2, pacing: Pacing::OneNode, ..RULES };

/// `count` pages of host `a`, from `http://a/0` on.
fn of_a(count: u32) -> Vec<Locator> {
    (0..count).map(|number| page(&format!("n{number}"), &format!("http://a/{number}"))).collect()
}

/// What a life of a node is given: URL, and how often its host moved.
fn given(told: &mut Told, node: u64, life: u64, max: u32) -> Vec<(String, u32)> {
    take(told, node, life, max).into_iter().map(|job| (job.locator.url, job.host_moves)).collect()
}

fn take(told: &mut Told, node: u64, life: u64, max: u32) -> Vec<Job> {
    let request = told.requests.entry(node).or_default();
    *request += 1;
    let (request, node, incarnation) = (*request, NodeId(node), Incarnation(life));
    match told.apply(Command::Take { node, incarnation, request, max, now: 0 }) {
        Reply::Taken { jobs } => jobs,
        reply => panic!("{reply:?}"),
    }
}

fn page_of_a(number: u32, moves: u32) -> (String, u32) {
    (format!("http://a/{number}"), moves)
}

#[test]
fn a_host_is_one_nodes_while_it_has_leases() {
    let mut pages = of_a(4);
    pages.extend([page("b", "http://b/"), page("f", "/f")]);
    let mut told = Told::running(ONE_NODE, 1..=3, &pages);
    let first = told.take(1, 1, 0).remove(0);
    assert_eq!(first.locator.url, "http://a/0");
    let others = ["http://b/", "/f"].map(|url| (url.to_owned(), 0));
    assert_eq!(given(&mut told, 2, 1, 9), others, "nothing of a host that is another node's");
    assert_eq!((told.takeable(1), told.takeable(2), told.takeable_alone(3)), (true, false, false));
    let second = told.take(1, 9, 0).remove(0);
    assert_eq!((second.locator.url.as_str(), told.takeable(1)), ("http://a/1", false), "no more room");
    told.accept(finish(&first, &[]));
    assert_eq!((told.takeable(1), told.takeable(3)), (true, false), "room for the one that has it");
    told.accept(finish(&second, &[]));
    assert!(told.takeable(1) && told.takeable(2) && told.takeable(3));
    assert_eq!(given(&mut told, 3, 1, 9), [page_of_a(2, 1), page_of_a(3, 1)]);
    assert!(!told.takeable_alone(1));
}

#[test]
fn any_node_may_have_files_and_the_older_job_comes_first_wherever_it_stands() {
    let mut pages = of_a(1);
    pages.extend([page("f", "/0"), page("g", "http://a/1"), page("h", "/1")]);
    let mut told = Told::running(ONE_NODE, 1..=2, &pages);
    for expected in ["http://a/0", "/0", "http://a/1", "/1"] {
        assert_eq!(told.take_url(1, 0).unwrap(), expected);
    }
    let mut told = Told::running(ONE_NODE, 1..=2, &pages);
    for (node, expected) in [(1, "http://a/0"), (2, "/0"), (1, "http://a/1"), (1, "/1")] {
        assert_eq!(told.take_url(node, 0).unwrap(), expected);
    }
}

#[test]
fn the_next_lease_says_whether_the_host_was_anothers_however_that_one_ended() {
    type End = fn(&mut Told, &Job);
    let ends: [(&str, End); 6] = [
        ("finished", |told, job| told.accept(finish(job, &[]))),
        ("failed", |told, job| drop(told.apply(fail(job, FailureClass::Final, 0)))),
        ("tried again", |told, job| drop(told.apply(fail(job, FailureClass::Recoverable, 0)))),
        ("released", |told, job| told.accept(release(job, 0, HostHint::Nothing))),
        ("left", |told, _| told.leave(1)),
        ("expired", |told, _| told.expire(1, 1)),
    ];
    for (name, end) in ends {
        let mut told = Told::running(ONE_NODE, 1..=2, &of_a(9));
        let job = told.take(1, 1, 0).remove(0);
        end(&mut told, &job);
        let mut same = told.clone();
        let moves: Vec<_> = told.take(2, 9, 0).iter().map(|job| job.host_moves).collect();
        assert_eq!(moves, [1, 1], "{name}");
        let (life, moves) = if matches!(name, "left" | "expired") { (2, 1) } else { (1, 0) };
        if life == 2 {
            same.join(1, 2);
        }
        assert_eq!(take(&mut same, 1, life, 9)[0].host_moves, moves, "{name}: the same node goes on");
    }
}

#[test]
fn a_later_life_of_a_node_is_another_one() {
    let mut told = Told::running(ONE_NODE, 1..=1, &of_a(9));
    for life in 1..5 {
        told.join(1, life);
        assert_eq!(take(&mut told, 1, life, 1)[0].host_moves, life as u32 - 1);
    }
}

#[test]
fn every_lease_says_how_often_its_host_moved_also_later_ones_and_when_asked_again() {
    let mut told = Told::running(ONE_NODE, 1..=3, &of_a(20));
    for (node, moves) in [(1, 0), (2, 1), (1, 2), (1, 2), (3, 3)] {
        let first = take(&mut told, node, 1, 1).remove(0);
        let second = take(&mut told, node, 1, 1).remove(0);
        assert_eq!((first.host_moves, second.host_moves), (moves, moves));
        let (request, node, incarnation) = (told.requests[&node], NodeId(node), Incarnation(1));
        let again = told.apply(Command::Take { node, incarnation, request, max: 1, now: 0 });
        assert_eq!(again, Reply::Taken { jobs: vec![second.clone()] });
        [first, second].iter().for_each(|job| told.accept(finish(job, &[])));
    }
}

#[test]
fn where_any_node_may_ask_no_host_moves() {
    let mut told = Told::running(Rules { pacing: Pacing::AnyNode, ..ONE_NODE }, 1..=3, &of_a(3));
    assert_eq!(given(&mut told, 1, 1, 1), [page_of_a(0, 0)]);
    assert_eq!(given(&mut told, 2, 1, 9), [page_of_a(1, 0)]);
    assert_eq!(given(&mut told, 3, 1, 9), [], "two leases are the limit, whoever has them");
    told.expire(1, 1);
    assert_eq!(given(&mut told, 3, 1, 9), [page_of_a(2, 0)]);
}

/// What a node is given of a host that nodes share: page, and the places that the node has there.
fn shared(told: &mut Told, node: u64, max: u32) -> Vec<(String, u64, u32)> {
    let jobs = told.take(node, max, 0).into_iter();
    let places = |job: &Job| job.host_places.map_or((0, 0), |places| (places.request, places.count));
    jobs.map(|job| (job.locator.url.clone(), places(&job).0, places(&job).1)).collect()
}

fn with_places(pages: std::ops::Range<u32>, request: u64, count: u32) -> Vec<(String, u64, u32)> {
    pages.map(|number| (format!("http://a/{number}"), request, count)).collect()
}

const SHARED: Rules = Rules { host_leases: 4, pacing: Pacing::Shared, ..RULES };

#[test]
fn nodes_that_share_a_host_have_equal_shares_of_its_places_and_as_many_jobs_ahead() {
    let mut told = Told::running(SHARED, 1..=2, &of_a(20));
    assert_eq!(
        shared(&mut told, 1, 9),
        with_places(0..2, 1, 2),
        "its share, and none ahead while places are free"
    );
    assert!(!told.takeable(1) && told.takeable(2));
    assert_eq!(shared(&mut told, 2, 1), with_places(2..3, 1, 1));
    assert!(!told.takeable(1), "one place is free, and it is the other's");
    assert_eq!(shared(&mut told, 2, 9), with_places(3..6, 2, 2), "its second place, and ahead now");
    assert_eq!((told.takeable(1), told.takeable(2)), (true, false));
    assert_eq!(shared(&mut told, 1, 1), with_places(6..7, 2, 2));
    assert_eq!(shared(&mut told, 1, 9), with_places(7..8, 3, 2));
}

#[test]
fn a_place_goes_to_a_job_ahead_or_is_free() {
    let mut told = Told::running(SHARED, 1..=2, &of_a(20));
    let (first, _) = (told.take(1, 9, 0), told.take(2, 9, 0));
    let ahead = told.take(1, 9, 0);
    assert_eq!((first.len(), ahead.len()), (2, 2));
    told.accept(finish(&first[0], &[]));
    told.accept(finish(&ahead[1], &[]));
    told.join(3, 1);
    assert!(!told.takeable(3), "two jobs are left, and both places");
    told.accept(release(&first[1], 0, HostHint::Nothing));
    assert!(told.takeable(3), "one job is left, and one place");
    let expected = [with_places(1..2, 1, 1), with_places(8..9, 1, 1)].concat();
    assert_eq!(shared(&mut told, 3, 9), expected, "a place, and one ahead");
    assert!(!told.takeable(3));
}

#[test]
fn who_has_more_than_a_share_gets_nothing_ahead() {
    let mut told = Told::running(SHARED, 1..=1, &of_a(20));
    let first = told.take(1, 20, 0);
    assert_eq!((first.len(), told.takeable(1)), (8, false), "four, and four ahead");
    told.join(2, 1);
    for job in &first[..4] {
        assert!(!told.takeable(2));
        told.accept(finish(job, &[]));
        assert!(!told.takeable(1), "its share is two");
    }
    told.accept(finish(&first[4], &[]));
    assert!(
        told.takeable(2) && !told.takeable(1),
        "three jobs, three places: one is free, and not for the first"
    );
    assert_eq!(shared(&mut told, 2, 9), with_places(8..10, 1, 1), "a place and one ahead");
    told.leave(1);
    assert!(told.takeable(2), "all alone");
}

#[test]
fn a_job_ahead_gets_a_place_when_there_are_free_ones() {
    let mut told = Told::running(Rules { host_leases: 2, ..SHARED }, 1..=2, &of_a(4));
    let (first, second) = (told.take(1, 9, 0), told.take(2, 9, 0));
    let ahead = told.take(1, 9, 0);
    let urls = |jobs: &[Job]| jobs.iter().map(|job| job.locator.url.clone()).collect::<Vec<_>>();
    assert_eq!((urls(&first), urls(&ahead)), (vec!["http://a/0".to_owned()], vec!["http://a/3".to_owned()]));
    assert_eq!(urls(&second), ["http://a/1", "http://a/2"]);
    told.join(3, 1);
    told.leave(2);
    let again = told.take(3, 1, 0);
    assert_eq!(urls(&again), ["http://a/1"]);
    assert!(!told.takeable(1), "both places are taken");
    told.leave(3);
    assert!(told.takeable(1) && told.restored().takeable(NodeId(1)));
    let places = told.take(1, 0, 0);
    let [place] = &places[..] else { panic!("{places:?}") };
    let mine: Vec<_> = first.iter().chain(&ahead).map(|job| (job.key, job.epoch)).collect();
    assert!(mine.contains(&(place.key, place.epoch)), "one that it has, in the same epoch");
    assert_eq!(place.host_places.map(|places| places.count), Some(2));
}

#[test]
fn a_restored_machine_knows_who_has_which_places() {
    let mut told = Told::running(SHARED, 1..=2, &of_a(20));
    let (jobs, _) = (told.take(1, 9, 0), told.take(2, 9, 0));
    told.accept(finish(&jobs[0], &[]));
    let mut restored = Told { machine: told.restored(), ..told.clone() };
    for told in [&mut told, &mut restored] {
        assert_eq!(shared(told, 1, 1), with_places(6..7, 2, 2), "its second place again");
        assert_eq!(shared(told, 1, 9), with_places(7..9, 3, 2), "ahead");
    }
}

#[test]
fn ports_of_a_host_are_one_host() {
    let pages = [page("m", "http://a:8080/"), page("n", "https://u:p@a/"), page("o", "http://b:8080/")];
    let mut told = Told::running(ONE_NODE, 1..=2, &pages);
    assert_eq!(told.take_url(1, 0).unwrap(), "http://a:8080/");
    assert_eq!(told.take_url(2, 0).unwrap(), "http://b:8080/");
    assert_eq!(told.take_url(2, 0), None);
}

#[test]
fn a_suspect_is_taken_from_a_host_that_nobody_has() {
    let mut told = Told::running(ONE_NODE, 1..=3, &of_a(3));
    told.take(1, 1, 0);
    told.expire(1, 1);
    let healthy = told.take(2, 2, 0);
    assert_eq!((healthy[0].host_moves, healthy.len()), (1, 2));
    told.accept(finish(&healthy[0], &[]));
    assert!(!told.takeable_alone(3), "there is room, but not for this node");
    assert_eq!(told.take(3, 9, 0), []);
    told.accept(finish(&healthy[1], &[]));
    assert!(!told.takeable(3) && told.takeable_alone(3));
    let suspect = told.take(3, 9, 0).remove(0);
    assert_eq!((suspect.alone, suspect.host_moves), (true, 2));
    assert!(!told.takeable(3));
}

#[test]
fn a_restored_machine_knows_whose_the_hosts_are() {
    let mut pages = of_a(4);
    pages.extend([page("b", "http://b/0"), page("f", "/f")]);
    let mut told = Told::running(ONE_NODE, 1..=2, &pages);
    let jobs = told.take(1, 9, 0);
    let b = jobs.iter().find(|job| job.locator.url == "http://b/0").unwrap();
    told.accept(finish(b, &[]));
    told.accept(finish(&jobs[0], &[]));
    let mut restored = Told { machine: told.restored(), ..told.clone() };
    for told in [&mut told, &mut restored] {
        assert!(told.takeable(1) && !told.takeable_alone(2), "`a` has a lease of 1");
        told.accept(finish(&jobs[1], &["http://b/1"]));
        // No job of `b` was open when it was saved, and yet it is known who had it.
        let expected = [page_of_a(2, 1), page_of_a(3, 1), ("http://b/1".to_owned(), 1)];
        assert_eq!(given(told, 2, 1, 9), expected);
    }
}
