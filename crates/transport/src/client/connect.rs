//! From a destination to a connected socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use mi_payload::Body;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsStream;

use super::destination::Destination;
use super::error::ClientErrorKind;
use super::exchange::exchange;
use super::proxy::Proxy;
use crate::h1::outgoing::{Encoding, Outgoing, put_field};
use crate::h1::wire::Wire;
use crate::io::Io;
use crate::tls::ClientTls;
use crate::wire_log::Peer;

/// Connects within `limit`, which covers everything from name resolution to the TLS handshake.
pub(crate) async fn connect(
    destination: &Destination,
    tls: Option<&ClientTls>,
    limit: Duration,
) -> Result<Io, ClientErrorKind> {
    let deadline = Instant::now() + limit;
    timeout_at(deadline, open(destination, tls, limit)).await.map_err(|_| ClientErrorKind::ConnectTimeout)?
}

async fn open(destination: &Destination, tls: Option<&ClientTls>, limit: Duration) -> Result<Io, ClientErrorKind> {
    let (host, port) = match destination.proxy() {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (destination.host(), destination.port()),
    };
    let mut tcp = tcp(host, port).await?;
    // Without it the last bytes of a message could wait for an acknowledgement; failing to set it breaks nothing.
    let _ = tcp.set_nodelay(true);
    let Some(tls) = tls else { return Ok(Io::Plain(tcp)) };
    if let Some(proxy) = destination.proxy() {
        tcp = tunnel(tcp, destination, proxy, limit).await?;
    }
    let stream = tls.connect(destination.host(), tcp).await.map_err(ClientErrorKind::Tls)?;
    Ok(Io::from(TlsStream::from(stream)))
}

/// Has a proxy open a tunnel.
async fn tunnel(
    tcp: TcpStream,
    destination: &Destination,
    proxy: &Proxy,
    limit: Duration,
) -> Result<TcpStream, ClientErrorKind> {
    let label = destination.label();
    let mut head = format!("CONNECT {label} HTTP/1.1\r\nHost: {label}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        put_field(&mut head, &PROXY_AUTHORIZATION, authorization);
    }
    head.extend_from_slice(b"\r\n");
    let mut wire = Wire::new(Io::Plain(tcp), Peer::BackEnd, limit);
    let answer = exchange(&mut wire, Outgoing::new(head, Body::Empty, Encoding::None, false)).await;
    let status = answer.map_err(|_| ClientErrorKind::ProxyRefused(None))?.head.status;
    match wire.into_io() {
        Some(Io::Plain(tcp)) if status.is_success() => Ok(tcp),
        _ => Err(ClientErrorKind::ProxyRefused(Some(status.as_u16()))),
    }
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
