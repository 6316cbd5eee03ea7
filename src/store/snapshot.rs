//! Snapshot files: the state up to one log index, as a stream of records that never lies in memory as a whole.
//!
//! Knows files, lengths and hashes; does not know what a record means. A file gets its name only when it is complete
//! and durable, and older ones go only after that, so a crash at any point leaves a usable newest file:
//!
//! ```text
//!  snapshot-<index, 20 digits>.tmp  ──finish──▶  snapshot-<index, 20 digits>
//!
//!  "scoopisn" version(4) index(8)
//!  length(4) bytes…                     one record; as many as were written
//!  0xffffffff(4) records(8) hash(32)    the end; the hash is over all bytes before it
//! ```
//!
//! Numbers are little endian. A damaged newest file is an error and not a reason to take an older one: the log that
//! lay between the two was purged on the newest one's word.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::durable;

use super::log::MEND;

/// The largest record, in bytes. Both writing and reading refuse more.
pub const RECORD_LIMIT: usize = 64 << 20;

const MAGIC: &[u8; 8] = b"scoopisn";
const VERSION: u32 = 1;
const HEADER_LEN: u64 = 8 + 4 + 8;
/// Stands where a record's length would: no record is that long.
const END: u32 = u32::MAX;
const HASH_LEN: usize = 32;
const TRAILER_LEN: u64 = 4 + 8 + HASH_LEN as u64;
const PREFIX: &str = "snapshot-";
const DIGITS: usize = 20;
const TMP: &str = ".tmp";
const BUFFER: usize = 256 << 10;

/// Why a snapshot could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The disk or the file system refused.
    #[error("{doing} {}: {source}; {MEND}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("the snapshot {} is damaged: {why}; `--fresh` discards it and starts over", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What did not fit.
        why: &'static str,
    },
    /// A record is over the limit.
    #[error("a snapshot record has {size} bytes, the limit is {limit}")]
    RecordTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Writes one snapshot. Dropped before [`finish`](Self::finish), it leaves nothing behind.
pub struct SnapshotWriter {
    dir: PathBuf,
    index: u64,
    tmp: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    records: u64,
    is_finished: bool,
}

impl SnapshotWriter {
    /// Begins the snapshot of the state after log entry `index`, in the folder `dir`, which is made if needed.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Io`] if the file cannot be made.
    pub fn create(dir: &Path, index: u64) -> Result<Self, SnapshotError> {
        durable::create_private_folder(dir).map_err(|e| failed(dir, "making the snapshot folder", e))?;
        let tmp = dir.join(format!("{}{TMP}", name(index)));
        let file = durable::create_private(&tmp).map_err(|e| failed(&tmp, "making the snapshot", e))?;
        let mut writer = Self {
            dir: dir.to_owned(),
            index,
            tmp,
            file: BufWriter::with_capacity(BUFFER, file),
            hasher: blake3::Hasher::new(),
            records: 0,
            is_finished: false,
        };
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_le_bytes())?;
        writer.put(&index.to_le_bytes())?;
        Ok(writer)
    }

    /// Writes the next record. It may be empty.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::RecordTooLarge`] over [`RECORD_LIMIT`]; [`SnapshotError::Io`] if the disk refused.
    pub fn write_record(&mut self, record: &[u8]) -> Result<(), SnapshotError> {
        let size = record.len();
        let len = u32::try_from(size).ok().filter(|_| size <= RECORD_LIMIT);
        let len = len.ok_or(SnapshotError::RecordTooLarge { size, limit: RECORD_LIMIT })?;
        self.put(&len.to_le_bytes())?;
        self.put(record)?;
        self.records += 1;
        Ok(())
    }

    /// Completes the snapshot, gives it its name, and only then removes older ones. Durable on return.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Io`] if the disk refused; the older snapshot is then still there, unless the error names
    /// its removal, in which case both are and the new one counts.
    pub fn finish(mut self) -> Result<PathBuf, SnapshotError> {
        self.put(&END.to_le_bytes())?;
        self.put(&self.records.to_le_bytes())?;
        let hash = self.hasher.finalize();
        let io = |e| failed(&self.tmp, "writing the snapshot", e);
        self.file.write_all(hash.as_bytes()).map_err(io)?;
        self.file.flush().map_err(io)?;
        self.file.get_ref().sync_all().map_err(io)?;
        let path = give_name(&self.tmp, &self.dir, self.index)?;
        self.is_finished = true;
        remove_below(&self.dir, self.index)?;
        Ok(path)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(|e| failed(&self.tmp, "writing the snapshot", e))
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.is_finished {
            // Whatever stays behind is ignored by readers and overwritten or removed by the next snapshot.
            let _ignored_by_readers = fs::remove_file(&self.tmp);
        }
    }
}

/// Makes a finished snapshot that lies elsewhere on the same file system the newest one in `dir`, by moving it there.
/// Then removes older ones. Durable on return.
///
/// # Errors
///
/// [`SnapshotError::Io`] if the disk refused; the move has happened wholly or not at all.
pub(crate) fn adopt(file: &Path, dir: &Path, index: u64) -> Result<PathBuf, SnapshotError> {
    let synced = File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|e| failed(file, "syncing the snapshot", e))?;
    let path = give_name(file, dir, index)?;
    remove_below(dir, index)?;
    Ok(path)
}

/// Renames a complete and durable file so that it counts. Returns its new path.
fn give_name(file: &Path, dir: &Path, index: u64) -> Result<PathBuf, SnapshotError> {
    let path = dir.join(name(index));
    fs::rename(file, &path).map_err(|e| failed(&path, "naming the snapshot", e))?;
    sync_dir(dir)?;
    // The folder's own name must survive too, where the folder is new.
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)?;
    Ok(path)
}

/// Reads one snapshot, record by record.
///
/// An iterator of records. The hash of the whole file was checked when it was opened, so the content can be trusted
/// from the first record on; what changes under way is still an error, after which the iterator ends.
pub struct SnapshotReader {
    path: PathBuf,
    file: BufReader<File>,
    /// Records not read yet.
    left: u64,
    bytes: u64,
    is_failed: bool,
}

impl SnapshotReader {
    /// Opens the newest snapshot in `dir`, and gives the log index that it stands for. `None` if there is none.
    /// Unfinished files do not count.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Damaged`] if the newest file is not what was written; [`SnapshotError::Io`] if it cannot
    /// be read.
    pub fn open_latest(dir: &Path) -> Result<Option<(u64, Self)>, SnapshotError> {
        let newest = finished(dir)?.into_iter().max();
        newest.map(|index| Ok((index, Self::open(dir.join(name(index)), index)?))).transpose()
    }

    /// Where it is, for those who send it elsewhere as it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many records are left to read.
    pub const fn records_left(&self) -> u64 {
        self.left
    }

    /// Opens the snapshot at `path`, which stands for the log index `index`, whatever its name is.
    ///
    /// # Errors
    ///
    /// As [`open_latest`](Self::open_latest).
    pub(crate) fn open(path: PathBuf, index: u64) -> Result<Self, SnapshotError> {
        let io = |e| failed(&path, "reading the snapshot", e);
        let mut file = durable::read(&path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let damaged = |why| SnapshotError::Damaged { path: path.clone(), why };
        let content = bytes
            .checked_sub(TRAILER_LEN)
            .filter(|content| *content >= HEADER_LEN)
            .ok_or_else(|| damaged("it is too short"))?;
        let header: [u8; HEADER_LEN as usize] = read_array(&mut file).map_err(io)?;
        if header != header_of(index) {
            return Err(damaged("its first bytes are not those of a snapshot of that number and version"));
        }
        file.rewind().map_err(io)?;
        let mut file = BufReader::with_capacity(BUFFER, file);
        let left =
            verify(&mut file, content).map_err(io)?.ok_or_else(|| damaged("it does not fit its hash"))?;
        file.seek(SeekFrom::Start(HEADER_LEN)).map_err(io)?;
        Ok(Self { path, file, left, bytes, is_failed: false })
    }

    fn read_record(&mut self) -> Result<Vec<u8>, SnapshotError> {
        let io = |e| failed(&self.path, "reading the snapshot", e);
        let len: [u8; 4] = read_array(&mut self.file).map_err(io)?;
        let len = u32::from_le_bytes(len);
        if len as usize > RECORD_LIMIT {
            return Err(self.damaged("a record is over the limit"));
        }
        let mut record = Vec::new();
        // Grows with what is there, not with what the length says.
        (&mut self.file).take(u64::from(len)).read_to_end(&mut record).map_err(io)?;
        if record.len() != len as usize {
            return Err(self.damaged("it ends inside a record"));
        }
        Ok(record)
    }

    fn damaged(&self, why: &'static str) -> SnapshotError {
        SnapshotError::Damaged { path: self.path.clone(), why }
    }
}

impl Iterator for SnapshotReader {
    type Item = Result<Vec<u8>, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 || self.is_failed {
            return None;
        }
        self.left -= 1;
        let record = self.read_record();
        self.is_failed = record.is_err();
        Some(record)
    }
}

/// Hashes the file up to its trailer and gives the number of records, or `None` if hash or trailer do not fit.
fn verify(file: &mut BufReader<File>, content: u64) -> io::Result<Option<u64>> {
    let mut hasher = blake3::Hasher::new();
    let hashed = io::copy(&mut file.by_ref().take(content), &mut hasher)?;
    let end: [u8; 4] = read_array(file)?;
    let records: [u8; 8] = read_array(file)?;
    let hash: [u8; HASH_LEN] = read_array(file)?;
    hasher.update(&end);
    hasher.update(&records);
    let fits = hashed == content && end == END.to_le_bytes() && hasher.finalize() == hash;
    Ok(fits.then_some(u64::from_le_bytes(records)))
}

fn header_of(index: u64) -> [u8; HEADER_LEN as usize] {
    let fields = MAGIC.iter().copied().chain(VERSION.to_le_bytes()).chain(index.to_le_bytes());
    let mut header = [0; HEADER_LEN as usize];
    for (to, from) in header.iter_mut().zip(fields) {
        *to = from;
    }
    header
}

fn read_array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn name(index: u64) -> String {
    format!("{PREFIX}{index:0DIGITS$}")
}

/// The index in a finished snapshot's name, or `None` for every other name.
fn index_in(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    let is_number = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn finished(dir: &Path) -> Result<Vec<u64>, SnapshotError> {
    Ok(names(dir)?.iter().filter_map(|name| index_in(name)).collect())
}

fn names(dir: &Path) -> Result<Vec<String>, SnapshotError> {
    let io = |e| failed(dir, "listing the snapshots in", e);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(io(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not text is not one of ours.
        names.extend(entry.map_err(io)?.file_name().into_string());
    }
    Ok(names)
}

/// Removes older snapshots, and what unfinished writers left of them.
fn remove_below(dir: &Path, index: u64) -> Result<(), SnapshotError> {
    for name in names(dir)? {
        if index_in(name.strip_suffix(TMP).unwrap_or(&name)).is_some_and(|old| old < index) {
            let path = dir.join(name);
            fs::remove_file(&path).map_err(|e| failed(&path, "removing the older snapshot", e))?;
        }
    }
    Ok(())
}

fn sync_dir(dir: &Path) -> Result<(), SnapshotError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| failed(dir, "syncing", e))
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> SnapshotError {
    SnapshotError::Io { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a snapshot of these records and reads the newest one back.
    fn check(dir: &Path, index: u64, records: &[&[u8]]) {
        let mut writer = SnapshotWriter::create(dir, index).unwrap();
        for record in records {
            writer.write_record(record).unwrap();
        }
        let path = writer.finish().unwrap();
        let (found, reader) = SnapshotReader::open_latest(dir).unwrap().unwrap();
        assert_eq!((found, reader.path()), (index, path.as_path()));
        assert_eq!(reader.records_left(), records.len() as u64);
        assert_eq!(reader.map(Result::unwrap).collect::<Vec<_>>(), records);
    }

    fn names_in(dir: &Path) -> Vec<String> {
        let mut names = names(dir).unwrap();
        names.sort();
        names
    }

    /// What opening and reading to the end gives.
    fn read(dir: &Path) -> Result<Vec<Vec<u8>>, SnapshotError> {
        SnapshotReader::open_latest(dir)?.map_or(Ok(Vec::new()), |(_, reader)| reader.collect())
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 0, &[]);
        check(dir.path(), 1, &[b""]);
        check(dir.path(), 2, &[b"a", b"", &[7; 300_000]]);
        check(dir.path(), u64::MAX, &[&END.to_le_bytes()]);
    }

    #[test]
    fn an_empty_or_absent_folder_has_no_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        assert!(SnapshotReader::open_latest(dir.path()).unwrap().is_none());
        assert!(SnapshotReader::open_latest(&dir.path().join("absent")).unwrap().is_none());
    }

    #[test]
    fn a_finished_snapshot_replaces_older_ones_and_their_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 3, &[b"old"]);
        fs::write(dir.path().join(format!("{}{TMP}", name(4))), "half").unwrap();
        fs::write(dir.path().join("snapshot-notes"), "not ours").unwrap();
        check(dir.path(), 10, &[b"new"]);
        assert_eq!(names_in(dir.path()), [name(10), "snapshot-notes".to_owned()]);
    }

    #[test]
    fn an_unfinished_snapshot_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 3, &[b"old"]);
        let mut writer = SnapshotWriter::create(dir.path(), 9).unwrap();
        writer.write_record(b"lost").unwrap();
        assert_eq!(read(dir.path()).unwrap(), [b"old"]);
        drop(writer);
        assert_eq!(names_in(dir.path()), [name(3)]);
    }

    #[test]
    fn any_changed_or_missing_byte_is_an_error_that_names_the_file_and_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 3, &[b"first", b"second"]);
        let path = dir.path().join(name(3));
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            for bad in [[&good[..at], &[good[at] ^ 0x10], &good[at + 1..]].concat(), good[..at].to_vec()] {
                fs::write(&path, bad).unwrap();
                let error = read(dir.path()).unwrap_err().to_string();
                assert!(error.contains(&name(3)) && error.contains("--fresh"), "byte {at}: {error}");
            }
        }
    }

    #[test]
    fn a_damaged_newest_snapshot_is_no_reason_to_take_an_older_one() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 3, &[b"old"]);
        fs::write(dir.path().join(name(4)), "damaged").unwrap();
        assert!(matches!(read(dir.path()), Err(SnapshotError::Damaged { .. })));
    }

    #[test]
    fn a_snapshot_under_another_number_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 3, &[b"old"]);
        fs::rename(dir.path().join(name(3)), dir.path().join(name(8))).unwrap();
        assert!(matches!(read(dir.path()), Err(SnapshotError::Damaged { .. })));
    }

    #[test]
    fn a_record_over_the_limit_is_refused_when_written_and_when_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SnapshotWriter::create(dir.path(), 1).unwrap();
        let refused = writer.write_record(&vec![0; RECORD_LIMIT + 1]);
        assert!(matches!(refused, Err(SnapshotError::RecordTooLarge { .. })));
        // A length that lies, under a hash that is right.
        writer.put(&(RECORD_LIMIT as u32 + 1).to_le_bytes()).unwrap();
        writer.records = 1;
        writer.finish().unwrap();
        assert!(matches!(read(dir.path()), Err(SnapshotError::Damaged { .. })));
    }

    #[test]
    fn a_failing_disk_is_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = SnapshotWriter::create(&file, 1).err().unwrap().to_string();
        assert!(error.contains("file"), "{error}");
    }
}
