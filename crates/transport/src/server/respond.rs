//! The second half of an exchange: the response goes out, and the connection goes on or ends.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, PoisonError};

use http::{Method, StatusCode, Version};
use mi_payload::{Body, BodyError};

use super::limits::Limits;
use super::request_body::{SharedIncoming, with};
use super::response::{self, Asked, Refusal};
use crate::access_log::{AccessLog, Line, RequestLine, ResponseLine};
use crate::h1::head::RequestHead;
use crate::h1::incoming::Incoming;
use crate::h1::outgoing::{Encoding, Outgoing, OutgoingError, Progress};
use crate::h1::wire::{Wire, WireAccess};
use crate::message::{ConnectionInfo, Delivery, OnBodyError, Response, Target};
use crate::wire_log::{self, Peer};

/// What the log says of a request whose connection fails.
pub(super) struct About {
    pub(super) method: Method,
    pub(super) target: Target,
}

/// Writes the responses of one connection.
pub(super) struct Responder<'a> {
    pub(super) limits: &'a Limits,
    pub(super) log: Option<&'a AccessLog>,
    pub(super) connection: &'a ConnectionInfo,
}

impl Responder<'_> {
    pub(super) fn log_request(&self, head: &RequestHead) {
        wire_log::request(Peer::Client, &head.method, head.target.as_str(), head.version, &head.headers);
        if let Some(log) = self.log {
            log.write(&Line::Request(RequestLine {
                remote: Some(self.connection.peer.ip()),
                local: Some(self.connection.local.ip()),
                method: &head.method,
                target: head.target.as_str(),
                version: head.version,
                headers: &head.headers,
            }));
        }
    }

    fn log_response(&self, response: &Response, bytes: u64) {
        wire_log::response(Peer::Client, response.status, &response.headers);
        if let Some(log) = self.log {
            log.write(&Line::Response(ResponseLine {
                remote: Some(self.connection.peer.ip()),
                local: Some(self.connection.local.ip()),
                status: response.status,
                headers: &response.headers,
                bytes: Some(bytes),
            }));
        }
    }

    /// Answers what is refused before anyone sees it, and ends the connection.
    pub(super) async fn refuse(&self, mut wire: Wire, refusal: Refusal) {
        let asked = Asked { head_only: false, version: Version::HTTP_11, keep_alive: false };
        if self.send(&mut wire, &mut refusal.into(), asked).await.is_ok() {
            linger(wire, self.limits).await;
        }
    }

    /// The response to a request whose body may still be on its way. Gives the wire back if another request may follow.
    pub(super) async fn respond_streaming(
        &self,
        mut incoming: SharedIncoming,
        mut response: Response,
        mut asked: Asked,
        about: &About,
    ) -> Option<Wire> {
        if Arc::strong_count(&incoming) == 1 {
            // Nobody reads the body any more, and a response is written only after the request has come to its end.
            let mut owned = take(incoming)?;
            match owned.drain().await {
                Ok(()) => {}
                Err(BodyError::TooLarge { .. }) => {
                    response = Response { sent: response.sent, ..Refusal::TOO_LARGE.into() };
                }
                Err(BodyError::TimedOut) => {
                    self.warn(about, Leaving::SilentInRequest);
                    if let Some(sent) = response.sent {
                        sent.tell(Leaving::SilentInRequest.into());
                    }
                    return None;
                }
                // The client may have closed its half only, and wait for what we have to say.
                Err(BodyError::Closed) => {
                    self.warn(about, Leaving::ClosedInRequest);
                    asked.keep_alive = false;
                }
                Err(BodyError::Malformed(_)) => asked.keep_alive = false,
            }
            let mut wire = owned.source;
            let kept = self.write(&mut wire, &mut response, asked, about).await;
            return self.finish(wire, kept).await;
        }
        // The body is in use: as the response's own body, or by another task.
        let kept = self.write(&mut incoming, &mut response, asked, about).await;
        let done = with(&incoming, |incoming| incoming.is_done());
        // The response's body is gone by now, so the last owner is this task, unless another one keeps it.
        let mut owned = take(incoming)?;
        if !done {
            owned.drain().await.ok()?;
        }
        self.finish(owned.source, kept).await
    }

    /// Passes the wire on if the connection lives; otherwise ends it so that the client can read what was written.
    pub(super) async fn finish(&self, wire: Wire, kept: io::Result<bool>) -> Option<Wire> {
        match kept {
            Ok(true) => Some(wire),
            Ok(false) => {
                Box::pin(linger(wire, self.limits)).await;
                None
            }
            Err(_) => None,
        }
    }

    /// Writes a response; tells whether the connection may live on. Takes it by reference, as it is large to be moved.
    pub(super) async fn write(
        &self,
        wire: &mut impl WireAccess,
        response: &mut Response,
        asked: Asked,
        about: &About,
    ) -> io::Result<bool> {
        let sent = response.sent.take();
        let (kept, delivery) = match self.send(wire, response, asked).await {
            Ok(kept) => (Ok(kept), Delivery::Written),
            Err(Unsent { error: OutgoingError::Io(error), begun }) => {
                let leaving = Leaving::of(&error, begun);
                self.warn(about, leaving);
                (Err(error), leaving.into())
            }
            Err(Unsent { error, .. }) => (Err(io::Error::other(error)), Delivery::Failed),
        };
        if let Some(sent) = sent {
            sent.tell(delivery);
        }
        kept
    }

    async fn send(&self, wire: &mut impl WireAccess, response: &mut Response, asked: Asked) -> Result<bool, Unsent> {
        if response::must_collect(response, asked) {
            match Box::pin(std::mem::take(&mut response.body).collect(self.limits.max_buffered)).await {
                Ok(bytes) => response.body = Body::Full(bytes),
                Err(_) => *response = Refusal::with(StatusCode::BAD_GATEWAY).into(),
            }
        }
        let (encoding, keep_alive) = response::encoding(response, asked);
        let head = response::head(response, asked, encoding, keep_alive, &self.limits.server_name);
        let terminate = response.on_body_error == OnBodyError::Terminate;
        let mut outgoing = Outgoing::new(head, std::mem::take(&mut response.body), encoding, terminate);
        let written = poll_fn(|cx| outgoing.poll(cx, wire)).await;
        self.log_response(response, outgoing.body_bytes());
        // A body that was cut short leaves its source in an unknown state, and the client with less than it hoped for.
        let whole = outgoing.body_error().is_none();
        written.map(|()| keep_alive && whole).map_err(|error| Unsent { error, begun: outgoing.progress() })
    }

    /// MI's line about a client that has gone (spec 5.10).
    fn warn(&self, about: &About, leaving: Leaving) {
        let (peer, state, direction, description) =
            (self.connection.peer, leaving.state(), leaving.direction(), leaving.description());
        let cause = match leaving {
            Leaving::SilentInRequest | Leaving::SilentInResponse => {
                format!("SOCKET_TIMEOUT = {}", self.limits.socket_timeout.as_millis())
            }
            _ => "CAUSE_OF_ERROR = Connection between WSO2 Server and the Client has been closed".to_owned(),
        };
        tracing::warn!(
            target: "org.apache.synapse.transport.passthru.SourceHandler",
            "STATE_DESCRIPTION = {description}, INTERNAL_STATE = {state}, DIRECTION = {direction}, {cause}, \
             HTTP_URL = {}, HTTP_METHOD = {}, CLIENT_ADDRESS = {peer}, CONNECTION = {}",
            about.target, about.method, self.connection.listener,
        );
    }
}

/// A response that did not go out, and how far it had come.
struct Unsent {
    error: OutgoingError,
    begun: Progress,
}

/// The ways in which a client leaves us, as MI tells them apart.
#[derive(Clone, Copy)]
enum Leaving {
    ClosedInRequest,
    SilentInRequest,
    ClosedBeforeResponse,
    ClosedInResponse,
    SilentInResponse,
}

impl From<Leaving> for Delivery {
    fn from(leaving: Leaving) -> Self {
        match leaving {
            Leaving::SilentInRequest | Leaving::SilentInResponse => Self::TimedOut(leaving.state()),
            _ => Self::Closed(leaving.state()),
        }
    }
}

impl Leaving {
    fn of(error: &io::Error, begun: Progress) -> Self {
        match (error.kind(), begun) {
            (io::ErrorKind::TimedOut, _) => Self::SilentInResponse,
            (_, Progress::Head) => Self::ClosedBeforeResponse,
            _ => Self::ClosedInResponse,
        }
    }

    fn state(self) -> &'static str {
        match self {
            Self::ClosedInRequest | Self::SilentInRequest => "REQUEST_BODY",
            Self::ClosedBeforeResponse => "REQUEST_DONE",
            Self::ClosedInResponse | Self::SilentInResponse => "RESPONSE_BODY",
        }
    }

    fn direction(self) -> &'static str {
        match self {
            Self::ClosedInRequest | Self::SilentInRequest => "REQUEST",
            _ => "RESPONSE",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::ClosedInRequest => {
                "Connection closed while server accepting request headers but prior to finish reading the request body"
            }
            Self::SilentInRequest => {
                "Socket Timeout occurred after accepting the request headers but prior to finish reading the request body"
            }
            Self::ClosedBeforeResponse => {
                "Connection closed after server accepting the request headers and the request body"
            }
            Self::ClosedInResponse => "Connection closed while server writing the response headers or body",
            Self::SilentInResponse => "Socket Timeout occurred while server writing the response headers or body",
        }
    }
}

/// The wire, if nobody else has a part in it. Otherwise it lives as long as the body that does.
fn take(incoming: SharedIncoming) -> Option<Incoming<Wire>> {
    let owned = Arc::try_unwrap(incoming).ok()?;
    Some(owned.into_inner().unwrap_or_else(PoisonError::into_inner))
}

pub(super) async fn write_continue(wire: &mut Wire) -> Result<(), OutgoingError> {
    let head = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    let mut outgoing = Outgoing::new(head, Body::Empty, Encoding::None, false);
    poll_fn(|cx| outgoing.poll(cx, wire)).await
}

/// Closes our half and reads on for a moment: closing a socket with unread input resets it, and a reset can overtake
/// the response that tells the client why.
async fn linger(mut wire: Wire, limits: &Limits) {
    wire.buf.clear();
    if poll_fn(|cx| wire.poll_shutdown(cx)).await.is_err() {
        return;
    }
    let rest = async {
        while let Ok(1..) = poll_fn(|cx| wire.poll_fill(cx)).await {
            wire.buf.clear();
        }
    };
    // Either way the connection ends here.
    let _ = tokio::time::timeout(limits.linger, rest).await;
}
