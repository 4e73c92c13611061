//! `[transport.http]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::read::Reader;
use super::server::{Store, located_store};

/// `[transport.http]`.
#[derive(Debug, Clone)]
pub struct Http {
    /// The listeners; their ports are in [`super::Ports`].
    pub listener: HttpListener,
    /// Calls to backends.
    pub sender: HttpSender,
    /// How long a connection may be silent, in both directions.
    pub socket_timeout: Duration,
    /// How long connecting to a backend may take; the socket timeout when not set.
    pub connection_timeout: Duration,
    /// The size in bytes of read and write buffers.
    pub io_buffer_size: usize,
    /// The most connections to one backend.
    pub max_connections_per_host_port: usize,
    /// The most client connections; `None` for no limit.
    pub max_open_connections: Option<usize>,
    /// Whether the client's `User-Agent` is sent on.
    pub preserve_user_agent: bool,
    /// Whether the backend's `Server` header is kept.
    pub preserve_server_name: bool,
    /// Headers that are kept when forwarding.
    pub preserve_headers: Vec<String>,
    /// Whether backends are called without keep-alive.
    pub disable_keepalive: bool,
    /// The largest message in bytes; `None` when sizes are not checked.
    pub max_message_size: Option<u64>,
    /// Whether XML is parsed even when only passed through.
    pub force_xml_validation: bool,
    /// Whether JSON is parsed even when only passed through.
    pub force_json_validation: bool,
    /// Whether unmatched paths go to the main sequence.
    pub reverse_proxy_mode: bool,
    /// Whether the list of services is hidden.
    pub block_service_list: bool,
}

/// `[transport.http.listener]`.
#[derive(Debug, Clone)]
pub struct HttpListener {
    /// Whether HTTP is served.
    pub enabled: bool,
    /// Whether HTTPS is served.
    pub secured_enabled: bool,
    /// The address that HTTP listens on; all when `None`.
    pub bind_address: Option<String>,
    /// The address that HTTPS listens on; all when `None`.
    pub secured_bind_address: Option<String>,
    /// TLS versions as written, `TLSv1.2` and so on.
    pub secured_protocols: Vec<String>,
    /// Whether clients must show a certificate.
    pub verify_client: VerifyClient,
    /// Cipher suites, best first; empty for the library's own choice.
    pub preferred_ciphers: Vec<String>,
    /// The server's key.
    pub keystore: Store,
    /// What client certificates are checked with.
    pub truststore: Store,
    /// `parameter.X`: raw parameters.
    pub parameters: BTreeMap<String, String>,
}

/// Whether clients must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyClient {
    /// They are not asked.
    None,
    /// They are asked and may decline.
    Optional,
    /// They must.
    Require,
}

/// `[transport.http.sender]`.
#[derive(Debug, Clone)]
pub struct HttpSender {
    /// The forward proxy of HTTP backends.
    pub proxy: Option<Proxy>,
    /// The forward proxy of HTTPS backends.
    pub secured_proxy: Option<Proxy>,
    /// How a backend's certificate is compared with its host name: `Default`, `DefaultAndLocalhost`, `Strict`,
    /// `AllowAll`.
    pub hostname_verifier: String,
    /// TLS versions as written.
    pub secured_protocols: Vec<String>,
    /// The key shown to backends.
    pub keystore: Store,
    /// What backends are checked with.
    pub truststore: Store,
    /// `parameter.X`: raw parameters.
    pub parameters: BTreeMap<String, String>,
}

/// A forward proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port; 80 when not set.
    pub port: u16,
    /// The user name there.
    pub username: Option<String>,
    /// The password there.
    pub password: Option<String>,
    /// Backends that are called without it.
    pub bypass: Vec<String>,
}

pub(super) fn http(reader: &Reader<'_>) -> Http {
    let key = |name: &str| format!("transport.http.{name}");
    let checked = reader.flag(&key("enable_message_size_validation"));
    Http {
        listener: listener(reader),
        sender: sender(reader),
        socket_timeout: reader.millis(&key("socket_timeout")),
        connection_timeout: reader.millis(&key("connection_timeout")),
        io_buffer_size: reader.number(&key("io_buffer_size")),
        max_connections_per_host_port: reader.number(&key("max_http_connection_per_host_port")),
        max_open_connections: reader.maybe_number(&key("max_open_connections")),
        preserve_user_agent: reader.flag(&key("preserve_http_user_agent")),
        preserve_server_name: reader.flag(&key("preserve_http_server_name")),
        preserve_headers: reader.list(&key("preserve_http_headers")),
        disable_keepalive: reader.flag(&key("disable_connection_keepalive")),
        max_message_size: checked.then(|| reader.number(&key("max_message_size_bytes"))),
        force_xml_validation: reader.flag(&key("force_xml_validation")),
        force_json_validation: reader.flag(&key("force_json_validation")),
        reverse_proxy_mode: reader.flag(&key("reverse_proxy_mode")),
        block_service_list: reader.flag(&key("block_service_list")),
    }
}

fn listener(reader: &Reader<'_>) -> HttpListener {
    let key = |name: &str| format!("transport.http.listener.{name}");
    HttpListener {
        enabled: reader.flag(&key("enable")),
        secured_enabled: reader.flag(&key("secured_enable")),
        bind_address: reader.maybe_text(&key("bind_address")),
        secured_bind_address: reader.maybe_text(&key("secured_bind_address")),
        secured_protocols: reader.list(&key("secured_protocols")),
        verify_client: match reader.text(&key("verify_client")).to_ascii_lowercase().as_str() {
            "require" => VerifyClient::Require,
            "optional" => VerifyClient::Optional,
            _ => VerifyClient::None,
        },
        preferred_ciphers: reader.list(&key("preferred_ciphers")),
        keystore: located_store(reader, &key("keystore")),
        truststore: located_store(reader, &key("truststore")),
        parameters: reader.raw.below(&key("parameter")),
    }
}

fn sender(reader: &Reader<'_>) -> HttpSender {
    let key = |name: &str| format!("transport.http.sender.{name}");
    HttpSender {
        proxy: proxy(reader, ""),
        secured_proxy: proxy(reader, "secured_"),
        hostname_verifier: reader.text(&key("hostname_verifier")),
        secured_protocols: reader.list(&key("secured_protocols")),
        keystore: located_store(reader, &key("keystore")),
        truststore: located_store(reader, &key("truststore")),
        parameters: reader.raw.below(&key("parameter")),
    }
}

fn proxy(reader: &Reader<'_>, prefix: &str) -> Option<Proxy> {
    let key = |name: &str| format!("transport.http.sender.{prefix}{name}");
    Some(Proxy {
        host: reader.maybe_text(&key("proxy_host"))?,
        port: reader.maybe_number(&key("proxy_port")).unwrap_or(80),
        username: reader.maybe_text(&key("proxy_username")),
        password: reader.maybe_text(&key("proxy_password")),
        bypass: reader.list(&key("non_proxy_hosts")),
    })
}
