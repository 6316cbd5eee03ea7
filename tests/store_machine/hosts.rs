//! The machine, rule by rule: hosts that wait or are busy, pages that moved, limits of links.

use scoopi::internals::model::{Epoch, Failure, FailureClass, HostHint, Job, Locator, NodeId};
use scoopi::internals::store::machine::{Command, Refusal, Reply, Rules};

use super::store_sim::told::{RULES, Told, finish, page, release};

/// Pages of hosts `a` and `b` in turn.
fn of_two_hosts(count: u32) -> Vec<Locator> {
    (0..count)
        .map(|number| {
            page(&format!("n{number}"), &format!("http://{}/{number}", ["a", "b"][number as usize % 2]))
        })
        .collect()
}

#[test]
fn a_host_that_waits_is_not_taken_from_and_others_are() {
    let mut told = Told::running(RULES, 1..=2, &of_two_hosts(6));
    let first = told.take(1, 1, 1000).remove(0);
    told.accept(release(&first, 1100, HostHint::Waits(500)));
    let urls = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.locator.url).collect::<Vec<_>>();
    assert_eq!(urls(told.take(1, 9, 1200)), ["http://b/1", "http://b/3", "http://b/5"]);
    assert_eq!(
        (told.takeable(2), told.machine.next_at(), told.machine.waits_for()),
        (false, Some(1600), None)
    );
    assert_eq!(told.restored().next_at(), Some(1600));
    assert_eq!(told.take(2, 9, 1599), []);
    assert_eq!(urls(told.take(2, 9, 1600)), ["http://a/0", "http://a/2", "http://a/4"]);
    assert_eq!(told.machine.next_at(), None);
}

#[test]
fn a_failure_may_hold_its_host_and_the_longest_wait_counts() {
    let mut told = Told::running(RULES, 1..=1, &of_two_hosts(3));
    let jobs = told.take(1, 3, 0);
    let fail = |job: &Job, wait| {
        let failure = Failure { class: FailureClass::Recoverable, step: "load".into(), reason: "429".into() };
        Command::Fail {
            job: job.key,
            epoch: job.epoch,
            failure,
            now: 10,
            wait: 1,
            host: HostHint::Waits(wait),
        }
    };
    told.apply(fail(&jobs[0], 100));
    told.apply(fail(&jobs[2], 50));
    assert_eq!(told.take(1, 9, 109), [], "its own back-off was over at 11");
    told.accept(finish(&jobs[1], &[]));
    assert_eq!((told.machine.next_at(), told.machine.waits_for()), (Some(110), Some("http://a/0")));
    assert_eq!(told.take(1, 9, 110).len(), 2);
}

#[test]
fn a_host_earns_leases_by_pages_and_loses_half_when_it_is_busy() {
    let rules = Rules { host_leases: 4, host_first: 1, ..RULES };
    let pages: Vec<_> =
        (0..20).map(|number| page(&format!("n{number}"), &format!("http://a/{number}"))).collect();
    let mut told = Told::running(rules, 1..=1, &pages);
    for expected in [1, 2, 3, 4, 4] {
        let jobs = told.take(1, 9, 0);
        assert_eq!(told.restored().takeable(NodeId(1)), told.takeable(1));
        assert_eq!(jobs.len(), expected);
        told.accept(finish(&jobs[0], &[]));
        jobs[1..].iter().for_each(|job| told.accept(release(job, 0, HostHint::Nothing)));
    }
    let jobs = told.take(1, 9, 0);
    told.accept(release(&jobs[3], 0, HostHint::Busy));
    jobs[..3].iter().for_each(|job| told.accept(release(job, 0, HostHint::Nothing)));
    assert_eq!(told.take(1, 9, 0).len(), 2);
}

#[test]
fn a_page_that_moved_becomes_the_job_that_it_moved_to_once() {
    let mut told = Told::running(RULES, 1..=1, &[page("n", "http://a/old"), page("n", "http://a/older")]);
    let jobs = told.take(1, 9, 0);
    let move_to = |job: &Job, to: &str| Command::Move { job: job.key, epoch: job.epoch, to: to.to_owned() };
    told.accept(move_to(&jobs[0], "http://b/new"));
    assert_eq!(told.apply(move_to(&jobs[0], "http://b/new")), Reply::Repeated);
    told.accept(move_to(&jobs[1], "http://b/new"));
    let new = told.take(1, 9, 0);
    let shown = (new[0].locator.url.as_str(), new[0].page, new[0].via.as_slice());
    assert_eq!((new.len(), shown), (1, ("http://b/new", 1, &["http://a/old".to_owned()][..])));
    let earlier = Job { epoch: Epoch(0), ..jobs[1].clone() };
    told.refuse(move_to(&earlier, "http://c/"), Refusal::Stale);
    told.accept(finish(&new[0], &["http://a/old", "http://b/new", "http://a/3"]));
    let counts = told.machine.counts();
    assert_eq!((counts.done, counts.moved, counts.jobs()), (3, 2, 4));
    assert_eq!((counts.known_links, counts.moved_to_known), (2, 1));
    assert_eq!(told.take(1, 9, 0)[0].page, 3, "numbers go on");
}

#[test]
fn a_page_that_another_one_moved_to_has_its_turn_and_its_share_of_bytes() {
    let pages = ["/1", "/2", "/3"].map(|url| page("n", url));
    let rules = Rules { max_url_bytes: 30, ..RULES };
    let mut told = Told::running(rules, 1..=1, &pages);
    let move_to = |job: &Job, to: &str| Command::Move { job: job.key, epoch: job.epoch, to: to.to_owned() };
    let first = told.take(1, 1, 0).remove(0);
    told.accept(move_to(&first, "/gate"));
    let gate = told.take(1, 1, 0).remove(0);
    assert_eq!(gate.locator.url, "/gate", "before those that came behind the first one");
    told.accept(move_to(&gate, &"/x".repeat(20)));
    let counts = told.machine.counts();
    assert_eq!((counts.moved, counts.too_many_url_bytes, counts.open()), (2, 1, 2));
    assert_eq!(told.take_url(1, 0).unwrap(), "/2");
}

#[test]
fn links_that_are_too_many_too_long_or_too_deep_are_counted() {
    let check = |rules: Rules, expected: [u64; 3]| {
        let mut told = Told::running(rules, 1..=1, &[page("n", "/0")]);
        while let Some(job) = told.take(1, 1, 0).pop() {
            let next = |number: u32| format!("{}{number}", job.locator.url);
            told.accept(finish(&job, &[&next(1), &next(2)]));
        }
        let counts = told.machine.counts();
        assert_eq!([counts.done, counts.too_deep_links, counts.too_many_url_bytes], expected);
        assert_eq!(
            counts.links_left_out(),
            counts.too_deep_links + counts.too_many_url_bytes + counts.dropped_links
        );
    };
    check(Rules { max_depth: 0, ..RULES }, [1, 2, 0]);
    check(Rules { max_depth: 2, ..RULES }, [7, 8, 0]);
    check(Rules { max_depth: 4, max_url_bytes: 6, ..RULES }, [6, 2, 5]);
}
