//! `file`: rows in a file, in the order in which jobs were committed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::PluginDef;
use crate::durable;
use crate::model::shown_within;
use crate::plugin::About;
use crate::steps::{Build, SinkTarget};

use super::Entry;

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

fn make(build: &mut Build<'_>, plugin: &PluginDef) -> Option<SinkTarget> {
    let settings: Settings = build.plugin_settings("appender", plugin)?;
    if let Some(fault) = fault(&settings.file) {
        let help = "write a path that ends in a file name, such as output/data.txt";
        let message =
            format!("appender `{}`: `{}` {fault}", plugin.name, shown_within(&settings.file, LONGEST_NAME));
        build.setting_problem(plugin, "file", message, help);
        return None;
    }
    Some(SinkTarget::File(settings.file))
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

/// Where the file of an appender lies: `<base>/<folder of file>/<stamp>/<name of file>`.
#[must_use]
pub fn file_path(base: &Path, file: &str, stamp: &str) -> PathBuf {
    let file = Path::new(file);
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().map(Path::new).unwrap_or(file);
    base.join(folder).join(stamp).join(name)
}

/// A file that grows, and can be set back.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    length: u64,
}

/// Bytes that are gathered before they are handed to the operating system.
const BUFFER: usize = 256 << 10;

impl FileSink {
    /// Opens the file, making it and its folders, and sets it back to `length` bytes.
    ///
    /// # Errors
    /// It cannot be opened, or is shorter than `length`: somebody else changed it.
    pub fn open(path: PathBuf, length: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = durable::open(&path, File::options().create(true).write(true).truncate(false))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other(
                    "another process writes to it; give each one a folder of its own with `--output`",
                ));
            }
            // A file system without locks: nobody can be told apart there.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let found = file.metadata()?.len();
        if found < length {
            return Err(io::Error::other(format!(
                "it has {found} bytes and had {length} when the run stopped"
            )));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { path, file, buffer: vec![], length })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length, with what is not handed over yet.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// The disk refused.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// The disk refused.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// The disk refused.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_stands_between_folder_and_name() {
        let check = |base: &str, file: &str, path: &str| {
            assert_eq!(file_path(Path::new(base), file, "2020Jan10-022030"), Path::new(path));
        };
        check("scoopi", "output/data.txt", "scoopi/output/2020Jan10-022030/data.txt");
        check("", "data.txt", "2020Jan10-022030/data.txt");
        check("x", "/abs/data.txt", "/abs/2020Jan10-022030/data.txt");
    }

    #[test]
    fn a_file_goes_on_where_it_was_set_back_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        let mut sink = FileSink::open(path.clone(), 0).unwrap();
        sink.write(b"one\ntwo\n").unwrap();
        sink.sync().unwrap();
        let taken = FileSink::open(path.clone(), 4).unwrap_err();
        assert!(taken.to_string().contains("another process"), "{taken}");
        drop(sink);
        let mut sink = FileSink::open(path.clone(), 4).unwrap();
        sink.write(b"2\n").unwrap();
        sink.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n2\n");
        drop(sink);
        let error = FileSink::open(path, 100).unwrap_err();
        assert!(error.to_string().contains("had 100"), "{error}");
    }
}
