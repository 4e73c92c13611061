//! A TCP proxy that can be cut.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// Bytes go nowhere; nobody is told.
    cut: bool,
    /// Connections of an earlier number are broken.
    generation: u64,
}

/// Forwards connections from a port of its own to a target.
pub struct TcpProxy {
    port: u16,
    network: watch::Sender<Network>,
    accepting: JoinHandle<()>,
}

impl TcpProxy {
    /// Begins to forward to a port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(target: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (network, state) = watch::channel(Network { cut: false, generation: 0 });
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, target, state.clone()));
            }
        });
        Ok(Self { port, network, accepting })
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets bytes go nowhere, without telling anybody, as a network that is cut does.
    pub fn cut(&self) {
        self.network.send_modify(|network| network.cut = true);
    }

    /// Lets bytes through again, those that were sent meanwhile first.
    pub fn mend(&self) {
        self.network.send_modify(|network| network.cut = false);
    }

    /// Breaks all connections; new ones are accepted.
    pub fn break_connections(&self) {
        self.network.send_modify(|network| network.generation += 1);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.break_connections();
    }
}

async fn forward(client: TcpStream, target: u16, network: watch::Receiver<Network>) {
    let generation = network.borrow().generation;
    let mut waiting = network.clone();
    if waiting.wait_for(|state| !state.cut || state.generation != generation).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut broken = network.clone();
    tokio::select! {
        () = copy(from_client, to_server, network.clone()) => {}
        () = copy(from_server, to_client, network) => {}
        _ = broken.wait_for(|state| state.generation != generation) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return };
        if network.wait_for(|state| !state.cut).await.is_err() || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
