//! Nodes and the network between them.
//!
//! Knows how a node is told of the others; nothing of plans and verdicts.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use crate::support::scoopi::bare;

use super::assumptions;
use super::assumptions::Word;
use super::net::Net;
use super::node::Node;

/// All nodes of a run. Nodes end before their network does.
pub(super) struct Cluster {
    pub(super) nodes: Vec<Node>,
    pub(super) net: Net,
    binary: PathBuf,
    key: Option<PathBuf>,
}

impl Cluster {
    /// Nodes that are not started yet, each in a folder below `folder`.
    pub(super) fn new(folder: &Path, net: Net, nodes: usize, binary: &Path, definitions: &str) -> Self {
        let key = (nodes > 1 && !net.is_loopback()).then(|| folder.join("key"));
        if let Some(key) = &key {
            let output = bare(binary).arg("keygen").arg(key).output().unwrap();
            assert!(output.status.success(), "scoopi keygen: {output:?}");
        }
        let node = |number: usize| {
            let name = format!("n{}", number + 1);
            let folder = folder.join(&name);
            Node::new(name, folder, definitions)
        };
        Self { nodes: (0..nodes).map(node).collect(), net, binary: binary.to_owned(), key }
    }

    /// How many nodes make a quorum.
    pub(super) fn quorum(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// Starts a node, with the data of an earlier life or without.
    pub(super) fn start(&mut self, node: usize, has_data: bool) {
        let mut command = self.net.command(node, &self.binary);
        let is_cluster = self.nodes.len() > 1;
        if is_cluster {
            let address = |node: usize| self.net.address(node).to_string();
            let others: Vec<_> = (0..self.nodes.len()).filter(|other| *other != node).map(address).collect();
            command.args(["--mode", "cluster", "--name", &self.nodes[node].name]);
            command.args(["--listen", &address(node), "--join", &others.join(",")]);
            command.args(["--quorum", &self.quorum().to_string()]);
            self.add_key(&mut command);
        } else {
            command.args(["--mode", "solo"]);
        }
        command.args([
            "--data",
            "data",
            "--output",
            "output",
            "--defs",
            "defs",
            "-v",
            "--log-format",
            "json",
        ]);
        command.args(assumptions::settings(is_cluster));
        let how: &[&str] = if has_data { &assumptions::AGAIN } else { &assumptions::FIRST };
        command.args(how);
        self.nodes[node].start(command);
    }

    /// A command that asks a node for its status.
    pub(super) fn status(&self, node: usize) -> Command {
        let mut command = bare(&self.binary);
        command.args(["status", "--json", "--at", &self.net.address(node).to_string()]);
        self.add_key(&mut command);
        command
    }

    fn add_key(&self, command: &mut Command) {
        if let Some(key) = &self.key {
            command.arg("--key-file").arg(key);
        }
    }

    /// Looks what became of the nodes.
    pub(super) fn look(&mut self) {
        self.nodes.iter_mut().for_each(Node::look);
    }

    /// The nodes that run, by number.
    pub(super) fn running(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_running()).collect()
    }

    /// Who of those that run said a word last.
    pub(super) fn who_said(&self, word: Word) -> Option<usize> {
        let said = self.running().into_iter().filter_map(|node| Some((self.nodes[node].last(word)?, node)));
        said.max().map(|(_, node)| node)
    }

    /// When anybody said a word for the first time.
    pub(super) fn first(&self, word: Word) -> Option<SystemTime> {
        self.nodes.iter().filter_map(|node| node.first(word)).min()
    }
}
