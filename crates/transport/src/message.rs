//! What crosses the seam between the wire and mediation: requests, responses and what is known of a connection.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use mi_payload::Body;

use crate::upgrade::Upgraded;

/// A request target: path and query exactly as they came, nothing decoded. Cloning shares the bytes.
///
/// Usually in origin form (`/a/b?c=d`); `*` for a server-wide OPTIONS and `host:port` for CONNECT. The scheme and
/// authority of an absolute form are split off by the parser (see [`Request::authority`]).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target(Arc<str>);

impl Target {
    /// Takes text without blanks and control characters; `None` if there are some, or nothing at all.
    pub fn new(text: &str) -> Option<Self> {
        let plain = !text.is_empty() && text.bytes().all(|b| b > b' ' && b != 0x7f);
        plain.then(|| Self(text.into()))
    }

    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, shared.
    pub fn into_shared(self) -> Arc<str> {
        self.0
    }

    /// The part before `?`.
    pub fn path(&self) -> &str {
        let text = self.as_str();
        text.split_once('?').map_or(text, |(path, _)| path)
    }

    /// The part after `?`, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.as_str().split_once('?').map(|(_, query)| query)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a TLS handshake told about the peer.
#[derive(Debug, Clone, Default)]
pub struct TlsInfo {
    /// The client's certificate chain (DER, its own certificate first); empty without mutual TLS.
    pub peer_certificates: Vec<Bytes>,
    /// The host name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// Protocol version, for example `TLSv1.3`.
    pub protocol: Option<&'static str>,
}

/// What stays the same for all requests of one connection.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// Our own address.
    pub local: SocketAddr,
    /// Present when the connection is encrypted.
    pub tls: Option<TlsInfo>,
    /// The name of the listener that accepted it.
    pub listener: Arc<str>,
    /// Counts the connections of the listener.
    pub number: u64,
}

/// A request whose head has been read and whose body has not.
#[derive(Debug)]
pub struct Request {
    /// One of the nine methods of spec 5.2.
    pub method: Method,
    /// Path and query as received.
    pub target: Target,
    /// Host and port of an absolute-form target; then it overrides the `Host` header.
    pub authority: Option<Target>,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// All header fields as received, hop-by-hop ones included.
    pub headers: HeaderMap,
    /// The body; unread if it is a stream.
    pub body: Body,
    /// The connection it came over.
    pub connection: Arc<ConnectionInfo>,
}

/// How a body's length is told to the receiver. Has no effect on messages that carry no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// Chunked, as MI sends all bodies unless told otherwise (spec 5.5, 5.7); by closing towards HTTP/1.0.
    #[default]
    Chunked,
    /// `Content-Length`; a stream of unknown length is read into memory first (`DISABLE_CHUNKING`).
    Length,
    /// `Content-Length` with this value, streamed (`FORCE_HTTP_CONTENT_LENGTH` with the incoming length). A body that
    /// turns out shorter breaks the connection, a longer one is cut.
    Declared(u64),
}

/// What becomes of a message whose body fails in the middle of being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBodyError {
    /// End it properly, so that the receiver sees a shortened but well-formed body: MI's way (spec 5.10).
    #[default]
    Terminate,
    /// Break the connection, so that the receiver notices.
    Abort,
}

/// An answer to a [`Request`].
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Reason phrase; the standard one if `None`. Control characters are left out when it is written.
    pub reason: Option<Bytes>,
    /// Header fields. `Transfer-Encoding`, `Connection` and `Date` are the transport's and ignored here; so is
    /// `Content-Length` except in the answer to a HEAD. `Server` is added if absent.
    pub headers: HeaderMap,
    /// The body; ignored where the status or the method forbids one.
    pub body: Body,
    /// How the body's length is told.
    pub framing: Framing,
    /// What to do when the body fails midway.
    pub on_body_error: OnBodyError,
    /// Close the connection after this response (`NO_KEEPALIVE`).
    pub close: bool,
    /// With the status 101: the connection to pass bytes to and from after this response. HTTP/1.1 only.
    pub upgrade: Option<Upgraded>,
    /// Told what became of this response. Over HTTP/2 it is told when the response is handed to the connection.
    pub sent: Option<OnSent>,
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All of it was written.
    Written,
    /// The client took nothing, or sent nothing, for too long; with MI's name of the state that this happened in.
    TimedOut(&'static str),
    /// The client had closed the connection; with MI's name of the state.
    Closed(&'static str),
    /// The body failed midway, and the connection was broken to say so.
    Failed,
}

/// Whom to tell what became of a response.
pub struct OnSent(Box<dyn FnOnce(Delivery) + Send>);

impl OnSent {
    /// Calls this function. It runs on the worker of the connection and must not block.
    pub fn new(told: impl FnOnce(Delivery) + Send + 'static) -> Self {
        Self(Box::new(told))
    }

    pub(crate) fn tell(self, delivery: Delivery) {
        (self.0)(delivery);
    }
}

impl fmt::Debug for OnSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnSent")
    }
}

impl Response {
    /// A response without header fields and body.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            reason: None,
            headers: HeaderMap::new(),
            body: Body::Empty,
            framing: Framing::default(),
            on_body_error: OnBodyError::default(),
            close: false,
            upgrade: None,
            sent: None,
        }
    }
}

/// Answers requests: the one thing that the transport needs from mediation.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Runs on the connection's own task: the next request of the connection is read when this
    /// one's response has been written. Dropped in the middle only when a drain runs out of time.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

impl<F, R> Handler for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send,
{
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
        self(request)
    }
}
