//! `file`: rows in a file, in the order in which jobs were committed.

mod growing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{SinkRows, shown_within};
use crate::plugin::{About, PluginBuild};
use crate::store::ProjectionError;

use super::entry::Entry;
use super::failure::failure;
use super::place::OutputPlace;
use super::sink::{Cursor, Opening, Sink, Target};
pub(super) use growing::GrowingFile;

/// Settings of the appender `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file. A folder named by the date-time of the run is put in front of its name: `output/data.txt`
    /// becomes `output/2026Nov21-105959/data.txt`.
    file: String,
    /// Accepted for old definitions, without effect: rows are committed with their job.
    #[serde(default, rename = "queueSize")]
    #[schemars(rename = "queueSize")]
    _queue_size: Option<serde_json::Value>,
}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "file",
        &["org.codetab.scoopi.plugin.appender.FileAppender"],
        "writes rows to a file",
    ),
    make,
};

fn make(build: &mut PluginBuild<'_>) -> Option<Arc<dyn Target>> {
    let settings: Settings = build.settings()?;
    if let Some(fault) = fault(&settings.file) {
        let help = "write a path that ends in a file name, such as output/data.txt";
        let message =
            format!("appender `{}`: `{}` {fault}", build.name(), shown_within(&settings.file, LONGEST_NAME));
        build.problem("file", message, help);
        return None;
    }
    Some(Arc::new(FileTarget(settings.file)))
}

/// Longest file name in bytes on the usual file systems.
const LONGEST_NAME: usize = 255;

/// Returns what is wrong with the name of a file.
fn fault(file: &str) -> Option<&'static str> {
    let name = Path::new(file).file_name();
    if file.contains('\0') {
        Some("contains a NUL, which a file name cannot contain")
    } else if file.ends_with('/') || name.is_none() {
        Some("does not name a file")
    } else if Path::new(file).components().any(|part| part.as_os_str().len() > LONGEST_NAME) {
        Some("has a name of more than 255 bytes")
    } else {
        None
    }
}

/// A file, as written in the definition.
#[derive(Debug)]
struct FileTarget(String);

impl Target for FileTarget {
    fn name(&self) -> String {
        format!("file {}", self.0)
    }

    fn files(&self, place: &OutputPlace) -> Vec<PathBuf> {
        vec![place.path(&self.0)]
    }

    fn open(&self, opening: &Opening<'_>) -> Result<Box<dyn Sink>, ProjectionError> {
        let path = opening.place.path(&self.0);
        let synced = opening.cursor.map_or(Ok(0), length_of)?;
        let mut file = GrowingFile::open(path.clone(), synced).map_err(|error| failure(&path, &error))?;
        if let Some(header) = opening.header.filter(|_| file.length() == 0) {
            file.write(header).map_err(|error| failure(&path, &error))?;
        }
        Ok(Box::new(FileSink { file, synced }))
    }
}

/// The cursor of a file is its length.
fn length_of(cursor: &Cursor) -> Result<u64, ProjectionError> {
    let bytes = cursor.as_slice().try_into();
    bytes.map(u64::from_le_bytes).map_err(|_| {
        ProjectionError("the position in an output file cannot be read; start over with --fresh".to_owned())
    })
}

struct FileSink {
    file: GrowingFile,
    /// Bytes that were synced last.
    synced: u64,
}

impl Sink for FileSink {
    fn place(&self) -> String {
        self.file.path().display().to_string()
    }

    fn write(&mut self, rows: &SinkRows) -> Result<(), ProjectionError> {
        self.file.write(&rows.bytes).map_err(|error| failure(self.file.path(), &error))
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        self.file.flush().map_err(|error| failure(self.file.path(), &error))
    }

    fn sync(&mut self) -> Result<Cursor, ProjectionError> {
        self.file.sync().map_err(|error| failure(self.file.path(), &error))?;
        self.synced = self.file.length();
        Ok(self.synced.to_le_bytes().to_vec())
    }

    fn parts(&self) -> Vec<(PathBuf, u64)> {
        vec![(self.file.path().to_owned(), self.synced)]
    }
}

/// A target of this name.
#[cfg(test)]
pub(super) fn target(name: &str) -> Arc<dyn Target> {
    Arc::new(FileTarget(name.to_owned()))
}
