//! Message heads: finding their end, and parsing them into `http` types without copying a byte of them twice.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, EXPECT, HOST, SERVER,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use crate::message::Target;

/// More fields than this are refused.
const MAX_FIELDS: usize = 128;

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("malformed message head")]
    Malformed,
    #[error("the message head is too large")]
    TooLarge,
    #[error("unknown method")]
    UnknownMethod,
}

/// Finds the empty line that ends a head; keeps its place, so that a head that comes byte by byte is looked at once.
#[derive(Debug, Default)]
pub(crate) struct HeadScanner {
    /// Everything before has been looked at.
    seen: usize,
    /// Where the current line begins.
    line: usize,
}

impl HeadScanner {
    /// The length of the head with its empty line, if it is complete. With `strict`, a line feed without a carriage
    /// return before it is an error: two parsers that disagree about where lines end can be played against each other.
    /// ([`parse_request`] looks again, so that the usual case can be found here without looking at every line.)
    pub(crate) fn find_end(&mut self, buf: &[u8], strict: bool) -> Result<Option<usize>, HeadError> {
        if self.seen == 0
            && let Some(end) = find_plain_end(buf)
        {
            return Ok(Some(end));
        }
        while let Some(at) = buf.get(self.seen..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let end = self.seen + at;
            let line = buf.get(self.line..end).unwrap_or_default();
            let text = match line {
                [text @ .., b'\r'] => text,
                _ if strict => return Err(HeadError::Malformed),
                text => text,
            };
            self.seen = end + 1;
            self.line = end + 1;
            if text.is_empty() {
                return Ok(Some(end + 1));
            }
        }
        self.seen = buf.len();
        Ok(None)
    }
}

/// The end of a head that has come whole, begins with a line, and whose lines end in CR LF. Heads have few lines: going
/// from one to the next costs less than preparing a search for two line ends.
fn find_plain_end(buf: &[u8]) -> Option<usize> {
    let mut end = memchr::memchr(b'\n', buf).filter(|&first| first >= 2)?;
    loop {
        if buf.get(end - 1) != Some(&b'\r') {
            return None;
        }
        let next = end + 1;
        end = next + memchr::memchr(b'\n', buf.get(next..)?)?;
        if end == next + 1 && buf.get(next) == Some(&b'\r') {
            return Some(end + 1);
        }
    }
}

/// Which of the fields that matter to the transport a head has, so that absent ones need not be looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) length: bool,
    pub(crate) coding: bool,
    pub(crate) connection: bool,
    pub(crate) expect: bool,
    pub(crate) keep_alive: bool,
    /// `Host` fields.
    pub(crate) hosts: u8,
}

impl Seen {
    fn note(&mut self, name: &HeaderName) {
        const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
        match name {
            name if name == HOST => self.hosts = self.hosts.saturating_add(1),
            name if name == CONTENT_LENGTH => self.length = true,
            name if name == TRANSFER_ENCODING => self.coding = true,
            name if name == CONNECTION => self.connection = true,
            name if name == EXPECT => self.expect = true,
            name if name == KEEP_ALIVE => self.keep_alive = true,
            _ => {}
        }
    }
}

/// A parsed request head.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) authority: Option<Target>,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) seen: Seen,
}

/// A parsed response head.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    /// The reason phrase, if it is not the standard one.
    pub(crate) reason: Option<Bytes>,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) seen: Seen,
}

/// Parses a complete request head. The field values share `head`'s memory.
pub(crate) fn parse_request(head: &Bytes) -> Result<RequestHead, HeadError> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(head, &mut fields) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(HeadError::Malformed),
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        Err(_) => return Err(HeadError::Malformed),
    }
    let (Some(method), Some(path), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(HeadError::Malformed);
    };
    if !lines_end_properly(head, path, parsed.headers) {
        return Err(HeadError::Malformed);
    }
    let method = known_method(method)?;
    let (target, authority) = split_target(&method, path)?;
    let (headers, seen) = fields_of(head, parsed.headers)?;
    Ok(RequestHead { method, target, authority, version: version(minor), headers, seen })
}

/// Parses a complete response head. The field values share `head`'s memory.
pub(crate) fn parse_response(head: &Bytes) -> Result<ResponseHead, HeadError> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true).allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response_with_uninit_headers(&mut parsed, head, &mut fields) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(HeadError::Malformed),
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        Err(_) => return Err(HeadError::Malformed),
    }
    let (Some(code), Some(minor)) = (parsed.code, parsed.version) else { return Err(HeadError::Malformed) };
    let status = StatusCode::from_u16(code).map_err(|_| HeadError::Malformed)?;
    let reason = parsed.reason.filter(|text| !text.is_empty() && Some(*text) != status.canonical_reason());
    let reason = reason.map(|text| head.slice_ref(text.as_bytes()));
    let (headers, seen) = fields_of(head, parsed.headers)?;
    Ok(ResponseHead { status, reason, version: version(minor), headers, seen })
}

/// Whether every line of a parsed head ends in CR LF. httparse takes a line feed alone, too, and nothing else: what it
/// calls names and values has no line ends, so it is enough to look behind each of them.
fn lines_end_properly(head: &[u8], path: &str, fields: &[httparse::Header<'_>]) -> bool {
    let base = head.as_ptr().addr();
    let end_of = |part: &[u8]| part.as_ptr().addr().wrapping_sub(base).wrapping_add(part.len());
    let mut line_end = end_of(path.as_bytes()).wrapping_add(" HTTP/1.x".len());
    for field in fields {
        if head.get(line_end..line_end.wrapping_add(2)) != Some(b"\r\n") {
            return false;
        }
        let begin = field.name.as_ptr().addr().wrapping_sub(base);
        let value_end =
            if field.value.is_empty() { begin.wrapping_add(field.name.len() + 1) } else { end_of(field.value) };
        if begin != line_end + 2 {
            return false;
        }
        let blanks =
            head.get(value_end..).unwrap_or_default().iter().take_while(|&&b| matches!(b, b' ' | b'\t')).count();
        line_end = value_end + blanks;
    }
    head.get(line_end..) == Some(b"\r\n\r\n")
}

fn version(minor: u8) -> Version {
    if minor == 0 { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn known_method(name: &str) -> Result<Method, HeadError> {
    match name {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        "HEAD" => Ok(Method::HEAD),
        "OPTIONS" => Ok(Method::OPTIONS),
        "TRACE" => Ok(Method::TRACE),
        "CONNECT" => Ok(Method::CONNECT),
        _ => Err(HeadError::UnknownMethod),
    }
}

/// Splits `http://host:port` off an absolute-form target.
fn split_target(method: &Method, text: &str) -> Result<(Target, Option<Target>), HeadError> {
    let whole = Target::new(text).ok_or(HeadError::Malformed)?;
    if text.starts_with('/') || *method == Method::CONNECT || (*method == Method::OPTIONS && text == "*") {
        return Ok((whole, None));
    }
    let scheme = text
        .split_once("://")
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"));
    let (_, rest) = scheme.ok_or(HeadError::Malformed)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.is_empty() || authority.contains('@') {
        return Err(HeadError::Malformed);
    }
    let target = match target {
        "" => Target::new("/"),
        query if query.starts_with('?') => Target::new(&format!("/{query}")),
        path => Target::new(path),
    };
    Ok((target.ok_or(HeadError::Malformed)?, Target::new(authority)))
}

fn fields_of(head: &Bytes, fields: &[httparse::Header<'_>]) -> Result<(HeaderMap, Seen), HeadError> {
    let mut seen = Seen::default();
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = match usual_name(field.name) {
            Some(name) => name,
            None => HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| HeadError::Malformed)?,
        };
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).or_else(|_| unfold(field.value));
        seen.note(&name);
        headers.append(name, value.map_err(|_| HeadError::Malformed)?);
    }
    Ok((headers, seen))
}

/// The names that nearly every message has, as they are usually written: recognised at a fraction of the cost of putting
/// a name into lower case and looking it up.
fn usual_name(name: &str) -> Option<HeaderName> {
    Some(match name {
        "Host" => HOST,
        "Date" => DATE,
        "Accept" => ACCEPT,
        "Server" => SERVER,
        "Connection" => CONNECTION,
        "User-Agent" => USER_AGENT,
        "Content-Type" => CONTENT_TYPE,
        "Authorization" => AUTHORIZATION,
        "Content-Length" => CONTENT_LENGTH,
        "Accept-Encoding" => ACCEPT_ENCODING,
        "Transfer-Encoding" => TRANSFER_ENCODING,
        _ => return None,
    })
}

/// A folded value of a response: the fold stands for one blank.
fn unfold(value: &[u8]) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let flat: Vec<u8> = value.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }).collect();
    HeaderValue::from_maybe_shared(Bytes::from(flat))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(text: &str) -> Result<RequestHead, HeadError> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let end = HeadScanner::default().find_end(&bytes, true)?.ok_or(HeadError::Malformed)?;
        parse_request(&bytes.slice(..end))
    }

    #[test]
    fn the_end_is_found_however_the_head_is_cut() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        for cut in 0..text.len() {
            let mut scanner = HeadScanner::default();
            let first = scanner.find_end(&text[..cut], true).unwrap();
            let found = if first.is_some() { first } else { scanner.find_end(text, true).unwrap() };
            assert_eq!(found, Some(27), "cut at {cut}");
        }
    }

    #[test]
    fn a_request_is_parsed() {
        let head = request("POST /a/b%20c?d=e HTTP/1.1\r\nHost: h:80\r\nX-A: 1\r\nX-A: 2\r\n\r\n").unwrap();
        assert_eq!(head.method, Method::POST);
        assert_eq!((head.target.path(), head.target.query()), ("/a/b%20c", Some("d=e")));
        assert_eq!(head.headers.get_all("x-a").iter().count(), 2);
        assert_eq!(head.version, Version::HTTP_11);
    }

    #[test]
    fn an_absolute_target_is_split() {
        let head = request("GET http://h:81/a?b HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!((head.target.as_str(), head.authority.unwrap().as_str()), ("/a?b", "h:81"));
        assert_eq!(request("GET http://h HTTP/1.1\r\nHost: x\r\n\r\n").unwrap().target.as_str(), "/");
        assert_eq!(request("GET http://h?a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap().target.as_str(), "/?a");
    }

    #[test]
    fn ambiguous_heads_are_refused() {
        for (text, error) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\nX-A: a\r\n b\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\nX-A: a\rb\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\nX-A: a\0b\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/1.1\r\n X-A: a\r\n\r\n", HeadError::Malformed),
            ("GET  / HTTP/1.1\r\n\r\n", HeadError::Malformed),
            ("GET /a b HTTP/1.1\r\n\r\n", HeadError::Malformed),
            ("GET a HTTP/1.1\r\n\r\n", HeadError::Malformed),
            ("GET http://u@h/ HTTP/1.1\r\n\r\n", HeadError::Malformed),
            ("GET / HTTP/2.0\r\n\r\n", HeadError::Malformed),
            ("GET /\r\n\r\n", HeadError::Malformed),
            ("BREW / HTTP/1.1\r\n\r\n", HeadError::UnknownMethod),
            ("get / HTTP/1.1\r\n\r\n", HeadError::UnknownMethod),
        ] {
            assert_eq!(request(text).err(), Some(error), "{text:?}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(request(&many).err(), Some(HeadError::TooLarge));
    }

    #[test]
    fn a_response_is_parsed_leniently() {
        let head = parse_response(&Bytes::from_static(b"HTTP/1.0 599 Odd thing\nA: b\r\n c\n\n")).unwrap();
        assert_eq!((head.status.as_u16(), head.version), (599, Version::HTTP_10));
        assert_eq!(head.reason.as_deref(), Some(&b"Odd thing"[..]));
        assert!(head.headers["a"].to_str().unwrap().ends_with('c'));
        assert_eq!(parse_response(&Bytes::from_static(b"HTTP/1.1 200 OK\r\n\r\n")).unwrap().reason, None);
        assert!(parse_response(&Bytes::from_static(b"SSH-2.0-x\r\n\r\n")).is_err());
    }

    #[test]
    fn blanks_behind_values_and_empty_values_are_fine() {
        let head = request("GET / HTTP/1.1\r\nA: b \t\r\nC:\r\nD: \r\nE:  f\r\n\r\n").unwrap();
        let values: Vec<_> = ["a", "c", "d", "e"].iter().map(|name| head.headers[*name].as_bytes()).collect();
        assert_eq!(values, [&b"b"[..], b"", b"", b"f"]);
        assert!(request("GET / HTTP/1.1\r\n\r\n").is_ok());
    }

    #[test]
    fn usual_names_are_the_names_they_look_like() {
        for name in ["Host", "Date", "Accept", "Server", "Connection", "User-Agent", "Content-Type", "Authorization"]
            .into_iter()
            .chain(["Content-Length", "Accept-Encoding", "Transfer-Encoding"])
        {
            assert_eq!(usual_name(name), HeaderName::from_bytes(name.as_bytes()).ok(), "{name}");
        }
        assert_eq!(usual_name("host"), None);
    }

    #[test]
    fn what_matters_is_noted() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\nExpect: x\r\nContent-Length: 1\r\nA: b\r\n\r\n";
        let Seen { length, coding, connection, expect, keep_alive, hosts } = request(text).unwrap().seen;
        assert_eq!((length, coding, connection, expect, keep_alive, hosts), (true, false, false, true, false, 2));
    }

    proptest! {
        /// The quick way and the thorough way agree on what a request's head is.
        #[test]
        fn no_line_end_is_overlooked(parts in proptest::collection::vec(0usize..9, 0..12)) {
            let pieces = ["\r\n", "\n", "\r", "A: b", "C:", " ", "\t", "\r\n\r\n", "\0"];
            let text: String = parts.iter().filter_map(|&at| pieces.get(at).copied()).collect();
            let bytes = Bytes::from(format!("GET / HTTP/1.1\r\n{text}"));
            if let Ok(Some(end)) = HeadScanner::default().find_end(&bytes, true)
                && parse_request(&bytes.slice(..end)).is_ok()
            {
                let mut thorough = HeadScanner::default();
                prop_assert_eq!(thorough.find_end(&bytes[..1], true), Ok(None));
                prop_assert_eq!(thorough.find_end(&bytes, true), Ok(Some(end)));
                prop_assert!(!bytes[..end].windows(2).any(|two| two[0] == b'\r' && two[1] != b'\n'));
            }
        }

        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bytes = Bytes::from(bytes);
            let _ = HeadScanner::default().find_end(&bytes, true);
            let _ = parse_request(&bytes);
            let _ = parse_response(&bytes);
        }

        #[test]
        fn what_is_written_is_read(path in "/[a-zA-Z0-9/_.~%-]{0,40}", name in "[A-Za-z][A-Za-z0-9-]{0,20}", value in "[!-~]([ -~]{0,30}[!-~])?") {
            let head = request(&format!("PUT {path} HTTP/1.1\r\n{name}: {value}\r\n\r\n")).unwrap();
            prop_assert_eq!(head.target.as_str(), &path);
            prop_assert_eq!(head.headers[name.as_str()].to_str().unwrap(), &value);
        }
    }
}
