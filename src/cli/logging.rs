//! Where log lines go: to stderr, beside the progress line, and to a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use indicatif::MultiProgress;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use super::options::{LogFormat, Loudness};
use super::speech;

/// The name of the log file; every process begins it anew.
const FILE: &str = "scoopi.log";

/// Starts logging. A log file that cannot be made is said and does not stop the run.
pub(super) fn start(folder: &str, format: LogFormat, loudness: Loudness, progress: &MultiProgress) {
    let terminal = match loudness {
        Loudness::Quiet => LevelFilter::ERROR,
        Loudness::Normal => LevelFilter::WARN,
        Loudness::Verbose => LevelFilter::INFO,
        Loudness::Debug => LevelFilter::DEBUG,
    };
    let file = if loudness == Loudness::Debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let stderr = Beside(progress.clone());
    let (terminal, file) = (of_interest(terminal), of_interest(file));
    let mut layers = vec![layer(format, stderr).with_filter(terminal).boxed()];
    match open(folder) {
        Ok(log) => layers.push(layer(format, Arc::new(log)).with_filter(file).boxed()),
        Err(error) => speech::tell(&format!("warning: no log file in {folder}: {error}")),
    }
    // Fails only if a program that uses us as a library logs already, which is as good.
    let _already_set = tracing_subscriber::registry().with(layers).try_init();
}

/// What these libraries say is for those who look for faults: to them, a node that is gone is an error.
fn of_interest(level: LevelFilter) -> Targets {
    let library = if level == LevelFilter::DEBUG { LevelFilter::INFO } else { LevelFilter::OFF };
    let libraries = ["openraft", "libp2p", "hickory", "yamux", "multistream_select", "netlink"];
    Targets::new().with_default(level).with_targets(libraries.map(|name| (name, library)))
}

/// Opens the file, empty unless another process writes to it: its lines stay, and ours follow them.
fn open(folder: &str) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::options().create(true).append(true).open(Path::new(folder).join(FILE))?;
    if file.try_lock().is_ok() {
        file.set_len(0)?;
    }
    Ok(file)
}

fn layer<W>(format: LogFormat, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_target(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().json().with_target(false).with_writer(writer).boxed(),
    }
}

/// Writes to stderr above the progress line.
struct Beside(MultiProgress);

impl<'a> MakeWriter<'a> for Beside {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { progress: &self.0, bytes: vec![] }
    }
}

/// One log line, written when it is whole.
struct Line<'a> {
    progress: &'a MultiProgress,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // If stderr is gone, there is nobody to tell.
        let _gone = self.progress.suspend(|| io::stderr().write_all(&self.bytes));
    }
}
