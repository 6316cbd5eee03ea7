//! The budget of file descriptors for connections.
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

/// Descriptors that stay free for everything else, whatever the limit.
const OTHERS: usize = 64;

/// Connections that are allowed even if the limit leaves none: without a connection, the run cannot fetch a page.
const LEAST: usize = 4;

/// Most connections at a time, active and idle, whatever the limit.
const MOST: usize = 16 * 1024;

/// Returns how many connections this process may have at a time.
pub(super) fn for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    share(limit, open_now())
}

/// Returns the connections' share of `limit` while others hold `open` descriptors: a quarter of the limit, and at least
/// [`OTHERS`] more than they hold now, stays for them.
fn share(limit: usize, open: usize) -> usize {
    let others = (limit / 4).max(open.saturating_add(OTHERS));
    limit.saturating_sub(others).clamp(LEAST, MOST)
}

/// Returns the number of open descriptors; 0 if the system does not report it.
fn open_now() -> usize {
    std::fs::read_dir("/dev/fd").map_or(0, Iterator::count)
}

/// Whether all descriptors of the process (`EMFILE`) or the machine (`ENFILE`) are in use.
pub(super) fn are_used_up(error: &io::Error) -> bool {
    let used_up = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| used_up.contains(&code))
}

/// Pause between two tries while all descriptors are in use.
const PAUSE: Duration = Duration::from_millis(50);

/// Interval between two warnings about it.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// A temporary shortage of descriptors.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    said: Mutex<Option<Instant>>,
}

impl Shortage {
    /// Waits before the next try, and warns the user at intervals.
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
