//! The pattern of a line, parsed once.

use std::fmt::Write;
use std::net::IpAddr;

use chrono::{DateTime, Local};
use http::header::{
    ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, COOKIE, REFERER, SERVER,
    TRANSFER_ENCODING, VARY,
};
use http::{HeaderMap, HeaderName};

use super::Line;

/// MI's pattern.
pub const DEFAULT_PATTERN: &str = r#"%{X-Forwarded-For}i %h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i""#;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// A letter after `%` that stands for nothing.
    #[error("unknown keyword %{0} in the access log pattern")]
    Keyword(char),
    /// `%{…` without an end, or with something else than `i` or `o` behind it, or with no header's name inside.
    #[error("malformed %{{…}} in the access log pattern, at character {0}")]
    Field(usize),
    /// A `%` with nothing behind it.
    #[error("the access log pattern ends in %")]
    End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Text(String),
    RemoteAddress,
    LocalAddress,
    Bytes {
        dash_if_none: bool,
    },
    RequestField(HeaderName),
    ResponseField(HeaderName),
    RequestLine,
    Method,
    Path,
    Status,
    Time,
    /// What is never known here: identity, user, time taken, server name.
    Unknown,
}

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Element>);

impl Default for Pattern {
    /// [`DEFAULT_PATTERN`].
    fn default() -> Self {
        DEFAULT_PATTERN.parse().unwrap_or(Self(vec![Element::RequestLine]))
    }
}

impl std::str::FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(pattern: &str) -> Result<Self, InvalidPattern> {
        let mut elements = Vec::new();
        let mut text = String::new();
        let mut letters = pattern.char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter != '%' {
                text.push(letter);
                continue;
            }
            let element = match letters.next().ok_or(InvalidPattern::End)?.1 {
                '%' => {
                    text.push('%');
                    continue;
                }
                '{' => {
                    let name: String = letters.by_ref().map(|(_, letter)| letter).take_while(|&l| l != '}').collect();
                    let name = HeaderName::try_from(name).map_err(|_| InvalidPattern::Field(at))?;
                    match letters.next() {
                        Some((_, 'i')) => Element::RequestField(name),
                        Some((_, 'o')) => Element::ResponseField(name),
                        _ => return Err(InvalidPattern::Field(at)),
                    }
                }
                keyword => element(keyword).ok_or(InvalidPattern::Keyword(keyword))?,
            };
            if !text.is_empty() {
                elements.push(Element::Text(std::mem::take(&mut text)));
            }
            elements.push(element);
        }
        if !text.is_empty() {
            elements.push(Element::Text(text));
        }
        Ok(Self(elements))
    }
}

fn element(keyword: char) -> Option<Element> {
    Some(match keyword {
        'a' | 'h' => Element::RemoteAddress,
        'A' => Element::LocalAddress,
        'b' => Element::Bytes { dash_if_none: true },
        'B' => Element::Bytes { dash_if_none: false },
        'c' => Element::RequestField(COOKIE),
        'C' => Element::RequestField(ACCEPT),
        'e' => Element::RequestField(ACCEPT_ENCODING),
        'E' => Element::RequestField(TRANSFER_ENCODING),
        'f' => Element::RequestField(REFERER),
        'k' => Element::RequestField(KEEP_ALIVE),
        'L' => Element::RequestField(ACCEPT_LANGUAGE),
        'n' => Element::RequestField(CONTENT_ENCODING),
        'S' => Element::RequestField(ACCEPT_CHARSET),
        'x' => Element::RequestField(CONNECTION),
        'V' => Element::ResponseField(VARY),
        'Z' => Element::ResponseField(SERVER),
        'm' => Element::Method,
        'r' => Element::RequestLine,
        's' => Element::Status,
        't' => Element::Time,
        'U' => Element::Path,
        'l' | 'u' | 'T' | 'v' => Element::Unknown,
        _ => return None,
    })
}

impl Pattern {
    /// A line with its end. What is not known is `-`.
    pub(super) fn format(&self, line: &Line<'_>, now: DateTime<Local>) -> Vec<u8> {
        let mut out = String::with_capacity(160);
        for element in &self.0 {
            put(&mut out, element, line, now);
        }
        // What clients send must not begin a line of its own.
        let mut out: Vec<u8> = out.into_bytes();
        out.iter_mut().filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' ');
        out.push(b'\n');
        out
    }
}

fn put(out: &mut String, element: &Element, line: &Line<'_>, now: DateTime<Local>) {
    match (element, line) {
        (Element::Text(text), _) => out.push_str(text),
        (Element::Time, _) => put_display(out, Some(now.format("[%d/%b/%Y:%H:%M:%S%.3f %z]"))),
        (Element::RemoteAddress, Line::Request(line)) => put_display::<IpAddr>(out, line.remote),
        (Element::RemoteAddress, Line::Response(line)) => put_display::<IpAddr>(out, line.remote),
        (Element::LocalAddress, Line::Request(line)) => put_display::<IpAddr>(out, line.local),
        (Element::LocalAddress, Line::Response(line)) => put_display::<IpAddr>(out, line.local),
        (Element::Method, Line::Request(line)) => out.push_str(line.method.as_str()),
        (Element::Path, Line::Request(line)) => out.push_str(line.target),
        (Element::RequestLine, Line::Request(line)) => {
            put_display(out, Some(format_args!("{} {} {:?}", line.method, line.target, line.version)));
        }
        // MI's stand-in for the request's line.
        (Element::RequestLine, Line::Response(_)) => out.push_str("- - "),
        (Element::RequestField(name), Line::Request(line)) => put_field(out, line.headers, name),
        (Element::ResponseField(name), Line::Response(line)) => put_field(out, line.headers, name),
        (Element::Status, Line::Response(line)) => put_display(out, Some(line.status.as_u16())),
        (Element::Bytes { dash_if_none }, Line::Response(line)) => {
            put_display(out, line.bytes.filter(|&bytes| bytes > 0 || !dash_if_none));
        }
        _ => out.push('-'),
    }
}

fn put_display<T: std::fmt::Display>(out: &mut String, value: Option<T>) {
    match value {
        // Writing to a string does not fail.
        Some(value) => drop(write!(out, "{value}")),
        None => out.push('-'),
    }
}

fn put_field(out: &mut String, headers: &HeaderMap, name: &HeaderName) {
    match headers.get(name) {
        Some(value) => out.push_str(&String::from_utf8_lossy(value.as_bytes())),
        None => out.push('-'),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode, Version};
    use proptest::prelude::*;

    use super::*;
    use crate::access_log::{RequestLine, ResponseLine};

    fn request_line(pattern: &str, headers: &HeaderMap) -> String {
        let line = Line::Request(RequestLine {
            remote: Some([10, 0, 0, 1].into()),
            local: None,
            method: &Method::POST,
            target: "/a?b=c",
            version: Version::HTTP_11,
            headers,
        });
        let line = pattern.parse::<Pattern>().unwrap().format(&line, DateTime::UNIX_EPOCH.into());
        String::from_utf8(line).unwrap()
    }

    fn response_line(pattern: &str, bytes: Option<u64>) -> String {
        let headers = HeaderMap::from_iter([(SERVER, HeaderValue::from_static("S"))]);
        let (status, remote) = (StatusCode::CREATED, Some([10, 0, 0, 1].into()));
        let line = Line::Response(ResponseLine { remote, local: None, status, headers: &headers, bytes });
        let line = pattern.parse::<Pattern>().unwrap().format(&line, DateTime::UNIX_EPOCH.into());
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn requests_have_no_status_and_responses_no_request() {
        let headers = HeaderMap::from_iter([(REFERER, HeaderValue::from_static("there"))]);
        let line = request_line(DEFAULT_PATTERN, &headers);
        assert!(line.starts_with("- 10.0.0.1 - - ["), "{line}");
        assert!(line.ends_with("] \"POST /a?b=c HTTP/1.1\" - - \"there\" \"-\"\n"), "{line}");
        let line = response_line(DEFAULT_PATTERN, Some(12));
        assert!(line.ends_with("] \"- - \" 201 12 \"-\" \"-\"\n"), "{line}");
    }

    #[test]
    fn keywords() {
        let none = HeaderMap::new();
        assert_eq!(request_line("%m %U %A %T 100%%", &none), "POST /a?b=c - - 100%\n");
        assert_eq!(response_line("%s %b|%B %Z %{server}o %V", Some(0)), "201 -|0 S S -\n");
        let forged = HeaderMap::from_iter([(REFERER, HeaderValue::from_bytes(b"a\tb\xff").unwrap())]);
        assert_eq!(request_line("%f", &forged), "a b\u{fffd}\n");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |pattern: &str| pattern.parse::<Pattern>().unwrap_err();
        assert_eq!(error("%h %?"), InvalidPattern::Keyword('?'));
        assert_eq!(error("ab%{Refer"), InvalidPattern::Field(2));
        assert_eq!(error("%{a b}i"), InvalidPattern::Field(0));
        assert_eq!(error("%{Referer}x"), InvalidPattern::Field(0));
        assert_eq!(error("100%"), InvalidPattern::End);
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in ".{0,40}") {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                let headers = HeaderMap::new();
                let (method, target, version) = (&Method::GET, "/", Version::HTTP_11);
                let line = RequestLine { remote: None, local: None, method, target, version, headers: &headers };
                let line = pattern.format(&Line::Request(line), DateTime::UNIX_EPOCH.into());
                prop_assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
            }
        }
    }
}
