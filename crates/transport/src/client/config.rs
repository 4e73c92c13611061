//! A client's settings.

use std::time::Duration;

use super::proxy::ProxyRules;
use crate::access_log::AccessLog;
use crate::tls::ClientTls;

/// What a client is made from.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// How long a back end may be silent, or not take what is sent to it (`http.socket.timeout`; 180 s).
    pub socket_timeout: Duration,
    /// How long connecting may take, name resolution included (`http.connection.timeout`; 90 s).
    pub connect_timeout: Duration,
    /// How long an unused connection is kept (`transport.sender.connection.idle.time`; 170 s). A back end's
    /// `Keep-Alive: timeout=n` shortens it.
    pub idle_timeout: Duration,
    /// Age at which a connection is not used again (`transport.sender.connection.maximum.lifespan`; none).
    pub lifespan: Option<Duration>,
    /// Connections that one [`Destination`](super::Destination) may have open (`http.max.connection.per.host.port`; 32767).
    pub max_connections: usize,
    /// Idle connections kept for one destination by one worker (512).
    pub max_idle: usize,
    /// Size of a response's body in bytes (`valid.max.message.size.in.bytes`; no limit).
    pub max_body: Option<u64>,
    /// Largest request body in bytes that is held in memory because its length must be told (64 MiB).
    pub max_buffered: u64,
    /// False closes every connection after one response.
    pub keep_alive: bool,
    /// TLS towards `https` destinations that have no settings of their own (TLS 1.2 and 1.3, trusting whom the system
    /// trusts).
    pub tls: Option<ClientTls>,
    /// Which destinations are reached through a proxy (none).
    pub proxies: ProxyRules,
    /// Where requests to back ends and their responses are logged, if anywhere.
    pub access_log: Option<AccessLog>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            socket_timeout: Duration::from_secs(180),
            connect_timeout: Duration::from_secs(90),
            idle_timeout: Duration::from_secs(170),
            lifespan: None,
            max_connections: 32_767,
            max_idle: 512,
            max_body: None,
            max_buffered: 64 * 1024 * 1024,
            keep_alive: true,
            tls: None,
            proxies: ProxyRules::default(),
            access_log: None,
        }
    }
}
