//! How sending to a back end fails, in the types that mediation derives MI's error codes from (spec 3.5, 5.10).

use std::io;
use std::sync::Arc;

use mi_payload::BodyError;

/// How far the exchange with the back end had come. The number is MI's, and is added to the error's base code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ProtocolState {
    /// Nothing has been written.
    RequestReady = 0,
    /// The head of the request is being written.
    RequestHead = 1,
    /// The body of the request is being written.
    RequestBody = 2,
    /// The request is written; the answer is awaited.
    RequestDone = 3,
    /// The head of the response has been read.
    ResponseHead = 4,
    /// The body of the response is being read.
    ResponseBody = 5,
    /// The response has been read.
    ResponseDone = 6,
    /// The connection is being closed.
    Closing = 7,
    /// The connection is closed.
    Closed = 8,
}

impl ProtocolState {
    /// MI's name, as its logs and properties have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestReady => "REQUEST_READY",
            Self::RequestHead => "REQUEST_HEAD",
            Self::RequestBody => "REQUEST_BODY",
            Self::RequestDone => "REQUEST_DONE",
            Self::ResponseHead => "RESPONSE_HEAD",
            Self::ResponseBody => "RESPONSE_BODY",
            Self::ResponseDone => "RESPONSE_DONE",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        }
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ClientErrorKind {
    /// The name has no address.
    #[error("unknown host")]
    UnknownHost(#[source] io::Error),
    /// No address of the host accepted a connection.
    #[error("connection refused or failed: {0}")]
    ConnectFailed(#[source] io::Error),
    /// The connection was not there in time.
    #[error("timeout connecting")]
    ConnectTimeout,
    /// The TLS handshake failed, or the certificate is not one to trust.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    /// The HTTP proxy did not open a tunnel; its status, if it answered with one.
    #[error("the proxy refused a tunnel")]
    ProxyRefused(Option<u16>),
    /// All connections that the destination may have are in use.
    #[error("no available connections to serve the request")]
    PoolExhausted,
    /// The back end closed the connection.
    #[error("connection closed by the back end")]
    Closed,
    /// The connection broke.
    #[error("I/O error: {0}")]
    Io(#[source] io::Error),
    /// The back end was silent, or did not take what was sent, for the socket timeout.
    #[error("socket timeout")]
    TimedOut,
    /// The head of the response was not there within [`RequestOptions::limit`](super::RequestOptions::limit).
    #[error("no response within the time limit")]
    Expired,
    /// The answer is not HTTP.
    #[error("HTTP protocol violation: {0}")]
    Protocol(&'static str),
    /// The response is larger than the configured limit (bytes).
    #[error("the response is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The request's own body could not be read; the back end is not to blame.
    #[error("the request's body could not be read: {0}")]
    RequestBody(#[source] BodyError),
    /// The request's body was shorter than its declared length.
    #[error("the request's body is shorter than declared")]
    RequestTooShort,
}

/// A request that got no response.
#[derive(Debug, thiserror::Error)]
#[error("{kind} ({destination}, {})", state.name())]
pub struct ClientError {
    /// What went wrong.
    #[source]
    pub kind: ClientErrorKind,
    /// When it did.
    pub state: ProtocolState,
    /// `host:port` of the back end.
    pub destination: Arc<str>,
}

impl ClientError {
    /// MI's `BASE_ERROR_CODE`.
    pub fn base_code(&self) -> u32 {
        match self.kind {
            ClientErrorKind::UnknownHost(_)
            | ClientErrorKind::ConnectFailed(_)
            | ClientErrorKind::Tls(_)
            | ClientErrorKind::ProxyRefused(_) => 101_503,
            ClientErrorKind::ConnectTimeout => 101_508,
            ClientErrorKind::PoolExhausted | ClientErrorKind::TimedOut | ClientErrorKind::Expired => 101_504,
            ClientErrorKind::Closed => 101_505,
            ClientErrorKind::Io(_) | ClientErrorKind::RequestBody(_) | ClientErrorKind::RequestTooShort => 101_500,
            ClientErrorKind::Protocol(_) => 101_506,
            ClientErrorKind::TooLarge(_) => 101_510,
        }
    }

    /// MI's `PROTOCOL_STATE_ON_FAILURE`; 0 for errors before a connection existed.
    pub fn state_code(&self) -> u32 {
        self.state as u32
    }

    /// MI's `ERROR_CODE`: base and state.
    pub fn code(&self) -> u32 {
        self.base_code() + self.state_code()
    }

    /// MI's `ERROR_MESSAGE`.
    pub fn message(&self) -> &'static str {
        match self.base_code() {
            101_503 | 101_508 => "Error connecting to the back end",
            _ if matches!(self.kind, ClientErrorKind::PoolExhausted) => "No available connections to serve the request",
            _ => "Error in Sender",
        }
    }
}

impl ClientError {
    /// MI's `STATE_DESCRIPTION`, as its warnings have it (spec 5.10).
    pub fn description(&self) -> String {
        let target = &self.destination;
        let when = match self.state {
            ProtocolState::RequestReady => "before Server writing the request headers to the backend",
            ProtocolState::RequestHead => "while Server writing the request headers to the backend",
            ProtocolState::RequestBody => "while Server writing the request body to the backend",
            _ => "after Server written the request headers and the request body to the backend",
        };
        match &self.kind {
            ClientErrorKind::UnknownHost(_) | ClientErrorKind::ConnectFailed(_) => {
                format!("Connection refused or failed for : {target}")
            }
            ClientErrorKind::ConnectTimeout => format!("Timeout connecting to : {target}"),
            ClientErrorKind::TimedOut => format!("Socket Timeout occurred {when}"),
            ClientErrorKind::Closed | ClientErrorKind::Io(_) => format!("Connection closed by target host {when}"),
            ClientErrorKind::Protocol(what) => format!("HTTP protocol violation : {what}"),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_base_and_state() {
        let error = |kind, state| ClientError { kind, state, destination: "h:1".into() };
        let waiting = ProtocolState::RequestDone;
        assert_eq!(error(ClientErrorKind::TimedOut, waiting).code(), 101_507);
        let closed = error(ClientErrorKind::Closed, waiting);
        assert_eq!(closed.code(), 101_508);
        let description = "Connection closed by target host after Server written the request headers and the request body to the backend";
        assert_eq!(closed.description(), description);
        assert_eq!(error(ClientErrorKind::Io(io::ErrorKind::ConnectionReset.into()), waiting).code(), 101_503);
        assert_eq!(error(ClientErrorKind::ConnectTimeout, ProtocolState::RequestReady).code(), 101_508);
        let refused =
            error(ClientErrorKind::ConnectFailed(io::ErrorKind::ConnectionRefused.into()), ProtocolState::RequestReady);
        assert_eq!((refused.code(), refused.message()), (101_503, "Error connecting to the back end"));
        let full = error(ClientErrorKind::PoolExhausted, ProtocolState::RequestReady);
        assert_eq!((full.code(), full.message()), (101_504, "No available connections to serve the request"));
    }
}
