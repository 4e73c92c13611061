//! A response body that is still on its way, and the connection it comes over.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use mi_payload::BodyError;

use super::pool::{self, Connection, Keeping, PoolKey};
use crate::h1::incoming::Incoming;

/// What becomes of a connection when its response has been read.
#[derive(Debug)]
pub(crate) struct Afterwards {
    pub(crate) key: PoolKey,
    pub(crate) keeping: Keeping,
    /// How long the back end says that it keeps the connection.
    pub(crate) announced: Option<Duration>,
    /// Both sides let the connection live on.
    pub(crate) reusable: bool,
}

impl Afterwards {
    /// Keeps the connection or drops it.
    pub(crate) fn settle(self, connection: Connection) {
        if self.reusable {
            pool::put(self.key, connection, self.keeping, self.announced);
        }
    }
}

/// A body being read. Dropped before its end, it drops the connection too: nothing else would end the flow.
pub(crate) struct ResponseBody {
    /// Taken at the end, when the connection goes back before whoever reads this has finished with it.
    reading: Option<(Incoming<Connection>, Afterwards)>,
}

impl ResponseBody {
    pub(crate) fn new(incoming: Incoming<Connection>, afterwards: Afterwards) -> Self {
        Self { reading: Some((incoming, afterwards)) }
    }

    fn settle(&mut self) {
        if let Some((incoming, afterwards)) = self.reading.take() {
            afterwards.settle(incoming.source);
        }
    }
}

/// MI's line about a back end that fails after its response has begun (spec 5.10). Nobody else may notice: a body that is
/// only passed on ends early, and that is all.
fn warn(reading: &Option<(Incoming<Connection>, Afterwards)>, error: &BodyError) {
    let Some((_, afterwards)) = reading else { return };
    let destination = &afterwards.key.destination;
    let (code, description) = match error {
        BodyError::TimedOut => (101_504, "Socket Timeout occurred while Server reading the response from the backend"),
        BodyError::Closed => (101_505, "Connection closed by target host while Server reading the response"),
        BodyError::Malformed(_) => (101_506, "HTTP protocol violation"),
        BodyError::TooLarge { .. } => (101_510, "The response exceeds the allowed message size"),
    };
    tracing::warn!(
        target: "org.apache.synapse.transport.passthru.TargetHandler",
        "ERROR_CODE = {code}, STATE_DESCRIPTION = {description}, INTERNAL_STATE = RESPONSE_BODY, TARGET_HOST = {}, \
         TARGET_PORT = {}",
        destination.host(),
        destination.port(),
    );
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some((incoming, _)) = &mut self.reading else { return Poll::Ready(None) };
        let next = ready!(incoming.poll_next(cx));
        let done = incoming.is_done();
        match &next {
            Some(Err(error)) => {
                warn(&self.reading, error);
                self.reading = None;
            }
            _ if done => self.settle(),
            _ => {}
        }
        Poll::Ready(next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.reading.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.reading.as_ref().map_or(SizeHint::with_exact(0), |(incoming, _)| incoming.size_hint())
    }
}
