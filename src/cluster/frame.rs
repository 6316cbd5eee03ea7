//! Values on a stream: a length, then a value as the codec writes it.
//!
//! Reading is bounded by a limit that the reader chooses, and room is made as bytes arrive, not by what a length says. A
//! frame that has begun comes to its end in time, or is an error.

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::model::codec;

/// Writes a value.
///
/// # Errors
/// The value cannot be encoded, or the stream refuses.
pub(crate) async fn write<T: Serialize>(stream: &mut (impl AsyncWrite + Unpin), value: &T) -> io::Result<()> {
    let body = codec::encode(value).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    if body.len() < SMALL {
        let mut whole = Vec::with_capacity(4 + body.len());
        whole.extend_from_slice(&length.to_be_bytes());
        whole.extend_from_slice(&body);
        stream.write_all(&whole).await?;
    } else {
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&body).await?;
    }
    stream.flush().await
}

/// Frames below it are written in one go.
const SMALL: usize = 64 << 10;

/// For a frame that has begun, whatever its size.
const BEGUN: Duration = Duration::from_secs(30);

/// Bytes a second that the slowest link carries.
const SLOWEST: usize = 64 << 10;

/// Reads a value of at most `limit` bytes.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] where the stream ends, [`io::ErrorKind::InvalidData`] for bytes that are not such a
/// value or exceed the limit, [`io::ErrorKind::TimedOut`] for a value that begins and does not end.
pub(crate) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<T> {
    let length = read_length(stream).await?;
    if length > limit {
        return Err(too_long(length, limit));
    }
    read_body(stream, length).await
}

/// Reads how long the next value is; for those who ask more than its length before they take it.
///
/// # Errors
/// As of [`read`].
pub(crate) async fn read_length(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    Ok(u32::from_be_bytes(length) as usize)
}

/// What is longer than it may be.
pub(crate) fn too_long(length: usize, limit: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes, the limit is {limit}"))
}

/// Reads a value of this length.
///
/// # Errors
/// As of [`read`].
pub(crate) async fn read_body<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    length: usize,
) -> io::Result<T> {
    let mut body = Vec::with_capacity(length.min(SMALL));
    let limit = BEGUN + Duration::from_secs((length / SLOWEST) as u64);
    let mut bytes = stream.take(length as u64);
    timeout(limit, bytes.read_to_end(&mut body)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    if body.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    codec::decode(&body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn values_come_out_in_the_order_in_which_they_went_in() {
        let (mut a, mut b) = tokio::io::duplex(1000);
        let big = "x".repeat(SMALL * 3);
        let writer = tokio::spawn(async move {
            for text in ["", "one", &big] {
                write(&mut a, &text).await.unwrap();
            }
        });
        let mut read_one = async || read::<String>(&mut b, 1 << 20).await.unwrap().len();
        assert_eq!([read_one().await, read_one().await, read_one().await], [0, 3, SMALL * 3]);
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_too_long_cut_off_or_no_value_is_an_error() {
        for (bytes, kind) in [
            (&[0xff, 0xff, 0xff, 0xff][..], io::ErrorKind::InvalidData),
            (&[0, 0, 0, 9, 1, 2][..], io::ErrorKind::UnexpectedEof),
            (&[0, 0][..], io::ErrorKind::UnexpectedEof),
            (&[0, 0, 0, 2, 77, 0][..], io::ErrorKind::InvalidData),
        ] {
            let mut stream = bytes;
            assert_eq!(read::<String>(&mut stream, 1000).await.unwrap_err().kind(), kind, "{bytes:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_to_its_end_is_given_up() {
        let (mut near, mut far) = tokio::io::duplex(64);
        far.write_all(&[0, 0, 1, 0, 7]).await.unwrap();
        let error = read::<String>(&mut near, 1000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        far.write_all(b"x").await.unwrap();
    }
}
