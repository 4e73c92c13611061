//! The wire and header logs (spec 6.5): what went over which kind of connection, for those who debug. `>>` is what we
//! read and `<<` what we write, whoever is at the other end.
//!
//! Both are off unless their loggers are at DEBUG; then the cost of looking is that of two loads.

use std::fmt::Write;
use std::io::IoSlice;

use http::{HeaderMap, Method, StatusCode, Version};
use tracing::Level;

/// The logger of bytes.
const WIRE: &str = "org.apache.synapse.transport.http.wire";
/// The logger of heads.
const HEADERS: &str = "org.apache.synapse.transport.http.headers";

/// Whom a connection is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Client,
    BackEnd,
}

impl Peer {
    /// MI's name of the thread that would serve the connection.
    fn dispatcher(self) -> String {
        let side = match self {
            Self::Client => "HTTP-Listener",
            Self::BackEnd => "HTTP-Sender",
        };
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        let number = name.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok()).unwrap_or(0);
        format!("{side} I/O dispatcher-{}", number.saturating_add(1))
    }
}

/// Logs what was read.
pub(crate) fn read(peer: Peer, bytes: &[u8]) {
    if tracing::enabled!(target: WIRE, Level::DEBUG) {
        log_wire(peer, ">>", bytes);
    }
}

/// Logs the first `count` bytes of what was offered for writing.
pub(crate) fn written(peer: Peer, slices: &[IoSlice<'_>], count: usize) {
    if tracing::enabled!(target: WIRE, Level::DEBUG) {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(count).collect();
        log_wire(peer, "<<", &bytes);
    }
}

fn log_wire(peer: Peer, direction: &str, bytes: &[u8]) {
    let dispatcher = peer.dispatcher();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        tracing::debug!(target: WIRE, "{dispatcher} {direction} \"{}\"", escaped(line));
    }
}

/// Bytes as MI shows them: line ends and what is not printable in brackets.
fn escaped(line: &[u8]) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    for &byte in line {
        match byte {
            b'\r' => out.push_str("[\\r]"),
            b'\n' => out.push_str("[\\n]"),
            b' '..=b'~' => out.push(char::from(byte)),
            // Writing to a string does not fail.
            other => drop(write!(out, "[0x{other:x}]")),
        }
    }
    out
}

/// Logs the head of a request.
pub(crate) fn request(peer: Peer, method: &Method, target: &str, version: Version, headers: &HeaderMap) {
    if tracing::enabled!(target: HEADERS, Level::DEBUG) {
        let direction = if peer == Peer::Client { ">>" } else { "<<" };
        log_head(peer, direction, &format!("{method} {target} {version:?}"), headers);
    }
}

/// Logs the head of a response.
pub(crate) fn response(peer: Peer, status: StatusCode, headers: &HeaderMap) {
    if tracing::enabled!(target: HEADERS, Level::DEBUG) {
        let direction = if peer == Peer::Client { "<<" } else { ">>" };
        log_head(peer, direction, &format!("HTTP/1.1 {status}"), headers);
    }
}

fn log_head(peer: Peer, direction: &str, first: &str, headers: &HeaderMap) {
    let dispatcher = peer.dispatcher();
    tracing::debug!(target: HEADERS, "{dispatcher} {direction} {first}");
    for (name, value) in headers {
        tracing::debug!(target: HEADERS, "{dispatcher} {direction} {name}: {}", escaped(value.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Collects the messages of one logger.
    struct Collector(&'static str, Arc<Mutex<Vec<String>>>);

    struct Message<'a>(&'a Mutex<Vec<String>>);

    impl Visit for Message<'_> {
        fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }

    impl Subscriber for Collector {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == self.0
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut Message(&self.1));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    fn logged(target: &'static str, act: impl FnOnce() + Send) -> Vec<String> {
        let messages = Arc::default();
        let collector = Collector(target, Arc::clone(&messages));
        let thread = std::thread::Builder::new().name("worker-2".to_owned());
        std::thread::scope(|scope| {
            thread.spawn_scoped(scope, || tracing::subscriber::with_default(collector, act)).unwrap();
        });
        Arc::into_inner(messages).unwrap().into_inner().unwrap()
    }

    #[test]
    fn one_line_for_each_line_on_the_wire() {
        let lines = logged(WIRE, || {
            read(Peer::Client, b"GET / HTTP/1.1\r\nX: \xc3\t\r\n\r\nrest");
            written(Peer::BackEnd, &[IoSlice::new(b"ab"), IoSlice::new(b"cd")], 3);
        });
        let expected = [
            "HTTP-Listener I/O dispatcher-3 >> \"GET / HTTP/1.1[\\r][\\n]\"",
            "HTTP-Listener I/O dispatcher-3 >> \"X: [0xc3][0x9][\\r][\\n]\"",
            "HTTP-Listener I/O dispatcher-3 >> \"[\\r][\\n]\"",
            "HTTP-Listener I/O dispatcher-3 >> \"rest\"",
            "HTTP-Sender I/O dispatcher-3 << \"abc\"",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn heads_are_logged_by_themselves() {
        let headers = HeaderMap::from_iter([(http::header::HOST, http::HeaderValue::from_static("h"))]);
        let lines = logged(HEADERS, || {
            request(Peer::Client, &Method::GET, "/a", Version::HTTP_11, &headers);
            response(Peer::BackEnd, StatusCode::OK, &HeaderMap::new());
            read(Peer::Client, b"not a head");
        });
        let expected = [
            "HTTP-Listener I/O dispatcher-3 >> GET /a HTTP/1.1",
            "HTTP-Listener I/O dispatcher-3 >> host: h",
            "HTTP-Sender I/O dispatcher-3 >> HTTP/1.1 200 OK",
        ];
        assert_eq!(lines, expected);
    }
}
