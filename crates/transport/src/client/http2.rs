//! HTTP/2 to back ends that choose it in the TLS handshake: one connection for all requests of a thread to a destination.
//! The protocol is hyper's.

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST};
use http::{Uri, Version};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mi_payload::{Body, BodyError};
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use super::destination::Slot;
use super::error::ClientErrorKind;
use super::pool::{PerDestination, PoolKey};
use super::request::{ClientRequest, ClientResponse};
use crate::h2_body::{Sent, StreamBody, drop_connection_fields};
use crate::io::Io;

struct Open {
    sender: SendRequest<Sent>,
    runtime: Id,
    used: Instant,
}

thread_local! {
    static OPEN: RefCell<PerDestination<Open>> = RefCell::default();
}

/// A right to send requests over a connection.
pub(super) struct Sender(SendRequest<Sent>);

/// Limits on an exchange.
pub(super) struct Limits {
    pub(super) socket_timeout: Duration,
    pub(super) max_body: Option<u64>,
}

/// The connection that this thread has to a destination, if it has one.
pub(super) fn existing(key: &PoolKey) -> Option<Sender> {
    let runtime = Handle::try_current().ok()?.id();
    OPEN.with_borrow_mut(|open| {
        let connection = open.get_mut(key)?;
        if connection.runtime != runtime || connection.sender.is_closed() {
            open.remove(key);
            return None;
        }
        connection.used = Instant::now();
        Some(Sender(connection.sender.clone()))
    })
}

/// Begins to speak HTTP/2 over a connection, and keeps it for others.
pub(super) async fn open(io: Io, slot: Slot, key: PoolKey, idle: Duration) -> Result<Sender, ClientErrorKind> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    let (sender, connection) =
        builder.handshake(TokioIo::new(io)).await.map_err(|_| ClientErrorKind::Protocol("no HTTP/2 connection"))?;
    let runtime = Handle::current().id();
    let entry = Open { sender: sender.clone(), runtime, used: Instant::now() };
    OPEN.with_borrow_mut(|open| open.insert(key.clone(), entry));
    tokio::spawn(async move {
        let _slot = slot;
        let mut connection = std::pin::pin!(connection);
        loop {
            // It ends when the back end says so, or when nobody can send and nobody reads any more.
            match tokio::time::timeout(idle, connection.as_mut()).await {
                Ok(ended) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "an HTTP/2 connection to a back end failed");
                    }
                    return forget(&key, runtime, Duration::ZERO);
                }
                Err(_) => forget(&key, runtime, idle),
            }
        }
    });
    Ok(Sender(sender))
}

/// Gives a connection to nobody any more if it has not been used for so long.
fn forget(key: &PoolKey, runtime: Id, unused: Duration) {
    OPEN.with_borrow_mut(|open| {
        if open.get(key).is_some_and(|entry| entry.runtime == runtime && entry.used.elapsed() >= unused) {
            open.remove(key);
        }
    });
}

/// Forgets the connections of a client on this thread; they end with their last request.
pub(super) fn clear(client: u64) {
    OPEN.with_borrow_mut(|open| open.retain(|key, _| key.client != client));
}

impl Sender {
    /// Sends a request and waits for the head of its response.
    pub(super) async fn send(
        mut self,
        mut request: ClientRequest,
        limits: Limits,
    ) -> Result<ClientResponse, ClientErrorKind> {
        let authority = request.headers.remove(HOST).unwrap_or_else(|| request.destination.host_header().clone());
        let uri = Uri::builder()
            .scheme(request.destination.scheme().as_str())
            .authority(authority.as_bytes())
            .path_and_query(request.target.as_str())
            .build()
            .map_err(|_| ClientErrorKind::Protocol("the request's target is not one for HTTP/2"))?;
        let failed = Arc::new(OnceLock::new());
        let body = Sent { body: request.body, terminate_on_error: false, failed: Arc::clone(&failed) };
        let mut outgoing = http::Request::new(body);
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri;
        *outgoing.version_mut() = Version::HTTP_2;
        drop_connection_fields(&mut request.headers);
        request.headers.remove(CONTENT_LENGTH);
        *outgoing.headers_mut() = request.headers;
        let exchange = async {
            self.0.ready().await?;
            self.0.send_request(outgoing).await
        };
        let response = tokio::time::timeout(limits.socket_timeout, exchange).await;
        let response = response.map_err(|_| ClientErrorKind::TimedOut)?.map_err(|_| failure(&failed))?;
        let (parts, incoming) = response.into_parts();
        let body = if http_body::Body::is_end_stream(&incoming) {
            Body::Empty
        } else {
            let flag = Arc::new(AtomicBool::new(false));
            Body::Stream(Box::pin(StreamBody::new(incoming, limits.socket_timeout, limits.max_body, flag)))
        };
        let (status, version, headers) = (parts.status, parts.version, parts.headers);
        Ok(ClientResponse { status, reason: None, version, headers, body, early: false, upgraded: None })
    }
}

fn failure(request_body: &OnceLock<BodyError>) -> ClientErrorKind {
    request_body.get().cloned().map_or(ClientErrorKind::Closed, ClientErrorKind::RequestBody)
}
