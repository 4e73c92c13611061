//! What a listener allows its clients.

use std::time::Duration;

/// Bounds on a listener's connections and requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a client may be silent, or not take what is sent to it, before its connection is closed
    /// (`http.socket.timeout`; 180 s).
    pub socket_timeout: Duration,
    /// How long a head may take from its first byte to its last, however busily it trickles in (180 s).
    pub head_timeout: Duration,
    /// Size of a request's head in bytes (64 KiB); more is answered with 431.
    pub max_head: usize,
    /// Size of a request's body in bytes (`valid.max.message.size.in.bytes`; no limit); more is answered with 413.
    pub max_body: Option<u64>,
    /// Open connections of the listener over all workers (`max_open_connections`; no limit). Further ones are closed.
    pub max_connections: Option<usize>,
    /// Largest body in bytes that is held in memory because its length must be told (64 MiB).
    pub max_buffered: u64,
    /// How long the rest of a refused request is still read, so that the client can read why (2 s).
    pub linger: Duration,
    /// False closes every connection after one response (`http.connection.disable.keepalive`).
    pub keep_alive: bool,
    /// `Server` of responses that have none.
    pub server_name: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            socket_timeout: Duration::from_secs(180),
            head_timeout: Duration::from_secs(180),
            max_head: 64 * 1024,
            max_body: None,
            max_connections: None,
            max_buffered: 64 * 1024 * 1024,
            linger: Duration::from_secs(2),
            keep_alive: true,
            server_name: "WSO2-PassThrough-HTTP".to_owned(),
        }
    }
}
