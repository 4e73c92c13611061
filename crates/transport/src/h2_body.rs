//! Bodies of HTTP/2 streams as the rest of the system sees bodies, and the other way round.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};
use http_body::{Frame, SizeHint};
use mi_payload::{Body, BodyError};

use crate::silence::Silence;

/// Removes what HTTP/2 forbids, because it frames messages itself.
pub(crate) fn drop_connection_fields(headers: &mut HeaderMap) {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    for name in [CONNECTION, TRANSFER_ENCODING, UPGRADE, KEEP_ALIVE, PROXY_CONNECTION] {
        headers.remove(name);
    }
}

/// A body that comes over a stream.
pub(crate) struct StreamBody {
    incoming: hyper::body::Incoming,
    silence: Silence,
    received: u64,
    limit: Option<u64>,
    /// Set when the limit was exceeded.
    too_large: Arc<AtomicBool>,
}

impl StreamBody {
    pub(crate) fn new(
        incoming: hyper::body::Incoming,
        silence_limit: Duration,
        limit: Option<u64>,
        too_large: Arc<AtomicBool>,
    ) -> Self {
        Self { incoming, silence: Silence::new(silence_limit), received: 0, limit, too_large }
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(next) = Pin::new(&mut self.incoming).poll_frame(cx) else {
            return self.silence.poll_too_long(cx).map(|()| Some(Err(BodyError::TimedOut)));
        };
        self.silence.broken();
        let Some(next) = next else { return Poll::Ready(None) };
        let frame = next.map_err(|_| BodyError::Closed);
        self.received += frame.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        match self.limit {
            Some(limit) if self.received > limit => {
                self.too_large.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(BodyError::TooLarge { limit })))
            }
            _ => Poll::Ready(Some(frame)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A body to send over a stream.
pub(crate) struct Sent {
    pub(crate) body: Body,
    /// A failing body ends properly instead of breaking the stream.
    pub(crate) terminate_on_error: bool,
    /// Why the body failed, for whoever waits for the answer: the stream itself tells only that it was broken off.
    pub(crate) failed: Arc<OnceLock<BodyError>>,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Err(error)) = &next {
            // The first error is the one that counts.
            let _ = self.failed.set(error.clone());
        }
        Poll::Ready(next.filter(|frame| frame.is_ok() || !self.terminate_on_error))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // A length that is told must be kept, which a body that may end early cannot promise.
        if self.terminate_on_error && matches!(self.body, Body::Stream(_)) {
            SizeHint::default()
        } else {
            self.body.size_hint()
        }
    }
}
