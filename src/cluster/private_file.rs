//! Files that hold secrets: only their owner may read them, and a crash leaves either all of one or none.
//!
//! Does not know what the secrets are.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::durable;

/// Longest secret that is read, in bytes; far above what any key needs.
const LIMIT: u64 = 4096;

/// Writes a new file. A file that exists is left alone.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the disk's error; then nothing is left behind.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options.mode(0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| sync_folder_of(path));
    if written.is_err() {
        drop(file);
        // What went wrong first is the news; a file that cannot be removed either changes nothing about it.
        fs::remove_file(path).ok();
    }
    written
}

/// Writes a file under another name first, so that it is never seen half written.
///
/// # Errors
/// The disk's error.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => create(&part, bytes)?,
    }
    fs::rename(&part, path)?;
    sync_folder_of(path)
}

/// Reads a file, and returns its mode, too.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] or another error of the disk; [`io::ErrorKind::InvalidData`] if it is far too long.
pub(super) fn read(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    let file = durable::read(path)?;
    let mode = mode(&file)?;
    let mut bytes = vec![];
    let read = file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if read as u64 > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is far too long"));
    }
    Ok((bytes, mode))
}

fn mode(file: &File) -> io::Result<u32> {
    Ok(file.metadata()?.permissions().mode() & 0o7777)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
