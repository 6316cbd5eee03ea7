//! What the hammer is told to do.

use std::path::PathBuf;
use std::time::Duration;

use super::plan::Fault;
use super::plan::Target;

/// How nodes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Addresses of loopback.
    Loopback,
    /// Network namespaces, whose links can be cut; for root only.
    Netns,
}

impl Network {
    /// Its name in options and tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Netns => "netns",
        }
    }
}

/// What the hammer is told to do.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How many runs.
    pub(super) runs: u64,
    /// Runs until this time is over, however many they are.
    pub(super) time: Option<Duration>,
    /// How many nodes, always; 1 is solo. Three or five if it is not said.
    pub(crate) nodes: Option<usize>,
    /// Seed of the first run.
    pub(super) seed: u64,
    pub(super) network: Network,
    /// Only these faults; all if there is none.
    pub(super) only: Vec<Fault>,
    /// Only this target; all if it is not said.
    pub(super) target: Option<Target>,
    /// In namespaces: only faults of the network, the others are had on loopback.
    pub(super) has_network_faults_only: bool,
    /// The program.
    pub(super) binary: PathBuf,
    /// Clusters that run at the same time.
    pub(super) at_once: usize,
}

const USAGE: &str = "\
usage: scripts/hammer [--runs N] [--hours H] [--nodes 1|3|5] [--seed S] [--net loopback|netns]
                      [--only FAULT[,FAULT]] [--target TARGET] [--network-faults] [--at-once K] [--binary PATH]";

impl Options {
    /// What is done where nobody says more.
    pub(crate) fn usual(network: Network, runs: u64) -> Self {
        Self {
            runs,
            time: None,
            nodes: None,
            seed: 0,
            network,
            only: vec![],
            target: None,
            has_network_faults_only: network == Network::Netns,
            binary: PathBuf::from(env!("CARGO_BIN_EXE_scoopi")),
            at_once: 1,
        }
    }

    /// Reads options. An error is a message for who wrote them.
    pub(crate) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut options = Self { has_network_faults_only: false, ..Self::usual(Network::Loopback, 35) };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--network-faults" {
                options.has_network_faults_only = true;
                continue;
            }
            let value = words.next().ok_or(format!("`{word}`: not known, or without its value\n{USAGE}"))?;
            options.set(word, value).map_err(|wrong| format!("`{word} {value}`: {wrong}\n{USAGE}"))?;
        }
        if options.faults() == 0 {
            return Err(format!("no such fault there; those of the network need --net netns\n{USAGE}"));
        }
        if !Target::ALL.into_iter().any(|target| options.allows_target(target)) {
            return Err(format!("no such target among so few nodes\n{USAGE}"));
        }
        Ok(options)
    }

    fn set(&mut self, word: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<u64>().map_err(|_| "not a number".to_owned());
        match word {
            "--runs" => self.runs = number()?,
            "--seed" => self.seed = number()?,
            "--at-once" => self.at_once = usize::try_from(number()?.max(1)).unwrap(),
            "--nodes" => match number()? {
                nodes @ (1 | 3 | 5) => self.nodes = usize::try_from(nodes).ok(),
                _ => return Err("1, 3 or 5".to_owned()),
            },
            "--hours" => {
                let hours: f64 = value.parse().map_err(|_| "not a number".to_owned())?;
                self.time =
                    Some(Duration::try_from_secs_f64(hours * 3600.0).map_err(|wrong| wrong.to_string())?);
            }
            "--net" => {
                self.network = match value {
                    "loopback" => Network::Loopback,
                    "netns" => Network::Netns,
                    _ => return Err("loopback or netns".to_owned()),
                };
            }
            "--only" => {
                let known = |name: &str| Fault::ALL.into_iter().find(|fault| fault.name() == name);
                self.only = value
                    .split(',')
                    .map(known)
                    .collect::<Option<_>>()
                    .ok_or_else(|| format!("known are {}", Fault::ALL.map(Fault::name).join(", ")))?;
            }
            "--target" => {
                let known = |target: &Target| target.name() == value;
                let target = Target::ALL.into_iter().filter(|target| *target != Target::All).find(known);
                self.target = Some(target.ok_or("worker, leader, composer, seeder or two")?);
            }
            // Nodes run in folders of their own.
            "--binary" => self.binary = std::fs::canonicalize(value).map_err(|error| error.to_string())?,
            _ => return Err("not known".to_owned()),
        }
        Ok(())
    }

    /// Whether a fault may be in a plan.
    pub(super) fn allows(&self, fault: Fault) -> bool {
        let is_wanted = self.only.is_empty() || self.only.contains(&fault);
        let is_there = match self.network {
            Network::Loopback => !fault.is_of_network(),
            Network::Netns => !self.has_network_faults_only || fault.is_of_network(),
        };
        let is_of_size = self.nodes != Some(1) || !(fault.is_of_network() || fault == Fault::KillAll);
        is_wanted && is_there && is_of_size
    }

    /// Whether a target may be in a plan. All nodes together are hit by a fault of their own.
    pub(super) fn allows_target(&self, target: Target) -> bool {
        let is_of_size = match self.nodes {
            Some(1) => target == Target::Worker,
            Some(3) => target != Target::Two,
            _ => true,
        };
        target != Target::All && is_of_size && self.target.is_none_or(|wanted| wanted == target)
    }

    fn faults(&self) -> usize {
        Fault::ALL.into_iter().filter(|fault| self.allows(*fault)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(text.split_whitespace())
    }

    #[test]
    fn options_are_understood() {
        let options = parse("--runs 7 --nodes 5 --seed 9 --net netns --only kill,loss --hours 0.5").unwrap();
        assert_eq!((options.runs, options.nodes, options.seed), (7, Some(5), 9));
        assert_eq!((options.network, options.only), (Network::Netns, vec![Fault::Kill, Fault::Loss]));
        assert_eq!(options.time, Some(Duration::from_secs(1800)));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        for (text, says) in [
            ("--nodes 4", "1, 3 or 5"),
            ("--only boom", "kill-restart"),
            ("--only loss", "--net netns"),
            ("--runs", "usage"),
            ("--what 1", "not known"),
            ("--target two --nodes 3", "so few nodes"),
            ("--target all", "composer"),
            ("--hours -1", "--hours -1"),
            ("--binary not/there", "No such file"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.contains(says), "{text}: {wrong}");
        }
    }
}
