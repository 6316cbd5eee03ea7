//! What can be asked of the machine, and what it answers.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::model::{
    Epoch, Failure, Fingerprint, HostHint, Incarnation, Job, JobKey, Link, Locator, NodeId, Rows, RunId,
};

/// The rules of a run. They are part of the first command, so that every node applies the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Tries of a job that fails recoverably, the first one included.
    pub max_tries: u32,
    /// Crashes of a node while it held the job that the job survives; one more quarantines it.
    pub max_crashes: u32,
    /// Jobs of one http host that may be leased at a time. Where one fetcher keeps the host's real limit,
    /// this is that limit and some jobs ahead, so that a page is at hand when the one before is done. Where nodes
    /// share a host ([`Pacing::Shared`]), its real limit: what they take ahead comes on top, as many again.
    pub host_leases: u32,
    /// Of these, with what comes on top, those that a host has before its first page: each page that comes earns one more.
    /// So hosts that do not answer hold few jobs.
    pub host_first: u32,
    /// Who may have these leases.
    pub pacing: Pacing,
    /// Jobs that a run may have altogether; links beyond it are counted and not followed.
    pub max_jobs: u64,
    /// Bytes that the URLs of all jobs that are not over may have; links beyond it are counted and not followed.
    pub max_url_bytes: u64,
    /// Links between a locator to begin with and a page; links that lead deeper are counted and not followed.
    pub max_depth: u32,
}

/// Which nodes may have jobs of an http host at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pacing {
    /// Any: nothing but the number of leases limits what they ask of it together.
    AnyNode,
    /// The node that holds leases of it: its fetcher keeps the distance between two requests. When the last lease is
    /// over, the next node that asks may have the host, and its first job carries whether the host was another node's
    /// before.
    OneNode,
    /// Any node, within its places at the host ([`Job::host_places`]): an equal share for each node, and no more than
    /// `host_leases` for all together. A node may prefetch as many jobs again, once all places are taken; when a job
    /// ends, its place goes to one of them. When places become free later, the machine returns one of these jobs to the
    /// node again, with the places that it has then.
    Shared,
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its date-time in milliseconds since 1970, chosen once.
    pub date_time: i64,
    /// Fingerprint of definitions and configuration.
    pub fingerprint: Fingerprint,
    /// Its rules.
    pub rules: Rules,
}

/// A change to the shared state. Whatever varies (time, chance, the outside) is in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Begins the run. The same run again is a repetition; another one is refused.
    Begin(Run),
    /// A node takes part. Leases of its earlier incarnations become free and count as crashes.
    Join {
        /// The node.
        node: NodeId,
        /// This life of it.
        incarnation: Incarnation,
    },
    /// A node goes, in good order: what it still holds becomes free and counts as nothing.
    Leave {
        /// The node.
        node: NodeId,
        /// This life of it.
        incarnation: Incarnation,
    },
    /// A node is gone without a word: what it holds becomes free and counts as crashes.
    Expire {
        /// The node.
        node: NodeId,
        /// The life of it that is over.
        incarnation: Incarnation,
    },
    /// Asks to do the work behind a barricade.
    Claim {
        /// The barricade.
        barricade: Barricade,
        /// Who asks.
        node: NodeId,
        /// Which life of it.
        incarnation: Incarnation,
    },
    /// The holder of the composing barricade hands over what all nodes need. Opens it.
    Publish {
        /// Epoch of the claim.
        epoch: Epoch,
        /// Values by key.
        entries: Vec<(CompactString, Vec<u8>)>,
    },
    /// The work behind a barricade failed: the run cannot continue.
    PublishFailure {
        /// The barricade.
        barricade: Barricade,
        /// Epoch of the claim.
        epoch: Epoch,
        /// The reason, for people.
        reason: String,
    },
    /// Some locators to begin with.
    SeedChunk {
        /// Epoch of the claim of the seeding barricade.
        epoch: Epoch,
        /// 0 for the first chunk of this claim, then one more each time; a repeated number has no effect.
        number: u32,
        /// The locators.
        locators: Vec<Locator>,
    },
    /// All chunks were sent. Opens the seeding barricade if count and digest agree.
    SeedDone {
        /// Epoch of the claim of the seeding barricade.
        epoch: Epoch,
        /// How many locators the chunks held.
        count: u64,
        /// [`seed_digest`](super::seed_digest) of all of them.
        digest: Fingerprint,
    },
    /// Asks for jobs.
    Take {
        /// Who asks.
        node: NodeId,
        /// Which life of it.
        incarnation: Incarnation,
        /// Number of the request, from 1: one more than that of the last one that was answered. Asking
        /// again with the same number gives the same jobs; what a smaller number gave, the node knows.
        request: u64,
        /// How many jobs at most.
        max: u32,
        /// The log's own time in milliseconds, as the asking node sees it. Only decides which waits are over.
        now: u64,
    },
    /// A job came to its end: its rows and its links, in one decision.
    Finish {
        /// The job.
        job: JobKey,
        /// The lease.
        epoch: Epoch,
        /// Its rows.
        rows: Rows,
        /// Links found, to become jobs.
        links: Vec<Link>,
    },
    /// The page of a job is at another URL. The job is over without rows; the URL becomes a job, unless it is one already.
    Move {
        /// The job.
        job: JobKey,
        /// The lease.
        epoch: Epoch,
        /// The canonical URL that its server redirects to.
        to: String,
    },
    /// A job could not be brought to its end.
    Fail {
        /// The job.
        job: JobKey,
        /// The lease.
        epoch: Epoch,
        /// Why.
        failure: Failure,
        /// The log's own time in milliseconds, as the node sees it.
        now: u64,
        /// Milliseconds to wait before it is tried again, if it is.
        wait: u64,
        /// What this says of its host.
        host: HostHint,
    },
    /// A job is given back untouched.
    Release {
        /// The job.
        job: JobKey,
        /// The lease.
        epoch: Epoch,
        /// The log's own time in milliseconds, as the node sees it.
        now: u64,
        /// Why its host was not asked.
        host: HostHint,
    },
    /// No more jobs are handed out. The queue stays.
    Cancel,
    /// Continues after [`Command::Cancel`]; without one, nothing changes.
    Resume,
    /// A node votes for the end: it has no job in progress and sees none that it could take.
    Done {
        /// The node.
        node: NodeId,
        /// Which life of it.
        incarnation: Incarnation,
    },
}

impl Command {
    /// Roughly its size as bytes, where that can be much.
    pub(crate) fn weight(&self) -> u64 {
        let bytes = match self {
            Self::Finish { rows, links, .. } => return finish_weight(rows, links),
            Self::Fail { failure, .. } => failure.reason.len(),
            Self::Move { to, .. } => to.len(),
            Self::PublishFailure { reason, .. } => reason.len(),
            Self::Publish { entries, .. } => entries.iter().map(|(key, value)| key.len() + value.len()).sum(),
            Self::SeedChunk { locators, .. } => locators
                .iter()
                .map(|Locator { group, name, url }| group.len() + name.len() + url.len() + LENGTHS)
                .sum(),
            _ => 0,
        };
        bytes as u64
    }
}

/// Bytes that the lengths of a few short texts take at most.
const LENGTHS: usize = 27;

/// What a job's rows and links weigh in a command.
pub(in crate::store) fn finish_weight(rows: &Rows, links: &[Link]) -> u64 {
    let rows: usize = rows.parts.iter().map(|part| part.bytes.len() + LENGTHS).sum();
    let links: usize = links.iter().map(|link| link.group.len() + link.url.len() + LENGTHS).sum();
    (rows + links) as u64
}

/// Work that one node does while the others wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Barricade {
    /// Composing configuration and definitions.
    Compose,
    /// Making jobs of the locators to begin with.
    Seed,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Done.
    Accepted,
    /// Done before: this is the same command again, and nothing changed.
    Repeated,
    /// Not done; nothing changed.
    Refused(Refusal),
    /// The answer to [`Command::Take`].
    Taken {
        /// The jobs, each leased to the asker.
        jobs: Vec<Job>,
    },
    /// The answer to [`Command::Claim`].
    Claimed(Claim),
    /// The answer to an accepted [`Command::Fail`].
    Failed {
        /// Whether it will be tried again.
        again: bool,
    },
}

/// What a node that stands before a barricade should do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// Do the work, and name this epoch when it is done.
    Work(Epoch),
    /// Wait: another node does it.
    Wait(NodeId),
    /// The work is done: the node continues.
    Open,
    /// Stop: it failed, for this reason.
    Failed(String),
}

/// Why a command changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The job is not leased at that epoch: another node has it, or it is over. Also a request for jobs that came after
    /// the answer to a later one.
    Stale,
    /// Not in this phase.
    Phase(super::Phase),
    /// The node is not a member in that incarnation.
    NotAMember,
    /// The claim is not current.
    NotTheHolder,
    /// Count or digest of the seeds do not agree.
    SeedMismatch,
    /// A run was begun already.
    AlreadyBegun,
}

/// A job that ended without rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Where its page is.
    pub locator: Locator,
    /// Whether it failed for good, or was quarantined after too many tries or crashes.
    pub quarantined: bool,
    /// The step that gave up; empty for a crash.
    pub step: CompactString,
    /// The reason, for people.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
}
