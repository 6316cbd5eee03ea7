//! Values as bytes, for the log, the wire and the disk.
//!
//! One frame: a version byte, then bincode with variable-length integers. Reading is limited, so that a length written
//! by a stranger cannot make us allocate. Guarding against damage (a checksum) is the business of the code that stores
//! the frame.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Version of the frame and of every type in it.
pub const VERSION: u8 = 6;

/// Largest frame that is read or written: 64 MiB.
pub const MAX_FRAME: usize = 64 << 20;

/// Why a value could not be written or read.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The frame is of another version of scoopi.
    #[error("written by another version of scoopi (format {found}, this one reads {VERSION})")]
    Version {
        /// The version byte that was found.
        found: u8,
    },
    /// The frame is empty.
    #[error("empty record")]
    Empty,
    /// The value is larger than a frame may be.
    #[error("value of more than {MAX_FRAME} bytes")]
    TooLarge,
    /// The value could not be encoded.
    #[error("unable to encode: {0}")]
    Encode(#[from] bincode::error::EncodeError),
    /// The bytes are not a value of the type that was asked for.
    #[error("damaged record: {0}")]
    Decode(#[from] bincode::error::DecodeError),
    /// Bytes are left behind the value.
    #[error("damaged record: {0} bytes too many")]
    Trailing(usize),
}

/// Writes `value` as a frame.
///
/// # Errors
/// A value that does not fit into [`MAX_FRAME`], or whose `Serialize` fails.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut frame = vec![VERSION];
    encode_into(value, &mut frame)?;
    Ok(frame)
}

/// Reads a frame.
///
/// # Errors
/// Another version, damaged or trailing bytes, a frame over [`MAX_FRAME`].
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, CodecError> {
    let (version, body) = frame.split_first().ok_or(CodecError::Empty)?;
    if *version != VERSION {
        return Err(CodecError::Version { found: *version });
    }
    if body.len() > MAX_FRAME {
        return Err(CodecError::TooLarge);
    }
    let (value, used) =
        bincode::serde::decode_from_slice(body, bincode::config::standard().with_limit::<MAX_FRAME>())?;
    if used != body.len() {
        return Err(CodecError::Trailing(body.len() - used));
    }
    Ok(value)
}

fn encode_into<T: Serialize>(value: &T, frame: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::serde::encode_into_std_write(value, frame, bincode::config::standard())?;
    if frame.len() > MAX_FRAME {
        return Err(CodecError::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Rows, SinkRows};

    #[test]
    fn a_value_comes_back() {
        let rows = Rows { parts: vec![SinkRows { sink: 3, count: 1, bytes: b"a|b\n".to_vec() }] };
        assert_eq!(decode::<Rows>(&encode(&rows).unwrap()).unwrap(), rows);
    }

    #[test]
    fn another_version_is_named() {
        let error = decode::<u8>(&[9, 1]).unwrap_err();
        assert!(error.to_string().contains("format 9"), "{error}");
    }

    #[test]
    fn a_length_from_a_stranger_does_not_allocate() {
        let frame = [VERSION, 253, 255, 255, 255, 255, 255, 255, 255, 127];
        assert!(decode::<Vec<u8>>(&frame).is_err());
        assert!(decode::<String>(&frame).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes: Vec<u8>) {
            let mut frame = vec![VERSION];
            frame.extend(bytes);
            if let Ok(rows) = decode::<Rows>(&frame) {
                prop_assert!(rows.parts.len() <= frame.len());
            }
        }
    }
}
