//! A network between simulated hosts: connections are made and bytes arrive when, and if, the switch lets them.
//!
//! What a stream promises holds here, too: bytes come in their order and once, or the stream breaks. A packet that is
//! lost is one that comes later, and a cable that is cut holds back what is on its way until it is mended or the
//! stream is given up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::cluster::{Address, Conversation, Network, SelfDial};
use crate::model::NodeId;

use super::clock;
use super::random::Random;
use super::stream::SimulatedStream;

/// For a connection to come about.
const DIAL: Duration = Duration::from_secs(3);

/// A stream that has not got through for this time, in milliseconds, breaks.
const BROKEN: u64 = 8_000;

/// How much later a packet comes that was lost.
const AGAIN: Range<u64> = 60..500;

/// Connections that may wait for a node to take them.
pub(super) const BACKLOG: usize = 64;

type Opened = mpsc::Sender<Conversation<SimulatedStream>>;
type Answer = oneshot::Sender<io::Result<Conversation<SimulatedStream>>>;
type Answered = (Answer, io::Result<Conversation<SimulatedStream>>);

/// The network of all hosts.
#[derive(Clone)]
pub(super) struct Switch(pub(super) Arc<Mutex<State>>);

pub(super) struct State {
    random: Random,
    hosts: Vec<Port>,
    /// From whom nothing comes to whom.
    pub(super) cut: BTreeSet<(usize, usize)>,
    /// How long a packet takes, in milliseconds.
    pub(super) delay: Range<u64>,
    /// How many of a hundred packets are lost.
    pub(super) loss: u64,
    dials: Vec<Dial>,
    pub(super) pipes: BTreeMap<u64, Pipe>,
    next: u64,
}

/// Where a host is plugged in.
#[derive(Clone)]
struct Port {
    id: NodeId,
    /// A process listens.
    opened: Option<Opened>,
    /// The whole machine is off: it does not refuse connections either.
    is_off: bool,
    is_paused: bool,
}

struct Dial {
    from: usize,
    to: usize,
    due: u64,
    answer: Answer,
}

/// One direction of a stream.
pub(super) struct Pipe {
    from: usize,
    to: usize,
    /// On their way, with the time when they are there.
    pub(super) packets: VecDeque<(u64, Vec<u8>)>,
    pub(super) on_the_way: usize,
    pub(super) arrived: VecDeque<u8>,
    /// Nothing more is written; the time when the reader sees that.
    pub(super) ends: Option<u64>,
    pub(super) has_ended: bool,
    pub(super) is_broken: bool,
    /// The reader is gone; the time when the writer sees that.
    pub(super) unread: Option<u64>,
    pub(super) is_unread: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is killed: its host closes what it had open.
    Killed,
    /// Its host loses power: no peer is notified.
    Unplugged,
}

impl Switch {
    pub(super) fn new(random: Random, hosts: usize) -> Self {
        let port = Port { id: NodeId(0), opened: None, is_off: false, is_paused: false };
        Self(Arc::new(Mutex::new(State {
            random,
            hosts: (0..=hosts).map(|_| port.clone()).collect(),
            cut: BTreeSet::new(),
            delay: 1..4,
            loss: 0,
            dials: vec![],
            pipes: BTreeMap::new(),
            next: 0,
        })))
    }

    /// The network as a host sees it.
    pub(super) fn host(&self, host: usize) -> SimulatedNetwork {
        SimulatedNetwork { switch: self.clone(), host }
    }

    /// A process listens.
    pub(super) fn listen(&self, host: usize, id: NodeId) -> mpsc::Receiver<Conversation<SimulatedStream>> {
        let (opened, incoming) = mpsc::channel(BACKLOG);
        let mut state = self.0.lock();
        if state.hosts[host].is_off {
            // No end knows of what is left of the streams before.
            let old = |pipe: &&mut Pipe| pipe.from == host || pipe.to == host;
            state.pipes.values_mut().filter(old).for_each(|pipe| pipe.is_broken = true);
        }
        state.hosts[host] = Port { id, opened: Some(opened), is_off: false, is_paused: false };
        incoming
    }

    /// A process is about to end.
    pub(super) fn end(&self, host: usize, end: End) {
        let mut state = self.0.lock();
        state.hosts[host].is_off = end == End::Unplugged;
        state.hosts[host].is_paused = false;
        let opened = state.hosts[host].opened.take();
        drop(state);
        drop(opened);
    }

    pub(super) fn pause(&self, host: usize, is_paused: bool) {
        self.0.lock().hosts[host].is_paused = is_paused;
    }

    /// Whether bytes get from one host to the other and back.
    pub(super) fn connects(&self, a: usize, b: usize) -> bool {
        let state = self.0.lock();
        !state.cut.contains(&(a, b)) && !state.cut.contains(&(b, a))
    }

    /// Lets happen what is due.
    pub(super) fn step(&self) {
        let now = clock::now();
        let mut state = self.0.lock();
        let wakers = state.move_packets(now);
        let (answers, refused) = state.make_connections(self, now);
        drop(state);
        // A task that is woken or dropped may use the switch.
        wakers.into_iter().for_each(Waker::wake);
        for (answer, result) in answers {
            drop(answer.send(result));
        }
        drop(refused);
    }
}

impl State {
    fn move_packets(&mut self, now: u64) -> Vec<Waker> {
        let mut wakers = vec![];
        let (cut, hosts) = (&self.cut, &self.hosts);
        let mut broken = vec![];
        for (number, pipe) in &mut self.pipes {
            let is_up = !hosts[pipe.to].is_off && !hosts[pipe.from].is_off;
            let is_through = is_up && !cut.contains(&(pipe.from, pipe.to));
            let is_heard = is_up && !cut.contains(&(pipe.to, pipe.from));
            let mut is_news = pipe.is_broken;
            while is_through && pipe.packets.front().is_some_and(|(due, _)| *due <= now) {
                let (_, bytes) = pipe.packets.pop_front().unwrap();
                pipe.on_the_way -= bytes.len();
                pipe.arrived.extend(bytes);
                is_news = true;
            }
            if is_through
                && pipe.packets.is_empty()
                && !pipe.has_ended
                && pipe.ends.is_some_and(|due| due <= now)
            {
                pipe.has_ended = true;
                is_news = true;
            }
            if is_heard && !pipe.is_unread && pipe.unread.is_some_and(|due| due <= now) {
                pipe.is_unread = true;
                is_news = true;
            }
            if pipe.packets.front().is_some_and(|(due, _)| due + BROKEN < now) {
                broken.push(*number);
            }
            if is_news {
                wakers.extend(pipe.reader.take());
                wakers.extend(pipe.writer.take());
            }
        }
        for number in broken {
            // Both directions, which have numbers that follow each other.
            let other = if number % 2 == 1 { number + 1 } else { number - 1 };
            for pipe in [number, other] {
                if let Some(pipe) = self.pipes.get_mut(&pipe) {
                    pipe.is_broken = true;
                }
            }
        }
        // Both ends are gone, and all that was written was seen or never will be.
        self.pipes.retain(|_, pipe| !(pipe.unread.is_some() && pipe.ends.is_some()));
        wakers
    }

    fn make_connections(&mut self, switch: &Switch, now: u64) -> (Vec<Answered>, Vec<SimulatedStream>) {
        let (mut answers, mut refused) = (vec![], vec![]);
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.dials).into_iter().partition(|dial| dial.due <= now);
        self.dials = later;
        for dial in due {
            let Dial { from, to, .. } = dial;
            let (there, back) = (self.cut.contains(&(from, to)), self.cut.contains(&(to, from)));
            if there || back || self.hosts[to].is_off || self.hosts[to].is_paused {
                if !dial.answer.is_closed() {
                    self.dials.push(dial);
                }
                continue;
            }
            let Some(opened) = self.hosts[to].opened.clone() else {
                answers.push((dial.answer, Err(io::ErrorKind::ConnectionRefused.into())));
                continue;
            };
            let (outward, homeward) = (self.pipe(from, to), self.pipe(to, from));
            let here = SimulatedStream { switch: switch.clone(), reads: homeward, writes: outward };
            let far = SimulatedStream { switch: switch.clone(), reads: outward, writes: homeward };
            let ids = (self.hosts[from].id, self.hosts[to].id);
            match opened.try_send(Conversation { peer: ids.0, stream: far }) {
                Ok(()) => answers.push((dial.answer, Ok(Conversation { peer: ids.1, stream: here }))),
                Err(error) => {
                    refused.extend([here, error.into_inner().stream]);
                    answers.push((dial.answer, Err(io::ErrorKind::ConnectionReset.into())));
                }
            }
        }
        (answers, refused)
    }

    fn pipe(&mut self, from: usize, to: usize) -> u64 {
        self.next += 1;
        let pipe = Pipe {
            from,
            to,
            packets: VecDeque::new(),
            on_the_way: 0,
            arrived: VecDeque::new(),
            ends: None,
            has_ended: false,
            is_broken: false,
            unread: None,
            is_unread: false,
            reader: None,
            writer: None,
        };
        self.pipes.insert(self.next, pipe);
        self.next
    }

    /// When a packet that is sent now is there.
    pub(super) fn arrival(&self, last: Option<u64>) -> u64 {
        let mut due = clock::now() + self.random.of(self.delay.clone());
        while self.random.percent(self.loss) {
            due += self.random.of(AGAIN);
        }
        last.map_or(due, |last| last.max(due))
    }

    /// When the other side sees that an end was closed. A host without power does not report it.
    pub(super) fn closed(&self, by_writer: bool, pipe: &Pipe) -> u64 {
        let host = if by_writer { pipe.from } else { pipe.to };
        let last = pipe.packets.back().filter(|_| by_writer).map(|(due, _)| *due);
        if self.hosts[host].is_off { u64::MAX } else { self.arrival(last) }
    }
}

/// See [`Switch::host`].
#[derive(Clone)]
pub(super) struct SimulatedNetwork {
    switch: Switch,
    host: usize,
}

impl Network for SimulatedNetwork {
    type Stream = SimulatedStream;

    async fn open(&self, address: &Address) -> io::Result<Conversation<SimulatedStream>> {
        let to = host_at(address).ok_or(io::ErrorKind::AddrNotAvailable)?;
        if to == self.host {
            return Err(io::Error::other(SelfDial(address.clone())));
        }
        let (answer, opened) = oneshot::channel();
        {
            let mut state = self.switch.0.lock();
            let due = state.arrival(None).max(state.arrival(None));
            state.dials.push(Dial { from: self.host, to, due, answer });
        }
        match timeout(DIAL, opened).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_)) => Err(io::ErrorKind::ConnectionReset.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The address of a host.
pub(super) fn address(host: usize) -> Address {
    format!("10.0.0.{}:4001", host + 1).parse().unwrap()
}

fn host_at(address: &Address) -> Option<usize> {
    address.host().strip_prefix("10.0.0.")?.parse::<usize>().ok()?.checked_sub(1)
}
