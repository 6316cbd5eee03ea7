//! Output as a projection of the log: hands each commit to its sinks, and lists what failed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use crate::model::{Rows, codec, shown_json, shown_url};
use crate::store::machine::Lost;
use crate::store::{Earlier, Projection, ProjectionError};

use super::delivery::{Deliveries, Delivery};
use super::failure::failure;
use super::file::GrowingFile;
use super::parts;
use super::place::OutputPlace;
use super::report::OutputReport;
use super::sink::{Cursor, Opening, Sink};
use super::spec::SinkSpec;

/// What is needed to continue after a restart.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    /// By sink.
    cursors: Vec<Cursor>,
    /// Rows by sink.
    rows: Vec<u64>,
    failed: u64,
    first_failed: Vec<String>,
}

/// The sinks of a run, and the list of what failed.
pub struct Output {
    sinks: Vec<Box<dyn Sink>>,
    place: OutputPlace,
    /// Made when the first job fails.
    failed: Option<GrowingFile>,
    /// Bytes of it that were synced last.
    failed_synced: u64,
    deliveries: Option<Deliveries>,
    report: Arc<OutputReport>,
}

impl Output {
    /// Opens all sinks, at the start or where `earlier` points to. Lists start over: rows that are in parts are not
    /// handed to a program.
    ///
    /// # Errors
    /// A sink cannot be opened or set back.
    pub fn open(
        specs: &[SinkSpec],
        place: OutputPlace,
        deliveries: Option<mpsc::Sender<Delivery>>,
        earlier: Option<Earlier<'_>>,
        report: Arc<OutputReport>,
    ) -> Result<Self, ProjectionError> {
        let progress = earlier.map(|earlier| codec::decode(earlier.progress)).transpose();
        let progress: Option<Progress> = progress.map_err(|error| {
            ProjectionError(format!("output positions: {error}; start over with --fresh"))
        })?;
        if let Some(parts) = earlier.and_then(|earlier| earlier.parts) {
            let files = specs.iter().flat_map(|spec| spec.target.files(&place));
            for (number, path) in files.chain([place.failed.clone()]).enumerate() {
                parts::put(parts, number, &path).map_err(|error| failure(&path, &error))?;
            }
        }
        let deliveries = deliveries.map(Deliveries::new);
        let open = |(number, spec): (usize, &SinkSpec)| {
            let cursor = progress.as_ref().and_then(|progress| progress.cursors.get(number));
            let (header, deliveries) = (spec.header.as_deref(), deliveries.as_ref());
            spec.target.open(&Opening { place: &place, header, cursor, deliveries })
        };
        let sinks = specs.iter().enumerate().map(open).collect::<Result<Vec<_>, _>>()?;
        let places = sinks.iter().map(|sink| sink.place()).collect();
        let (failed, rows, first) = match progress {
            Some(progress) => (progress.failed, progress.rows, progress.first_failed),
            None => (0, vec![], vec![]),
        };
        report.begin(places, rows, first, (failed > 0).then(|| place.failed.clone()));
        let mut output = Self { sinks, place, failed: None, failed_synced: failed, deliveries, report };
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

    fn failed_file(&mut self, length: u64) -> Result<&mut GrowingFile, ProjectionError> {
        let file = match self.failed.take() {
            Some(file) => file,
            None => GrowingFile::open(self.place.failed.clone(), length)
                .map_err(|error| failure(&self.place.failed, &error))?,
        };
        Ok(self.failed.insert(file))
    }
}

impl Projection for Output {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        for part in &rows.parts {
            self.report.add(part.sink, part.count);
            let Some(sink) = self.sinks.get_mut(part.sink as usize) else {
                let message = format!("rows for sink {}, which is not in the plan", part.sink);
                return Err(ProjectionError(message));
            };
            sink.write(part)?;
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
        self.sinks.iter_mut().try_for_each(|sink| sink.flush())?;
        self.failed.iter_mut().try_for_each(|file| file.flush().map_err(|error| failure(file.path(), &error)))
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        if let Some(deliveries) = &self.deliveries {
            deliveries.hand_over();
        }
        let cursors = self.sinks.iter_mut().map(|sink| sink.sync()).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &mut self.failed {
            file.sync().map_err(|error| failure(file.path(), &error))?;
            self.failed_synced = file.length();
        }
        let (rows, first_failed) = self.report.kept();
        let progress = Progress { cursors, rows, failed: self.failed_synced, first_failed };
        codec::encode(&progress).map_err(|error| ProjectionError(error.to_string()))
    }

    fn parts(&self) -> Vec<(PathBuf, u64)> {
        let files = self.sinks.iter().flat_map(|sink| sink.parts());
        files.chain([(self.place.failed.clone(), self.failed_synced)]).collect()
    }
}

#[cfg(test)]
mod tests;
