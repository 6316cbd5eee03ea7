//! How much one host is asked at a time, and how often.
//!
//! Knows hosts by name, the two settings and the monotonic clock. Does not know what a request is: the holder of a
//! [`Pass`] may send one. Waiting is first come, first served, and a waiter that is dropped takes nothing with it.
//!
//! ```text
//! enter(host) ─▶ slots (parallelism, or the quota) ─▶ turn (one at a time waits for the clock, then for a permit) ─▶ Pass
//! ```
//!
//! A request may also need a permit of a pool that all hosts share. A pass holds the permit only while it does not have to
//! wait for its host, so that hosts with waiting requests do not take permits from others. A request with a deadline does
//! not wait beyond it: it gets the time that the host waits, and may come again. Time that the gate waited for a permit does
//! not count, because the host is not its cause.
//!
//! A host may be asked from several machines in turn, each with gates of its own. The caller passes the host's handover
//! count; if it is higher than before, the gate opens a whole delay later, as if the host had been asked just now. If a
//! host may be asked from several machines at the same time, the caller passes how many places at the host this machine
//! has.
//!
//! The gates can be closed for good: requests that wait in front of one are rejected, requests that are through
//! continue.

mod patience;
mod slots;

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use crate::model::HostPlaces;

use patience::{Deadline, PoolTime};
use slots::{Slot, Slots};

/// Idle hosts are forgotten when this many are known, and again whenever their number has doubled since.
const SWEEP: usize = 1024;

/// With this many hosts known, idle ones are forgotten even while they want to be left alone.
const MOST: usize = 64 * 1024;

/// The gates of all hosts.
#[derive(Debug)]
pub(super) struct Gates {
    parallelism: NonZeroUsize,
    delay: Duration,
    hosts: Mutex<Hosts>,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Hosts {
    gates: HashMap<String, Arc<Gate>>,
    sweep_at: usize,
}

/// The gate of one host.
#[derive(Debug)]
struct Gate {
    slots: Arc<Slots>,
    /// Held by the one who waits for the clock, so that starts keep their order and their distance.
    turn: tokio::sync::Mutex<()>,
    opening: Mutex<Opening>,
    pool_time: PoolTime,
}

/// When a gate opens.
#[derive(Debug, Default)]
struct Opening {
    /// No request may start before.
    at: Option<Instant>,
    /// How often the host has moved, as far as is known here.
    moves: u32,
}

/// The right to send one request at a time to a host, until dropped.
#[derive(Debug)]
pub(super) struct Pass<'p> {
    host: String,
    gate: Arc<Gate>,
    delay: Duration,
    pool: Option<&'p Semaphore>,
    /// Its permit of the pool, while a request may run.
    place: Option<SemaphorePermit<'p>>,
    _slot: Slot,
}

/// The reason why a request may not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// The gates are closed for good.
    Closed,
    /// Other requests to the host ran, or waited in front, until the deadline.
    Busy,
    /// The host waits for this time, which ends after the deadline.
    Waits(Duration),
}

/// What the caller knows of the host and of the request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word<'p> {
    /// The pool of permits for requests to all hosts together.
    pub(super) pool: Option<&'p Semaphore>,
    /// Longest time that the request waits for its host.
    pub(super) patience: Option<Duration>,
    /// Longest time that it waits for other requests to its host, if that is another one.
    pub(super) busy: Option<Duration>,
    /// How often it moved.
    pub(super) moves: u32,
    /// How many requests may run from here at a time, where that is not simply the parallelism.
    pub(super) places: Option<HostPlaces>,
}

impl Gates {
    pub(super) fn new(parallelism: NonZeroUsize, delay: Duration) -> Self {
        let hosts = Hosts { gates: HashMap::new(), sweep_at: SWEEP };
        Self { parallelism, delay, hosts: Mutex::new(hosts), closed: watch::Sender::new(false) }
    }

    /// Rejects first requests that wait, now or later.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits until the gates are closed.
    pub(super) async fn closed(&self) {
        let mut closed = self.closed.subscribe();
        // The sender is here, so waiting cannot fail.
        let _closed = closed.wait_for(|closed| *closed).await;
    }

    /// Whether the gates are closed.
    pub(super) fn are_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Sets how many requests to `host` may run from here at a time.
    pub(super) fn hear(&self, host: &str, places: HostPlaces) {
        self.gate(host).slots.hear(places);
    }

    /// Waits for permission to send the first request to `host`.
    ///
    /// # Errors
    /// The gates are closed, or the request would wait for longer than it may.
    pub(super) async fn enter_if_open<'p>(&self, host: &str, word: Word<'p>) -> Result<Pass<'p>, Denied> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(Denied::Closed),
            pass = self.enter(host, word) => pass,
        }
    }

    /// The same as [`Gates::enter_if_open`], also when the gates are closed.
    ///
    /// # Errors
    /// The request would wait for longer than it may.
    pub(super) async fn enter<'p>(&self, host: &str, word: Word<'p>) -> Result<Pass<'p>, Denied> {
        let gate = self.gate(host);
        let mut deadlines = Deadlines::new(word, &gate.pool_time);
        gate.opening.lock().move_on(word.moves, self.delay);
        word.places.into_iter().for_each(|places| gate.slots.hear(places));
        let slot = by(&mut deadlines.busy, &gate.pool_time, gate.slots.enter()).await?;
        let host = host.to_owned();
        let mut pass = Pass { host, gate, delay: self.delay, pool: word.pool, place: None, _slot: slot };
        pass.start(deadlines).await?;
        Ok(pass)
    }

    fn gate(&self, host: &str) -> Arc<Gate> {
        let mut hosts = self.hosts.lock();
        if let Some(gate) = hosts.gates.get(host) {
            return Arc::clone(gate);
        }
        hosts.sweep();
        let gate = Arc::new(Gate {
            slots: Slots::new(self.parallelism.get()),
            turn: tokio::sync::Mutex::new(()),
            opening: Mutex::default(),
            pool_time: PoolTime::default(),
        });
        hosts.gates.insert(host.to_owned(), Arc::clone(&gate));
        gate
    }
}

impl Hosts {
    fn sweep(&mut self) {
        if self.gates.len() < self.sweep_at {
            return;
        }
        let now = Instant::now();
        let idle = |gate: &Arc<Gate>| Arc::strong_count(gate) == 1;
        self.gates.retain(|_, gate| !idle(gate) || gate.opening.lock().at.is_some_and(|opens| opens > now));
        if self.gates.len() >= MOST {
            self.gates.retain(|_, gate| !idle(gate));
        }
        self.sweep_at = (self.gates.len() * 2).clamp(SWEEP, MOST);
    }
}

impl Opening {
    /// Puts the next request off, if the host has moved since the last one. A gate that was forgotten takes
    /// every move for news, which costs one delay.
    fn move_on(&mut self, moves: u32, delay: Duration) {
        if moves > self.moves {
            self.moves = moves;
            self.put_off(Instant::now() + delay);
        }
    }

    /// Returns when the gate opens, if that is later than `now`.
    fn later_than(&self, now: Instant) -> Option<Instant> {
        self.at.filter(|opens| *opens > now)
    }

    fn put_off(&mut self, until: Instant) {
        self.at = Some(self.at.map_or(until, |opens| opens.max(until)));
    }
}

/// Until when a request waits.
#[derive(Debug)]
struct Deadlines {
    /// For other requests to its host.
    busy: Option<Deadline>,
    /// For the time from which its host may be asked.
    opens: Option<Deadline>,
}

impl Deadlines {
    fn new(word: Word<'_>, pool: &PoolTime) -> Self {
        let after = |patience: Option<Duration>| patience.map(|patience| Deadline::after(patience, pool));
        Self { busy: after(word.busy.or(word.patience)), opens: after(word.patience) }
    }

    /// Whether the request does not wait until the host `opens`.
    fn are_over(&mut self, opens: Instant, pool: &PoolTime) -> bool {
        self.opens.as_mut().is_some_and(|deadline| opens > deadline.at(pool))
    }
}

/// Returns the result of `wait`, or [`Denied::Busy`] at the deadline.
async fn by<T>(
    deadline: &mut Option<Deadline>,
    pool: &PoolTime,
    wait: impl Future<Output = T>,
) -> Result<T, Denied> {
    match deadline {
        None => Ok(wait.await),
        Some(deadline) => deadline.hold(pool, wait).await,
    }
}

impl Pass<'_> {
    /// The host that this pass is for.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Waits until one more request may start under this pass, as after a redirect on the same host.
    ///
    /// # Errors
    /// The request would wait for longer than `word` says.
    pub(super) async fn again(&mut self, word: Word<'_>) -> Result<(), Denied> {
        self.place = None;
        let deadlines = Deadlines::new(word, &self.gate.pool_time);
        self.start(deadlines).await
    }

    async fn start(&mut self, mut deadlines: Deadlines) -> Result<(), Denied> {
        let gate = Arc::clone(&self.gate);
        let _turn = by(&mut deadlines.busy, &gate.pool_time, gate.turn.lock()).await?;
        loop {
            // The host may have asked for more time while this request waited for time or permit, hence the loop.
            let now = Instant::now();
            let opens = gate.opening.lock().later_than(now);
            match (opens, self.pool) {
                (Some(opens), _) if deadlines.are_over(opens, &gate.pool_time) => {
                    return Err(Denied::Waits(opens - now));
                }
                (Some(opens), _) => {
                    self.place = None;
                    sleep_until(opens).await;
                }
                // The semaphore is never closed; without a permit the delay still holds.
                (None, Some(pool)) if self.place.is_none() => {
                    let _waiting = gate.pool_time.begin();
                    self.place = pool.acquire().await.ok();
                }
                (None, _) => {
                    gate.opening.lock().at = Some(now + self.delay);
                    return Ok(());
                }
            }
        }
    }

    /// Blocks new requests to this host for `time`.
    pub(super) fn hold(&self, time: Duration) {
        self.gate.opening.lock().put_off(Instant::now() + time);
    }
}

#[cfg(test)]
mod tests;
