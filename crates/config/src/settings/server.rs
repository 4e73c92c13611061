//! `[server]`, key stores and ports.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::read::Reader;

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// The host name in WSDL endpoints and metadata.
    pub hostname: String,
    /// Added to every port base; default 10, `-DportOffset` wins.
    pub offset: i32,
    /// Whether changed artifacts are deployed while the server runs.
    pub hot_deployment: bool,
    /// Roles by which artifacts of a CAR are selected.
    pub roles: Vec<String>,
    /// The first path segment of proxy and data services, `services`, without slashes.
    pub service_path: String,
    /// The folder or file of the loose artifacts, relative to the home.
    pub synapse_config: PathBuf,
    /// Whether a stop lets requests in flight finish.
    pub graceful_shutdown: bool,
    /// How long it waits for them.
    pub graceful_shutdown_timeout: Duration,
    /// The `User-Agent` of outgoing requests.
    pub user_agent: String,
    /// The `Server` header of responses.
    pub server_details: String,
}

/// A key or trust store.
#[derive(Debug, Clone)]
pub struct Store {
    /// The file, as written: see [`Store::locate`].
    pub location: PathBuf,
    /// `JKS`, `PKCS12`, `BCFKS` or `PEM`, in capitals.
    pub kind: String,
    /// The store's password.
    pub password: String,
    /// The entry to use; empty when the setting has no such key.
    pub alias: String,
    /// The private key's password; empty for trust stores.
    pub key_password: String,
}

impl Store {
    /// The store's file: relative names are looked for under the home, then under `repository/resources/security`
    /// (MI's documentation shows bare names), and are the former when neither exists.
    pub fn locate(&self, home: &Path) -> PathBuf {
        let text = self.location.to_string_lossy();
        let text = text.strip_prefix("${carbon.home}/").unwrap_or(&text);
        let under_home = home.join(text);
        let fallback = home.join("repository/resources/security").join(text);
        if !under_home.exists() && fallback.exists() { fallback } else { under_home }
    }
}

/// All ports with the offset added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// HTTP services and APIs; 8290 by default.
    pub http: u16,
    /// HTTPS services and APIs; 8253 by default.
    pub https: u16,
    /// Probes and metrics; 9201 by default.
    pub internal_http: u16,
    /// Management API; 9164 by default.
    pub internal_https: u16,
}

pub(super) fn server(reader: &Reader<'_>) -> Server {
    Server {
        hostname: reader.text("server.hostname"),
        offset: reader.number("server.offset"),
        hot_deployment: reader.flag("server.hot_deployment"),
        roles: reader.list("server.roles"),
        service_path: reader.text("server.service_path").trim_matches('/').to_owned(),
        synapse_config: reader.text("server.synapse_config_file_path").into(),
        graceful_shutdown: reader.flag("server.graceful_shutdown_enabled"),
        graceful_shutdown_timeout: reader.millis("server.graceful_shutdown_timeout"),
        user_agent: reader.text("server.userAgent"),
        server_details: reader.text("server.serverDetails"),
    }
}

/// Adds the offset to every base; a sum that is no port is a problem of the base's key.
pub(super) fn ports(reader: &Reader<'_>, offset: i32, mut problem: impl FnMut(&str, String)) -> Ports {
    let mut port = |key: &str| {
        let base: u16 = reader.number(key);
        u16::try_from(i32::from(base) + offset).unwrap_or_else(|_| {
            problem(
                key,
                format!("{key} {base} and the offset {offset} make {}, which is no port", i32::from(base) + offset),
            );
            0
        })
    };
    Ports {
        http: port("transport.http.listener.port"),
        https: port("transport.http.listener.secured_port"),
        internal_http: port("mediation.internal_http_api_port"),
        internal_https: port("mediation.internal_https_api_port"),
    }
}

/// A key store of the table `prefix` with `file_name`.
pub(super) fn keystore(reader: &Reader<'_>, prefix: &str) -> Store {
    store(reader, prefix, "file_name")
}

pub(super) fn truststore(reader: &Reader<'_>) -> Store {
    store(reader, "truststore", "file_name")
}

/// A store whose file is named by `location`, as the HTTP transport's are.
pub(super) fn located_store(reader: &Reader<'_>, prefix: &str) -> Store {
    store(reader, prefix, "location")
}

fn store(reader: &Reader<'_>, prefix: &str, location: &str) -> Store {
    let key = |name: &str| format!("{prefix}.{name}");
    Store {
        location: reader.text(&key(location)).into(),
        kind: reader.text(&key("type")).to_ascii_uppercase(),
        password: reader.text(&key("password")),
        alias: reader.text(&key("alias")),
        key_password: reader.text(&key("key_password")),
    }
}
