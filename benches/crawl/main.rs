//! Whole runs, measured: scoopi beside a crawler written by hand, on sites made for it, on any machine.
//!
//! `scripts/bench` is how it is called, and says what can be asked. This program is several: it plays the rounds, and is
//! started by itself again as the crawler written by hand, as the server, and as what measures one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench ends where anything is wrong")]

mod baseline;
mod chrome;
mod contest;
mod jobs;
mod process;
mod random;
mod server;
mod site;
mod table;

use std::env;
use std::path::Path;

use contest::Contender;
use site::Kind;
use table::Contest;
use table::median;

/// Pages that crawling them takes a second or two, by site.
const PAGES: [(Kind, usize); 2] = [(Kind::Medium, 2_000), (Kind::Small, 10_000)];

/// What is asked on the command line.
struct Options {
    rounds: usize,
    pages: Option<usize>,
    kinds: Vec<Kind>,
    nodes: Vec<usize>,
    latencies: Vec<u64>,
    jobs: usize,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match texts.as_slice() {
        ["baseline", base, output] => baseline::main(base, Path::new(output)),
        ["measure", program, ..] => process::main(program, &arguments[2..]),
        ["serve", site, requests, port, latency] => {
            server::main(
                Path::new(site),
                Path::new(requests),
                port.parse().unwrap(),
                latency.parse().unwrap(),
            );
        }
        ["site", kind, pages, base, folder] => {
            let kind = if *kind == "small" { Kind::Small } else { Kind::Medium };
            table::write_site(kind, pages.parse().unwrap(), base, Path::new(folder));
        }
        ["jobs", options @ ..] => {
            let options = Options::read(options);
            jobs::through_the_log(options.jobs, &options.nodes);
        }
        ["memory"] => jobs::in_memory(1_000_000),
        ["train"] => train(&Options::read(&["--rounds", "1"])),
        ["growth", options @ ..] => growth(&Options::read(options)),
        options => tables(&Options::read(options)),
    }
}

fn tables(options: &Options) {
    for kind in &options.kinds {
        for latency in &options.latencies {
            options.contest(*kind, *latency, options.pages).play();
        }
    }
}

/// Runs scoopi alone, on all sites: what it does then is what a build with a profile is made for.
fn train(options: &Options) {
    for kind in &options.kinds {
        let contenders = options.nodes.iter().map(|nodes| Contender::Scoopi(*nodes)).collect();
        Contest { contenders, ..options.contest(*kind, 0, None) }.play();
    }
}

/// Ten times the pages, and what a page costs then. Few and many pages take turns, and a ratio is that of one round.
fn growth(options: &Options) {
    let few = options.pages.unwrap_or(10_000);
    let contests = [few, 10 * few].map(|pages| options.contest(Kind::Small, 0, Some(pages)));
    let stages = contests.each_ref().map(Contest::set_up);
    let rounds: Vec<_> = (0..options.rounds)
        .map(|round| stages.each_ref().map(|stage| stage.run(round, Contender::Scoopi(1))))
        .collect();
    let peak = |number: usize| median(rounds.iter().map(|round| round[number].peak));
    println!(
        "\nten times the pages: CPU a page x {:.3}, peak {:.0} -> {:.0} MiB, median of {} rounds",
        median(rounds.iter().map(|[few, many]| many.cpu / few.cpu)),
        peak(0),
        peak(1),
        options.rounds
    );
}

impl Options {
    fn read(texts: &[&str]) -> Self {
        let mut options = Self {
            rounds: 5,
            pages: None,
            kinds: vec![Kind::Medium, Kind::Small],
            nodes: vec![1, 3],
            latencies: vec![0, 50],
            jobs: 50_000,
        };
        let mut texts = texts.iter().copied();
        while let Some(option) = texts.next() {
            if option == "--quick" {
                (options.rounds, options.pages, options.latencies) = (1, Some(500), vec![0]);
                continue;
            }
            let value = texts
                .next()
                .unwrap_or_else(|| panic!("`{option}` needs a value, see `scripts/bench --help`"));
            options.set(option, value);
        }
        options
    }

    fn set(&mut self, option: &str, value: &str) {
        let number =
            || value.parse::<usize>().unwrap_or_else(|_| panic!("`{option}` takes a number, not `{value}`"));
        match (option, value) {
            ("--rounds", _) => self.rounds = number().max(1),
            ("--pages", _) => self.pages = Some(number()),
            ("--jobs", _) => self.jobs = number().max(5),
            ("--nodes", _) => self.nodes = if number() == 1 { vec![1] } else { vec![1, number()] },
            ("--latency", _) => self.latencies = vec![number() as u64],
            ("--site", "small") => self.kinds = vec![Kind::Small],
            ("--site", "medium") => self.kinds = vec![Kind::Medium],
            _ => panic!("`{option} {value}` is not known, see `scripts/bench --help`"),
        }
    }

    fn contest(&self, kind: Kind, latency: u64, pages: Option<usize>) -> Contest {
        let usual = PAGES.iter().find(|(other, _)| *other == kind).map_or(0, |(_, pages)| *pages);
        let contenders = self.nodes.iter().map(|nodes| Contender::Scoopi(*nodes));
        let contenders = std::iter::once(Contender::Baseline).chain(contenders).collect();
        Contest { kind, pages: pages.unwrap_or(usual), latency, rounds: self.rounds, contenders }
    }
}
