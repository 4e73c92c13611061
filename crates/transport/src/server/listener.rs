//! Listening sockets and the connections that came through them.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_rustls::TlsStream;

use super::connection::{Activity, Shared, serve};
use super::http2;
use crate::h1::wire::Wire;
use crate::io::Io;
use crate::message::{ConnectionInfo, Handler};
use crate::tls::{ALPN_HTTP2, ServerTls};
use crate::wire_log::Peer;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long accepting pauses when descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds `count` sockets to one address, among which the kernel distributes connections. Port 0 is chosen once.
pub(crate) fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<std::net::TcpListener>> {
    // A shared port would let a second server on it start without a word, so first see that it is free.
    let alone = socket(address, false)?;
    let address = alone.local_addr()?.as_socket().unwrap_or(address);
    if count <= 1 {
        return Ok(vec![alone.into()]);
    }
    drop(alone);
    (0..count).map(|_| socket(address, true).map(Into::into)).collect()
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// The open connections of a listener on one worker.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<u64, (Arc<Activity>, AbortHandle)>>,
    next: AtomicU64,
    changed: Notify,
}

impl Connections {
    fn with<R>(&self, act: impl FnOnce(&mut HashMap<u64, (Arc<Activity>, AbortHandle)>) -> R) -> R {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn len(&self) -> usize {
        self.with(|open| open.len())
    }

    /// Drops the connections that have no request under way. To be called on the worker's own thread: there, no
    /// connection can wake up between the question and the act.
    pub(crate) fn drop_idle(&self) {
        self.with(|open| open.values().filter(|(activity, _)| activity.is_idle()).for_each(|(_, task)| task.abort()));
    }

    /// Drops all connections.
    pub(crate) fn drop_all(&self) {
        self.with(|open| open.values().for_each(|(_, task)| task.abort()));
    }

    /// Waits until no connection is open.
    pub(crate) async fn none_left(&self) {
        loop {
            let changed = self.changed.notified();
            if self.len() == 0 {
                return;
            }
            changed.await;
        }
    }
}

/// Takes a connection out of the list when its task ends, however it ends.
struct Registration {
    connections: Arc<Connections>,
    total: Arc<AtomicUsize>,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.with(|open| open.remove(&self.id));
        self.total.fetch_sub(1, Ordering::Relaxed);
        self.connections.changed.notify_waiters();
    }
}

/// A listener's part on one worker.
pub(crate) struct Acceptor<H> {
    pub(crate) name: Arc<str>,
    pub(crate) shared: Arc<Shared<H>>,
    pub(crate) tls: Option<ServerTls>,
    pub(crate) connections: Arc<Connections>,
    /// Open connections on all workers.
    pub(crate) total: Arc<AtomicUsize>,
}

impl<H: Handler> Acceptor<H> {
    /// Accepts connections until aborted.
    pub(crate) async fn run(self, socket: std::net::TcpListener) {
        let listener = match TcpListener::from_std(socket) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(listener = &*self.name, %error, "cannot listen"),
        };
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => self.accept(tcp, peer),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(listener = &*self.name, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn accept(&self, tcp: TcpStream, peer: SocketAddr) {
        let open = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let id = self.connections.next.fetch_add(1, Ordering::Relaxed);
        let registration =
            Registration { connections: Arc::clone(&self.connections), total: Arc::clone(&self.total), id };
        if self.shared.limits.max_connections.is_some_and(|limit| open > limit) {
            tracing::warn!(listener = &*self.name, open, "too many open connections: one is refused");
            return;
        }
        // A connection that ended already has no address; its first read will tell.
        let local = tcp.local_addr().unwrap_or(peer);
        let _ = tcp.set_nodelay(true);
        let mut info = ConnectionInfo { peer, local, tls: None, listener: Arc::clone(&self.name), number: id };
        let activity = Arc::new(Activity::default());
        let (shared, mine, tls) = (Arc::clone(&self.shared), Arc::clone(&activity), self.tls.clone());
        let task = tokio::spawn(async move {
            let _registration = registration;
            let limit = shared.limits.socket_timeout;
            let io = match tls {
                None => Io::Plain(tcp),
                Some(tls) => match tokio::time::timeout(limit, tls.accept(tcp)).await {
                    Ok(Ok((stream, told))) => {
                        info.tls = Some(told);
                        let http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
                        let io = Io::from(TlsStream::from(stream));
                        if http2 {
                            return http2::serve(io, Arc::new(info), shared, mine).await;
                        }
                        io
                    }
                    Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => return tracing::debug!(%peer, "TLS handshake took too long"),
                },
            };
            serve(Wire::new(io, Peer::Client, limit), Arc::new(info), shared, mine).await;
        });
        // The task has not run yet: it runs on this thread, after us.
        self.connections.with(|open| open.insert(id, (activity, task.abort_handle())));
    }
}

/// Errors of `accept` that say something about the connection and nothing about the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
