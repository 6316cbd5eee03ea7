//! Where log lines go: to stderr, beside the progress line, and to a file.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use indicatif::MultiProgress;
use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::durable;
use crate::model::{shown_json, shown_within};

use super::options::{LogFormat, Loudness};
use super::speech;

/// The name of the log file; every process begins it anew.
const FILE: &str = "scoopi.log";

/// Longest line, in bytes.
const LONGEST: usize = 16 << 10;

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
        Err(error) => speech::tell(&format!("warning: no log file in {folder}: {folder}/{FILE}: {error}")),
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
    let file = durable::open(&Path::new(folder).join(FILE), File::options().create(true).append(true))?;
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
        LogFormat::Text => {
            let layer = fmt::layer().with_ansi(false).with_target(false).with_writer(writer);
            layer.map_event_format(|format| Shown { format, shown: shown_text }).boxed()
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().with_target(false).with_writer(writer);
            layer.map_event_format(|format| Shown { format, shown: shown_object }).boxed()
        }
    }
}

/// Writes an event as `format` does, but as one line of bounded length. Characters that a terminal would obey become
/// escapes, whatever the fields of the event contain.
struct Shown<F> {
    format: F,
    shown: fn(&str) -> Cow<'_, str>,
}

impl<S, N, F> FormatEvent<S, N> for Shown<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        writeln!(writer, "{}", (self.shown)(line))
    }
}

fn shown_text(line: &str) -> Cow<'_, str> {
    shown_within(line, LONGEST)
}

/// Makes a line of JSON; cuts the texts of a line that is too long, so that it still is JSON.
fn shown_object(line: &str) -> Cow<'_, str> {
    if line.len() <= LONGEST {
        return shown_json(line);
    }
    let Ok(mut object) = serde_json::from_str::<Value>(line) else { return shown_text(line) };
    if let Some(fields) = object.get_mut("fields").and_then(Value::as_object_mut) {
        let longest = LONGEST / fields.len().max(1);
        for field in fields.values_mut() {
            if let Value::String(text) = field {
                *text = shown_within(text, longest).into_owned();
            }
        }
    }
    shown_json(&object.to_string()).into_owned().into()
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Returns what was written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// Returns the lines of an event, whatever way its text comes into it.
    fn lines(format: LogFormat, text: &str) -> Vec<String> {
        let written = Written::default();
        let subscriber = tracing_subscriber::registry().with(layer(format, written.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!("{text}");
            tracing::warn!(text, "as it is");
            tracing::warn!(%text, "shown");
            tracing::warn!(?text, "for programmers");
        });
        let text = String::from_utf8(written.0.lock().clone()).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_event_is_a_line_in_which_nothing_is_obeyed() {
        let text = "a\u{1b}[2J\n2026 ERROR b\r\n\u{9b}c\u{202e}\u{2028}\u{feff}\u{7f}d";
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = lines(format, text);
            assert_eq!(lines.len(), 4, "{lines:#?}");
            for line in &lines {
                assert_eq!(shown_within(line, usize::MAX), *line);
                assert!(line.contains("WARN"), "{line}");
            }
            if format == LogFormat::Json {
                let read: Value = serde_json::from_str(&lines[1]).unwrap();
                assert_eq!(read["fields"]["text"], text);
            }
        }
    }

    #[test]
    fn a_line_has_an_end() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for line in lines(format, &"é\u{1b}".repeat(1 << 20)) {
                assert!(line.len() < 8 * LONGEST, "{}", line.len());
                let is_json = serde_json::from_str::<Value>(&line).is_ok_and(|line| line["level"] == "WARN");
                assert_eq!(is_json, format == LogFormat::Json);
            }
        }
    }
}
