//! Back ends: each connection is served by a thread.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A request that a back end got.
#[derive(Debug, Clone)]
pub struct Received {
    /// The request line.
    pub line: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A back end that keeps what it gets and answers with a function.
pub struct Backend {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Backend {
    /// A back end that answers each request with the bytes that `answer` gives, and keeps the connection.
    pub fn start(answer: impl Fn(&Received) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (kept, answer) = (received.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &kept, &*answer));
            }
        });
        Self { port, received }
    }

    /// A back end that gives every body back.
    pub fn echo() -> Self {
        Self::start(|request| {
            let kind = request.header("content-type").unwrap_or("text/plain").to_owned();
            answer(200, &kind, &request.body)
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An answer as bytes.
pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn serve(stream: TcpStream, received: &Mutex<Vec<Received>>, answer: &dyn Fn(&Received) -> Vec<u8>) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut input = BufReader::new(stream);
    while let Some(request) = read(&mut input) {
        let bytes = answer(&request);
        received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        if out.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn read(input: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if input.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut received = Received { line: line.trim_end().to_owned(), headers, body: Vec::new() };
    if let Some(length) = received.header("content-length").and_then(|text| text.parse().ok()) {
        received.body = vec![0; length];
        input.read_exact(&mut received.body).ok()?;
    } else if received.header("transfer-encoding").is_some() {
        received.body = chunks(input)?;
    }
    Some(received)
}

fn chunks(input: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        input.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        input.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}
