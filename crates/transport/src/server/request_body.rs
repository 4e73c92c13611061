//! The body of a request while it is still on its way.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use mi_payload::BodyError;

use crate::h1::incoming::Incoming;
use crate::h1::wire::{Wire, WireAccess};

/// A wire in the hands of both its connection's task and the request body that the handler holds. One polls while the
/// other does not, so neither ever waits for the lock; a request that came whole never gets here.
pub(crate) type SharedIncoming = Arc<Mutex<Incoming<Wire>>>;

/// What the handler gets.
pub(crate) struct RequestBody(pub(crate) SharedIncoming);

impl RequestBody {
    fn with<R>(&self, act: impl FnOnce(&mut Incoming<Wire>) -> R) -> R {
        with(&self.0, act)
    }
}

/// Access in spite of a panic elsewhere: the connection's next user finds out for itself what state it is in.
pub(crate) fn with<R>(shared: &SharedIncoming, act: impl FnOnce(&mut Incoming<Wire>) -> R) -> R {
    act(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

impl WireAccess for SharedIncoming {
    fn with<R>(&mut self, act: impl FnOnce(&mut Wire) -> R) -> R {
        with(self, |incoming| act(&mut incoming.source))
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.with(|incoming| incoming.poll_next(cx)).map(|next| next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|incoming| incoming.is_done())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|incoming| incoming.size_hint())
    }
}
