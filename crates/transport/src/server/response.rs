//! A response's head, and the framing of its body.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, SERVER, TRANSFER_ENCODING};
use http::{HeaderName, Method, StatusCode, Version};
use http_body::Body as _;
use mi_payload::Body;

use crate::clock;
use crate::h1::framing::may_have_body;
use crate::h1::outgoing::{Encoding, put_fields};
use crate::message::{Framing, Response};

/// What of the request bears on the form of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The answer to a HEAD has a head only.
    pub(crate) head_only: bool,
    pub(crate) version: Version,
    /// Whether the client and the configuration let the connection live on.
    pub(crate) keep_alive: bool,
}

impl Asked {
    fn may_have_body(self, status: StatusCode) -> bool {
        may_have_body(if self.head_only { &Method::HEAD } else { &Method::GET }, status)
    }
}

/// How the body of `response` is sent, and whether the connection survives that. A stream whose length has to be told
/// must have been collected before.
pub(crate) fn encoding(response: &Response, asked: Asked) -> (Encoding, bool) {
    let keep_alive = asked.keep_alive && !response.close;
    if !asked.may_have_body(response.status) {
        return (Encoding::None, keep_alive);
    }
    let known = match &response.body {
        Body::Empty => return (Encoding::Length(0), keep_alive),
        Body::Full(bytes) if bytes.is_empty() => return (Encoding::Length(0), keep_alive),
        body => body.size_hint().exact(),
    };
    match (response.framing, known) {
        (Framing::Declared(length), _) => (Encoding::Length(length), keep_alive),
        (Framing::Chunked, _) if asked.version != Version::HTTP_10 => (Encoding::Chunked, keep_alive),
        (Framing::Chunked | Framing::Length, Some(length)) => (Encoding::Length(length), keep_alive),
        (Framing::Chunked | Framing::Length, None) => (Encoding::UntilClose, false),
    }
}

/// Whether the body must be read into memory first because its length has to be told and nobody knows it.
pub(crate) fn must_collect(response: &Response, asked: Asked) -> bool {
    response.framing == Framing::Length
        && asked.may_have_body(response.status)
        && matches!(&response.body, Body::Stream(stream) if stream.size_hint().exact().is_none())
}

/// Serialises the head.
pub(crate) fn head(response: &Response, asked: Asked, encoding: Encoding, keep_alive: bool, server: &str) -> Vec<u8> {
    // A small body is copied behind the head: make room for it now.
    let body = if let Body::Full(bytes) = &response.body { bytes.len().min(4096) } else { 0 };
    let mut out = Vec::with_capacity(512 + body);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(response.status.as_str().as_bytes());
    out.push(b' ');
    match &response.reason {
        Some(reason) => out.extend(reason.iter().filter(|b| !b.is_ascii_control())),
        None => out.extend_from_slice(response.status.canonical_reason().unwrap_or_default().as_bytes()),
    }
    out.extend_from_slice(b"\r\n");
    put_fields(&mut out, &response.headers, |name| is_ours(name, asked.head_only));
    if !response.headers.contains_key(SERVER) && !server.is_empty() {
        out.extend_from_slice(b"Server: ");
        out.extend_from_slice(server.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"Date: ");
    clock::put_date(&mut out);
    match encoding {
        Encoding::Chunked => out.extend_from_slice(b"\r\nTransfer-Encoding: chunked"),
        Encoding::Length(length) => {
            out.extend_from_slice(b"\r\nContent-Length: ");
            out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        }
        Encoding::None if response.status == StatusCode::RESET_CONTENT => {
            out.extend_from_slice(b"\r\nContent-Length: 0");
        }
        Encoding::None | Encoding::UntilClose => {}
    }
    if response.status == StatusCode::SWITCHING_PROTOCOLS {
        out.extend_from_slice(b"\r\nConnection: Upgrade");
    } else if !keep_alive {
        out.extend_from_slice(b"\r\nConnection: close");
    } else if asked.version == Version::HTTP_10 {
        out.extend_from_slice(b"\r\nConnection: keep-alive");
    }
    out.extend_from_slice(b"\r\n\r\n");
    out
}

fn is_ours(name: &HeaderName, head_only: bool) -> bool {
    *name == TRANSFER_ENCODING
        || *name == CONNECTION
        || *name == DATE
        || *name == "keep-alive"
        || (*name == CONTENT_LENGTH && !head_only)
}

/// The answer to a request that is refused before anyone sees it; the connection is closed after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// MI's own reason phrase, where it has one.
    pub(crate) reason: Option<&'static str>,
}

impl Refusal {
    /// What the parser rejects.
    pub(crate) const MALFORMED: Self = Self { status: StatusCode::BAD_REQUEST, reason: Some("Bad request") };
    /// A body beyond the limit.
    pub(crate) const TOO_LARGE: Self =
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, reason: Some("Payload Too Large") };

    /// A refusal with the standard reason phrase.
    pub(crate) fn with(status: StatusCode) -> Self {
        Self { status, reason: None }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut response = Self::new(refusal.status);
        response.reason = refusal.reason.map(|reason| Bytes::from_static(reason.as_bytes()));
        response.close = true;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { head_only: false, version: Version::HTTP_11, keep_alive: true };

    fn with_body(body: &'static str, framing: Framing) -> Response {
        Response { body: Body::from(Bytes::from_static(body.as_bytes())), framing, ..Response::new(StatusCode::OK) }
    }

    #[test]
    fn framing_by_version_status_and_wish() {
        let old = Asked { version: Version::HTTP_10, ..ASKED };
        let head = Asked { head_only: true, ..ASKED };
        assert_eq!(encoding(&with_body("abc", Framing::Chunked), ASKED), (Encoding::Chunked, true));
        assert_eq!(encoding(&with_body("abc", Framing::Chunked), old), (Encoding::Length(3), true));
        assert_eq!(encoding(&with_body("abc", Framing::Length), ASKED), (Encoding::Length(3), true));
        assert_eq!(encoding(&with_body("abc", Framing::Declared(9)), ASKED), (Encoding::Length(9), true));
        assert_eq!(encoding(&with_body("abc", Framing::Chunked), head), (Encoding::None, true));
        assert_eq!(encoding(&with_body("", Framing::Chunked), ASKED), (Encoding::Length(0), true));
        let mut none = with_body("abc", Framing::Chunked);
        none.status = StatusCode::NO_CONTENT;
        none.close = true;
        assert_eq!(encoding(&none, ASKED), (Encoding::None, false));
    }

    #[test]
    fn a_head_cannot_be_split_by_its_reason() {
        let mut response = with_body("abc", Framing::Length);
        response.reason = Some(Bytes::from_static(b"fine\r\nX: y"));
        response.headers.insert("content-length", http::HeaderValue::from_static("99"));
        response.headers.insert("x-a", http::HeaderValue::from_static("1"));
        let head = String::from_utf8(head(&response, ASKED, Encoding::Length(3), false, "S")).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 fineX: y\r\nX-A: 1\r\nServer: S\r\nDate: "), "{head}");
        assert!(head.ends_with("GMT\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"), "{head}");
    }
}
