//! What a client needs to speak TLS to back ends.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::verify::{Anyone, BackEnds};
use super::{ALPN_HTTP2, TlsError, alpn, protocols, provider};
use mi_keystore::Identity;

/// Which names a back end's certificate may have (`HostnameVerifier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostnameVerifier {
    /// The host's, wildcards included. MI's `Default` and `Strict` differ in corners of wildcards that no public
    /// certificate has; both mean this.
    #[default]
    Default,
    /// As `Default`, but for `localhost` and the loopback addresses any name will do.
    DefaultAndLocalhost,
    /// Any.
    AllowAll,
}

impl std::str::FromStr for HostnameVerifier {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "Default" | "Strict" | "" => Ok(Self::Default),
            "DefaultAndLocalhost" => Ok(Self::DefaultAndLocalhost),
            "AllowAll" => Ok(Self::AllowAll),
            other => Err(format!(
                "unknown hostname verifier \"{other}\" (Default, DefaultAndLocalhost, Strict and AllowAll are known)"
            )),
        }
    }
}

/// Whom a client trusts.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Those whom the operating system trusts.
    #[default]
    System,
    /// Those who are signed by one of these certificates, or show one of them.
    Certificates(Vec<CertificateDer<'static>>),
    /// Everyone (`novalidatecert`): encryption without knowing to whom.
    Anyone,
}

/// What a client's TLS is made from.
#[derive(Debug, Default)]
pub struct ClientTlsConfig {
    /// Whom it trusts.
    pub trust: Trust,
    /// What it shows to back ends that ask (mutual TLS).
    pub identity: Option<Identity>,
    /// Which names it accepts.
    pub hostname_verifier: HostnameVerifier,
    /// As [`super::ServerTlsConfig::protocols`].
    pub protocols: Vec<String>,
    /// As [`super::ServerTlsConfig::ciphers`].
    pub ciphers: Vec<String>,
    /// Speak HTTP/2 with back ends that offer it (false).
    pub http2: bool,
}

/// A client's TLS, ready to use.
#[derive(Clone)]
pub struct ClientTls(Arc<ClientConfig>);

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTls")
    }
}

impl PartialEq for ClientTls {
    /// The same settings object, not equal settings: connections are shared only within one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl ClientTls {
    /// Checks and combines the settings.
    ///
    /// # Errors
    /// When the key does not fit its certificate, no protocol or cipher is left, or nobody is trusted.
    pub fn new(config: ClientTlsConfig) -> Result<Self, TlsError> {
        let provider = provider(&config.ciphers)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&protocols(&config.protocols)?)?;
        let trusted = match config.trust {
            Trust::Anyone => None,
            Trust::Certificates(certificates) => Some(certificates),
            // A certificate that the system lists and we cannot read is one that we do not trust.
            Trust::System => Some(rustls_native_certs::load_native_certs().certs),
        };
        let builder = match trusted {
            None => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone::new(provider))),
            Some(trusted) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(trusted.iter().cloned());
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
                let verifier = verifier.map_err(|_| TlsError::NoTrustAnchors)?;
                let verifier = BackEnds::new(verifier, trusted, config.hostname_verifier);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut tls = match config.identity {
            Some(identity) => builder.with_client_auth_cert(identity.chain, identity.key)?,
            None => builder.with_no_client_auth(),
        };
        tls.alpn_protocols = alpn(config.http2);
        Ok(Self(Arc::new(tls)))
    }

    /// Whether HTTP/2 is offered to back ends.
    pub(crate) fn offers_http2(&self) -> bool {
        self.0.alpn_protocols.iter().any(|protocol| protocol == ALPN_HTTP2)
    }

    /// The client's side of a handshake with `host`.
    pub(crate) async fn connect(&self, host: &str, tcp: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, tcp).await
    }
}
