//! Whole runs of several nodes in simulated time, with everything that can happen to machines and cables.
//!
//! All of a node is the real one, from the request to the report, but three things that would reach out of simulated
//! time: libp2p ([`network`]), pages ([`site`]) and the database below the log. Each node has a runtime of its own,
//! whose time stands still until the world moves it on by a step, one node after the other. What happens, to whom and
//! when follows from a seed ([`plan`]), and so do pages, delays and losses.
//!
//! A seed does not give the same run to the last step: when openraft holds an election, and which branch of a `select!`
//! is looked at first, is chance that the seed does not control. So a failure is reported with the faults and the
//! moments they hit, and a seed that has failed is repeated a few times.
//!
//! ```text
//!  seed ─▶ plan ─▶ world ── step ──▶ hosts: runtime { Opening, ClusterNode, Work … } ◀─▶ switch
//!                    └── look ──▶ oracle: one cluster, one log, no minority, every row once
//! ```

mod clock;
mod host;
mod logging;
mod network;
mod oracle;
mod plan;
mod random;
mod scenarios;
mod site;
mod stream;
mod world;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;

use world::simulate;

/// Those that every build goes through: some in a row, and some that once found a mistake made on purpose.
const SEEDS: (Range<u64>, [u64; 5]) = (0..30, [40, 81, 88, 93, 104]);

/// Simulations at a time.
const THREADS: usize = 2;

/// The seeds of `SCOOPI_SEEDS=from..to`, or the usual ones.
fn seeds() -> Vec<u64> {
    let Ok(text) = std::env::var("SCOOPI_SEEDS") else { return SEEDS.0.chain(SEEDS.1).collect() };
    let parsed = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    let range: Range<u64> =
        parsed.unwrap_or_else(|| panic!("SCOOPI_SEEDS is `{text}`; write from..to, such as 0..100"));
    range.collect()
}

#[test]
fn whatever_happens_to_nodes_every_row_is_there_once_and_all_come_to_the_end() {
    let seeds = seeds();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(vec![]));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)).copied() else { return };
                    let begun = Instant::now();
                    match simulate(seed) {
                        Ok(time) => println!("seed {seed}: {time} ms, in {:?}", begun.elapsed()),
                        Err(why) => {
                            println!("seed {seed}: {why}");
                            failures.lock().push(seed);
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner();
    failures.sort_unstable();
    let again: Vec<String> = failures
        .iter()
        .map(|seed| format!("SCOOPI_SEEDS={seed}..{} cargo test --lib simulation -- --nocapture", seed + 1))
        .collect();
    assert!(
        failures.is_empty(),
        "again, each a few times, for there is other chance, too:\n{}",
        again.join("\n")
    );
}
