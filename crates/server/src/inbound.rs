//! The ports of inbound endpoints, on the server's workers.

use std::future::Future;
use std::io;
use std::net::ToSocketAddrs as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mi_config::Settings;
use mi_mediation::Configuration;
use mi_mediation::engine::HttpInbound;
use mi_messaging::files::LockOwner;
use mi_messaging::inbound::{HttpSettings, Listeners, OpenPort, PortError};
use mi_transport::access_log::AccessLog;
use mi_transport::{Listener, ListenerConfig, Server};

use crate::correlation::CorrelationLog;
use crate::listeners::InboundMediation;
use crate::wiring;

const LISTENER_LOG: &str = "org.apache.synapse.transport.passthru.core.PassThroughListeningIOReactorManager";

/// Opens ports on the workers that serve the main listeners too.
pub struct InboundPorts {
    /// The workers.
    pub server: Arc<Server>,
    /// The settings of the server: its interfaces, limits and key stores.
    pub settings: Arc<Settings>,
    /// The home, which stores are below.
    pub home: PathBuf,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// The configuration that is live.
    pub live: Arc<ArcSwap<Configuration>>,
    /// The correlation log.
    pub correlation: Arc<CorrelationLog>,
}

struct InboundPort {
    listener: Listener,
    dispatch: Arc<ArcSwap<HttpInbound>>,
    patience: Duration,
}

impl Listeners for InboundPorts {
    fn open(&self, settings: &HttpSettings, dispatch: Arc<HttpInbound>) -> Result<Box<dyn OpenPort>, PortError> {
        let name = dispatch.name.clone();
        let offset = if self.settings.mediation.inbound_port_offset { self.settings.server.offset } else { 0 };
        let port = i32::from(settings.port).checked_add(offset).and_then(|port| u16::try_from(port).ok());
        let failed = |reason: String| PortError::Other { port: settings.port, name: name.clone(), reason };
        let port = port.ok_or_else(|| failed(format!("with the offset {offset} it is no port any more")))?;
        let tls = settings.tls.as_ref().map(|tls| wiring::inbound_tls(tls, &self.settings, &self.home));
        let tls = tls.transpose().map_err(failed)?;
        let address =
            wiring::bind_address(self.settings.http.listener.bind_address.as_deref(), port).map_err(failed)?;
        let config = ListenerConfig {
            tls,
            limits: wiring::limits(&self.settings),
            access_log: self.access_log.clone(),
            ..ListenerConfig::new(&name, address)
        };
        let dispatch = Arc::new(ArcSwap::new(dispatch));
        let mediation = InboundMediation {
            dispatch: dispatch.clone(),
            configuration: self.live.clone(),
            correlation: self.correlation.clone(),
        };
        let listener = self.server.listen(config, Arc::new(mediation)).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => PortError::Used { port, name: name.clone() },
            _ => failed(error.to_string()),
        })?;
        tracing::info!(target: LISTENER_LOG, "Pass-through {name} Listener started on {}", listener.local_addr());
        let patience = self.settings.server.graceful_shutdown_timeout;
        Ok(Box::new(InboundPort { listener, dispatch, patience }))
    }
}

impl OpenPort for InboundPort {
    fn serve(&self, dispatch: Arc<HttpInbound>) {
        self.dispatch.store(dispatch);
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.listener.stop_accepting().await;
            let (listener, patience) = (self.listener.clone(), self.patience);
            tokio::spawn(async move { listener.close(patience).await });
        })
    }
}

/// This machine, as lock files name it.
pub fn lock_owner(settings: &Settings) -> LockOwner {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = Some(kernel.trim()).filter(|name| !name.is_empty()).unwrap_or(&settings.server.hostname).to_owned();
    // An address with colons would tear the line of a lock apart.
    let addresses = (host.as_str(), 0).to_socket_addrs().into_iter().flatten();
    let ip = addresses.map(|address| address.ip()).find(std::net::IpAddr::is_ipv4);
    LockOwner { host, ip: ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_string()) }
}
