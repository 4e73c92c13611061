//! HTTP on the wire: listeners and connections on one side, pooled connections to back ends on the other.
//!
//! It guarantees: bodies stream with back-pressure and constant memory unless a length must be told; what two HTTP
//! parsers could read differently is refused; every failure has a type from which MI's error code follows; nothing on a
//! request's way is shared between threads. It knows nothing of mediation.
//!
//! Begin at [`Handler`] (what a server calls), [`server::Server`] and [`client::Client`]; the protocol itself is in `h1`.

pub mod access_log;
pub mod client;
mod clock;
mod h1;
pub mod headers;
mod io;
mod message;
pub mod server;
pub mod tls;

pub use client::{Client, ClientConfig, ClientError, ClientErrorKind, ClientRequest, ClientResponse, Destination};
pub use message::{ConnectionInfo, Framing, Handler, OnBodyError, Request, Response, Target, TlsInfo};
pub use server::{Limits, Listener, ListenerConfig, Server};
