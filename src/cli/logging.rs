//! Where log lines go: to stderr, together with the progress line, and to a file.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::durable;
use crate::model::{shown_json, shown_within};

use super::color::{Style, is_colored, painted};
use super::exit::Failure;
use super::options::{LogFormat, Loudness};
use super::speech;

/// The name of the log file; every process starts it over.
const FILE: &str = "scoopi.log";

/// Longest line, in bytes.
const LONGEST: usize = 16 << 10;

/// The environment variable that says which events become lines.
const VARIABLE: &str = "RUST_LOG";

/// Longest filter that a message repeats, in bytes.
const LONGEST_FILTER: usize = 200;

/// How levels look on a terminal.
const LEVELS: [(&str, Style); 5] = [
    ("ERROR", Style::Error),
    ("WARN", Style::Warning),
    ("INFO", Style::Good),
    ("DEBUG", Style::Detail),
    ("TRACE", Style::Dim),
];

/// Starts logging. A log file that cannot be made is said and does not stop the run.
///
/// # Errors
/// The variable `RUST_LOG` is not a filter.
pub(super) fn start(
    folder: &str,
    format: LogFormat,
    loudness: Loudness,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let (terminal, file) = filters(loudness, std::env::var_os(VARIABLE))?;
    let stderr = Beside(progress.clone());
    let mut layers = vec![layer(format, is_colored(), stderr).with_filter(terminal).boxed()];
    match open(folder) {
        Ok(log) => layers.push(layer(format, false, Arc::new(log)).with_filter(file).boxed()),
        Err(error) => speech::warn(&format!("no log file in {folder}: {folder}/{FILE}: {error}")),
    }
    // Fails only if a program that uses us as a library logs already, which is as good.
    let _already_set = tracing_subscriber::registry().with(layers).try_init();
    Ok(())
}

/// Decides which events become lines.
type Chosen = Box<dyn Filter<Registry> + Send + Sync>;

/// Returns what goes to the terminal and to the file: what the options say, else what the variable says.
fn filters(loudness: Loudness, variable: Option<OsString>) -> Result<(Chosen, Chosen), Failure> {
    let variable = variable.filter(|filter| !filter.is_empty());
    let chosen = variable.map(|filter| read_filter(&filter)).transpose()?;
    if let (Loudness::Normal, Some(chosen)) = (loudness, chosen) {
        return Ok((Box::new(chosen.clone()), Box::new(chosen)));
    }
    let terminal = match loudness {
        Loudness::Quiet => LevelFilter::ERROR,
        Loudness::Normal => LevelFilter::WARN,
        Loudness::Verbose => LevelFilter::INFO,
        Loudness::Debug => LevelFilter::DEBUG,
    };
    let file = if loudness == Loudness::Debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    Ok((Box::new(of_interest(terminal)), Box::new(of_interest(file))))
}

fn read_filter(filter: &OsStr) -> Result<EnvFilter, Failure> {
    let text = filter.to_string_lossy();
    EnvFilter::builder().parse(&text).map_err(|error| {
        let text = shown_within(&text, LONGEST_FILTER);
        Failure::usage(format!(
            "the environment variable {VARIABLE} is \"{text}\": {error}; write a level, such as `debug`, or \
             `MODULE=LEVEL`, such as `scoopi::fetch=trace`, with commas between"
        ))
    })
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

fn layer<W>(format: LogFormat, is_colored: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => {
            let layer = fmt::layer().with_ansi(false).with_target(false).with_writer(writer);
            layer.map_event_format(|format| Shown { format, shown: shown_text, is_colored }).boxed()
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().with_target(false).with_writer(writer);
            layer.map_event_format(|format| Shown { format, shown: shown_object, is_colored: false }).boxed()
        }
    }
}

/// Writes an event as `format` does, but as one line of bounded length. Characters that a terminal would obey become
/// escapes, whatever the fields of the event contain.
struct Shown<F> {
    format: F,
    shown: fn(&str) -> Cow<'_, str>,
    /// Whether time and level are painted, after everything else became escapes.
    is_colored: bool,
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
        let line = (self.shown)(line);
        if self.is_colored { writeln!(writer, "{}", colored(&line)) } else { writeln!(writer, "{line}") }
    }
}

/// Paints the time and the level of a line, which are its first two words.
fn colored(line: &str) -> Cow<'_, str> {
    let Some((time, rest)) = line.split_once(' ') else { return line.into() };
    let event = rest.trim_start();
    let level = LEVELS.iter().find_map(|(name, style)| Some((name, style, event.strip_prefix(name)?)));
    let Some((name, style, event)) = level else { return line.into() };
    let space = " ".repeat(line.len() - time.len() - name.len() - event.len());
    format!("{}{space}{}{event}", painted(Style::Dim, time), painted(*style, name)).into()
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
struct Beside(ProgressBar);

impl<'a> MakeWriter<'a> for Beside {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { progress: &self.0, bytes: vec![] }
    }
}

/// One log line, written when it is whole.
struct Line<'a> {
    progress: &'a ProgressBar,
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
        // If stderr is gone, there is no other place for the message.
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
        let subscriber = tracing_subscriber::registry().with(layer(format, false, written.clone()));
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
    fn only_time_and_level_are_painted() {
        for (line, expected) in [
            ("12:00  WARN a  b", "\u{1b}[2m12:00\u{1b}[0m  \u{1b}[33mWARN\u{1b}[0m a  b"),
            ("12:00 ERROR a", "\u{1b}[2m12:00\u{1b}[0m \u{1b}[1;31mERROR\u{1b}[0m a"),
            ("12:00 a WARN", "12:00 a WARN"),
            ("", ""),
        ] {
            assert_eq!(colored(line), expected);
        }
    }

    #[test]
    fn the_variable_chooses_lines_where_no_option_does() {
        let read = |loudness, text: &str| filters(loudness, Some(text.into())).map(|(terminal, _)| terminal);
        let level = |filter: Chosen| filter.max_level_hint();
        assert_eq!(level(read(Loudness::Normal, "scoopi=trace").unwrap()), Some(LevelFilter::TRACE));
        assert_eq!(level(read(Loudness::Normal, "off").unwrap()), Some(LevelFilter::OFF));
        assert_eq!(level(read(Loudness::Normal, "").unwrap()), Some(LevelFilter::WARN));
        assert_eq!(level(read(Loudness::Quiet, "trace").unwrap()), Some(LevelFilter::ERROR));
        assert!(read(Loudness::Verbose, "scoopi=loud").is_err());
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
