//! Plans reach everywhere, and are the same for the same seed.

use std::collections::HashSet;

use super::*;

fn plans(options: &Options, seeds: std::ops::Range<u64>) -> Vec<Plan> {
    seeds.map(|seed| Plan::new(seed, options)).collect()
}

#[test]
fn the_selection_meets_each_target_with_each_fault() {
    let plans = plans(&Options::usual(Network::Loopback, 35), 0..35);
    let met: HashSet<_> =
        plans.iter().map(|plan| (plan.fault.name(), format!("{:?}", plan.target))).collect();
    // Six faults on five targets, and the one that hits all.
    assert_eq!(met.len(), 31, "{met:?}");
    let moments: HashSet<_> = plans.iter().map(|plan| plan.moment.to_string()).collect();
    assert!(moments.len() >= 25, "{moments:?}");
    assert!(plans.iter().all(|plan| !plan.fault.is_of_network()));
    assert!(plans.iter().all(|plan| plan.target != Target::Two || plan.nodes == 5));
}

#[test]
fn in_the_long_run_each_fault_meets_each_moment() {
    let mut options = Options::usual(Network::Netns, 1);
    options.has_network_faults_only = false;
    let met: HashSet<_> = plans(&options, 0..12 * 5 * 31 * 2)
        .iter()
        .map(|plan| (plan.fault.name(), std::mem::discriminant(&plan.moment), plan.nodes))
        .collect();
    // Twelve faults, five kinds of moments, two sizes; all nodes together are never hit late.
    assert_eq!(met.len(), 12 * 5 * 2 - 4, "{met:?}");
}

#[test]
fn options_keep_a_plan_within_their_limits() {
    let mut options = Options::usual(Network::Loopback, 1);
    options.nodes = Some(3);
    options.only = vec![Fault::StopLong];
    for plan in plans(&options, 0..200) {
        assert!(plan.nodes == 3 && plan.fault == Fault::StopLong && plan.target != Target::Two, "{plan:?}");
    }
    options.nodes = Some(1);
    options.only = vec![];
    for plan in plans(&options, 0..200) {
        assert!(plan.target.word().is_none() && !matches!(plan.moment, Moment::Said(..)), "{plan:?}");
    }
}

#[test]
fn a_seed_gives_the_same_plan_again() {
    let options = Options::usual(Network::Loopback, 1);
    assert_eq!(format!("{:?}", plans(&options, 0..50)), format!("{:?}", plans(&options, 0..50)));
}
