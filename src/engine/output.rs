//! Output as a projection of the log: files of rows, the list of what failed, rows for a program.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::model::{Rows, codec, shown_json, shown_url};
use crate::steps::append::appender::{FileSink, file_path};
use crate::steps::{SinkSpec, SinkTarget, Sinks};
use crate::store::machine::Lost;
use crate::store::{Earlier, Projection, ProjectionError};

use super::output_parts;
use super::output_report::OutputReport;

/// Where output goes.
#[derive(Debug, Clone)]
pub struct OutputPlace {
    /// Put in front of relative files.
    pub base: PathBuf,
    /// Name of the folder of this run.
    pub stamp: String,
    /// The file that lists failed jobs.
    pub failed: PathBuf,
}

impl OutputPlace {
    /// Where the file of an appender lies.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        file_path(&self.base, file, &self.stamp)
    }

    /// Removes the files of a run whose rows another node keeps, and their folders where nothing else is in them.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove(&self, sinks: &Sinks) -> Result<(), ProjectionError> {
        for path in files(sinks.all(), self) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failure(&path, &error)),
                _ => {}
            }
            // Whatever else is in the folder is not ours.
            let _not_empty = path.parent().map(std::fs::remove_dir);
        }
        Ok(())
    }
}

/// Rows for a program that runs scoopi as a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The list they are for.
    pub list: String,
    /// How many rows.
    pub count: u32,
    /// The rows as their encoder wrote them.
    pub bytes: Vec<u8>,
}

impl Delivery {
    /// The rows line by line, without line ends. With `jsonLines` every line is a row; csv has values with
    /// line breaks in them as they are.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        // An empty slice would be one empty line.
        text.split(|byte| *byte == b'\n').filter(|_| !self.bytes.is_empty())
    }
}

/// Rows on their way to the program that runs scoopi as a library.
struct Deliveries {
    sender: mpsc::Sender<Delivery>,
    held: VecDeque<Delivery>,
}

impl Deliveries {
    fn new(sender: mpsc::Sender<Delivery>) -> Self {
        Self { sender, held: VecDeque::new() }
    }

    fn push(&mut self, delivery: Delivery) {
        self.held.push_back(delivery);
        self.hand_over();
    }

    /// Hands over what is held, waiting for the receiver. Only the writer of the log waits: a resumed run is
    /// read by a thread of the runtime, which must not, and before anybody can receive. What is held then is
    /// what the log has since its last snapshot.
    fn hand_over(&mut self) {
        if Handle::try_current().is_ok() {
            return;
        }
        for delivery in self.held.drain(..) {
            // Nobody listens any more: the rows stand in the log all the same.
            let _gone = self.sender.blocking_send(delivery);
        }
    }
}

enum Sink {
    File(FileSink),
    List(String),
}

impl Sink {
    fn place(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::List(list) => format!("list {list}"),
        }
    }
}

/// What is needed to go on after a restart.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    /// Length of each file by sink; nothing for lists.
    lengths: Vec<Option<u64>>,
    /// Rows by sink.
    rows: Vec<u64>,
    failed: u64,
    first_failed: Vec<String>,
}

impl Progress {
    /// Lengths in the order of [`Projection::parts`].
    fn parts(&self) -> Vec<u64> {
        self.lengths.iter().copied().flatten().chain([self.failed]).collect()
    }
}

/// See the module docs.
pub struct Output {
    sinks: Vec<Sink>,
    place: OutputPlace,
    /// Made when the first job fails.
    failed: Option<FileSink>,
    deliveries: Option<Deliveries>,
    report: Arc<OutputReport>,
    /// Bytes of each file that were synced last, in the order of [`Projection::parts`].
    synced: Vec<u64>,
}

impl Output {
    /// Opens all sinks, at the start or where `earlier` says. Lists begin anew: rows that are in parts are handed
    /// to no program.
    ///
    /// # Errors
    /// A file cannot be opened or set back.
    pub fn open(
        specs: &[SinkSpec],
        place: OutputPlace,
        deliveries: Option<mpsc::Sender<Delivery>>,
        earlier: Option<Earlier<'_>>,
        report: Arc<OutputReport>,
    ) -> Result<Self, ProjectionError> {
        let progress = earlier.map(|earlier| codec::decode(earlier.progress)).transpose();
        let progress: Option<Progress> = progress.map_err(|error| {
            ProjectionError(format!("output positions: {error}; start anew with --fresh"))
        })?;
        if let Some(parts) = earlier.and_then(|earlier| earlier.parts) {
            for (number, path) in files(specs, &place).enumerate() {
                output_parts::put(parts, number, &path).map_err(|error| failure(&path, &error))?;
            }
        }
        let mut sinks = Vec::with_capacity(specs.len());
        for (number, spec) in specs.iter().enumerate() {
            let length = progress.as_ref().and_then(|progress| *progress.lengths.get(number)?);
            sinks.push(open_sink(spec, &place, length)?);
        }
        let places = sinks.iter().map(Sink::place).collect();
        let synced = progress.as_ref().map(Progress::parts).unwrap_or_default();
        let (failed, rows, first) = match progress {
            Some(progress) => (progress.failed, progress.rows, progress.first_failed),
            None => (0, vec![], vec![]),
        };
        report.begin(places, rows, first, (failed > 0).then(|| place.failed.clone()));
        let deliveries = deliveries.map(Deliveries::new);
        let mut output = Self { sinks, place, failed: None, deliveries, report, synced: vec![] };
        output.set_back_failed(failed)?;
        output.synced = synced;
        Ok(output)
    }

    fn set_back_failed(&mut self, length: u64) -> Result<(), ProjectionError> {
        if length > 0 {
            self.failed_file(length)?;
            return Ok(());
        }
        match std::fs::remove_file(&self.place.failed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure(&self.place.failed, &error)),
            _ => Ok(()),
        }
    }

    fn failed_file(&mut self, length: u64) -> Result<&mut FileSink, ProjectionError> {
        let file = match self.failed.take() {
            Some(file) => file,
            None => FileSink::open(self.place.failed.clone(), length)
                .map_err(|error| failure(&self.place.failed, &error))?,
        };
        Ok(self.failed.insert(file))
    }

    fn files(&mut self) -> impl Iterator<Item = &mut FileSink> {
        let sinks = self.sinks.iter_mut().filter_map(|sink| match sink {
            Sink::File(file) => Some(file),
            Sink::List(_) => None,
        });
        sinks.chain(&mut self.failed)
    }
}

impl Projection for Output {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        for part in &rows.parts {
            self.report.add(part.sink, part.count);
            match self.sinks.get_mut(part.sink as usize) {
                Some(Sink::File(file)) => {
                    file.write(&part.bytes).map_err(|error| failure(file.path(), &error))?;
                }
                Some(Sink::List(list)) => {
                    if let Some(deliveries) = &mut self.deliveries {
                        let (list, bytes) = (list.clone(), part.bytes.clone());
                        deliveries.push(Delivery { list, count: part.count, bytes });
                    }
                }
                None => {
                    return Err(ProjectionError(format!(
                        "rows for sink {}, which is not in the plan",
                        part.sink
                    )));
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError> {
        let line = json!({
            "locator": lost.locator.name,
            "group": lost.locator.group,
            "url": shown_url(&lost.locator.url),
            "state": if lost.quarantined { "quarantined" } else { "failed" },
            "step": lost.step,
            "tries": lost.tries,
            "reason": lost.reason,
        });
        self.report.lost(&shown_url(&lost.locator.url), &lost.reason, &self.place.failed);
        let file = self.failed_file(0)?;
        file.write(format!("{}\n", shown_json(&line.to_string())).as_bytes())
            .map_err(|error| failure(file.path(), &error))
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        self.files().try_for_each(|file| file.flush().map_err(|error| failure(file.path(), &error)))
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        if let Some(deliveries) = &mut self.deliveries {
            deliveries.hand_over();
        }
        self.files().try_for_each(|file| file.sync().map_err(|error| failure(file.path(), &error)))?;
        let lengths = self.sinks.iter().map(|sink| match sink {
            Sink::File(file) => Some(file.length()),
            Sink::List(_) => None,
        });
        let (rows, first_failed) = self.report.kept();
        let failed = self.failed.as_ref().map_or(0, FileSink::length);
        let progress = Progress { lengths: lengths.collect(), rows, failed, first_failed };
        self.synced = progress.parts();
        codec::encode(&progress).map_err(|error| ProjectionError(error.to_string()))
    }

    fn parts(&self) -> Vec<(PathBuf, u64)> {
        let files = self.sinks.iter().filter_map(|sink| match sink {
            Sink::File(file) => Some(file.path().to_owned()),
            Sink::List(_) => None,
        });
        let synced = self.synced.iter().copied().chain(std::iter::repeat(0));
        files.chain([self.place.failed.clone()]).zip(synced).collect()
    }
}

/// The files of a run, in the order of [`Projection::parts`].
fn files<'a>(specs: &'a [SinkSpec], place: &'a OutputPlace) -> impl Iterator<Item = PathBuf> + 'a {
    let sinks = specs.iter().filter_map(|spec| match &spec.target {
        SinkTarget::File(file) => Some(place.path(file)),
        SinkTarget::List(_) => None,
    });
    sinks.chain([place.failed.clone()])
}

fn open_sink(spec: &SinkSpec, place: &OutputPlace, length: Option<u64>) -> Result<Sink, ProjectionError> {
    let path = match &spec.target {
        SinkTarget::List(list) => return Ok(Sink::List(list.clone())),
        SinkTarget::File(name) => place.path(name),
    };
    let mut file =
        FileSink::open(path.clone(), length.unwrap_or(0)).map_err(|error| failure(&path, &error))?;
    if let Some(header) = spec.header.as_ref().filter(|_| file.length() == 0) {
        file.write(header).map_err(|error| failure(&path, &error))?;
    }
    Ok(Sink::File(file))
}

fn failure(path: &std::path::Path, error: &io::Error) -> ProjectionError {
    ProjectionError(format!(
        "unable to write output file {}: {error}; mend that and go on with `--resume`, or start anew elsewhere with \
         `--fresh --output DIR`",
        path.display()
    ))
}

#[cfg(test)]
mod tests;
