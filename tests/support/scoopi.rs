//! The program itself, as a process in a folder of its own.
//!
//! Knows how it is started, signalled, killed and heard; nothing of definitions. Whatever a test does, the
//! process is gone when the value is: it is killed on drop, and nobody waits for it longer than [`LIMIT`].

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

/// Nothing that these tests wait for takes as long, even on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The date-time that runs are given, so that their output folder is always the same.
pub(crate) const RUN_DATE: &str = "runDateTimeText=2020-07-01T10:59:59.000+0000";

/// The folder of output that belongs to [`RUN_DATE`].
pub(crate) const STAMP: &str = "2020Jul01-105959";

/// A folder to run scoopi in.
pub(crate) struct Scoopi {
    folder: TempDir,
    /// Arguments of every run.
    arguments: Vec<String>,
}

/// A process that was started.
pub(crate) struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scoopi {
    /// A folder with `job.yml` in its folder of definitions.
    pub(crate) fn new(definitions: &str) -> Self {
        let scoopi = Self { folder: tempfile::tempdir().unwrap(), arguments: Vec::new() };
        scoopi.write("defs/job.yml", definitions);
        scoopi
    }

    /// A folder with what the repository has in it for its first command.
    pub(crate) fn of_project() -> Self {
        let scoopi = Self { folder: tempfile::tempdir().unwrap(), arguments: Vec::new() };
        scoopi.copy("conf");
        scoopi.copy("defs");
        scoopi
    }

    /// Copies a file, or a folder with everything in it, from the project.
    pub(crate) fn copy(&self, path: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if !from.is_dir() {
            return self.write(path, fs::read(from).unwrap());
        }
        for entry in fs::read_dir(from).unwrap() {
            self.copy(&format!("{path}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }

    /// The same, with these settings in every run.
    pub(crate) fn with(mut self, settings: &[&str]) -> Self {
        self.arguments.extend(settings.iter().flat_map(|set| ["--set".to_owned(), (*set).to_owned()]));
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A file of the folder as text; empty if it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The file of rows that a run with [`RUN_DATE`] writes, below the folder `output`.
    pub(crate) fn rows(&self) -> String {
        self.read(&format!("output/{STAMP}/data.txt"))
    }

    /// What failed, a line each.
    pub(crate) fn failed(&self) -> Vec<serde_json::Value> {
        let text = self.read("output/failed.ndjson");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The program, not started yet, with nothing of this process's own settings.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_scoopi"));
        command
            .current_dir(self.folder.path())
            .args(&self.arguments)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it.
    pub(crate) fn start(&self, arguments: &[impl AsRef<OsStr>]) -> Running {
        Running::start(&mut self.command(arguments))
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ended {
        self.start(arguments).ended()
    }

    /// Runs it to its end, which has to be `code`.
    pub(crate) fn exits(&self, code: i32, arguments: &[impl AsRef<OsStr>]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code(), Some(code), "{ended:#?}");
        ended
    }
}

/// A command that hears nothing of this process's own settings, time zone and input.
pub(crate) fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCOOPI_"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.env("TZ", "UTC").env_remove("RUST_LOG").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Sends a signal by name, such as `INT`. The process must not have been waited for, so that its number is still
/// its own.
pub(crate) fn signal(process: u32, name: &str) {
    // The shell's own kill: it is there wherever a shell is.
    let kill = format!("kill -{name} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
}

impl Running {
    /// Starts a command whose output is piped.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Heard::listen(child.stdout.take());
        let stderr = Heard::listen(child.stderr.take());
        Self { child, stdout, stderr }
    }

    /// Waits for the end.
    pub(crate) fn ended(self) -> Ended {
        match self.ended_within(LIMIT) {
            Ok(ended) => ended,
            Err(running) => {
                panic!("scoopi does not end:\n{}\n{}", running.stdout.text(), running.stderr.text())
            }
        }
    }

    /// Waits for the end, for `time` at most; gives the process back if it has not ended.
    pub(crate) fn ended_within(mut self, time: Duration) -> Result<Ended, Self> {
        let until = Instant::now() + time;
        // Both pipes close when the process ends, and not before.
        if !self.stdout.is_over_until(until) || !self.stderr.is_over_until(until) {
            return Err(self);
        }
        let status = self.child.wait().unwrap();
        Ok(Ended { status, stdout: self.stdout.text(), stderr: self.stderr.text() })
    }

    /// `kill -9`. Gives what it had said; it may have ended by itself a moment before.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.ended()
    }

    /// Sends a signal by name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has said `words` on stderr so far.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.stderr.text().contains(words)
    }

    /// What it has said on stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until it has said `words` on stderr.
    pub(crate) fn says(&self, words: &str) {
        self.says_times(words, 1);
    }

    /// Waits until it has said `words` on stderr so many times.
    pub(crate) fn says_times(&self, words: &str, times: usize) {
        let heard = |said: &Said| said.text().matches(words).count() >= times;
        let said = self.stderr.wait(heard, Instant::now() + LIMIT);
        assert!(said, "`{words}` was not said: {}", self.stderr.text());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it was waited for, and is then gone anyway.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    /// The exit code; `None` if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether it was killed.
    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// What the summary says of `name`.
    pub(crate) fn summary(&self, name: &str) -> &str {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no `{name}` in {self:#?}")).trim()
    }

    /// Checks that all of these words are on stderr.
    pub(crate) fn said(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing: {self:#?}");
        }
        self
    }
}

/// What came out of a pipe so far.
#[derive(Clone)]
struct Heard(Arc<(Mutex<Said>, Condvar)>);

#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Said {
    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

impl Heard {
    /// Reads the pipe on a thread, which ends with the pipe.
    fn listen(pipe: Option<impl Read + Send + 'static>) -> Self {
        let heard = Self(Arc::default());
        let Some(mut pipe) = pipe else {
            heard.add(None);
            return heard;
        };
        let listener = heard.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                listener.add(Some(&piece[..length]));
            }
            listener.add(None);
        });
        heard
    }

    fn add(&self, piece: Option<&[u8]>) {
        let mut said = self.0.0.lock().unwrap();
        said.bytes.extend_from_slice(piece.unwrap_or_default());
        said.is_over |= piece.is_none();
        self.0.1.notify_all();
    }

    fn wait(&self, done: impl Fn(&Said) -> bool, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let said = self.0.0.lock().unwrap();
        let (said, _) = self.0.1.wait_timeout_while(said, left, |said| !done(said) && !said.is_over).unwrap();
        done(&said)
    }

    fn is_over_until(&self, until: Instant) -> bool {
        self.wait(|said| said.is_over, until)
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap().text().into_owned()
    }
}
