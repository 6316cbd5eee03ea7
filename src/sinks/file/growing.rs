//! A file that grows, and can be set back to a length that it had. Does not know what is in it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::durable;

/// A file that grows, and can be set back.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    length: u64,
}

/// Bytes that are gathered before they are handed to the operating system.
const BUFFER: usize = 256 << 10;

impl GrowingFile {
    /// Opens the file, making it and its folders, and sets it back to `length` bytes.
    ///
    /// # Errors
    /// It cannot be opened, or is shorter than `length`: another program changed it.
    pub(crate) fn open(path: PathBuf, length: u64) -> io::Result<Self> {
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
            // A file system without locks: writers cannot be told apart there.
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
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its length, with what is not handed over yet.
    #[must_use]
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_on_where_it_was_set_back_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        let mut sink = GrowingFile::open(path.clone(), 0).unwrap();
        sink.write(b"one\ntwo\n").unwrap();
        sink.sync().unwrap();
        let taken = GrowingFile::open(path.clone(), 4).unwrap_err();
        assert!(taken.to_string().contains("another process"), "{taken}");
        drop(sink);
        let mut sink = GrowingFile::open(path.clone(), 4).unwrap();
        sink.write(b"2\n").unwrap();
        sink.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n2\n");
        drop(sink);
        let error = GrowingFile::open(path, 100).unwrap_err();
        assert!(error.to_string().contains("had 100"), "{error}");
    }
}
