//! One kept value as a file: a magic word, a hash of the content, the content.
//!
//! The content is not looked at before the hash fits, and is still read with limits then: a program that can write the
//! file can write the hash too.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::durable;
use crate::model::codec::{self, MAX_FRAME};

const MAGIC: &[u8; 8] = b"scoopi\0\x01";
const HASH: usize = blake3::OUT_LEN;

/// Writes `value` to `path` in one go: readers see the old file or the new one, whole.
pub(super) fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let content = codec::encode(value).map_err(io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    durable::create_private_folder(folder)?;
    let part = path.with_extension("part");
    let mut file = durable::create_private(&part)?;
    file.write_all(MAGIC)?;
    file.write_all(blake3::hash(&content).as_bytes())?;
    file.write_all(&content)?;
    drop(file);
    fs::rename(&part, path)
}

/// Reads what [`write()`] wrote; `None` if there is no such file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let file = match durable::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut bytes = vec![];
    file.take((MAGIC.len() + HASH + MAX_FRAME + 1) as u64).read_to_end(&mut bytes)?;
    let content = bytes
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.split_at_checked(HASH))
        .filter(|(hash, content)| blake3::hash(content).as_bytes() == *hash)
        .map(|(_, content)| content)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its checksum does not fit"))?;
    codec::decode(content).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
