//! What a listener needs to speak TLS.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::verify::PinnedClients;
use super::{TlsError, alpn, protocols, provider};
use crate::message::TlsInfo;
use mi_keystore::Identity;

/// Whether clients must show a certificate (`SSLVerifyClient`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyClient {
    /// None is asked for.
    #[default]
    None,
    /// One is asked for, and verified if shown.
    Optional,
    /// Nobody gets in without one.
    Require,
}

/// What a listener's TLS is made from.
#[derive(Debug)]
pub struct ServerTlsConfig {
    /// The key and certificates to show.
    pub identity: Identity,
    /// Whether clients are verified.
    pub verify_client: VerifyClient,
    /// Whose signatures make a client's certificate valid.
    pub trusted: Vec<CertificateDer<'static>>,
    /// `HttpsProtocols`, for example `TLSv1.2`; empty for TLS 1.2 and 1.3. Older ones are passed over.
    pub protocols: Vec<String>,
    /// `PreferredCiphers`; empty for all of rustls.
    pub ciphers: Vec<String>,
    /// Offer HTTP/2 (false: MI's main listeners speak HTTP/1.1 only).
    pub http2: bool,
}

impl ServerTlsConfig {
    /// Shows `identity`, verifies nobody.
    pub fn new(identity: Identity) -> Self {
        let (protocols, ciphers, trusted) = (Vec::new(), Vec::new(), Vec::new());
        Self { identity, verify_client: VerifyClient::None, trusted, protocols, ciphers, http2: false }
    }
}

/// A listener's TLS, ready to use.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

impl ServerTls {
    /// Checks and combines the settings.
    ///
    /// # Errors
    /// When the key does not fit the certificate, no protocol or cipher is left, or clients are to be verified and
    /// nobody is trusted.
    pub fn new(config: ServerTlsConfig) -> Result<Self, TlsError> {
        let provider = provider(&config.ciphers)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&protocols(&config.protocols)?)?;
        let builder = match config.verify_client {
            VerifyClient::None => builder.with_no_client_auth(),
            wish => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(config.trusted.iter().cloned());
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if wish == VerifyClient::Optional { verifier.allow_unauthenticated() } else { verifier };
                let verifier = verifier.build().map_err(|_| TlsError::NoTrustAnchors)?;
                builder.with_client_cert_verifier(Arc::new(PinnedClients::new(verifier, config.trusted)))
            }
        };
        let mut tls = builder.with_single_cert(config.identity.chain, config.identity.key)?;
        tls.alpn_protocols = alpn(config.http2);
        Ok(Self(Arc::new(tls)))
    }

    /// The server's side of a handshake.
    pub(crate) async fn accept(&self, tcp: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, TlsInfo)> {
        let stream = TlsAcceptor::from(Arc::clone(&self.0)).accept(tcp).await?;
        let (_, connection) = stream.get_ref();
        let certificates = connection.peer_certificates().unwrap_or_default();
        let info = TlsInfo {
            peer_certificates: certificates.iter().map(|one| bytes::Bytes::copy_from_slice(one)).collect(),
            server_name: connection.server_name().map(str::to_owned),
            protocol: connection.protocol_version().and_then(|version| match version {
                rustls::ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
                rustls::ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
                _ => None,
            }),
        };
        Ok((stream, info))
    }
}
