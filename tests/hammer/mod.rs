//! Whole clusters of real processes, each hit by one fault.
//!
//! ```text
//! Options ─▶ Plan (of a seed) ─▶ Round ─▶ Report ─▶ table, figures
//!                                  │
//!            Shop (a real server)  ├─ Cluster ─ Node ─ Log
//!                                  │     └───── Net (loopback, namespaces)
//!                                  └─ Watch (scoopi status)
//! ```
//!
//! What a run has to write is known from the site that it reads, not from another run. What is taken for granted about
//! the program (words, options, times) stands in `assumptions`.

mod assumptions;
mod cluster;
mod inspect;
mod log;
mod net;
mod node;
mod options;
mod plan;
mod report;
mod round;
mod status;
mod strike;
mod verdict;

use std::fs;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

pub(crate) use options::Network;
pub(crate) use options::Options;

use crate::support::needs;
use net::Net;
use plan::Plan;
use report::Report;
use report::Totals;

/// Whether the hammer was told to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// Plays all runs, and prints what comes of them. Gives how many failed.
pub(crate) fn run(options: &Options) -> usize {
    if let Some(obstacle) = Net::obstacle(options.network) {
        needs::lacks("netns", &format!("there are no network namespaces here: {obstacle}"));
        return 0;
    }
    listen();
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    println!("{}", Report::header());
    thread::scope(|scope| {
        for _ in 0..options.at_once {
            scope.spawn(|| {
                while !STOP.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = options.time.map_or(number >= options.runs, |time| begun.elapsed() >= time);
                    if is_over {
                        break;
                    }
                    play(number, options, &totals);
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap();
    println!("\n{totals}\n{:.0} s altogether", begun.elapsed().as_secs_f64());
    if STOP.load(Ordering::Relaxed) {
        // All nodes and networks are gone; the test harness would go on with other tests.
        std::process::exit(130);
    }
    totals.failed
}

/// Plays one run in a folder of its own, which stays if the run fails.
fn play(number: u64, options: &Options, totals: &Mutex<Totals>) {
    let plan = Plan::new(options.seed + number, options);
    let folder = tempfile::Builder::new().prefix("hammer-").tempdir().unwrap();
    let played = catch_unwind(AssertUnwindSafe(|| round::play(&plan, options, folder.path())));
    let mut totals = totals.lock().unwrap();
    match played {
        Ok(Err(round::Stopped)) => {}
        Ok(Ok(report)) => {
            totals.add(&report);
            let line = report.line(number + 1, options.network);
            println!("{line}");
            if !report.wrong.is_empty() {
                keep(folder, &plan, options, &report.wrong.join("\n"));
            }
        }
        Err(panic) => {
            totals.add_broken();
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            keep(folder, &plan, options, &format!("the hammer could not play {plan:?}: {said}"));
        }
    }
}

/// Says what was wrong, where all of it lies, and how to have it again.
fn keep(folder: TempDir, plan: &Plan, options: &Options, wrong: &str) {
    let folder = folder.keep();
    let text = format!("{wrong}\nagain: {}\n", plan.command(options));
    fs::write(folder.join("verdict.txt"), &text).unwrap();
    for line in text.lines() {
        println!("      {line}");
    }
    println!("      all of it: {}", folder.display());
}

/// Stops all runs on Ctrl-C and its like, rather than to leave nodes behind.
fn listen() {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let on = |kind| signal(kind).unwrap();
                let (mut int, mut term) = (on(SignalKind::interrupt()), on(SignalKind::terminate()));
                let mut hangup = on(SignalKind::hangup());
                loop {
                    tokio::select! {
                        _ = int.recv() => {}
                        _ = term.recv() => {}
                        _ = hangup.recv() => {}
                    }
                    STOP.store(true, Ordering::Relaxed);
                }
            });
        });
    });
}
