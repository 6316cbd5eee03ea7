//! One node: a folder of its own, and the processes that lived in it one after the other.
//!
//! Knows how it is started, hit and seen; nothing of other nodes or of plans. No process outlives this value.

use std::fs;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::time::Duration;
use std::time::SystemTime;

use crate::support::scoopi::STAMP;
use crate::support::scoopi::signal;

use super::assumptions::Word;
use super::log::Log;

/// One node.
pub(super) struct Node {
    pub(super) name: String,
    folder: PathBuf,
    lives: Vec<Life>,
}

/// One process of a node.
struct Life {
    child: Child,
    log: Log,
    started: SystemTime,
    ended: Option<(ExitStatus, SystemTime)>,
}

impl Node {
    /// A node in a folder that has nothing but definitions in it.
    pub(super) fn new(name: String, folder: PathBuf, definitions: &str) -> Self {
        fs::create_dir_all(folder.join("defs")).unwrap();
        fs::write(folder.join("defs/job.yml"), definitions).unwrap();
        Self { name, folder, lives: vec![] }
    }

    /// Starts a process. Output of each process goes to a file of its own.
    pub(super) fn start(&mut self, mut command: Command) {
        let number = self.lives.len() + 1;
        let file = |kind: &str| self.folder.join(format!("{kind}-{number}.log"));
        command
            .current_dir(&self.folder)
            .stdout(File::create(file("stdout")).unwrap())
            .stderr(File::create(file("stderr")).unwrap())
            // Ctrl-C on a terminal is for the hammer, which then stops its nodes.
            .process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.lives.push(Life {
            child,
            log: Log::new(file("stderr")),
            started: SystemTime::now(),
            ended: None,
        });
    }

    /// Looks whether it has ended and what it said.
    pub(super) fn look(&mut self) {
        self.lives.iter_mut().for_each(Life::look);
    }

    /// Whether a process runs, be it stopped.
    pub(super) fn is_running(&self) -> bool {
        self.lives.last().is_some_and(|life| life.ended.is_none())
    }

    /// How the last process ended, and when.
    pub(super) fn ended(&self) -> Option<(ExitStatus, SystemTime)> {
        self.lives.last()?.ended
    }

    /// Sends a signal to the process, if there is one. Says whether.
    pub(super) fn signal(&mut self, name: &str) -> bool {
        self.look();
        let Some(life) = self.lives.last().filter(|life| life.ended.is_none()) else { return false };
        signal(life.child.id(), name);
        true
    }

    /// `kill -9`. Says whether it met a process.
    pub(super) fn kill(&mut self) -> bool {
        let Some(life) = self.lives.last_mut().filter(|life| life.ended.is_none()) else { return false };
        life.child.kill().unwrap();
        let status = life.child.wait().unwrap();
        life.ended = Some((status, SystemTime::now()));
        life.log.read();
        status.signal() == Some(9)
    }

    /// Removes what it has on disk, but for its definitions and logs.
    pub(super) fn wipe(&self) {
        for name in ["data", "output", "logs"] {
            match fs::remove_dir_all(self.folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    panic!("{}/{name}: {error}", self.name)
                }
                _ => {}
            }
        }
    }

    /// When it said a word last, in any of its lives.
    pub(super) fn last(&self, word: Word) -> Option<SystemTime> {
        self.lives.iter().filter_map(|life| life.log.last(word)).max()
    }

    /// When it said a word for the first time.
    pub(super) fn first(&self, word: Word) -> Option<SystemTime> {
        self.lives.iter().filter_map(|life| life.log.first(word)).min()
    }

    /// What its logs should not say, and files of logs too.
    pub(super) fn panics(&self) -> Vec<String> {
        self.lives.iter().flat_map(|life| life.log.panics()).collect()
    }

    /// Whether its last process has said nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.lives.last().is_none_or(|life| life.log.is_empty())
    }

    /// How long its last process lived, or lives.
    pub(super) fn age(&self) -> Duration {
        self.lives.last().map_or(Duration::ZERO, |life| {
            let end = life.ended.map_or_else(SystemTime::now, |(_, at)| at);
            end.duration_since(life.started).unwrap_or_default()
        })
    }

    /// The rows that it wrote; none if there is no file.
    pub(super) fn rows(&self) -> Vec<u8> {
        fs::read(self.rows_file()).unwrap_or_default()
    }

    /// How many bytes of rows it wrote.
    pub(super) fn written(&self) -> u64 {
        fs::metadata(self.rows_file()).map_or(0, |file| file.len())
    }

    fn rows_file(&self) -> PathBuf {
        self.output().join(STAMP).join("data.txt")
    }

    /// Its folder of output.
    pub(super) fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A stopped process is killed like any other.
        self.kill();
    }
}

impl Life {
    fn look(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // The end first: what was said before it is in the file then.
        self.ended = self.child.try_wait().unwrap().map(|status| (status, SystemTime::now()));
        self.log.read();
    }
}
