//! Takes a body apart as its bytes arrive: counts a `Content-Length`, unwraps chunks. No I/O here.

use bytes::{Buf, Bytes, BytesMut};

use super::framing::BodyLength;

/// The longest line with a chunk's size (and its ignored extensions).
const MAX_SIZE_LINE: usize = 4096;
/// All trailer fields together; they are read and dropped.
const MAX_TRAILERS: usize = 16 * 1024;

/// Malformed chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("malformed chunk size")]
    ChunkSize,
    #[error("a chunk is not followed by a line end")]
    ChunkEnd,
    #[error("malformed or oversized trailer fields")]
    Trailers,
}

/// One step of decoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Bytes of the body; never empty.
    Data(Bytes),
    /// Nothing more can be said before more bytes arrive.
    NeedMore,
    /// The body is complete; what is left in the buffer belongs to the next message.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Exact(u64),
    Size,
    Chunk(u64),
    ChunkEnd,
    Trailers { seen: usize },
    UntilClose,
    Done,
}

/// The decoder of one body.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
}

impl Decoder {
    pub(crate) fn new(length: BodyLength) -> Self {
        let state = match length {
            BodyLength::None | BodyLength::Exact(0) => State::Done,
            BodyLength::Exact(length) => State::Exact(length),
            BodyLength::Chunked => State::Size,
            BodyLength::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// Whether the body has been read to its end.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The bytes still to come, if the head told.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Exact(left) => Some(left),
            State::Done => Some(0),
            _ => None,
        }
    }

    /// Tells that the peer closed; true if that is a proper end.
    pub(crate) fn end_at_close(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Takes what can be taken from the front of `buf`.
    pub(crate) fn decode(&mut self, buf: &mut BytesMut) -> Result<Decoded, DecodeError> {
        self.advance(buf)?;
        match self.state {
            State::Done => Ok(Decoded::End),
            _ if buf.is_empty() => Ok(Decoded::NeedMore),
            State::Exact(left) => {
                let data = take(buf, left);
                let left = left - data.len() as u64;
                self.state = if left == 0 { State::Done } else { State::Exact(left) };
                Ok(Decoded::Data(data))
            }
            State::Chunk(left) => {
                let data = take(buf, left);
                let left = left - data.len() as u64;
                self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                // Looking for the last chunk at once lets whoever sends this data on end the message in the same write.
                self.advance(buf)?;
                Ok(Decoded::Data(data))
            }
            State::UntilClose => Ok(Decoded::Data(take(buf, u64::MAX))),
            State::Size | State::ChunkEnd | State::Trailers { .. } => Ok(Decoded::NeedMore),
        }
    }

    /// Goes through whatever lies between data, as far as it is there.
    fn advance(&mut self, buf: &mut BytesMut) -> Result<(), DecodeError> {
        loop {
            let (next, used) = match self.state {
                State::Size => match first_line(buf, MAX_SIZE_LINE).map_err(|()| DecodeError::ChunkSize)? {
                    None => return Ok(()),
                    Some(line) => match chunk_size(line).ok_or(DecodeError::ChunkSize)? {
                        0 => (State::Trailers { seen: 0 }, line.len() + 2),
                        size => (State::Chunk(size), line.len() + 2),
                    },
                },
                State::ChunkEnd => match buf.get(..2) {
                    Some(b"\r\n") => (State::Size, 2),
                    None if buf.is_empty() || &buf[..] == b"\r" => return Ok(()),
                    _ => return Err(DecodeError::ChunkEnd),
                },
                State::Trailers { seen } => {
                    match first_line(buf, MAX_TRAILERS - seen).map_err(|()| DecodeError::Trailers)? {
                        None => return Ok(()),
                        Some([]) => (State::Done, 2),
                        Some(line) if !line.contains(&b':') || seen + line.len() >= MAX_TRAILERS => {
                            return Err(DecodeError::Trailers);
                        }
                        Some(line) => (State::Trailers { seen: seen + line.len() }, line.len() + 2),
                    }
                }
                State::Exact(_) | State::Chunk(_) | State::UntilClose | State::Done => return Ok(()),
            };
            buf.advance(used);
            self.state = next;
        }
    }
}

/// Takes up to `limit` bytes; a buffer that is taken whole gives its memory away instead of sharing it.
fn take(buf: &mut BytesMut, limit: u64) -> Bytes {
    let size = usize::try_from(limit).unwrap_or(usize::MAX).min(buf.len());
    if size == buf.len() { std::mem::take(buf).freeze() } else { buf.split_to(size).freeze() }
}

/// The first line without its CR LF, if it is there; `Err` if it is too long or ends otherwise.
fn first_line(buf: &[u8], limit: usize) -> Result<Option<&[u8]>, ()> {
    let Some(end) = memchr::memchr(b'\n', buf.get(..limit.min(buf.len())).unwrap_or_default()) else {
        return if buf.len() >= limit { Err(()) } else { Ok(None) };
    };
    match buf.get(..end) {
        Some([text @ .., b'\r']) if !text.contains(&b'\r') => Ok(Some(text)),
        _ => Err(()),
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&b| b == b';').next().unwrap_or_default();
    // Blanks between size and extension are bad form, yet seen; blanks before the size are not.
    let digits = digits.trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &digit| Some(sum << 4 | u64::from(char::from(digit).to_digit(16)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes `wire` cut into pieces of `step` bytes: the body, and what was left over.
    fn decode(length: BodyLength, wire: &[u8], step: usize) -> Result<(Vec<u8>, bool, Vec<u8>), DecodeError> {
        let mut decoder = Decoder::new(length);
        let (mut buf, mut body) = (BytesMut::new(), Vec::new());
        for piece in wire.chunks(step) {
            buf.extend_from_slice(piece);
            while let Decoded::Data(data) = decoder.decode(&mut buf)? {
                assert!(!data.is_empty());
                body.extend_from_slice(&data);
            }
        }
        Ok((body, decoder.is_done(), buf.to_vec()))
    }

    #[test]
    fn the_last_chunk_is_seen_with_the_data_before_it() {
        let mut decoder = Decoder::new(BodyLength::Chunked);
        let mut buf = BytesMut::from(&b"3\r\nabc\r\n0\r\n\r\nGET"[..]);
        assert_eq!(decoder.decode(&mut buf), Ok(Decoded::Data(Bytes::from_static(b"abc"))));
        assert!(decoder.is_done());
        assert_eq!(&buf[..], b"GET");
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for (wire, error) in [
            ("x\r\n", DecodeError::ChunkSize),
            ("\r\n", DecodeError::ChunkSize),
            (" 3\r\nabc\r\n", DecodeError::ChunkSize),
            ("-1\r\n", DecodeError::ChunkSize),
            ("0x3\r\nabc\r\n", DecodeError::ChunkSize),
            ("3\nabc\n0\n\n", DecodeError::ChunkSize),
            ("3;a=b\rc\r\nabc", DecodeError::ChunkSize),
            ("ffffffffffffffff1\r\n", DecodeError::ChunkSize),
            ("3\r\nabcd\r\n", DecodeError::ChunkEnd),
            ("3\r\nabc\n0\r\n\r\n", DecodeError::ChunkEnd),
            ("0\r\nno colon\r\n\r\n", DecodeError::Trailers),
            ("0\r\nA: b\n\r\n", DecodeError::Trailers),
        ] {
            for step in [1, 100] {
                assert_eq!(decode(BodyLength::Chunked, wire.as_bytes(), step), Err(error), "{wire:?} by {step}");
            }
        }
        let long = format!("0\r\n{}", "A: b\r\n".repeat(MAX_TRAILERS));
        assert_eq!(decode(BodyLength::Chunked, long.as_bytes(), 100), Err(DecodeError::Trailers));
        let long = format!("3;{}", "x".repeat(MAX_SIZE_LINE));
        assert_eq!(decode(BodyLength::Chunked, long.as_bytes(), 100), Err(DecodeError::ChunkSize));
    }

    #[test]
    fn closing_ends_only_what_has_no_length() {
        assert!(Decoder::new(BodyLength::UntilClose).end_at_close());
        assert!(Decoder::new(BodyLength::None).end_at_close());
        assert!(!Decoder::new(BodyLength::Exact(1)).end_at_close());
        assert!(!Decoder::new(BodyLength::Chunked).end_at_close());
    }

    proptest! {
        #[test]
        fn chunks_come_out_as_they_went_in(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..8),
            step in 1usize..60,
            trailer in any::<bool>(),
        ) {
            let mut wire = Vec::new();
            for part in &parts {
                wire.extend_from_slice(format!("{:X};x=y\r\n", part.len()).as_bytes());
                wire.extend_from_slice(part);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(if trailer { b"0\r\nA: b\r\n\r\nrest" } else { b"0\r\n\r\nrest" });
            let (body, done, rest) = decode(BodyLength::Chunked, &wire, step).unwrap();
            prop_assert_eq!(body, parts.concat());
            prop_assert!(done);
            prop_assert_eq!(rest, b"rest");
        }

        #[test]
        fn a_length_is_counted(body in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..60) {
            let wire = [&body[..], b"rest"].concat();
            let (read, done, rest) = decode(BodyLength::Exact(body.len() as u64), &wire, step).unwrap();
            prop_assert_eq!(read, body);
            prop_assert!(done);
            prop_assert_eq!(rest, b"rest");
        }

        #[test]
        fn no_input_panics(wire in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..60) {
            let _ = decode(BodyLength::Chunked, &wire, step);
        }
    }
}
