//! Peers for the tests: raw clients, and back ends that follow a script. All on ports that the system chooses.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use mi_payload::Body;
use mi_transport::client::Scheme;
use mi_transport::{
    Client, ClientConfig, ClientRequest, Destination, Handler, Limits, Listener, ListenerConfig, Request, Response,
    Server, Target,
};

/// Longer than anything here takes, so that a test that hangs fails.
pub const LONG: Duration = Duration::from_secs(20);

/// A server with one listener.
pub struct TestServer {
    pub server: Server,
    pub listener: Listener,
}

impl TestServer {
    pub fn start(limits: Limits, handler: impl Handler) -> Self {
        let server = Server::start("test", 1).unwrap();
        let config = ListenerConfig { limits, ..ListenerConfig::new("http", "127.0.0.1:0".parse().unwrap()) };
        let listener = server.listen(config, Arc::new(handler)).unwrap();
        Self { server, listener }
    }

    pub fn connect(&self) -> RawClient {
        RawClient::connect(self.listener.local_addr())
    }
}

/// A response with `text` as its body and a length.
pub fn text(text: impl Into<Vec<u8>>) -> Response {
    Response { body: Body::from(text.into()), framing: mi_transport::Framing::Length, ..Response::new(StatusCode::OK) }
}

/// Answers with method, target and body of the request.
pub async fn describe(request: Request) -> Response {
    let what = format!("{} {} ", request.method, request.target);
    match request.body.collect(u64::MAX).await {
        Ok(body) => text([what.as_bytes(), &body].concat()),
        Err(error) => text(format!("{what}{error}")),
    }
}

/// A client that writes bytes as it is told and reads responses.
pub struct RawClient {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response as [`RawClient`] reads it.
#[derive(Debug, PartialEq, Eq)]
pub struct RawResponse {
    pub head: String,
    pub body: Vec<u8>,
}

impl RawResponse {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl RawClient {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    pub fn finish_sending(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).unwrap();
        self
    }

    fn fill(&mut self) -> usize {
        let mut space = [0; 16 * 1024];
        // A reset is an end too.
        let count = self.stream.read(&mut space).or_else(|error| match error.kind() {
            std::io::ErrorKind::ConnectionReset => Ok(0),
            _ => Err(error),
        });
        let count = count.expect("something or an end within the time limit");
        self.buffer.extend_from_slice(&space[..count]);
        count
    }

    /// All up to and including `end`.
    pub fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                return self.buffer.drain(..at + end.len()).collect();
            }
            assert!(self.fill() > 0, "closed; so far: {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    /// That many bytes.
    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.fill() > 0, "closed after {} of {count} bytes", self.buffer.len());
        }
        self.buffer.drain(..count).collect()
    }

    /// A response's head alone.
    pub fn head(&mut self) -> RawResponse {
        let head = String::from_utf8(self.until(b"\r\n\r\n")).unwrap();
        RawResponse { head, body: Vec::new() }
    }

    /// A whole response.
    pub fn response(&mut self) -> RawResponse {
        let mut response = self.head();
        if response.field("transfer-encoding") == Some("chunked") {
            loop {
                let line = String::from_utf8(self.until(b"\r\n")).unwrap();
                let size = usize::from_str_radix(line.trim(), 16).unwrap();
                let data = self.exactly(size + 2);
                response.body.extend_from_slice(&data[..size]);
                if size == 0 {
                    return response;
                }
            }
        }
        match response.field("content-length").map(str::to_owned) {
            Some(length) => response.body = self.exactly(length.parse().unwrap()),
            None if matches!(response.status(), 100..200 | 204 | 304) => {}
            None => {
                while self.fill() > 0 {}
                response.body = std::mem::take(&mut self.buffer);
            }
        }
        response
    }

    /// Whether the server has closed and nothing more came.
    pub fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && self.fill() == 0
    }
}

/// A back end that runs a script for each connection, told the connection's number from 0.
pub struct BackEnd {
    pub address: SocketAddr,
    pub accepted: Arc<AtomicUsize>,
}

impl BackEnd {
    pub fn start(script: impl Fn(RawClient, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let (counter, script) = (Arc::clone(&accepted), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (number, script) = (counter.fetch_add(1, Ordering::SeqCst), Arc::clone(&script));
                stream.set_read_timeout(Some(LONG)).unwrap();
                std::thread::spawn(move || script(RawClient { stream, buffer: Vec::new() }, number));
            }
        });
        Self { address, accepted }
    }

    /// One that answers every request head with `answer`.
    pub fn answering(answer: &'static str) -> Self {
        Self::start(move |mut peer, _| {
            while peer.try_head().is_some() {
                if peer.stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        })
    }

    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn destination(&self) -> Arc<Destination> {
        Destination::new(Scheme::Http, "127.0.0.1", Some(self.address.port())).unwrap()
    }
}

impl RawClient {
    /// A request's head and body if it has a length; `None` when the peer has closed.
    pub fn try_head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..at + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if self.fill() == 0 {
                return None;
            }
        }
    }

    /// Whether the other side closes the connection in this time, without having sent anything.
    pub fn is_closed_within(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let closed = matches!(self.stream.read(&mut [0]), Ok(0));
        self.stream.set_read_timeout(Some(LONG)).unwrap();
        closed
    }

    /// Sends if the other side still listens.
    pub fn try_send(&mut self, bytes: &str) {
        let _ = self.stream.write_all(bytes.as_bytes());
    }

    /// Reads until the peer closes.
    pub fn drain(&mut self) -> Vec<u8> {
        while self.fill() > 0 {}
        std::mem::take(&mut self.buffer)
    }

    /// Reads what comes next, if anything does.
    pub fn drain_some(&mut self) {
        self.fill();
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

pub fn client() -> Client {
    client_with(Duration::from_secs(10))
}

pub fn client_with(socket_timeout: Duration) -> Client {
    Client::new(ClientConfig { socket_timeout, ..ClientConfig::default() })
}

pub fn get(destination: &Arc<Destination>, target: &'static str) -> ClientRequest {
    let target = Target::new(target).unwrap();
    ClientRequest::new(Arc::clone(destination), Method::GET, target)
}

pub fn post(destination: &Arc<Destination>, body: impl Into<Body>) -> ClientRequest {
    ClientRequest { method: Method::POST, body: body.into(), ..get(destination, "/post") }
}

/// A body made of parts that are there at once, optionally ending in an error.
pub struct Parts(pub std::collections::VecDeque<Result<Bytes, mi_payload::BodyError>>);

impl Parts {
    pub fn body(parts: impl IntoIterator<Item = Result<Bytes, mi_payload::BodyError>>) -> Body {
        Body::Stream(Box::pin(Self(parts.into_iter().collect())))
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = mi_payload::BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.pop_front().map(|part| part.map(http_body::Frame::data)))
    }
}
