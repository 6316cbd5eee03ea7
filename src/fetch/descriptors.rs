//! How many descriptors connections may take.
//!
//! Knows the limit of the process (`ulimit -n`) and that others need descriptors too: the log, output files, the
//! cluster, pages that are files. Does not know what a connection is.

use std::io;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use tokio::time::{Instant, sleep};
use tracing::warn;

/// Descriptors that are left for everything else, whatever the limit.
const OTHERS: usize = 64;

/// Connections that may be made even where the limit leaves nothing: without any, no page would come.
const LEAST: usize = 4;

/// Most connections at a time, in use and waiting, whatever the limit.
const MOST: usize = 16 * 1024;

/// The connections that this process may have at a time.
pub(super) fn for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    share(limit, open_now())
}

/// What connections may take of `limit` while others hold `open` descriptors: a quarter of the limit, and some more than
/// they hold now, stays theirs.
fn share(limit: usize, open: usize) -> usize {
    let others = (limit / 4).max(open.saturating_add(OTHERS));
    limit.saturating_sub(others).clamp(LEAST, MOST)
}

/// Descriptors that are open now; none where the system does not tell.
fn open_now() -> usize {
    std::fs::read_dir("/dev/fd").map_or(0, Iterator::count)
}

/// Whether the process (`EMFILE`) or the machine (`ENFILE`) has no descriptor left.
pub(super) fn are_used_up(error: &io::Error) -> bool {
    let used_up = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| used_up.contains(&code))
}

/// Between two tries where no descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two messages about it.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// A time without descriptors, which passes.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    said: Mutex<Option<Instant>>,
}

impl Shortage {
    /// Lets some time pass before the next try, and tells the user now and then.
    pub(super) async fn pause(&self) {
        if self.is_news() {
            warn!(
                "all file descriptors are in use: fetching waits until one is free (`ulimit -n` raises the limit)"
            );
        }
        sleep(PAUSE).await;
    }

    fn is_news(&self) -> bool {
        let (now, mut said) = (Instant::now(), self.said.lock());
        let is_news = said.is_none_or(|said| now.duration_since(said) >= SAID_EVERY);
        if is_news {
            *said = Some(now);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_keep_a_quarter_of_the_limit_and_more_than_they_hold() {
        for (limit, open, connections) in [
            (1024, 20, 768),
            (1024, 500, 460),
            (256, 20, 172),
            (256, 250, LEAST),
            (64, 10, LEAST),
            (1_000_000, 20, MOST),
            (usize::MAX, usize::MAX, LEAST),
        ] {
            assert_eq!(share(limit, open), connections, "{limit}, {open} open");
        }
    }

    #[test]
    fn a_process_sees_its_own_descriptors() {
        assert!(open_now() >= 3);
        assert!((LEAST..=MOST).contains(&for_connections()));
    }

    #[test]
    fn only_a_lack_of_descriptors_is_one() {
        for (code, expected) in [(23, true), (24, true), (2, false), (111, false)] {
            assert_eq!(are_used_up(&io::Error::from_raw_os_error(code)), expected, "{code}");
        }
        assert!(!are_used_up(&io::Error::other("too many open files")));
    }
}
