//! HTTP on the wire: listeners and connections on one side, pooled connections to back ends on the other.
//!
//! It guarantees: bodies stream with back-pressure and constant memory unless a length must be told; what two HTTP
//! parsers could read differently is refused; every failure has a type from which MI's error code follows; nothing on a
//! request's way is shared between threads. It knows nothing of mediation.
//!
//! Begin at [`Handler`] (what a server calls), [`server::Server`] and [`client::Client`]; the protocol itself is in `h1`.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Method, StatusCode};
//! use mi_payload::Body;
//! use mi_transport::client::Scheme;
//! use mi_transport::{Client, ClientConfig, ClientRequest, ListenerConfig, Request, Response, Server, Target};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two workers; every request is answered with its own body, streamed back while it arrives.
//! let server = Server::start("worker", 2)?;
//! let echo = |request: Request| async { Response { body: request.body, ..Response::new(StatusCode::OK) } };
//! let listener = server.listen(ListenerConfig::new("http", "127.0.0.1:0".parse()?), Arc::new(echo))?;
//!
//! let client = Client::new(ClientConfig::default());
//! let port = listener.local_addr().port();
//! let destination = client.destination(Scheme::Http, "127.0.0.1", Some(port), None)?;
//! let target = Target::new("/orders?status=open").ok_or("not a target")?;
//! let mut request = ClientRequest::new(destination, Method::POST, target);
//! request.body = Body::from(b"hello".to_vec());
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! runtime.block_on(async {
//!     let response = client.send(request).await?;
//!     assert_eq!(response.body.collect(1024).await?, "hello");
//!     assert_eq!(server.drain(Duration::from_secs(1)).await, 0);
//!     Ok(())
//! })
//! # }
//! ```

pub mod access_log;
pub mod client;
mod clock;
mod h1;
mod h2_body;
pub mod headers;
mod io;
mod message;
pub mod server;
mod silence;
pub mod tls;
mod upgrade;
mod wire_log;

pub use client::{Client, ClientConfig, ClientError, ClientErrorKind, ClientRequest, ClientResponse, Destination};
pub use message::{
    ConnectionInfo, Delivery, Framing, Handler, OnBodyError, OnSent, Request, Response, Target, TlsInfo,
};
pub use server::{Limits, Listener, ListenerConfig, Server};
pub use upgrade::Upgraded;
