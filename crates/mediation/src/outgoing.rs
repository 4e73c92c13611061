//! What mediation hands to the client side and gets back.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mi_payload::Body;

/// A request to a back end, headers as they go out but for framing and `Host`.
#[derive(Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The absolute URL, query included, sent as it is.
    pub url: String,
    /// Headers; `Host` only when it differs from the URL's.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Send a `Content-Length` rather than chunks.
    pub content_length: bool,
    /// Speak HTTP/1.0.
    pub http10: bool,
    /// Write the absolute URL in the request line (`FULL_URI`, `POST_TO_URI`).
    pub absolute_form: bool,
    /// Close the connection afterwards.
    pub close: bool,
    /// How long to wait for the answer's head after the request has been handed over.
    pub timeout: Option<Duration>,
    /// Ask for another protocol on the connection (`websocket`).
    pub upgrade: Option<HeaderValue>,
}

/// A connection to a back end that has left HTTP after status 101. Mediation only hands it on; dropped, it is closed.
pub struct Tunnel(pub Box<dyn Any + Send>);

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}

/// The head of a back end's answer and its unread body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase, when it is not the status's own.
    pub reason: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// With status 101: the connection.
    pub tunnel: Option<Tunnel>,
}

/// How a request failed. MI adds the state of the connection to the base code (services spec 3.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// MI's base code, one of [`crate::fault::codes`].
    pub base_code: i32,
    /// The number of the connection's state when it happened: 0 before the request, 3 request sent, 4 response head …
    pub state: i32,
    /// MI's message.
    pub message: String,
    /// The technical reason.
    pub detail: String,
    /// The endpoint's own time limit ran out, not the socket's.
    pub timed_out: bool,
}

impl SendError {
    /// The code that the fault handler sees.
    pub fn code(&self) -> i32 {
        self.base_code + self.state
    }
}
