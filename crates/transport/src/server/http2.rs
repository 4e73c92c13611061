//! HTTP/2 connections of a listener: the protocol is hyper's, requests and responses are those of HTTP/1.1.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{CONTENT_LENGTH, DATE, HOST, SERVER};
use http::{HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mi_payload::Body;

use super::connection::{Activity, Shared};
use crate::access_log::{Line, RequestLine, ResponseLine};
use crate::h1::framing::may_have_body;
use crate::h2_body::{Sent, StreamBody, drop_connection_fields};
use crate::io::Io;
use crate::message::{ConnectionInfo, Delivery, Handler, OnBodyError, Request, Response, Target};

/// Requests of one connection that are served at the same time.
const MAX_STREAMS: u32 = 256;

/// Serves a connection until it ends.
pub(crate) async fn serve<H: Handler>(
    io: Io,
    info: Arc<ConnectionInfo>,
    shared: Arc<Shared<H>>,
    activity: Arc<Activity>,
) {
    // Never dropped as idle: it is asked to end, and does at once if nothing is under way.
    activity.begin();
    let limits = &shared.limits;
    let half = limits.socket_timeout / 2;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(half)
        .keep_alive_timeout(half)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX));
    let (answering, about) = (Arc::clone(&shared), Arc::clone(&info));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (shared, info) = (Arc::clone(&answering), Arc::clone(&about));
        async move { Ok::<_, Infallible>(answer(request, info, &shared).await) }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shared.closing() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %info.peer, %error, "an HTTP/2 connection failed");
    }
}

async fn answer<H: Handler>(
    request: http::Request<Incoming>,
    info: Arc<ConnectionInfo>,
    shared: &Shared<H>,
) -> http::Response<Sent> {
    let head_only = request.method() == Method::HEAD;
    let (remote, local) = (Some(info.peer.ip()), Some(info.local.ip()));
    let too_large = Arc::new(AtomicBool::new(false));
    let mut response = match convert(request, info, shared, &too_large) {
        Ok(request) => {
            if let Some(log) = &shared.access_log {
                log.write(&Line::Request(RequestLine {
                    remote,
                    local,
                    method: &request.method,
                    target: request.target.as_str(),
                    version: request.version,
                    headers: &request.headers,
                }));
            }
            shared.handler.handle(request).await
        }
        Err(status) => Response::new(status),
    };
    if too_large.load(Ordering::Relaxed) {
        response = Response { sent: response.sent, ..Response::new(StatusCode::PAYLOAD_TOO_LARGE) };
    }
    if let Some(sent) = response.sent.take() {
        sent.tell(Delivery::Written);
    }
    if let Some(log) = &shared.access_log {
        let (status, headers) = (response.status, &response.headers);
        let bytes = http_body::Body::size_hint(&response.body).exact();
        log.write(&Line::Response(ResponseLine { remote, local, status, headers, bytes }));
    }
    into_hyper(response, head_only, &shared.limits.server_name)
}

/// A request as handlers know it, or the status that refuses it.
fn convert<H>(
    request: http::Request<Incoming>,
    connection: Arc<ConnectionInfo>,
    shared: &Shared<H>,
    too_large: &Arc<AtomicBool>,
) -> Result<Request, StatusCode> {
    let (parts, incoming) = request.into_parts();
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
    ];
    if !known.contains(&parts.method) {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let target = Target::new(target).ok_or(StatusCode::BAD_REQUEST)?;
    let mut headers = parts.headers;
    if let Some(authority) = parts.uri.authority()
        && !headers.contains_key(HOST)
    {
        let host = HeaderValue::try_from(authority.as_str()).map_err(|_| StatusCode::BAD_REQUEST)?;
        headers.insert(HOST, host);
    }
    let limits = &shared.limits;
    let told = http_body::Body::size_hint(&incoming).lower();
    if limits.max_body.is_some_and(|limit| told > limit) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = if http_body::Body::is_end_stream(&incoming) {
        Body::Empty
    } else {
        let too_large = Arc::clone(too_large);
        Body::Stream(Box::pin(StreamBody::new(incoming, limits.socket_timeout, limits.max_body, too_large)))
    };
    let (method, version) = (parts.method, parts.version);
    Ok(Request { method, target, authority: None, version, headers, body, connection })
}

fn into_hyper(response: Response, head_only: bool, server: &str) -> http::Response<Sent> {
    let bodiless = !may_have_body(if head_only { &Method::HEAD } else { &Method::GET }, response.status);
    let body = Sent {
        body: if bodiless { Body::Empty } else { response.body },
        terminate_on_error: response.on_body_error == OnBodyError::Terminate,
        failed: Arc::default(),
    };
    let mut out = http::Response::new(body);
    *out.status_mut() = response.status;
    let headers = out.headers_mut();
    *headers = response.headers;
    drop_connection_fields(headers);
    headers.remove(DATE);
    if !head_only {
        headers.remove(CONTENT_LENGTH);
    }
    if !headers.contains_key(SERVER)
        && let Ok(server) = HeaderValue::try_from(server)
    {
        headers.insert(SERVER, server);
    }
    out
}
