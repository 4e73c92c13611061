//! A message on its way out: its head, then its body in the framing chosen for it, in as few writes as possible.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use mi_payload::{Body, BodyError};

use super::wire::WireAccess;

/// Data up to this size is copied behind the head: cheaper than a longer list of buffers for the kernel.
const COPY_LIMIT: usize = 4096;

/// How a body is framed on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// No body follows the head.
    None,
    /// As many bytes as the head announced; this many are left.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Raw bytes; the end is the end of the connection.
    UntilClose,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The head is not written completely.
    Head,
    /// The head is, the body is not.
    Body,
    /// All is written.
    Done,
}

/// Why a message could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutgoingError {
    /// The socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The body could not be read from where it comes from.
    #[error("{0}")]
    Body(BodyError),
    /// The body was shorter than its announced length.
    #[error("the body is shorter than announced")]
    TooShort,
}

/// The state of writing one message. It is a state machine to poll, so that a client can watch for an early answer
/// between two polls.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Head or chunk size, with small data copied behind it.
    front: Vec<u8>,
    /// Data too large to copy.
    data: Bytes,
    /// What follows `data`.
    tail: &'static [u8],
    /// How much of `front` is written.
    written: usize,
    head_length: usize,
    body: Body,
    encoding: Encoding,
    progress: Progress,
    /// The body has been read to its end.
    complete: bool,
    terminate_on_error: bool,
    body_error: Option<BodyError>,
    /// Bytes of the body taken so far.
    body_bytes: u64,
}

impl Outgoing {
    /// Begins with a serialised head. With `terminate_on_error`, a failing chunked body is ended properly, and
    /// [`Outgoing::body_error`] tells.
    pub(crate) fn new(head: Vec<u8>, body: Body, encoding: Encoding, terminate_on_error: bool) -> Self {
        let (body, complete) = match encoding {
            Encoding::None => (Body::Empty, true),
            _ => (body, false),
        };
        Self {
            head_length: head.len(),
            front: head,
            data: Bytes::new(),
            tail: b"",
            written: 0,
            body,
            encoding,
            progress: Progress::Head,
            complete,
            terminate_on_error,
            body_error: None,
            body_bytes: 0,
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    /// The error that cut the body short, if there was one.
    pub(crate) fn body_error(&self) -> Option<&BodyError> {
        self.body_error.as_ref()
    }

    /// Bytes of the body that went out, its framing not counted.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Goes on writing; ready when everything has been handed to the socket.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, wire: &mut impl WireAccess) -> Poll<Result<(), OutgoingError>> {
        loop {
            let taken = if self.complete || !self.has_room() { Poll::Ready(Ok(())) } else { self.poll_take(cx) };
            if let Poll::Ready(Err(error)) = taken {
                // What was read before is the receiver's.
                return Poll::Ready(Err(error));
            }
            ready!(self.poll_write(cx, wire))?;
            if self.complete {
                ready!(wire.with(|wire| wire.poll_flush(cx)))?;
                self.progress = Progress::Done;
                return Poll::Ready(Ok(()));
            }
            if taken.is_pending() {
                // The source has nothing yet (and will wake us): let the receiver have what there is.
                ready!(wire.with(|wire| wire.poll_flush(cx)))?;
                return Poll::Pending;
            }
        }
    }

    /// Whether a frame can be taken: only when nothing but the head waits, or a slow receiver would fill our memory.
    fn has_room(&self) -> bool {
        let head_only = if self.progress == Progress::Head { self.head_length } else { 0 };
        self.written == 0 && self.front.len() <= head_only && self.data.is_empty() && self.tail.is_empty()
    }

    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), OutgoingError>> {
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.put(data);
                }
                if self.body.is_end_stream() {
                    return Poll::Ready(self.finish());
                }
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(self.finish()),
            Some(Err(error)) if self.terminate_on_error && !matches!(self.encoding, Encoding::Length(_)) => {
                self.body_error = Some(error);
                Poll::Ready(self.finish())
            }
            Some(Err(error)) => Poll::Ready(Err(OutgoingError::Body(error))),
        }
    }

    fn put(&mut self, mut data: Bytes) {
        if let Encoding::Length(left) = &mut self.encoding {
            data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= data.len() as u64;
        }
        if data.is_empty() {
            return;
        }
        self.body_bytes += data.len() as u64;
        let chunked = self.encoding == Encoding::Chunked;
        if chunked {
            put_hex(&mut self.front, data.len());
        }
        if data.len() <= COPY_LIMIT {
            self.front.extend_from_slice(&data);
            if chunked {
                self.front.extend_from_slice(b"\r\n");
            }
        } else {
            self.data = data;
            self.tail = if chunked { b"\r\n" } else { b"" };
        }
    }

    fn finish(&mut self) -> Result<(), OutgoingError> {
        self.complete = true;
        self.body = Body::Empty;
        match self.encoding {
            Encoding::Length(left) if left > 0 => return Err(OutgoingError::TooShort),
            Encoding::Chunked if self.data.is_empty() => self.front.extend_from_slice(b"0\r\n\r\n"),
            Encoding::Chunked => self.tail = b"\r\n0\r\n\r\n",
            Encoding::None | Encoding::Length(_) | Encoding::UntilClose => {}
        }
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, wire: &mut impl WireAccess) -> Poll<io::Result<()>> {
        loop {
            let front = self.front.get(self.written..).unwrap_or_default();
            let written = match (front.is_empty(), self.data.is_empty()) {
                (true, true) if self.tail.is_empty() => {
                    self.front.clear();
                    self.written = 0;
                    return Poll::Ready(Ok(()));
                }
                (_, true) if self.tail.is_empty() => wire.with(|wire| wire.poll_write(cx, &[IoSlice::new(front)])),
                _ => {
                    let slices = [IoSlice::new(front), IoSlice::new(&self.data), IoSlice::new(self.tail)];
                    wire.with(|wire| wire.poll_write(cx, &slices))
                }
            };
            self.advance(ready!(written)?);
        }
    }

    fn advance(&mut self, mut count: usize) {
        let from_front = count.min(self.front.len() - self.written);
        self.written += from_front;
        count -= from_front;
        if self.progress == Progress::Head && self.written >= self.head_length {
            self.progress = Progress::Body;
        }
        let from_data = count.min(self.data.len());
        self.data.advance(from_data);
        count -= from_data;
        self.tail = self.tail.get(count..).unwrap_or_default();
    }
}

/// A chunk's size line.
fn put_hex(out: &mut Vec<u8>, size: usize) {
    let mut digits = [0u8; 16];
    let mut begin = digits.len();
    let mut left = size;
    while let Some(digit) = begin.checked_sub(1).and_then(|at| digits.get_mut(at)) {
        *digit = char::from_digit((left & 0xf) as u32, 16).map_or(b'0', |c| c as u8);
        begin -= 1;
        left >>= 4;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(begin..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
}

/// Writes a header field. Names go out as they are usually written (`Content-Type`): there are peers that care.
pub(crate) fn put_field(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    put_name(out, name.as_str());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    match name {
        "soapaction" => return out.extend_from_slice(b"SOAPAction"),
        "etag" => return out.extend_from_slice(b"ETag"),
        "www-authenticate" => return out.extend_from_slice(b"WWW-Authenticate"),
        _ => {}
    }
    let begin = out.len();
    out.extend_from_slice(name.as_bytes());
    let mut upper = true;
    for letter in out.get_mut(begin..).unwrap_or_default() {
        if upper {
            letter.make_ascii_uppercase();
        }
        upper = *letter == b'-';
    }
}

/// Writes all fields but those that the transport decides itself.
pub(crate) fn put_fields(out: &mut Vec<u8>, headers: &HeaderMap, skip: impl Fn(&HeaderName) -> bool) {
    for (name, value) in headers {
        if !skip(name) {
            put_field(out, name, value);
        }
    }
}
