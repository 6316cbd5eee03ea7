//! Problems that users reported, as plans of their own: a few seeds for each decide pages and moments.

use crate::store::machine::Phase;

use super::host::SESSION;
use super::network::End;
use super::plan::{Fault, Plan, Strike, When};
use super::random::Random;
use super::world::simulate_plan;

/// Worlds of each scenario, by `SCOOPI_SCENARIOS`.
fn seeds() -> u64 {
    std::env::var("SCOOPI_SCENARIOS").ok().map_or(4, |text| text.parse().unwrap())
}

fn strike(when: When, after: u64, fault: Fault, lasts: u64) -> Strike {
    Strike { when, after, fault, lasts }
}

/// Every seed of a scenario finishes.
fn check(plan: impl Fn(&Random) -> Plan) {
    for seed in 0..seeds() {
        let random = Random::new(seed);
        let plan = plan(&random);
        match simulate_plan(&plan, &random) {
            Ok(time) => println!("seed {seed}: {time} ms"),
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
}

/// One of three nodes is struck before the others end, and all of them have to come to their end.
fn one_misses_the_end(fault: impl Fn(Vec<usize>) -> Fault) {
    check(|random| {
        let host = random.of(0..3) as usize;
        let struck = strike(When::Over(90), 0, fault(vec![host]), 4 * SESSION);
        Plan::told(random, 3, vec![struck], vec![0, 1, 2])
    });
}

/// A moment that is early enough before the end of every run.
const EARLY: When = When::Over(10);

/// After this time, in milliseconds, a vote has changed hands, also if the leader was lost and two elections were
/// needed: the sessions of these worlds are short, and if two of three voters are lost before that, the others can only
/// stop.
const SETTLED: u64 = 4 * SESSION;

/// Length of a fault that lasts until the run is over.
const FOR_EVER: u64 = 1 << 40;

#[test]
fn a_node_that_loses_its_disk_twice_within_a_session_stops_nobody() {
    check(|random| {
        let (host, apart) = (random.of(0..3) as usize, random.of(SESSION / 16..SESSION));
        let first = strike(EARLY, 0, Fault::Wipe(host), random.of(50..400));
        let again = strike(EARLY, 400 + apart, Fault::Wipe(host), random.of(50..400));
        Plan::told(random, 3, vec![first, again], vec![])
    });
}

#[test]
fn a_node_that_lost_its_disk_has_the_vote_of_its_earlier_life_and_another_one_may_die() {
    check(|random| {
        let host = random.of(0..3) as usize;
        let wiped = strike(EARLY, 0, Fault::Wipe(host), 100);
        let killed = strike(EARLY, SETTLED, Fault::Kill((host + 1) % 3), FOR_EVER);
        Plan::told(random, 3, vec![wiped, killed], vec![host, (host + 2) % 3])
    });
}

#[test]
fn of_four_nodes_one_leaves_and_another_one_may_die() {
    check(|random| {
        let host = random.of(0..4) as usize;
        let left = strike(EARLY, 0, Fault::Stop(host), FOR_EVER);
        let killed = strike(EARLY, SETTLED, Fault::Kill((host + 1) % 4), FOR_EVER);
        Plan::told(random, 4, vec![left, killed], vec![(host + 2) % 4, (host + 3) % 4])
    });
}

#[test]
fn of_five_nodes_two_leave_and_another_one_may_die() {
    check(|random| {
        let host = random.of(0..5) as usize;
        let left = strike(EARLY, 0, Fault::Stop(host), FOR_EVER);
        let left_too = strike(EARLY, random.of(0..SESSION), Fault::Stop((host + 1) % 5), FOR_EVER);
        let killed = strike(EARLY, SETTLED + SESSION, Fault::Kill((host + 2) % 5), FOR_EVER);
        Plan::told(random, 5, vec![left, left_too, killed], vec![(host + 3) % 5, (host + 4) % 5])
    });
}

#[test]
fn a_node_that_was_paused_while_the_others_ended_gets_the_rest_of_them() {
    one_misses_the_end(Fault::Pause);
}

#[test]
fn a_node_that_was_cut_off_while_the_others_ended_gets_the_rest_of_them() {
    one_misses_the_end(Fault::Cut);
}

#[test]
fn nodes_that_are_all_killed_when_the_end_is_decided_know_it_again() {
    check(|random| {
        let when = When::Phase(Phase::Shutdown);
        let killed = strike(when, random.of(0..30), Fault::Crash(vec![0, 1, 2], End::Killed), 300);
        Plan::told(random, 3, vec![killed], vec![])
    });
}

#[test]
fn nodes_that_are_far_from_each_other_and_lose_packets_work() {
    check(|random| {
        let far = strike(When::Begins, 0, Fault::Delay(90..110), FOR_EVER);
        let lossy = strike(When::Begins, 0, Fault::Loss(10), FOR_EVER);
        Plan::told(random, 3, vec![far, lossy], vec![0, 1, 2])
    });
}

#[test]
fn a_hiccup_of_a_second_on_a_long_way_is_no_harm() {
    check(|random| {
        let far = strike(When::Begins, 0, Fault::Delay(20..25), FOR_EVER);
        let hiccup = strike(EARLY, 0, Fault::Cut(vec![random.of(0..3) as usize]), 1_000);
        Plan::told(random, 3, vec![far, hiccup], vec![0, 1, 2])
    });
}

#[test]
fn a_node_that_joins_when_the_others_have_done_all_the_work_ends_well() {
    check(|random| {
        let hosts = random.pick(&[2, 3]);
        let mut plan = Plan::told(random, hosts, vec![], (0..hosts).collect());
        // Longer than the others need for the whole run.
        plan.entrances[random.of(0..hosts as u64) as usize] = 5 * SESSION;
        plan
    });
}
