//! Where a body ends, decided from the head alone (RFC 9112 section 6), refusing whatever two readers could read differently.

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};

use super::head::Seen;

/// How far a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// There is none.
    None,
    /// That many bytes (zero is an empty body).
    Exact(u64),
    /// Chunks.
    Chunked,
    /// All that comes until the peer closes; responses only.
    UntilClose,
}

/// Why the framing of a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FramingError {
    #[error("ambiguous or malformed body length")]
    Ambiguous,
    #[error("unsupported transfer coding")]
    UnsupportedCoding,
}

/// The body of a request. Anything that smells of request smuggling is an error.
pub(crate) fn request_body(headers: &HeaderMap, version: Version, seen: Seen) -> Result<BodyLength, FramingError> {
    if !seen.length && !seen.coding {
        return Ok(BodyLength::None);
    }
    let length = content_length(headers)?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(length.map_or(BodyLength::None, BodyLength::Exact)),
        (Some(_), Some(_)) => Err(FramingError::Ambiguous),
        (Some(_), None) if length.is_some() || version == Version::HTTP_10 => Err(FramingError::Ambiguous),
        (Some(coding), None) => only_chunked(coding),
    }
}

fn only_chunked(coding: &HeaderValue) -> Result<BodyLength, FramingError> {
    if coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Ok(BodyLength::Chunked);
    }
    // `gzip, chunked` is well-formed and not understood; `chunked, gzip` or `x` leaves the end unknown.
    let last = coding.as_bytes().rsplit(|&b| b == b',').next().unwrap_or_default();
    let chunked_last = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
    let chunked_once = coding.as_bytes().to_ascii_lowercase().windows(7).filter(|part| part == b"chunked").count() == 1;
    Err(if chunked_last && chunked_once { FramingError::UnsupportedCoding } else { FramingError::Ambiguous })
}

/// The body of a response to a request with `method`.
pub(crate) fn response_body(
    method: &Method,
    status: StatusCode,
    headers: &HeaderMap,
    seen: Seen,
) -> Result<BodyLength, FramingError> {
    if !may_have_body(method, status) {
        return Ok(BodyLength::None);
    }
    if !seen.coding {
        return Ok(content_length(headers)?.map_or(BodyLength::UntilClose, BodyLength::Exact));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (Some(_), Some(_)) => Err(FramingError::Ambiguous),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Ok(content_length(headers)?.map_or(BodyLength::UntilClose, BodyLength::Exact))
        }
        // The chunks win over a length (RFC 9112 6.3): the length is not passed on, so nobody behind us is misled.
        (Some(coding), None) => only_chunked(coding),
        (None, _) => Ok(content_length(headers)?.map_or(BodyLength::UntilClose, BodyLength::Exact)),
    }
}

/// Whether a response with `status` to `method` can have a body at all (spec 5.6, 5.7).
pub(crate) fn may_have_body(method: &Method, status: StatusCode) -> bool {
    *method != Method::HEAD && !status.is_informational() && !matches!(status.as_u16(), 204 | 205 | 304)
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, FramingError> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(FramingError::Ambiguous),
        (Some(value), None) => digits(value.as_bytes()).map(Some).ok_or(FramingError::Ambiguous),
    }
}

/// Only digits: no sign, no blanks, no list.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |sum, &digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Whether the sender of a head lets the connection live on.
pub(crate) fn keeps_alive(headers: &HeaderMap, version: Version, seen: Seen) -> bool {
    if !seen.connection {
        return version != Version::HTTP_10;
    }
    let says = |token| headers.get_all(CONNECTION).iter().any(|value| has_token(value, token));
    !says("close") && (version != Version::HTTP_10 || says("keep-alive"))
}

/// Whether a comma-separated field value has `token`, whatever its case.
pub(crate) fn has_token(value: &HeaderValue, token: &str) -> bool {
    value.as_bytes().split(|&b| b == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    /// As if all fields were there: what is absent must make no difference.
    const ALL: Seen = Seen { length: true, coding: true, connection: true, expect: true, keep_alive: true, hosts: 1 };

    fn request(fields: &[(&'static str, &'static str)]) -> Result<BodyLength, FramingError> {
        request_body(&headers(fields), Version::HTTP_11, ALL)
    }

    #[test]
    fn plain_requests() {
        assert_eq!(request(&[]), Ok(BodyLength::None));
        assert_eq!(request(&[("content-length", "0")]), Ok(BodyLength::Exact(0)));
        assert_eq!(request(&[("content-length", "18446744073709551615")]), Ok(BodyLength::Exact(u64::MAX)));
        assert_eq!(request(&[("transfer-encoding", "Chunked")]), Ok(BodyLength::Chunked));
    }

    #[test]
    fn smuggling_vectors_are_refused() {
        for fields in [
            &[("content-length", "1"), ("transfer-encoding", "chunked")][..],
            &[("content-length", "1"), ("content-length", "1")],
            &[("content-length", "1"), ("content-length", "2")],
            &[("content-length", "1, 1")],
            &[("content-length", "+1")],
            &[("content-length", "-1")],
            &[("content-length", "0x1")],
            &[("content-length", "1 2")],
            &[("content-length", "")],
            &[("content-length", "18446744073709551616")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "identity")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "chunked, gzip")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "\"chunked\"")],
            &[("transfer-encoding", "identity")],
            &[("transfer-encoding", "")],
        ] {
            assert_eq!(request(fields), Err(FramingError::Ambiguous), "{fields:?}");
        }
        assert_eq!(request(&[("transfer-encoding", "gzip, chunked")]), Err(FramingError::UnsupportedCoding));
        let old = request_body(&headers(&[("transfer-encoding", "chunked")]), Version::HTTP_10, ALL);
        assert_eq!(old, Err(FramingError::Ambiguous));
    }

    #[test]
    fn responses() {
        let ok = |fields| response_body(&Method::GET, StatusCode::OK, &headers(fields), ALL);
        assert_eq!(ok(&[]), Ok(BodyLength::UntilClose));
        assert_eq!(ok(&[("content-length", "3")]), Ok(BodyLength::Exact(3)));
        assert_eq!(ok(&[("content-length", "3"), ("transfer-encoding", "chunked")]), Ok(BodyLength::Chunked));
        assert_eq!(ok(&[("content-length", "3"), ("content-length", "4")]), Err(FramingError::Ambiguous));
        for status in [204, 205, 304, 100] {
            let status = StatusCode::from_u16(status).unwrap();
            let length = response_body(&Method::GET, status, &headers(&[("content-length", "3")]), ALL);
            assert_eq!(length, Ok(BodyLength::None));
        }
        let head = response_body(&Method::HEAD, StatusCode::OK, &headers(&[("content-length", "3")]), ALL);
        assert_eq!(head, Ok(BodyLength::None));
    }

    #[test]
    fn keep_alive_by_version_and_field() {
        let alive = |version, fields| keeps_alive(&headers(fields), version, ALL);
        assert!(alive(Version::HTTP_11, &[]));
        assert!(!alive(Version::HTTP_10, &[]));
        assert!(alive(Version::HTTP_10, &[("connection", "Keep-Alive")]));
        assert!(!alive(Version::HTTP_11, &[("connection", "TE, Close")]));
        assert!(!alive(Version::HTTP_10, &[("connection", "keep-alive"), ("connection", "close")]));
    }
}
