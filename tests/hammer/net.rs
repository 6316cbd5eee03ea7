//! What lies between nodes: loopback, or network namespaces whose links can be cut.
//!
//! Knows addresses and `scripts/netns`; nothing of nodes. A network is taken down with the value.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use crate::support::cluster::free_address;
use crate::support::scoopi::bare;

use super::assumptions::PORT;
use super::options::Network;

/// Networks that one machine may have.
const NETS: std::ops::Range<u8> = 77..200;

/// What lies between nodes.
pub(super) enum Net {
    Loopback(Vec<SocketAddr>),
    Netns(Namespaces),
}

/// Hosts of their own.
pub(super) struct Namespaces {
    net: u8,
}

impl Net {
    /// A network for so many nodes.
    pub(super) fn new(network: Network, nodes: usize) -> Self {
        match network {
            Network::Loopback => Self::Loopback((0..nodes).map(|_| free_address()).collect()),
            Network::Netns => Self::Netns(Namespaces::up(nodes)),
        }
    }

    /// Why there can be no such network here; nothing if there can.
    pub(super) fn obstacle(network: Network) -> Option<String> {
        if network == Network::Loopback {
            return None;
        }
        let output = script(&["check"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!output.status.success()).then_some(said)
    }

    /// Whether nodes see each other by loopback alone, so that no key is needed.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self, Self::Loopback(_))
    }

    /// Where a node listens, by its number from 0.
    pub(super) fn address(&self, node: usize) -> SocketAddr {
        match self {
            Self::Loopback(addresses) => addresses[node],
            Self::Netns(spaces) => {
                let host = u8::try_from(node + 1).unwrap();
                SocketAddr::from((Ipv4Addr::new(10, spaces.net, host, 1), PORT))
            }
        }
    }

    /// Where nodes reach a server of this process.
    pub(super) fn outside(&self) -> IpAddr {
        match self {
            Self::Loopback(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Self::Netns(spaces) => IpAddr::V4(Ipv4Addr::new(10, spaces.net, 254, 1)),
        }
    }

    /// A command that runs a program where a node is.
    pub(super) fn command(&self, node: usize, program: &Path) -> Command {
        match self {
            Self::Loopback(_) => bare(program),
            Self::Netns(spaces) => {
                // Every step to the program is an `exec`, so that the process is the program's own.
                let mut command = bare(SCRIPT);
                command.args(["-n", &spaces.net.to_string(), "exec", &(node + 1).to_string()]).arg(program);
                command
            }
        }
    }

    /// Cuts these nodes off from all others.
    pub(super) fn part(&self, nodes: &[usize], all: usize) {
        let named = |is_in: bool| {
            let names = (0..all).filter(|node| nodes.contains(node) == is_in);
            names.map(|node| (node + 1).to_string()).collect::<Vec<_>>().join(",")
        };
        self.tell(&["partition", &format!("{}/{}", named(true), named(false))]);
    }

    /// Loses what these nodes send to the others, or what the others send to them.
    pub(super) fn part_one_way(&self, nodes: &[usize], all: usize, sends: bool) {
        for inner in nodes {
            for outer in (0..all).filter(|node| !nodes.contains(node)) {
                let (from, to) = if sends { (*inner, outer) } else { (outer, *inner) };
                self.tell(&["oneway", &(from + 1).to_string(), &(to + 1).to_string()]);
            }
        }
    }

    /// Loses packets.
    pub(super) fn lose(&self, percent: u32) {
        self.tell(&["loss", &percent.to_string()]);
    }

    /// Holds packets up.
    pub(super) fn delay(&self, delay: u32, jitter: u32) {
        self.tell(&["delay", &delay.to_string(), &jitter.to_string()]);
    }

    /// Ends all of it.
    pub(super) fn heal(&self) {
        self.tell(&["heal"]);
    }

    fn tell(&self, words: &[&str]) {
        let Self::Netns(spaces) = self else { panic!("loopback knows no {words:?}") };
        spaces.tell(words);
    }
}

impl Namespaces {
    fn up(hosts: usize) -> Self {
        for net in NETS {
            let output = script(&["-n", &net.to_string(), "up", &hosts.to_string()]).output().unwrap();
            if output.status.success() {
                return Self { net };
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // Another hammer has this one.
            assert!(said.contains("is up already"), "scripts/netns up: {said}");
        }
        panic!(
            "all networks are up already; `scripts/netns list` names them, `scripts/netns -n NET down` ends one"
        );
    }

    fn tell(&self, words: &[&str]) {
        let output = script(&["-n", &self.net.to_string()]).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/netns {words:?}: {said}");
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        // Whoever reads the end of a failed run can do nothing with a failure here.
        script(&["-n", &self.net.to_string(), "down"]).output().ok();
    }
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/netns");

fn script(words: &[&str]) -> Command {
    let mut command = bare(SCRIPT);
    command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C on a terminal is for the hammer, which then takes the network down.
    command.process_group(0);
    command
}

#[cfg(test)]
mod tests;
