//! TLS by rustls: what a listener shows, whom a client trusts, and the key stores that both are read from.
//!
//! Begin at [`ServerTls`] and [`ClientTls`]. Identities come from a [`KeyStore`].

mod client;
mod development;
mod server;
mod verify;

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;

pub use client::{ClientTls, ClientTlsConfig, HostnameVerifier, Trust};
pub use development::development_identity;
pub use mi_keystore::{Identity, KeyStore, KeyStoreError, StoreType};
pub use server::{ServerTls, ServerTlsConfig, VerifyClient};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A key store cannot be used.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// No certificate to trust was found where clients or servers must be verified.
    #[error("the trust store has no certificate that can be used")]
    NoTrustAnchors,
    /// None of the configured protocol names is one that is supported.
    #[error("none of the configured protocols is supported (TLSv1.2, TLSv1.3): {0}")]
    NoProtocol(String),
    /// None of the configured cipher suites is one that is supported.
    #[error("none of the configured cipher suites is supported: {0}")]
    NoCipher(String),
    /// rustls refuses the certificate, the key or their combination.
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
    /// A development certificate could not be made.
    #[error("a development certificate could not be made: {0}")]
    Development(String),
}

/// HTTP/2 in the handshake's choice of protocols (ALPN).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

fn alpn(http2: bool) -> Vec<Vec<u8>> {
    let mut protocols = vec![b"http/1.1".to_vec()];
    if http2 {
        protocols.insert(0, ALPN_HTTP2.to_vec());
    }
    protocols
}

/// The protocol versions named in a list as MI's configuration has it, for example `TLSv1.1,TLSv1.2`. What is obsolete
/// is passed over; nothing named means all that are supported.
fn protocols(names: &[String]) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let mut versions = Vec::new();
    for name in names {
        match name.trim() {
            "TLSv1.3" => versions.push(&rustls::version::TLS13),
            "TLSv1.2" => versions.push(&rustls::version::TLS12),
            _ => {}
        }
    }
    match (versions.is_empty(), names.is_empty()) {
        (true, true) => Ok(rustls::ALL_VERSIONS.to_vec()),
        (true, false) => Err(TlsError::NoProtocol(names.join(","))),
        (false, _) => Ok(versions),
    }
}

/// The cryptography, limited to the cipher suites named (in Java's spelling), if any are.
fn provider(ciphers: &[String]) -> Result<Arc<CryptoProvider>, TlsError> {
    let mut provider = rustls::crypto::ring::default_provider();
    if !ciphers.is_empty() {
        provider.cipher_suites.retain(|suite| {
            // rustls says TLS13_AES_…, everyone else TLS_AES_….
            let name = format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
            ciphers.iter().any(|cipher| cipher.trim() == name)
        });
        if provider.cipher_suites.is_empty() {
            return Err(TlsError::NoCipher(ciphers.join(",")));
        }
    }
    Ok(Arc::new(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obsolete_protocols_are_passed_over() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(protocols(&names("TLSv1,TLSv1.1,TLSv1.2")).unwrap(), [&rustls::version::TLS12]);
        assert_eq!(protocols(&[]).unwrap().len(), 2);
        assert!(matches!(protocols(&names("SSLv3")), Err(TlsError::NoProtocol(_))));
    }

    #[test]
    fn ciphers_are_named_as_in_java() {
        let named = provider(&["TLS_AES_128_GCM_SHA256".to_owned(), "TLS_X".to_owned()]).unwrap();
        assert_eq!(named.cipher_suites.len(), 1);
        assert!(matches!(provider(&["TLS_X".to_owned()]), Err(TlsError::NoCipher(_))));
    }
}
