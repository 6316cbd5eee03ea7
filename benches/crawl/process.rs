//! Programs, run to their end, and what they took of the machine.
//!
//! Each is the only child of this program run again: what the system says of that one's children is then all that the
//! program took, and what it took at most.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::SystemTime;

use nix::sys::resource::UsageWho;
use nix::sys::resource::getrusage;
use nix::sys::time::TimeVal;

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// When it was started and was gone, in seconds since 1970.
    pub(crate) begun: f64,
    pub(crate) ended: f64,
    /// Seconds of the processors, in the program and in the system for it.
    pub(crate) cpu: f64,
    /// MiB of memory at most.
    pub(crate) peak: f64,
}

/// A process at work.
pub(crate) struct Measured {
    child: Child,
    folder: PathBuf,
}

/// This program.
pub(crate) fn this_program() -> PathBuf {
    env::current_exe().unwrap()
}

/// Now.
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

impl Measured {
    /// Starts a program in `folder`, which keeps what it says and what it took.
    pub(crate) fn start(folder: &Path, program: &Path, arguments: &[String]) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut command = Command::new(this_program());
        command.arg("measure").arg(program).args(arguments).current_dir(folder).stdin(Stdio::null());
        Self { child: command.spawn().unwrap(), folder: folder.to_owned() }
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Taken {
        let status = self.child.wait().unwrap();
        let said = || fs::read_to_string(self.folder.join("said")).unwrap_or_default();
        assert!(status.success(), "{} ended with {status}: {}", self.folder.display(), said());
        let text = fs::read_to_string(self.folder.join("taken")).unwrap();
        let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [begun, ended, cpu, peak] = numbers[..] else { panic!("`taken` says {text}") };
        Taken { begun, ended, cpu, peak }
    }
}

/// The program between: runs another one, and writes what it took into the working directory.
pub(crate) fn main(program: &str, arguments: &[String]) {
    let said = fs::File::create("said").unwrap();
    let begun = unix_seconds();
    let mut command = Command::new(program);
    command.args(arguments).stdout(said.try_clone().unwrap()).stderr(said);
    let status = command.status().unwrap();
    let ended = unix_seconds();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    let peak = usage.max_rss() as f64 / 1024.0;
    fs::write("taken", format!("{begun} {ended} {cpu} {peak}")).unwrap();
    assert!(status.success(), "{program} ended with {status}");
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
