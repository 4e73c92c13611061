//! What is asked of a back end, what comes back, and how the former is written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use http_body::Body as _;
use mi_payload::Body;

use super::destination::{Destination, Scheme};
use crate::h1::outgoing::{Encoding, put_field, put_fields};
use crate::message::{Framing, Target};
use crate::upgrade::Upgraded;

/// A request to a back end.
#[derive(Debug)]
pub struct ClientRequest {
    /// Where it goes.
    pub destination: Arc<Destination>,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: Target,
    /// Header fields. `Transfer-Encoding`, `Content-Length`, `Connection`, `Upgrade` and `Keep-Alive` are the
    /// transport's and ignored here; `Host` is the destination's if absent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// How it is sent.
    pub options: RequestOptions,
}

/// Departures from how requests are usually sent.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// How the body's length is told (chunked).
    pub framing: Framing,
    /// Speak HTTP/1.0 (`FORCE_HTTP_1.0`): never chunked, and the connection is closed afterwards.
    pub http_10: bool,
    /// Put scheme and host into the request line (`FULL_URI`).
    pub absolute_form: bool,
    /// Ask for this protocol instead of HTTP (`Upgrade`); a back end that agrees answers 101, see
    /// [`ClientResponse::upgraded`]. HTTP/1.1 only.
    pub upgrade: Option<HeaderValue>,
    /// Ask for the connection to be closed after the response.
    pub close: bool,
    /// How long the back end may be silent (the client's default).
    pub socket_timeout: Option<Duration>,
    /// How long connecting may take (the client's default).
    pub connect_timeout: Option<Duration>,
    /// How long everything may take until the head of the response is there (no limit of its own).
    pub limit: Option<Duration>,
}

impl ClientRequest {
    /// A request without header fields and body.
    pub fn new(destination: Arc<Destination>, method: Method, target: Target) -> Self {
        let (headers, body, options) = (HeaderMap::new(), Body::Empty, RequestOptions::default());
        Self { destination, method, target, headers, body, options }
    }

    /// Whether the body must be read into memory first because its length has to be told and nobody knows it.
    pub(crate) fn must_collect(&self) -> bool {
        (self.options.framing == Framing::Length || (self.options.http_10 && self.options.framing == Framing::Chunked))
            && matches!(&self.body, Body::Stream(stream) if stream.size_hint().exact().is_none())
    }

    /// How the body is framed. A stream whose length has to be told must have been collected before.
    pub(crate) fn encoding(&self) -> Encoding {
        let known = match &self.body {
            Body::Empty if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) => {
                return Encoding::Length(0);
            }
            Body::Empty => return Encoding::None,
            Body::Full(bytes) if bytes.is_empty() => return Encoding::Length(0),
            body => body.size_hint().exact(),
        };
        match (self.options.framing, known) {
            (Framing::Declared(length), _) => Encoding::Length(length),
            (Framing::Length, Some(length)) => Encoding::Length(length),
            (Framing::Chunked, Some(length)) if self.options.http_10 => Encoding::Length(length),
            _ => Encoding::Chunked,
        }
    }

    /// Serialises the head.
    pub(crate) fn head(&self, encoding: Encoding, close: bool) -> Vec<u8> {
        let body = if let Body::Full(bytes) = &self.body { bytes.len().min(4096) } else { 0 };
        let mut out = Vec::with_capacity(512 + body);
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        // A proxy that we do not tunnel through must be told whom the request is for.
        let proxy = self.destination.proxy().filter(|_| self.destination.scheme() == Scheme::Http);
        if self.options.absolute_form || proxy.is_some() {
            out.extend_from_slice(self.destination.scheme().as_str().as_bytes());
            out.extend_from_slice(b"://");
            out.extend_from_slice(self.destination.host_header().as_bytes());
        }
        out.extend_from_slice(self.target.as_str().as_bytes());
        out.extend_from_slice(if self.options.http_10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
        if !self.headers.contains_key(HOST) {
            put_field(&mut out, &HOST, self.destination.host_header());
        }
        if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization()) {
            put_field(&mut out, &PROXY_AUTHORIZATION, authorization);
        }
        put_fields(&mut out, &self.headers, is_ours);
        match encoding {
            Encoding::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Encoding::Length(length) => {
                out.extend_from_slice(b"Content-Length: ");
                out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Encoding::None | Encoding::UntilClose => {}
        }
        if let Some(protocol) = &self.options.upgrade {
            put_field(&mut out, &UPGRADE, protocol);
            out.extend_from_slice(b"Connection: Upgrade\r\n\r\n");
            return out;
        }
        out.extend_from_slice(if close { b"Connection: Close\r\n\r\n" } else { b"Connection: Keep-Alive\r\n\r\n" });
        out
    }
}

fn is_ours(name: &HeaderName) -> bool {
    *name == TRANSFER_ENCODING
        || *name == CONTENT_LENGTH
        || *name == CONNECTION
        || *name == UPGRADE
        || *name == "keep-alive"
}

/// A back end's answer, its body unread.
#[derive(Debug)]
pub struct ClientResponse {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase, if it is not the standard one.
    pub reason: Option<Bytes>,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// All header fields as received, hop-by-hop ones included.
    pub headers: HeaderMap,
    /// The body. What breaks it off shows as an error at the place where it breaks.
    pub body: Body,
    /// The answer came before the request had been sent completely; the rest of the request was not sent.
    pub early: bool,
    /// The connection, after a 101 that was asked for.
    pub upgraded: Option<Upgraded>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Body, options: RequestOptions) -> ClientRequest {
        let destination = Destination::new(Scheme::Http, "h", Some(81)).unwrap();
        let target = Target::new("/a?b").unwrap();
        ClientRequest { body, options, ..ClientRequest::new(destination, Method::POST, target) }
    }

    #[test]
    fn the_head_is_the_transports_where_it_matters() {
        let mut request = request(Body::from(b"abc".to_vec()), RequestOptions::default());
        request.headers.insert("content-length", HeaderValue::from_static("99"));
        request.headers.insert("connection", HeaderValue::from_static("close"));
        request.headers.insert("soapaction", HeaderValue::from_static("\"x\""));
        let head = String::from_utf8(request.head(request.encoding(), false)).unwrap();
        let expected = "POST /a?b HTTP/1.1\r\nHost: h:81\r\nSOAPAction: \"x\"\r\nTransfer-Encoding: chunked\r\nConnection: Keep-Alive\r\n\r\n";
        assert_eq!(head, expected);
    }

    #[test]
    fn wishes_are_granted() {
        let options = RequestOptions { http_10: true, absolute_form: true, ..RequestOptions::default() };
        let request = request(Body::from(b"abc".to_vec()), options);
        let head = String::from_utf8(request.head(request.encoding(), true)).unwrap();
        let expected = "POST http://h:81/a?b HTTP/1.0\r\nHost: h:81\r\nContent-Length: 3\r\nConnection: Close\r\n\r\n";
        assert_eq!(head, expected);
    }

    #[test]
    fn an_empty_body_is_announced_where_one_is_expected() {
        let mut request = request(Body::Empty, RequestOptions::default());
        assert_eq!(request.encoding(), Encoding::Length(0));
        request.method = Method::GET;
        assert_eq!(request.encoding(), Encoding::None);
    }
}
