//! The machine: under a hostile schedule against an oracle, and rule by rule.
//!
//! A failure of a schedule prints `SEED=n`; with that in the environment the same one runs again, alone.
//! `SEEDS=n` tries so many of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

#[path = "store_machine/hosts.rs"]
mod hosts;
mod store_sim;

use std::collections::BTreeMap;

use scoopi::internals::model::{
    Epoch, FailureClass, Fingerprint, HostHint, Incarnation, Link, Locator, NodeId,
};
use scoopi::internals::store::machine::{
    Barricade, Claim, Command, Machine, Phase, Refusal, Reply, Rules, Run, seed_digest,
};
use store_sim::told::{RULES, Told, done, fail, files, finish, life, page, release, rows, run, saved};
use store_sim::{World, seeds};

/// Names the seed of a world that came to harm.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("SEED={}", self.0);
        }
    }
}

#[test]
fn every_answer_is_what_clients_were_promised() {
    let mut outcomes = BTreeMap::new();
    for seed in seeds(250) {
        let named = Named(seed);
        let mut world = World::new(seed);
        world.live(1500);
        world.heal();
        for (outcome, count) in world.outcomes {
            *outcomes.entry(outcome).or_insert(0) += count;
        }
        drop(named);
    }
    println!("{outcomes:#?}");
    let all = "Finish: Accepted|Finish: Repeated|Finish: Stale|Fail: again true|Fail: again false|Fail: Stale|\
        Take: jobs|Take: of a moved host|Take: of a shared host|Take: a suspect|Take: nothing|Take: Stale|Take: Phase|Take: NotAMember|Release: Accepted|Move: Accepted|\
        Release: Stale|Join: NotAMember|Leave: Accepted|Expire: Accepted|Claim: Wait|Claim: Phase|\
        Publish: Repeated|SeedChunk: Repeated|SeedChunk: NotTheHolder|Begin: Repeated|Begin: AlreadyBegun|\
        SeedDone: Repeated|Cancel: Accepted|Cancel: Phase|Resume: Accepted";
    for outcome in all.split('|').filter(|_| std::env::var_os("SEED").is_none()) {
        let count = outcomes.get(outcome).copied().unwrap_or(0);
        assert!(count >= 20, "`{outcome}` happened {count} times: the schedules do not reach it");
    }
}

#[test]
fn a_job_is_ended_only_by_the_lease_that_holds_it() {
    let mut told = Told::running(RULES, 1..=2, &files(1));
    let first = told.take(1, 1, 0).remove(0);
    told.expire(1, 1);
    told.refuse(finish(&first, &[]), Refusal::Stale);
    let second = told.take(2, 1, 0).remove(0);
    assert_eq!((first.epoch, second.epoch, second.alone), (Epoch(1), Epoch(2), true));
    told.refuse(finish(&first, &["/late"]), Refusal::Stale);
    told.refuse(fail(&first, FailureClass::Final, 0), Refusal::Stale);
    told.refuse(release(&first, 0, HostHint::Nothing), Refusal::Stale);
    told.accept(finish(&second, &[]));
    assert_eq!(told.apply(finish(&second, &["/again"])), Reply::Repeated);
    told.refuse(finish(&first, &[]), Refusal::Stale);
    assert_eq!((told.machine.counts().jobs(), told.machine.counts().rows), (1, 2));
}

#[test]
fn a_job_that_was_lost_is_never_said_to_be_finished() {
    let mut told = Told::running(Rules { max_crashes: 0, ..RULES }, 1..=1, &files(2));
    let jobs = told.take(1, 2, 0);
    assert_eq!(told.apply(fail(&jobs[0], FailureClass::Final, 0)), Reply::Failed { again: false });
    told.expire(1, 1);
    assert_eq!(told.lost.iter().map(|lost| lost.quarantined).collect::<Vec<_>>(), [false, true]);
    for job in &jobs {
        told.refuse(finish(job, &["/more"]), Refusal::Stale);
        assert_eq!(told.apply(fail(job, FailureClass::Final, 0)), Reply::Failed { again: false });
    }
    assert_eq!((told.lost.len(), told.machine.counts().jobs()), (2, 2), "a loss is told once");
}

#[test]
fn a_failure_that_is_told_twice_counts_once() {
    let mut told = Told::running(RULES, 1..=1, &files(1));
    let job = told.take(1, 1, 0).remove(0);
    for _ in 0..5 {
        assert_eq!(told.apply(fail(&job, FailureClass::Recoverable, 9)), Reply::Failed { again: true });
    }
    assert_eq!((told.machine.counts().retries, told.take(1, 1, 9)[0].failures), (1, 1));
}

#[test]
fn a_request_for_jobs_can_be_repeated_and_an_old_one_gives_nothing() {
    let mut told = Told::running(RULES, 1..=1, &files(5));
    let (node, incarnation) = life(1);
    let request = |request| Command::Take { node, incarnation, request, max: 2, now: 0 };
    let first = told.apply(request(1));
    assert_eq!(told.apply(request(1)), first);
    let Reply::Taken { jobs } = first else { panic!("{first:?}") };
    told.accept(finish(&jobs[0], &[]));
    assert_eq!(told.apply(request(1)), Reply::Taken { jobs: vec![jobs[1].clone()] });
    told.apply(request(2));
    told.refuse(request(1), Refusal::Stale);
    assert_eq!((told.machine.counts().leased, told.machine.counts().ready), (3, 1));
    told.accept(Command::Cancel);
    assert!(matches!(told.apply(request(2)), Reply::Taken { jobs } if jobs.len() == 2));
    told.refuse(request(3), Refusal::Phase(Phase::Draining));
}

#[test]
fn a_request_that_was_refused_gives_no_job_when_a_copy_of_it_comes_late() {
    let mut told = Told::running(RULES, 1..=1, &files(1));
    let (node, incarnation) = life(1);
    let take = |request| Command::Take { node, incarnation, request, max: 1, now: 0 };
    told.accept(Command::Cancel);
    told.refuse(take(1), Refusal::Phase(Phase::Draining));
    told.accept(Command::Resume);
    assert_eq!(told.apply(take(1)), Reply::Taken { jobs: vec![] });
    assert!(matches!(told.apply(take(2)), Reply::Taken { jobs } if jobs.len() == 1));
}

#[test]
fn a_back_off_is_waited_for_and_one_of_no_time_is_not() {
    let mut told = Told::running(RULES, 1..=1, &files(1));
    let job = told.take(1, 1, 100).remove(0);
    told.apply(fail(&job, FailureClass::Recoverable, 50));
    assert_eq!((told.takeable(1), told.machine.next_at()), (false, Some(150)));
    assert_eq!(told.take(1, 1, 149), []);
    let job = told.take(1, 1, 150).remove(0);
    told.apply(fail(&job, FailureClass::Recoverable, 0));
    assert_eq!((told.takeable(1), told.machine.next_at()), (true, None));
    let job = told.take(1, 1, 0).remove(0);
    assert_eq!(told.apply(fail(&job, FailureClass::Recoverable, 0)), Reply::Failed { again: false });
    assert_eq!((told.lost[0].tries, told.lost[0].quarantined), (3, true));
}

#[test]
fn a_host_at_its_limit_does_not_hold_up_the_others() {
    let mut pages = vec![];
    for number in 0..4 {
        pages.push(page(&format!("a{number}"), &format!("http://a/{number}")));
    }
    pages.push(page("b", "https://b/"));
    pages.push(page("f", "/f"));
    let mut told = Told::running(Rules { host_leases: 2, ..RULES }, 1..=2, &pages);
    let first = told.take(1, 10, 0);
    let urls: Vec<_> = first.iter().map(|job| job.locator.url.as_str()).collect();
    assert_eq!(urls, ["http://a/0", "http://a/1", "https://b/", "/f"], "oldest first");
    assert!(!told.takeable_alone(2));
    assert_eq!(told.take(2, 1, 0), []);
    told.accept(finish(&first[0], &[]));
    assert_eq!(told.take_url(2, 0).unwrap(), "http://a/2");
}

#[test]
fn a_suspect_waits_for_room_of_its_host_too() {
    let pages = [page("a", "http://a/0"), page("b", "http://a/1")];
    let mut told = Told::running(Rules { host_leases: 1, ..RULES }, 1..=3, &pages);
    told.take(1, 1, 0);
    told.expire(1, 1);
    let other = told.take(2, 1, 0).remove(0);
    assert!(!told.takeable_alone(3), "its host is at its limit");
    assert_eq!(told.take(3, 1, 0), []);
    told.accept(finish(&other, &[]));
    assert!(told.takeable_alone(3) && !told.takeable(3));
    assert!(told.take(3, 1, 0)[0].alone);
}

#[test]
fn suspects_are_leased_alone_and_those_with_fewest_crashes_first() {
    let mut told = Told::running(RULES, 1..=4, &files(4));
    assert_eq!(told.take(1, 2, 0).len(), 2);
    told.expire(1, 1);
    let beside = told.take(2, 1, 0).remove(0);
    assert_eq!((beside.locator.url.as_str(), beside.alone), ("/2", false));
    assert_eq!(told.take(2, 9, 0).len(), 1, "the last healthy one, and no suspect beside it");
    let suspect = told.take(3, 9, 0);
    assert_eq!((suspect.len(), suspect[0].alone, suspect[0].locator.url.as_str()), (1, true, "/0"));
    assert_eq!(told.take(3, 9, 0), [], "nothing beside a suspect");
    told.expire(3, 1);
    assert_eq!(told.take_url(4, 0).unwrap(), "/1", "one crash before two");
}

#[test]
fn a_suspect_that_fails_is_tried_alone_again() {
    let mut told = Told::running(RULES, 1..=3, &files(2));
    told.take(1, 1, 0);
    told.expire(1, 1);
    let beside = told.take(3, 1, 0);
    let suspect = told.take(2, 1, 0).remove(0);
    told.apply(fail(&suspect, FailureClass::Recoverable, 50));
    assert_eq!(told.take(3, 1, 50), [], "{beside:?} is in work there");
    assert_eq!(told.restored().takeable_alone(NodeId(2)), told.takeable_alone(2));
    let suspect = told.take(2, 1, 50).remove(0);
    assert!(suspect.alone);
    told.accept(release(&suspect, 0, HostHint::Nothing));
    assert!(told.take(2, 1, 50)[0].alone);
}

#[test]
fn one_poisonous_page_costs_no_healthy_one() {
    let mut told = Told::running(RULES, 1..=1, &files(6));
    let mut crashes = 0;
    for incarnation in 1..100 {
        let take = |request| Command::Take {
            node: NodeId(1),
            incarnation: Incarnation(incarnation),
            request,
            max: 4,
            now: 0,
        };
        let mut request = 0;
        loop {
            request += 1;
            let Reply::Taken { jobs } = told.apply(take(request)) else { panic!("no answer") };
            if jobs.iter().any(|job| job.locator.url == "/2") {
                crashes += 1;
                break;
            }
            if jobs.is_empty() {
                assert_eq!((crashes, told.lost.len(), told.machine.counts().done), (3, 1, 5));
                assert_eq!((told.lost[0].locator.url.as_str(), told.lost[0].tries), ("/2", 3));
                return;
            }
            jobs.iter().for_each(|job| told.accept(finish(job, &[])));
        }
        told.join(1, incarnation + 1);
    }
    panic!("no end");
}

#[test]
fn leaving_gives_back_and_a_new_life_is_a_crash_of_the_old_one() {
    let mut told = Told::running(RULES, 1..=3, &files(2));
    told.take(1, 1, 0);
    told.leave(1);
    let job = told.take(2, 1, 0).remove(0);
    assert_eq!((job.locator.url.as_str(), job.alone), ("/0", false));
    let (node, incarnation) = life(2);
    told.accept(Command::Join { node, incarnation });
    assert_eq!(told.machine.counts().leased, 1, "the same life again changes nothing");
    told.join(2, 2);
    assert_eq!(told.machine.counts().leased, 0);
    told.refuse(Command::Join { node, incarnation }, Refusal::NotAMember);
    let dead = [
        Command::Leave { node, incarnation },
        Command::Expire { node, incarnation },
        Command::Done { node, incarnation },
        Command::Claim { barricade: Barricade::Seed, node, incarnation },
        Command::Take { node, incarnation, request: 9, max: 9, now: 0 },
    ];
    dead.into_iter().for_each(|command| told.refuse(command, Refusal::NotAMember));
    assert_eq!(told.take_url(3, 0).unwrap(), "/1");
    told.expire(3, 1);
    told.refuse(Command::Join { node: NodeId(3), incarnation }, Refusal::NotAMember);
    assert_eq!(told.machine.last_incarnation(NodeId(2)), Some(Incarnation(2)));
}

#[test]
fn a_node_that_leaves_before_the_end_is_known_and_one_that_expires_is_not() {
    let mut told = Told::running(RULES, 1..=3, &files(1));
    let has_left = |told: &Told| [1, 2, 3].map(|node| told.machine.has_left(NodeId(node)));
    told.leave(1);
    told.expire(2, 1);
    assert_eq!(has_left(&told), [true, false, false]);
    let late = |node, life| Command::Leave { node: NodeId(node), incarnation: Incarnation(life) };
    told.refuse(late(2, 1), Refusal::NotAMember);
    assert_eq!(has_left(&told), [true, true, false], "it was taken for dead before it said so");
    told.join(2, 2);
    told.refuse(late(2, 1), Refusal::NotAMember);
    assert_eq!(has_left(&told), [true, false, false], "an earlier life said so");
    told.expire(2, 2);
    told.join(1, 2);
    assert_eq!(has_left(&told), [false; 3], "it takes part again");
    told.accept(late(1, 2));
    let job = told.take(3, 1, 0).remove(0);
    told.accept(finish(&job, &[]));
    assert_eq!(told.vote(3), Phase::Shutdown);
    told.leave(3);
    assert_eq!(has_left(&told), [true, false, false], "after the end everybody leaves");
}

#[test]
fn the_run_ends_when_all_is_over_and_every_live_node_has_said_so() {
    let mut told = Told::running(RULES, 1..=3, &files(1));
    let job = told.take(1, 1, 0).remove(0);
    (1..=3).for_each(|node| assert_eq!(told.vote(node), Phase::Running));
    told.accept(finish(&job, &["/link"]));
    let job = told.take(1, 1, 0).remove(0);
    told.accept(finish(&job, &[]));
    assert_eq!(told.machine.phase(), Phase::Running, "votes cast while a job was open do not count");
    assert_eq!(told.vote(1), Phase::Running);
    assert_eq!(told.vote(2), Phase::Running);
    told.join(4, 1);
    told.expire(3, 1);
    assert_eq!(told.machine.phase(), Phase::Running, "one that came late has a vote");
    let mut by_vote = told.clone();
    assert_eq!(by_vote.vote(4), Phase::Shutdown);
    told.expire(4, 1);
    assert_eq!(told.machine.phase(), Phase::Shutdown, "one that died has none");
    told.leave(1);
    assert_eq!(told.machine.phase(), Phase::Shutdown);
    told.leave(2);
    assert_eq!(told.machine.phase(), Phase::Terminated);
}

#[test]
fn a_run_without_a_job_ends_too() {
    let mut told = Told::running(RULES, 1..=1, &[]);
    assert_eq!(told.vote(1), Phase::Shutdown);
}

#[test]
fn cancel_and_resume_in_every_phase() {
    use Phase::{Composing, Draining, Forming, Running, Seeding, Shutdown, Terminated};
    let mut over = Told::running(RULES, 1..=1, &[]);
    over.vote(1);
    let mut terminated = over.clone();
    terminated.leave(1);
    let mut draining = Told::running(RULES, 1..=1, &files(1));
    draining.accept(Command::Cancel);
    let mut draining_seeds = Told::seeding(RULES, 1..=1);
    draining_seeds.accept(Command::Cancel);
    // After Cancel, and after Resume behind it.
    let table = [
        (Told::default(), Forming, Forming, Forming),
        (Told::composing(RULES, 1..=1), Composing, Composing, Composing),
        (Told::seeding(RULES, 1..=1), Seeding, Draining, Seeding),
        (Told::running(RULES, 1..=1, &files(1)), Running, Draining, Running),
        (draining, Draining, Draining, Running),
        (draining_seeds, Draining, Draining, Seeding),
        (over, Shutdown, Shutdown, Shutdown),
        (terminated, Terminated, Terminated, Terminated),
    ];
    for (mut told, phase, cancelled, resumed) in table {
        assert_eq!(told.machine.phase(), phase);
        let reply = told.apply(Command::Cancel);
        let expected =
            if cancelled == Draining { Reply::Accepted } else { Reply::Refused(Refusal::Phase(phase)) };
        assert_eq!((told.machine.phase(), reply), (cancelled, expected));
        assert!(!told.takeable(1) && !told.takeable_alone(1) && told.machine.next_at().is_none());
        told.accept(Command::Resume);
        assert_eq!(told.machine.phase(), resumed);
    }
}

#[test]
fn what_is_in_work_comes_to_its_end_after_a_cancel() {
    let mut told = Told::running(RULES, 1..=1, &files(4));
    let jobs = told.take(1, 4, 0);
    told.accept(Command::Cancel);
    told.accept(finish(&jobs[0], &["/new"]));
    told.apply(fail(&jobs[1], FailureClass::Recoverable, 0));
    told.accept(release(&jobs[2], 0, HostHint::Nothing));
    assert_eq!(told.vote(1), Phase::Draining);
    told.leave(1);
    assert_eq!(told.machine.phase(), Phase::Draining);
    told.join(1, 2);
    told.accept(Command::Resume);
    let counts = told.machine.counts();
    assert_eq!((told.machine.phase(), counts.ready, counts.done), (Phase::Running, 4, 1));
}

#[test]
fn seeds_come_over_whole_or_not_at_all() {
    let locators = files(5);
    let mut told = Told::seeding(RULES, 1..=2);
    let epoch = told.claim(Barricade::Seed, 1);
    let chunk = |epoch, number, locators: &[Locator]| Command::SeedChunk {
        epoch,
        number,
        locators: locators.to_vec(),
    };
    told.accept(chunk(epoch, 0, &locators[..2]));
    assert_eq!(told.apply(chunk(epoch, 0, &locators[..2])), Reply::Repeated);
    told.refuse(chunk(epoch, 2, &locators[3..]), Refusal::SeedMismatch);
    told.refuse(done(epoch, &locators), Refusal::SeedMismatch);
    told.refuse(done(epoch, &locators[1..3]), Refusal::SeedMismatch);
    // The node dies; another one begins again and sends other chunks of the same locators.
    told.expire(1, 1);
    let again = told.claim(Barricade::Seed, 2);
    told.refuse(chunk(epoch, 1, &locators[2..]), Refusal::NotTheHolder);
    told.refuse(done(epoch, &locators[..2]), Refusal::NotTheHolder);
    told.accept(chunk(again, 0, &locators[..4]));
    told.accept(chunk(again, 1, &locators[4..]));
    let digest = [&locators[..4], &locators[4..]].into_iter().fold(Fingerprint::default(), seed_digest);
    let right = Command::SeedDone { epoch: again, count: 5, digest };
    let mut other = right.clone();
    if let Command::SeedDone { count, .. } = &mut other {
        *count = 4;
    }
    told.refuse(other, Refusal::SeedMismatch);
    assert_eq!(told.machine.phase(), Phase::Seeding);
    told.accept(right.clone());
    assert_eq!(told.apply(right), Reply::Repeated);
    assert_eq!((told.machine.phase(), told.machine.counts().ready), (Phase::Running, 5));
    told.refuse(chunk(again, 2, &locators), Refusal::NotTheHolder);
}

#[test]
fn one_node_works_behind_a_barricade_while_the_others_wait() {
    let mut told = Told::composing(RULES, 1..=3);
    let (node, incarnation) = life(2);
    let early = Command::Claim { barricade: Barricade::Seed, node, incarnation };
    told.refuse(early, Refusal::Phase(Phase::Composing));
    let first = told.claim(Barricade::Compose, 1);
    assert_eq!(told.claim(Barricade::Compose, 1), first, "asking again");
    assert_eq!(told.ask(Barricade::Compose, 2), Claim::Wait(NodeId(1)));
    let before = told.machine.barricade_changes();
    told.leave(1);
    assert_ne!(told.machine.barricade_changes(), before, "those who wait should ask again");
    let second = told.claim(Barricade::Compose, 2);
    let publish = |epoch, value: u8| Command::Publish { epoch, entries: vec![("k".into(), vec![value])] };
    told.refuse(publish(first, 1), Refusal::NotTheHolder);
    told.accept(publish(second, 2));
    assert_eq!(told.apply(publish(second, 3)), Reply::Repeated);
    assert_eq!(told.ask(Barricade::Compose, 3), Claim::Open);
    assert_eq!((told.machine.value("k"), told.machine.phase()), (Some(&[2][..]), Phase::Seeding));
}

#[test]
fn a_failure_behind_a_barricade_stops_all_nodes_with_its_reason() {
    for barricade in [Barricade::Compose, Barricade::Seed] {
        let mut told = match barricade {
            Barricade::Compose => Told::composing(RULES, 1..=2),
            Barricade::Seed => Told::seeding(RULES, 1..=2),
        };
        let epoch = told.claim(barricade, 1);
        let fail = |epoch| Command::PublishFailure { barricade, epoch, reason: "no such file".to_owned() };
        told.refuse(fail(Epoch(epoch.0 + 1)), Refusal::NotTheHolder);
        assert_eq!(told.machine.failure(), None);
        let before = told.machine.barricade_changes();
        told.accept(fail(epoch));
        assert_eq!(told.apply(fail(epoch)), Reply::Repeated);
        assert_ne!(told.machine.barricade_changes(), before);
        told.expire(1, 1);
        assert_eq!(told.ask(barricade, 2), Claim::Failed("no such file".to_owned()));
        assert_eq!(told.restored().failure(), Some("no such file"));
    }
}

#[test]
fn a_run_may_be_composed_before_it_begins() {
    let mut told = Told::default();
    told.join(1, 1);
    let epoch = told.claim(Barricade::Compose, 1);
    told.accept(Command::Publish { epoch, entries: vec![] });
    assert_eq!(told.machine.phase(), Phase::Forming);
    told.accept(Command::Begin(run(RULES)));
    assert_eq!(told.machine.phase(), Phase::Seeding);
    assert_eq!(told.apply(Command::Begin(run(RULES))), Reply::Repeated);
    told.refuse(Command::Begin(Run { date_time: 1, ..run(RULES) }), Refusal::AlreadyBegun);
}

#[test]
fn links_beyond_the_most_jobs_are_dropped_and_known_ones_are_not_counted_as_such() {
    let mut told = Told::running(Rules { max_jobs: 3, ..RULES }, 1..=1, &files(2));
    let job = told.take(1, 1, 0).remove(0);
    // Links carry the name of the locator they were found from: `/1` under `n0` is another job than under `n1`.
    told.accept(finish(&job, &["/1", "/1", "/0", "/2"]));
    let counts = told.machine.counts();
    assert_eq!((counts.jobs(), counts.known_links, counts.dropped_links), (3, 2, 1));
    let pages: Vec<_> = told.take(1, 9, 0).iter().map(|job| (job.locator.name.clone(), job.page)).collect();
    assert_eq!(pages, [("n1".into(), 1), ("n0".into(), 2)]);
}

#[test]
fn pages_are_numbered_by_name_and_group_wherever_the_links_stand() {
    let mut told = Told::running(RULES, 1..=1, &[page("n", "/0")]);
    let mut numbers = vec![];
    for (group, url) in [("other", "/1"), ("g", "/2"), ("other", "/3"), ("g", "/4"), ("g", "/4")] {
        let job = told.take(1, 1, 0).remove(0);
        numbers.push((job.locator.group.to_string(), job.page));
        let links = vec![Link { group: group.into(), url: url.to_owned() }];
        told.accept(Command::Finish { job: job.key, epoch: job.epoch, rows: rows(), links });
    }
    let expected = [("g", 1), ("other", 1), ("g", 2), ("other", 2), ("g", 3)];
    assert_eq!(numbers, expected.map(|(group, page)| (group.to_owned(), page)));
}

#[test]
fn a_snapshot_of_many_jobs_is_many_records_and_a_damaged_one_is_refused() {
    let mut told = Told::running(RULES, 1..=1, &files(5000));
    let jobs = told.take(1, 50, 0);
    jobs[..20].iter().for_each(|job| told.accept(finish(job, &["/0"])));
    jobs[20..40].iter().for_each(|job| drop(told.apply(fail(job, FailureClass::Recoverable, 70))));
    let records = saved(&told.machine);
    assert_eq!(records.len(), 1 + 1 + 3, "head, one value, three times 2048 jobs");
    let mut restored = Told { machine: told.restored(), ..told.clone() };
    for now in [0, 70, 70] {
        assert_eq!(restored.take(1, 3000, now), told.take(1, 3000, now));
        assert_eq!(restored.machine.counts(), told.machine.counts());
    }
    let mut other = Machine::default();
    assert!(other.restore(&records[2]).is_err(), "jobs without a head");
    assert!(other.restore(&records[0][..9]).is_err());
    assert!(other.restore(b"").is_err());
    // A machine that held something else holds nothing of it afterwards.
    let mut told = Told::seeding(RULES, 1..=1);
    saved(&Machine::default()).iter().for_each(|record| told.machine.restore(record).unwrap());
    assert_eq!((told.machine.value("defs"), told.machine.phase()), (None, Phase::Forming));
}
