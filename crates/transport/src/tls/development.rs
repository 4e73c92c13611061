//! A certificate for those who have none yet.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use super::TlsError;
use mi_keystore::Identity;

/// Makes a key and a certificate signed with it, for `localhost`, the loopback addresses and `host_names`. Nobody has
/// reason to trust it: say so in the log when it is used.
///
/// # Errors
/// When a host name cannot be put into a certificate, or the system has no randomness to give.
pub fn development_identity(host_names: &[String]) -> Result<Identity, TlsError> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    names.extend(host_names.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    let failed = |error: rcgen::Error| TlsError::Development(error.to_string());
    let key = KeyPair::generate().map_err(failed)?;
    let certificate =
        CertificateParams::new(names).and_then(|parameters| parameters.self_signed(&key)).map_err(failed)?;
    Ok(Identity { chain: vec![certificate.der().clone()], key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) })
}
