//! How entries, metadata and the purge mark lie in an engine's key space, and how damage is recognised.
//!
//! Pure functions over bytes. An entry is cut into parts that the engine stores well; only the first part has a
//! head, which says how long the whole entry is and what it must hash to:
//!
//! ```text
//!  key    'e' index(8, big endian) part(4, big endian)
//!  part 0  sum(8) length(4) head sum(4) bytes…          part n  bytes…
//!  key    'm' name      value  sum(8) bytes
//!  key    'p'           value  sum(8) index(8)          the highest purged index
//!  key    'b'           value  sum(8)                   there since the log was made
//! ```
//!
//! The head has a sum of its own, so that a flipped bit in the length is damage, and only missing parts behind an
//! intact head are a torn write.

use super::ENTRY_LIMIT;
use super::engine::Put;

const ENTRY: u8 = b'e';
const META: u8 = b'm';
const KEY_LEN: usize = 13;
const SUM_LEN: usize = 8;
/// The bytes before an entry's own bytes in its first part.
pub(super) const HEAD_LEN: usize = SUM_LEN + 4 + 4;

/// The key that a log has from its making on.
pub(super) const BIRTH_MARK: &[u8] = b"b";
/// The key of the purge mark.
pub(super) const PURGE_MARK: &[u8] = b"p";
/// Every entry key is below this.
pub(super) const ENTRIES_END: &[u8] = &[ENTRY + 1];

/// The key of one part of an entry.
pub(super) fn entry_key(index: u64, part: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(KEY_LEN);
    key.push(ENTRY);
    key.extend_from_slice(&index.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Returns the index and part of an entry key, or `None` if the bytes are not such a key.
pub(super) fn split_key(key: &[u8]) -> Option<(u64, u32)> {
    let (&ENTRY, rest) = key.split_first()? else { return None };
    let (index, part) = rest.split_first_chunk::<8>()?;
    // The log never gives the highest number, so that the next one can always be counted.
    let index = Some(u64::from_be_bytes(*index)).filter(|index| *index < u64::MAX)?;
    Some((index, u32::from_be_bytes(part.try_into().ok()?)))
}

/// The parts of an entry, none longer than `part_limit`.
pub(super) fn entry_parts(index: u64, bytes: &[u8], part_limit: usize) -> impl Iterator<Item = Put<'_>> {
    let (first, rest) = bytes.split_at(bytes.len().min(part_limit - HEAD_LEN));
    let head = Put { key: entry_key(index, 0), head: entry_head(index, bytes), body: first };
    let parts = rest.chunks(part_limit).zip(1..).map(move |(body, part)| Put {
        key: entry_key(index, part),
        head: Vec::new(),
        body,
    });
    std::iter::once(head).chain(parts)
}

fn entry_head(index: u64, bytes: &[u8]) -> Vec<u8> {
    // The length is at most ENTRY_LIMIT, which is checked before and fits in 32 bits.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut head = Vec::with_capacity(HEAD_LEN);
    head.extend_from_slice(&entry_sum(index, bytes));
    head.extend_from_slice(&len.to_le_bytes());
    head.extend_from_slice(&head_sum(index, len));
    head
}

/// An entry as it is being put together from its parts.
pub(super) struct Assembly {
    index: u64,
    len: usize,
    sum: [u8; SUM_LEN],
    bytes: Vec<u8>,
}

impl Assembly {
    /// Begins with the first part.
    ///
    /// # Errors
    ///
    /// What is wrong with the part.
    pub(super) fn begin(index: u64, mut first: Vec<u8>) -> Result<Self, &'static str> {
        let (sum, len) = read_head(index, &first).ok_or("its head does not fit its checksum")?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len > ENTRY_LIMIT {
            return Err("its length is over the limit");
        }
        first.drain(..HEAD_LEN);
        let mut assembly = Self { index, len, sum, bytes: Vec::new() };
        // Room is made as parts arrive, not by what the head says.
        assembly.add_owned(first)?;
        Ok(assembly)
    }

    /// Adds the next part.
    ///
    /// # Errors
    ///
    /// What is wrong with the part.
    pub(super) fn add(&mut self, part: &[u8]) -> Result<(), &'static str> {
        if part.is_empty() || part.len() > self.len - self.bytes.len() {
            return Err("it has more parts than its length allows");
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    fn add_owned(&mut self, first: Vec<u8>) -> Result<(), &'static str> {
        if first.len() > self.len {
            return Err("it is longer than its length says");
        }
        self.bytes = first;
        Ok(())
    }

    /// Whether all parts are there.
    pub(super) fn is_complete(&self) -> bool {
        self.bytes.len() == self.len
    }

    /// Returns the bytes, if they are those that were written.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (self.is_complete() && entry_sum(self.index, &self.bytes) == self.sum).then_some(self.bytes)
    }
}

fn read_head(index: u64, first: &[u8]) -> Option<([u8; SUM_LEN], u32)> {
    let (sum, rest) = first.split_first_chunk::<SUM_LEN>()?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (check, _) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len);
    (*check == head_sum(index, len)).then_some((*sum, len))
}

fn entry_sum(index: u64, bytes: &[u8]) -> [u8; SUM_LEN] {
    sum(&index.to_le_bytes(), bytes)
}

fn head_sum(index: u64, len: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = sum(&index.to_le_bytes(), &len.to_le_bytes());
    [a, b, c, d]
}

/// The key of a metadata value.
pub(super) fn meta_key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + name.len());
    key.push(META);
    key.extend_from_slice(name.as_bytes());
    key
}

/// A value under `key` that carries its checksum.
pub(super) fn sealed(key: Vec<u8>, value: &[u8]) -> Put<'_> {
    let head = sum(&key, value).to_vec();
    Put { key, head, body: value }
}

/// Takes the checksum off a value, or gives `None` if it does not fit.
pub(super) fn unsealed(key: &[u8], mut stored: Vec<u8>) -> Option<Vec<u8>> {
    let (check, value) = stored.split_first_chunk::<SUM_LEN>()?;
    if *check != sum(key, value) {
        return None;
    }
    stored.drain(..SUM_LEN);
    Some(stored)
}

/// The first bytes of the hash of a key and a value, with the key's length between, so that neither runs into the
/// other.
fn sum(key: &[u8], value: &[u8]) -> [u8; SUM_LEN] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    let hash = hasher.finalize();
    let mut sum = [0; SUM_LEN];
    for (to, from) in sum.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    sum
}
