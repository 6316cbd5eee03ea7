//! Files as pages.
//!
//! Knows paths and the limit on size; the path was checked before. Only plain files are read: a directory
//! is a mistake, and opening a pipe or a terminal could wait for ever.

use std::fs::{File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::fetch::body::Body;
use crate::fetch::error::FetchError;
use crate::fetch::url;

/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// Whether a path was given by the user as it is, or below the resource root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A `file:` URL.
    Anywhere,
    /// A path without scheme.
    ResourceRoot,
}

/// Reads the file at `path`, at most `limit` bytes, away from the async threads.
///
/// # Errors
/// [`FetchError::File`], [`FetchError::NotAFile`] or [`FetchError::TooLarge`], with `url` as the name.
pub(super) async fn read(url: &str, path: PathBuf, place: Place, limit: usize) -> Result<Bytes, FetchError> {
    // One hop to the blocking pool for the whole file; `tokio::fs` would make one for each call.
    let work = tokio::task::spawn_blocking(move || (read_blocking(&path, limit), path));
    let (result, path) = match work.await {
        Ok(done) => done,
        Err(error) => (Err(Fault::Io(io::Error::other(error))), PathBuf::new()),
    };
    let url = url::shown_url(url);
    result.map_err(|fault| match fault {
        Fault::TooLarge => FetchError::TooLarge { url, limit },
        Fault::NotAFile(kind) => FetchError::NotAFile { url, path: path.display().to_string(), kind },
        Fault::Io(cause) => {
            let hint = hint(&cause, place);
            FetchError::File { url, path: path.display().to_string(), cause, hint }
        }
    })
}

enum Fault {
    Io(io::Error),
    NotAFile(&'static str),
    TooLarge,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_blocking(path: &Path, limit: usize) -> Result<Bytes, Fault> {
    // Before opening: opening a pipe waits for its other end.
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(Fault::NotAFile(kind(metadata.file_type())));
    }
    let mut file = File::open(path)?;
    let mut body = Body::new(Some(metadata.len()), limit).map_err(|_| Fault::TooLarge)?;
    let piece_length = usize::try_from(metadata.len()).unwrap_or(PIECE).saturating_add(1).min(PIECE);
    let mut piece = vec![0; piece_length];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(body.finish()),
            Ok(length) => body.push(piece.get(..length).unwrap_or_default()).map_err(|_| Fault::TooLarge)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn kind(file: FileType) -> &'static str {
    if file.is_dir() {
        "a directory"
    } else if file.is_fifo() {
        "a pipe"
    } else if file.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn hint(cause: &io::Error, place: Place) -> &'static str {
    match (cause.kind(), place) {
        (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, Place::ResourceRoot) => {
            "a URL without scheme is a path below the resource root: check its spelling and the resource root, or \
             write `file:///path/to/file` for a file elsewhere"
        }
        (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, Place::Anywhere) => {
            "check its spelling, and that it exists on this machine"
        }
        (io::ErrorKind::PermissionDenied, _) => "check who may read it and the folders above it",
        _ => "check that it can be read",
    }
}
