//! What a world begins with: pages, rules, and how much harm may be done to it.

use scoopi::internals::model::{
    FailureClass, Fingerprint, Incarnation, JobKey, Link, Locator, NodeId, Rows, RunId, SinkRows,
};
use scoopi::internals::store::machine::{
    Barricade, Claim, Command, Machine, Pacing, Reply, Rules, Run, seed_digest,
};

use super::decisions::{Decided, Sent};
use super::node::{Node, Stage};

const RUN: RunId = RunId([7; 16]);

/// What happens to a node that works on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It gives a row.
    Healthy,
    /// It fails for ever.
    Failing(FailureClass),
    /// It brings the node down.
    Deadly,
    /// It is at the URL of another page.
    Moved(usize),
}

/// A page. Others name it by its place in the [`Site`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) nature: Nature,
    /// Pages that it links to.
    pub(crate) links: &'static [usize],
}

/// The web that is crawled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) pages: &'static [Page],
    /// Pages to begin with, chunk by chunk.
    pub(crate) chunks: &'static [&'static [usize]],
}

impl Site {
    pub(super) fn locator(page: usize) -> Locator {
        Locator { group: "g".into(), name: "n".into(), url: format!("http://host/{page}") }
    }

    /// The page behind a job; also of a job that should not be there.
    pub(super) fn page_of(locator: &Locator) -> usize {
        locator.url.rsplit('/').next().unwrap().parse().unwrap()
    }

    pub(super) fn key(page: usize) -> JobKey {
        let Locator { group, name, url } = Self::locator(page);
        JobKey::new(RUN, &group, &name, &url)
    }

    pub(super) fn rows() -> Rows {
        Rows { parts: vec![SinkRows { sink: 0, count: 1, bytes: vec![b'r'] }] }
    }

    pub(super) fn links(&self, page: usize) -> Vec<Link> {
        let links = self.pages[page].links.iter().map(|page| Self::locator(*page));
        links.map(|locator| Link { group: locator.group, url: locator.url }).collect()
    }

    pub(super) fn chunk(&self, number: usize) -> Option<Vec<Locator>> {
        self.chunks.get(number).map(|chunk| chunk.iter().map(|page| Self::locator(*page)).collect())
    }

    pub(super) fn seed_done(&self, epoch: scoopi::internals::model::Epoch) -> Command {
        let chunks = || (0..).map_while(|number| self.chunk(number));
        let digest = chunks().fold(Fingerprint::default(), |digest, chunk| seed_digest(digest, &chunk));
        Command::SeedDone { epoch, count: chunks().map(|chunk| chunk.len() as u64).sum(), digest }
    }
}

/// How often each harm may still be done. Every one of them may come at any moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// A node crashes; what it asked may be applied any time later, or never.
    pub(crate) crashes: u8,
    /// A node is taken for dead and lives.
    pub(crate) expiries: u8,
    /// A node crashes and comes back as another one, with an empty disk.
    pub(crate) lost_disks: u8,
    /// A command is applied and its answer is lost, so that it is asked again.
    pub(crate) lost_answers: u8,
    /// A copy of a command (or of a report that a node is dead) is applied any time later.
    pub(crate) late: u8,
    /// A node goes in the middle of the run, whatever it holds.
    pub(crate) leaves: u8,
    /// The run is cancelled, and resumed some time.
    pub(crate) cancels: u8,
    /// A node without work votes while others still have some.
    pub(crate) early_votes: u8,
    /// A try of a healthy page fails.
    pub(crate) failures: u8,
    /// A node gives a job back, because its host is busy or asked to be left alone.
    pub(crate) put_offs: u8,
}

/// Where a world begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Before the seeding barricade.
    Seeding,
    /// With all pages to begin with waiting.
    Running,
}

/// See the module docs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) nodes: u64,
    /// How many jobs a node takes ahead.
    pub(crate) ahead: usize,
    pub(crate) begins: Begins,
    pub(crate) site: Site,
    pub(crate) faults: Faults,
    /// All pages are of one host. Whose it is.
    pub(crate) pacing: Pacing,
    /// How many of its pages may be leased, or asked for, at a time.
    pub(crate) host_leases: u32,
    /// How many before its first page.
    pub(crate) host_first: u32,
    /// A machine without a run.
    pub(crate) machine: fn() -> Machine,
}

impl Setup {
    /// Exactly as strict as a healthy page can stand: each harm that counts as a crash, or as a failure, hits
    /// it once; a deadly page hits what was in work beside it once.
    fn rules(&self) -> Rules {
        let Faults { crashes, expiries, lost_disks, late, failures, .. } = self.faults;
        let deadly = self.site.pages.iter().filter(|page| page.nature == Nature::Deadly).count() as u32;
        let max_crashes = u32::from(crashes + expiries + lost_disks + late) + deadly;
        Rules {
            max_tries: u32::from(failures) + 1,
            max_crashes,
            host_leases: self.host_leases,
            host_first: self.host_first,
            pacing: self.pacing,
            max_jobs: 1000,
            max_url_bytes: 1 << 20,
            max_depth: 100,
        }
    }

    /// The nodes, and all commands that were applied to get where the world begins.
    pub(super) fn beginning(&self) -> (Decided, Vec<Node>, Vec<(Sent, Reply)>) {
        let run = Run { id: RUN, date_time: 0, fingerprint: Fingerprint::default(), rules: self.rules() };
        let mut machine = (self.machine)();
        let mut told = vec![];
        let mut tell = |command: Command| {
            let reply = machine.apply(&command, &mut vec![]);
            told.push((Sent::new(command), reply.clone()));
            reply
        };
        tell(Command::Begin(run));
        let lives = (1..=self.nodes).map(|node| (NodeId(node), Incarnation(1)));
        lives.clone().for_each(|(node, incarnation)| drop(tell(Command::Join { node, incarnation })));
        let (node, incarnation) = (NodeId(1), Incarnation(1));
        let claim = |tell: &mut dyn FnMut(Command) -> Reply, barricade| match tell(Command::Claim {
            barricade,
            node,
            incarnation,
        }) {
            Reply::Claimed(Claim::Work(epoch)) => epoch,
            reply => panic!("{reply:?}"),
        };
        let epoch = claim(&mut tell, Barricade::Compose);
        tell(Command::Publish { epoch, entries: vec![] });
        let stage = match self.begins {
            Begins::Seeding => Stage::Waiting,
            Begins::Running => {
                let epoch = claim(&mut tell, Barricade::Seed);
                for (number, locators) in (0..).map_while(|number| Some((number, self.site.chunk(number)?))) {
                    tell(Command::SeedChunk { epoch, number: number as u32, locators });
                }
                tell(self.site.seed_done(epoch));
                Stage::Working
            }
        };
        let nodes = lives.map(|(node, life)| Node::new(node, life, stage)).collect();
        (Decided::new(machine), nodes, told)
    }
}
