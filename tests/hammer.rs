//! The hammer: whole clusters of real processes, hit by one fault each, which must end with the rows of a run that
//! nobody disturbed.
//!
//! `cargo test --test hammer` runs a selection; `scripts/hammer` runs as many as one likes, with options that come here
//! in the variable `HAMMER`. How it works stands in `hammer/mod.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

#[path = "hammer/mod.rs"]
mod hammer;
mod support;

use std::sync::Mutex;
use std::sync::PoisonError;

use hammer::Network;
use hammer::Options;

/// Runs over loopback: each loopback fault meets each target once.
const LOOPBACK_RUNS: u64 = 35;

/// Runs over network namespaces.
const NETNS_RUNS: u64 = 10;

/// One hammer at a time, so that the figures are those of a cluster and not of a crowd.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs what `HAMMER` says, or `usual` if it says nothing.
fn strike(usual: Options) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = hammer::run(&usual);
    assert!(failed == 0, "{failed} runs failed, see above");
}

#[test]
fn a_cluster_that_is_hit_anywhere_gives_the_rows_of_an_undisturbed_one() {
    match std::env::var("HAMMER") {
        Ok(options) => {
            strike(Options::parse(options.split_whitespace()).unwrap_or_else(|wrong| panic!("{wrong}")))
        }
        Err(_) => strike(Options::usual(Network::Loopback, LOOPBACK_RUNS)),
    }
}

#[test]
fn so_does_one_whose_network_is_cut_lossy_and_slow() {
    strike(Options::usual(Network::Netns, NETNS_RUNS));
}

/// The hammer itself is tried on the program without a cluster: it must find nothing where nothing is lost.
#[test]
fn so_does_one_node_alone() {
    let mut options = Options::usual(Network::Loopback, 4);
    options.nodes = Some(1);
    strike(options);
}
