//! `kill -9` anywhere, then `--resume`: the rows are those of a run that nobody disturbed.
//!
//! The program runs as a process of its own and is killed with a signal that it cannot see. What its rows have
//! to be is known from the site, not only from a run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::fs;
use std::time::Duration;
use std::time::Instant;

use support::random::Random;
use support::scoopi::Ended;
use support::scoopi::LIMIT;
use support::scoopi::RUN_DATE;
use support::scoopi::STAMP;
use support::scoopi::Scoopi;
use support::site::Shop;
use support::site::Site;

/// 2040 pages.
const LARGE: Site = Site { lists: 40, text: 20 };

/// What all runs here have in common: they hurry.
const SETTINGS: [&str; 4] =
    [RUN_DATE, "loader.fetch.delay=0", "loader.fetch.parallelism=16", "monitor.timerPeriod=60000"];

const RESUME: [&str; 4] = ["--output", "output", "--resume", "-v"];

/// A folder to run in, for a site that begins at `start`.
fn folder(site: Site, start: &str, settings: &[&str]) -> Scoopi {
    Scoopi::new(&site.definitions(start)).with(&SETTINGS).with(settings)
}

/// Checks how a run ended and that its rows are those of the site, each once.
fn verify(scoopi: &Scoopi, ended: &Ended, site: Site, when: &str) {
    assert_eq!(ended.code(), Some(0), "{when}: {ended:#?}");
    let mut rows: Vec<String> = scoopi.rows().lines().map(str::to_owned).collect();
    rows.sort();
    let expected = site.rows();
    if rows == expected {
        return;
    }
    let extra: Vec<_> = rows.iter().filter(|row| expected.binary_search(row).is_err()).take(3).collect();
    let missing: Vec<_> = expected.iter().filter(|row| rows.binary_search(row).is_err()).take(3).collect();
    let twice: Vec<_> = rows.windows(2).filter(|pair| pair[0] == pair[1]).take(3).collect();
    panic!(
        "{when}: {} rows instead of {}; not expected {extra:?}, missing {missing:?}, twice {twice:?}",
        rows.len(),
        expected.len()
    );
}

/// When a process is killed.
#[derive(Debug)]
enum Moment {
    /// So long after it was started.
    After(Duration),
    /// So long after the site has shown that many of its pages.
    Pages(usize, Duration),
    /// So long after all jobs were over.
    Over(Duration),
}

/// Runs, kills at these moments, resumes; at the end the rows must be right. Gives how many kills met a
/// process that was running.
fn disturb(scoopi: &Scoopi, shop: Option<&Shop>, moments: &[Moment]) -> (usize, Ended) {
    let mut kills = 0;
    for moment in moments {
        match kill_at(scoopi, shop, moment) {
            Ok(was_killed) => kills += usize::from(was_killed),
            Err(ended) => return (kills, ended),
        }
    }
    (kills, scoopi.run(&RESUME))
}

/// Starts or resumes, and kills at this moment: says whether that met a running process, which may just have come
/// to its end. An error if it had ended before.
fn kill_at(scoopi: &Scoopi, shop: Option<&Shop>, moment: &Moment) -> Result<bool, Ended> {
    let running = scoopi.start(&RESUME);
    let time = match *moment {
        Moment::After(time) => time,
        Moment::Pages(pages, time) => {
            assert!(shop.unwrap().wait_for(pages, LIMIT), "the run does not come to {pages} pages");
            time
        }
        Moment::Over(time) => {
            running.says("no job is in progress");
            time
        }
    };
    match running.ended_within(time) {
        Ok(ended) => Err(ended),
        Err(running) => {
            let ended = running.kill();
            assert!(ended.was_killed() || matches!(ended.code(), Some(0 | 3)), "{moment:?}: {ended:#?}");
            Ok(ended.was_killed())
        }
    }
}

/// Runs the large site undisturbed and then with kills, until at least `least` of them met a process.
fn check(test: &str, settings: &[&str], least: usize) {
    let shop = Shop::open(LARGE);
    let mut random = Random::new(test, 20);
    let (start, begun) = (shop.start(), Instant::now());
    let scoopi = folder(LARGE, &start, settings);
    let ended = scoopi.run(&RESUME);
    let span = begun.elapsed();
    ended.said(&["nothing to resume"]);
    verify(&scoopi, &ended, LARGE, "undisturbed");
    assert_eq!(ended.summary("pages").split(' ').next(), Some(&*LARGE.pages().to_string()), "{ended:#?}");
    let rows = scoopi.rows();
    let undisturbed = sorted(&rows);
    let mut kills = 0;
    let mut runs = 0;
    while kills < least {
        shop.forget();
        let pages = LARGE.pages();
        let moments = [
            Moment::After(below(&mut random, Duration::from_millis(60))),
            Moment::After(below(&mut random, span)),
            Moment::Pages(pages / 3, below(&mut random, span / 4)),
            Moment::Pages(pages - 20, below(&mut random, Duration::from_millis(30))),
            Moment::Pages(pages, below(&mut random, Duration::from_millis(60))),
        ];
        let scoopi = folder(LARGE, &start, settings);
        let (met, ended) = disturb(&scoopi, Some(&shop), &moments);
        verify(&scoopi, &ended, LARGE, &format!("{test}, run {runs}, {moments:?}"));
        assert!(sorted(&scoopi.rows()) == undisturbed, "{test}, run {runs}: other bytes");
        kills += met;
        runs += 1;
    }
    println!("{test}: {kills} kills in {runs} runs of {span:?}");
}

/// A time below `most`.
fn below(random: &mut Random, most: Duration) -> Duration {
    Duration::from_micros(random.below(u64::try_from(most.as_micros()).unwrap()))
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_run_with_links_that_is_killed_and_resumed_gives_the_rows_of_an_undisturbed_one() {
    check("redb", &[], 20);
}

#[test]
fn so_does_one_with_its_log_in_sled() {
    check("sled", &["store.kind=sled"], 10);
}

/// Writes the pages of a site into the folder that a run begins in.
fn files(site: Site, settings: &[&str]) -> Scoopi {
    let scoopi = folder(site, "/site/list/1.html", settings);
    for path in site.paths() {
        scoopi.write(&format!("site/{path}"), site.page(&path).unwrap());
    }
    scoopi
}

/// Runs, and gives how long it took.
fn timed(scoopi: &Scoopi, site: Site) -> Duration {
    let begun = Instant::now();
    let ended = scoopi.run(&RESUME);
    let span = begun.elapsed();
    verify(scoopi, &ended, site, "undisturbed");
    span
}

#[test]
fn pages_from_files_are_no_different() {
    let mut random = Random::new("files", 3);
    let scoopi = files(LARGE, &[]);
    let span = timed(&scoopi, LARGE);
    let mut kills = 0;
    while kills < 8 {
        let moments: Vec<_> = (0..4).map(|_| Moment::After(below(&mut random, span))).collect();
        let (met, ended) = disturb(&scoopi, None, &moments);
        verify(&scoopi, &ended, LARGE, &format!("{moments:?}"));
        kills += met;
    }
}

/// A run so short that every kill hits its begin or its end: no definitions yet, no jobs yet, all jobs over,
/// everybody gone, the log half removed.
#[test]
fn a_kill_in_the_first_or_the_last_moments_does_no_harm_either() {
    let site = Site { lists: 1, text: 5 };
    for (kind, wanted) in [("redb", 30), ("sled", 15)] {
        let mut random = Random::new(kind, 11);
        let scoopi = files(site, &[&format!("store.kind={kind}")]);
        let span = (0..3).map(|_| timed(&scoopi, site)).min().unwrap();
        let (mut kills, mut trial) = (0, 0);
        while kills < wanted {
            let moment = match trial % 3 {
                0 => Moment::After(below(&mut random, span)),
                1 => Moment::Over(below(&mut random, Duration::from_millis(1))),
                _ => Moment::Over(below(&mut random, span / 3)),
            };
            let (met, ended) = disturb(&scoopi, None, std::slice::from_ref(&moment));
            verify(&scoopi, &ended, site, &format!("{kind}, trial {trial}, {moment:?} of {span:?}"));
            assert!(!scoopi.path("data/run").exists(), "{kind}, trial {trial}: the log is still there");
            let outputs: Vec<_> = fs::read_dir(scoopi.path("output")).unwrap().collect();
            assert!(outputs.len() == 1 && scoopi.path("output").join(STAMP).is_dir(), "{outputs:?}");
            kills += met;
            trial += 1;
            assert!(trial < 20 * wanted, "{kind}: only {kills} of {trial} kills met a run of {span:?}");
        }
        println!("{kind}: {kills} of {trial} kills met a run of {span:?}");
    }
}

/// Rows of half a megabyte fill the log until it is replaced by a snapshot (after 64 MiB).
#[test]
fn a_run_that_goes_on_from_a_snapshot_gives_the_same_rows() {
    let site = Site { lists: 5, text: 512 << 10 };
    let shop = Shop::open(site);
    for kind in ["redb", "sled"] {
        let scoopi = folder(site, &shop.start(), &[&format!("store.kind={kind}")]);
        let mut random = Random::new(kind, 5);
        shop.forget();
        let mut snapshots = 0;
        for pages in [180, 215, 240] {
            let moment = Moment::Pages(pages, below(&mut random, Duration::from_millis(50)));
            if let Err(ended) = kill_at(&scoopi, Some(&shop), &moment) {
                panic!("{kind}: it came to its end before {moment:?}: {ended:#?}");
            }
            let found = fs::read_dir(scoopi.path("data/run/snapshots"));
            snapshots += found.map_or(0, |files| files.count());
        }
        assert!(snapshots > 0, "{kind}: no run went on from a snapshot");
        verify(&scoopi, &scoopi.run(&RESUME), site, kind);
    }
}

#[test]
fn what_failed_is_listed_once() {
    let shop = Shop::open(LARGE);
    let mut random = Random::new("failed", 7);
    let locators: String = (1..400)
        .map(|number| {
            let path = if number % 4 == 0 {
                format!("nothing/{number}.html")
            } else {
                format!("item/{number}.html")
            };
            format!("      - {{ name: shop, url: \"{}\" }}\n", shop.server.at(&format!("/{path}")))
        })
        .collect();
    let definitions = LARGE.definitions(&shop.start());
    let start = definitions.find("  lists:\n    locators:").unwrap();
    let definitions = definitions.replacen(
        &definitions[start..definitions.find("taskGroups:").unwrap()],
        &format!("  items:\n    locators:\n{locators}"),
        1,
    );
    let scoopi = Scoopi::new(&definitions).with(&SETTINGS);
    let begun = Instant::now();
    let ended = scoopi.exits(3, &RESUME);
    let span = begun.elapsed();
    let mut failed = urls(&scoopi);
    failed.dedup();
    assert_eq!((failed.len(), ended.summary("failed")), (99, "99 failed, 0 quarantined"));
    let rows = sorted(&scoopi.rows()).concat();
    for _ in 0..4 {
        let moments = [(); 3].map(|()| Moment::After(below(&mut random, span)));
        let (_, ended) = disturb(&scoopi, Some(&shop), &moments);
        assert_eq!(ended.code(), Some(3), "{moments:?}: {ended:#?}");
        assert!(urls(&scoopi) == failed && sorted(&scoopi.rows()).concat() == rows, "{moments:?}");
        assert!(ended.summary("failed").starts_with("99 failed"), "{ended:#?}");
    }
}

/// The URLs of what failed, sorted.
fn urls(scoopi: &Scoopi) -> Vec<String> {
    let mut urls: Vec<_> =
        scoopi.failed().iter().map(|line| line["url"].as_str().unwrap().to_owned()).collect();
    urls.sort();
    urls
}
