//! The correlation log: how long each request took, and each call of a back end for it, under the id that the client gave
//! or that was made for the request (spec: runtime 6.6).
//!
//! Off unless `-DenableCorrelationLogs=true` or the management API switch it on, and then a request costs the look at the
//! switch.

use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::{HeaderMap, HeaderName, Method};
use mi_transport::{Delivery, OnSent, Request};

/// The logger of its lines.
pub const LOGGER: &str = "correlation";

/// Whether it is on, and where ids are.
#[derive(Debug)]
pub struct CorrelationLog {
    on: Arc<AtomicBool>,
    header: HeaderName,
}

impl CorrelationLog {
    /// A log of ids in this header.
    pub fn new(on: bool, header: HeaderName) -> Self {
        Self { on: Arc::new(AtomicBool::new(on)), header }
    }

    /// What switches it.
    pub fn switch(&self) -> Arc<AtomicBool> {
        self.on.clone()
    }

    fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// A request that has come; `None` while the log is off.
    pub fn accepted(&self, request: &Request) -> Option<Box<Exchange>> {
        if !self.is_on() {
            return None;
        }
        let id = match self.id(&request.headers) {
            Some(id) => id.into(),
            None => uuid::Uuid::new_v4().to_string().into(),
        };
        let exchange = Exchange {
            id,
            began: Instant::now(),
            connection: request.connection.number,
            method: request.method.clone(),
            target: request.target.to_string(),
        };
        // Nothing is handed over to another thread here.
        log(&exchange.id, Thread::Worker, 0, "Thread switch latency");
        // In the future of every request it takes the place of a pointer.
        Some(Box::new(exchange))
    }

    /// A request to a back end that is about to be sent; `None` while the log is off, and of messages that have no id.
    pub fn calls(&self, headers: &HeaderMap, method: &Method, url: &str) -> Option<Box<Call>> {
        if !self.is_on() {
            return None;
        }
        let id = self.id(headers)?.into();
        Some(Box::new(Call { id, began: Instant::now(), method: method.clone(), url: url.to_owned() }))
    }

    fn id<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers.get(&self.header)?.to_str().ok()
    }
}

/// A request of a client and its response.
pub struct Exchange {
    id: Arc<str>,
    began: Instant,
    connection: u64,
    method: Method,
    target: String,
}

impl Exchange {
    /// Its correlation id.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Logs the rest when it is known what became of the response.
    pub fn when_sent(self: Box<Self>) -> OnSent {
        OnSent::new(move |delivery| {
            let Self { id, began, connection, method, target } = *self;
            let outcome = match delivery {
                // The blank at the end is MI's.
                Delivery::Written => "ROUND-TRIP LATENCY ".to_owned(),
                Delivery::TimedOut(state) => format!("TIMEOUT in {state}"),
                Delivery::Closed(state) => format!("Connection Closed in {state}"),
                Delivery::Failed => "IO Exception".to_owned(),
            };
            let text = format_args!("HTTP|http-incoming-{connection}|{method}|{target}|{outcome}");
            log(&id, Thread::Listener, began.elapsed().as_millis(), text);
        })
    }
}

/// A request to a back end.
pub struct Call {
    id: Arc<str>,
    began: Instant,
    method: Method,
    url: String,
}

impl Call {
    /// The head of the response is there.
    pub fn answered(&self) {
        log(
            &self.id,
            Thread::Sender,
            self.began.elapsed().as_millis(),
            format_args!("HTTP|{}|BACKEND LATENCY", self.url),
        );
    }

    /// There is no response; `reason` is in MI's words. The connection has no name here.
    pub fn failed(&self, reason: impl Display) {
        let Self { id, began, method, url } = self;
        log(id, Thread::Sender, began.elapsed().as_millis(), format_args!("HTTP||{method}|{url}|{reason}"));
    }
}

/// What MI would call the thread that writes a line.
#[derive(Clone, Copy)]
enum Thread {
    Listener,
    Worker,
    Sender,
}

fn log(id: &str, thread: Thread, milliseconds: u128, text: impl Display) {
    let current = std::thread::current();
    let name = current.name().unwrap_or_default();
    let number =
        name.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok()).unwrap_or(0).saturating_add(1);
    let thread = match thread {
        Thread::Listener => "HTTP-Listener I/O dispatcher",
        Thread::Worker => "PassThroughMessageProcessor",
        Thread::Sender => "HTTP-Sender I/O dispatcher",
    };
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = write!(line, "{id}|{thread}-{number}|{milliseconds}|{text}");
    tracing::info!(target: LOGGER, "{line}");
}
