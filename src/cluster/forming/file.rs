//! The vote of a node on disk: the file `forming` in the folder of its run.
//!
//! Each change writes the whole file next to the old one and renames it; the file changes a handful of times in the
//! life of a cluster. A checksum tells a damaged file from a vote: a node that guessed its vote could found a second
//! cluster.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::durable;
use crate::model::codec;

use super::acceptor::Acceptor;
use super::error::FormingError;

const NAME: &str = "forming";
const TMP: &str = "forming.tmp";
/// How the file begins; the number is that of its format.
const MAGIC: &[u8] = b"scoopi forming 1\n";
const CHECKSUM: usize = blake3::OUT_LEN;
/// More than any vote takes; a longer file is damaged.
const LIMIT: u64 = 4 << 20;

/// The file with this node's vote.
#[derive(Debug)]
pub(super) struct VoteFile {
    dir: PathBuf,
}

impl VoteFile {
    /// The file in that folder, and what it holds.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub(super) fn open(dir: &Path) -> Result<(Self, Acceptor), FormingError> {
        let file = Self { dir: dir.to_owned() };
        let path = file.path();
        let failed =
            |source| FormingError::Io { path: path.clone(), doing: "reading the vote of this node", source };
        let mut bytes = Vec::new();
        match durable::read(&path) {
            Ok(opened) => opened.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((file, Acceptor::default())),
            Err(error) => return Err(failed(error)),
        };
        let acceptor = parse(&bytes).map_err(|why| FormingError::Damaged { path: path.clone(), why })?;
        Ok((file, acceptor))
    }

    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    /// Keeps a vote; durable on return.
    ///
    /// # Errors
    /// The disk refuses. What was there before may then be there or not, which is why nothing may be answered.
    pub(super) fn store(&self, acceptor: &Acceptor) -> io::Result<()> {
        let body = codec::encode(acceptor).map_err(io::Error::other)?;
        let tmp = self.dir.join(TMP);
        let mut file = durable::create_private(&tmp)?;
        for part in [MAGIC, blake3::hash(&body).as_bytes(), &body] {
            file.write_all(part)?;
        }
        file.sync_all()?;
        fs::rename(&tmp, self.path())?;
        File::open(&self.dir)?.sync_all()
    }
}

fn parse(bytes: &[u8]) -> Result<Acceptor, String> {
    if bytes.len() as u64 > LIMIT {
        return Err("it is too long".to_owned());
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as this version writes it")?;
    let (checksum, body) = rest.split_at_checked(CHECKSUM).ok_or("it is cut off")?;
    if blake3::hash(body).as_bytes() != checksum {
        return Err("its checksum is wrong".to_owned());
    }
    codec::decode(body).map_err(|error| error.to_string())
}
