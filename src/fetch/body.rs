//! A body that grows up to a limit and not a byte further.
//!
//! Knows lengths only. Files and responses are collected here alike, so that no source of bytes can forget
//! the limit.

use bytes::Bytes;

/// Most memory taken ahead on the word of a peer.
const MOST_AHEAD: usize = 1024 * 1024;

/// More bytes came than are allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Bytes collected so far.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    limit: usize,
}

impl Body {
    /// An empty body that may grow to `limit` bytes, where `announced` says how many will come.
    ///
    /// # Errors
    /// [`Overflow`] if more are announced than allowed.
    pub(super) fn new(announced: Option<u64>, limit: usize) -> Result<Self, Overflow> {
        let announced = usize::try_from(announced.unwrap_or(0)).map_err(|_| Overflow)?;
        if announced > limit {
            return Err(Overflow);
        }
        Ok(Self { bytes: Vec::with_capacity(announced.min(MOST_AHEAD)), limit })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Overflow`] if the body would pass its limit.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Overflow> {
        let length = self.bytes.len();
        let needed =
            length.checked_add(piece.len()).filter(|needed| *needed <= self.limit).ok_or(Overflow)?;
        if needed > self.bytes.capacity() {
            // Doubled as `Vec` does, but never beyond the limit.
            let capacity = needed.max(self.bytes.capacity().saturating_mul(2)).min(self.limit);
            self.bytes.reserve_exact(capacity - length);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The bytes collected so far.
    pub(super) fn so_far(&self) -> &[u8] {
        &self.bytes
    }

    /// The collected bytes, not copied.
    pub(super) fn finish(self) -> Bytes {
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_exactly_its_limit() {
        let mut body = Body::new(None, 10).unwrap();
        body.push(b"1234567").unwrap();
        body.push(b"890").unwrap();
        assert_eq!(body.push(b"x"), Err(Overflow));
        assert_eq!(body.finish().as_ref(), b"1234567890");
    }

    #[test]
    fn an_announcement_above_the_limit_fails_before_a_byte_came() {
        assert!(Body::new(Some(10), 10).is_ok());
        assert_eq!(Body::new(Some(11), 10).unwrap_err(), Overflow);
        assert_eq!(Body::new(Some(u64::MAX), usize::MAX - 1).unwrap_err(), Overflow);
    }

    #[test]
    fn memory_stays_within_the_limit_however_the_body_comes() {
        let limit = 3 * MOST_AHEAD;
        let mut body = Body::new(Some(limit as u64), limit).unwrap();
        assert_eq!(body.bytes.capacity(), MOST_AHEAD);
        for _ in 0..limit / 4096 {
            body.push(&[0; 4096]).unwrap();
            assert!(body.bytes.capacity() <= limit);
        }
    }
}
