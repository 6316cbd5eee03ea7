//! Who this node is: a key pair of its own, kept in the run's folder.
//!
//! The number of a node is made of its public key, so that no other node can claim it. The key lies next to what the
//! node has promised: a node that lost its disk has forgotten its votes, and must be a new node.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use libp2p::PeerId;
use libp2p::identity::Keypair;
use thiserror::Error;

use crate::model::NodeId;

use super::private_file;

/// Its name in the run's folder.
const FILE: &str = "node.key";

/// The key pair of this node.
#[derive(Clone)]
pub struct Identity(Keypair);

/// Why a node does not know who it is.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The disk refuses.
    #[error("unable to {doing} the identity of this node, {}: {source}", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{} is damaged, so this node does not know who it is: remove the run's folder and let it join as a new node",
        .0.display()
    )]
    Damaged(PathBuf),
}

impl Identity {
    /// Reads the identity in `folder`, or makes one there.
    ///
    /// # Errors
    /// The disk refuses, or what lies there is no identity.
    pub fn open(folder: &Path) -> Result<Self, IdentityError> {
        let path = folder.join(FILE);
        let failed = |doing, source| IdentityError::Disk { path: path.clone(), doing, source };
        match private_file::read(&path) {
            Ok((bytes, _)) => Self::decode(&bytes).ok_or(IdentityError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(IdentityError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = Keypair::generate_ed25519();
                let bytes = keys.to_protobuf_encoding().map_err(|e| failed("write", io::Error::other(e)))?;
                private_file::replace(&path, &bytes).map_err(|error| failed("write", error))?;
                Ok(Self(keys))
            }
            Err(error) => Err(failed("read", error)),
        }
    }

    /// Creates an identity that is not stored, for a client that is not a member.
    #[must_use]
    pub fn passing() -> Self {
        Self(Keypair::generate_ed25519())
    }

    /// The number of this node.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        node_id(&self.0.public().to_peer_id())
    }

    /// As libp2p takes it.
    pub(super) fn keys(&self) -> &Keypair {
        &self.0
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Keypair::from_protobuf_encoding(bytes).ok().map(Self)
    }
}

/// Returns the number of the node with this public key. It is never zero, which stands for "no node" elsewhere.
pub(super) fn node_id(peer: &PeerId) -> NodeId {
    let hash = blake3::hash(&peer.to_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(hash.as_bytes().first_chunk::<8>().unwrap_or(&[0; 8]));
    NodeId(u64::from_be_bytes(first).max(1))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.node_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_stays_with_its_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = Identity::open(one.path()).unwrap().node_id();
        assert_eq!(Identity::open(one.path()).unwrap().node_id(), first);
        assert_ne!(Identity::open(other.path()).unwrap().node_id(), first);
        assert_ne!(first, NodeId(0));
        assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 1);
    }

    #[test]
    fn nobody_else_may_read_it_and_a_write_that_was_cut_off_does_no_harm() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("node.part"), "half").unwrap();
        Identity::open(dir.path()).unwrap();
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_identity_is_not_replaced_in_silence() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [&b""[..], &[7; 68], &[0; 10_000]] {
            std::fs::write(dir.path().join(FILE), bytes).unwrap();
            let error = Identity::open(dir.path()).unwrap_err().to_string();
            assert!(error.contains("node.key is damaged") && error.contains("new node"), "{error}");
        }
        let error = Identity::open(&dir.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("unable to write"), "{error}");
    }
}
