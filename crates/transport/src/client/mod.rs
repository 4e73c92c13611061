//! The client: requests to back ends, over connections that are kept and used again.
//!
//! Begin at [`Client::send`]. The connection's socket is driven by whoever awaits the response and reads its body: there
//! is no task for a connection, so a request costs no switch between tasks.

mod config;
mod connect;
mod destination;
mod error;
mod exchange;
mod http2;
mod pool;
mod proxy;
mod request;
mod response_body;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode, Version};
use mi_payload::Body;
use tokio::runtime::Handle;
use tokio::time::Instant;

pub use config::ClientConfig;
pub use destination::{Destination, InvalidDestination, Scheme};
pub use error::{ClientError, ClientErrorKind, ProtocolState};
pub use proxy::{Proxy, ProxyProfile, ProxyRules};
pub use request::{ClientRequest, ClientResponse, RequestOptions};

use crate::access_log::{Line, RequestLine, ResponseLine};
use crate::h1::decode::{Decoded, Decoder};
use crate::h1::framing::{keeps_alive, response_body};
use crate::h1::head::ResponseHead;
use crate::h1::incoming::Incoming;
use crate::h1::outgoing::Outgoing;
use crate::h1::wire::Wire;
use crate::tls::{ClientTls, ClientTlsConfig};
use crate::upgrade::Upgraded;
use crate::wire_log::{self, Peer};
pub(crate) use destination::Slot;
use exchange::{Answer, Failure, exchange};
use pool::{Connection, Keeping, PoolKey};
use response_body::{Afterwards, ResponseBody};

/// Sends requests. Cheap to clone; clones share their connections (on each thread for itself).
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    /// TLS for destinations without settings of their own, made when the first of them is used.
    tls: Arc<OnceLock<ClientTls>>,
    id: u64,
}

impl Client {
    /// A client with connections of its own.
    pub fn new(config: ClientConfig) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let tls = config.tls.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { config: Arc::new(config), tls: Arc::new(tls), id: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// A destination, reached through a proxy if the client's rules say so. `tls` overrides the client's TLS settings.
    ///
    /// # Errors
    /// As [`Destination::new`].
    pub fn destination(
        &self,
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        tls: Option<ClientTls>,
    ) -> Result<Arc<Destination>, InvalidDestination> {
        Destination::with(scheme, host, port, self.config.proxies.proxy_for(scheme, host), tls)
    }

    /// Sends a request and waits for the head of its response, for no longer than its limit says. To be called on a runtime, best on a server's worker:
    /// the connection is then kept there.
    ///
    /// A request is sent a second time only when its connection had been used before, the back end closed it without a
    /// byte of an answer, the method is one that may be repeated (RFC 9110 9.2.2), and the body is still at hand.
    ///
    /// # Errors
    /// Whatever keeps a response head from arriving; see [`ClientErrorKind`]. Failures after that show in the body.
    pub async fn send(&self, mut request: ClientRequest) -> Result<ClientResponse, ClientError> {
        let deadline = request.options.limit.map(|limit| Instant::now() + limit);
        // What few requests need is boxed, so that the future of all is small.
        if request.must_collect() {
            let body = Box::pin(std::mem::take(&mut request.body).collect(self.config.max_buffered));
            let kind = within(deadline, body).await.map(|body| body.map_err(ClientErrorKind::RequestBody));
            let body = kind.flatten().map_err(|kind| fail(&request, kind, ProtocolState::RequestReady))?;
            request.body = Body::Full(body);
        }
        let key = PoolKey { client: self.id, destination: Arc::clone(&request.destination) };
        if let Some(sender) = self.http2(&key).filter(|_| request.options.upgrade.is_none()) {
            return self.send_http2(sender, request, deadline).await;
        }
        let close = request.options.close || request.options.http_10 || !self.config.keep_alive;
        let encoding = request.encoding();
        let mut again = repeatable(&request);
        loop {
            let pooled = pool::take(&key);
            let reused = pooled.is_some();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => match within(deadline, Box::pin(self.connect(&key, &request.options))).await {
                    Ok(Ok(Connected::Http1(connection))) => connection,
                    Ok(Ok(Connected::Http2(sender))) => return self.send_http2(sender, request, deadline).await,
                    Ok(Err(error)) => return Err(error),
                    Err(expired) => return Err(fail(&request, expired, ProtocolState::RequestReady)),
                },
            };
            connection.wire.set_silence_limit(request.options.socket_timeout.unwrap_or(self.config.socket_timeout));
            connection.wire.set_deadline(deadline);
            self.log_request(&request, &connection);
            let head = request.head(encoding, close);
            let spare = if reused { again.take() } else { None };
            let outgoing = Outgoing::new(head, std::mem::take(&mut request.body), encoding, false);
            match exchange(&mut connection.wire, outgoing).await {
                Ok(answer) => {
                    connection.wire.set_deadline(None);
                    return self.respond(key, &request, connection, answer, !close);
                }
                Err(Failure { kind: ClientErrorKind::Closed | ClientErrorKind::Io(_), unanswered: true, .. })
                    if spare.is_some() =>
                {
                    request.body = spare.unwrap_or_default();
                    // There may be more connections that were closed in the same moment.
                    again = repeatable(&request);
                }
                Err(Failure { kind: ClientErrorKind::TimedOut, state, .. }) if connection.wire.is_overdue() => {
                    return Err(fail(&request, ClientErrorKind::Expired, state));
                }
                Err(failure) => return Err(fail(&request, failure.kind, failure.state)),
            }
        }
    }

    /// Drops the idle connections that the calling thread keeps.
    pub fn close_idle(&self) {
        pool::clear(self.id);
        http2::clear(self.id);
    }

    /// The idle HTTP/1.1 connections that the calling thread keeps.
    pub fn idle_connections(&self) -> usize {
        pool::count(self.id)
    }

    async fn connect(&self, key: &PoolKey, options: &RequestOptions) -> Result<Connected, ClientError> {
        let destination = &key.destination;
        let failed = |kind| ClientError {
            kind,
            state: ProtocolState::RequestReady,
            destination: Arc::clone(destination.label()),
        };
        let slot = Slot::take(destination, self.config.max_connections)
            .ok_or_else(|| failed(ClientErrorKind::PoolExhausted))?;
        let limit = options.connect_timeout.unwrap_or(self.config.connect_timeout);
        let tls = self.tls_for(destination).map_err(failed)?;
        let io = connect::connect(destination, tls, limit).await.map_err(failed)?;
        if io.is_http2() {
            let sender = http2::open(io, slot, key.clone(), self.config.idle_timeout).await;
            return sender.map(Connected::Http2).map_err(failed);
        }
        let wire = Wire::new(io, Peer::BackEnd, self.config.socket_timeout);
        let (born, runtime) = (Instant::now(), Handle::current().id());
        Ok(Connected::Http1(Connection { wire, slot, born, runtime }))
    }

    /// A connection that speaks HTTP/2 already.
    fn http2(&self, key: &PoolKey) -> Option<http2::Sender> {
        if key.destination.scheme() == Scheme::Http {
            return None;
        }
        let tls = key.destination.tls().or_else(|| self.tls.get())?;
        if tls.offers_http2() { http2::existing(key) } else { None }
    }

    /// HTTP/2 failures carry no protocol state (spec 3.5).
    async fn send_http2(
        &self,
        sender: http2::Sender,
        request: ClientRequest,
        deadline: Option<Instant>,
    ) -> Result<ClientResponse, ClientError> {
        let limits = http2::Limits {
            socket_timeout: request.options.socket_timeout.unwrap_or(self.config.socket_timeout),
            max_body: self.config.max_body,
        };
        let label = Arc::clone(request.destination.label());
        let sent = within(deadline, Box::pin(sender.send(request, limits))).await;
        sent.flatten().map_err(|kind| ClientError { kind, state: ProtocolState::RequestReady, destination: label })
    }

    fn tls_for<'a>(&'a self, destination: &'a Destination) -> Result<Option<&'a ClientTls>, ClientErrorKind> {
        match (destination.scheme(), destination.tls(), self.tls.get()) {
            (Scheme::Http, _, _) => Ok(None),
            (Scheme::Https, Some(own), _) => Ok(Some(own)),
            (Scheme::Https, None, Some(shared)) => Ok(Some(shared)),
            (Scheme::Https, None, None) => {
                let made = ClientTls::new(ClientTlsConfig::default());
                let made = made.map_err(|error| ClientErrorKind::Tls(io::Error::other(error)))?;
                Ok(Some(self.tls.get_or_init(|| made)))
            }
        }
    }

    fn log_request(&self, request: &ClientRequest, connection: &Connection) {
        let version = if request.options.http_10 { Version::HTTP_10 } else { Version::HTTP_11 };
        wire_log::request(Peer::BackEnd, &request.method, request.target.as_str(), version, &request.headers);
        if let Some(log) = &self.config.access_log {
            let tcp = connection.wire.io().tcp();
            log.write(&Line::Request(RequestLine {
                remote: tcp.peer_addr().ok().map(|address| address.ip()),
                local: tcp.local_addr().ok().map(|address| address.ip()),
                method: &request.method,
                target: request.target.as_str(),
                version,
                headers: &request.headers,
            }));
        }
    }

    fn log_response(&self, head: &ResponseHead, connection: &Connection, bytes: Option<u64>) {
        wire_log::response(Peer::BackEnd, head.status, &head.headers);
        if let Some(log) = &self.config.access_log {
            let tcp = connection.wire.io().tcp();
            log.write(&Line::Response(ResponseLine {
                remote: tcp.peer_addr().ok().map(|address| address.ip()),
                local: tcp.local_addr().ok().map(|address| address.ip()),
                status: head.status,
                headers: &head.headers,
                bytes,
            }));
        }
    }

    /// Makes a response of an answer's head, and sees to what becomes of the connection.
    fn respond(
        &self,
        key: PoolKey,
        request: &ClientRequest,
        mut connection: Connection,
        answer: Answer,
        keep_alive: bool,
    ) -> Result<ClientResponse, ClientError> {
        let Answer { head, request_done } = answer;
        let violated = |text| fail(request, ClientErrorKind::Protocol(text), ProtocolState::RequestDone);
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            if request.options.upgrade.is_none() || !request_done {
                return Err(violated("an upgrade that was not asked for"));
            }
            self.log_response(&head, &connection, None);
            let upgraded = Some(Upgraded::new(connection.wire, Some(connection.slot)));
            let (status, reason, version, headers) = (head.status, head.reason, head.version, head.headers);
            return Ok(ClientResponse { status, reason, version, headers, body: Body::Empty, early: false, upgraded });
        }
        let length = response_body(&request.method, head.status, &head.headers, head.seen)
            .map_err(|_| violated("ambiguous body length"))?;
        let mut decoder = Decoder::new(length);
        let ready = match decoder.decode(&mut connection.wire.buf) {
            Ok(Decoded::Data(data)) => Some(data),
            Ok(Decoded::NeedMore | Decoded::End) => None,
            Err(_) => return Err(violated("malformed chunk")),
        };
        let at_hand = ready.as_ref().map_or(0, |data| data.len() as u64);
        if let Some(limit) = self.config.max_body
            && decoder.remaining().unwrap_or(0).saturating_add(at_hand) > limit
        {
            return Err(fail(request, ClientErrorKind::TooLarge(limit), ProtocolState::ResponseHead));
        }
        self.log_response(&head, &connection, decoder.remaining().map(|left| left.saturating_add(at_hand)));
        let reusable = keep_alive && request_done && keeps_alive(&head.headers, head.version, head.seen);
        let keeping = Keeping {
            idle: self.config.idle_timeout,
            lifespan: self.config.lifespan,
            per_destination: self.config.max_idle,
        };
        let announced = if head.seen.keep_alive { announced(&head.headers) } else { None };
        let afterwards = Afterwards { key, keeping, announced, reusable };
        let body = if decoder.is_done() {
            afterwards.settle(connection);
            ready.map_or(Body::Empty, Body::Full)
        } else {
            let incoming = Incoming::new(connection, decoder, ready, self.config.max_body);
            Body::Stream(Box::pin(ResponseBody::new(incoming, afterwards)))
        };
        let early = !request_done;
        let (status, reason, version, headers) = (head.status, head.reason, head.version, head.headers);
        Ok(ClientResponse { status, reason, version, headers, body, early, upgraded: None })
    }
}

/// Waits no longer than until `deadline`. An exchange over HTTP/1.1 does not need it: its wire has the deadline.
async fn within<T>(deadline: Option<Instant>, what: impl Future<Output = T> + Unpin) -> Result<T, ClientErrorKind> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, what).await.map_err(|_| ClientErrorKind::Expired),
        None => Ok(what.await),
    }
}

/// A new connection, in the protocol that the back end chose.
#[allow(clippy::large_enum_variant, reason = "moved once, into what uses it")]
enum Connected {
    Http1(Connection),
    Http2(http2::Sender),
}

/// The body to send once more if it comes to that; `None` if the request must not or cannot be repeated.
fn repeatable(request: &ClientRequest) -> Option<Body> {
    let idempotent = !matches!(request.method, Method::POST | Method::PATCH | Method::CONNECT);
    match &request.body {
        _ if !idempotent => None,
        Body::Empty => Some(Body::Empty),
        Body::Full(bytes) => Some(Body::Full(bytes.clone())),
        Body::Stream(_) => None,
    }
}

fn fail(request: &ClientRequest, kind: ClientErrorKind, state: ProtocolState) -> ClientError {
    ClientError { kind, state, destination: Arc::clone(request.destination.label()) }
}

/// The seconds of `Keep-Alive: timeout=…`.
fn announced(headers: &HeaderMap) -> Option<Duration> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let value = headers.get(KEEP_ALIVE)?.to_str().ok()?;
    let (_, seconds) =
        value.split(',').filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim() == "timeout")?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
