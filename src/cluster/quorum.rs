//! Whether enough members are in touch for anything to be decided.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::member::Metrics;

/// Whether anything can be decided, as one node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quorum {
    /// Not known yet: this node has only begun to look.
    Looking,
    /// Enough members are in touch.
    There,
    /// The run is paused until enough members are in touch again.
    Lost,
}

impl Quorum {
    /// For people and their programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Looking => "unknown",
            Self::There => "there",
            Self::Lost => "lost",
        }
    }

    /// What Raft's figures say. A leader has lost its quorum when nobody confirmed it for twice the time after which
    /// others would elect another one.
    fn of(metrics: &Metrics, before: Self, election: Duration) -> Self {
        let is_confirmed = |millis: u64| Duration::from_millis(millis) < election * 4;
        let is_there = match metrics.current_leader {
            None => false,
            Some(leader) if leader == metrics.id => {
                metrics.millis_since_quorum_ack.is_some_and(is_confirmed) || before == Self::Looking
            }
            Some(_) => true,
        };
        match (is_there, before) {
            (true, _) => Self::There,
            (false, Self::Looking) => Self::Looking,
            (false, _) => Self::Lost,
        }
    }
}

/// Keeps `quorum` true, until Raft has ended. An election among members that are in touch is no loss: only one that
/// takes longer than a few of its rounds is told.
pub(super) async fn watch_quorum(
    mut metrics: watch::Receiver<Metrics>,
    election: Duration,
    quorum: watch::Sender<Quorum>,
) {
    let mut lost_since = None;
    loop {
        let (now, before) = (tokio::time::Instant::now(), *quorum.borrow());
        match Quorum::of(&metrics.borrow_and_update(), before, election) {
            Quorum::Lost if before == Quorum::There => {
                let since = *lost_since.get_or_insert(now);
                if now.duration_since(since) > election * 5 {
                    quorum.send_replace(Quorum::Lost);
                }
            }
            seen => {
                lost_since = None;
                quorum.send_if_modified(|quorum| std::mem::replace(quorum, seen) != seen);
            }
        }
        tokio::select! {
            changed = metrics.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(election / 2) => {}
        }
    }
}
