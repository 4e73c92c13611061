//! A body being read from a wire.

use std::borrow::BorrowMut;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::SizeHint;
use mi_payload::BodyError;

use super::decode::{Decoded, Decoder};
use super::wire::Wire;

/// A body being read from a wire.
#[derive(Debug)]
pub(crate) struct Incoming<S> {
    /// The wire, or what has it.
    pub(crate) source: S,
    decoder: Decoder,
    /// Decoded already, not yet taken.
    ready: Option<Bytes>,
    received: u64,
    limit: Option<u64>,
    error: Option<BodyError>,
}

impl<S: BorrowMut<Wire>> Incoming<S> {
    /// `ready` is what the decoder has produced so far; it counts towards `limit`.
    pub(crate) fn new(source: S, decoder: Decoder, ready: Option<Bytes>, limit: Option<u64>) -> Self {
        Self { source, decoder, ready, received: 0, limit, error: None }
    }

    /// Whether all of it has been taken.
    pub(crate) fn is_done(&self) -> bool {
        self.ready.is_none() && self.decoder.is_done()
    }

    /// The next bytes; `None` at the end. An error is final and repeats itself.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if let Some(error) = &self.error {
            return Poll::Ready(Some(Err(error.clone())));
        }
        let next = ready!(self.poll_decode(cx));
        if let Err(error) = &next {
            self.error = Some(error.clone());
        }
        Poll::Ready(next.transpose())
    }

    fn poll_decode(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(data) = self.ready.take() {
            return Poll::Ready(self.count(data));
        }
        loop {
            match self.decoder.decode(&mut self.source.borrow_mut().buf) {
                Ok(Decoded::Data(data)) => return Poll::Ready(self.count(data)),
                Ok(Decoded::End) => return Poll::Ready(Ok(None)),
                Ok(Decoded::NeedMore) => {}
                Err(error) => return Poll::Ready(Err(BodyError::Malformed(error.to_string()))),
            }
            match ready!(self.source.borrow_mut().poll_fill(cx)) {
                Ok(0) if self.decoder.end_at_close() => return Poll::Ready(Ok(None)),
                Ok(0) => return Poll::Ready(Err(BodyError::Closed)),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    return Poll::Ready(Err(BodyError::TimedOut));
                }
                Err(_) => return Poll::Ready(Err(BodyError::Closed)),
            }
        }
    }

    fn count(&mut self, data: Bytes) -> Result<Option<Bytes>, BodyError> {
        self.received += data.len() as u64;
        match self.limit {
            Some(limit) if self.received > limit => Err(BodyError::TooLarge { limit }),
            _ => Ok(Some(data)),
        }
    }

    /// What is known of the bytes still to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        let ready = self.ready.as_ref().map_or(0, Bytes::len) as u64;
        match self.decoder.remaining() {
            Some(left) => SizeHint::with_exact(left.saturating_add(ready)),
            None => SizeHint::default(),
        }
    }

    /// Reads and drops the rest.
    pub(crate) async fn drain(&mut self) -> Result<(), BodyError> {
        while let Some(data) = std::future::poll_fn(|cx| self.poll_next(cx)).await {
            data?;
        }
        Ok(())
    }
}
