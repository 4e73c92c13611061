//! From a destination to a connected socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::destination::Destination;
use super::error::ClientErrorKind;
use crate::io::Io;

/// Connects within `limit`, which covers name resolution and every address tried.
pub(crate) async fn connect(destination: &Destination, limit: Duration) -> Result<Io, ClientErrorKind> {
    let deadline = Instant::now() + limit;
    let within = timeout_at(deadline, tcp(destination.host(), destination.port()));
    let tcp = within.await.map_err(|_| ClientErrorKind::ConnectTimeout)??;
    // Without it the last bytes of a message could wait for an acknowledgement; failing to set it breaks nothing.
    let _ = tcp.set_nodelay(true);
    Ok(Io::Plain(tcp))
}

/// Tries the addresses of a host one after another.
async fn tcp(host: &str, port: u16) -> Result<TcpStream, ClientErrorKind> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return TcpStream::connect((address, port)).await.map_err(failed);
    }
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(ClientErrorKind::UnknownHost)?;
    let mut last = None;
    for address in prefer_v4(addresses) {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = Some(failed(error)),
        }
    }
    Err(last.unwrap_or_else(|| ClientErrorKind::UnknownHost(io::ErrorKind::NotFound.into())))
}

/// IPv4 first, as Java does by default: back ends in the field are often reachable over IPv4 only.
fn prefer_v4(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = addresses.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses
}

fn failed(error: io::Error) -> ClientErrorKind {
    match error.kind() {
        // The kernel gave up before we did.
        io::ErrorKind::TimedOut => ClientErrorKind::ConnectTimeout,
        _ => ClientErrorKind::ConnectFailed(error),
    }
}
