//! A body on its way through: absent, whole in memory, or a stream that nobody has read yet.
//!
//! This is the one type that the transport hands to mediation and takes back. A body that passes through stays a
//! [`Body::Stream`] from the socket it came from to the socket it goes to; only a mediator that looks inside collects it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Why a body could not be read to its end, in the transport's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The peer closed or reset the connection before the body was complete.
    #[error("the connection was closed before the body was complete")]
    Closed,
    /// Nothing arrived within the socket timeout.
    #[error("no data arrived within the socket timeout")]
    TimedOut,
    /// The body is larger than the configured limit (bytes).
    #[error("the body is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The configured limit in bytes.
        limit: u64,
    },
    /// The framing (chunk sizes, trailers) or the content coding is malformed.
    #[error("malformed body: {0}")]
    Malformed(String),
}

/// The type behind [`Body::Stream`].
pub type BodyStream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send + 'static>>;

/// A message body as the transport sees it.
#[derive(Default)]
pub enum Body {
    /// No body at all (not even one of length zero).
    #[default]
    Empty,
    /// All bytes are here.
    Full(Bytes),
    /// Unread; polling it reads from the socket, so not polling it is back-pressure.
    Stream(BodyStream),
}

impl Body {
    /// Whether there is certainly nothing to send.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    /// Reads the body to its end, refusing to hold more than `limit` bytes.
    pub async fn collect(self, limit: u64) -> Result<Bytes, BodyError> {
        match self {
            Self::Empty => Ok(Bytes::new()),
            Self::Full(bytes) if bytes.len() as u64 > limit => Err(BodyError::TooLarge { limit }),
            Self::Full(bytes) => Ok(bytes),
            Self::Stream(stream) => collect_stream(stream, limit).await,
        }
    }
}

async fn collect_stream(mut stream: BodyStream, limit: u64) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut rest: Vec<u8> = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| stream.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        let held = first.as_ref().map_or(0, Bytes::len).max(rest.len());
        if (held + data.len()) as u64 > limit {
            return Err(BodyError::TooLarge { limit });
        }
        match &first {
            // One frame is the common case for small messages: keep its bytes, copy nothing.
            None => first = Some(data),
            Some(begin) => {
                if rest.is_empty() {
                    let expected = usize::try_from(stream.size_hint().lower()).unwrap_or(0).min(1 << 20);
                    rest.reserve(begin.len() + data.len() + expected);
                    rest.extend_from_slice(begin);
                }
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(if rest.is_empty() { first.unwrap_or_default() } else { Bytes::from(rest) })
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Full(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(bytes.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
