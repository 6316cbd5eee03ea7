//! What jobs cost without pages: through the whole program, through the store alone, and in memory while they wait.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use scoopi::internals::model::Epoch;
use scoopi::internals::model::Fingerprint;
use scoopi::internals::model::Incarnation;
use scoopi::internals::model::Locator;
use scoopi::internals::model::NodeId;
use scoopi::internals::model::Rows;
use scoopi::internals::model::RunId;
use scoopi::internals::model::SinkRows;
use scoopi::internals::store::Barricades;
use scoopi::internals::store::JobStore;
use scoopi::internals::store::NodeStore;
use scoopi::internals::store::Projection;
use scoopi::internals::store::ProjectionError;
use scoopi::internals::store::log::Durability;
use scoopi::internals::store::log::LogKind;
use scoopi::internals::store::machine::Barricade;
use scoopi::internals::store::machine::Claim;
use scoopi::internals::store::machine::Command;
use scoopi::internals::store::machine::Lost;
use scoopi::internals::store::machine::Machine;
use scoopi::internals::store::machine::Pacing;
use scoopi::internals::store::machine::Reply;
use scoopi::internals::store::machine::Rules;
use scoopi::internals::store::machine::Run;
use scoopi::internals::store::machine::seed_digest;
use scoopi::internals::store::solo::Recovery;
use scoopi::internals::store::solo::RunFolder;
use tokio::task::JoinSet;

use super::contest::scoopi;

/// As many as the seeder sends at a time.
const CHUNK: usize = 1024;
/// As many as a node has in work at a time.
const IN_WORK: usize = 128;

const RULES: Rules = Rules {
    max_tries: 3,
    max_crashes: 5,
    host_leases: u32::MAX,
    pacing: Pacing::AnyNode,
    max_jobs: u64::MAX,
    host_first: 1000,
    max_url_bytes: u64::MAX,
    max_depth: u32::MAX,
};

/// Rows that go nowhere.
struct Nowhere;

impl Projection for Nowhere {
    fn rows(&mut self, _: &Rows) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn lost(&mut self, _: &Lost) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        Ok(vec![])
    }
}

/// Prints how many jobs a second go through.
pub(crate) fn through_the_log(jobs: usize, nodes: &[usize]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seconds = runtime.block_on(through_the_store(jobs));
    println!(
        "store alone, redb, no pages: {jobs} jobs in {seconds:.2} s, {:.0} jobs/s",
        jobs as f64 / seconds
    );
    for nodes in nodes {
        // Start and end are in both, and so not in their difference.
        let (few, more) = (through_the_program(jobs / 5, *nodes), through_the_program(jobs, *nodes));
        let rate = (jobs - jobs / 5) as f64 / (more.0 - few.0);
        println!(
            "{nodes} node(s), each job one read of a local file of 30 bytes and one row: {jobs} jobs in {:.2} s, {:.3} ms \
             CPU a job, {rate:.0} jobs/s without start and end",
            more.0,
            more.1 * 1000.0 / jobs as f64
        );
    }
}

/// Wall and CPU seconds of the whole program.
fn through_the_program(jobs: usize, nodes: usize) -> (f64, f64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, "<p id=\"value\">1</p>").unwrap();
    let mut definitions = "taskGroups:\n  page: { value: { dataDef: value } }\ndataDefs:\n  value:\n    query: { block: \
                           \"#value\", selector: \"p\" }\n    items: [ { name: Value, value: Value } ]\nlocatorGroups:\n  \
                           page:\n    locators:\n"
        .to_owned();
    for job in 0..jobs {
        definitions += &format!("      - {{ name: n{job}, url: \"file://{}\" }}\n", page.display());
    }
    let (taken, outputs) = scoopi(nodes, &definitions, folder.path());
    for output in outputs {
        assert_eq!(fs::read_to_string(output).unwrap().lines().count(), jobs, "a row for each job");
    }
    let begun = taken.iter().map(|one| one.begun).fold(f64::INFINITY, f64::min);
    let ended = taken.iter().map(|one| one.ended).fold(0.0, f64::max);
    (ended - begun, taken.iter().map(|one| one.cpu).sum())
}

/// Seconds for jobs to be taken and finished with a row each, as many at a time as a node has in work.
async fn through_the_store(jobs: usize) -> f64 {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let recovery =
        Recovery::open(RunFolder::new(folder.path().to_owned()), LogKind::Redb, Durability::Process).unwrap();
    let commit = recovery.start(|_| Ok(Box::new(Nowhere))).unwrap();
    let store = Arc::new(NodeStore::join(commit.clone(), NodeId(1), Incarnation(1)).await.unwrap());
    for command in [Command::Begin(run()), Command::Resume] {
        store.propose(command).await.unwrap();
    }
    let Claim::Work(epoch) = store.enter(Barricade::Compose).await.unwrap() else {
        panic!("nobody else is here")
    };
    store.propose(Command::Publish { epoch, entries: vec![] }).await.unwrap();
    let Claim::Work(epoch) = store.enter(Barricade::Seed).await.unwrap() else {
        panic!("nobody else is here")
    };
    for command in seeds(epoch, jobs) {
        store.propose(command).await.unwrap();
    }
    let begun = Instant::now();
    let mut working = JoinSet::new();
    let mut done = 0;
    loop {
        // Asked for while the results before are on their way, as the engine does.
        let taken = store.take((IN_WORK / 2) as u32).await.unwrap();
        let is_over = taken.is_empty();
        for job in taken {
            let store = Arc::clone(&store);
            let rows = Rows { parts: vec![SinkRows { sink: 0, count: 1, bytes: b"a|b|1\n".to_vec() }] };
            working.spawn(async move { store.finish(&job, rows, vec![]).await.unwrap() });
        }
        while working.len() > if is_over { 0 } else { IN_WORK } {
            assert!(working.join_next().await.is_some_and(Result::unwrap), "a job was refused");
            done += 1;
        }
        if is_over {
            break;
        }
    }
    assert_eq!(done, jobs, "jobs that were finished");
    let seconds = begun.elapsed().as_secs_f64();
    drop(store);
    commit.close().await.unwrap();
    seconds
}

/// Prints what a job that waits takes of memory.
pub(crate) fn in_memory(jobs: usize) {
    let mut machine = Machine::default();
    let (node, incarnation) = (NodeId(1), Incarnation(1));
    let mut apply = |command| machine.apply(&command, &mut vec![]);
    let claim = |barricade| Command::Claim { barricade, node, incarnation };
    apply(Command::Begin(run()));
    apply(Command::Join { node, incarnation });
    let epoch = granted(&apply(claim(Barricade::Compose)));
    apply(Command::Publish { epoch, entries: vec![] });
    let epoch = granted(&apply(claim(Barricade::Seed)));
    let before = resident();
    for command in seeds(epoch, jobs) {
        apply(command);
    }
    let waiting = machine.counts().ready;
    assert_eq!(waiting, jobs as u64, "jobs that wait");
    let taken = resident() - before;
    println!(
        "{waiting} jobs that wait, URLs of {} bytes: {:.0} MiB, {:.0} bytes a job",
        locator(0).url.len(),
        taken as f64 / 1048576.0,
        taken as f64 / waiting as f64
    );
}

/// The epoch of a claim that was granted.
fn granted(reply: &Reply) -> Epoch {
    let Reply::Claimed(Claim::Work(epoch)) = reply else { panic!("nobody else is here, and yet: {reply:?}") };
    *epoch
}

fn run() -> Run {
    Run { id: RunId([7; 16]), date_time: 0, fingerprint: Fingerprint::default(), rules: RULES }
}

fn locator(number: usize) -> Locator {
    let url = format!("http://www.example.org/companies/{number:09}/overview.html");
    Locator { group: "company".into(), name: "site".into(), url }
}

/// The commands that make these jobs.
fn seeds(epoch: Epoch, jobs: usize) -> impl Iterator<Item = Command> {
    let mut digest = Fingerprint::default();
    let (mut sent, mut number, mut is_said) = (0, 0, false);
    std::iter::from_fn(move || {
        if sent == jobs {
            let end = Command::SeedDone { epoch, count: jobs as u64, digest };
            return (!std::mem::replace(&mut is_said, true)).then_some(end);
        }
        let locators: Vec<_> = (sent..jobs.min(sent + CHUNK)).map(locator).collect();
        digest = seed_digest(digest, &locators);
        sent += locators.len();
        number += 1;
        Some(Command::SeedChunk { epoch, number: number - 1, locators })
    })
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
