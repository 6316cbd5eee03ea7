//! Bytes of output that came from another node, on their way into the output files.
//!
//! A part is moved to where its file lies, or copied where that is another file system. Done again after a crash it
//! comes to the same: a part that is not there was moved already.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::durable;
use crate::store::part_name;

/// Makes the part with this number in `folder` the file at `path`, instead of what is there. Durable on return.
///
/// # Errors
/// The disk or the file system refused.
pub(super) fn put(folder: &Path, number: usize, path: &Path) -> io::Result<()> {
    let place = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(place)?;
    let part = folder.join(part_name(number));
    match fs::rename(&part, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy(&part, path)?,
        renamed => renamed?,
    }
    File::open(place)?.sync_all()
}

/// Copies to a file next to it first, so that the part is never there by halves.
fn copy(part: &Path, path: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    // A new file: the program neither follows nor waits for what lies there.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut copied = File::options().write(true).create_new(true).open(&beside)?;
    io::copy(&mut durable::read(part)?, &mut copied)?;
    copied.sync_all()?;
    fs::rename(&beside, path)
}
