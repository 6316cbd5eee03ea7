//! Connections that wait for their next request.
//!
//! Knows hosts by name and how long a connection may wait; not what is said over it. A connection that waits is held
//! and not watched: whether the server has closed it meanwhile is asked when it is taken out.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Least time between two looks at all connections.
const SWEEP: Duration = Duration::from_secs(1);

/// See the module docs.
#[derive(Debug)]
pub(super) struct Pool<C> {
    per_host: usize,
    life: Duration,
    waiting: Mutex<Waiting<C>>,
}

#[derive(Debug)]
struct Waiting<C> {
    /// By host and port, the one that has waited longest first.
    hosts: HashMap<String, Vec<(Instant, C)>>,
    swept: Instant,
}

impl<C> Pool<C> {
    /// A pool that keeps so many connections for a host, each so long.
    pub(super) fn new(per_host: usize, life: Duration) -> Self {
        let waiting = Waiting { hosts: HashMap::new(), swept: Instant::now() };
        Self { per_host, life, waiting: Mutex::new(waiting) }
    }

    /// The connection to `host` that was used last.
    pub(super) fn take(&self, host: &str) -> Option<C> {
        let mut waiting = self.waiting.lock();
        waiting.sweep(self.life);
        let (since, connection) = waiting.hosts.get_mut(host)?.pop()?;
        (since.elapsed() < self.life).then_some(connection)
    }

    /// Keeps a connection that can carry another request.
    pub(super) fn put(&self, host: &str, connection: C) {
        let mut waiting = self.waiting.lock();
        waiting.sweep(self.life);
        let entry = (Instant::now(), connection);
        match waiting.hosts.get_mut(host) {
            Some(others) if others.len() < self.per_host => others.push(entry),
            Some(_) => {}
            None => drop(waiting.hosts.insert(host.to_owned(), vec![entry])),
        }
    }
}

impl<C> Waiting<C> {
    /// Closes connections that have waited too long, of all hosts.
    fn sweep(&mut self, life: Duration) {
        if self.swept.elapsed() < SWEEP {
            return;
        }
        self.swept = Instant::now();
        self.hosts.retain(|_, waiting| {
            waiting.retain(|(since, _)| since.elapsed() < life);
            !waiting.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn the_one_used_last_comes_first_and_no_host_has_more_than_its_number() {
        let pool = Pool::new(2, LIFE);
        for connection in [1, 2, 3] {
            pool.put("a:80", connection);
        }
        pool.put("b:80", 4);
        assert_eq!([pool.take("a:80"), pool.take("a:80"), pool.take("a:80")], [Some(2), Some(1), None]);
        assert_eq!(pool.take("b:80"), Some(4));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_waited_too_long_is_closed_whoever_comes() {
        let pool = Pool::new(2, LIFE);
        pool.put("a:80", 1);
        tokio::time::advance(LIFE - Duration::from_millis(1)).await;
        pool.put("b:80", 2);
        assert_eq!(pool.waiting.lock().hosts.len(), 2);
        tokio::time::advance(SWEEP).await;
        assert_eq!(pool.take("b:80"), Some(2));
        assert_eq!(pool.waiting.lock().hosts.len(), 1, "the host that nobody asks for is gone");
        assert_eq!(pool.take("a:80"), None);
    }
}
