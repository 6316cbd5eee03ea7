//! Output as a projection of the log: files of rows, the list of what failed, rows for a program.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use crate::model::{Rows, codec};
use crate::steps::append::appender::{FileSink, file_path};
use crate::steps::{SinkSpec, SinkTarget};
use crate::store::machine::Lost;
use crate::store::{Projection, ProjectionError};

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

/// See the module docs.
pub struct Output {
    sinks: Vec<Sink>,
    place: OutputPlace,
    /// Made when the first job fails.
    failed: Option<FileSink>,
    deliveries: Option<mpsc::Sender<Delivery>>,
    report: Arc<OutputReport>,
}

impl Output {
    /// Opens all sinks, at the start or where `progress` says.
    ///
    /// # Errors
    /// A file cannot be opened or set back.
    pub fn open(
        specs: &[SinkSpec],
        place: OutputPlace,
        deliveries: Option<mpsc::Sender<Delivery>>,
        progress: Option<&[u8]>,
        report: Arc<OutputReport>,
    ) -> Result<Self, ProjectionError> {
        let progress: Option<Progress> = progress.map(codec::decode).transpose().map_err(|error| {
            ProjectionError(format!("output positions: {error}; start anew with --fresh"))
        })?;
        let mut sinks = Vec::with_capacity(specs.len());
        for (number, spec) in specs.iter().enumerate() {
            let length = progress.as_ref().and_then(|progress| *progress.lengths.get(number)?);
            sinks.push(open_sink(spec, &place, length)?);
        }
        let places = sinks.iter().map(Sink::place).collect();
        let (failed, rows, first) = match progress {
            Some(progress) => (progress.failed, progress.rows, progress.first_failed),
            None => (0, vec![], vec![]),
        };
        report.begin(places, rows, first, (failed > 0).then(|| place.failed.clone()));
        let mut output = Self { sinks, place, failed: None, deliveries, report };
        output.set_back_failed(failed)?;
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
                    let delivery =
                        Delivery { list: list.clone(), count: part.count, bytes: part.bytes.clone() };
                    if let Some(deliveries) = &self.deliveries {
                        // Nobody listens any more: the rows stand in the log all the same.
                        let _gone = deliveries.blocking_send(delivery);
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
            "url": lost.locator.url,
            "state": if lost.quarantined { "quarantined" } else { "failed" },
            "step": lost.step,
            "tries": lost.tries,
            "reason": lost.reason,
        });
        self.report.lost(&lost.locator.url, &lost.reason, &self.place.failed);
        let file = self.failed_file(0)?;
        file.write(format!("{line}\n").as_bytes()).map_err(|error| failure(file.path(), &error))
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        self.files().try_for_each(|file| file.flush().map_err(|error| failure(file.path(), &error)))
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        self.files().try_for_each(|file| file.sync().map_err(|error| failure(file.path(), &error)))?;
        let lengths = self.sinks.iter().map(|sink| match sink {
            Sink::File(file) => Some(file.length()),
            Sink::List(_) => None,
        });
        let (rows, first_failed) = self.report.kept();
        let failed = self.failed.as_ref().map_or(0, FileSink::length);
        let progress = Progress { lengths: lengths.collect(), rows, failed, first_failed };
        codec::encode(&progress).map_err(|error| ProjectionError(error.to_string()))
    }
}

fn open_sink(spec: &SinkSpec, place: &OutputPlace, length: Option<u64>) -> Result<Sink, ProjectionError> {
    let name = match &spec.target {
        SinkTarget::List(list) => return Ok(Sink::List(list.clone())),
        SinkTarget::File(name) => name,
    };
    let path = file_path(&place.base, name, &place.stamp);
    let mut file =
        FileSink::open(path.clone(), length.unwrap_or(0)).map_err(|error| failure(&path, &error))?;
    if let Some(header) = spec.header.as_ref().filter(|_| file.length() == 0) {
        file.write(header).map_err(|error| failure(&path, &error))?;
    }
    Ok(Sink::File(file))
}

fn failure(path: &std::path::Path, error: &io::Error) -> ProjectionError {
    ProjectionError(format!("unable to write output file {}: {error}", path.display()))
}
