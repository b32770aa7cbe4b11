//! The frames that parent and child exchange: four bytes of length (big endian), a JSON header of that
//! length, then the blobs whose lengths the header lists. Neither side believes the other's lengths:
//! they are capped, and memory is taken as bytes arrive, never as promised.

use std::io::{self, Read, Write};

use aquatint_domain::Problem;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::walls::Walls;
use super::{MAX_BLOB_BYTES, MAX_BLOBS, MAX_HEADER_BYTES};

/// What a frame says.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Message {
    /// Child, once: the walls stand, and it waits for work.
    Ready { walls: Walls },
    /// Parent: do this. `cpu_seconds` is what the task may burn on all threads together.
    Request { header: Value, cpu_seconds: u64 },
    /// Child: so far.
    Progress { fraction: f64, stage: String },
    /// Child: a decoder begins or ends, so that a death in between can be blamed on the file.
    Phase { decoding: bool },
    /// Child: done.
    Answer { header: Value },
    /// Child: it went wrong in an orderly way; `cause` is for the log.
    Problem { problem: Problem, cause: Option<String> },
}

pub(super) struct Frame {
    pub message: Message,
    pub blobs: Vec<Bytes>,
}

#[derive(Serialize, Deserialize)]
struct Head<M> {
    message: M,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blobs: Vec<u64>,
}

/// Room taken before a blob's bytes arrive.
const FIRST_ROOM: u64 = 1024 * 1024;

impl Frame {
    pub fn bare(message: Message) -> Self {
        Self {
            message,
            blobs: Vec::new(),
        }
    }

    /// Length and header, ready to send before the blobs. `InvalidInput` when a cap is broken.
    fn head(&self) -> io::Result<Vec<u8>> {
        let blobs: Vec<u64> = self.blobs.iter().map(|blob| blob.len() as u64).collect();
        check_blobs(&blobs).map_err(|text| io::Error::new(io::ErrorKind::InvalidInput, text))?;
        let mut out = vec![0u8; 4];
        serde_json::to_writer(
            &mut out,
            &Head {
                message: &self.message,
                blobs,
            },
        )?;
        let length = out.len() as u64 - 4;
        if length > MAX_HEADER_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the header of a frame is too long",
            ));
        }
        out[..4].copy_from_slice(&(length as u32).to_be_bytes());
        Ok(out)
    }

    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.head()?)?;
        for blob in &self.blobs {
            out.write_all(blob)?;
        }
        out.flush()
    }

    /// `None` at a clean end of the stream.
    pub fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut length = [0u8; 4];
        match input.read(&mut length)? {
            0 => return Ok(None),
            count => input.read_exact(&mut length[count..])?,
        }
        let head = parse(&read_part(input, header_length(length)?)?)?;
        let mut blobs = Vec::with_capacity(head.blobs.len());
        for &length in &head.blobs {
            blobs.push(Bytes::from(read_part(input, length)?));
        }
        Ok(Some(Self {
            message: head.message,
            blobs,
        }))
    }

    pub async fn send(&self, out: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        out.write_all(&self.head()?).await?;
        for blob in &self.blobs {
            out.write_all(blob).await?;
        }
        out.flush().await
    }

    /// An end of the stream is an error here: the parent only listens when something is due.
    pub async fn receive(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut length = [0u8; 4];
        input.read_exact(&mut length).await?;
        let head = parse(&receive_part(input, header_length(length)?).await?)?;
        let mut blobs = Vec::with_capacity(head.blobs.len());
        for &length in &head.blobs {
            blobs.push(Bytes::from(receive_part(input, length).await?));
        }
        Ok(Self {
            message: head.message,
            blobs,
        })
    }
}

fn header_length(prefix: [u8; 4]) -> io::Result<u64> {
    let length = u64::from(u32::from_be_bytes(prefix));
    if length > MAX_HEADER_BYTES {
        return Err(invalid("the header of a frame is longer than allowed"));
    }
    Ok(length)
}

fn parse(json: &[u8]) -> io::Result<Head<Message>> {
    let head: Head<Message> = serde_json::from_slice(json).map_err(|error| invalid(&error.to_string()))?;
    check_blobs(&head.blobs).map_err(invalid)?;
    Ok(head)
}

fn check_blobs(lengths: &[u64]) -> Result<(), &'static str> {
    if lengths.len() > MAX_BLOBS {
        return Err("a frame has too many blobs");
    }
    let total = lengths.iter().try_fold(0u64, |sum, length| sum.checked_add(*length));
    if total.is_none_or(|total| total > MAX_BLOB_BYTES) {
        return Err("the blobs of a frame are too long");
    }
    Ok(())
}

fn read_part(input: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(length.min(FIRST_ROOM) as usize);
    input.by_ref().take(length).read_to_end(&mut part)?;
    whole(part, length)
}

async fn receive_part(input: &mut (impl AsyncRead + Unpin), length: u64) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(length.min(FIRST_ROOM) as usize);
    (&mut *input).take(length).read_to_end(&mut part).await?;
    whole(part, length)
}

fn whole(part: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
    if part.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(part)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_every_cut_is_an_error() {
        let frame = Frame {
            message: Message::Answer {
                header: serde_json::json!({"a": [1, 2]}),
            },
            blobs: vec![Bytes::from_static(b"first"), Bytes::new(), Bytes::from_static(b"last")],
        };
        let mut bytes = Vec::new();
        frame.write(&mut bytes).expect("writes");
        let back = Frame::read(&mut bytes.as_slice()).expect("reads").expect("is there");
        assert_eq!(back.blobs, frame.blobs);
        assert!(matches!(back.message, Message::Answer { header } if header["a"][1] == 2));
        assert!(Frame::read(&mut [].as_slice()).expect("a clean end").is_none());
        for cut in 1..bytes.len() {
            assert!(Frame::read(&mut &bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_promise_of_too_much_is_refused_before_memory_is_taken() {
        assert!(Frame::read(&mut [0xff, 0xff, 0xff, 0xff, b'{'].as_slice()).is_err());
        for blobs in ["[18446744073709551615,1]", "[600000000]", "[400000000,400000000]"] {
            let json = format!(r#"{{"message":{{"kind":"answer","header":null}},"blobs":{blobs}}}"#);
            let mut bytes = (json.len() as u32).to_be_bytes().to_vec();
            bytes.extend_from_slice(json.as_bytes());
            assert!(Frame::read(&mut bytes.as_slice()).is_err(), "{blobs}");
        }
    }
}
