//! Several nodes of one cluster: real processes on loopback, each in a folder of its own.
//!
//! Knows how nodes are told of each other, started, asked for their status and compared; nothing of definitions. A node
//! is gone when the value is, and nothing here waits longer than [`LIMIT`].

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use super::rows;
use super::scoopi::Ended;
use super::scoopi::LIMIT;
use super::scoopi::RUN_DATE;
use super::scoopi::Running;
use super::scoopi::Scoopi;

/// Between two questions how a cluster stands.
const PAUSE: Duration = Duration::from_millis(30);

/// Nodes that were told of each other.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
}

/// One node, which may run or not.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    /// What `--join` says.
    pub(crate) join: Vec<SocketAddr>,
    pub(crate) folder: Scoopi,
    running: Option<Running>,
}

impl Cluster {
    /// Nodes `n1` and so on that have these definitions each, and are to make a run with [`RUN_DATE`].
    pub(crate) fn new(size: usize, definitions: &str) -> Self {
        Self::of((0..size).map(|_| Scoopi::new(definitions).with(&[RUN_DATE])).collect())
    }

    /// Nodes `n1` and so on in these folders.
    pub(crate) fn of(folders: Vec<Scoopi>) -> Self {
        let addresses: Vec<_> = folders.iter().map(|_| free_address()).collect();
        // Nodes that a test has killed are not waited for at the end.
        let short = |folder: Scoopi| folder.with(&["cluster.linger=500"]);
        let node = |(number, folder)| Node::new(number + 1, addresses[number], &addresses, short(folder));
        Self { nodes: folders.into_iter().enumerate().map(node).collect() }
    }

    /// The same, with these settings in every run.
    pub(crate) fn with(mut self, settings: &[&str]) -> Self {
        self.nodes = self.nodes.into_iter().map(|node| node.with(settings)).collect();
        self
    }

    /// One more node, which names those that are there; none of these names it.
    pub(crate) fn newcomer(&self, folder: Scoopi) -> Node {
        let join: Vec<_> = self.nodes.iter().map(|node| node.address).collect();
        Node::new(self.nodes.len() + 1, free_address(), &join, folder)
    }

    /// Starts all nodes.
    pub(crate) fn start(&mut self, arguments: &[&str]) {
        self.nodes.iter_mut().for_each(|node| node.start(arguments));
    }

    /// Waits for the end of all nodes that run; where one does not end, tells what each of them has said.
    pub(crate) fn ended(&mut self) -> Vec<Ended> {
        let running = self.nodes.iter_mut().filter(|node| node.is_started());
        let ended: Vec<_> = running.map(|node| (node.ended_within(LIMIT), &*node)).collect();
        if ended.iter().any(|(ended, _)| ended.is_none()) {
            let said = ended.iter().map(|(ended, node)| match ended {
                Some(ended) => format!("{} ended: {ended:#?}", node.name),
                None => format!("{} does not end:\n{}", node.name, node.running().stderr()),
            });
            panic!("{}", said.collect::<Vec<_>>().join("\n"));
        }
        ended.into_iter().filter_map(|(ended, _)| ended).collect()
    }

    /// Runs all nodes to their end.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Vec<Ended> {
        self.start(arguments);
        self.ended()
    }

    /// Runs all nodes to their end, which has to be `code` for each.
    pub(crate) fn exits(&mut self, code: i32, arguments: &[&str]) -> Vec<Ended> {
        self.start(arguments);
        self.ends(code)
    }

    /// Waits for the end of all nodes that run, which has to be `code` for each.
    pub(crate) fn ends(&mut self, code: i32) -> Vec<Ended> {
        let ended = self.ended();
        assert!(ended.iter().all(|ended| ended.code() == Some(code)), "{ended:#?}");
        ended
    }

    /// Waits until the first node says that so many nodes take part.
    pub(crate) fn wait_for_members(&self, members: usize) {
        self.nodes[0].wait_for_status(|status| live(status) == members);
    }

    /// Every node has these rows, in any order but the same one on all.
    pub(crate) fn assert_rows(&self, expected: &[String]) {
        let nodes: Vec<_> = self.nodes.iter().collect();
        assert_rows(&nodes, expected);
    }
}

impl Node {
    fn new(number: usize, address: SocketAddr, known: &[SocketAddr], folder: Scoopi) -> Self {
        let join = known.iter().copied().filter(|other| *other != address).collect();
        Self { name: format!("n{number}"), address, join, folder, running: None }
    }

    /// The same, with these settings in every run.
    pub(crate) fn with(mut self, settings: &[&str]) -> Self {
        self.folder = self.folder.with(settings);
        self
    }

    /// Takes its definitions away, and the folder that they were in.
    pub(crate) fn forget_definitions(&self) {
        fs::remove_dir_all(self.folder.path("defs")).unwrap();
    }

    /// Starts it. Arguments count more than what it is started with otherwise.
    pub(crate) fn start(&mut self, arguments: &[&str]) {
        let mut all =
            vec!["--mode".to_owned(), "cluster".to_owned(), "--output".to_owned(), "output".to_owned()];
        let defaults = [
            ("--name", self.name.clone()),
            ("--listen", self.address.to_string()),
            ("--join", self.join.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        ];
        let missing =
            defaults.into_iter().filter(|(name, value)| !arguments.contains(name) && !value.is_empty());
        all.extend(missing.flat_map(|(name, value)| [name.to_owned(), value]));
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        assert!(!self.is_started(), "{} runs already", self.name);
        self.running = Some(self.folder.start(&all));
    }

    /// Whether it was started and its end was not waited for.
    pub(crate) fn is_started(&self) -> bool {
        self.running.is_some()
    }

    /// Its process.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> Ended {
        self.running.take().unwrap().ended()
    }

    /// Waits for its end, for `time` at most.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<Ended> {
        match self.running.take().unwrap().ended_within(time) {
            Ok(ended) => Some(ended),
            Err(running) => {
                self.running = Some(running);
                None
            }
        }
    }

    /// Waits for its end, which has to be `code`.
    pub(crate) fn ends(&mut self, code: i32) -> Ended {
        let ended = self.ended();
        assert_eq!(ended.code(), Some(code), "{}: {ended:#?}", self.name);
        ended
    }

    /// Runs it to its end, which has to be `code`.
    pub(crate) fn exits(&mut self, code: i32, arguments: &[&str]) -> Ended {
        self.start(arguments);
        self.ends(code)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        assert!(self.kill_if_running(), "{} had ended by itself", self.name);
    }

    /// `kill -9`; says whether it met a process that had not ended.
    pub(crate) fn kill_if_running(&mut self) -> bool {
        self.killed().was_killed()
    }

    /// `kill -9`; gives what it had said.
    pub(crate) fn killed(&mut self) -> Ended {
        self.running.take().unwrap().kill()
    }

    /// Runs a command that asks this node.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Ended {
        let address = self.address.to_string();
        let arguments: Vec<_> = arguments.iter().copied().chain(["--at", &address]).collect();
        self.folder.run(&arguments)
    }

    /// How the cluster stands, as it is told by `status --json`; nothing if the node does not answer.
    pub(crate) fn status(&self) -> Option<Value> {
        let ended = self.ask(&["status", "--json"]);
        (ended.code() == Some(0)).then(|| serde_json::from_str(&ended.stdout).expect(&ended.stdout))
    }

    /// Waits until the status is as it should be.
    pub(crate) fn wait_for_status(&self, is_right: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + LIMIT;
        loop {
            let status = self.status();
            match status {
                Some(status) if is_right(&status) => return status,
                status => {
                    let said = self.running.as_ref().map(Running::stderr).unwrap_or_default();
                    assert!(
                        Instant::now() < until,
                        "{} answers {status:#?} and has said:\n{said}",
                        self.name
                    );
                }
            }
            thread::sleep(PAUSE);
        }
    }

    /// All that it wrote, by path below its folder of output.
    pub(crate) fn output(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        read_files(&self.folder.path("output"), "", &mut files);
        files
    }
}

/// How many members take part in the run.
pub(crate) fn live(status: &Value) -> usize {
    let members = status["members"].as_array().unwrap();
    members.iter().filter(|member| member["state"] == "live").count()
}

/// Every node has these rows, in any order but the same one on all.
pub(crate) fn assert_rows(nodes: &[&Node], expected: &[String]) {
    let first = nodes[0].output();
    for node in nodes {
        let differ = rows::differences(expected, &rows::written(&node.folder.path("output")));
        assert!(differ.is_empty(), "{}:\n{differ}", node.name);
        let output = node.output();
        assert!(output == first, "{} and {}: {output:?}\n{first:?}", node.name, nodes[0].name);
    }
}

fn read_files(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{below}/{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read_files(&path, &name, files);
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// An address of loopback that nobody else uses: nodes need to know it before they listen, and must have it again
/// after a restart, so that a port of 127.0.0.1 could be taken by others in between.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let byte = |number: u32| u8::try_from(1 + number % 254).unwrap();
    let address = Ipv4Addr::new(127, byte(process), byte(process / 254 + number / 254), byte(number));
    TcpListener::bind((address, 0)).unwrap().local_addr().unwrap()
}
