//! What happens in one run: which fault hits whom, and when.
//!
//! A plan is a function of its seed and of what the options allow, so that a run can be had again. Seeds that follow
//! each other step through all faults, all targets and all moments, rather than to trust chance with it.

use std::fmt;
use std::time::Duration;

use super::assumptions::SESSION;
use super::assumptions::Word;
use super::options::Network;
use super::options::Options;

/// What is done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Term,
    Kill,
    KillRestart,
    KillWipe,
    StopShort,
    StopLong,
    /// All nodes are killed, and started again with their data.
    KillAll,
    Partition,
    /// What it sends is lost.
    Mute,
    /// What is sent to it is lost.
    Deaf,
    Loss,
    Delay,
}

impl Fault {
    pub(super) const ALL: [Self; 12] = [
        Self::Kill,
        Self::KillRestart,
        Self::StopLong,
        Self::Term,
        Self::KillWipe,
        Self::StopShort,
        Self::KillAll,
        Self::Partition,
        Self::Mute,
        Self::Deaf,
        Self::Loss,
        Self::Delay,
    ];

    /// Its name in options and tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Term => "term",
            Self::Kill => "kill",
            Self::KillRestart => "kill-restart",
            Self::KillWipe => "kill-wipe",
            Self::StopShort => "stop-short",
            Self::StopLong => "stop-long",
            Self::KillAll => "kill-all",
            Self::Partition => "partition",
            Self::Mute => "oneway-out",
            Self::Deaf => "oneway-in",
            Self::Loss => "loss",
            Self::Delay => "delay",
        }
    }

    /// Whether it is one of the network, which needs namespaces.
    pub(super) fn is_of_network(self) -> bool {
        matches!(self, Self::Partition | Self::Mute | Self::Deaf | Self::Loss | Self::Delay)
    }

    /// Whether it kills.
    pub(super) fn kills(self) -> bool {
        matches!(self, Self::Kill | Self::KillRestart | Self::KillWipe | Self::KillAll)
    }

    /// Whether those that it hits do not come back.
    pub(super) fn is_for_good(self) -> bool {
        matches!(self, Self::Term | Self::Kill)
    }

    /// How long it lasts, one way or the other.
    fn lasts(self, random: u64) -> Duration {
        let longer = SESSION * 2 + Duration::from_millis(500);
        match self {
            Self::Term | Self::Kill => Duration::ZERO,
            Self::StopShort => SESSION / 2,
            Self::StopLong => longer,
            Self::KillRestart | Self::KillWipe | Self::KillAll => {
                [Duration::ZERO, Duration::from_millis(300), SESSION + Duration::from_millis(1500)]
                    [(random % 3) as usize]
            }
            Self::Partition | Self::Mute | Self::Deaf => [longer, SESSION / 2][(random % 2) as usize],
            Self::Loss | Self::Delay => SESSION * 3,
        }
    }
}

/// Whom it hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Worker,
    Leader,
    Composer,
    Seeder,
    /// Two of five.
    Two,
    All,
}

impl Target {
    pub(super) const ALL: [Self; 6] =
        [Self::Leader, Self::Worker, Self::Composer, Self::Two, Self::Seeder, Self::All];

    /// Its name in options and tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Leader => "leader",
            Self::Composer => "composer",
            Self::Seeder => "seeder",
            Self::Two => "two",
            Self::All => "all",
        }
    }

    /// Who says so in the log.
    pub(super) fn word(self) -> Option<Word> {
        match self {
            Self::Leader => Some(Word::Leads),
            Self::Composer => Some(Word::Composes),
            Self::Seeder => Some(Word::Seeds),
            Self::Worker | Self::Two | Self::All => None,
        }
    }
}

/// When it happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// So long after the nodes were started.
    After(Duration),
    /// So long after somebody said it.
    Said(Word, Duration),
    /// When so many of a thousand pages were asked for.
    Pages(usize),
    /// So long after the last page was let out.
    Gate(Duration),
    /// So long after somebody said that all is done.
    Over(Duration),
}

impl Moment {
    /// Whether it comes after the last page, so that a node may come back to find nobody.
    pub(super) fn is_late(self) -> bool {
        matches!(self, Self::Gate(_) | Self::Over(_))
    }
}

/// Milliseconds.
const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// From the first moment to the last; a prime number of them, so that each meets each fault and target.
const MOMENTS: [Moment; 31] = [
    Moment::After(ms(1)),
    Moment::After(ms(10)),
    Moment::After(ms(30)),
    Moment::After(ms(60)),
    Moment::After(ms(100)),
    Moment::After(ms(150)),
    Moment::After(ms(250)),
    Moment::After(ms(400)),
    Moment::After(ms(700)),
    Moment::After(ms(1000)),
    Moment::After(ms(1500)),
    Moment::Said(Word::Leads, ms(0)),
    Moment::Said(Word::Leads, ms(20)),
    Moment::Said(Word::Composes, ms(0)),
    Moment::Said(Word::Composes, ms(5)),
    Moment::Said(Word::Seeds, ms(0)),
    Moment::Said(Word::Begins, ms(0)),
    Moment::Pages(1),
    Moment::Pages(10),
    Moment::Pages(50),
    Moment::Pages(200),
    Moment::Pages(400),
    Moment::Pages(600),
    Moment::Pages(800),
    Moment::Pages(950),
    Moment::Pages(1000),
    Moment::Gate(ms(0)),
    Moment::Gate(ms(5)),
    Moment::Gate(ms(30)),
    Moment::Over(ms(0)),
    Moment::Over(ms(5)),
];

/// What happens in one run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(super) seed: u64,
    pub(super) nodes: usize,
    pub(super) fault: Fault,
    pub(super) target: Target,
    pub(super) moment: Moment,
    /// How long the fault lasts; for those that kill, until the node is started again.
    pub(super) lasts: Duration,
    /// Which of several nodes.
    pub(super) choice: usize,
}

impl Plan {
    /// The plan of a seed.
    pub(super) fn new(seed: u64, options: &Options) -> Self {
        let faults: Vec<_> = Fault::ALL.into_iter().filter(|fault| options.allows(*fault)).collect();
        let targets: Vec<_> =
            Target::ALL.into_iter().filter(|target| options.allows_target(*target)).collect();
        let moments: Vec<_> =
            MOMENTS.into_iter().filter(|moment| options.nodes != Some(1) || is_of_one(*moment)).collect();
        let pick = |of: usize, number: u64| usize::try_from(number % of as u64).unwrap();
        let fault = faults[pick(faults.len(), seed)];
        let round = seed / faults.len() as u64;
        let target = if fault == Fault::KillAll { Target::All } else { targets[pick(targets.len(), round)] };
        let mixed = mix(seed);
        let mut moment = moments[pick(moments.len(), seed * 11 + round)];
        if fault == Fault::KillAll && moment.is_late() {
            // Those that have ended already cannot be asked to make up a quorum.
            moment = Moment::Pages(990);
        }
        Self {
            seed,
            nodes: match (options.nodes, target) {
                (Some(nodes), _) => nodes,
                (None, Target::Two) => 5,
                (None, _) => [3, 3, 3, 5][pick(4, mixed >> 7)],
            },
            fault,
            target,
            moment: jittered(moment, mixed >> 20),
            lasts: fault.lasts(mixed >> 3),
            choice: pick(1000, mixed >> 11),
        }
    }

    /// Whether those that are hit come back. A lone node always does: nobody else would end the run.
    pub(super) fn returns(&self) -> bool {
        self.nodes == 1 || !self.fault.is_for_good()
    }

    /// The options that give this run again.
    pub(super) fn command(&self, options: &Options) -> String {
        let mut command =
            format!("scripts/hammer --runs 1 --seed {} --net {}", self.seed, options.network.name());
        if let Some(nodes) = options.nodes {
            command.push_str(&format!(" --nodes {nodes}"));
        }
        if !options.only.is_empty() {
            let names: Vec<_> = options.only.iter().map(|fault| fault.name()).collect();
            command.push_str(&format!(" --only {}", names.join(",")));
        }
        if let Some(target) = options.target {
            command.push_str(&format!(" --target {}", target.name()));
        }
        if options.has_network_faults_only && options.network == Network::Netns {
            command.push_str(" --network-faults");
        }
        command
    }
}

/// Whether a lone node comes to this moment: it says nothing of a cluster.
fn is_of_one(moment: Moment) -> bool {
    !matches!(moment, Moment::Said(..))
}

/// The same moment, a little later than last time.
fn jittered(moment: Moment, random: u64) -> Moment {
    match moment {
        Moment::After(time) => Moment::After(time + time.mul_f64((random % 64) as f64 / 128.0)),
        Moment::Said(word, time) => Moment::Said(word, time + Duration::from_micros(random % 4000)),
        Moment::Gate(time) => Moment::Gate(time + Duration::from_micros(random % 20_000)),
        Moment::Over(time) => Moment::Over(time + Duration::from_micros(random % 3000)),
        Moment::Pages(_) => moment,
    }
}

/// A number without likeness to the seed.
fn mix(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: &Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
        match self {
            Self::After(time) => write!(f, "start+{}", ms(time)),
            Self::Said(word, time) => write!(f, "{}+{}", format!("{word:?}").to_lowercase(), ms(time)),
            Self::Pages(part) => write!(f, "{:.1} % of pages", *part as f64 / 10.0),
            Self::Gate(time) => write!(f, "last page+{}", ms(time)),
            Self::Over(time) => write!(f, "over+{}", ms(time)),
        }
    }
}

#[cfg(test)]
mod tests;
