//! What was written where, for the end of the run: the log writer fills it, the report reads it.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// How many failed jobs are shown with their reasons; the file holds all.
const SHOWN: usize = 5;

/// Rows of one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkReport {
    /// Where they are.
    pub place: String,
    /// How many rows the run wrote there, earlier parts of a resumed run included.
    pub rows: u64,
}

/// What was written where.
#[derive(Debug, Default)]
pub struct OutputReport(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    sinks: Vec<SinkReport>,
    failed: Option<PathBuf>,
    first_failed: Vec<String>,
}

impl OutputReport {
    /// Rows by sink, the file of failed jobs, and the first few of them.
    #[must_use]
    pub fn view(&self) -> (Vec<SinkReport>, Option<PathBuf>, Vec<String>) {
        let content = self.0.lock();
        (content.sinks.clone(), content.failed.clone(), content.first_failed.clone())
    }

    /// Begins with what was there at the snapshot.
    pub(super) fn begin(
        &self,
        places: Vec<String>,
        rows: Vec<u64>,
        first_failed: Vec<String>,
        failed: Option<PathBuf>,
    ) {
        let rows = rows.into_iter().chain(std::iter::repeat(0));
        let sinks = places.into_iter().zip(rows).map(|(place, rows)| SinkReport { place, rows }).collect();
        *self.0.lock() = Content { sinks, failed, first_failed };
    }

    /// Counts rows.
    pub(super) fn add(&self, sink: u32, rows: u32) {
        if let Some(sink) = self.0.lock().sinks.get_mut(sink as usize) {
            sink.rows += u64::from(rows);
        }
    }

    /// Notes a job that was lost.
    pub(super) fn lost(&self, url: &str, reason: &str, file: &Path) {
        let mut content = self.0.lock();
        content.failed.get_or_insert_with(|| file.to_owned());
        if content.first_failed.len() < SHOWN {
            content.first_failed.push(format!("{url}: {reason}"));
        }
    }

    /// What a snapshot keeps.
    pub(super) fn kept(&self) -> (Vec<u64>, Vec<String>) {
        let content = self.0.lock();
        (content.sinks.iter().map(|sink| sink.rows).collect(), content.first_failed.clone())
    }
}
