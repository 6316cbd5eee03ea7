//! What happens to the nodes, and when: all of it follows from the seed.

use std::fmt;
use std::ops::Range;

use crate::store::machine::Phase;

use super::host::SESSION;
use super::network::End;
use super::random::Random;

/// The faults of a simulation.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) hosts: usize,
    pub(super) with_poison: bool,
    /// When each host is started.
    pub(super) starts: Vec<u64>,
    /// How long each host is a member before it joins the run: the others may have ended it meanwhile.
    pub(super) entrances: Vec<u64>,
    pub(super) strikes: Vec<Strike>,
    /// Bytes of log after which a snapshot is due.
    pub(super) snapshot_after: u64,
    /// Places at a host.
    pub(super) parallelism: u32,
    /// The nodes that have to finish the run, whatever happened to them.
    pub(super) must_end: Vec<usize>,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) struct Strike {
    pub(super) when: When,
    /// Milliseconds after that.
    pub(super) after: u64,
    pub(super) fault: Fault,
    /// How long, in milliseconds; a crashed host is started again then.
    pub(super) lasts: u64,
}

/// A moment of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Begins,
    /// A node has seen this phase.
    Phase(Phase),
    /// The percentage of jobs that are over.
    Over(u64),
}

#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Nothing gets from these to the others, nor back.
    Cut(Vec<usize>),
    /// Nothing gets from these to the others.
    Mute(Vec<usize>),
    /// Nothing gets from the others to these.
    Deaf(Vec<usize>),
    /// The percentage of packets that have to be sent again.
    Loss(u64),
    /// A packet takes so long.
    Delay(Range<u64>),
    Crash(Vec<usize>, End),
    /// A crash that the disk does not survive.
    Wipe(usize),
    Pause(Vec<usize>),
    /// One node is asked to go, for good.
    Stop(usize),
    /// A crash without a restart.
    Kill(usize),
    /// The run is cancelled; later, all nodes continue it.
    Cancel,
}

impl Plan {
    pub(super) fn of(random: &Random) -> Self {
        let hosts = random.pick(&[3, 3, 3, 5, 5]);
        let with_poison = random.percent(12);
        let starts =
            (0..hosts).map(|_| if random.percent(70) { random.of(0..300) } else { random.of(0..6_000) });
        let starts = starts.collect();
        let snapshot_after = random.pick(&[3_000, 10_000, 40_000, 1 << 30]);
        let entrances =
            (0..hosts).map(|_| if random.percent(15) { random.of(0..4_000) } else { 0 }).collect();
        let (strikes, must_end) = (vec![], vec![]);
        let mut plan =
            Self { hosts, with_poison, starts, entrances, strikes, snapshot_after, parallelism: 0, must_end };
        // Nothing else may go wrong with the nodes if a page that brings them down is to be recognised.
        let count = if with_poison { random.of(0..2) } else { random.of(1..6) };
        // More than that, and no majority with its disks is left.
        let mut gone = (hosts - 1) / 2;
        for _ in 0..count {
            let strike = plan.strike(random, &mut gone);
            plan.strikes.push(strike);
        }
        plan.parallelism = random.pick(&[1, 2, 4, 7, 100]);
        plan
    }

    /// A plan with healthy pages and these strikes.
    pub(super) fn told(random: &Random, hosts: usize, strikes: Vec<Strike>, must_end: Vec<usize>) -> Self {
        let starts = (0..hosts).map(|_| random.of(0..300)).collect();
        let snapshot_after = random.pick(&[10_000, 1 << 30]);
        let entrances = vec![0; hosts];
        Self {
            hosts,
            with_poison: false,
            starts,
            entrances,
            strikes,
            snapshot_after,
            parallelism: 4,
            must_end,
        }
    }

    fn strike(&self, random: &Random, gone: &mut usize) -> Strike {
        let some = |most: usize| {
            let mut hosts: Vec<usize> = (0..self.hosts).collect();
            for place in 0..hosts.len() {
                hosts.swap(place, random.of(place as u64..self.hosts as u64) as usize);
            }
            hosts.truncate(random.of(1..most as u64 + 1) as usize);
            hosts
        };
        let when = match random.of(0..100) {
            0..15 => When::Begins,
            15..25 => When::Phase(random.pick(&[Phase::Composing, Phase::Seeding, Phase::Running])),
            25..35 => When::Phase(Phase::Shutdown),
            35..50 => When::Over(random.of(80..101)),
            _ => When::Over(random.of(0..80)),
        };
        let after = if matches!(when, When::Begins) { random.of(0..4_000) } else { random.of(0..400) };
        let short = random.of(100..SESSION * 4 / 5);
        let long = random.of(SESSION * 3 / 2..SESSION * 5);
        let lasts = if random.percent(50) { short } else { long };
        let is_at_work = matches!(when, When::Over(percent) if percent < 70);
        let fault = match random.of(0..100) {
            _ if self.with_poison => Fault::Delay(20..80),
            0..15 => Fault::Cut(some(self.hosts - 1)),
            15..22 => Fault::Mute(some(self.hosts - 1)),
            22..29 => Fault::Deaf(some(self.hosts - 1)),
            29..36 => Fault::Loss(random.of(2..25)),
            36..43 => Fault::Delay(10..random.of(20..200)),
            43..60 => Fault::Crash(some(self.hosts.div_ceil(2)), End::Killed),
            60..70 => Fault::Crash(some(self.hosts), End::Unplugged),
            70..85 => Fault::Pause(some(self.hosts)),
            85..90 if *gone > 0 && is_at_work => {
                *gone -= 1;
                Fault::Wipe(some(1)[0])
            }
            90..95 if *gone > 0 => {
                *gone -= 1;
                Fault::Stop(some(1)[0])
            }
            85..90 => Fault::Pause(some(1)),
            90..95 => Fault::Crash(some(1), End::Killed),
            _ => Fault::Cancel,
        };
        Strike { when, after, fault, lasts }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hosts, starts, snapshot_after, parallelism, .. } = self;
        writeln!(f, "{hosts} nodes, started after {starts:?} ms; a snapshot after {snapshot_after} bytes")?;
        writeln!(f, "{parallelism} places at the host")?;
        if self.with_poison {
            writeln!(f, "one page brings its node down")?;
        }
        for Strike { when, after, fault, lasts } in &self.strikes {
            writeln!(f, "{when:?} and {after} ms: {fault:?}, for {lasts} ms")?;
        }
        Ok(())
    }
}
