//! What the tests of Raft's storage have in common: entries of a run that gives rows, and output in files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use openraft::{CommittedLeaderId, Entry, EntryPayload, LogId};

use crate::model::{
    Epoch, Failure, FailureClass, Fingerprint, HostHint, Incarnation, Job, Locator, NodeId, Rows, RunId,
    SinkRows, codec,
};
use crate::store::log::{Durability, LogKind};
use crate::store::machine::{Barricade, Command, Lost, Machine, Pacing, Reply, Rules, Run, seed_digest};
use crate::store::{Earlier, OpenProjection, Projection, ProjectionError, part_name};

use super::storage::Storage;
use super::types::{Batch, TypeConfig};

pub(super) type LogEntry = Entry<TypeConfig>;

pub(super) fn id(term: u64, index: u64) -> LogId<u64> {
    LogId::new(CommittedLeaderId::new(term, 1), index)
}

/// An entry whose batch is `size` bytes that are not commands.
pub(super) fn opaque(term: u64, index: u64, size: usize) -> LogEntry {
    let payload = EntryPayload::Normal(Batch(vec![0xee; size].into()));
    Entry { log_id: id(term, index), payload }
}

/// A run, told entry by entry.
pub(super) struct Story {
    machine: Machine,
    next: u64,
}

impl Story {
    pub(super) fn new() -> Self {
        Self { machine: Machine::default(), next: 1 }
    }

    /// An entry with these commands, and what the machine answers.
    pub(super) fn tell(&mut self, commands: Vec<Command>) -> (LogEntry, Vec<Reply>) {
        let mut lost = vec![];
        let replies = commands.iter().map(|command| self.machine.apply(command, &mut lost)).collect();
        let batch = Batch::of(&commands).unwrap();
        let entry = Entry { log_id: id(1, self.next), payload: EntryPayload::Normal(batch) };
        self.next += 1;
        (entry, replies)
    }

    /// The beginning: a node takes part, `jobs` jobs are there, the run is RUNNING.
    pub(super) fn begin(&mut self, jobs: u32) -> Vec<LogEntry> {
        let (node, incarnation) = (NodeId(1), Incarnation(1));
        let rules = Rules {
            max_tries: 1,
            max_crashes: 1,
            host_leases: 100,
            host_first: 100,
            pacing: Pacing::AnyNode,
            max_jobs: 1000,
            max_url_bytes: 1 << 20,
            max_depth: 100,
        };
        let fingerprint = Fingerprint::of([&b"defs"[..]]);
        let run = Run { id: RunId([7; 16]), date_time: 1, fingerprint, rules };
        let locator =
            |number| Locator { group: "g".into(), name: "n".into(), url: format!("http://h/{number}") };
        let locators: Vec<_> = (0..jobs).map(locator).collect();
        let digest = seed_digest(Fingerprint::default(), &locators);
        let claim = |barricade| Command::Claim { barricade, node, incarnation };
        let told = [
            vec![Command::Begin(run), Command::Join { node, incarnation }, claim(Barricade::Compose)],
            vec![Command::Publish { epoch: Epoch(1), entries: vec![("definitions".into(), b"x".to_vec())] }],
            vec![claim(Barricade::Seed), Command::SeedChunk { epoch: Epoch(1), number: 0, locators }],
            vec![Command::SeedDone { epoch: Epoch(1), count: u64::from(jobs), digest }],
        ];
        let refused = |reply: &Reply| matches!(reply, Reply::Refused(_));
        told.into_iter()
            .map(|commands| {
                let (entry, replies) = self.tell(commands);
                assert!(!replies.iter().any(refused), "{replies:?}");
                entry
            })
            .collect()
    }

    /// A job is taken; then it is over, with these rows for sink 0, or failed where there is none.
    pub(super) fn job(&mut self, rows: Option<&str>) -> [LogEntry; 2] {
        let (node, incarnation) = (NodeId(1), Incarnation(1));
        let request = self.next;
        let (taken, replies) = self.tell(vec![Command::Take { node, incarnation, request, max: 1, now: 0 }]);
        let Some(Reply::Taken { jobs, .. }) = replies.first() else { panic!("{replies:?}") };
        let Job { key: job, epoch, .. } = jobs.first().expect("a job is left").clone();
        let command = match rows {
            Some(text) => {
                let rows = Rows { parts: vec![SinkRows { sink: 0, count: 1, bytes: text.into() }] };
                Command::Finish { job, epoch, rows, links: vec![] }
            }
            None => {
                let failure =
                    Failure { class: FailureClass::Final, step: "load".into(), reason: "gone".into() };
                Command::Fail { job, epoch, failure, now: 0, wait: 0, host: HostHint::Nothing }
            }
        };
        [taken, self.tell(vec![command]).0]
    }

    /// The whole: the beginning, then jobs with rows, every third of them failed.
    pub(super) fn whole(jobs: u32) -> (Self, Vec<LogEntry>) {
        let mut story = Self::new();
        let mut entries = story.begin(jobs + 10);
        for number in 0..jobs {
            let text = format!("row {number}\n");
            entries.extend(story.job((number % 3 != 2).then_some(&*text)));
        }
        (story, entries)
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }
}

/// All that a machine knows, in a form that does not depend on the order in which it learnt it.
pub(super) fn content(machine: &Machine) -> Vec<Vec<u8>> {
    let mut records = vec![];
    let saved: Result<(), codec::CodecError> = machine.save(|record| {
        let mut record = record.to_vec();
        record.sort_unstable();
        records.push(record);
        Ok(())
    });
    saved.unwrap();
    records
}

/// Output in two files, `rows` and `failed`. Fails as if the disk were full while there is a file `full`.
struct Files {
    folder: PathBuf,
    synced: Vec<u64>,
}

const NAMES: [&str; 2] = ["rows", "failed"];

/// Opens such output in a folder, and puts parts in their place before.
pub(super) fn output_in(folder: &Path) -> Box<dyn OpenProjection> {
    let folder = folder.to_owned();
    Box::new(move |earlier: Option<Earlier<'_>>| {
        fs::create_dir_all(&folder).unwrap();
        if let Some(parts) = earlier.and_then(|earlier| earlier.parts) {
            for (number, name) in NAMES.iter().enumerate() {
                put(&parts.join(part_name(number)), &folder.join(name));
            }
        }
        let synced: Vec<u64> = earlier.map_or(vec![0, 0], |earlier| codec::decode(earlier.progress).unwrap());
        for (name, length) in NAMES.iter().zip(&synced) {
            let path = folder.join(name);
            let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
            assert!(file.metadata().unwrap().len() >= *length, "{} is too short", path.display());
            file.set_len(*length).unwrap();
        }
        Ok(Box::new(Files { folder: folder.clone(), synced }) as Box<dyn Projection>)
    })
}

/// Moves a part, unless that was done before.
pub(super) fn put(part: &Path, path: &Path) {
    if part.exists() {
        fs::rename(part, path).unwrap();
    }
}

impl Files {
    fn write(&self, name: &str, text: &[u8]) -> Result<(), ProjectionError> {
        if self.folder.join("full").exists() {
            return Err(ProjectionError("no space left in the output folder".to_owned()));
        }
        let mut file = OpenOptions::new().append(true).open(self.folder.join(name)).unwrap();
        file.write_all(text).unwrap();
        Ok(())
    }
}

impl Projection for Files {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        rows.parts.iter().try_for_each(|part| self.write("rows", &part.bytes))
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError> {
        self.write("failed", format!("{}\n", lost.locator.url).as_bytes())
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        let length = |name: &&str| fs::metadata(self.folder.join(name)).unwrap().len();
        self.synced = NAMES.iter().map(length).collect();
        Ok(codec::encode(&self.synced).unwrap())
    }

    fn parts(&self) -> Vec<(PathBuf, u64)> {
        NAMES.iter().map(|name| self.folder.join(name)).zip(self.synced.iter().copied()).collect()
    }
}

/// What such output holds.
pub(super) fn output_of(folder: &Path) -> [String; 2] {
    NAMES.map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default())
}

/// Where logs of tests lie.
pub(super) fn on_disk(kind: LogKind) -> Storage {
    Storage::Disk { kind, durability: Durability::Process }
}

/// Runs a test to its end, which must come soon.
pub(super) fn soon<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(60), test).await.unwrap() })
}

/// Copies a folder as it lies there, with its log in use: what is left when a process is killed.
pub(super) fn killed(from: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &to);
            } else {
                fs::copy(&path, &to).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy(from, to.path());
    to
}
