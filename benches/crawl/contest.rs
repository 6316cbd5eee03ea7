//! One run of one contender: started, measured, and its rows compared with those of the site.
//!
//! Knows how contenders are called; not what is done with the figures.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use super::baseline::PARALLELISM;
use super::process::Measured;
use super::process::Taken;
use super::process::this_program;
use super::server::Server;

/// Who runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// The crawler written by hand.
    Baseline,
    /// So many nodes of scoopi; one is solo.
    Scoopi(usize),
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Milliseconds of the processors for a page, of all nodes together.
    pub(crate) cpu: f64,
    /// Seconds from the start of the first process to the end of the last one.
    pub(crate) wall: f64,
    /// MiB of memory at most, of the node that took most.
    pub(crate) peak: f64,
    /// Pages fetched again.
    pub(crate) twice: usize,
    /// Milliseconds from the start to the first request.
    pub(crate) start: f64,
    /// Milliseconds from the last write of output to the end.
    pub(crate) end: f64,
}

/// A site in a folder, and what is to be taken from it.
pub(crate) struct Task<'a> {
    pub(crate) site: &'a Path,
    pub(crate) pages: usize,
    pub(crate) rows: &'a [u8],
    pub(crate) latency: u64,
    pub(crate) definitions: &'a dyn Fn(&str) -> String,
}

impl Contender {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Baseline => "hand-written".to_owned(),
            Self::Scoopi(1) => "scoopi, solo".to_owned(),
            Self::Scoopi(nodes) => format!("scoopi, {nodes} nodes"),
        }
    }

    /// Runs once in `folder`. Ends the bench if rows are not those of the site.
    pub(crate) fn run(self, task: &Task<'_>, folder: &Path) -> Figures {
        let server = Server::start(task.site, &folder.join("server"), task.latency);
        let (taken, outputs) = match self {
            Self::Baseline => baseline(&server.base, folder),
            Self::Scoopi(nodes) => scoopi(nodes, &(task.definitions)(&server.base), folder),
        };
        let asked = server.stop();
        for output in &outputs {
            check(&self.name(), task.rows, &fs::read(output).unwrap());
        }
        let begun = taken.iter().map(|one| one.begun).fold(f64::INFINITY, f64::min);
        let ended = taken.iter().map(|one| one.ended).fold(0.0, f64::max);
        let written = outputs.iter().map(|output| seconds_of_last_write(output)).fold(0.0, f64::max);
        Figures {
            cpu: taken.iter().map(|one| one.cpu).sum::<f64>() * 1000.0 / task.pages as f64,
            wall: ended - begun,
            peak: taken.iter().map(|one| one.peak).fold(0.0, f64::max),
            twice: asked.twice,
            start: (asked.first - begun) * 1000.0,
            end: (ended - written) * 1000.0,
        }
    }
}

fn baseline(base: &str, folder: &Path) -> (Vec<Taken>, Vec<PathBuf>) {
    let output = folder.join("rows.txt");
    let arguments = ["baseline".to_owned(), base.to_owned(), output.display().to_string()];
    (vec![Measured::start(&folder.join("process"), &this_program(), &arguments).wait()], vec![output])
}

/// Runs these definitions on so many nodes; what each took, and what each wrote.
pub(crate) fn scoopi(nodes: usize, definitions: &str, folder: &Path) -> (Vec<Taken>, Vec<PathBuf>) {
    fs::create_dir_all(folder.join("defs")).unwrap();
    fs::write(folder.join("defs/job.yml"), definitions).unwrap();
    let places: Vec<_> = (0..nodes).map(|node| folder.join(format!("node{node}"))).collect();
    let addresses = addresses(nodes);
    let program = env::var_os("SCOOPI").map_or_else(|| env!("CARGO_BIN_EXE_scoopi").into(), PathBuf::from);
    let start = |(place, address): (&PathBuf, &String)| {
        let mut arguments: Vec<String> =
            ["--quiet", "--defs", "../defs", "--data", "data", "--output", "rows"]
                .into_iter()
                .map(str::to_owned)
                .collect();
        for set in ["loader.fetch.delay=0".to_owned(), format!("loader.fetch.parallelism={PARALLELISM}")] {
            arguments.extend(["--set".to_owned(), set]);
        }
        if nodes > 1 {
            let join = addresses.join(",");
            arguments.extend(["--mode", "cluster", "--listen", address, "--join", &join].map(str::to_owned));
        }
        Measured::start(place, &program, &arguments)
    };
    let running: Vec<_> = places.iter().zip(&addresses).map(start).collect();
    let taken = running.into_iter().map(Measured::wait).collect();
    (taken, places.iter().map(|place| written(&place.join("rows"))).collect())
}

/// Addresses that nobody listens on at this moment.
fn addresses(count: usize) -> Vec<String> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect()
}

/// The file of rows somewhere below a folder.
fn written(folder: &Path) -> PathBuf {
    let found = find(folder);
    found.unwrap_or_else(|| panic!("no rows below {}", folder.display()))
}

fn find(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).find_map(|path| match path.is_dir() {
        true => find(&path),
        false => path.ends_with("data.txt").then_some(path),
    })
}

/// Rows come in any order, but each as often as the site has it.
fn check(name: &str, expected: &[u8], found: &[u8]) {
    let sorted = |text: &'_ [u8]| -> Vec<Vec<u8>> {
        let mut lines: Vec<_> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort_unstable();
        lines
    };
    if expected.len() == found.len() && sorted(expected) == sorted(found) {
        return;
    }
    let (expected, found) = (sorted(expected), sorted(found));
    let other = expected.iter().zip(&found).find(|(one, other)| one != other);
    let texts = other.map(|(one, other)| (String::from_utf8_lossy(one), String::from_utf8_lossy(other)));
    panic!(
        "{name} wrote {} lines, the site has {}; the first difference: {texts:?}",
        found.len(),
        expected.len()
    );
}

fn seconds_of_last_write(path: &Path) -> f64 {
    let at = fs::metadata(path).unwrap().modified().unwrap();
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}
