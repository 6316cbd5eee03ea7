//! Nodes that nobody told of each other, on a network segment of their own: two namespaces with a cable between them.
//!
//! Needs root and iproute2, and says so where it cannot be asked.

use std::process::Command;
use std::process::Stdio;

use crate::support::needs;
use crate::support::rows;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Running;
use crate::support::scoopi::Scoopi;

const HOSTS: [&str; 2] = ["10.99.0.1", "10.99.0.2"];

/// Two hosts and a cable, gone with the value.
struct Segment {
    names: [String; 2],
}

impl Segment {
    /// Lays the cable; why that cannot be done here.
    fn new() -> Result<Self, String> {
        let names = [1, 2].map(|host| format!("scoopi-mdns-{}-{host}", std::process::id()));
        let segment = Self { names };
        let [one, other] = &segment.names;
        ip(&["netns", "add", one])?;
        ip(&["netns", "add", other])?;
        ip(&["link", "add", "v1", "netns", one, "type", "veth", "peer", "name", "v2", "netns", other])?;
        for (name, (host, end)) in segment.names.iter().zip(HOSTS.iter().zip(["v1", "v2"])) {
            ip(&["-n", name, "addr", "add", &format!("{host}/24"), "dev", end])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
            ip(&["-n", name, "link", "set", end, "up"])?;
        }
        Ok(segment)
    }

    /// Starts a program on a host.
    fn start(&self, host: usize, program: &Command) -> Running {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &self.names[host]]).arg(program.get_program()).args(program.get_args());
        there.current_dir(program.get_current_dir().unwrap()).stdin(Stdio::null());
        Running::start(there.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        for name in &self.names {
            // One that could not be made is not there.
            let _gone = ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("ip {}: {said}", arguments.join(" "))) }
}

#[test]
fn nodes_of_one_segment_find_each_other() {
    let segment = match Segment::new() {
        Ok(segment) => segment,
        Err(reason) => {
            return needs::lacks("netns", &format!("this machine gives no network segment: {reason}"));
        }
    };
    let settings = [RUN_DATE, "cluster.mdns=true", "cluster.size=2"];
    let folders = HOSTS.map(|_| Scoopi::of_project().with(&settings));
    let key = folders[0].path("cluster.key");
    folders[0].exits(0, &["keygen", key.to_str().unwrap()]);
    let nodes: Vec<_> = (0..HOSTS.len())
        .map(|host| {
            let listen = format!("{}:4001", HOSTS[host]);
            let options = ["--mode", "cluster", "--listen", &listen, "--key-file", key.to_str().unwrap()];
            segment.start(host, &folders[host].command(&options))
        })
        .collect();
    for ended in nodes.into_iter().map(Running::ended) {
        assert_eq!(ended.code(), Some(0), "{ended:#?}");
    }
    let solo = Scoopi::of_project().with(&[RUN_DATE]);
    solo.exits(0, &["--mode", "solo"]);
    assert_eq!(rows::differences(&rows::lines(&solo.rows()), &rows::lines(&folders[0].rows())), "");
    assert_eq!(folders[0].rows(), folders[1].rows());
}
