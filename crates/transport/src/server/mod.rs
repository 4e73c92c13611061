//! The server: workers, listeners, connections.
//!
//! A [`Server`] is a number of workers, each a thread with a runtime of its own. A listener has a socket on every worker
//! and the kernel spreads the connections among them; a connection stays on its worker, and so do the connections to
//! back ends that its requests use. Nothing on a request's way is shared between threads.

mod connection;
mod http2;
mod limits;
mod listener;
mod request_body;
mod respond;
mod response;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

pub use limits::Limits;

use crate::access_log::AccessLog;
use crate::message::Handler;
use crate::tls::ServerTls;
use connection::Shared;
use listener::{Acceptor, Connections};
use worker::Worker;

/// What a listener is made from.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Its name, which requests carry ([`crate::ConnectionInfo::listener`]).
    pub name: Arc<str>,
    /// Where it listens; port 0 chooses a free one.
    pub address: SocketAddr,
    /// Present when it speaks TLS.
    pub tls: Option<ServerTls>,
    /// Bounds on its connections and requests.
    pub limits: Limits,
    /// Where its requests and responses are logged, if anywhere.
    pub access_log: Option<AccessLog>,
}

impl ListenerConfig {
    /// A plain listener with the default limits.
    pub fn new(name: &str, address: SocketAddr) -> Self {
        Self { name: name.into(), address, tls: None, limits: Limits::default(), access_log: None }
    }
}

/// A set of workers that listeners are opened on.
#[derive(Debug)]
pub struct Server {
    workers: Vec<Worker>,
    listeners: Mutex<Vec<Listener>>,
}

impl Server {
    /// Starts `workers` threads (at least one), named `name-N`.
    ///
    /// # Errors
    /// When a thread or its runtime cannot be had from the system.
    pub fn start(name: &str, workers: usize) -> io::Result<Self> {
        let workers = (0..workers.max(1)).map(|n| Worker::start(format!("{name}-{n}"))).collect::<io::Result<_>>()?;
        Ok(Self { workers, listeners: Mutex::default() })
    }

    /// The runtimes of the workers, for work that belongs beside the requests.
    pub fn runtimes(&self) -> impl Iterator<Item = &tokio::runtime::Handle> {
        self.workers.iter().map(Worker::runtime)
    }

    /// Opens a listener whose requests `handler` answers. It accepts when this returns.
    ///
    /// # Errors
    /// When the address cannot be bound, for example because it is in use.
    pub fn listen<H: Handler>(&self, config: ListenerConfig, handler: Arc<H>) -> io::Result<Listener> {
        let sockets = listener::bind(config.address, self.workers.len())?;
        let local = sockets.first().map_or(Ok(config.address), std::net::TcpListener::local_addr)?;
        let shared = Arc::new(Shared::new(handler, config.limits, config.access_log));
        let total = Arc::new(AtomicUsize::new(0));
        let mut parts = Vec::new();
        for (worker, socket) in self.workers.iter().zip(sockets) {
            let connections = Arc::new(Connections::default());
            let acceptor = Acceptor {
                name: Arc::clone(&config.name),
                shared: Arc::clone(&shared),
                tls: config.tls.clone(),
                connections: Arc::clone(&connections),
                total: Arc::clone(&total),
            };
            let accepting = worker.runtime().spawn(acceptor.run(socket));
            parts.push(Part { worker: worker.runtime().clone(), connections, accepting: Mutex::new(Some(accepting)) });
        }
        let drain = Box::new(move || shared.close());
        let inner = Arc::new(ListenerInner { name: config.name, local, total, drain, parts });
        let listener = Listener(inner);
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|known| known.is_accepting() || known.connections() > 0);
        listeners.push(listener.clone());
        Ok(listener)
    }

    /// Closes all listeners, see [`Listener::close`]; returns how many connections had to be cut off.
    pub async fn drain(&self, patience: Duration) -> usize {
        let listeners = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        let all = listeners.iter().map(|listener| listener.close(patience));
        futures_util::future::join_all(all).await.into_iter().sum()
    }
}

/// An open listener. Dropping this handle leaves it open; [`Listener::close`] closes it.
#[derive(Debug, Clone)]
pub struct Listener(Arc<ListenerInner>);

struct ListenerInner {
    name: Arc<str>,
    local: SocketAddr,
    total: Arc<AtomicUsize>,
    drain: Box<dyn Fn() + Send + Sync>,
    parts: Vec<Part>,
}

impl std::fmt::Debug for ListenerInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("name", &self.name).field("local", &self.local).finish_non_exhaustive()
    }
}

struct Part {
    worker: tokio::runtime::Handle,
    connections: Arc<Connections>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local
    }

    /// Its open connections, idle ones included.
    pub fn connections(&self) -> usize {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Stops accepting: the address is free when this returns. Connections stay as they are.
    pub async fn stop_accepting(&self) {
        let parts = self.0.parts.iter().map(Part::stop_accepting);
        futures_util::future::join_all(parts).await;
    }

    fn is_accepting(&self) -> bool {
        self.0.parts.iter().any(|part| part.accepting.lock().unwrap_or_else(PoisonError::into_inner).is_some())
    }

    /// Stops accepting, drops idle connections, lets requests under way finish for at most `patience`, then cuts the
    /// rest off; returns how many that were. Closing twice does no harm.
    pub async fn close(&self, patience: Duration) -> usize {
        (self.0.drain)();
        let parts = self.0.parts.iter().map(|part| part.close(patience));
        futures_util::future::join_all(parts).await.into_iter().sum()
    }
}

impl Part {
    async fn stop_accepting(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // Aborted, as wanted: from here on no connection is added.
            let _ = accepting.await;
        }
    }

    async fn close(&self, patience: Duration) -> usize {
        self.stop_accepting().await;
        let connections = Arc::clone(&self.connections);
        let quiet = self.worker.spawn(async move {
            connections.drop_idle();
            let finished = tokio::time::timeout(patience, connections.none_left()).await;
            let cut = if finished.is_ok() { 0 } else { connections.len() };
            connections.drop_all();
            connections.none_left().await;
            cut
        });
        // The worker's runtime is gone only when the whole server is, and its connections with it.
        quiet.await.unwrap_or(0)
    }
}
