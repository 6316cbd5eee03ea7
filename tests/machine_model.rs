//! The machine, checked in every order in which its commands can come: see the folder of the same name.
//!
//! Each test is one small world and visits all states of it, so that a size is a matter of seconds. With the
//! feature `mutants` the machine makes mistakes on purpose, and the same promises must find each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

#[path = "machine_model/mod.rs"]
mod model;

use std::time::Instant;

use model::{Begins, Explored, Faults, Nature, Page, Setup, Site, explore};
use scoopi::internals::model::FailureClass;
#[cfg(feature = "mutants")]
use scoopi::internals::store::machine::Mutant;
use scoopi::internals::store::machine::{Machine, Pacing};

const fn page(nature: Nature, links: &'static [usize]) -> Page {
    Page { nature, links }
}

const POISON: Nature = Nature::Failing(FailureClass::Recoverable);
const BROKEN: Nature = Nature::Failing(FailureClass::Final);

/// A page with two links, one of which leads back.
const TREE: Site = Site {
    pages: &[page(Nature::Healthy, &[1, 2]), page(Nature::Healthy, &[0]), page(Nature::Healthy, &[])],
    chunks: &[&[0]],
};
/// A page that leads to one that always fails.
const POISONED: Site = Site { pages: &[page(Nature::Healthy, &[1]), page(POISON, &[])], chunks: &[&[0]] };
/// Two chunks, the second one with a page of the first one in it.
const CHUNKS: Site = Site {
    pages: &[page(Nature::Healthy, &[2]), page(BROKEN, &[]), page(Nature::Healthy, &[])],
    chunks: &[&[0, 1], &[1, 2]],
};
/// Pages that all wait from the beginning.
const THREE: Site = Site { pages: &[page(Nature::Healthy, &[]); 3], chunks: &[&[0, 1, 2]] };
const FOUR: Site = Site { pages: &[page(Nature::Healthy, &[]); 4], chunks: &[&[0, 1, 2, 3]] };
/// Two pages that both moved to a third one, which links to the first.
const MOVED: Site = Site {
    pages: &[page(Nature::Moved(2), &[]), page(Nature::Moved(2), &[]), page(Nature::Healthy, &[0])],
    chunks: &[&[0, 1]],
};
/// A page that brings a node down, beside one that does not.
const DEADLY: Site =
    Site { pages: &[page(Nature::Healthy, &[]), page(Nature::Deadly, &[])], chunks: &[&[0, 1]] };

const NO_FAULTS: Faults = Faults {
    crashes: 0,
    expiries: 0,
    lost_disks: 0,
    lost_answers: 0,
    late: 0,
    leaves: 0,
    cancels: 0,
    early_votes: 0,
    failures: 0,
    put_offs: 0,
};

const SETUP: Setup = Setup {
    nodes: 2,
    ahead: 1,
    begins: Begins::Running,
    site: TREE,
    faults: NO_FAULTS,
    pacing: Pacing::AnyNode,
    host_leases: 100,
    host_first: u32::MAX,
    machine: Machine::default,
};

fn explored(setup: Setup) -> Explored {
    let begun = Instant::now();
    let explored = explore(setup);
    let (made, machines) = explored.decisions;
    println!(
        "{} worlds, {made} decisions, {machines} states of the machine, {:.1} s",
        explored.worlds,
        begun.elapsed().as_secs_f32()
    );
    explored
}

/// Every promise holds in every world, and there are at least so many of them.
fn check(setup: Setup, at_least: usize) {
    let Explored { worlds, broken, never, .. } = explored(setup);
    if let Some((promise, steps)) = broken {
        panic!("broken: {promise}\n{steps}");
    }
    assert!(never.is_empty(), "never seen: {never:?}");
    assert!(worlds >= at_least, "only {worlds} worlds: the sizes became smaller");
}

#[test]
fn nodes_crash_and_what_they_asked_comes_late() {
    let faults = Faults { crashes: 1, late: 1, ..NO_FAULTS };
    check(Setup { faults, ..SETUP }, 180_000);
}

#[test]
fn live_nodes_are_taken_for_dead() {
    let faults = Faults { expiries: 1, late: 1, ..NO_FAULTS };
    check(Setup { faults, ..SETUP }, 130_000);
}

#[test]
fn answers_are_lost_and_disks_too() {
    let faults = Faults { lost_answers: 1, lost_disks: 1, ..NO_FAULTS };
    check(Setup { faults, ..SETUP }, 90_000);
}

#[test]
fn the_holder_of_the_seeding_barricade_dies() {
    let faults = Faults { crashes: 1, lost_answers: 1, ..NO_FAULTS };
    check(Setup { begins: Begins::Seeding, site: CHUNKS, faults, ..SETUP }, 55_000);
}

#[test]
fn a_page_always_fails() {
    let faults = Faults { failures: 1, expiries: 1, lost_answers: 1, ..NO_FAULTS };
    check(Setup { site: POISONED, faults, ..SETUP }, 110_000);
}

#[test]
fn a_page_brings_nodes_down() {
    let faults = Faults { failures: 1, lost_answers: 1, leaves: 1, ..NO_FAULTS };
    check(Setup { site: DEADLY, ahead: 2, faults, ..SETUP }, 150_000);
}

#[test]
fn runs_are_cancelled_and_nodes_leave() {
    let leaves = Faults { cancels: 1, leaves: 1, failures: 1, ..NO_FAULTS };
    check(Setup { site: POISONED, faults: leaves, ..SETUP }, 150_000);
    let late = Faults { cancels: 1, late: 1, ..NO_FAULTS };
    check(Setup { site: POISONED, faults: late, ..SETUP }, 22_000);
}

#[test]
fn a_host_is_one_nodes_at_a_time() {
    let faults = Faults { crashes: 1, lost_answers: 1, ..NO_FAULTS };
    check(Setup { pacing: Pacing::OneNode, ahead: 2, faults, ..SETUP }, 65_000);
}

#[test]
fn nodes_share_the_places_at_a_host() {
    let shared = Setup { pacing: Pacing::Shared, ahead: 2, ..SETUP };
    let lost = Faults { lost_answers: 1, failures: 1, ..NO_FAULTS };
    check(Setup { host_leases: 2, site: FOUR, faults: lost, ..shared }, 232_000);
    let late = Faults { late: 1, expiries: 1, ..NO_FAULTS };
    check(Setup { host_leases: 1, site: THREE, faults: late, ..shared }, 360_000);
}

#[test]
fn three_nodes_vote_too_early() {
    let faults = Faults { early_votes: 1, crashes: 1, ..NO_FAULTS };
    check(Setup { nodes: 3, site: POISONED, faults, ..SETUP }, 420_000);
}

#[test]
fn a_host_is_busy_or_asks_to_be_left_alone() {
    let faults = Faults { put_offs: 1, lost_answers: 1, ..NO_FAULTS };
    check(Setup { host_leases: 2, host_first: 1, site: THREE, ahead: 2, faults, ..SETUP }, 20_000);
    let shared = Setup { pacing: Pacing::Shared, host_leases: 1, host_first: 1, ..SETUP };
    let faults = Faults { put_offs: 1, ..NO_FAULTS };
    check(Setup { site: THREE, ahead: 2, faults, ..shared }, 5_000);
}

#[test]
fn pages_move_to_one_that_is_a_job_once() {
    let faults = Faults { crashes: 1, lost_answers: 1, ..NO_FAULTS };
    check(Setup { site: MOVED, faults, ..SETUP }, 20_000);
}

/// The mistake breaks this promise, and is found.
#[cfg(feature = "mutants")]
fn find(setup: Setup, promise: &str) {
    let (broken, steps) = explored(setup).broken.unwrap_or_else(|| panic!("not found"));
    println!("broken: {broken}\n{steps}");
    assert_eq!(broken, promise, "\n{steps}");
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_leases_are_not_fenced() {
    let faults = Faults { expiries: 1, ..NO_FAULTS };
    let machine = || Machine::mutated(Mutant::NoFencing);
    find(Setup { faults, machine, ..SETUP }, "only the newest lease ends a job");
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_links_come_in_a_second_step() {
    let machine = || Machine::mutated(Mutant::TwoStepFinish);
    find(Setup { machine, ..SETUP }, "every link of an accepted result is a job");
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_the_end_is_looked_for_twice() {
    let faults = Faults { expiries: 1, early_votes: 1, ..NO_FAULTS };
    let machine = || Machine::mutated(Mutant::TwoReadDone);
    find(
        Setup { faults, machine, ..SETUP },
        "the end comes when every job is over and every member has voted",
    );
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_a_repetition_makes_another_job() {
    let machine = || Machine::mutated(Mutant::FreshIds);
    let one_job = "a page is one job, however often it is found";
    let lost_answers = Faults { lost_answers: 1, ..NO_FAULTS };
    find(Setup { faults: lost_answers, machine, ..SETUP }, one_job);
    let crashes = Faults { crashes: 1, ..NO_FAULTS };
    find(Setup { faults: crashes, begins: Begins::Seeding, machine, ..SETUP }, one_job);
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_nobody_tries_again_after_a_failure() {
    let faults = Faults { failures: 1, ..NO_FAULTS };
    let machine = || Machine::mutated(Mutant::SilentFailure);
    find(
        Setup { faults, machine, ..SETUP },
        "from everywhere any node that lives can bring the run to its end",
    );
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_a_host_is_asked_too_early() {
    let faults = Faults { put_offs: 1, ..NO_FAULTS };
    let machine = || Machine::mutated(Mutant::NoHold);
    find(Setup { site: THREE, faults, machine, ..SETUP }, "a host that asked to be left alone is left alone");
}

#[cfg(feature = "mutants")]
#[test]
fn it_is_seen_that_a_page_is_lost_that_moved() {
    let machine = || Machine::mutated(Mutant::LostMove);
    find(Setup { site: MOVED, machine, ..SETUP }, "every link of an accepted result is a job");
}
