//! Files that the program keeps, opened with care.
//!
//! Something else may lie in the place of a plain file: a named pipe, at which opening waits for ever; a link to a file
//! of another user; a device, or a folder. This module opens only plain files, and its errors name what lies there
//! instead. A run contains pages, and URLs with passwords: only its owner can read the files of a run. Knows files and
//! folders, not what they contain.

use std::fs::{self, DirBuilder, File, FileType, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// Mode of a file that only its owner may read.
const PRIVATE_FILE: u32 = 0o600;
/// Mode of a folder that only its owner may enter.
const PRIVATE_FOLDER: u32 = 0o700;
/// The bits of a mode that concern other users.
const OTHERS: u32 = 0o077;

/// Opens a plain file for writing, as `options` say. Does not follow a link in its place.
///
/// # Errors
/// Something else lies there, or the system refuses.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // The check before opening gives the message; the check after it is needed because the file may be another one by
    // then.
    match fs::symlink_metadata(path) {
        Ok(found) => plain(found.file_type())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path)?;
    plain(file.metadata()?.file_type())?;
    Ok(file)
}

/// The same as [`open`], for a file that other users may not read; a file that exists keeps its mode.
///
/// # Errors
/// As [`open`].
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    open(path, options.mode(PRIVATE_FILE))
}

/// Makes a file that other users may not read; empties a file that exists.
///
/// # Errors
/// As [`open`].
pub fn create_private(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().write(true).create(true).truncate(true))
}

/// Opens a plain file for reading. Follows a link to one: a user who may place the link may also write the file.
///
/// # Errors
/// Something else lies there, or the system refuses.
pub fn read(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    plain(file.metadata()?.file_type())?;
    Ok(file)
}

/// Makes a folder and its parents if they do not exist. Only their owner can enter new ones.
///
/// # Errors
/// The system refuses.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path)
}

/// Removes the access of other users to a folder, if it exists.
///
/// # Errors
/// The system refuses.
pub fn close_to_others(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() && found.permissions().mode() & OTHERS != 0 => {
            fs::set_permissions(folder, Permissions::from_mode(PRIVATE_FOLDER))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// The system refuses.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn plain(found: FileType) -> io::Result<()> {
    let kind = if found.is_file() {
        return Ok(());
    } else if found.is_dir() {
        "a folder"
    } else if found.is_symlink() {
        "a symbolic link, which is not followed"
    } else if found.is_fifo() {
        "a named pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::other(format!("expected a plain file, found {kind}; remove it, or name another place")))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    /// Makes one entry of each kind in `folder`; returns their paths and their names in messages.
    fn kinds(folder: &Path) -> Vec<(PathBuf, &'static str)> {
        let at = |name: &str| folder.join(name);
        mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("victim"), "kept").unwrap();
        symlink(at("victim"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        let _listens = UnixListener::bind(at("socket")).unwrap();
        vec![
            (at("pipe"), "a named pipe"),
            (at("folder"), "a folder"),
            (at("link"), "a symbolic link"),
            (at("dangling"), "a symbolic link"),
            (at("socket"), "a socket"),
            ("/dev/null".into(), "a device"),
        ]
    }

    #[test]
    fn only_a_plain_file_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for (path, kind) in kinds(folder.path()) {
            for (how, error) in [
                ("new", create_private(&path).unwrap_err()),
                ("append", open(&path, OpenOptions::new().create(true).append(true)).unwrap_err()),
                ("both", open_private(&path, OpenOptions::new().read(true).write(true)).unwrap_err()),
            ] {
                assert!(error.to_string().contains(kind), "{how} {}: {error}", path.display());
            }
        }
        assert_eq!(fs::read_to_string(folder.path().join("victim")).unwrap(), "kept");
        assert!(!folder.path().join("nowhere").exists());
    }

    #[test]
    fn only_a_plain_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for (path, kind) in kinds(folder.path()) {
            match read(&path) {
                Ok(mut file) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    assert_eq!((&*text, path.ends_with("link")), ("kept", true), "{}", path.display());
                }
                Err(error) if path.ends_with("dangling") => {
                    assert_eq!(error.kind(), io::ErrorKind::NotFound);
                }
                // A socket cannot be opened.
                Err(error) if path.ends_with("socket") => assert!(!error.to_string().is_empty()),
                Err(error) => assert!(error.to_string().contains(kind), "{}: {error}", path.display()),
            }
        }
    }

    #[test]
    fn what_is_private_is_so_whatever_others_may_do_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (inner, open) = (folder.path().join("a/b"), folder.path().join("open"));
        create_private_folder(&inner).unwrap();
        create_private_folder(&inner).unwrap();
        create_private(&inner.join("c")).unwrap();
        assert_eq!(
            [mode(inner.parent().unwrap()), mode(&inner), mode(&inner.join("c"))],
            [0o700, 0o700, 0o600]
        );
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
        close_to_others(&open).unwrap();
        close_to_others(&folder.path().join("none")).unwrap();
        assert_eq!(mode(&open), 0o700);
    }
}
