//! Connections that wait for their next request.
//!
//! Knows hosts by name, how long a connection may be idle and how many may be idle in all; not what is sent on them. An
//! idle connection is not watched: the pool checks whether the server has closed it when it is taken out. When there are
//! too many, whatever their hosts, the pool closes the connection that was idle longest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Least time between two looks at all connections.
const SWEEP: Duration = Duration::from_secs(1);

/// Idle connections by host.
#[derive(Debug)]
pub(super) struct Pool<C> {
    per_host: usize,
    most: usize,
    life: Duration,
    waiting: Mutex<Waiting<C>>,
    came: Notify,
}

#[derive(Debug)]
struct Waiting<C> {
    /// By host and port, the one that has waited longest first.
    hosts: HashMap<Arc<str>, Vec<Entry<C>>>,
    /// The hosts of all idle connections by number, and so in the order in which they came.
    order: BTreeMap<u64, Arc<str>>,
    next: u64,
    swept: Instant,
}

#[derive(Debug)]
struct Entry<C> {
    number: u64,
    since: Instant,
    connection: C,
}

impl<C> Pool<C> {
    /// A pool that keeps `per_host` connections for a host and `most` in all, each for `life`.
    pub(super) fn new(per_host: usize, most: usize, life: Duration) -> Self {
        let waiting =
            Waiting { hosts: HashMap::new(), order: BTreeMap::new(), next: 0, swept: Instant::now() };
        Self { per_host, most, life, waiting: Mutex::new(waiting), came: Notify::new() }
    }

    /// The connection to `host` that was used last.
    pub(super) fn take(&self, host: &str) -> Option<C> {
        let mut waiting = self.waiting.lock();
        waiting.sweep(self.life);
        let entry = waiting.hosts.get_mut(host)?.pop()?;
        waiting.order.remove(&entry.number);
        (entry.since.elapsed() < self.life).then_some(entry.connection)
    }

    /// Keeps a connection that can carry another request.
    pub(super) fn put(&self, host: &str, connection: C) {
        let mut waiting = self.waiting.lock();
        waiting.sweep(self.life);
        let name = match waiting.hosts.get_key_value(host) {
            Some((_, others)) if others.len() >= self.per_host => return,
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(host),
        };
        let number = waiting.next;
        waiting.next += 1;
        waiting.order.insert(number, Arc::clone(&name));
        let entry = Entry { number, since: Instant::now(), connection };
        waiting.hosts.entry(name).or_default().push(entry);
        let oldest = if waiting.order.len() > self.most { waiting.pop_oldest() } else { None };
        // Closing may take a while; callers must not wait for it.
        drop(waiting);
        drop(oldest);
        self.came.notify_one();
    }

    /// Waits until a connection becomes idle, or returns at once if one did since the last call.
    pub(super) async fn one_came(&self) {
        self.came.notified().await;
    }

    /// Closes the connection that was idle longest, whatever its host. Returns whether there was one.
    pub(super) fn close_oldest(&self) -> bool {
        let oldest = self.waiting.lock().pop_oldest();
        oldest.is_some()
    }
}

impl<C> Waiting<C> {
    fn pop_oldest(&mut self) -> Option<C> {
        let (number, host) = self.order.pop_first()?;
        let waiting = self.hosts.get_mut(&host)?;
        let at = waiting.iter().position(|entry| entry.number == number)?;
        let connection = waiting.remove(at).connection;
        if waiting.is_empty() {
            self.hosts.remove(&host);
        }
        Some(connection)
    }

    /// Closes connections that have waited too long, of all hosts.
    fn sweep(&mut self, life: Duration) {
        if self.swept.elapsed() < SWEEP {
            return;
        }
        self.swept = Instant::now();
        let order = &mut self.order;
        self.hosts.retain(|_, waiting| {
            waiting.retain(|entry| {
                let stays = entry.since.elapsed() < life;
                if !stays {
                    order.remove(&entry.number);
                }
                stays
            });
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
        let pool = Pool::new(2, 10, LIFE);
        for connection in [1, 2, 3] {
            pool.put("a:80", connection);
        }
        pool.put("b:80", 4);
        assert_eq!([pool.take("a:80"), pool.take("a:80"), pool.take("a:80")], [Some(2), Some(1), None]);
        assert_eq!(pool.take("b:80"), Some(4));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_waited_too_long_is_closed_whoever_comes() {
        let pool = Pool::new(2, 10, LIFE);
        pool.put("a:80", 1);
        tokio::time::advance(LIFE - Duration::from_millis(1)).await;
        pool.put("b:80", 2);
        assert_eq!(pool.waiting.lock().hosts.len(), 2);
        tokio::time::advance(SWEEP).await;
        assert_eq!(pool.take("b:80"), Some(2));
        assert_eq!(pool.waiting.lock().hosts.len(), 1, "the idle host is gone");
        assert_eq!(pool.take("a:80"), None);
        assert!(pool.waiting.lock().order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_waited_longest_is_closed_first_of_all_hosts() {
        let pool = Pool::new(2, 10, LIFE);
        for (host, connection) in [("a:80", 1), ("b:80", 2), ("a:80", 3), ("c:80", 4)] {
            pool.put(host, connection);
        }
        // It was used again, and so is the youngest.
        pool.put("b:80", pool.take("b:80").unwrap());
        assert!(pool.close_oldest() && pool.close_oldest());
        assert_eq!(pool.take("a:80"), None, "both of `a` were older than those of `c` and `b`");
        assert!(pool.close_oldest());
        assert_eq!((pool.take("c:80"), pool.take("b:80")), (None, Some(2)));
        assert!(!pool.close_oldest());
        let waiting = pool.waiting.lock();
        assert!(waiting.order.is_empty() && waiting.hosts.values().all(Vec::is_empty));
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_hosts_leave_no_more_connections_than_there_may_be() {
        let pool = Pool::new(2, 10, LIFE);
        for number in 0..10_000 {
            pool.put(&format!("h{number}:80"), number);
        }
        let waiting = pool.waiting.lock();
        assert_eq!((waiting.order.len(), waiting.hosts.len()), (10, 10));
        assert!(waiting.hosts.values().flatten().all(|entry| entry.connection >= 9_990));
    }
}
