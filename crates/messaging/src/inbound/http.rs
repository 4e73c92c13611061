//! `http` and `https` endpoints: their settings, and who opens their ports (spec: tasks 4.8).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mi_mediation::engine::HttpInbound;
use mi_mediation::{Definitions, DeployError, Element};
use mi_payload::java::JavaRegex;

use super::parameters::Parameters;

/// What an `http` or `https` endpoint says of its port.
#[derive(Debug)]
pub struct HttpSettings {
    /// `inbound.http.port`, without any offset.
    pub port: u16,
    /// `dispatch.filter.pattern`: the target of a request must match it as a whole to go to APIs and services.
    pub pattern: Option<JavaRegex>,
    /// It is an `https` endpoint.
    pub tls: Option<Tls>,
}

/// What an `https` endpoint says of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// `keystore`; the server's own without one.
    pub keystore: Option<Store>,
    /// `truststore`: whose certificates clients may show.
    pub truststore: Option<Store>,
    /// `SSLVerifyClient`.
    pub verify_client: VerifyClient,
    /// `HttpsProtocols`; the server's own when empty.
    pub protocols: Vec<String>,
    /// `PreferredCiphers`; all when empty.
    pub ciphers: Vec<String>,
}

/// Whether clients show a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerifyClient {
    /// They need none.
    #[default]
    None,
    /// `optional`
    Optional,
    /// `require`
    Require,
}

/// A key store or trust store.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// `Location`, below the home or absolute.
    pub location: String,
    /// `Type`; `JKS` when it is not given.
    pub kind: String,
    /// `Password`
    pub password: String,
    /// `KeyPassword`; the password when it is not given.
    pub key_password: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("location", &self.location).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl HttpSettings {
    pub(super) fn read(
        parameters: &Parameters<'_>,
        secure: bool,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        const PORT: &str = "inbound.http.port";
        let port = parameters.text(PORT).unwrap_or("null");
        let port = port.trim().parse().ok().filter(|port| *port != 0).ok_or_else(|| {
            let message = format!("Please provide port number as integer  instead of  port  {port}");
            parameters.error(PORT, message).hint(format!("the parameter {PORT} is a number from 1 to 65535"))
        })?;
        const PATTERN: &str = "dispatch.filter.pattern";
        let compile = |text: &str| {
            // With Java's flags COMMENTS and DOTALL.
            JavaRegex::new(&format!("(?xs){text}"))
                .map_err(|error| parameters.error(PATTERN, format!("The parameter {PATTERN}: {}", error.message)))
        };
        let pattern = parameters.text(PATTERN).map(compile).transpose()?;
        let tls = secure.then(|| Tls::read(parameters, definitions));
        Ok(Self { port, pattern, tls })
    }

    /// What becomes of its requests.
    pub(super) fn dispatch(&self, artifact: &super::InboundArtifact) -> Arc<HttpInbound> {
        let sequence = artifact.sequence.as_ref().map(|name| name.as_str());
        let on_error = artifact.on_error.as_ref().map(|name| name.as_str());
        let mut dispatch = HttpInbound::new(&artifact.name, sequence, on_error);
        dispatch.pattern.clone_from(&self.pattern);
        Arc::new(dispatch)
    }
}

impl Tls {
    fn read(parameters: &Parameters<'_>, definitions: &Definitions<'_>) -> Self {
        let list = |name: &str| -> Vec<String> {
            let words = parameters.text(name).unwrap_or_default().split([',', ' ', '\n']).map(str::trim);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let verify_client = match parameters.text("SSLVerifyClient").map(str::trim) {
            Some("require") => VerifyClient::Require,
            Some("optional") => VerifyClient::Optional,
            _ => VerifyClient::None,
        };
        if let Some(element) = parameters.element("CertificateRevocationVerifier") {
            definitions.warn(element, "Certificates are not checked for revocation here");
        }
        Self {
            keystore: store(parameters.element("keystore")),
            truststore: store(parameters.element("truststore")),
            verify_client,
            protocols: list("HttpsProtocols"),
            ciphers: list("PreferredCiphers"),
        }
    }
}

/// `<KeyStore>` or `<TrustStore>` in a parameter.
fn store(parameter: Option<Element<'_>>) -> Option<Store> {
    let inside = parameter?.children().next()?;
    let text = |name: &str| inside.children().find(|child| child.local() == name).and_then(Element::trimmed_text);
    let password = text("Password").unwrap_or_default();
    Some(Store {
        location: text("Location")?,
        kind: text("Type").unwrap_or_else(|| "JKS".to_owned()),
        key_password: text("KeyPassword").unwrap_or_else(|| password.clone()),
        password,
    })
}

/// Why a port is not open.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Somebody else has it.
    #[error("Port {port} used by inbound endpoint {name} is already used by another application.")]
    Used {
        /// The port.
        port: u16,
        /// The endpoint.
        name: Arc<str>,
    },
    /// Its TLS settings cannot be used, or it cannot be bound for another reason.
    #[error("Cannot start the Inbound Endpoint {name} on port {port}: {reason}")]
    Other {
        /// The port.
        port: u16,
        /// The endpoint.
        name: Arc<str>,
        /// Why.
        reason: String,
    },
}

/// Opens the ports of endpoints.
pub trait Listeners: Send + Sync {
    /// Opens the port of an endpoint. Requests find what [`OpenPort::serve`] was last told.
    ///
    /// # Errors
    /// Why it cannot be opened.
    fn open(&self, settings: &HttpSettings, dispatch: Arc<HttpInbound>) -> Result<Box<dyn OpenPort>, PortError>;
}

/// A port that is open.
pub trait OpenPort: Send + Sync {
    /// Has the requests from now on go another way.
    fn serve(&self, dispatch: Arc<HttpInbound>);

    /// Closes it: when the future ends the port is free. Requests that are under way end in the background.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
