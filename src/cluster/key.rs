//! The key that all nodes of a cluster share and keep secret: 32 random bytes.
//!
//! Its text is libp2p's own for swarm keys. It gives entry to the cluster, so it is never printed, and a file that
//! others may read is refused. Does not know what is protected with it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use libp2p::identity::ed25519;
use libp2p::pnet::PreSharedKey;
use thiserror::Error;

use super::private_file;

/// The key of a cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClusterKey([u8; 32]);

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// There is no such file.
    #[error("cluster key {} does not exist: make one with `scoopi keygen FILE` and copy it to every node", .0.display())]
    Missing(PathBuf),
    /// There is one already.
    #[error("cluster key {} exists already and is not overwritten: nodes may be using it", .0.display())]
    Exists(PathBuf),
    /// The disk refuses.
    #[error("unable to {doing} the cluster key {}: {source}", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// It is not the text of a key. What it says is not repeated here, as it may be some other secret.
    #[error(
        "{} is not a cluster key: it has three lines, `/key/swarm/psk/1.0.0/`, `/base16/` and 64 hexadecimal digits",
        .0.display()
    )]
    Malformed(PathBuf),
    /// Others may read it.
    #[error("others may read the cluster key {file} (mode {mode:04o}): run `chmod 600 {file}`", file = .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// What others may do.
        mode: u32,
    },
}

/// A text that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no cluster key")]
pub struct Malformed;

impl ClusterKey {
    /// A new key, from the system's source of randomness.
    #[must_use]
    pub fn generate() -> Self {
        // An ed25519 secret is 32 bytes of that source, and nothing more.
        let mut key = [0; 32];
        key.copy_from_slice(ed25519::SecretKey::generate().as_ref());
        Self(key)
    }

    /// Reads the key in a file.
    ///
    /// # Errors
    /// There is none, it is not a key, or others may read it.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let (bytes, mode) = private_file::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing(path.into()),
            io::ErrorKind::InvalidData => KeyError::Malformed(path.into()),
            _ => KeyError::Disk { path: path.into(), doing: "read", source },
        })?;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.into(), mode });
        }
        let text = String::from_utf8(bytes).map_err(|_| KeyError::Malformed(path.into()))?;
        text.parse().map_err(|Malformed| KeyError::Malformed(path.into()))
    }

    /// Writes the key into a new file that only its owner may read.
    ///
    /// # Errors
    /// The file exists, or the disk refuses.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyError> {
        private_file::create(path, self.to_text().as_bytes()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.into()),
            _ => KeyError::Disk { path: path.into(), doing: "write", source },
        })
    }

    /// As libp2p takes it.
    pub(super) fn swarm_key(&self) -> PreSharedKey {
        PreSharedKey::new(self.0)
    }

    fn to_text(self) -> String {
        let mut text = self.swarm_key().to_key_file();
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

impl FromStr for ClusterKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.trim_end().lines().map(str::trim_end);
        let mut line = || lines.next().unwrap_or_default();
        if (line(), line()) != ("/key/swarm/psk/1.0.0/", "/base16/") {
            return Err(Malformed);
        }
        let digits = line();
        let mut key = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() || lines.next().is_some() {
            return Err(Malformed);
        }
        for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| Malformed)?;
            let is_hex = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(pair, 16).ok().filter(|_| is_hex).ok_or(Malformed)?;
        }
        Ok(Self(key))
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_once_and_read_back_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cluster.key");
        let key = ClusterKey::generate();
        assert_ne!(key, ClusterKey::generate());
        key.write_new(&path).unwrap();
        assert_eq!(ClusterKey::read(&path).unwrap(), key);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("/key/swarm/psk/1.0.0/\n/base16/\n"), "{text}");
        assert_eq!(text.len(), "/key/swarm/psk/1.0.0/\n/base16/\n".len() + 65);
        assert_eq!(text.parse::<PreSharedKey>().unwrap(), key.swarm_key());
        let error = ClusterKey::generate().write_new(&path).unwrap_err().to_string();
        assert!(error.contains("not overwritten"), "{error}");
        assert_eq!(ClusterKey::read(&path).unwrap(), key);
        assert_eq!(format!("{key:?}"), "ClusterKey(..)");
    }

    #[test]
    fn what_is_no_key_says_what_to_do_and_does_not_repeat_it() {
        let dir = tempfile::tempdir().unwrap();
        let check = |text: &[u8], name: &str| {
            let path = dir.path().join(name);
            private_file::create(&path, text).unwrap();
            let error = ClusterKey::read(&path).unwrap_err().to_string();
            assert!(error.contains("is not a cluster key") && error.contains(name), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        check(b"", "empty");
        check(b"hunter2", "password");
        check(b"/key/swarm/psk/1.0.0/\n/base16/\nhunter2", "short");
        check(format!("/key/swarm/psk/1.0.0/\n/base16/\n{}", "g".repeat(64)).as_bytes(), "no-hex");
        check(format!("/key/swarm/psk/1.0.0/\n/base16/\n{}", "+f".repeat(32)).as_bytes(), "signs");
        check(format!("/key/swarm/psk/1.0.0/\n/base16/\n{}\nx", "a".repeat(64)).as_bytes(), "more");
        check(&[0xff; 100], "binary");
        check(&vec![b'a'; 1 << 20], "long");
        let error = ClusterKey::read(&dir.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("does not exist: make one"), "{error}");
        let error = ClusterKey::read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("unable to read"), "{error}");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_way_out() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cluster.key");
        ClusterKey::generate().write_new(&path).unwrap();
        for (mode, accepted) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let read = ClusterKey::read(&path);
            assert_eq!(read.is_ok(), accepted, "{mode:o}");
            if let Err(error) = read {
                assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
            }
        }
    }
}
