//! Rounds of all contenders on one site, and the table that comes of them.
//!
//! A ratio is that of two runs of the same round, one right after the other, so that what else the machine does falls on
//! both; what is printed is the median of the rounds.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::contest::Contender;
use super::contest::Figures;
use super::contest::Task;
use super::server::has_nginx;
use super::site::Kind;
use super::site::Site;

const SEED: u64 = 7;

/// What is measured.
pub(crate) struct Contest {
    pub(crate) kind: Kind,
    pub(crate) pages: usize,
    pub(crate) latency: u64,
    pub(crate) rounds: usize,
    pub(crate) contenders: Vec<Contender>,
}

/// A site that was made and written, to be crawled as often as wanted.
pub(crate) struct Stage<'a> {
    contest: &'a Contest,
    folder: TempDir,
    site: Site,
    rows: Vec<u8>,
}

impl Contest {
    /// Makes the site in a new folder, which goes with the stage.
    pub(crate) fn set_up(&self) -> Stage<'_> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let site = Site::with_pages(self.kind, self.pages, SEED);
        let rows = site.write(&folder.path().join("site"));
        self.introduce(site.pages(), rows.iter().filter(|byte| **byte == b'\n').count());
        Stage { contest: self, folder, site, rows }
    }

    /// Plays all rounds and prints their table.
    pub(crate) fn play(&self) {
        let stage = self.set_up();
        let mut figures: Vec<Vec<Figures>> = vec![vec![]; self.contenders.len()];
        for round in 0..self.rounds {
            for turn in 0..self.contenders.len() {
                // Another one begins each time.
                let number = (turn + round) % self.contenders.len();
                figures[number].push(stage.run(round, self.contenders[number]));
            }
        }
        self.print(&figures, stage.site.pages());
    }

    fn introduce(&self, pages: usize, rows: usize) {
        let kind = match self.kind {
            Kind::Small => "small (5 KB)",
            Kind::Medium => "medium (40 KB)",
        };
        let server = if self.latency == 0 && has_nginx() {
            "nginx, one worker"
        } else {
            "the bench's own, one thread"
        };
        println!(
            "\n{kind}: {pages} pages, {rows} rows, latency {} ms, server: {server}; load {}\n",
            self.latency,
            load()
        );
    }

    fn print(&self, figures: &[Vec<Figures>], pages: usize) {
        println!(
            "| | CPU ms/page | wall s | pages/s | peak MiB | fetched twice | start ms | end ms | CPU ratio | wall ratio |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        let first = &figures[0];
        for (contender, own) in self.contenders.iter().zip(figures) {
            let of = |get: fn(&Figures) -> f64| median(own.iter().map(get));
            let ratio =
                |get: fn(&Figures) -> f64| median(own.iter().zip(first).map(|(a, b)| get(a) / get(b)));
            let wall = of(|run| run.wall);
            println!(
                "| {} | {:.3} | {wall:.2} | {:.0} | {:.0} | {} | {:.0} | {:.0} | {:.2} | {:.2} |",
                contender.name(),
                of(|run| run.cpu),
                pages as f64 / wall,
                of(|run| run.peak),
                own.iter().map(|run| run.twice).max().unwrap_or_default(),
                of(|run| run.start),
                of(|run| run.end),
                ratio(|run| run.cpu),
                ratio(|run| run.wall),
            );
        }
        println!("\nmedian of {} rounds; load at the end {}", self.rounds, load());
    }
}

impl Stage<'_> {
    /// Runs a contender once, in a new folder, and says what it came to.
    pub(crate) fn run(&self, round: usize, contender: Contender) -> Figures {
        let pages = self.site.pages();
        let place = self.folder.path().join("site");
        let task = Task {
            site: &place,
            pages,
            rows: &self.rows,
            latency: self.contest.latency,
            definitions: &|base| self.site.definitions(base),
        };
        let run = self.folder.path().join("run");
        let figures = contender.run(&task, &run);
        fs::remove_dir_all(&run).unwrap();
        eprintln!("round {}: {:<16} {}", round + 1, contender.name(), line(&figures, pages));
        figures
    }
}

fn line(run: &Figures, pages: usize) -> String {
    format!(
        "{:.3} ms CPU a page, {:.2} s, {:.0} pages/s, {:.0} MiB",
        run.cpu,
        run.wall,
        pages as f64 / run.wall,
        run.peak
    )
}

/// Writes a site, its definitions and its rows below `folder`, for runs by hand.
pub(crate) fn write_site(kind: Kind, pages: usize, base: &str, folder: &Path) {
    let site = Site::with_pages(kind, pages, SEED);
    let rows = site.write(&folder.join("site"));
    fs::write(folder.join("rows.txt"), rows).unwrap();
    fs::create_dir_all(folder.join("defs")).unwrap();
    fs::write(folder.join("defs/job.yml"), site.definitions(base)).unwrap();
}

/// The value in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// How many processes wanted a processor in the last minute, where the system says so.
fn load() -> String {
    let text = fs::read_to_string(Path::new("/proc/loadavg")).unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
