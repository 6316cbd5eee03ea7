//! What the hammer takes for granted about scoopi: its words, options, exit codes and times.
//!
//! All of it stands here, so that a changed word in a log line is changed in one place. Whatever is wrong here makes
//! runs fail with a message that names the words or the limit.

use std::time::Duration;

use crate::support::scoopi::RUN_DATE;
use crate::support::site::Site;

/// 2040 pages, half of a second of work for a server that answers at once.
pub(super) const SITE: Site = Site { lists: 40, text: 20 };

/// The page that the server keeps to itself until a run may end.
pub(super) const GATE: &str = "item/1003.html";

/// How long the server takes for a page: with [`PARALLELISM`] the run lasts long enough to be hit in its middle.
pub(super) const PAGE_DELAY: Duration = Duration::from_millis(15);

/// Requests at a time.
const PARALLELISM: usize = 16;

/// How long a node may be silent before its jobs go to others.
pub(super) const SESSION: Duration = Duration::from_millis(2000);

/// How often a node says that it lives.
const KEEP_ALIVE: Duration = Duration::from_millis(400);

/// The port that nodes listen on in namespaces, where each has an address of its own.
pub(super) const PORT: u16 = 4001;

/// What nodes say, at level info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It holds the barricade of definitions.
    Composes,
    /// It holds the barricade of seeding.
    Seeds,
    /// It became leader.
    Leads,
    /// Nodes are ready to take jobs.
    Begins,
    /// All is done.
    Over,
}

impl Word {
    pub(super) const ALL: [Self; 5] = [Self::Composes, Self::Seeds, Self::Leads, Self::Begins, Self::Over];

    /// How it is said, one way or the other.
    pub(super) fn said(self) -> &'static [&'static str] {
        match self {
            Self::Composes => &["this node composes the definitions"],
            Self::Seeds => &["this node seeds"],
            Self::Leads => &["this node leads"],
            Self::Begins => &["work begins"],
            Self::Over => &["run is over", "no job is in progress"],
        }
    }
}

/// What no log may say.
pub(super) const PANICS: [&str; 3] = ["panicked at", "internal error", "stack backtrace"];

/// The exit code of a run that is complete.
pub(super) const COMPLETE: i32 = 0;

/// The exit code of a node that was told to go.
pub(super) const DRAINED: i32 = 130;

/// State of a member that takes part.
pub(super) const LIVE: &str = "live";

/// Log entries that a member may be behind and still count as being back.
pub(super) const LAG: u64 = 64;

/// Arguments of a first start.
pub(super) const FIRST: [&str; 0] = [];

/// Arguments of a start with the data of an earlier one.
pub(super) const AGAIN: [&str; 1] = ["--resume"];

/// Longest time from the start to a moment or a role that a plan waits for.
pub(super) const MOMENT_LIMIT: Duration = Duration::from_secs(60);

/// Longest time until others know that a node is gone.
pub(super) const EXPIRY_LIMIT: Duration = Duration::from_secs(20);

/// Longest time until a node that came back takes part again.
pub(super) const RETURN_LIMIT: Duration = Duration::from_secs(30);

/// Longest time from the answer to the last page until the end of all nodes.
pub(super) const END_LIMIT: Duration = Duration::from_secs(40);

/// How long a node that was told to go may take.
pub(super) const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// How long a node that came back when all was over may look for the others before it is stopped.
pub(super) const LATE_LIMIT: Duration = Duration::from_secs(3);

/// How long after its start a process may still be ended by a SIGTERM as if it had no handler for it.
pub(super) const HANDLERS_LIMIT: Duration = Duration::from_millis(500);

/// Settings of every node.
pub(super) fn settings(is_cluster: bool) -> Vec<String> {
    let mut settings = vec![
        RUN_DATE.to_owned(),
        "loader.fetch.delay=0".to_owned(),
        format!("loader.fetch.parallelism={PARALLELISM}"),
        // The page behind the gate may take long.
        "fetch.timeout.firstByte=300000".to_owned(),
        "fetch.timeout.total=300000".to_owned(),
    ];
    if is_cluster {
        settings.push(format!("cluster.session={}", SESSION.as_millis()));
        // Small enough for several snapshots in each run, so that who comes back is sent one.
        settings.push("store.snapshotAfter=20000".to_owned());
        settings.push(format!("cluster.keepAlive={}", KEEP_ALIVE.as_millis()));
        // Who was killed for good is waited for at the end, within what a round may take.
        settings.push(format!("cluster.linger={}", SESSION.as_millis()));
    }
    settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
}
